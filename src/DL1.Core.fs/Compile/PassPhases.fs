namespace DL1

/// How often a value of a pass changes: never in a call, from segment to segment, or from block to block.
[<RequireQualifiedAccess; Struct>]
type internal PassRate =
    | Call
    | Segment
    | Block

/// What a phase does for each block: computes a step, or reads it from the operand that an earlier phase stored it to.
[<RequireQualifiedAccess; Struct>]
type internal PassWork =
    | Compute of step: int
    | Reload of stored: int * operand: int

/// One phase: what is done once before its loop, once for each segment, and for each block. Stores are pairs of a step
/// and an operand, in the order of the pass.
[<NoEquality; NoComparison>]
type internal PassPhase =
    {
        Still: int[]
        StillStores: struct (int * int)[]
        Segment: int[]
        SegmentStores: struct (int * int)[]
        Block: PassWork[]
        BlockStores: struct (int * int)[]
        /// The fold's step, how it folds, and what.
        Folds: struct (int * ReduceOp * int)[]
    }

    /// Whether the phase has anything to do for each segment.
    member this.Loops = this.SegmentStores.Length + this.BlockStores.Length + this.Folds.Length > 0

/// A pass in order: what its values are, and what each phase computes. What no store needs is left out.
[<NoEquality; NoComparison>]
type internal PassPlan = { Pass: Pass; Kinds: LaneKind[]; Rates: PassRate[]; Phases: PassPhase[] }

