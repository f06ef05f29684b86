namespace DL1

open System.Collections.Generic

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

        for e in Graph.topological roots do
            let stateOf (x: Expr) = found[x.Digest]

            found[e.Digest] <-
                match e.Node with
                | Node.Custom(rule, xs) ->
                    let inner = lookup rule.Inputs (List.map stateOf xs)
                    let inside = states rows inner [ rule.Value ]
                    inside[rule.Value.Digest]
                | Node.Scan(result, call) -> scan rows stateOf result call
                | _ -> RowWise.state rows isRows found e

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

    /// Whether all roots lie row by row over inputs whose leading axis has so many rows, in its order, along their own
    /// leading axis.
    let holds (rows: int) (inputs: Variable list) (roots: Expr list) : bool =
        let isRows = lookup inputs (inputs |> List.map (fun _ -> OverRows.Along(0, 1)))
        let found = states rows isRows roots

        roots
        |> List.forall (fun root ->
            match found[root.Digest] with
            | OverRows.Along(0, times) -> root.Shape[0] = times * rows
            | _ -> false)
