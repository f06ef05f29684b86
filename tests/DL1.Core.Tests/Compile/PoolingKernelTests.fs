/// Pooling kernels against Eval: ties, NaN, infinities and padding; every width and thread count gives the same bits.
module DL1.Tests.PoolingKernelTests

open System
open DL1
open DL1.Tests.Guarded
open DL1.Tests.Law
open Expecto
open DL1.Compiler.Execution
open DL1.Compiler.Pooling
open DL1.Compiler.Simd

/// A window over data `[n; c; spatial...]`.
type private Case = { Data: int list; Window: Window }

let private sweep stride before after dilation =
    { Stride = stride; PadBefore = before; PadAfter = after; Dilation = dilation }

let private case data kernel sweeps : Case = { Data = data; Window = { Kernel = kernel; Sweeps = sweeps } }
let private size (dims: int list) = List.fold (*) 1 dims

let private outOf case =
    let place extent kernel (s: Sweep) =
        (extent + s.PadBefore + s.PadAfter - s.Dilation * (kernel - 1) - 1) / s.Stride + 1

    List.take 2 case.Data
    @ List.map3 place (List.skip 2 case.Data) case.Window.Kernel case.Window.Sweeps

let private roles =
    [
        PoolingRole.Max
        PoolingRole.MaxPick
        PoolingRole.MaxScatter
        PoolingRole.Avg
        PoolingRole.AvgGrad
    ]

/// The shapes of the operands, of which the second may be one of nothing, and of the result.
let private shapes case role =
    let out = outOf case

    match role with
    | PoolingRole.Max
    | PoolingRole.Avg -> case.Data, [ 0; 0 ], out
    | PoolingRole.MaxPick -> case.Data, case.Data, out
    | PoolingRole.MaxScatter -> case.Data, out, case.Data
    | PoolingRole.AvgGrad -> out, [ 0; 0 ], case.Data

let private geometry case =
    PoolingGeometry.make case.Window (Shape.ofList case.Data) (Shape.ofList (outOf case))

let private run kind make case role width threads (left: float[]) (right: float[]) =
    let _, _, c = shapes case role
    let kernel: PoolingKernel = make width role (geometry case)
    let left, right = Numbers(kind, left), Numbers(kind, right)
    let result = Numbers(kind, Array.create (size c) 99.0)
    kernel.Run(threads, left.Address, right.Address, result.Address)

    if not (left.Guarded && right.Guarded && result.Guarded) then
        failtest $"something is written outside: %A{role} %A{case}"

    result.Values