/// Puts the steps of a pass into phases.
[<RequireQualifiedAccess>]
module internal PassPhases =
    let private refuse given expected : 'a =
        Refuse.domain "compile a pass" given expected "report this as a bug"

    /// The steps that a step reads.
    let inputs step =
        match step with
        | PassStep.Load _
        | PassStep.Number _
        | PassStep.WholeNumber _ -> []
        | PassStep.Unary(_, x)
        | PassStep.Convert(_, x)
        | PassStep.Fold(_, x) -> [ x ]
        | PassStep.Binary(_, x, y)
        | PassStep.Compare(_, x, y) -> [ x; y ]
        | PassStep.Select(c, x, y) -> [ c; x; y ]

    let private kindOf (pass: Pass) (dtype: DType) =
        match dtype with
        | DType.Bool -> LaneKind.Truth
        | DType.I32 -> LaneKind.Whole
        | DType.F32
        | DType.F64 when dtype = pass.Type -> LaneKind.Float
        | DType.F32
        | DType.F64
        | DType.I64 -> refuse $"an operand of {dtype} in a pass of {pass.Type}" $"{pass.Type}, i32 or bool"

    let private kinds (pass: Pass) =
        let kinds = Array.create pass.Steps.Length LaneKind.Float

        let same place x y =
            if kinds[x] = kinds[y] then
                kinds[x]
            else
                refuse $"step {place} of lanes of {kinds[x]} and {kinds[y]}" "lanes of one kind"

        pass.Steps
        |> Array.iteri (fun i step ->
            for x in inputs step do
                if x < 0 || x >= i then
                    refuse $"step {i} reading step {x}" "a step before it"

            kinds[i] <-
                match step with
                | PassStep.Load operand -> kindOf pass pass.Operands[operand].Type
                | PassStep.Number _ -> LaneKind.Float
                | PassStep.WholeNumber _ -> LaneKind.Whole
                | PassStep.Unary(_, x)
                | PassStep.Fold(_, x) -> kinds[x]
                | PassStep.Binary(_, x, y) -> same i x y
                | PassStep.Compare(_, x, y) ->
                    same i x y |> ignore
                    LaneKind.Truth
                | PassStep.Select(c, x, y) ->
                    if kinds[c] <> LaneKind.Truth then
                        refuse $"step {i} selecting by lanes of {kinds[c]}" "truth values"

                    same i x y
                | PassStep.Convert(kind, _) -> kind)

        kinds

    /// How often an operand's element changes.
    let private operandRate (pass: Pass) operand =
        let o = pass.Operands[operand]

        if pass.Across && o.Along then PassRate.Block
        elif o.Still then PassRate.Call
        elif pass.Across then PassRate.Segment
        else PassRate.Block

    let private rates (pass: Pass) =
        let rates = Array.create pass.Steps.Length PassRate.Call

        pass.Steps
        |> Array.iteri (fun i step ->
            rates[i] <-
                match step with
                | PassStep.Load operand -> operandRate pass operand
                | PassStep.Fold _ -> PassRate.Call
                | other -> inputs other |> List.fold (fun rate x -> max rate rates[x]) PassRate.Call)

        rates

    /// The steps that stores need.
    let private live (pass: Pass) =
        let live = Array.create pass.Steps.Length false

        for struct (value, _) in pass.Stores do
            live[value] <- true

        for i in pass.Steps.Length - 1 .. -1 .. 0 do
            if live[i] then
                inputs pass.Steps[i] |> List.iter (fun x -> live[x] <- true)

        live

    /// The first phase in which each step can be computed.
    let private earliest (pass: Pass) =
        let phases = Array.zeroCreate pass.Steps.Length

        pass.Steps
        |> Array.iteri (fun i step ->
            let after = inputs step |> List.fold (fun phase x -> max phase phases[x]) 0

            phases[i] <-
                match step with
                | PassStep.Fold _ -> after + 1
                | PassStep.Load _
                | PassStep.Number _
                | PassStep.WholeNumber _
                | PassStep.Unary _
                | PassStep.Binary _
                | PassStep.Compare _
                | PassStep.Select _
                | PassStep.Convert _ -> after)

        phases

    let private tryFold step =
        match step with
        | PassStep.Fold(op, x) -> Some struct (op, x)
        | PassStep.Load _
        | PassStep.Number _
        | PassStep.WholeNumber _
        | PassStep.Unary _
        | PassStep.Binary _
        | PassStep.Compare _
        | PassStep.Select _
        | PassStep.Convert _ -> None

    /// The operation that takes one more value into a fold.
    let folding op =
        match op with
        | ReduceOp.Sum -> BinaryOp.Add
        | ReduceOp.Prod -> BinaryOp.Mul
        | ReduceOp.Max -> BinaryOp.Max
        | ReduceOp.Min -> BinaryOp.Min

    /// What a fold of floats begins with.
    let startFloat op =
        match op with
        | ReduceOp.Sum -> 0.0
        | ReduceOp.Prod -> 1.0
        | ReduceOp.Max -> -infinity
        | ReduceOp.Min -> infinity

    /// What a fold of whole numbers begins with.
    let startWhole op =
        match op with
        | ReduceOp.Sum -> 0
        | ReduceOp.Prod -> 1
        | ReduceOp.Max -> System.Int32.MinValue
        | ReduceOp.Min -> System.Int32.MaxValue

    /// Whether a step is a few instructions, so that it costs little to have them more than once.
    let isCheap step =
        match step with
        | PassStep.Unary(op, _) ->
            match op with
            | UnaryOp.Neg
            | UnaryOp.Abs
            | UnaryOp.Sign
            | UnaryOp.Floor
            | UnaryOp.Ceiling
            | UnaryOp.Round
            | UnaryOp.Sqrt
            | UnaryOp.Rsqrt
            | UnaryOp.Reciprocal
            | UnaryOp.Relu
            | UnaryOp.Not -> true
            | UnaryOp.Exp
            | UnaryOp.Expm1
            | UnaryOp.Log
            | UnaryOp.Log1p
            | UnaryOp.Sin
            | UnaryOp.Cos
            | UnaryOp.Tan
            | UnaryOp.Asin
            | UnaryOp.Acos
            | UnaryOp.Atan
            | UnaryOp.Sinh
            | UnaryOp.Cosh
            | UnaryOp.Tanh
            | UnaryOp.Sigmoid
            | UnaryOp.Softplus
            | UnaryOp.Erf -> false
        | PassStep.Binary(op, _, _) -> op <> BinaryOp.Pow
        | PassStep.Load _
        | PassStep.Number _
        | PassStep.WholeNumber _
        | PassStep.Compare _
        | PassStep.Select _
        | PassStep.Convert _
        | PassStep.Fold _ -> true

    /// Whether all that a phase does for a block may stand in the code once for each vector of it.
    let isLight (pass: Pass) (phase: PassPhase) =
        let light work =
            match work with
            | PassWork.Reload _ -> true
            | PassWork.Compute step -> isCheap pass.Steps[step]

        phase.Block.Length <= 32 && Array.forall light phase.Block

    /// Whether it is cheaper to have a step again than to read it back.
    let private isGiven step =
        match step with
        | PassStep.Load _
        | PassStep.Number _
        | PassStep.WholeNumber _ -> true
        | PassStep.Fold _
        | PassStep.Unary _
        | PassStep.Binary _
        | PassStep.Compare _
        | PassStep.Select _
        | PassStep.Convert _ -> false

    /// The pass in phases.
    let plan (pass: Pass) : PassPlan =
        let kinds, rates, live, earliest = kinds pass, rates pass, live pass, earliest pass
        let steps = [| 0 .. pass.Steps.Length - 1 |]

        for struct (value, operand) in pass.Stores do
            if rates[value] > operandRate pass operand then
                refuse
                    $"a store of step {value} to operand {operand}, which moves less"
                    "an operand that moves as its values do"

            if kinds[value] <> kindOf pass pass.Operands[operand].Type then
                refuse
                    $"a store of lanes of {kinds[value]} to an operand of {pass.Operands[operand].Type}"
                    "the operand's kind"

        let last = pass.Stores |> Array.fold (fun phase (struct (value, _)) -> max phase earliest[value]) 0

        let loaded =
            steps
            |> Array.choose (fun i ->
                match pass.Steps[i] with
                | PassStep.Load operand when live[i] -> Some operand
                | _ -> None)
            |> set

        // What is read and written at once is written last, lest a later phase read what was written.
        let stores =
            pass.Stores
            |> Array.map (fun (struct (value, operand)) ->
                (if loaded.Contains operand then last else earliest[value]), value, operand)

        /// The operand that still has a step's values from an earlier phase.
        let kept phase step =
            let moves operand =
                let o = pass.Operands[operand]
                o.Along && not o.Still

            let overwritten at (by, _, other) (_, _, operand) place =
                other = operand && by < phase && (by > at || (by = at && place))

            if isGiven pass.Steps[step] then
                None
            else
                stores
                |> Array.indexed
                |> Array.tryPick (fun (n, ((at, value, operand) as store)) ->
                    let lost =
                        stores
                        |> Array.indexed
                        |> Array.exists (fun (m, other) -> overwritten at other store (m > n))

                    if value = step && at < phase && moves operand && not lost then
                        Some operand
                    else
                        None)

        let phase number =
            let stored =
                stores
                |> Array.choose (fun (at, value, operand) ->
                    if at = number then Some(struct (value, operand)) else None)

            let storesOf rate =
                stored |> Array.filter (fun (struct (_, operand)) -> operandRate pass operand = rate)

            let folds =
                steps
                |> Array.choose (fun i ->
                    match tryFold pass.Steps[i] with
                    | Some(op, x) when live[i] && earliest[i] = number + 1 -> Some(struct (i, op, x))
                    | Some _
                    | None -> None)

            let needed = Array.create pass.Steps.Length false

            for struct (value, _) in stored do
                needed[value] <- true

            for struct (_, _, x) in folds do
                needed[x] <- true

            let kept = Array.map (kept number) steps

            for i in Array.rev steps do
                if needed[i] && rates[i] <> PassRate.Call && kept[i].IsNone then
                    inputs pass.Steps[i] |> List.iter (fun x -> needed[x] <- true)

            {
                Still =
                    steps
                    |> Array.filter (fun i ->
                        live[i]
                        && rates[i] = PassRate.Call
                        && earliest[i] = number
                        && (tryFold pass.Steps[i]).IsNone)
                StillStores = storesOf PassRate.Call
                Segment = steps |> Array.filter (fun i -> needed[i] && rates[i] = PassRate.Segment)
                SegmentStores = storesOf PassRate.Segment
                Block =
                    steps
                    |> Array.filter (fun i -> needed[i] && rates[i] = PassRate.Block)
                    |> Array.map (fun i ->
                        match kept[i] with
                        | Some operand -> PassWork.Reload(i, operand)
                        | None -> PassWork.Compute i)
                BlockStores = storesOf PassRate.Block
                Folds = folds
            }

        { Pass = pass; Kinds = kinds; Rates = rates; Phases = Array.init (last + 1) phase }
