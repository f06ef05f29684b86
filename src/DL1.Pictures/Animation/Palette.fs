namespace DL1.Pictures

open System
open System.Collections.Generic

/// At most 256 colours for a picture, by median cut (Heckbert 1982): the box of colours that spreads most is halved where half of its
/// pixels lie, and each box becomes one colour. Colours are 0xRRGGBB; transparency is not looked at.
[<Sealed>]
type internal Palette private (colors: int[]) =
    let nearest = Dictionary<int, byte>()
    static let channel shift color = (color >>> shift) &&& 255
    static let shifts = [| 16; 8; 0 |]

    /// The channel that spreads most over the colours, and by how much.
    static let widest (box: struct (int * int)[]) =
        shifts
        |> Array.map (fun shift ->
            let values = box |> Array.map (fun (struct (color, _)) -> channel shift color)
            struct (Array.max values - Array.min values, shift))
        |> Array.maxBy (fun (struct (spread, _)) -> spread)

    static let weight (box: struct (int * int)[]) =
        box |> Array.sumBy (fun (struct (_, count)) -> int64 count)

    /// The colour of most pixels where it has half of them, so that paper stays as white as it is; else the mean.
    static let colorOf (box: struct (int * int)[]) =
        let all = weight box
        let struct (first, count) = box |> Array.maxBy (fun (struct (_, count)) -> count)

        if 2L * int64 count >= all then
            first
        else
            shifts
            |> Array.sumBy (fun shift ->
                let sum =
                    box
                    |> Array.sumBy (fun (struct (color, count)) -> int64 (channel shift color) * int64 count)

                int ((sum + all / 2L) / all) <<< shift)

    static let halves (box: struct (int * int)[]) =
        let struct (_, shift) = widest box
        let sorted = box |> Array.sortBy (fun (struct (color, _)) -> struct (channel shift color, color))
        let half = weight box / 2L
        let mutable at = 0
        let mutable before = 0L

        while at < sorted.Length - 1 && (at = 0 || before < half) do
            let struct (_, count) = sorted[at]
            before <- before + int64 count
            at <- at + 1

        Array.splitAt at sorted

    /// The palette of some pixels of RGBA.
    static member Of(rgba: byte[]) : Palette =
        let counts = Dictionary<int, int>()

        for i in 0..4 .. rgba.Length - 4 do
            let color = Palette.ColorAt(rgba, i)

            counts[color] <-
                match counts.TryGetValue color with
                | true, count -> count + 1
                | false, _ -> 1

        let boxes = PriorityQueue<struct (int * int)[], struct (int64 * int)>()

        // A box of one colour is never cut. Ties go to the box that came first.
        let add (box: struct (int * int)[]) =
            let struct (spread, _) = widest box
            boxes.Enqueue(box, struct (-(int64 spread * weight box), boxes.Count))

        counts
        |> Seq.map (fun pair -> struct (pair.Key, pair.Value))
        |> Seq.sortBy (fun (struct (color, _)) -> color)
        |> Array.ofSeq
        |> add

        let mutable canCut = true

        while canCut && boxes.Count < 256 do
            if boxes.Peek().Length < 2 then
                canCut <- false
            else
                let lower, upper = halves (boxes.Dequeue())
                add lower
                add upper

        Palette [| for struct (box, _) in boxes.UnorderedItems -> colorOf box |]

    /// The colour of the pixel at an index of RGBA.
    static member ColorAt(rgba: byte[], at: int) =
        (int rgba[at] <<< 16) ||| (int rgba[at + 1] <<< 8) ||| int rgba[at + 2]

    /// The colours, at most 256.
    member _.Colors = colors

    /// The index of the colour that is nearest to another.
    member _.Nearest(color: int) : byte =
        match nearest.TryGetValue color with
        | true, index -> index
        | false, _ ->
            let distance (other: int) =
                shifts
                |> Array.sumBy (fun shift ->
                    let by = channel shift color - channel shift other
                    by * by)

            let index = byte (colors |> Array.map distance |> Array.indexed |> Array.minBy snd |> fst)
            nearest[color] <- index
            index
