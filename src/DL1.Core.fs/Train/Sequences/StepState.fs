namespace DL1

/// What there is after the first step: the names of what is kept, what is kept, what is the same at all steps, and the values
/// of one place, which say what steps look like.
[<NoEquality; NoComparison>]
type internal Started =
    { Names: string list; Kept: Tensor list; Same: Tensor list; Example: Tensor; Most: int }

/// Where the sequences of a batch stand: the places that were run, and what the layers have kept of them. Immutable: a step gives
/// the next one, and this one can be gone on from again.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type StepState
    internal
    (
        stepper: Stepper,
        context: Tree<Tensor>,
        origins: int[],
        capacity: int,
        position: int,
        started: Started voption
    ) =
    let most =
        match started with
        | ValueSome s -> min capacity s.Most
        | ValueNone -> capacity

    let begun (values: Tensor) : Started =
        match started with
        | ValueSome s -> s
        | ValueNone ->
            stepper.Check(context, values)
            let example = Tensor.compute (Expr.sliceAxis 1 0 1) values
            let struct (names, kept, same, most) = stepper.Begin(context, capacity, example)
            { Names = names; Kept = kept; Same = same; Example = example; Most = most }

    /// How many rows the batch has.
    member _.Rows = origins.Length
    /// How many places were run.
    member _.Position = position
    /// How many places there may be altogether.
    member _.Capacity = most

    /// What the layers have kept, by their names: hidden states, keys and values. Empty before the first step.
    member _.Kept: Tree<Tensor> =
        match started with
        | ValueNone -> Tree.empty
        | ValueSome s -> Tree.ofList (List.zip s.Names s.Kept)

    /// How many places were run, of how many.
    override this.ToString() = $"%d{position} of at most %d{this.Capacity} places, %d{origins.Length} rows"
    member internal this.Display = this.ToString()

    /// The outputs at the next places, `[rows; places; ...]` from values `[rows; places; ...]`, and where the sequences stand
    /// then. Other rows are a `ShapeError`, more places than there is room for a `DomainError`.
    member _.Step(values: Tensor) : struct (Tensor * StepState) =
        let operation = "StepState.Step"

        if values.Rank < 2 || values.Shape[0] <> origins.Length || values.Shape[1] < 1 then
            Refuse.shape
                operation
                $"values {values.DType} {values.Shape}"
                $"[%d{origins.Length}; places; ...], 1 place or more for each row"
                "add the axis of the places: one token a row is [rows; 1]"

        let places = values.Shape[1]
        let s = begun values
        let most = min capacity s.Most

        if int64 position + int64 places > int64 most then
            Refuse.domain
                operation
                $"%d{places} places after %d{position}"
                $"%d{most} places altogether"
                "begin with a greater capacity; a model that learns its places has no more than those"

        let same =
            if places = 1 then
                s.Same
            else
                let struct (_, _, same, _) = stepper.Begin(context, capacity, values)
                same

        let struct (outputs, next) = stepper.Run(context, capacity, same, position, s.Kept, values)

        struct (outputs,
                StepState(
                    stepper,
                    context,
                    origins,
                    capacity,
                    position + places,
                    ValueSome { s with Kept = next }
                ))

    /// Some of the rows, in another order, repeated or left out: what beam search does with its hypotheses. A row that is not
    /// there, and no rows, are a `DomainError`. `state.Take [| 0; 0; 1 |]`
    member _.Take(order: int[]) : StepState =
        let operation = "StepState.Take"

        if order.Length = 0 then
            Refuse.domain operation "no rows" "one at least" "check how the rows were chosen"

        for row in order do
            if row < 0 || row >= origins.Length then
                Refuse.domain
                    operation
                    $"row %d{row} of %d{origins.Length}"
                    $"a row from 0 to %d{origins.Length - 1}"
                    "count rows from 0"

        let take (t: Tensor) = if t.Rank = 0 then t else Rows.take operation order t
        let next = order |> Array.map (fun row -> origins[row])
        // Hypotheses of one row change places far more often than contexts do.
        let isSame = next = origins
        let context = if isSame then context else Tree.map take context

        let taken (s: Started) : Started =
            let example = take s.Example

            let same =
                if isSame || s.Same.IsEmpty then
                    s.Same
                else
                    let struct (_, _, same, _) = stepper.Begin(context, capacity, example)
                    same

            { s with Kept = List.map take s.Kept; Same = same; Example = example }

        StepState(stepper, context, next, capacity, position, ValueOption.map taken started)

/// Trained models step by step: for generation, and for streams whose next values are not there yet.
[<RequireQualifiedAccess>]
module Stepwise =
    let private usable operation (rows: int) (capacity: int) =
        if rows < 1 || capacity < 1 then
            Refuse.domain
                operation
                $"%d{rows} rows and room for %d{capacity} places"
                "1 or more of each"
                "give the batch and the longest sequence that is wanted"

        if rows > System.Array.MaxLength then
            Refuse.domain
                operation
                $"%d{rows} rows"
                $"at most %d{System.Array.MaxLength}"
                "use a smaller batch"

    /// The rows in their own order.
    let private inOrder operation (rows: int) : int[] =
        try
            Array.init rows id
        with :? System.OutOfMemoryException ->
            Allocation.failed operation

    /// A trained model of one input and one output, step by step: the second axis of its input is that of the places. With
    /// layers that keep what they need, recurrent ones and causal attention among them, the outputs are those of the whole
    /// sequence. `Stepwise.ofTrained trained`
    let ofTrained (trained: Trained) : Stepper =
        Stepper(trained.Network, trained.Parameters, trained.State, "", "")

    /// `ofTrained` for a model of several tensors: the names of the input whose places are the steps, and of the output that is
    /// wanted, empty for the only one. The other inputs are the same at all steps: an encoder's source, its mask.
    /// `Stepwise.ofNamed "target" "" translator`
    let ofNamed (input: string) (output: string) (trained: Trained) : Stepper =
        Stepper(trained.Network, trained.Parameters, trained.State, input, output)

    /// The beginning of sequences, of a model without other inputs: how many rows, and for how many places there is room where
    /// the model has attention. `Stepwise.start 64 1 stepper`
    let start (capacity: int) (rows: int) (stepper: Stepper) : StepState =
        usable "Stepwise.start" rows capacity
        StepState(stepper, Tree.empty, inOrder "Stepwise.start" rows, capacity, 0, ValueNone)

    /// The beginning of sequences that go with the other inputs of the model, by their names, one row for each of theirs.
    /// `Stepwise.startFrom (Tree.ofList [ "source", source ]) 64 translating`
    let startFrom (context: Tree<Tensor>) (capacity: int) (stepper: Stepper) : StepState =
        let operation = "Stepwise.startFrom"

        match Tree.values context |> List.map (Rows.count operation) |> List.distinct with
        | [ rows ] ->
            usable operation rows capacity

            for path, t in Tree.toList context do
                Admit.finite operation path t

            StepState(stepper, context, Array.init rows id, capacity, 0, ValueNone)
        | found ->
            let counts = found |> List.map string |> String.concat ", "

            Refuse.shape
                operation
                (if found.IsEmpty then "no inputs" else $"inputs of {counts} rows")
                "inputs of the same number of rows"
                "give each input a row for each sequence"

    /// The outputs at the next places, `[rows; places; ...]`, and where the sequences stand then.
    /// `let scores, next = Stepwise.step tokens state`
    let step (values: Tensor) (state: StepState) : Tensor * StepState =
        let struct (outputs, next) = state.Step values
        outputs, next
