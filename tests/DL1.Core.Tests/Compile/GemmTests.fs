/// Products against their definition: every width, thread count, path and layout gives the same bits.
module DL1.Tests.GemmTests

open System
open System.Runtime.InteropServices
open DL1
open DL1.Tests.Law
open Expecto
open DL1.Compiler
open DL1.Compiler.Gemm
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// Numbers of either type, in pinned memory with room around them that must stay as it is.
type private Numbers<'T when 'T: unmanaged and 'T: struct>(values: 'T[], around: 'T, isAround: 'T -> bool) =
    let room = 64

    let array =
        let all = GC.AllocateArray<'T>(values.Length + 2 * room, pinned = true)
        Array.Fill(all, around)
        Array.Copy(values, 0, all, room, values.Length)
        all

    member _.Address = Marshal.UnsafeAddrOfPinnedArrayElement(array, room)
    member _.Values = Array.sub array room values.Length
    member _.Guarded = Array.append array[.. room - 1] array[room + values.Length ..] |> Array.forall isAround

/// How a matrix lies in memory, from its rows and columns: its strides and its extent.
let private layouts =
    [
        "rows", fun _ columns -> columns, 1
        "rows apart", fun _ columns -> columns + 5, 1
        "columns", fun rows _ -> 1, max 1 rows
        "columns apart", fun rows _ -> 1, rows + 3
        "every third", fun _ columns -> 3 * columns + 1, 3
        "one row, repeated", fun _ _ -> 0, 1
    ]

type private Case =
    {
        M: int
        N: int
        K: int
        Batch: int
        LayA: int
        LayB: int
        /// Between C's rows, beyond its columns.
        Gap: int
    }

let private plain m n k = { M = m; N = n; K = k; Batch = 1; LayA = 0; LayB = 0; Gap = 0 }

/// One element type: its products, and its conversions.
type private Kind<'T when 'T: unmanaged and 'T: struct> =
    {
        Run: Width -> int -> GemmProblem -> unit
        Of: float -> 'T
        To: 'T -> float
        /// Half the distance from 1 to the next number.
        Half: float
    }

let private f32 =
    {
        Run = fun width threads product -> Gemm.on<float32> width threads &product
        Of = float32
        To = float
        Half = Math.ScaleB(1.0, -24)
    }

let private f64 =
    {
        Run = fun width threads product -> Gemm.on<float> width threads &product
        Of = id
        To = id
        Half = Math.ScaleB(1.0, -53)
    }

