/// Convolution kernels against Eval, in every role: every width and thread count gives the same bits.
module DL1.Tests.ConvKernelTests

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open System.Threading
open DL1
open DL1.Tests.Guarded
open DL1.Tests.Law
open Expecto
open DL1.Compiler.Conv
open DL1.Compiler.Gemm
open DL1.Compiler.Simd
open DL1.Compiler.Winograd

/// A convolution of data `[n; c; spatial...]` and weights `[o; c / groups; kernel...]`, to be tested in all its roles.
type private Case = { Data: int list; Weights: int list; Spec: ConvSpec }

let private sweep stride before after dilation =
    { Stride = stride; PadBefore = before; PadAfter = after; Dilation = dilation }

let private still = sweep 1 0 0 1
let private around = sweep 1 1 1 1

let private case data weights groups sweeps =
    { Data = data; Weights = weights; Spec = { Sweeps = sweeps; Groups = groups } }

/// A kernel whose result has contiguous pixels.
let private kernelOn<'T when 'T: unmanaged> width (role: ConvRole) first (geometry: ConvGeometry) =
    let pixel = if role.IsInputGrad then geometry.Channels else geometry.Outputs
    ConvChoice.kernel<'T> width role first pixel geometry

let private spatial (dims: int list) = List.skip 2 dims

let private outOf case =
    let place extent kernel (s: Sweep) =
        (extent + s.PadBefore + s.PadAfter - s.Dilation * (kernel - 1) - 1) / s.Stride + 1

    List.head case.Data
    :: List.head case.Weights
    :: List.map3 place (spatial case.Data) (spatial case.Weights) case.Spec.Sweeps

let private roles case =
    [
        ConvRole.Forward
        ConvRole.InputGrad(spatial case.Data)
        ConvRole.WeightGrad(spatial case.Weights)
    ]

/// The operands' shapes and the result's, and which of the three are weights.
let private shapes case role =
    match role with
    | ConvRole.Forward -> case.Data, case.Weights, outOf case
    | ConvRole.InputGrad _ -> outOf case, case.Weights, case.Data
    | ConvRole.WeightGrad _ -> case.Data, outOf case, case.Weights

let private size (dims: int list) = List.fold (*) 1 dims

/// A kernel run on operands with channels last, which are given to it as it is to take them; the result likewise.
let private runAs
    (first: ConvFirst)
    kind
    make
    case
    role
    width
    threads
    (left: float[])
    (right: float[])
    finish
    =
    let a, b, c = shapes case role
    let shape (dims: int list) = Shape.ofList dims

    let kernel: ConvKernel =
        make width role first (ConvChoice.geometry role case.Spec (shape a) (shape b) (shape c))

    let given isFirst dims values =
        Numbers(kind, (if isFirst then Tensor.toFloats (toFirst dims values) else values))

    let left, right = given first.Left a left, given first.Right b right
    let result = Numbers(kind, Array.create (size c) nan)
    kernel.Run(threads, left.Address, right.Address, result.Address, finish)

    if not (left.Guarded && right.Guarded && result.Guarded) then
        failtest $"something is written outside: %A{role} %A{case}"

    if first.Result then toLast (Tensor.ofArray c result.Values) else result.Values

let private run kind make = runAs ConvFirst.None kind make

/// Ways to give a role its data with channels first.
let private layouts role =
    match role with
    | ConvRole.Forward
    | ConvRole.InputGrad _ ->
        [
            { ConvFirst.None with Left = true }
            { ConvFirst.None with Result = true }
            { ConvFirst.None with Left = true; Result = true }
        ]
    | ConvRole.WeightGrad _ ->
        [
            { ConvFirst.None with Left = true }
            { ConvFirst.None with Right = true }
            { ConvFirst.None with Left = true; Right = true }
        ]

/// What Eval says of the same operands.
let private expected case role (left: float[]) (right: float[]) =
    let a, b, _ = shapes case role
    let left = toFirst a left

    match role with
    | ConvRole.Forward
    | ConvRole.InputGrad _ ->
        Expr.Make(Node.Conv(role, case.Spec, Expr.constant left, Expr.constant (Tensor.ofArray b right)))
        |> Eval.run []
        |> toLast
    | ConvRole.WeightGrad _ ->
        Expr.Make(Node.Conv(role, case.Spec, Expr.constant left, Expr.constant (toFirst b right)))
        |> Eval.run []
        |> Tensor.toFloats

