/// Files and changes of their bytes, and what is done with each: it is read, imported, and applied to variables.
module internal DL1.Onnx.Tests.Mutations

open System
open System.IO
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build

/// Files of all kinds, small.
let seeds =
    lazy
        (let fixture name = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "fixtures", name))
         let x = value "x" OnnxType.Float [ "batch"; 4 ]

         let inner = graph [] [ node "Neg" [ "x" ] [ "n" ] [] ] [] [ output "n" ]

         let branches =
             graph
                 [ x; value "c" OnnxType.Bool [] ]
                 [
                     node
                         "If"
                         [ "c" ]
                         [ "y" ]
                         [
                             "then_branch", OnnxAttribute.Graph inner
                             "else_branch", OnnxAttribute.Graph inner
                         ]
                 ]
                 [ "w", f32 [ 4 ] [ 1.0; 2.0; 3.0; 4.0 ] ]
                 [ output "y" ]

         [|
             fixture "mlp.onnx"
             fixture "gru.onnx"
             fixture "cnn.onnx"
             bytesOf (modelWith [] 17L branches)
         |])

/// One change of a file: a piece cut, flipped bits, a forged length, a piece doubled, a run of continuation bits.
let mutate (random: Random) (bytes: byte[]) : byte[] =
    let at () = random.Next bytes.Length

    match random.Next 7 with
    | 0 -> Array.truncate (at ()) bytes
    | 1 ->
        let copy = Array.copy bytes

        for _ in 0 .. random.Next 8 do
            copy[at ()] <- byte (random.Next 256)

        copy
    | 2 ->
        let copy = Array.copy bytes
        let place = at ()
        copy[place] <- copy[place] ^^^ (1uy <<< random.Next 8)
        copy
    | 3 ->
        let start = at ()
        let stop = min bytes.Length (start + random.Next 64)
        Array.concat [ bytes[.. start - 1]; bytes[stop..] ]
    | 4 ->
        let start = at ()
        let stop = min bytes.Length (start + random.Next 64)
        Array.concat [ bytes[.. stop - 1]; bytes[start..] ]
    | 5 ->
        let copy = Array.copy bytes
        let start = at ()

        for i in start .. min (bytes.Length - 1) (start + random.Next 12) do
            copy[i] <- 0xFFuy

        copy
    | _ ->
        let copy = Array.copy bytes
        // In the head, where the structure is.
        copy[random.Next(min 400 bytes.Length)] <- byte (random.Next 256)
        copy

/// Reads a file, its summary, its weights and, where it can be, its graph; a DL1 error is an answer, another exception is not.
let digest (bytes: byte[]) : unit =
    try
        let file = Onnx.ofBytes bytes
        string file |> ignore
        file.Parameters |> ignore

        if file.Unsupported.Count = 0 then
            let model = Onnx.import [] file

            let xs =
                model.Inputs
                |> Seq.map (fun v ->
                    let extent (d: OnnxDim) =
                        match d with
                        | OnnxDim.Fixed n when n > 0L && n <= 64L -> int n
                        | _ -> 2

                    let dims =
                        v.Dims
                        |> Option.map (List.truncate 6 >> List.map extent)
                        |> Option.defaultValue [ 2; 4 ]

                    match TensorData.tryStorage DType.F32 v.Type with
                    | ValueSome dtype ->
                        Expr.variable
                            (if v.Name.Trim() = "" || v.Name.StartsWith '⟨' then "x" else v.Name)
                            dtype
                            dims
                    | ValueNone -> Expr.variable "x" DType.F32 dims)
                |> List.ofSeq

            model.Apply xs |> ignore
    with :? DL1Error ->
        ()

let mutations =
    if Environment.GetEnvironmentVariable "DL1_LONG" = "1" then
        1_000_000
    else
        10_000