/// The operands of a case, made by `value` from a place's number.
type private Work<'T when 'T: unmanaged and 'T: struct>(kind: Kind<'T>, case: Case, value: int -> float) =
    let strides lay rows columns = (snd layouts[lay]) rows columns
    let aRow, aColumn = strides case.LayA case.M case.K
    let bRow, bColumn = strides case.LayB case.K case.N
    let extent rows columns row column = max 0 ((max 1 rows - 1) * row + (max 1 columns - 1) * column + 1)
    let aExtent, bExtent = extent case.M case.K aRow aColumn, extent case.K case.N bRow bColumn
    let cRow = case.N + case.Gap
    let cExtent = case.M * cRow
    let numbers seed count = Array.init count (fun i -> kind.Of(value (seed + 7919 * i)))
    let a = numbers 1 (case.Batch * aExtent)
    let b = numbers 2 (case.Batch * bExtent)
    let c = numbers 3 (case.Batch * cExtent)

    /// C after a run, by some width and number of threads; `finish` as in GemmProblem.
    member _.Run(width, threads, finish) =
        let numbers values = Numbers(values, kind.Of nan, kind.To >> Double.IsNaN)
        let a, b, c = numbers a, numbers b, numbers c

        kind.Run
            width
            threads
            {
                M = case.M
                N = case.N
                K = case.K
                Batch = case.Batch
                A = { Data = a.Address; Row = aRow; Column = aColumn; Batch = aExtent; Inner = 0; Outer = 0 }
                B = { Data = b.Address; Row = bRow; Column = bColumn; Batch = bExtent; Inner = 0; Outer = 0 }
                C = { Data = c.Address; Row = cRow; Column = 1; Batch = cExtent; Inner = 0; Outer = 0 }
                Packed = 0n
                Epilogue = finish
            }

        if not (List.forall (fun (numbers: Numbers<'T>) -> numbers.Guarded) [ a; b; c ]) then
            failtest $"something is written outside: %A{case}"

        c.Values

    /// For each element of C and each gap: what it should be, and Σ|a||b| with what is added.
    member _.Expected =
        Array.init (case.Batch * cExtent) (fun place ->
            let stack, row, column = place / cExtent, place % cExtent / cRow, place % cRow

            if column >= case.N then
                kind.To c[place], 0.0
            else
                let mutable sum = 0.0
                let mutable size = 0.0

                for l in 0 .. case.K - 1 do
                    let x = kind.To a[stack * aExtent + row * aRow + l * aColumn]
                    let y = kind.To b[stack * bExtent + l * bRow + column * bColumn]
                    sum <- sum + x * y
                    size <- size + abs (x * y)

                sum, size)

let private integers place = float (place * 31 % 9 - 4)
let private fractions place = float (place * 7919 % 1999 - 999) / 997.0

let private same (kind: Kind<'T>) (x: 'T[]) (y: 'T[]) =
    Array.forall2
        (fun x y -> BitConverter.DoubleToInt64Bits(kind.To x) = BitConverter.DoubleToInt64Bits(kind.To y))
        x
        y

/// All that is to hold of a case.
let private check (kind: Kind<'T>) (case: Case) =
    let exact = Work(kind, case, integers)
    let work = Work(kind, case, fractions)
    let first = work.Run(Simd.widest, 1, null)
    let bound = float (case.K + 3) * kind.Half

    let near (found, (expected, size)) =
        // The second term is the error of the expected value, which is summed in doubles itself.
        abs (kind.To found - expected) <= size * (bound / (1.0 - bound) + float (case.K + 3) * f64.Half)

    let broken =
        [
            if Array.map kind.To (exact.Run(Simd.widest, 2, null)) <> Array.map fst exact.Expected then
                "not exact on small integers"

            match Array.zip first work.Expected |> Array.tryFind (near >> not) with
            | Some(found, (expected, _)) -> $"{found}, not {expected}"
            | None -> ()

            for width, threads in [ Width.Bits128, 1; Width.Bits256, 2; Width.Bits512, 3 ] do
                if not (same kind first (work.Run(width, threads, null))) then
                    $"other bits with {width}, {threads} threads"
        ]

    // Said only when it is needed: describing a case takes longer than computing it.
    if not broken.IsEmpty then
        failtest $"%A{broken}: %A{case}"

let private both case =
    check f32 case
    check f64 case

let private borders =
    test "shapes around the borders of vectors and tiles" {
        for m in [ 0; 1; 2; 4; 5; 6; 7; 8; 13; 29 ] do
            for n in [ 0; 1; 3; 4; 5; 7; 8; 9; 15; 16; 17; 31; 33 ] do
                both (plain m n (m + 2 * n % 7))
    }

let private depths =
    test "depths around the cuts of the sum" {
        for k in
            [
                0
                1
                2
                Tuning.KBlockRows - 1
                Tuning.KBlockRows
                Tuning.KBlockRows + 1
                2 * Tuning.KBlockRows
                997
            ] do
            both (plain 7 19 k)
            both (plain 1 19 k)
            both { plain 7 1 k with Gap = 3 }
            both (plain 5 18 k)
    }

let private transposes =
    test "every layout of A and B" {
        for layA in 0 .. layouts.Length - 1 do
            for layB in 0 .. layouts.Length - 1 do
                for m, n, k in [ 9, 21, 11; 1, 40, 6; 23, 1, 9; 14, 33, 0 ] do
                    both { plain m n k with LayA = layA; LayB = layB; Gap = layA + layB }
    }

let private blocks =
    test "larger than a block in every extent" {
        for case in
            [
                plain 307 67 397
                { plain 401 139 431 with LayA = 3; LayB = 2; Gap = 1 }
                { plain 101 37 12 with LayA = 4; LayB = 4 }
                { plain 13 3089 5 with LayA = 4 }
                plain 2 6200 3
                // Columns shared out, A packed for all: in several cuts, and in more than are packed at once.
                { plain 128 150 800 with LayA = 2 }
                { plain 250 90 500 with LayA = 3; Gap = 3 }
                { plain 50 2600 450 with LayA = 3 }
                // A copied for a strip.
                { plain 119 40 61 with Batch = 5; LayA = 2; Gap = 1 }
            ] do
            check f32 case
    }

let private stacks =
    test "stacks, in one part and in many" {
        for batch in [ 0; 2; 5; 64 ] do
            both { plain 6 17 5 with Batch = batch; LayB = 2 }
            both { plain 1 9 4 with Batch = batch }
            both { plain 8 1 4 with Batch = batch; LayA = 2 }
            both { plain 5 6 3 with Batch = batch; LayA = 4; Gap = 2 }
    }

let private any =
    law "any small product" (fun (seed: uint32) ->
        let pick = Random(int (seed % 1000003u))
        let extent () = if pick.Next 3 = 0 then pick.Next 4 else pick.Next 40

        both
            {
                M = extent ()
                N = extent ()
                K = extent ()
                Batch = pick.Next 4
                LayA = pick.Next layouts.Length
                LayB = pick.Next layouts.Length
                Gap = pick.Next 3
            })

let private finish =
    test "the finish sees each finished element once, with its row and column" {
        for case in
            [
                { plain 7 19 5 with Batch = 3; Gap = 2 }
                (plain 1 300 3)
                { plain 300 1 3 with Batch = 2 }
                { plain 130 150 400 with LayA = 4 }
                { plain 64 150 800 with LayA = 2 }
                { plain 310 50 20 with LayA = 2; Gap = 1 }
                { plain 100 40 61 with Batch = 5; LayA = 2 }
                (plain 5 6 0)
            ] do
            for threads in 1..2 do
                let work = Work(f32, case, fractions)
                let before = work.Run(Simd.widest, threads, null)
                let seen = Array.zeroCreate<int>(case.Batch * case.M * case.N)

                let wide = case.N + case.Gap

                let finish =
                    BlockEpilogue(fun address row rows column columns ->
                        for i in 0 .. rows * columns - 1 do
                            let down, across = i / columns, i % columns
                            let at = (row + down) * case.N + column + across
                            Threading.Interlocked.Increment &seen[at] |> ignore
                            let place = 4 * (down * wide + across)
                            let value = BitConverter.Int32BitsToSingle(Marshal.ReadInt32(address, place))

                            Marshal.WriteInt32(
                                address,
                                place,
                                BitConverter.SingleToInt32Bits(value * 2.0f + float32 at)
                            ))

                let after = work.Run(Simd.widest, threads, finish)
                Expect.isTrue (Array.forall ((=) 1) seen) $"each once: %A{case}"

                let expected =
                    before
                    |> Array.mapi (fun i v ->
                        if i % wide < case.N then
                            v * 2.0f + float32 (i / wide * case.N + i % wide)
                        else
                            v)

                Expect.isTrue (same f32 expected after) $"on finished elements: %A{case}"
    }

let private steady =
    test "a product in steady work allocates nothing" {
        for m, n, k in [ 20, 30, 10; 1, 400, 30; 400, 1, 30; 200, 150, 400 ] do
            let numbers = Numbers(Array.create (m * n + m * k + k * n) 0.5, nan, Double.IsNaN)

            let matrix columns =
                { Data = numbers.Address; Row = columns; Column = 1; Batch = 0; Inner = 0; Outer = 0 }

            let product =
                { GemmProblem.None with
                    M = m
                    N = n
                    K = k
                    Batch = 1
                    A = matrix k
                    B = matrix n
                    C = { matrix n with Data = numbers.Address + nativeint (8 * (m * k + k * n)) }
                }

            PoolTests.expectSteady $"{m} {n} {k}" (fun () -> Gemm.on<float> Simd.widest 2 &product)
            Expect.isTrue numbers.Guarded "nothing written outside"
    }

let tests = testList "Gemm" [ borders; depths; transposes; blocks; stacks; any; finish; steady ]
