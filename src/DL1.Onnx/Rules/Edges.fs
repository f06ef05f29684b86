namespace DL1.Onnx.Rules

open System
open DL1
open DL1.Onnx

/// What is cut off, and what is put around.
[<RequireQualifiedAccess>]
module internal EdgeRules =
    let private none = { Before = 0; After = 0; Between = 0 }

    /// Slices with any step: a negative one turns the axis around first.
    let private slice (c: OnnxCall) =
        let x = c.X 0
        let rank = x.Shape.Rank

        let starts, ends, axes, steps =
            if c.Version < 10 then
                let starts = c.TryInts "starts" |> Option.defaultValue []
                let ends = c.TryInts "ends" |> Option.defaultValue []
                starts, ends, c.TryInts "axes", None
            else
                c.Ints 1,
                c.Ints 2,
                (if c.Has 3 then Some(c.Ints 3) else None),
                (if c.Has 4 then Some(c.Ints 4) else None)

        let axes = axes |> Option.defaultValue (starts |> List.mapi (fun i _ -> int64 i))
        let steps = steps |> Option.defaultValue (starts |> List.map (fun _ -> 1L))

        if starts.Length <> ends.Length || starts.Length <> axes.Length || starts.Length <> steps.Length then
            c.Refuse(
                "starts, ends, axes and steps of different lengths",
                "one of each for an axis",
                "export the model again"
            )

        let axes = axes |> List.map (fun axis -> c.Axis(c.Small axis, rank))

        if (List.distinct axes).Length < axes.Length then
            c.Refuse("an axis that is sliced twice", "each axis once", "export the model again")

        let cuts = x.Shape.ToList() |> List.map (fun d -> { Start = 0; Stop = d; Step = 1 }) |> Array.ofList

        let mutable turned = []

        for (start, stop), (axis, step) in List.zip (List.zip starts ends) (List.zip axes steps) do
            let n = int64 x.Shape[axis]
            let place p = if p < 0L then p + n else p

            let cut (start: int64) (stop: int64) (step: int64) =
                let start = min n start
                let stop = max start (min n stop)
                cuts[axis] <- { Start = int start; Stop = int stop; Step = int (min step 2147483647L) }

            if step > 0L then
                cut (max 0L (place start)) (max 0L (place stop)) step
            elif step < 0L then
                // The last element below the start, and as far as above the end, from behind.
                let first = min (n - 1L) (place start)
                let last = max -1L (if stop < -n then -1L else place stop)
                turned <- axis :: turned
                cut (n - 1L - first) (n - 1L - last) -step
            else
                c.Refuse("the step 0", "a step other than 0", "export the model again")

        let x = if turned.IsEmpty then x else Expr.reverse (List.sort turned) x

        let isWhole (cut: Cut) (d: int) = cut.Start = 0 && cut.Stop = d && cut.Step = 1

        if Array.forall2 isWhole cuts (Array.ofSeq x.Shape) then
            x
        else
            Expr.Make(Node.Slice(List.ofArray cuts, x))

    let private pad (c: OnnxCall) =
        let x = c.X 0
        let rank = x.Shape.Rank
        let pads = if c.Version < 11 then c.TryInts "pads" |> Option.defaultValue [] else c.Ints 1

        let axes =
            if c.Has 3 then
                c.Ints 3 |> List.map (fun a -> c.Axis(c.Small a, rank))
            else
                [ 0 .. rank - 1 ]

        if pads.Length <> 2 * axes.Length then
            c.Refuse($"%d{pads.Length} paddings", $"%d{2 * axes.Length}", "export the model again")

        let edges = Array.create rank none

        axes
        |> List.iteri (fun i axis ->
            edges[axis] <- { none with Before = c.Small pads[i]; After = c.Small pads[i + axes.Length] })

        let edges = List.ofArray edges

        let before, after =
            edges |> List.map (fun e -> max 0 e.Before), edges |> List.map (fun e -> max 0 e.After)

        // What is cropped, where an edge is negative.
        let cropped () =
            let cuts =
                edges |> List.map (fun e -> { none with Before = min 0 e.Before; After = min 0 e.After })

            if cuts |> List.forall ((=) none) then x else Expr.padWith cuts 0.0 x

        match c.Text("mode", "constant") with
        | "constant" ->
            let value =
                if c.Version < 11 then c.Float("value", 0.0)
                elif c.Has 2 then c.Numbers 2 |> Tensor.toFloat
                else 0.0

            if edges |> List.forall ((=) none) then
                x
            elif x.DType = DType.Bool then
                Expr.cast DType.Bool (Expr.padWith edges value (Expr.cast DType.I32 x))
            else
                Expr.padWith edges value x
        | "reflect" -> Padding.reflect before after (cropped ())
        | "edge" -> Padding.edge before after (cropped ())
        | "wrap" -> Padding.wrap before after (cropped ())
        | other ->
            c.Refuse($"the mode '{other}'", "constant, reflect, edge or wrap", "export the model again")

    let private centerCropPad (c: OnnxCall) =
        let x = c.X 0
        let rank = x.Shape.Rank

        let axes =
            c.TrySmalls "axes"
            |> Option.map (List.map (fun a -> c.Axis(a, rank)))
            |> Option.defaultValue [ 0 .. rank - 1 ]

        let edges = Array.create rank none

        List.iter2
            (fun axis (target: int64) ->
                let target, extent = c.Small target, x.Shape[axis]
                let less = Math.Abs(target - extent)
                // What is left over of a half stands at the end, of padding and of crops.
                let sign = if target > extent then 1 else -1
                edges[axis] <- { none with Before = sign * (less / 2); After = sign * (less - less / 2) })
            axes
            (c.Ints 1)

        let edges = List.ofArray edges

        if x.DType = DType.Bool then
            Expr.cast DType.Bool (Expr.padWith edges 0.0 (Expr.cast DType.I32 x))
        else
            Expr.padWith edges 0.0 x

    let rules: OnnxRule list =
        [
            OnnxRule.one "Slice" [ 1; 10; 11; 13 ] 5 [ "starts"; "ends"; "axes" ] slice
            |> OnnxRule.numbers [ 1; 2; 3; 4 ]
            OnnxRule.one "Pad" [ 2; 11; 13; 18; 19; 21; 23; 24; 25 ] 4 [ "mode"; "pads"; "value" ] pad
            |> OnnxRule.numbers [ 1; 2; 3 ]
            OnnxRule.one "CenterCropPad" [ 18 ] 2 [ "axes" ] centerCropPad |> OnnxRule.numbers [ 1 ]
        ]
