namespace DL1.Compiler.Source

open System.Collections.Generic
open DL1

/// A graph being written: which of its values are in memory, and where. A loop's body is a scope of its own, since equal nodes
/// there have other values. `heavy` writes the forms that are neither elementwise nor a move.
[<Sealed>]
type internal GraphScope
    (
        heavy: GraphScope -> Expr -> View -> View,
        builder: ProgramBuilder,
        variables: IReadOnlyDictionary<string, View>,
        roots: Expr list
    ) =
    let views = Dictionary<Digest, View>()
    let stored = Stored.decide roots

    let note (e: Expr) =
        match e.Origin with
        | Some origin when origin.Path <> "" -> $"{origin.Path}, {origin.Name}"
        | Some origin -> origin.Name
        | None -> ""

    let identity (dims: int list) : Index list =
        dims
        |> List.mapi (fun axis _ ->
            { Base = 0; Factors = dims |> List.mapi (fun i _ -> if i = axis then 1 else 0) })

    member _.Builder = builder

    /// Where a node comes from, for a comment.
    member _.Note(e: Expr) : string = note e

    /// Whether a value is in memory, or can be seen there.
    member private this.IsInMemory(e: Expr) : bool =
        views.ContainsKey e.Digest
        || match e.Node, Stored.moved e with
           | Node.Reshape _, _ -> true
           | _, Some x -> this.IsInMemory x
           | _ -> not (Stored.isElementwise e) || stored.Contains e.Digest

    /// The value of a node at an index for each of its axes, inside a loop nest over `axes` axes.
    member this.Body(e: Expr, index: Index list, axes: int) : Scalar =
        match Prepare.literal e, views.TryGetValue e.Digest, e.Node with
        | Some number, _, _ -> Scalar.Number(e.DType, number)
        | None, (true, view), _ -> Scalar.Read(View.at index axes view)
        | None, _, Node.Broadcast(_, x) ->
            let missing = index.Length - x.Shape.Rank

            let inside =
                List.skip missing index
                |> List.mapi (fun axis (i: Index) ->
                    if x.Shape[axis] = 1 then { Base = 0; Factors = List.replicate axes 0 } else i)

            this.Body(x, inside, axes)
        | None, _, Node.Reshape(_, x) when Stored.addsUnits e x && not (this.IsInMemory x) ->
            let long = List.zip index (e.Shape.ToList()) |> List.filter (fun (_, d) -> d <> 1) |> List.map fst

            let _, inside =
                x.Shape.ToList()
                |> List.fold
                    (fun (left: Index list, made) d ->
                        if d = 1 then
                            left, { Base = 0; Factors = List.replicate axes 0 } :: made
                        else
                            left.Tail, left.Head :: made)
                    (long, [])

            this.Body(x, List.rev inside, axes)
        | None, _, Node.Transpose(permutation, x) ->
            let inside = Array.create index.Length index.Head
            List.iter2 (fun axis i -> inside[axis] <- i) permutation index
            this.Body(x, List.ofArray inside, axes)
        | None, _, Node.Slice(cuts, x) ->
            let inside =
                List.map3
                    (fun (c: Cut) (i: Index) extent ->
                        let step = if extent <= 1 then 0 else c.Step

                        {
                            Base = c.Start + step * i.Base
                            Factors = i.Factors |> List.map (fun f -> f * step)
                        })
                    cuts
                    index
                    (e.Shape.ToList())

            this.Body(x, inside, axes)
        | None, _, Node.Reverse(turned, x) ->
            let inside =
                index
                |> List.mapi (fun axis i ->
                    if List.contains axis turned then
                        { Base = x.Shape[axis] - 1 - i.Base; Factors = i.Factors |> List.map (fun f -> -f) }
                    else
                        i)

            this.Body(x, inside, axes)
        | None, _, Node.StopGradient x -> this.Body(x, index, axes)
        | _ when Stored.isElementwise e && not (stored.Contains e.Digest) -> this.Elementwise(e, index, axes)
        | _ -> Scalar.Read(View.at index axes (this.View e))

    member private this.Elementwise(e: Expr, index: Index list, axes: int) : Scalar =
        let body (x: Expr) = this.Body(x, index, axes)

        match e.Node with
        | Node.Unary(op, x) -> Scalar.Unary(op, x.DType, body x)
        | Node.Binary(op, a, b) -> Scalar.Binary(op, a.DType, body a, body b)
        | Node.Compare(op, a, b) -> Scalar.Compare(op, a.DType, body a, body b)
        | Node.Select(c, a, b) -> Scalar.Select(a.DType, body c, body a, body b)
        | Node.Cast(target, x) -> Scalar.Cast(x.DType, target, body x)
        | _ -> Scalar.Read(View.at index axes (this.View e))

    /// Writes a value for each element of a target.
    member _.Fill(kind: string, note: string, dims: int list, target: View, value: Scalar) : unit =
        if not (List.contains 0 dims) then
            builder.Step(
                kind,
                note,
                ScalarText.reads value,
                [ target ],
                fun w name -> Nest.store w name dims target value
            )

    /// Copies a value to a target of its shape.
    member this.CopyTo(e: Expr, target: View) : unit =
        let dims = e.Shape.ToList()
        this.Fill("Copy", note e, dims, target, this.Body(e, identity dims, dims.Length))

    /// A view as one in row-major order, in other memory where it is not yet.
    member this.Contiguous(view: View) : View =
        if View.isContiguous view then
            view
        else
            let copy = builder.Buffer(view.DType, view.Dims)

            this.Fill(
                "Copy",
                "",
                view.Dims,
                copy,
                Scalar.Read(View.at (identity view.Dims) view.Dims.Length view)
            )

            copy

    /// The value in memory.
    member this.View(e: Expr) : View =
        match views.TryGetValue e.Digest with
        | true, view -> view
        | false, _ ->
            let view =
                match e.Node, Stored.moved e with
                | Node.Constant value, _ -> builder.Constant value
                | Node.Variable v, _ -> variables[v.Name]
                | Node.Reshape(shape, x), _ ->
                    let given = this.View x

                    match View.tryReshape (shape.ToList()) given with
                    | Some view -> view
                    | None ->
                        { this.Contiguous given with
                            Dims = shape.ToList()
                            Strides = List.ofArray shape.Strides
                        }
                | node, Some x when this.IsInMemory x ->
                    let given = this.View x
                    let dims = e.Shape.ToList()

                    match node with
                    | Node.Broadcast _ -> View.broadcast dims given
                    | Node.Transpose(permutation, _) -> View.transpose permutation given
                    | Node.Slice(cuts, _) -> View.slice cuts dims given
                    | Node.Reverse(axes, _) -> View.reverse axes given
                    | _ -> given
                | _ -> this.Into(e, builder.Buffer(e.DType, e.Shape.ToList()))

            views[e.Digest] <- view
            view

    /// Computes a value into memory of its shape, or into memory of the step's own where its form needs another; where it
    /// is then.
    member this.Into(e: Expr, target: View) : View =
        let dims = e.Shape.ToList()

        match Stored.moved e with
        | Some _ ->
            this.CopyTo(e, target)
            target
        | None when Stored.isElementwise e ->
            this.Fill("Map", note e, dims, target, this.Elementwise(e, identity dims, dims.Length))
            target
        | None -> heavy this e target

    /// Computes a root into an output.
    member this.Root(e: Expr, target: View) : unit =
        match e.Node, views.ContainsKey e.Digest, Stored.moved e with
        | (Node.Constant _ | Node.Variable _), _, _
        | _, true, _
        | _, _, Some _ -> this.CopyTo(e, target)
        | _ ->
            let found = this.Into(e, target)
            views[e.Digest] <- found

            if found.Slot <> target.Slot then
                this.CopyTo(e, target)
