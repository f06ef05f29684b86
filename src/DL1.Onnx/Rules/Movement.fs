namespace DL1.Onnx.Rules

open System
open DL1
open DL1.Onnx

/// Shapes, and elements moved as they are.
[<RequireQualifiedAccess>]
module internal MovementRules =
    let private size (dims: int list) = List.fold (fun n d -> n * int64 d) 1L dims

    let private shape (c: OnnxCall) =
        let dims = c.X(0).Shape.ToList()
        let rank = dims.Length
        let place i = min rank (max 0 (if i < 0 then i + rank else i))
        let first, last = place (c.Int("start", 0)), place (c.Int("end", rank))

        [
            OnnxTerm.ofInts (
                dims |> List.skip first |> List.truncate (max 0 (last - first)) |> List.map int64
            )
        ]

    let private reshape (c: OnnxCall) =
        let x = c.X 0
        let isZeroKept = c.Flag "allowzero"

        let dims =
            c.Ints 1
            |> List.mapi (fun i d ->
                if d = 0L && not isZeroKept then
                    if i >= x.Shape.Rank then
                        c.Refuse(
                            $"the extent 0 at place %d{i}, which copies one that is not there",
                            "at most as many axes as the operand",
                            "export the model again"
                        )

                    x.Shape[i]
                else
                    c.Small d)

        // An extent that is to be computed beside axes of extent 0 has no elements to go by.
        Expr.reshape dims x

    let private flatten (c: OnnxCall) =
        let x = c.X 0
        let axis = c.Int("axis", 1)
        let axis = if axis < 0 then axis + x.Shape.Rank else axis

        if axis < 0 || axis > x.Shape.Rank then
            c.Refuse($"the axis %d{axis}", "an axis of the operand", "export the model again")

        let dims = x.Shape.ToList()
        Expr.reshape [ int (size (List.take axis dims)); int (size (List.skip axis dims)) ] x

    let private squeeze (c: OnnxCall) =
        let x = c.X 0

        let axes = if c.Version >= 13 && c.Has 1 then Some(c.Ints 1) else c.TryInts "axes"

        match axes with
        | Some axes -> Expr.squeeze (axes |> List.map (fun a -> c.Axis(c.Small a, x.Shape.Rank))) x
        | None -> Expr.reshape (x.Shape.ToList() |> List.filter ((<>) 1)) x

    let private unsqueeze (c: OnnxCall) =
        let x = c.X 0
        let axes = if c.Version >= 13 then c.Ints 1 else c.TryInts "axes" |> Option.defaultValue []
        let rank = x.Shape.Rank + axes.Length
        let axes = axes |> List.map (fun a -> c.Axis(c.Small a, rank)) |> List.sort

        if (List.distinct axes).Length <> axes.Length then
            c.Refuse("an axis twice", "each axis once", "export the model again")

        axes
        |> List.fold (fun (dims: int list) axis -> List.insertAt axis 1 dims) (x.Shape.ToList())
        |> fun dims -> Expr.reshape dims x

    let private transpose (c: OnnxCall) =
        let x = c.X 0
        let axes = c.TrySmalls "perm" |> Option.defaultValue (List.rev [ 0 .. x.Shape.Rank - 1 ])
        Expr.transpose axes x

    let private concat (c: OnnxCall) =
        let xs = List.init c.Inputs.Length c.X

        match c.TryInt "axis" with
        | Some axis -> Expr.concat (c.Axis(c.Small axis, xs.Head.Shape.Rank)) xs
        | None -> c.Refuse("no axis", "an axis", "export the model again")

    let private split (c: OnnxCall) =
        let x = c.X 0
        let axis = c.Axis(c.Int("axis", 0), x.Shape.Rank)
        let extent = x.Shape[axis]

        let lengths =
            match (if c.Version >= 13 && c.Has 1 then Some(c.Ints 1) else c.TryInts "split") with
            | Some lengths -> lengths |> List.map c.Small
            | None ->
                let parts = c.Int("num_outputs", c.Outputs)

                if parts < 1 then
                    c.Refuse($"%d{parts} parts", "1 or more", "export the model again")

                let each = (extent + parts - 1) / parts
                List.init parts (fun i -> max 0 (min each (extent - i * each)))

        if List.sum lengths <> extent || lengths |> List.exists (fun l -> l < 0) then
            c.Refuse(
                $"parts {lengths} of an axis of %d{extent}",
                "parts that are the axis together",
                "export the model again"
            )

        List.scan (+) 0 lengths
        |> List.pairwise
        |> List.map (fun (start, stop) -> c.Like 0 (Expr.sliceAxis axis start stop x))

    let private expand (c: OnnxCall) =
        let x = c.X 0

        match Shape.tryBroadcast x.Shape (Shape.ofList (c.Ints 1 |> List.map c.Small)) with
        | Some shape -> Expr.broadcastTo (shape.ToList()) x
        | None ->
            c.Refuse(
                $"the shape {c.Ints 1}",
                "a shape that broadcasts with the operand",
                "export the model again"
            )

    let private tile (c: OnnxCall) =
        let x = c.X 0
        let repeats = c.Ints 1 |> List.map c.Small

        if repeats.Length <> x.Shape.Rank || repeats |> List.exists (fun r -> r < 0) then
            c.Refuse(
                $"the repeats {repeats}",
                $"%d{x.Shape.Rank} numbers of 0 or more",
                "export the model again"
            )

        let dims = x.Shape.ToList()
        let doubled = dims |> List.collect (fun d -> [ 1; d ])
        let wide = List.zip repeats dims |> List.collect (fun (r, d) -> [ r; d ])

        Expr.reshape doubled x |> Expr.broadcastTo wide |> Expr.reshape (List.map2 (*) repeats dims)

    let private depthToSpace (c: OnnxCall) =
        let x = c.X 0
        let b = c.Int("blocksize", 0)

        match x.Shape.ToList() with
        | [ n; channels; h; w ] when b > 0 && channels % (b * b) = 0 ->
            let parts = channels / (b * b)

            match c.Text("mode", "DCR") with
            | "CRD" -> Resize.pixelShuffle b x
            | "DCR" ->
                Expr.reshape [ n; b; b; parts; h; w ] x
                |> Expr.transpose [ 0; 3; 4; 1; 5; 2 ]
                |> Expr.reshape [ n; parts; h * b; w * b ]
            | other -> c.Refuse($"the mode '{other}'", "DCR or CRD", "export the model again")
        | _ ->
            c.Refuse(
                $"blocks of %d{b}",
                "images [batch; channels; height; width] whose channels the blocks divide",
                "export the model again"
            )

    let private spaceToDepth (c: OnnxCall) =
        let x = c.X 0
        let b = c.Int("blocksize", 0)

        match x.Shape.ToList() with
        | [ n; channels; h; w ] when b > 0 && h % b = 0 && w % b = 0 ->
            Expr.reshape [ n; channels; h / b; b; w / b; b ] x
            |> Expr.transpose [ 0; 3; 5; 1; 2; 4 ]
            |> Expr.reshape [ n; channels * b * b; h / b; w / b ]
        | _ ->
            c.Refuse(
                $"blocks of %d{b}",
                "images whose height and width the blocks divide",
                "export the model again"
            )

    let rules: OnnxRule list =
        [
            OnnxRule.make "Shape" [ 1; 13; 15; 19; 21; 23; 24; 25 ] 1 [ "start"; "end" ] shape
            OnnxRule.make "Size" [ 1; 13; 19; 21; 23; 24; 25 ] 1 [] (fun c ->
                [ OnnxTerm.ofTensor OnnxType.Int64 (Tensor.scalar (size (c.X(0).Shape.ToList()))) ])
            OnnxRule.one "Reshape" [ 5; 13; 14; 19; 21; 23; 24; 25 ] 2 [ "allowzero" ] reshape
            |> OnnxRule.numbers [ 1 ]
            OnnxRule.one "Flatten" [ 1; 9; 11; 13; 21; 23; 24; 25 ] 1 [ "axis" ] flatten
            OnnxRule.one "Squeeze" [ 1; 11; 13; 21; 23; 24; 25 ] 2 [ "axes" ] squeeze
            |> OnnxRule.numbers [ 1 ]
            OnnxRule.one "Unsqueeze" [ 1; 11; 13; 21; 23; 24; 25 ] 2 [ "axes" ] unsqueeze
            |> OnnxRule.numbers [ 1 ]
            OnnxRule.one "Transpose" [ 1; 13; 21; 23; 24; 25 ] 1 [ "perm" ] transpose
            OnnxRule.one "Concat" [ 4; 11; 13 ] -1 [ "axis" ] concat
            OnnxRule.make "Split" [ 2; 11; 13; 18 ] 2 [ "axis"; "split"; "num_outputs" ] split
            |> OnnxRule.numbers [ 1 ]
            OnnxRule.one "Expand" [ 8; 13 ] 2 [] expand |> OnnxRule.numbers [ 1 ]
            OnnxRule.one "Tile" [ 6; 13 ] 2 [] tile |> OnnxRule.numbers [ 1 ]
            OnnxRule.one "DepthToSpace" [ 1; 11; 13 ] 1 [ "blocksize"; "mode" ] depthToSpace
            OnnxRule.one "SpaceToDepth" [ 1; 13 ] 1 [ "blocksize" ] spaceToDepth
        ]
