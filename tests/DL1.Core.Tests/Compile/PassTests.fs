/// Passes: emitted code and the interpreter give the same bits in every width, and those of their definition.
module DL1.Tests.PassTests

open System
open System.Runtime.InteropServices
open DL1
open DL1.Tests.Law
open DL1.Tests.PassCases
open Expecto
open FsCheck
open FsCheck.FSharp
open DL1.Compiler.Emit
open DL1.Compiler.FusedLoop
open DL1.Compiler.Inspection
open DL1.Compiler.Simd

/// The reductions of one column or of all, in the order that `FusedLoop` documents, by arithmetic on single numbers.
let private reference (op: ReduceOp) (round: float -> float) lanes across (lines: float[][]) =
    let start, join =
        match op with
        | ReduceOp.Sum -> 0.0, (fun a b -> round (a + b))
        | ReduceOp.Prod -> 1.0, (fun a b -> round (a * b))
        | ReduceOp.Max -> -infinity, (fun (a: float) b -> Math.Max(a, b))
        | ReduceOp.Min -> infinity, (fun (a: float) b -> Math.Min(a, b))

    // Lines cut where a piece of a sum may end: downward before each, across before every 128th block of one.
    let runs =
        if across then
            lines |> Array.collect (Array.chunkBySize (128 * lanes))
        else
            lines

    let piece = if across then 128 * lanes else 128

    /// The runs of each piece: as many as it takes to be long enough.
    let rec pieces (since: int) (current: float[] list) found (left: float[] list) =
        match left with
        | [] -> List.rev (List.rev current :: found)
        | run :: left when since >= piece -> pieces 0 [] (List.rev current :: found) (run :: left)
        | run :: left -> pieces (since + (if across then run.Length else 1)) (run :: current) found left

    let sumOf (runs: float[] list) =
        let totals = Array.create lanes start

        for run in runs do
            run |> Array.iteri (fun c v -> totals[c % lanes] <- join totals[c % lanes] v)

        totals

    let together (parts: float[] list) = List.fold (Array.map2 join) (Array.create lanes start) parts

    let totals =
        match op, pieces 0 [] [] (List.ofArray runs) with
        | ReduceOp.Sum, (_ :: _ :: _ as pieces) ->
            // Every 128 whole pieces are summed for themselves; the last piece belongs to those that are left.
            let sums = List.map sumOf pieces
            let whole = (sums.Length - 1) / 128 * 128
            let groups = List.take whole sums |> List.chunkBySize 128 |> List.map together
            together (groups @ [ together (List.skip whole sums) ])
        | _ -> sumOf (List.ofArray runs)

    let rec halves (values: float[]) =
        let half = values.Length / 2

        if half = 0 then
            values[0]
        else
            halves (Array.init half (fun i -> join values[i] values[i + half]))

    if across then [| halves totals |] else totals

let private many = { config with maxTest = 400 }

let private generated =
    testPropertyWithConfig
        many
        "a generated pass has the same bits emitted and interpreted"
        (fun (seed: int) ->
            let case = generate seed
            sameEverywhere case (apart case) |> Prop.label $"%A{case}")

let private phaseByPhase =
    testPropertyWithConfig
        many
        "a generated pass has the same bits phase by phase, emitted and interpreted"
        (fun (seed: int) ->
            let case = generate seed
            let whole = interpreted case (apart case)
            shared case |> List.forall ((=) whole) |> Prop.label $"%A{case}")

let private operand dtype along still = { Type = dtype; Along = along; Invariant = still; Spill = false }

let private pass dtype across operands steps stores =
    {
        Type = dtype
        Operands = Array.ofList operands
        Steps = Array.ofList steps
        Stores = Array.ofList stores
        Across = across
    }

let private put (dtype: DType) (v: float) =
    if dtype = DType.F32 then
        BitConverter.GetBytes(float32 v)
    else
        BitConverter.GetBytes v

let private take (dtype: DType) (bytes: byte[]) at =
    if dtype = DType.F32 then
        float (BitConverter.ToSingle(bytes, at))
    else
        BitConverter.ToDouble(bytes, at)