let private expected (kind: Kind<'T>) case role (left: float[]) (right: float[]) =
    let a, b, _ = shapes case role
    let operand shape values = Expr.constant (Tensor.cast kind.DType (toFirst shape values))
    let a, b = operand a left, operand b right

    let node =
        match role with
        | PoolingRole.Max -> Node.MaxPool(case.Window, a)
        | PoolingRole.MaxPick -> Node.MaxPoolPick(case.Window, a, b)
        | PoolingRole.MaxScatter -> Node.MaxPoolScatter(case.Window, a, b)
        | PoolingRole.Avg -> Node.AvgPool(case.Window, a)
        | PoolingRole.AvgGrad -> Node.AvgPoolGrad(case.Window, List.skip 2 case.Data, a)

    Expr.Make node |> Eval.run [] |> toLast

/// Whole numbers with many ties, and everything that a comparison may stumble over.
let private strange seed count =
    Array.init count (fun i ->
        match (i + seed) * 7919 % 23 with
        | 0 -> nan
        | 1 -> infinity
        | 2
        | 3 -> -infinity
        | 4 -> -0.0
        | 5 -> 0.0
        | n -> float (n % 5 - 2))

let private alike (x: float) (y: float) =
    BitConverter.DoubleToInt64Bits x = BitConverter.DoubleToInt64Bits y
    || Double.IsNaN x && Double.IsNaN y

let private checkOf (kind: Kind<'T>) make case =
    for role in roles do
        let a, b, _ = shapes case role
        let area = size case.Window.Kernel

        let values seed count =
            match role with
            | PoolingRole.Max
            | PoolingRole.MaxPick -> strange seed count
            // So that sums and means are exact in any order.
            | PoolingRole.MaxScatter -> integers seed count
            | PoolingRole.Avg
            | PoolingRole.AvgGrad -> integers seed count |> Array.map ((*) (float area))

        let left, right = values 1 (size a), values 2 (size b)
        let found = run kind make case role Simd.widest 1 left right

        if not (Array.forall2 alike found (expected kind case role left right)) then
            failtest $"not as Eval: %A{role} %A{case}"

        let left, right = fractions kind 1 (size a), fractions kind 2 (size b)
        let found = run kind make case role Simd.widest 2 left right
        let value = expected kind case role left right
        let sum = expected kind case role (Array.map abs left) (Array.map abs right)
        let bound = float (area + 3) * kind.Half
        let bound = bound / (1.0 - bound)

        match role with
        | PoolingRole.Max
        | PoolingRole.MaxPick ->
            if found <> value then
                failtest $"not as Eval: %A{role} %A{case}"
        | PoolingRole.Avg
        | PoolingRole.AvgGrad ->
            if
                not (
                    Array.forall2 (fun s (f, v) -> abs (f - v) <= 2.0 * bound * s) sum (Array.zip found value)
                )
            then
                failtest $"too far from Eval: %A{role} %A{case}"
        | PoolingRole.MaxScatter ->
            // What is added to a place depends on which is largest, so that |x| tells nothing of its size.
            if
                not (Array.forall2 (fun (f: float) v -> abs (f - v) <= 2.0 * bound * float area) found value)
            then
                failtest $"too far from Eval: %A{role} %A{case}"

        for width, threads in [ Width.Bits128, 1; Width.Bits256, 2; Width.Bits512, 3 ] do
            if not (same found (run kind make case role width threads left right)) then
                failtest $"other bits with {width}, {threads} threads: %A{role} %A{case}"

let private check case =
    checkOf f32 PoolingKernels.on<float32> case
    checkOf f64 PoolingKernels.on<float> case

let private any =
    law "any small pooling" (fun (seed: uint32) ->
        let pick = Random(int (seed % 1000003u))
        let axes = if pick.Next 4 = 0 then 1 else 2
        let extents = List.init axes (fun _ -> 1 + pick.Next 9)
        let kernel = List.init axes (fun _ -> 1 + pick.Next 4)

        let sweeps =
            List.map2
                (fun extent kernel ->
                    let dilation = 1 + pick.Next 3
                    let reach = dilation * (kernel - 1) + 1
                    // Padding is smaller than the window.
                    let padding () = pick.Next(min 3 reach)
                    let s = sweep (1 + pick.Next 3) (padding ()) (padding ()) dilation

                    if reach > extent + s.PadBefore + s.PadAfter then
                        sweep 1 0 0 1, 1
                    else
                        s, kernel)
                extents
                kernel

        let data = 1 + pick.Next 3 :: 1 + pick.Next 20 :: extents
        check (case data (List.map snd sweeps) (List.map fst sweeps)))

let private usual =
    test "usual windows, of few and many samples and channels" {
        for channels in [ 0; 1; 3; 4; 8; 16; 63; 64; 65; 130 ] do
            check (case [ 2; channels; 6; 7 ] [ 2; 2 ] [ sweep 2 0 0 1; sweep 2 0 0 1 ])
            check (case [ 17; channels; 5; 4 ] [ 3; 3 ] [ sweep 2 1 1 1; sweep 1 1 0 1 ])

        check (case [ 0; 3; 4; 4 ] [ 2; 2 ] [ sweep 2 0 0 1; sweep 2 0 0 1 ])
        check (case [ 2; 5; 9 ] [ 9 ] [ sweep 1 0 0 1 ])
        check (case [ 2; 5; 7; 7 ] [ 7; 7 ] [ sweep 1 0 0 1; sweep 1 0 0 1 ])
    }

let private cut =
    test "images whose windows are cut into tasks" {
        check (case [ 1; 40; 20; 21 ] [ 3; 3 ] [ sweep 1 1 1 1; sweep 1 0 0 1 ])
        check (case [ 3; 70; 31; 17 ] [ 3; 2 ] [ sweep 2 0 1 1; sweep 1 1 0 2 ])
        check (case [ 1; 33; 997 ] [ 4 ] [ sweep 1 2 1 1 ])
    }

let private blind =
    test "windows that dilation makes step over all data" {
        check (case [ 2; 9; 1; 1 ] [ 2; 2 ] [ sweep 1 1 1 2; sweep 1 1 1 2 ])
        check (case [ 2; 9; 1; 3 ] [ 2; 2 ] [ sweep 1 1 1 2; sweep 1 0 0 1 ])
        check (case [ 1; 9; 2 ] [ 2 ] [ sweep 1 2 2 5 ])
    }

let private ties =
    test "the first of equal elements, and the first NaN, takes all" {
        let window = case [ 1; 1; 2; 2 ] [ 2; 2 ] [ sweep 2 0 0 1; sweep 2 0 0 1 ]

        let scatter x =
            run f32 PoolingKernels.on<float32> window PoolingRole.MaxScatter Simd.widest 1 x [| 5.0 |]

        Expect.equal (scatter [| 1.0; 3.0; 3.0; 2.0 |]) [| 0.0; 5.0; 0.0; 0.0 |] "the first of two"
        Expect.equal (scatter [| 0.0; -0.0; 0.0; 0.0 |]) [| 5.0; 0.0; 0.0; 0.0 |] "zeros are equal"
        Expect.equal (scatter [| 9.0; nan; infinity; nan |]) [| 0.0; 5.0; 0.0; 0.0 |] "the first NaN"
    }

let private steady =
    test "a kernel in steady work allocates nothing" {
        let case = case [ 3; 19; 8; 8 ] [ 3; 3 ] [ sweep 2 1 1 1; sweep 2 1 1 1 ]

        for role in roles do
            let a, b, c = shapes case role
            let kernel = PoolingKernels.on<float32> Simd.widest role (geometry case)
            let left, right = Numbers(f32, integers 1 (size a)), Numbers(f32, integers 2 (size b))
            let result = Numbers(f32, Array.zeroCreate (size c))

            PoolTests.expectSteady $"%A{role}" (fun () ->
                kernel.Run(2, left.Address, right.Address, result.Address))

            Expect.isTrue result.Guarded "nothing written outside"
    }

let tests = testList "pooling kernels" [ any; usual; cut; blind; ties; steady ]