/// All that is to hold of a case, for one element type.
let private checkOf (kind: Kind<'T>) make case =
    for role in roles case do
        let a, b, c = shapes case role
        let left, right = integers 1 (size a), integers 2 (size b)
        let exact = run kind make case role Simd.widest 2 left right null

        if exact <> expected case role left right then
            failtest $"not exact on small integers: %A{role} %A{case}"

        let left, right = fractions kind 3 (size a), fractions kind 4 (size b)
        let first = run kind make case role Simd.widest 1 left right null
        let value = expected case role left right
        let sum = expected case role (Array.map abs left) (Array.map abs right)
        // No element is a longer sum than this, nor cut more often.
        let terms =
            match role with
            | ConvRole.Forward -> size (List.tail case.Weights)
            | ConvRole.InputGrad _ -> size (spatial case.Weights) * List.head case.Weights
            | ConvRole.WeightGrad _ -> List.head case.Data * size (spatial (outOf case))

        let bound = float (2 * terms + 3) * kind.Half
        let bound = bound / (1.0 - bound) + float (terms + 3) * f64.Half

        first
        |> Array.iteri (fun i found ->
            if not (abs (found - value[i]) <= sum[i] * bound) then
                failtest $"{found}, not {value[i]}: %A{role} %A{case}")

        for width, threads in [ Width.Bits128, 1; Width.Bits256, 2; Width.Bits512, 3 ] do
            if not (same first (run kind make case role width threads left right null)) then
                failtest $"other bits with {width}, {threads} threads: %A{role} %A{case}"

        for layout in layouts role do
            if not (same first (runAs layout kind make case role Simd.widest 2 left right null)) then
                failtest $"other bits with %A{layout}: %A{role} %A{case}"

let private check case =
    checkOf f32 kernelOn<float32> case
    checkOf f64 kernelOn<float> case

let private any =
    law "any small convolution" (fun (seed: uint32) ->
        let pick = Random(int (seed % 1000003u))
        let groups = [| 1; 1; 1; 2; 3 |][pick.Next 5]
        let axes = if pick.Next 5 = 0 then 1 else 2
        let extents = List.init axes (fun _ -> 1 + pick.Next 11)
        let kernel = List.init axes (fun _ -> 1 + pick.Next 4)

        let sweeps =
            List.map2
                (fun extent kernel ->
                    let s = sweep (1 + pick.Next 3) (pick.Next 3) (pick.Next 3) (1 + pick.Next 2)
                    let lacks = s.Dilation * (kernel - 1) + 1 - extent - s.PadBefore - s.PadAfter
                    { s with PadAfter = s.PadAfter + max 0 lacks })
                extents
                kernel

        let each, outputs = 1 + pick.Next 5, 1 + pick.Next(if groups = 1 then 20 else 5)
        let data = 1 + pick.Next 4 :: groups * each :: extents
        check (case data (groups * outputs :: each :: kernel) groups sweeps))

let private usual =
    test "usual kernels, with cuts of the sum, bands of images and samples together" {
        // Cut sums.
        check (case [ 2; 150; 5; 5 ] [ 18; 150; 3; 3 ] 1 [ around; around ])
        check (case [ 2; 800; 2; 3 ] [ 5; 800; 1; 1 ] 1 [ still; still ])
        // Bands of rows, also with a stride.
        check (case [ 1; 4; 41; 37 ] [ 9; 4; 3; 3 ] 1 [ around; around ])
        check (case [ 1; 3; 33; 33 ] [ 8; 3; 5; 5 ] 1 [ sweep 2 2 1 1; sweep 2 1 2 1 ])
        check (case [ 2; 3; 31; 29 ] [ 8; 3; 7; 7 ] 1 [ sweep 2 3 3 1; sweep 2 3 3 1 ])
        // Several samples in a part, the last one with fewer.
        check (case [ 37; 3; 4; 4 ] [ 7; 3; 3; 3 ] 1 [ around; around ])
        check (case [ 35; 3; 5; 4 ] [ 7; 3; 2; 2 ] 1 [ still; still ])
        // Rows longer than a chunk of places.
        check (case [ 2; 2; 500 ] [ 3; 2; 5 ] 1 [ sweep 1 2 2 1 ])
        check (case [ 1; 1; 2; 431 ] [ 3; 1; 2; 3 ] 1 [ still; sweep 2 1 0 1 ])
    }

/// Whether a role of a case is done in Winograd's tiles.
let private isWinograd case role =
    let a, b, c = shapes case role
    let shape (dims: int list) = Shape.ofList dims
    let geometry = ConvChoice.geometry role case.Spec (shape a) (shape b) (shape c)
    let kernel = kernelOn<float32> Width.Bits256 role ConvFirst.None geometry

    kernel :? WinogradConv<Simd256<float32>, Vector256<float32>, float32>
    || kernel :? WinogradWeights<Simd256<float32>, Vector256<float32>, float32>

let private winogradCases =
    [
        // Even and odd extents, whole and half panels, padding of every kind.
        case [ 7; 16; 10; 12 ] [ 16; 16; 3; 3 ] 1 [ still; still ]
        case [ 7; 32; 11; 10 ] [ 48; 32; 3; 3 ] 1 [ still; still ]
        case [ 8; 16; 7; 9 ] [ 32; 16; 3; 3 ] 1 [ around; around ]
        case [ 4; 48; 13; 11 ] [ 16; 48; 3; 3 ] 1 [ sweep 1 2 0 1; sweep 1 0 2 1 ]
        case [ 5; 16; 12; 12 ] [ 16; 16; 3; 3 ] 1 [ sweep 1 3 2 1; sweep 1 2 4 1 ]
        // Many small samples in a part, the last one with fewer.
        case [ 37; 16; 4; 4 ] [ 16; 16; 3; 3 ] 1 [ around; around ]
        case [ 41; 16; 6; 7 ] [ 32; 16; 3; 3 ] 1 [ around; around ]
        // Bands of rows of one sample, the last one odd.
        case [ 1; 16; 41; 37 ] [ 16; 16; 3; 3 ] 1 [ around; around ]
        case [ 2; 32; 33; 18 ] [ 32; 32; 3; 3 ] 1 [ still; around ]
        // Long sums.
        case [ 6; 160; 10; 9 ] [ 16; 160; 3; 3 ] 1 [ around; around ]
    ]

let private winograd =
    test "kernels of 3 by 3 in Winograd's tiles" {
        for case in winogradCases do
            for role in roles case do
                Expect.isTrue (isWinograd case role) $"in tiles: %A{role} %A{case}"

            check case
    }

let private cutSums =
    test "sums that are cut in Winograd's tiles are cut alike in every width" {
        for case in
            [
                // Channels that are summed in cuts, and sums of weights that fill few parts; half a panel of 512 bits.
                case [ 15; 416; 6; 6 ] [ 16; 416; 3; 3 ] 1 [ around; around ]
                case [ 9; 512; 14; 14 ] [ 16; 512; 3; 3 ] 1 [ around; around ]
            ] do
            for role in roles case do
                Expect.isTrue (isWinograd case role) $"in tiles: %A{role} %A{case}"
                let a, b, _ = shapes case role
                let left, right = fractions f32 3 (size a), fractions f32 4 (size b)
                let first = run f32 kernelOn<float32> case role Width.Bits512 2 left right null

                for width in [ Width.Bits128; Width.Bits256 ] do
                    let other = run f32 kernelOn<float32> case role width 1 left right null
                    Expect.isTrue (same first other) $"other bits with {width}: %A{role} %A{case}"
    }

let private winogradOrNot =
    test "other kernels, few channels and few results are done directly" {
        for case in
            [
                case [ 7; 16; 10; 12 ] [ 16; 16; 3; 2 ] 1 [ still; still ]
                case [ 7; 16; 10; 12 ] [ 16; 16; 3; 3 ] 1 [ sweep 2 1 1 1; around ]
                case [ 7; 16; 10; 12 ] [ 16; 16; 3; 3 ] 1 [ around; sweep 1 2 2 2 ]
                case [ 7; 32; 10; 12 ] [ 32; 16; 3; 3 ] 2 [ around; around ]
                case [ 7; 3; 10; 12 ] [ 16; 3; 3; 3 ] 1 [ around; around ]
                case [ 9; 16; 5; 5 ] [ 16; 16; 3; 3 ] 1 [ still; still ]
                case [ 1; 16; 8; 8 ] [ 16; 16; 3; 3 ] 1 [ around; around ]
            ] do
            for role in [ ConvRole.Forward; ConvRole.WeightGrad(spatial case.Weights) ] do
                Expect.isFalse (isWinograd case role) $"%A{role} %A{case}"
    }

let private oddNumbers =
    test "NaN and infinity in Winograd's tiles reach what their windows reach, as Eval has them" {
        for case in winogradCases do
            for role in roles case do
                let a, b, _ = shapes case role

                for odd, inSecond in [ nan, false; -infinity, false; infinity, true ] do
                    let pick = Random 5
                    let left, right = integers 1 (size a), integers 2 (size b)
                    let target = if inSecond then right else left

                    for _ in 1..3 do
                        target[pick.Next target.Length] <- odd

                    let finish =
                        BlockEpilogue(fun address _ rows _ columns ->
                            for i in 0 .. rows * columns - 1 do
                                let value = BitConverter.Int32BitsToSingle(Marshal.ReadInt32(address, 4 * i))

                                Marshal.WriteInt32(
                                    address,
                                    4 * i,
                                    BitConverter.SingleToInt32Bits(value + 1.0f)
                                ))

                    let wanted = expected case role left right |> Array.map (fun v -> v + 1.0)
                    let found = run f32 kernelOn<float32> case role Simd.widest 2 left right finish
                    let plain = Array.map (fun (v: float) -> if Double.IsNaN v then nan else v)
                    // Whole numbers, whose sums are exact in any order.
                    Expect.isTrue
                        (same (plain wanted) (plain found))
                        $"{odd}, in the second operand {inSecond}: %A{role} %A{case}"
    }

let private groups =
    test "groups, and each channel by itself" {
        for channels in [ 2; 3; 4; 7; 8; 17; 35 ] do
            check (case [ 3; channels; 6; 5 ] [ channels; 1; 3; 3 ] channels [ around; sweep 2 1 0 1 ])
            check (case [ 1; channels; 7; 6 ] [ channels; 1; 2; 3 ] channels [ still; sweep 1 1 1 2 ])
            check (case [ 2; channels; 4 ] [ 3 * channels; 1; 2 ] channels [ still ])

        check (case [ 2; 12; 5; 5 ] [ 36; 6; 3; 3 ] 2 [ around; around ])
        check (case [ 1; 4; 34; 33 ] [ 4; 1; 3; 3 ] 4 [ around; around ])
    }

let private depthwise =
    test "depthwise rows of six and more, with taps inside and outside the image" {
        // Channels of one vector, of several and a part of one; beyond 128 (or 64), rows go by pixels instead of by channels.
        for channels in [ 16; 40; 150 ] do
            check (case [ 2; channels; 5; 17 ] [ channels; 1; 3; 3 ] channels [ around; around ])

            check (
                case [ 1; channels; 9; 26 ] [ channels; 1; 3; 2 ] channels [ sweep 2 1 0 1; sweep 2 0 1 1 ]
            )

        // Wide kernels, dilation, padding wider than the kernel, and more rows outside than inside.
        check (case [ 1; 20; 9; 21 ] [ 20; 1; 5; 5 ] 20 [ sweep 1 2 2 1; sweep 1 2 2 1 ])
        check (case [ 1; 18; 3; 19 ] [ 18; 1; 3; 3 ] 18 [ sweep 1 4 3 2; sweep 1 3 5 2 ])
        check (case [ 1; 16; 30 ] [ 16; 1; 4 ] 16 [ sweep 3 1 2 1 ])
        // An image that is larger than the second-level cache, in bands of rows.
        check (case [ 1; 34; 66; 61 ] [ 34; 1; 3; 3 ] 34 [ around; sweep 1 1 0 1 ])
        // A batch of that size, which is read from copies with zeros around them.
        check (case [ 3; 34; 40; 35 ] [ 34; 1; 3; 3 ] 34 [ around; sweep 2 1 0 1 ])
    }

let private tileHeights =
    test "numbers of rows for which tiles of 6, 9, 12 and 13 rows are chosen" {
        for pixels in [ 1; 6; 7; 9; 10; 13; 14; 18; 25; 26; 39; 49; 121 ] do
            for outputs in [ 16; 35 ] do
                check (case [ 1; 5; pixels ] [ outputs; 5; 1 ] 1 [ still ])
    }

let private steps =
    test "strides longer than the kernel, and kernels that meet padding alone" {
        check (case [ 2; 3; 9; 9 ] [ 5; 3; 1; 1 ] 1 [ sweep 3 0 0 1; sweep 2 0 0 1 ])
        check (case [ 2; 3; 9; 8 ] [ 5; 3; 2; 2 ] 1 [ sweep 4 0 0 1; sweep 3 2 0 1 ])
        check (case [ 1; 2; 1; 1 ] [ 3; 2; 1; 1 ] 1 [ sweep 1 3 2 1; sweep 2 0 4 1 ])
        check (case [ 1; 2; 3; 3 ] [ 3; 2; 2; 2 ] 1 [ sweep 1 2 2 5; sweep 1 0 5 4 ])
        check (case [ 1; 5; 4; 3 ] [ 5; 1; 2; 2 ] 5 [ sweep 3 2 2 1; sweep 4 1 3 1 ])
    }

let private none =
    test "no samples, channels or outputs" {
        check (case [ 0; 3; 5; 5 ] [ 4; 3; 3; 3 ] 1 [ around; around ])
        check (case [ 2; 0; 5; 5 ] [ 4; 0; 3; 3 ] 1 [ around; around ])
        check (case [ 2; 3; 5; 5 ] [ 0; 3; 3; 3 ] 1 [ around; around ])
        check (case [ 0; 3; 5 ] [ 3; 1; 3 ] 3 [ around ])
    }

let private cases =
    [
        case [ 2; 5; 9; 7 ] [ 19; 5; 3; 3 ] 1 [ around; around ]
        case [ 1; 6; 30; 30 ] [ 20; 6; 3; 3 ] 1 [ around; around ]
        case [ 3; 4; 9; 7 ] [ 6; 2; 3; 3 ] 2 [ sweep 2 1 1 1; sweep 3 1 0 1 ]
        case [ 37; 3; 4; 4 ] [ 7; 3; 3; 3 ] 1 [ around; around ]
        case [ 2; 10; 9; 7 ] [ 10; 1; 3; 3 ] 10 [ around; around ]
        case [ 5; 16; 9; 11 ] [ 32; 16; 3; 3 ] 1 [ around; around ]
    ]

let private finish =
    test "the finish sees each finished element once, with its row and column" {
        for case in cases do
            for role in roles case do
                for threads, layout in
                    [
                        1, ConvFirst.None
                        2, ConvFirst.None
                        for layout in layouts role do
                            2, layout
                    ] do
                    let a, b, c = shapes case role
                    let left, right = fractions f32 1 (size a), fractions f32 2 (size b)
                    let seen = Array.zeroCreate<int>(size c)

                    let columns =
                        match role with
                        | ConvRole.Forward
                        | ConvRole.InputGrad _ -> c[1]
                        | ConvRole.WeightGrad _ -> size (List.tail c)

                    let finish =
                        BlockEpilogue(fun address row rows column count ->
                            Expect.isTrue (rows = 1 || column = 0 && count = columns) "whole rows"

                            for i in 0 .. rows * count - 1 do
                                let at = row * columns + column + i
                                Interlocked.Increment &seen[at] |> ignore
                                let value = BitConverter.Int32BitsToSingle(Marshal.ReadInt32(address, 4 * i))
                                let value = value * 2.0f + float32 at
                                Marshal.WriteInt32(address, 4 * i, BitConverter.SingleToInt32Bits value))

                    let before = run f32 kernelOn<float32> case role Simd.widest 1 left right null

                    let after =
                        runAs layout f32 kernelOn<float32> case role Simd.widest threads left right finish

                    Expect.isTrue (Array.forall ((=) 1) seen) $"each once: %A{role} %A{case}"

                    let changed = before |> Array.mapi (fun i v -> float (float32 v * 2.0f + float32 i))

                    Expect.isTrue (same changed after) $"on finished elements: %A{role} %A{case}"
    }

let private steady =
    test "a kernel in steady work allocates nothing" {
        for case in cases do
            for role, layout in
                roles case |> List.collect (fun role -> layouts role |> List.map (fun l -> role, l)) do
                let a, b, c = shapes case role
                let shape (dims: int list) = Shape.ofList dims
                let geometry = ConvChoice.geometry role case.Spec (shape a) (shape b) (shape c)
                let kernel = kernelOn<float> Simd.widest role layout geometry
                let left, right = Numbers(f64, integers 1 (size a)), Numbers(f64, integers 2 (size b))
                let result = Numbers(f64, Array.zeroCreate (size c))
                let finish = BlockEpilogue(fun _ _ _ _ _ -> ())

                PoolTests.expectSteady $"%A{role} %A{case}" (fun () ->
                    kernel.Run(2, left.Address, right.Address, result.Address, finish))

                Expect.isTrue result.Guarded "nothing written outside"
    }

/// Every way that a kernel is chosen, with padding: where an infinite factor meets the zeros that it is made of.
let private paddedCases =
    [
        case [ 1; 1; 3 ] [ 1; 1; 3 ] 1 [ around ]
        case [ 2; 5; 9; 7 ] [ 19; 5; 3; 3 ] 1 [ around; around ]
        case [ 1; 6; 30; 30 ] [ 20; 6; 3; 3 ] 1 [ around; around ]
        case [ 3; 4; 9; 7 ] [ 6; 2; 3; 3 ] 2 [ sweep 2 1 1 1; sweep 3 1 0 1 ]
        case [ 37; 3; 4; 4 ] [ 7; 3; 3; 3 ] 1 [ around; around ]
        case [ 2; 10; 9; 7 ] [ 10; 1; 3; 3 ] 10 [ around; sweep 2 1 2 2 ]
        case [ 2; 3; 5; 6 ] [ 3; 1; 3; 3 ] 3 [ around; around ]
        case [ 1; 19; 4; 14 ] [ 19; 1; 3; 3 ] 19 [ around; sweep 1 2 1 1 ]
        case [ 2; 3; 8; 7 ] [ 4; 3; 3; 2 ] 1 [ sweep 1 3 2 2; sweep 1 2 1 3 ]
        case [ 1; 2; 1; 1 ] [ 3; 2; 2; 3 ] 1 [ sweep 2 2 3 1; sweep 1 2 4 1 ]
        case [ 2; 16; 9; 9 ] [ 24; 16; 1; 1 ] 1 [ around; sweep 2 1 1 1 ]
        yield! winogradCases |> List.skip 2 |> List.truncate 3
    ]

let private oddBesidePadding =
    test "NaN and infinity beside padding are what Eval makes of them, in every kernel, width and layout" {
        for case in paddedCases do
            for role in roles case do
                let a, b, _ = shapes case role

                for odd, inSecond in
                    [
                        for odd in [ nan; -infinity ] do
                            odd, false
                            odd, true
                    ] do
                    let pick = Random 7
                    let left, right = integers 1 (size a), integers 2 (size b)
                    let target = if inSecond then right else left
                    target[pick.Next target.Length] <- odd
                    let plain = Array.map (fun (v: float) -> if Double.IsNaN v then nan else v)
                    let wanted = plain (expected case role left right)

                    let agrees what found =
                        Expect.isTrue
                            (same wanted (plain found))
                            $"{odd}, in the second operand {inSecond}, {what}: %A{role} %A{case}"

                    for width in [ Width.Bits128; Width.Bits256; Width.Bits512 ] do
                        agrees $"f32, {width}" (run f32 kernelOn<float32> case role width 1 left right null)

                    agrees "f64" (run f64 kernelOn<float> case role Simd.widest 2 left right null)

                    for layout in layouts role do
                        runAs layout f32 kernelOn<float32> case role Simd.widest 2 left right null
                        |> agrees $"%A{layout}"
    }

let tests =
    testList
        "convolution kernels"
        [
            any
            usual
            winograd
            cutSums
            winogradOrNot
            oddNumbers
            oddBesidePadding
            groups
            depthwise
            tileHeights
            steps
            none
            finish
            steady
        ]