/// Runs a pass on one segment whose operands' elements are given as bytes; gives the operands' bytes.
let private apply (body: LoopBody) (segments: int) columns (strides: int[]) (operands: byte[][]) =
    let memory =
        operands
        |> Array.map (fun bytes ->
            let pinned = GC.AllocateArray<byte>(max 1 bytes.Length, pinned = true)
            Array.Copy(bytes, pinned, bytes.Length)
            pinned)

    let table = GC.AllocateArray<nativeint>(2 * memory.Length, pinned = true)

    memory
    |> Array.iteri (fun i m ->
        table[2 * i] <- Marshal.UnsafeAddrOfPinnedArrayElement(m, 0)
        table[2 * i + 1] <- nativeint strides[i])

    body.Invoke(Marshal.UnsafeAddrOfPinnedArrayElement(table, 0), nativeint segments, nativeint columns, 0n)
    // Bodies see addresses alone, which keep nothing alive.
    GC.KeepAlive table
    memory

let private same (x: float) (y: float) =
    (Double.IsNaN x && Double.IsNaN y)
    || BitConverter.DoubleToInt64Bits x = BitConverter.DoubleToInt64Bits y

let private round (dtype: DType) v = if dtype = DType.F32 then float (float32 v) else v
let private numbers dtype (xs: float[]) = Array.map (round dtype) (Array.append special xs)
let private bytesOf dtype xs = xs |> Array.map (put dtype) |> Array.concat

/// A step of one or two floats against its definition, in every width.
let private judge dtype step (xs: float[]) (ys: float[]) (expected: float -> float -> float) =
    let p =
        pass
            dtype
            true
            [ operand dtype true false; operand dtype true false; operand dtype true false ]
            [ LoopStep.Load 0; LoopStep.Load 1; step ]
            [ struct (2, 2) ]

    let bytes = [| bytesOf dtype xs; bytesOf dtype ys; bytesOf dtype xs |]

    bodies p
    |> List.forall (fun body ->
        let result = (apply body 1 xs.Length [| 0; 0; 0 |] bytes)[2]

        Array.forall2
            same
            (Array.map2 (fun x y -> round dtype (expected x y)) xs ys)
            (Array.init xs.Length (fun i -> take dtype result (i * size dtype))))

let private errorFunction =
    testList
        "the error function, given exp(−x²), has the bits that it has alone"
        [
            for dtype in [ DType.F32; DType.F64 ] do
                test $"{dtype}" {
                    let p =
                        pass
                            dtype
                            true
                            (List.replicate 3 (operand dtype true false))
                            [
                                LoopStep.Load 0
                                LoopStep.Unary(UnaryOp.Erf, 0)
                                LoopStep.Binary(BinaryOp.Mul, 0, 0)
                                LoopStep.Unary(UnaryOp.Neg, 2)
                                LoopStep.Unary(UnaryOp.Exp, 3)
                                LoopStep.Erf(0, 4)
                            ]
                            [ struct (1, 1); struct (5, 2) ]

                    let xs = numbers dtype [| for i in -700 .. 700 -> float i / 100.0 |]
                    let bytes = Array.init 3 (fun _ -> bytesOf dtype xs)

                    for body in bodies p do
                        let found = apply body 1 xs.Length [| 0; 0; 0 |] bytes

                        for i in 0 .. xs.Length - 1 do
                            let at = i * size dtype
                            let alone, given = take dtype found[1] at, take dtype found[2] at
                            Expect.isTrue (same alone given) $"erf {xs[i]}: {alone} alone, {given} given"
                }
        ]

let private exact =
    testList
        "exact operations are those of Scalar"
        [
            for dtype in [ DType.F32; DType.F64 ] do
                for op in
                    [
                        UnaryOp.Neg
                        UnaryOp.Abs
                        UnaryOp.Sign
                        UnaryOp.Floor
                        UnaryOp.Ceiling
                        UnaryOp.Round
                        UnaryOp.Sqrt
                        UnaryOp.Reciprocal
                        UnaryOp.Relu
                        UnaryOp.Not
                        UnaryOp.Tan
                        UnaryOp.Asin
                        UnaryOp.Acos
                        UnaryOp.Atan
                        UnaryOp.Sinh
                        UnaryOp.Cosh
                    ] do
                    law $"{op} of {dtype}" (fun (xs: float[]) ->
                        let xs = numbers dtype xs
                        judge dtype (LoopStep.Unary(op, 0)) xs xs (fun x _ -> Scalar.unary op x))

                for op in floatPairs |> List.except [ BinaryOp.Pow ] do
                    law $"{op} of {dtype}" (fun (pairs: (float * float)[]) ->
                        let every = Array.allPairs special special
                        let xs, ys = Array.unzip (Array.append every pairs)
                        let xs, ys = Array.map (round dtype) xs, Array.map (round dtype) ys
                        judge dtype (LoopStep.Binary(op, 0, 1)) xs ys (Scalar.binary op))
        ]

