namespace DL1.Compiler.Source

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering
open DL1.Compiler.Scan

/// Graphs rewritten before they are written as C#: fewer kinds of nodes, and what does not depend on inputs computed.
[<RequireQualifiedAccess>]
module internal Prepare =
    let isConstant (e: Expr) =
        match e.Node with
        | Node.Constant _ -> true
        | _ -> false

    /// The number that all elements of a constant are, as C# writes it.
    let literal (e: Expr) : string option =
        match e.Node with
        | Node.Constant t when t.Size > 0 ->
            let first = Literal.element t.Elements 0

            if Seq.forall (fun i -> Literal.element t.Elements i = first) (seq { 1 .. t.Size - 1 }) then
                Some first
            else
                None
        | _ -> None

    /// Computes what has constants alone for operands, where the result is not larger than they are together.
    let private fold (e: Expr) : Expr =
        let operands = Node.operands e.Node

        let isSmall () = e.Shape.Size <= max 64 (operands |> List.sumBy (fun o -> o.Shape.Size))

        match e.Node with
        | Node.Scan _
        | Node.Constant _
        | Node.Variable _ -> e
        | _ when operands |> List.forall isConstant && isSmall () -> Expr.constant (Eval.run [] e)
        | _ -> e

    let private edge before after between : Edge = { Before = before; After = after; Between = between }
    let private spatialOf (e: Expr) = e.Shape.ToList() |> List.skip 2

    /// Weights `[g·o; c; kernel]` of a convolution as those of its transpose, `[g·c; o; kernel]`, turned around.
    let private flipped groups (w: Expr) : Expr =
        match w.Shape.ToList() with
        | outs :: ins :: kernel ->
            let axes = List.mapi (fun i _ -> i) kernel

            w
            |> Expr.reshape (groups :: outs / groups :: ins :: kernel)
            |> Expr.transpose ([ 0; 2; 1 ] @ (axes |> List.map (fun i -> i + 3)))
            |> Expr.reshape (groups * ins :: outs / groups :: kernel)
            |> Expr.reverse (axes |> List.map (fun i -> i + 2))
        | _ -> w

    /// A transposed convolution as one of stride 1 over y, with zeros put between its elements and around them.
    let private ofInputGrad (spatial: int list) (spec: ConvSpec) (y: Expr) (w: Expr) : Expr =
        let kernel = spatialOf w

        let edges =
            List.zip3 spec.Sweeps kernel (List.zip spatial (spatialOf y))
            |> List.map (fun (s, k, (extent, places)) ->
                let reach = (k - 1) * s.Dilation
                let before = reach - s.PadBefore
                let inner = if places = 0 then 0 else (places - 1) * s.Stride + 1
                edge before (extent + reach - before - inner) (s.Stride - 1))

        let none = edge 0 0 0

        let sweeps =
            spec.Sweeps
            |> List.map (fun s -> { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = s.Dilation })

        Expr.Make(
            Node.Conv(
                ConvRole.Forward,
                { spec with Sweeps = sweeps },
                Expr.padWith ([ none; none ] @ edges) 0.0 y,
                flipped spec.Groups w
            )
        )

    let private swapped (e: Expr) = Expr.transpose ([ 1; 0 ] @ [ 2 .. e.Shape.Rank - 1 ]) e

    let private channels first count (e: Expr) = Expr.sliceAxis 1 first (first + count) e

    /// The gradient of weights as a convolution in which samples are channels: its stride is the dilation, and the other way.
    let private ofWeightGrad (kernel: int list) (spec: ConvSpec) (x: Expr) (y: Expr) : Expr =
        let ins, outs = x.Shape[1] / spec.Groups, y.Shape[1] / spec.Groups

        let edges =
            List.zip3 spec.Sweeps kernel (List.zip (spatialOf x) (spatialOf y))
            |> List.map (fun (s, k, (extent, places)) ->
                let needed = (k - 1) * s.Dilation + (places - 1) * s.Stride + 1
                edge s.PadBefore (needed - extent - s.PadBefore) 0)

        let sweeps =
            spec.Sweeps
            |> List.map (fun s -> { Stride = s.Dilation; PadBefore = 0; PadAfter = 0; Dilation = s.Stride })

        let padded = Expr.padWith ([ edge 0 0 0; edge 0 0 0 ] @ edges) 0.0 x

        List.init spec.Groups (fun g ->
            Expr.Make(
                Node.Conv(
                    ConvRole.Forward,
                    { Sweeps = sweeps; Groups = 1 },
                    swapped (channels (g * ins) ins padded),
                    swapped (channels (g * outs) outs y)
                )
            )
            |> swapped)
        |> Expr.concat 0

    /// Means spread over their windows: a transposed convolution of each channel for itself.
    let private ofAvgPoolGrad (window: Window) (spatial: int list) (y: Expr) : Expr =
        let area = window.Kernel |> List.fold (fun area k -> area * float k) 1.0
        let w = Expr.full y.DType (y.Shape[1] :: 1 :: window.Kernel) (1.0 / area)
        ofInputGrad spatial { Sweeps = window.Sweeps; Groups = y.Shape[1] } y w

    let private windows (e: Expr) : Expr =
        if e.Shape.Size = 0 || Node.operands e.Node |> List.exists (fun o -> o.Shape.Size = 0) then
            e
        else
            match e.Node with
            | Node.Conv(ConvRole.InputGrad spatial, spec, y, w) -> ofInputGrad spatial spec y w
            | Node.Conv(ConvRole.WeightGrad kernel, spec, x, y) -> ofWeightGrad kernel spec x y
            | Node.AvgPoolGrad(window, spatial, y) -> ofAvgPoolGrad window spatial y
            | _ -> e

    /// A constant along the two last axes, which a shape of other extents there has too.
    let private (|Everywhere|_|) (e: Expr) =
        let isStretched (x: Expr) (shape: Shape) =
            let missing = shape.Rank - x.Shape.Rank

            [ 2 .. shape.Rank - 1 ] |> List.forall (fun axis -> axis < missing || x.Shape[axis - missing] = 1)

        match e.Node with
        | Node.Broadcast(shape, x) when isConstant x && isStretched x shape ->
            Some(fun (other: Shape) -> Expr.Make(Node.Broadcast(other, x)))
        | _ -> None

    let private isPositive (e: Expr) =
        match e.Node with
        | Node.Broadcast(_, x) ->
            match x.Node with
            | Node.Constant t -> Tensor.toFloats t |> Array.forall (fun v -> v > 0.0)
            | _ -> false
        | _ -> false

    /// A maximum over windows of what never decreases is that of the maximum: computed for fewer elements.
    let rec private pooled (single: Expr -> bool) (e: Expr) : Expr =
        let again (window: Window) (x: Expr) = pooled single (Expr.Make(Node.MaxPool(window, x)))

        match e.Node with
        | Node.MaxPool(window, x) when
            single x && window.Sweeps |> List.forall (fun s -> s.PadBefore = 0 && s.PadAfter = 0)
            ->
            match x.Node with
            | Node.Unary(UnaryOp.Relu, y) -> Expr.unary UnaryOp.Relu (again window y)
            | Node.Binary((BinaryOp.Add | BinaryOp.Sub) as op, y, (Everywhere c)) ->
                Expr.binary op (again window y) (c e.Shape)
            | Node.Binary((BinaryOp.Mul | BinaryOp.Div) as op, y, (Everywhere c as factor)) when
                isPositive factor
                ->
                Expr.binary op (again window y) (c e.Shape)
            | _ -> e
        | _ -> e

    /// The graph that is written.
    let run (roots: Expr list) : Expr list =
        let folded = Rebuild.bottomUp fold

        let roots =
            roots
            |> Rewrite.stableAll
            |> Hoist.run
            |> Lower.run
            |> Rebuild.bottomUp (windows >> fold)
            |> Lower.run
            |> folded

        let uses = Graph.uses roots

        let single (e: Expr) =
            match uses.TryGetValue e.Digest with
            | true, n -> n = 1
            // Made just now, for one use.
            | false, _ -> true

        Rebuild.bottomUp (pooled single) roots |> folded
