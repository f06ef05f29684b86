/// Passes at random, with operands at random between guards, and what a body leaves in them.
module DL1.Tests.PassCases

open System
open System.Runtime.InteropServices
open DL1
open DL1.Compiler.Emit
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// A pass, how many segments and columns it is given, and the seed of its operands' elements.
type internal Case = { Loop: FusedLoop; Segments: int; Columns: int; Seed: int }

let internal size (dtype: DType) =
    match dtype with
    | DType.F32
    | DType.I32 -> 4
    | DType.F64
    | DType.I64 -> 8
    | DType.Bool -> 1

let internal block (pass: FusedLoop) = if pass.Type = DType.F32 then 16 else 8

/// Numbers of every kind.
let internal special =
    [|
        0.0
        -0.0
        1.0
        -1.0
        0.5
        -2.5
        1.5
        2.5
        nan
        infinity
        -infinity
        1e-40
        -3e38
        7.25
        100.0
        -87.5
        1e10
        -3e9
    |]

/// The bytes of the guards around an operand.
let private room = 128

/// Bytes of elements of a type, with the guards' bytes around them.
let private elements (dtype: DType) count (random: Random) : byte[] =
    let float () =
        if random.Next 3 = 0 then
            special[random.Next special.Length]
        else
            (random.NextDouble() - 0.5) * 8.0

    let bytes () =
        match dtype with
        | DType.F32 -> BitConverter.GetBytes(float32 (float ()))
        | DType.F64 -> BitConverter.GetBytes(float ())
        | DType.I32 ->
            BitConverter.GetBytes(
                if random.Next 4 = 0 then
                    (if random.Next 2 = 0 then Int32.MinValue else Int32.MaxValue)
                else
                    random.Next(-5, 6)
            )
        | DType.I64 -> BitConverter.GetBytes 0L
        | DType.Bool -> [| byte (random.Next 2) |]

    Array.concat
        [
            Array.create room 0xA5uy
            Array.init count (fun _ -> bytes ()) |> Array.concat
            Array.create room 0xA5uy
        ]

/// How an operand lies: the elements that it takes, and the bytes from segment to segment.
let private extent (case: Case) (o: LoopOperand) =
    let line = if o.Along then case.Columns else 1
    // Lines that stand apart show what is written between them.
    let apart = if o.Invariant then 0 else line + 3
    let count = if o.Invariant then line else max 0 (case.Segments * apart)
    count, apart * size o.Type

/// NaN counts as NaN.
let private normal (dtype: DType) (bytes: byte[]) =
    let inner = bytes[room .. bytes.Length - room - 1]

    match dtype with
    | DType.F32 ->
        inner
        |> Array.chunkBySize 4
        |> Array.map (fun b ->
            let v = BitConverter.ToSingle(b, 0)
            if Single.IsNaN v then 1L <<< 40 else int64 (BitConverter.SingleToInt32Bits v))
    | DType.F64 ->
        inner
        |> Array.chunkBySize 8
        |> Array.map (fun b ->
            let v = BitConverter.ToDouble(b, 0)
            BitConverter.DoubleToInt64Bits(if Double.IsNaN v then nan else v))
    | DType.I32
    | DType.I64
    | DType.Bool -> Array.map int64 inner

/// What a body leaves in the operands; their guards must stay. Operands with the same number in `shared` lie at the
/// same place.
let internal run (body: LoopBody) (case: Case) (shared: int[]) =
    let random = Random case.Seed

    let memory =
        case.Loop.Operands
        |> Array.map (fun o ->
            let bytes = elements o.Type (fst (extent case o)) random
            let pinned = GC.AllocateArray<byte>(bytes.Length, pinned = true)
            Array.Copy(bytes, pinned, bytes.Length)
            pinned)

    let memory = shared |> Array.map (fun i -> memory[i])

    let pairs =
        Array.zip case.Loop.Operands memory
        |> Array.collect (fun (o, m) ->
            [| Marshal.UnsafeAddrOfPinnedArrayElement(m, room); nativeint (snd (extent case o)) |])

    let table = GC.AllocateArray<nativeint>(pairs.Length + 1, pinned = true)
    Array.Copy(pairs, table, pairs.Length)

    body.Invoke(
        Marshal.UnsafeAddrOfPinnedArrayElement(table, 0),
        nativeint case.Segments,
        nativeint case.Columns,
        0n
    )

    // The body sees addresses alone, which keep nothing alive.
    GC.KeepAlive table

    let guarded =
        memory
        |> Array.forall (fun m ->
            Array.forall ((=) 0xA5uy) m[.. room - 1] && Array.forall ((=) 0xA5uy) m[m.Length - room ..])

    if guarded then
        Ok(Array.map2 (fun (o: LoopOperand) m -> normal o.Type m) case.Loop.Operands memory)
    else
        Error "wrote outside its operands"