let private compares op (x: float) y =
    match op with
    | CompareOp.Eq -> x = y
    | CompareOp.Ne -> x <> y
    | CompareOp.Lt -> x < y
    | CompareOp.Le -> x <= y
    | CompareOp.Gt -> x > y
    | CompareOp.Ge -> x >= y

let private comparing =
    testList
        "comparisons, selections and conversions"
        [
            for dtype in [ DType.F32; DType.F64 ] do
                let p =
                    pass
                        dtype
                        true
                        [
                            operand dtype true false
                            operand dtype true false
                            operand DType.I32 true false
                            operand DType.Bool true false
                            for _ in comparisons do
                                operand DType.Bool true false
                            operand dtype true false
                            operand DType.I32 true false
                            operand dtype true false
                            operand dtype true false
                        ]
                        [
                            LoopStep.Load 0
                            LoopStep.Load 1
                            LoopStep.Load 2
                            LoopStep.Load 3
                            for op in comparisons do
                                LoopStep.Compare(op, 0, 1)
                            LoopStep.Select(3, 0, 1)
                            LoopStep.Convert(LaneKind.Whole, 0)
                            LoopStep.Convert(LaneKind.Float, 2)
                            LoopStep.Convert(LaneKind.Float, 3)
                        ]
                        [ for i in 4..13 -> struct (i, i) ]

                test $"of {dtype} are those of Eval" {
                    let xs, ys = Array.unzip (Array.allPairs special special)
                    let xs, ys = Array.map (round dtype) xs, Array.map (round dtype) ys
                    let n = xs.Length
                    let whole i = if i % 7 = 0 then Int32.MinValue else i * 16777259
                    let truth i = i % 3 = 0

                    let bytes =
                        [|
                            bytesOf dtype xs
                            bytesOf dtype ys
                            Array.init n (fun i -> BitConverter.GetBytes(whole i)) |> Array.concat
                            Array.init n (fun i -> if truth i then 1uy else 0uy)
                            for _ in comparisons do
                                Array.zeroCreate n
                            bytesOf dtype xs
                            Array.zeroCreate (4 * n)
                            bytesOf dtype xs
                            bytesOf dtype xs
                        |]

                    for body in bodies p do
                        let found = apply body 1 n (Array.zeroCreate 14) bytes
                        let float operand i = take dtype found[operand] (i * size dtype)

                        for i in 0 .. n - 1 do
                            for k, op in List.indexed comparisons do
                                let expected = if compares op xs[i] ys[i] then 1uy else 0uy
                                let result = found[4 + k]
                                Expect.equal result[i] expected $"{op} {xs[i]} {ys[i]}"

                            Expect.isTrue (same (float 10 i) (if truth i then xs[i] else ys[i])) "select"

                            Expect.equal
                                (BitConverter.ToInt32(found[11], 4 * i))
                                (int xs[i])
                                $"{xs[i]} cut to a whole number"

                            Expect.isTrue
                                (same (float 12 i) (round dtype (Operators.float (whole i))))
                                "whole to float"

                            Expect.isTrue (same (float 13 i) (if truth i then 1.0 else 0.0)) "truth to float"
                }
        ]

