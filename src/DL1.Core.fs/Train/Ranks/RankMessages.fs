namespace DL1

open System
open System.Collections.Generic
open System.IO
open System.Text

/// What ranks tell one another beside gradients: tensors, numbers, and digests of what they train.
[<RequireQualifiedAccess>]
module internal RankMessages =
    let private types = [| DType.F32; DType.F64; DType.I32; DType.I64; DType.Bool |]

    /// Named tensors as bytes.
    let pack (trees: Tree<Tensor> list) : byte[] =
        use stream = new MemoryStream()
        use writer = new BinaryWriter(stream)
        writer.Write trees.Length

        for tree in trees do
            writer.Write tree.Count

            for path, t in Tree.toList tree do
                writer.Write path
                writer.Write(Array.IndexOf(types, t.DType))
                writer.Write t.Rank
                Seq.iter (fun (d: int) -> writer.Write d) t.Shape.Dims
                writer.Write(Raw.bytes t.Elements)

        writer.Flush()
        stream.ToArray()

    /// What `pack` made of named tensors.
    let unpack (bytes: byte[]) : Tree<Tensor> list =
        use stream = new MemoryStream(bytes)
        use reader = new BinaryReader(stream)

        [
            for _ in 1 .. reader.ReadInt32() ->
                Tree.ofList
                    [
                        for _ in 1 .. reader.ReadInt32() ->
                            let path = reader.ReadString()
                            let dtype = types[reader.ReadInt32()]

                            let shape =
                                Shape.ofList [ for _ in 1 .. reader.ReadInt32() -> reader.ReadInt32() ]

                            let raw = Raw.ofDType dtype
                            path, Tensor(shape, Raw.read "Ranks" raw false shape.Size stream)
                    ]
        ]

    /// What each of so many tasks gives, in order: the ranks share them out, and gather the results.
    let shareOut (ranks: Ranks) (count: int) (compute: int -> Tree<Tensor>) : Tree<Tensor> list =
        if ranks.Size = 1 then
            List.init count compute
        else
            let all =
                ranks.Gather(pack [ for i in ranks.Rank .. ranks.Size .. count - 1 -> compute i ])
                |> Array.map (unpack >> Array.ofList)

            [ for i in 0 .. count - 1 -> all[i % ranks.Size][i / ranks.Size] ]

    /// A number of rank 0.
    let ofFirst (ranks: Ranks) (value: float) : float =
        if ranks.Size = 1 then
            value
        else
            BitConverter.ToDouble(ranks.Broadcast(BitConverter.GetBytes value), 0)

    /// Whether any rank says so.
    let any (ranks: Ranks) (value: bool) : bool =
        if ranks.Size = 1 then
            value
        else
            let sum = [| (if value then 1.0 else 0.0) |]
            ranks.Sum(Span<float> sum)
            sum[0] > 0.0

    /// A digest of named tensors: their names, types, shapes and bytes.
    let ofTensors (tree: Tree<Tensor>) : Digest =
        let mixer = Digest.Mixer()

        for path, t in Tree.toList tree do
            mixer.Add path
            mixer.Add t

        mixer.Finish()

    /// A digest of a text.
    let ofText (text: string) : Digest =
        let mixer = Digest.Mixer()
        mixer.Add text
        mixer.Finish()

    /// Refuses, on all ranks, a training of which ranks have something else than most: what is compared has names.
    let agree (ranks: Ranks) (parts: (string * Digest) list) : unit =
        if ranks.Size > 1 then
            let own =
                parts
                |> List.collect (fun (_, d) -> [ BitConverter.GetBytes d.High; BitConverter.GetBytes d.Low ])
                |> Array.concat

            let all = ranks.Gather own

            let refusals =
                [
                    for i in 0 .. parts.Length - 1 do
                        let values = all |> Array.map (fun bytes -> BitConverter.ToString(bytes, 16 * i, 16))
                        let usual = values |> Array.countBy id |> Array.maxBy snd |> fst

                        let others =
                            [
                                for rank in 0 .. values.Length - 1 do
                                    if values[rank] <> usual then
                                        string rank
                            ]

                        if not others.IsEmpty then
                            let named = if others.Length = 1 then "rank" else "ranks"
                            named + " " + String.concat ", " others + " with other " + fst parts[i]
                ]

            if not refusals.IsEmpty then
                Refuse.domain
                    "Fit.run"
                    (String.concat "; " refusals)
                    "the same model, options, data and start on all ranks"
                    "let all ranks run the same program on the same files; what differs by rank is who prints and saves"