/// A body that does each phase as a share of its own, all segments and columns in one, then what is still.
let internal inShares (p: FusedLoop) (body: LoopBody) : LoopBody =
    let phases = (Stages.plan p).Stages
    let folds = phases |> Array.sumBy _.Reductions.Length
    let lanes = GC.AllocateArray<byte>(64 * (folds + 1), pinned = true)
    let share = GC.AllocateArray<SplitReduction>(1, pinned = true)
    let known = Marshal.UnsafeAddrOfPinnedArrayElement(lanes, 0)

    LoopBody(fun operands segments columns _ ->
        let mutable before = 0

        for phase in 0 .. phases.Length do
            let totals = known + nativeint (64 * before)
            share[0] <- { Stage = nativeint phase; Known = known; Totals = totals }
            body.Invoke(operands, segments, columns, Marshal.UnsafeAddrOfPinnedArrayElement(share, 0))

            if phase < phases.Length then
                before <- before + phases[phase].Reductions.Length

        // The body sees addresses alone, which keep nothing alive.
        GC.KeepAlive lanes
        GC.KeepAlive share)

let internal apart (case: Case) = Array.init case.Loop.Operands.Length id

/// The interpreter and the emitted code of each width.
let internal bodies p =
    CodeCache.get Width.Bits128 false p
    :: ([ Width.Bits128; Width.Bits256; Width.Bits512 ]
        |> List.map (fun width -> EmitLoop.body width (Stages.plan p)))

let internal widths = [ Width.Bits128; Width.Bits256; Width.Bits512 ]
let internal interpreted case shared = run (CodeCache.get Width.Bits128 false case.Loop) case shared
// Not by the cache, which interprets where the emitter misses a method.
let internal emitted width case shared = run (EmitLoop.body width (Stages.plan case.Loop)) case shared

/// What all bodies of a case leave, each phase a share.
let internal shared case =
    bodies case.Loop |> List.map (fun body -> run (inShares case.Loop body) case (apart case))

let private floats =
    [
        UnaryOp.Neg
        UnaryOp.Abs
        UnaryOp.Sign
        UnaryOp.Floor
        UnaryOp.Ceiling
        UnaryOp.Round
        UnaryOp.Exp
        UnaryOp.Expm1
        UnaryOp.Log
        UnaryOp.Log1p
        UnaryOp.Sqrt
        UnaryOp.Rsqrt
        UnaryOp.Reciprocal
        UnaryOp.Sin
        UnaryOp.Cos
        UnaryOp.Tan
        UnaryOp.Asin
        UnaryOp.Acos
        UnaryOp.Atan
        UnaryOp.Sinh
        UnaryOp.Cosh
        UnaryOp.Tanh
        UnaryOp.Sigmoid
        UnaryOp.Softplus
        UnaryOp.Erf
        UnaryOp.Relu
        UnaryOp.Not
    ]

let internal floatPairs =
    [
        BinaryOp.Add
        BinaryOp.Sub
        BinaryOp.Mul
        BinaryOp.Div
        BinaryOp.Pow
        BinaryOp.Max
        BinaryOp.Min
        BinaryOp.And
        BinaryOp.Or
    ]

let private wholes = [ UnaryOp.Neg; UnaryOp.Abs; UnaryOp.Sign; UnaryOp.Relu ]
let private wholePairs = [ BinaryOp.Add; BinaryOp.Sub; BinaryOp.Mul; BinaryOp.Max; BinaryOp.Min ]

let internal comparisons =
    [ CompareOp.Eq; CompareOp.Ne; CompareOp.Lt; CompareOp.Le; CompareOp.Gt; CompareOp.Ge ]

let internal reductions = [ ReduceOp.Sum; ReduceOp.Prod; ReduceOp.Max; ReduceOp.Min ]
let private kinds = [ LaneKind.Float; LaneKind.Whole; LaneKind.Truth ]