let private folds =
    testList
        "folds are in the documented order"
        [
            for dtype in [ DType.F32; DType.F64 ] do
                for across in [ true; false ] do
                    let p =
                        pass
                            dtype
                            across
                            [
                                operand dtype true false
                                for _ in reductions do
                                    operand dtype (not across) true
                            ]
                            [
                                LoopStep.Load 0
                                for op in reductions do
                                    LoopStep.Reduce(op, 0)
                            ]
                            [ for i in 1..4 -> struct (i, i) ]

                    let lanes = block p

                    let lengths =
                        if across then
                            [ 0; 1; 3; lanes - 1; lanes; lanes + 1; 53; 300 ]
                        else
                            [ 0; 1; 3; lanes - 1; lanes ]

                    // Around the ends of pieces, and of many pieces.
                    let long =
                        if across then
                            [
                                for length in
                                    [ 128 * lanes - 1; 128 * lanes; 128 * lanes + 1; 300 * lanes + 5 ] do
                                    length, 1
                                    length, 3
                                // Lines of less than a piece.
                                100 * lanes + 3, 9
                                5, 1000
                                128 * 128 * lanes, 1
                                128 * 129 * lanes + 1, 2
                            ]
                        else
                            [
                                for segments in
                                    [ 127; 128; 129; 300; 128 * 128; 128 * 128 + 1; 128 * 129 + 1 ] ->
                                    lanes - 1, segments
                            ]

                    test $"""of {dtype} {if across then "across" else "down"}""" {
                        let sizes = List.allPairs lengths [ 0; 1; 2; 5 ] @ long

                        for columns, segments in sizes do
                            let random = Random(columns * 10 + segments)

                            let lines =
                                Array.init segments (fun _ ->
                                    Array.init columns (fun _ ->
                                        round dtype (random.NextDouble() * 2.0 - 0.9)))

                            let results = if across then 1 else columns

                            let bytes =
                                [|
                                    bytesOf dtype (Array.concat lines)
                                    for _ in reductions do
                                        Array.zeroCreate (results * size dtype)
                                |]

                            let strides = [| columns * size dtype; 0; 0; 0; 0 |]

                            for body in bodies p do
                                let found = apply body segments columns strides bytes

                                for k, op in List.indexed reductions do
                                    let expected = reference op (round dtype) lanes across lines
                                    let result = found[k + 1]

                                    for i in 0 .. results - 1 do
                                        let value = take dtype result (i * size dtype)

                                        Expect.isTrue
                                            (same value expected[i])
                                            $"{op} of {segments} segments of {columns} columns"
                    }
        ]

let private inPlace =
    law "an elementwise pass may write over what it reads" (fun (seed: int) ->
        let dtype = if seed % 2 = 0 then DType.F32 else DType.F64

        let p =
            pass
                dtype
                true
                [ operand dtype true false; operand dtype true true; operand dtype true false ]
                [
                    LoopStep.Load 0
                    LoopStep.Load 1
                    LoopStep.Binary(BinaryOp.Add, 0, 1)
                    LoopStep.Unary(UnaryOp.Relu, 2)
                ]
                [ struct (3, 2) ]

        let random = Random seed

        let case = { Loop = p; Segments = random.Next 4; Columns = random.Next 70; Seed = seed }

        let shared = [| 0; 1; 0 |]

        match interpreted case [| 0; 1; 2 |], interpreted case shared with
        | Ok separate, Ok over ->
            // The gaps between lines keep what was there, which is not the same in both.
            let lines (values: int64[]) =
                values |> Array.indexed |> Array.filter (fun (i, _) -> i % (case.Columns + 3) < case.Columns)

            lines separate[2] = lines over[2] && sameEverywhere case shared
        | _ -> false)

let private allocation =
    test "a call allocates nothing" {
        let p =
            pass
                DType.F32
                true
                [ operand DType.F32 true false; operand DType.F32 true false ]
                [
                    LoopStep.Load 0
                    LoopStep.Reduce(ReduceOp.Max, 0)
                    LoopStep.Binary(BinaryOp.Sub, 0, 1)
                    LoopStep.Unary(UnaryOp.Exp, 2)
                    LoopStep.Reduce(ReduceOp.Sum, 3)
                    LoopStep.Binary(BinaryOp.Div, 3, 4)
                ]
                [ struct (3, 1); struct (5, 1) ]

        let x = GC.AllocateArray<float32>(100, pinned = true)
        let y = GC.AllocateArray<float32>(100, pinned = true)

        let table = GC.AllocateArray<nativeint>(4, pinned = true)

        table[0] <- Marshal.UnsafeAddrOfPinnedArrayElement(x, 0)
        table[2] <- Marshal.UnsafeAddrOfPinnedArrayElement(y, 0)
        let address = Marshal.UnsafeAddrOfPinnedArrayElement(table, 0)

        for body in [ CodeCache.get Width.Bits128 false p; CodeCache.get Simd.widest true p ] do
            body.Invoke(address, 1n, 100n, 0n)
            let before = GC.GetAllocatedBytesForCurrentThread()
            body.Invoke(address, 1n, 100n, 0n)
            Expect.equal (GC.GetAllocatedBytesForCurrentThread() - before) 0L "allocated"
            GC.KeepAlive table
            GC.KeepAlive x
            Expect.equal (Array.distinct y) [| 0.01f |] "softmax of equal numbers"
    }

