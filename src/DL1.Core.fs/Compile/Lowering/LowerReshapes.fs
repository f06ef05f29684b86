namespace DL1.Compiler.Lowering

open DL1
open DL1.Pattern
open DL1.Compiler.Fusion

/// Moves reshapes out of the way of fusion.
[<RequireQualifiedAccess>]
module internal LowerReshapes =
    let private squeezed (s: Shape) = s.ToList() |> List.filter (fun d -> d <> 1)

    /// The value beneath any number of reshapes. Its memory holds the reshaped value too.
    let rec beneath (e: Expr) =
        match e.Node with
        | Node.Reshape(_, x) -> beneath x
        | _ -> e

    /// Matches a reshape that does more than insert or remove axes of extent 1; gives the value beneath it.
    let private (|Reshaped|_|) (e: Expr) =
        match e.Node with
        | Node.Reshape(_, x) ->
            let x = beneath x

            if squeezed x.Shape <> squeezed e.Shape && e.Shape.Size > 0 then
                Some x
            else
                None
        | _ -> None

    /// op(reshape x, y), with op elementwise, becomes reshape(op(x, reshape⁻¹ y)), where x has fewer axes of extent above 1.
    let reshapeOutwards (e: Expr) =
        if NodeClass.isElementwise e then
            Node.operands e.Node
            |> List.tryPick (function
                | Reshaped x when (squeezed x.Shape).Length < (squeezed e.Shape).Length -> Some x.Shape
                | _ -> None)
            |> Option.map (fun shape ->
                let inner = Node.map (fun o -> Expr.reshape (shape.ToList()) o) e.Node
                Expr.reshape (e.Shape.ToList()) (Expr.Make inner))
        else
            None

    /// A reshape of a broadcast becomes a broadcast of a reshape, unless it merges repeated axes with others.
    let reshapedBroadcast (e: Expr) =
        match e.Node with
        | Node.Reshape(shape, Form(Node.Broadcast(from, x))) when e.Shape.Size > 0 ->
            // Strides that are 0 exactly along the axes that the broadcast repeats.
            let strides = StridedView.repeated x.Shape x.Shape.Strides from

            StridedView.reshaped from strides shape
            |> Option.map (fun strides ->
                let kept = List.init shape.Rank (fun i -> if strides[i] = 0 then 1 else shape[i])
                Expr.broadcastTo (shape.ToList()) (Expr.reshape kept x))
        | _ -> None

    /// A reduction of a reshape becomes a reshape of a reduction, where the reshape changes only axes before the reduced ones.
    let reduceOfReshaped (e: Expr) =
        match e.Node with
        | Node.Reduce(op, axes, (Reshaped x as r)) ->
            let first = List.head axes
            let tail = List.skip first (r.Shape.ToList())
            let own = x.Shape.ToList()
            let leading = own.Length - tail.Length

            if leading >= 0 && List.skip leading own = tail && not (List.contains 0 own) then
                let inner = Expr.reduce op (axes |> List.map (fun a -> a - first + leading)) x
                Some(Expr.reshape (e.Shape.ToList()) inner)
            else
                None
        | _ -> None

    /// Reductions over axes of extent 1, and transposes that change the order of such axes alone, become reshapes.
    let trivial (e: Expr) =
        match e.Node with
        | Node.Reduce(_, axes, x) when axes |> List.forall (fun a -> x.Shape[a] = 1) ->
            Some(Expr.reshape (e.Shape.ToList()) x)
        | Node.Transpose(permutation, x) when
            (permutation |> List.filter (fun a -> x.Shape[a] <> 1) |> (fun kept -> List.sort kept = kept))
            ->
            Some(Expr.reshape (e.Shape.ToList()) x)
        | _ -> None