let private pick (random: Random) (items: 'a list) = items[random.Next items.Length]

/// A pass of random steps, each fit for the kinds of its inputs; the last values and the folds are stored.
let internal generate (seed: int) : Case =
    let random = Random seed
    let pick items = pick random items
    let dtype = pick [ DType.F32; DType.F64 ]
    let across = random.Next 3 > 0
    let truth () = random.Next 2 = 0

    let sources =
        Array.init (1 + random.Next 4) (fun i ->
            {
                Type = (if i = 0 then dtype else pick [ dtype; dtype; DType.I32; DType.Bool ])
                Along = (i = 0 || random.Next 3 > 0)
                Invariant = random.Next 3 = 0
                Spill = random.Next 8 = 0
            })

    let steps = ResizeArray<LoopStep>()
    let kinds' = ResizeArray<LaneKind>()

    let add step kind =
        steps.Add step
        kinds'.Add kind

    sources
    |> Array.iteri (fun i o ->
        add
            (LoopStep.Load i)
            (if o.Type.IsFloat then LaneKind.Float
             elif o.Type = DType.I32 then LaneKind.Whole
             else LaneKind.Truth))

    add (LoopStep.Number special[random.Next special.Length]) LaneKind.Float
    add (LoopStep.WholeNumber(random.Next(-3, 4))) LaneKind.Whole
    add (LoopStep.Convert(LaneKind.Truth, 0)) LaneKind.Truth

    let some kind =
        pick
            [
                for i in 0 .. kinds'.Count - 1 do
                    if kinds'[i] = kind then
                        yield i
            ]

    for _ in 1 .. 3 + random.Next 12 do
        let kind = pick [ LaneKind.Float; LaneKind.Float; LaneKind.Whole; LaneKind.Truth ]
        let x, y = some kind, some kind

        match random.Next 8 with
        | 0
        | 1 ->
            let op =
                match kind with
                | LaneKind.Float -> pick floats
                | LaneKind.Whole -> pick wholes
                | LaneKind.Truth -> UnaryOp.Not

            add (LoopStep.Unary(op, x)) kind
        | 2
        | 3 ->
            let op =
                match kind with
                | LaneKind.Float -> pick floatPairs
                | LaneKind.Whole -> pick wholePairs
                | LaneKind.Truth -> pick [ BinaryOp.And; BinaryOp.Or ]

            add (LoopStep.Binary(op, x, y)) kind
        | 4 when kind = LaneKind.Float && random.Next 2 = 0 -> add (LoopStep.Erf(x, y)) kind
        | 4 -> add (LoopStep.Compare(pick comparisons, x, y)) LaneKind.Truth
        | 5 -> add (LoopStep.Select(some LaneKind.Truth, x, y)) kind
        | 6 ->
            let target = pick kinds
            add (LoopStep.Convert(target, x)) target
        | _ when kind <> LaneKind.Truth -> add (LoopStep.Reduce(pick reductions, x)) kind
        | _ -> ()

    // Where the values may go: stores to operands that move everywhere always may.
    let typeOf kind =
        match kind with
        | LaneKind.Float -> dtype
        | LaneKind.Whole -> DType.I32
        | LaneKind.Truth -> DType.Bool

    let targets = ResizeArray<LoopOperand>()
    let stores = ResizeArray<struct (int * int)>()

    let store step along still =
        stores.Add(struct (step, sources.Length + targets.Count))
        targets.Add { Type = typeOf kinds'[step]; Along = along; Invariant = still; Spill = false }

    let count = steps.Count
    store (count - 1) true false

    for _ in 0 .. random.Next 4 do
        store (random.Next count) true false

    for step in 0 .. count - 1 do
        match steps[step] with
        | LoopStep.Reduce _ when truth () -> store step (not across) true
        | _ -> ()

    // Another value over the first target, now and then.
    let over =
        [
            for i in 0 .. count - 1 do
                if kinds'[i] = kinds'[count - 1] then
                    yield i
        ]

    if truth () then
        stores.Add(struct (pick over, sources.Length))

    let pass =
        {
            Type = dtype
            Operands = Array.append sources (targets.ToArray())
            Steps = steps.ToArray()
            Stores = stores.ToArray()
            Across = across
        }

    let b = block pass

    {
        Loop = pass
        Segments = pick [ 0; 1; 2; 5 ]
        Columns =
            if across then
                pick [ 0; 1; b - 1; b; b + 1; 2 * b; 37; 61; 300 ]
            else
                pick [ 0; 1; 2; 3; 5; b / 2; b - 1; b ]
        Seed = random.Next()
    }

let internal sameEverywhere case shared =
    let expected = interpreted case shared

    expected <> Error "wrote outside its operands"
    && widths |> List.forall (fun width -> emitted width case shared = expected)
