namespace DL1.Compiler.FusedLoop

open System
open DL1

/// How often the value of a step changes: once a call, once a segment, or with every block of columns.
[<RequireQualifiedAccess; Struct>]
type internal LoopRate =
    | Call
    | Segment
    | Block

/// The cost of a unary operation for each element.
[<RequireQualifiedAccess; Struct>]
type internal UnaryCost =
    /// A few instructions.
    | Cheap
    /// Square roots: a fused loop may repeat one in each stage, but it takes no less time than a round trip to memory.
    | Root
    /// exp, tanh and their kin: an element takes several times as long as storing it and reading it back.
    | Function

/// Properties of the steps of a fused loop, each step by itself.
[<RequireQualifiedAccess>]
module internal LoopSteps =
    /// The error for a malformed fused loop, which is a bug of the compiler.
    let refuse given expected : 'a =
        Refuse.domain "compile a fused loop" given expected "report this as a bug"

    /// The indices of the steps that a step reads.
    let inputs step =
        match step with
        | LoopStep.Load _
        | LoopStep.Number _
        | LoopStep.WholeNumber _ -> []
        | LoopStep.Unary(_, x)
        | LoopStep.Convert(_, x)
        | LoopStep.Reduce(_, x) -> [ x ]
        | LoopStep.Binary(_, x, y)
        | LoopStep.Erf(x, y)
        | LoopStep.Compare(_, x, y) -> [ x; y ]
        | LoopStep.Select(c, x, y) -> [ c; x; y ]

    let costOf op =
        match op with
        | UnaryOp.Neg
        | UnaryOp.Abs
        | UnaryOp.Sign
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round
        | UnaryOp.Reciprocal
        | UnaryOp.Relu
        | UnaryOp.Not -> UnaryCost.Cheap
        | UnaryOp.Sqrt
        | UnaryOp.Rsqrt -> UnaryCost.Root
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
        | UnaryOp.Erf -> UnaryCost.Function

    /// Whether a step takes a few instructions or one square root. Others, such as exp, take longer than moving an element.
    let isCheap step =
        match step with
        | LoopStep.Unary(op, _) -> costOf op <> UnaryCost.Function
        | LoopStep.Binary(op, _, _) -> op <> BinaryOp.Pow
        | LoopStep.Erf _ -> false
        | LoopStep.Load _
        | LoopStep.Number _
        | LoopStep.WholeNumber _
        | LoopStep.Compare _
        | LoopStep.Select _
        | LoopStep.Convert _
        | LoopStep.Reduce _ -> true

    /// The relative cost of one element of the loop: 1 for moving it, plus 4 for each step that is not cheap.
    let weight (loop: FusedLoop) = 1 + 4 * (loop.Steps |> Array.filter (isCheap >> not) |> Array.length)

    /// The lane kind for an operand's type; refuses types that the loop cannot hold.
    let kindOf (loop: FusedLoop) (dtype: DType) =
        match dtype with
        | DType.Bool -> LaneKind.Truth
        | DType.I32 -> LaneKind.Whole
        | DType.F32
        | DType.F64 when dtype = loop.Type -> LaneKind.Float
        | DType.F32
        | DType.F64
        | DType.I64 ->
            refuse $"an operand of {dtype} in a fused loop of {loop.Type}" $"{loop.Type}, i32 or bool"

    /// Computes a property of each step, in order: `of'` gets the properties found so far, the step's index, and the step.
    let inline forward (initial: 'a) ([<InlineIfLambda>] of') (loop: FusedLoop) =
        let found = Array.create loop.Steps.Length initial
        loop.Steps |> Array.iteri (fun i step -> found[i] <- of' found i step)
        found

    /// The lane kind of each step; refuses steps that read later steps, or mix kinds.
    let kinds (loop: FusedLoop) =
        let same (kinds: LaneKind[]) (index: int) x y =
            if kinds[x] = kinds[y] then
                kinds[x]
            else
                refuse $"step %d{index} of lanes of {kinds[x]} and {kinds[y]}" "lanes of one kind"

        let kind (kinds: LaneKind[]) i step =
            for x in inputs step do
                if x < 0 || x >= i then
                    refuse $"step %d{i} reading step %d{x}" "a step before it"

            match step with
            | LoopStep.Load operand -> kindOf loop loop.Operands[operand].Type
            | LoopStep.Number _ -> LaneKind.Float
            | LoopStep.WholeNumber _ -> LaneKind.Whole
            | LoopStep.Unary(_, x)
            | LoopStep.Reduce(_, x) -> kinds[x]
            | LoopStep.Binary(_, x, y)
            | LoopStep.Erf(x, y) -> same kinds i x y
            | LoopStep.Compare(_, x, y) ->
                same kinds i x y |> ignore
                LaneKind.Truth
            | LoopStep.Select(c, x, y) ->
                if kinds[c] <> LaneKind.Truth then
                    refuse $"step %d{i} selecting by lanes of {kinds[c]}" "truth values"

                same kinds i x y
            | LoopStep.Convert(kind, _) -> kind

        forward LaneKind.Float kind loop

    /// How often an operand's element changes.
    let operandRate (loop: FusedLoop) operand =
        let o = loop.Operands[operand]

        if loop.Across && o.Along then LoopRate.Block
        elif o.Invariant then LoopRate.Call
        elif loop.Across then LoopRate.Segment
        else LoopRate.Block

    /// How often each step's value changes.
    let rates (loop: FusedLoop) =
        loop
        |> forward LoopRate.Call (fun rates _ step ->
            match step with
            | LoopStep.Load operand -> operandRate loop operand
            | LoopStep.Reduce _ -> LoopRate.Call
            | other -> inputs other |> List.fold (fun rate x -> max rate rates[x]) LoopRate.Call)

    /// For each step, whether its value is the same in all columns.
    let uniform (loop: FusedLoop) =
        loop
        |> forward true (fun uniform _ step ->
            match step with
            | LoopStep.Load operand -> not loop.Operands[operand].Along
            | LoopStep.Reduce _ -> loop.Across
            | other -> inputs other |> List.forall (fun x -> uniform[x]))

    /// The operation of a reduction and the index of the step that it reduces; `None` for any other step.
    let tryReduce step =
        match step with
        | LoopStep.Reduce(op, x) -> Some struct (op, x)
        | _ -> None

    /// The operand that a step loads; `None` where it is no load.
    let tryLoad step =
        match step with
        | LoopStep.Load operand -> Some operand
        | _ -> None

    /// The binary operation by which a reduction takes in one more value.
    let combining op =
        match op with
        | ReduceOp.Sum -> BinaryOp.Add
        | ReduceOp.Prod -> BinaryOp.Mul
        | ReduceOp.Max -> BinaryOp.Max
        | ReduceOp.Min -> BinaryOp.Min

    /// The value from which a reduction of floats starts.
    let startFloat op =
        match op with
        | ReduceOp.Sum -> 0.0
        | ReduceOp.Prod -> 1.0
        | ReduceOp.Max -> -infinity
        | ReduceOp.Min -> infinity

    /// The value from which a reduction of 32-bit integers starts.
    let startWhole op = int (Math.Clamp(startFloat op, float Int32.MinValue, float Int32.MaxValue))
