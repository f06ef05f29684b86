namespace DL1

open System.Collections.Generic

/// How a node of a loss depends on the rows of targets and outputs.
[<RequireQualifiedAccess>]
type internal OverRows =
    /// On no row.
    | Free
    /// Row by row: the axis has `times` places for each row, in the order of the rows.
    | Along of axis: int * times: int
    /// On all rows, through sums over them.
    | Whole
    /// In another way: parts of the rows cannot compute it.
    | Mixed

/// Which nodes of a graph can be computed for some of the rows without the others, and the graph for fewer rows.
[<RequireQualifiedAccess>]
module internal RowWise =
    let private isOneNumber (t: Tensor) =
        let values = Tensor.toFloats t
        values |> Array.forall (fun v -> v = values[0] || (v <> v && values[0] <> values[0]))

    /// Whether a value that depends on no row is the same everywhere along an axis.
    let rec isUniform (axis: int) (e: Expr) : bool =
        e.Shape[axis] <= 1
        || match e.Node with
           | Node.Constant t -> isOneNumber t
           | Node.Broadcast(_, x) ->
               let inside = axis - (e.Shape.Rank - x.Shape.Rank)
               inside < 0 || x.Shape[inside] = 1 || isUniform inside x
           | Node.Unary(_, x)
           | Node.Cast(_, x)
           | Node.StopGradient x
           | Node.Slice(_, x) -> isUniform axis x
           | Node.Binary(_, a, b)
           | Node.Compare(_, a, b) -> isUniform axis a && isUniform axis b
           | Node.Select(c, a, b) -> isUniform axis c && isUniform axis a && isUniform axis b
           | Node.Transpose(permutation, x) -> isUniform permutation[axis] x
           | Node.Reshape(_, x) -> Seq.forall (fun i -> isUniform i x) [ 0 .. x.Shape.Rank - 1 ]
           | _ -> false

    let private before axis (shape: Shape) =
        shape.ToList() |> List.take axis |> List.fold (fun n d -> n * int64 d) 1L

    /// Where the rows of a reshaped value are: the axis with as many elements before it as had theirs.
    let private reshaped rows axis (x: Expr) (shape: Shape) : OverRows =
        [ 0 .. shape.Rank - 1 ]
        |> List.tryFind (fun i -> before i shape = before axis x.Shape && shape[i] > 0 && shape[i] % rows = 0)
        |> function
            | Some i -> OverRows.Along(i, shape[i] / rows)
            | None -> OverRows.Mixed

    /// Indices that pick from a flattened table, each among the places of its own label: i·classes + label, the label
    /// held below `classes`. So a classification with many classes takes the logarithms of its labels.
    let private (|OwnPlaces|_|) (table: Expr, indices: Expr) =
        let isCount (t: Tensor) = Tensor.toFloats t |> Seq.indexed |> Seq.forall (fun (i, v) -> v = float i)

        let rec areStarts classes (e: Expr) =
            match e.Node with
            | Node.Reshape(_, x) -> areStarts classes x
            | Node.Binary(BinaryOp.Mul, count, LabelGuard.Number factor) when factor = classes ->
                match count.Node with
                | Node.Constant t -> isCount t
                | _ -> false
            | _ -> false

        match indices.Node with
        | Node.Binary(BinaryOp.Add, starts, labels) when table.Shape.Rank = 1 && labels.Shape.Size > 0 ->
            let classes = table.Shape.Size / labels.Shape.Size

            match labels.Node with
            | Node.Binary(BinaryOp.Min, _, LabelGuard.Number highest) when
                highest = float (classes - 1) && areStarts (float classes) starts
                ->
                Some struct (starts, labels)
            | _ -> None
        | _ -> None

    /// How a node depends on the rows, from how its operands do. A sum over the rows is `Whole`.
    let private rule
        rows
        (isRows: Variable -> OverRows option)
        (e: Expr)
        (operands: OverRows list)
        : OverRows =
        let along =
            operands
            |> List.choose (function
                | OverRows.Along(axis, times) -> Some(axis, times)
                | _ -> None)
            |> List.distinct

        let has state = List.contains state operands

        /// Operands that lie over the rows in one way, beside others that are the same in each row.
        let together axis times (xs: Expr list) =
            let fits =
                List.forall2
                    (fun (x: Expr) state ->
                        match state with
                        | OverRows.Free -> isUniform axis x
                        | _ -> true)
                    xs
                    operands

            if fits then OverRows.Along(axis, times) else OverRows.Mixed

        match e.Node, along with
        | Node.Variable v, _ -> isRows v |> Option.defaultValue OverRows.Free
        | _ when has OverRows.Mixed -> OverRows.Mixed
        | _, [] -> if has OverRows.Whole then OverRows.Whole else OverRows.Free
        | _ when has OverRows.Whole -> OverRows.Mixed
        | Node.Unary _, [ axis, times ]
        | Node.Cast _, [ axis, times ]
        | Node.StopGradient _, [ axis, times ]
        | Node.Binary _, [ axis, times ]
        | Node.Compare _, [ axis, times ]
        | Node.Select _, [ axis, times ] -> together axis times (Node.operands e.Node)
        | Node.Concat(joined, xs), [ axis, times ] when joined <> axis -> together axis times xs
        | Node.Reduce(_, axes, _), [ axis, times ] ->
            if List.contains axis axes then
                OverRows.Whole
            else
                OverRows.Along(axis - (axes |> List.filter (fun a -> a < axis) |> List.length), times)
        | Node.LogSumExp(reduced, _), [ axis, times ] ->
            if reduced = axis then OverRows.Whole
            elif reduced < axis then OverRows.Along(axis - 1, times)
            else OverRows.Along(axis, times)
        | Node.ArgReduce(_, reduced, _), [ axis, times ] when reduced <> axis ->
            OverRows.Along((if reduced < axis then axis - 1 else axis), times)
        | Node.CumSum(other, _, _), [ axis, times ]
        | Node.ArgSort(other, _), [ axis, times ]
        | Node.Softmax(other, _), [ axis, times ] when other <> axis -> OverRows.Along(axis, times)
        | Node.Reverse(axes, _), [ axis, times ] when not (List.contains axis axes) ->
            OverRows.Along(axis, times)
        | Node.Broadcast(shape, x), [ axis, times ] ->
            let place = axis + shape.Rank - x.Shape.Rank

            if shape[place] = x.Shape[axis] then
                OverRows.Along(place, times)
            else
                OverRows.Mixed
        | Node.Reshape(shape, x), [ axis, _ ] -> reshaped rows axis x shape
        | Node.Transpose(permutation, _), [ axis, times ] ->
            OverRows.Along(List.findIndex (fun i -> i = axis) permutation, times)
        | Node.Slice(cuts, x), [ axis, times ] when cuts[axis] = { Start = 0; Stop = x.Shape[axis]; Step = 1 } ->
            OverRows.Along(axis, times)
        | Node.Pad(edges, _, _), [ axis, times ] when edges[axis] = { Before = 0; After = 0; Between = 0 } ->
            OverRows.Along(axis, times)
        | Node.MatMul(a, b), _ ->
            let rank = a.Shape.Rank
            let inside, across = rank - 1, rank - 2

            match operands with
            | [ OverRows.Along(i, times); OverRows.Along(j, others) ] when times = others ->
                if i = j && i < across then OverRows.Along(i, times)
                elif i = inside && j = across then OverRows.Whole
                else OverRows.Mixed
            | [ OverRows.Along(i, times); OverRows.Free ] ->
                if i = across || (i < across && isUniform i b) then OverRows.Along(i, times)
                elif i = inside && isUniform across b then OverRows.Whole
                else OverRows.Mixed
            | [ OverRows.Free; OverRows.Along(j, times) ] ->
                if j = inside || (j < across && isUniform j a) then OverRows.Along(j, times)
                elif j = across && isUniform inside a then OverRows.Whole
                else OverRows.Mixed
            | _ -> OverRows.Mixed
        | Node.Gather(axis, table, indices), _ ->
            match operands with
            | [ OverRows.Free; OverRows.Along(i, times) ] -> OverRows.Along(axis + i, times)
            | [ OverRows.Along(i, times); OverRows.Free ] when i <> axis ->
                OverRows.Along((if i < axis then i else i + indices.Shape.Rank - 1), times)
            | _ -> OverRows.Mixed
        | Node.Conv(ConvRole.Forward, _, _, _), _
        | Node.Conv(ConvRole.InputGrad _, _, _, _), _ ->
            match operands with
            | [ OverRows.Along(0, times); OverRows.Free ] -> OverRows.Along(0, times)
            | _ -> OverRows.Mixed
        | Node.MaxPool _, [ 0, times ]
        | Node.AvgPool _, [ 0, times ]
        | Node.AvgPoolGrad _, [ 0, times ] -> OverRows.Along(0, times)
        | Node.MaxPoolPick _, [ 0, times ]
        | Node.MaxPoolScatter _, [ 0, times ] ->
            if has OverRows.Free then OverRows.Mixed else OverRows.Along(0, times)
        | Node.Constant _, _
        | Node.Unary _, _
        | Node.Cast _, _
        | Node.StopGradient _, _
        | Node.Binary _, _
        | Node.Compare _, _
        | Node.Select _, _
        | Node.Concat _, _
        | Node.Reduce _, _
        | Node.LogSumExp _, _
        | Node.ArgReduce _, _
        | Node.CumSum _, _
        | Node.ArgSort _, _
        | Node.Softmax _, _
        | Node.Reverse _, _
        | Node.Broadcast _, _
        | Node.Reshape _, _
        | Node.Transpose _, _
        | Node.Slice _, _
        | Node.Pad _, _
        | Node.ScatterAdd _, _
        | Node.Conv _, _
        | Node.MaxPool _, _
        | Node.AvgPool _, _
        | Node.AvgPoolGrad _, _
        | Node.MaxPoolPick _, _
        | Node.MaxPoolScatter _, _
        | Node.RandomBits _, _
        | Node.Scan _, _
        | Node.Custom _, _ -> OverRows.Mixed

    /// How a node depends on the rows, derived from its operands; variables say where their rows are.
    let state
        (rows: int)
        (isRows: Variable -> OverRows option)
        (found: Dictionary<Digest, OverRows>)
        (e: Expr)
        : OverRows =
        let operands = Node.operands e.Node |> List.map (fun o -> found[o.Digest])

        match e.Node with
        | Node.Gather(0, table, indices) ->
            match (table, indices), found[table.Digest] with
            | OwnPlaces(struct (_, labels)), OverRows.Along(0, _) ->
                match found[labels.Digest] with
                | OverRows.Along(0, times) -> OverRows.Along(0, times)
                | _ -> rule rows isRows e operands
            | _ -> rule rows isRows e operands
        | _ -> rule rows isRows e operands

    /// How each node of a graph depends on the rows, by digest; variables say where their rows are.
    let states (rows: int) (isRows: Variable -> OverRows option) (root: Expr) : Dictionary<Digest, OverRows> =
        let found = Dictionary<Digest, OverRows>()

        for e in Graph.topological [ root ] do
            found[e.Digest] <- state rows isRows found e

        found

    /// The first node that parts of the rows cannot compute.
    let firstMixed (states: Dictionary<Digest, OverRows>) (root: Expr) : Expr option =
        Graph.topological [ root ] |> Array.tryFind (fun e -> states[e.Digest] = OverRows.Mixed)

    /// The graph for fewer rows of nodes that lie over rows, or are sums over them. What depends on no row stays, cut
    /// to fewer places where it stands beside rows.
    let fewer
        (states: Dictionary<Digest, OverRows>)
        (rows: int)
        (variable: Variable -> Expr)
        (roots: Expr list)
        =
        let results = Dictionary<Digest, Expr>()
        let first axis times (x: Expr) = Expr.sliceAxis axis 0 (times * rows) x

        /// Operands beside one another along an axis.
        let beside axis times (operands: Expr list) =
            operands
            |> List.map (fun o ->
                match states[o.Digest] with
                | OverRows.Free -> first axis times o
                | _ -> results[o.Digest])

        let remade (operands: Expr list) (e: Expr) =
            let next = Queue<Expr>(operands)
            Expr.Make(Node.map (fun (_: Expr) -> next.Dequeue()) e.Node)

        for e in Graph.topological roots do
            let operands = Node.operands e.Node

            let change () =
                match e.Node, states[e.Digest] with
                | Node.Variable v, OverRows.Along _ -> variable v
                | _, OverRows.Free
                | _, OverRows.Mixed -> e
                | Node.Broadcast(shape, x), OverRows.Along(axis, times) ->
                    Expr.Make(Node.Broadcast(Shape.withAxis axis (times * rows) shape, results[x.Digest]))
                | Node.Reshape(shape, x), OverRows.Along(axis, times) ->
                    Expr.Make(Node.Reshape(Shape.withAxis axis (times * rows) shape, results[x.Digest]))
                | Node.Slice(cuts, x), OverRows.Along(axis, times) ->
                    let cuts =
                        cuts |> List.mapi (fun i c -> if i = axis then { c with Stop = times * rows } else c)

                    Expr.Make(Node.Slice(cuts, results[x.Digest]))
                | Node.Gather(axis, table, indices), OverRows.Along(_, times) ->
                    match table, indices with
                    | OwnPlaces(struct (starts, labels)) when states[table.Digest] <> OverRows.Free ->
                        let places = first 0 times starts + results[labels.Digest]
                        Expr.Make(Node.Gather(axis, results[table.Digest], places))
                    | _ -> remade [ results[table.Digest]; results[indices.Digest] ] e
                | Node.MatMul(a, b), state ->
                    // What is the same in each row is cut along the axis that the other has its rows in.
                    let cut (x: Expr) axis times =
                        match states[x.Digest] with
                        | OverRows.Free -> first axis times x
                        | _ -> results[x.Digest]

                    let inside, across = a.Shape.Rank - 1, a.Shape.Rank - 2

                    let both =
                        match state, states[a.Digest], states[b.Digest] with
                        | OverRows.Along(i, times), _, _ when i < across -> [ cut a i times; cut b i times ]
                        | OverRows.Whole, OverRows.Along(_, times), _
                        | OverRows.Whole, _, OverRows.Along(_, times) ->
                            [ cut a inside times; cut b across times ]
                        | _ -> [ results[a.Digest]; results[b.Digest] ]

                    remade both e
                | (Node.Conv _ | Node.Reduce _ | Node.LogSumExp _), _ ->
                    remade (operands |> List.map (fun o -> results[o.Digest])) e
                | _, OverRows.Along(axis, times) when operands.Length > 1 ->
                    remade (beside axis times operands) e
                | _, _ -> remade (operands |> List.map (fun o -> results[o.Digest])) e

            results[e.Digest] <- Origin.within e.Origin change

        roots |> List.map (fun root -> results[root.Digest])
