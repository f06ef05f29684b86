namespace DL1

open System.Collections.Generic

/// What a layer keeps from one step to the next: the variable that holds it, its value before the first step, and its value
/// after this one.
[<NoEquality; NoComparison>]
type internal Kept = { Name: string; Path: string; Variable: Variable; Initial: Expr; Next: Expr }

/// One run of a model over the next places of its sequences, of which earlier places were run before: what the layers keep,
/// and where the places are. It lives as long as the run.
[<Sealed>]
type internal Stepping(steps: string, rows: int, places: int, capacity: int) =
    let kept = List<Kept>()
    let isStep = Dictionary<Digest, bool>()

    let position: Variable = { Name = "kept position"; DType = DType.I32; Shape = Shape.ofList [] }

    /// The name of the variable whose values are the steps'.
    member _.Steps = steps
    /// How many sequences there are.
    member _.Rows = rows
    /// How many places this run takes.
    member _.Places = places
    /// How many places there may be altogether.
    member _.Capacity = capacity
    /// Whether a layer is limited to a number of positions.
    member val NeedsCapacity = false with get, set
    /// The most places that a layer can tell apart.
    member val Most = System.Int32.MaxValue with get, set
    /// How many places were run before: i32, a scalar.
    member _.Position = position
    member _.Kept = List.ofSeq kept

    /// Whether a value comes from the steps, and not only from what is the same at all of them.
    member _.IsStep(value: Expr) : bool =
        if not (isStep.ContainsKey value.Digest) then
            for e in Graph.topological [ value ] do
                if not (isStep.ContainsKey e.Digest) then
                    isStep[e.Digest] <-
                        match e.Node with
                        | Node.Variable v ->
                            v.Name = steps || v = position || kept |> Seq.exists (fun k -> k.Variable = v)
                        | node -> Node.operands node |> List.exists (fun o -> isStep[o.Digest])

        isStep[value.Digest]

    /// What is kept by a name: its value before this run. A layer that is run again, for its weights are shared, keeps what
    /// is its own.
    member this.Value(path: string, initial: Expr) : Expr =
        if this.IsStep initial then
            Refuse.domain
                $"what {path} keeps from step to step"
                "a value before the first step that is computed from the steps"
                "one that is there before the first step"
                "begin from zeros, or from what an encoder gives"

        if initial.Shape.Rank > 0 && initial.Shape[0] <> rows then
            Refuse.shape
                $"what {path} keeps from step to step"
                (Operand.text initial)
                $"[%d{rows}; ...], the rows of the batch first, or one number"
                "move the axis of the batch to the front"

        let times = kept |> Seq.filter (fun k -> k.Path = path) |> Seq.length
        let name = if times = 0 then path else $"{path} (%d{times + 1})"

        let variable: Variable = { Name = $"kept {name}"; DType = initial.DType; Shape = initial.Shape }

        let e = Expr.ofVariable variable

        kept.Add { Name = name; Path = path; Variable = variable; Initial = initial; Next = e }
        e

    /// What is kept by a name becomes another value.
    member _.Put(path: string, next: Expr) : unit =
        match kept |> Seq.tryFindIndexBack (fun k -> k.Path = path) with
        | None ->
            Refuse.domain
                $"what {path} keeps from step to step"
                "a value for a name by which nothing is kept"
                "the name of what this layer has asked for"
                "ask for it with its value before the first step"
        | Some i ->
            let due = kept[i].Variable

            if next.DType <> due.DType || next.Shape <> due.Shape then
                Refuse.shape
                    $"what {path} keeps from step to step"
                    (Operand.text next)
                    $"{due.DType} {due.Shape}, as before the first step"
                    "cast or reshape it"

            kept[i] <- { kept[i] with Next = next }