let private refusals =
    testList
        "refusals"
        [
            test "a moving value does not fit a still operand" {
                let p =
                    pass
                        DType.F32
                        true
                        [ operand DType.F32 true false; operand DType.F32 false true ]
                        [ LoopStep.Load 0 ]
                        [ struct (0, 1) ]

                Expect.throwsT<DomainError> (fun () -> CodeCache.get Width.Bits128 true p |> ignore) "store"
            }

            test "lanes of two kinds do not add" {
                let p =
                    pass
                        DType.F32
                        true
                        [ operand DType.F32 true false ]
                        [ LoopStep.Load 0; LoopStep.WholeNumber 1; LoopStep.Binary(BinaryOp.Add, 0, 1) ]
                        [ struct (2, 0) ]

                Expect.throwsT<DomainError> (fun () -> CodeCache.get Width.Bits128 true p |> ignore) "add"
            }
        ]

let private trimmed =
    testList
        "methods that a program was trimmed of"
        [
            test "the loop is interpreted, with the same bits, and the method is reported" {
                for seed in 1..20 do
                    let case = generate seed
                    let reported = Collections.Generic.List<string>()
                    let emit _ = raise (MissingMethodException "Sqrt")
                    let body = CodeCache.emitOr reported.Add emit (Stages.plan case.Loop)
                    Expect.equal (run body case (apart case)) (interpreted case (apart case)) "the bits"
                    Expect.sequenceEqual reported [ "Sqrt" ] "the name"
            }
            test "a method that is not found is a missing one" {
                let methods = VectorMethods.Get(Width.Bits256, true)

                Expect.throwsT<MissingMethodException>
                    (fun () -> methods.Plain("NoSuchMethod", [||]) |> ignore)
                    "by its parameters"

                Expect.throwsT<MissingMethodException>
                    (fun () -> methods.Generic("NoSuchMethod", LaneKind.Float) |> ignore)
                    "by its lanes"
            }
            test "a plan's table says so" {
                Expect.stringContains
                    (ExplainPlan.interpreted true [ "Exp"; "Sqrt" ])
                    "trimmed of Exp, Sqrt"
                    ""

                Expect.equal (ExplainPlan.interpreted true []) "" "nothing is missing"
                Expect.stringContains (ExplainPlan.interpreted false []) "DynamicCode is false" ""
            }
            test "this program lacks none" { Expect.equal (CodeCache.missingMethods ()) [] "" }
        ]

let private kept =
    test "code is kept by structure, and numbers by their bits" {
        let make v =
            pass
                DType.F32
                true
                [ operand DType.F32 true false; operand DType.F32 true false ]
                [ LoopStep.Load 0; LoopStep.Number v; LoopStep.Binary(BinaryOp.Mul, 0, 1) ]
                [ struct (2, 1) ]

        let get v = CodeCache.get Width.Bits128 true (make v)
        Expect.isTrue (Object.ReferenceEquals(get nan, get nan)) "the same pass"
        Expect.isFalse (Object.ReferenceEquals(get 0.0, get -0.0)) "zeros of two signs"

        Expect.isFalse
            (Object.ReferenceEquals(get 0.0, CodeCache.get Width.Bits256 true (make 0.0)))
            "two widths"
    }

let tests =
    testList
        "Pass"
        [
            exact
            errorFunction
            comparing
            folds
            inPlace
            allocation
            kept
            trimmed
            refusals
            generated
            phaseByPhase
        ]
