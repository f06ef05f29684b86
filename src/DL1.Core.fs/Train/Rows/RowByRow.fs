namespace DL1

open System.Collections.Generic

/// Rows within an axis that joins several: `[length; batch; features]` as `[length·batch; features]`, for one product with a
/// weight, as recurrent layers make it, and back. Notes where such rows lie, and when they are an axis of their own again.
[<Sealed>]
type internal JoinedRows(rows: int, found: Dictionary<Digest, OverRows>) =
    // The axis, and how many of its places follow one another within a row: place k is of row (k / times) mod rows.
    let places = Dictionary<Digest, struct (int * int)>()

    let placeOf (x: Expr) =
        match found[x.Digest], places.TryGetValue x.Digest with
        | OverRows.Along(axis, times), _ -> Some struct (axis, times)
        | _, (true, place) -> Some place
        | _ -> None

    let after axis (shape: Shape) =
        shape.ToList() |> List.skip (axis + 1) |> List.fold (fun n d -> n * int64 d) 1L

    /// A row of x is a run of elements that comes again after all rows: the axis of the shape that such runs divide, one
    /// that joins nothing first.
    let reshaped (shape: Shape) (x: Expr) struct (axis, times) =
        let run = int64 times * after axis x.Shape

        let candidates =
            [
                for i in 0 .. shape.Rank - 1 do
                    let inside = after i shape

                    if inside > 0L && run % inside = 0L then
                        let times = int (run / inside)

                        if shape[i] > 0 && int64 shape[i] % (int64 rows * int64 times) = 0L then
                            struct (i, times)
            ]

        candidates
        |> List.tryFind (fun struct (i, times) -> int64 shape[i] = int64 rows * int64 times)
        |> Option.orElse (List.tryHead candidates)

    /// Operands whose rows lie alike, beside others that are the same in each place.
    let alike (xs: Expr list) =
        match xs |> List.choose placeOf |> List.distinct with
        | [ struct (axis, _) as place ] ->
            let fits (x: Expr) =
                (placeOf x).IsSome || (found[x.Digest] = OverRows.Free && RowWise.isUniform axis x)

            if List.forall fits xs then Some place else None
        | _ -> None

    let place (e: Expr) =
        match e.Node with
        | Node.Reshape(shape, x) -> placeOf x |> Option.bind (reshaped shape x)
        | Node.Unary _
        | Node.Cast _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _ -> alike (Node.operands e.Node)
        | Node.MatMul(a, b) when found[b.Digest] = OverRows.Free ->
            match placeOf a with
            | Some struct (axis, _) as place when
                axis = a.Shape.Rank - 2 || (axis < a.Shape.Rank - 2 && RowWise.isUniform axis b)
                ->
                place
            | _ -> None
        | _ -> None

    /// How a node that is mixed otherwise depends on the rows.
    member _.Of(e: Expr) : OverRows =
        match place e with
        | Some struct (axis, times) when e.Shape[axis] = rows * times -> OverRows.Along(axis, times)
        | Some place ->
            places[e.Digest] <- place
            OverRows.Mixed
        | None -> OverRows.Mixed

/// Whether a graph computes each row of its result from the same row of its inputs, whatever the other rows are: then a
/// batch may be filled up with rows that nobody asked for. Loops and functions with a derivative of their own are looked into.
[<RequireQualifiedAccess>]
module internal RowByRow =
    let private lookup (variables: Variable list) (states: OverRows list) : Variable -> OverRows option =
        let known = dict (List.zip variables states)

        fun v ->
            match known.TryGetValue v with
            | true, state -> Some state
            | false, _ -> None

    let rec private states
        rows
        (isRows: Variable -> OverRows option)
        (roots: Expr list)
        : Dictionary<Digest, OverRows> =
        let found = Dictionary<Digest, OverRows>()
        let joined = JoinedRows(rows, found)

        for e in Graph.topological roots do
            let stateOf (x: Expr) = found[x.Digest]

            let state =
                match e.Node with
                | Node.Custom(rule, xs) ->
                    let inner = lookup rule.Inputs (List.map stateOf xs)
                    let inside = states rows inner [ rule.Value ]
                    inside[rule.Value.Digest]
                | Node.Scan(result, call) -> scan rows stateOf result call
                | _ -> RowWise.state rows isRows found e

            found[e.Digest] <- if state = OverRows.Mixed then joined.Of e else state

        found

    /// A loop's result. Its carries are what they are at first and after each step. A first value that is the same in all
    /// rows, such as zeros, counts as one that lies over them.
    and private scan rows stateOf result (call: ScanCall<Expr>) : OverRows =
        let slice (x: Expr) =
            match stateOf x with
            | OverRows.Along(0, _) -> OverRows.Mixed
            | OverRows.Along(axis, times) -> OverRows.Along(axis - 1, times)
            | other -> other

        let given = List.map slice call.Sequences @ List.map stateOf call.Fixed

        let step (carries: OverRows list) =
            let body = call.Body
            let inner = lookup (body.Carries @ body.Slices @ body.Fixed) (carries @ given)
            let found = states rows inner (body.Next @ body.Outputs)
            let of' (es: Expr list) = es |> List.map (fun e -> found[e.Digest])
            of' body.Next, of' body.Outputs

        let overRows (first: Expr) =
            match stateOf first with
            | OverRows.Free ->
                [ 0 .. first.Shape.Rank - 1 ]
                |> List.tryFind (fun axis ->
                    first.Shape[axis] > 0 && first.Shape[axis] % rows = 0 && RowWise.isUniform axis first)
                |> Option.map (fun axis -> OverRows.Along(axis, first.Shape[axis] / rows))
                |> Option.defaultValue OverRows.Free
            | other -> other

        let carries = List.map overRows call.Initial
        let next, outputs = step carries

        let carries =
            List.map2 (fun before after -> if before = after then before else OverRows.Mixed) carries next

        if List.contains OverRows.Mixed carries then
            OverRows.Mixed
        elif result < carries.Length then
            carries[result]
        else
            match outputs[result - carries.Length] with
            | OverRows.Along(axis, times) -> OverRows.Along(axis + 1, times)
            | other -> other

    /// Whether all roots lie row by row over inputs whose leading axis has `rows` rows, in that order, along their own
    /// leading axis.
    let holds (rows: int) (inputs: Variable list) (roots: Expr list) : bool =
        let isRows = lookup inputs (inputs |> List.map (fun _ -> OverRows.Along(0, 1)))
        let found = states rows isRows roots

        roots
        |> List.forall (fun root ->
            match found[root.Digest] with
            | OverRows.Along(0, times) -> root.Shape[0] = times * rows
            | _ -> false)
