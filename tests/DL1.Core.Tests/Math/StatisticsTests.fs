/// Means, variances and what is made of them keep their digits wherever the data lie: bounds in units in the last place,
/// against sums in about 32 digits.
module DL1.Tests.StatisticsTests

open System
open DL1
open DL1.Tests.Law
open DL1.Tests.Precise
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Simd

/// The mean and the population's variance of numbers, in about 32 digits.
let private exact (values: float[]) =
    let count = ofFloat (float values.Length)
    let total = values |> Array.fold (fun sum v -> add sum (ofFloat v)) (ofFloat 0.0)
    let mean = div total count

    let squares =
        values
        |> Array.fold
            (fun sum v ->
                let d = sub (ofFloat v) mean
                add sum (mul d d))
            (ofFloat 0.0)

    mean, (div squares count).High

let private unitOf (dtype: DType) (v: float) =
    if dtype = DType.F32 then
        float (MathF.BitIncrement(float32 (abs v)) - float32 (abs v))
    else
        Math.BitIncrement(abs v) - abs v

/// Data about an offset: what spreads about it, what takes two values, one that stands apart, a ramp, one value alone.
let private shapes: (string * (Random -> int -> int -> float)) list =
    [
        "uniform", (fun random _ _ -> random.NextDouble())
        "of two values", (fun _ _ i -> float (i % 2))
        "ramp", (fun _ n i -> float i / float n)
        "one apart", (fun _ n i -> if i = n / 2 then 1.0 else 0.0)
        "first apart", (fun _ _ i -> if i = 0 then 1.0 else 0.0)
        "constant", (fun _ _ _ -> 0.0)
    ]

let private offsets dtype =
    if dtype = DType.F32 then
        [ 0.0; 0.1; 1e3; 1e6; 1234567.9; -1e7; 16777215.0 ]
    else
        [ 0.0; 0.1; 14.62; 1e9; -1e12; 1e15 ]

let private data dtype (shape: Random -> int -> int -> float) offset n =
    let random = Random 3
    Tensor.cast dtype (Tensor.vector (Array.init n (fun i -> offset + shape random n i)))

/// Eval, and compiled code of several widths.
let private ways: (string * (Variable list -> Expr list -> Tensor list -> Tensor list)) list =
    [
        "Eval", Eval.prepare
        "compiled", (fun inputs roots -> Compile.prepareOn Simd.widest true 2 inputs roots)
        "128 bits", (fun inputs roots -> Compile.prepareOn Width.Bits128 true 1 inputs roots)
        "interpreted", (fun inputs roots -> Compile.prepareOn Simd.widest false 1 inputs roots)
    ]

// The bounds of docs/numerics.md, in units in the last place.
let private varianceBound = 32.0
let private deviationBound = 24.0

let private variances =
    testList
        "variances"
        [
            for dtype in [ DType.F32; DType.F64 ] do
                for shapeName, shape in shapes do
                    test $"{dtype} {shapeName}: within {varianceBound} ulp at any offset" {
                        for offset in offsets dtype do
                            for n in [ 1; 2; 3; 17; 1000; 20_011 ] do
                                let value = data dtype shape offset n
                                let x = Expr.variable "x" dtype [ n ]
                                let _, variance = exact (Tensor.toFloats value)

                                let roots =
                                    [
                                        Reduce.variance 0 [ 0 ] x
                                        Reduce.deviation 0 [ 0 ] x
                                        if n > 1 then
                                            Reduce.variance 1 [ 0 ] x
                                    ]

                                let expected =
                                    [
                                        variance, varianceBound
                                        sqrt variance, deviationBound
                                        variance * float n / float (max 1 (n - 1)), varianceBound
                                    ]

                                for way, run in ways do
                                    let found = run (Graph.variables [ x ]) roots [ value ]

                                    for i, t in List.indexed found do
                                        let wanted, bound = expected[i]
                                        let error = abs (Tensor.toFloat t - wanted)

                                        if not (error <= bound * unitOf dtype wanted) then
                                            failtest
                                                $"{way}, root {i}, {n} about {offset}: {Tensor.toFloat t}, not {wanted}: {error / unitOf dtype wanted} ulp"
                    }
        ]

let private columns =
    test "variances of rows, columns and several axes are those of their numbers" {
        for dtype in [ DType.F32; DType.F64 ] do
            let offset = if dtype = DType.F32 then 1e6 else 1e14
            let dims = [ 5; 7; 6; 33 ]

            let value =
                Tensor.cast
                    dtype
                    (Tensor.ofArray
                        dims
                        (Array.init (5 * 7 * 6 * 33) (fun i -> offset + float (i * 7919 % 13))))

            let x = Expr.variable "x" dtype dims

            for axes in [ [ 0 ]; [ 3 ]; [ 0; 2; 3 ]; [ 1; 3 ]; [ 0; 2 ]; [ 0; 1; 2; 3 ] ] do
                let kept = [ 0..3 ] |> List.except axes
                let count = axes |> List.fold (fun n axis -> n * dims[axis]) 1

                let last =
                    Eval.run
                        []
                        (Expr.reshape
                            [ value.Size / count; count ]
                            (Expr.transpose (kept @ axes) (Expr.constant value)))
                    |> Tensor.toFloats
                    |> Array.chunkBySize count
                    |> Array.map (exact >> snd)

                for way, run in ways do
                    let found =
                        (run (Graph.variables [ x ]) [ Reduce.variance 0 axes x ] [ value ]).Head
                        |> Tensor.toFloats

                    for f, e in Array.zip found last do
                        Expect.isLessThanOrEqual
                            (abs (f - e))
                            (varianceBound * unitOf dtype e)
                            $"{way}, {dtype}, axes {axes}"
    }

let private derivatives =
    test "the derivatives of a variance are those of its formula" {
        let x = Expr.variable "x" DType.F64 [ 4; 3 ]
        let value = normal 3L DType.F64 [ 4; 3 ]
        let plain = let d = x - Reduce.keepDims Reduce.mean [ 0 ] x in Reduce.mean [ 0 ] (d * d)
        let variance = Reduce.variance 0 [ 0 ] x
        let weight = Expr.constant (Tensor.vector [| 1.0; -2.0; 0.5 |])
        let tangent = Expr.constant (normal 4L DType.F64 [ 4; 3 ])

        let all (e: Expr) =
            let loss = Expr.sumAll (e * weight * e)
            let gradient = Grad.grad loss [ x ]
            let second = Grad.grad (Expr.sumAll (gradient.Head * tangent)) [ x ]
            gradient @ second @ Grad.jvp [ e ] [ x ] [ tangent ]

        for a, b in List.zip (Eval.many [ "x", value ] (all plain)) (Eval.many [ "x", value ] (all variance)) do
            Numbers.expectClose 1e-12 a b "gradient, second derivative, forward"
    }

let private norms: (string * Layer<Expr, Expr> * int list * (int list -> int -> int)) list =
    // Which group of numbers that are normalised together an element belongs to.
    [
        "batch norm of features", Norm.batchNorm1d, [ 64; 5 ], (fun _ i -> i % 5)
        "batch norm of images", Norm.batchNorm2d, [ 4; 3; 6; 7 ], (fun _ i -> i / 42 % 3)
        "layer norm", Norm.layerNorm, [ 6; 40 ], (fun _ i -> i / 40)
        "group norm", Norm.groupNorm 2, [ 3; 4; 11 ], (fun _ i -> i / 22)
    ]

let private normalisations =
    testList
        "normalisations"
        [
            for name, layer, dims, groupOf in norms do
                test $"{name} of data far from 0, and of equal numbers" {
                    for dtype, offset, tolerance in
                        [
                            for offset in [ 0.0; 1e4; 1e6; 8388608.0 ] do
                                DType.F32, offset, 2e-5
                            for offset in [ 0.0; 1e9; 1e14 ] do
                                DType.F64, offset, 1e-12
                        ] do
                        let size = List.fold (*) 1 dims
                        let numbers = Array.init size (fun i -> offset + float (i * 7919 % 13))
                        let x = Expr.variable "x" dtype dims
                        let parameters, state = Layer.initAs dtype (Key.ofSeed 1L) x layer
                        let ps, ss = Tree.map Expr.constant parameters, Tree.map Expr.constant state
                        let mode = Mode.Training(Draw.key (Key.ofSeed 2L))
                        let y, next = Layer.apply mode ps ss layer x
                        let members = Array.groupBy (groupOf dims) [| 0 .. size - 1 |]
                        let expected = Array.zeroCreate size

                        for _, places in members do
                            let mean, variance = exact (places |> Array.map (fun i -> numbers[i]))

                            for i in places do
                                expected[i] <- (sub (ofFloat numbers[i]) mean).High / sqrt (variance + 1e-5)

                        let given = Tensor.cast dtype (Tensor.ofArray dims numbers)

                        let same =
                            Tensor.full
                                dtype
                                dims
                                (if dtype = DType.F32 then 1234567.9 + offset else 14.62 + offset)

                        for way, run in ways do
                            let run value = run (Graph.variables [ x ]) (y :: Tree.values next) [ value ]
                            let found = run given

                            Numbers.expectClose
                                tolerance
                                (Tensor.cast dtype (Tensor.ofArray dims expected))
                                found.Head
                                $"{way}, {dtype}, about {offset}"

                            Expect.all
                                (Tensor.toFloats (run same).Head)
                                (fun v -> v = 0.0)
                                $"{way}: equal numbers give 0"

                            match
                                next
                                |> Tree.toList
                                |> List.tryFindIndex (fun (path, _) -> path = "running_var")
                            with
                            | Some at ->
                                for c, places in members do
                                    let _, variance = exact (places |> Array.map (fun i -> numbers[i]))
                                    let n = float places.Length
                                    let wanted = 0.9 + 0.1 * variance * n / (n - 1.0)
                                    let v = (Tensor.toFloats found[1 + at])[c]

                                    Expect.isLessThan
                                        (abs (v / wanted - 1.0))
                                        (if dtype = DType.F32 then 4e-6 else 1e-14)
                                        $"{way}: running variance"
                            | None -> ()
                }
        ]

let private column (values: float[]) = Tensor.ofArray [ values.Length; 1 ] values

let private scalers =
    testList
        "scalers, imputation and R²"
        [
            test "a column that does not vary, but for rounding, is divided by 1" {
                for values in
                    [
                        Array.create 5 14.62
                        Array.create 1000 0.1
                        Array.create 3 1e300
                        [| 0.3; 0.1 + 0.2; 0.3 |]
                        [| 1e15; 1e15 + 0.125 |]
                        [| 7.0 |]
                        Array.create 4 0.0
                    ] do
                    for name, fit in
                        [ "standard", Scale.standard; "minMax", Scale.minMax; "robust", Scale.robust ] do
                        let scaler = fit (column values)
                        Expect.equal scaler.Divisor [ 1.0 ] $"{name} of %A{values}"
                        let apart = column [| values[0] + abs values[0] * 0.25 |]
                        let moved = Scale.apply scaler apart |> Tensor.toFloats |> Array.head

                        Expect.isLessThanOrEqual (abs moved) (abs values[0] * 0.25001) name
            }
            test "a column that varies far from 0 is scaled by its own deviation" {
                for offset in [ 0.0; 1e9; 1e15; -1e15 ] do
                    let values = Array.init 1001 (fun i -> offset + float (i % 2))
                    let mean, variance = exact values
                    let scaler = Scale.standard (column values)
                    Expect.equal scaler.Shift [ mean.High ] $"{offset}: the mean"

                    Expect.isLessThan
                        (abs (scaler.Divisor.Head / sqrt variance - 1.0))
                        1e-15
                        $"{offset}: the deviation"
            }
            test "huge and tiny columns are scaled" {
                for unit in [ 1e-200; 1e-160; 1e160; 1e300 ] do
                    let scaler = Scale.standard (column [| unit; -unit; unit; -unit |])
                    Expect.isLessThan (abs (scaler.Divisor.Head / unit - 1.0)) 1e-15 $"{unit}"
                    Expect.equal scaler.Shift [ 0.0 ] $"{unit}"
            }
            test
                "the mean that is put in the place of a missing value is that of the others, to the last digit" {
                let values = [| nan; 0.1; 0.1; 0.1; nan |]
                Expect.equal (Impute.mean (column values)) [ 0.1 ] "of equal ones"
                let values = Array.init 1000 (fun i -> 1e15 + float (i % 2))
                Expect.equal (Impute.mean (column values)) [ (fst (exact values)).High ] "far from 0"
            }
            test "R² of targets that do not vary is 1 or 0, and far from 0 it keeps its digits" {
                let targets = Tensor.vector [| 0.1; 0.1; 0.1 |]
                Expect.equal (Regression.r2 targets targets) 1.0 "no error"
                Expect.equal (Regression.r2 targets (Tensor.vector [| 0.1; 0.2; 0.1 |])) 0.0 "some error"

                Expect.equal
                    (Regression.explainedVariance targets (Tensor.vector [| 0.3; 0.2; 0.1 |]))
                    0.0
                    "some error"

                for offset in [ 0.0; 1e9; 1e15 ] do
                    let t = Array.init 100 (fun i -> offset + float (i % 8))
                    let p = t |> Array.mapi (fun i v -> v + (if i % 4 = 0 then 1.0 else 0.0))
                    let _, variance = exact t
                    let wanted = 1.0 - 0.25 / variance
                    let found = Regression.r2 (Tensor.vector t) (Tensor.vector p)
                    Expect.isLessThan (abs (found - wanted)) 1e-15 $"about {offset}"

                    let explained = Regression.explainedVariance (Tensor.vector t) (Tensor.vector p)
                    Expect.isLessThan (abs (explained - (1.0 - 0.1875 / variance))) 1e-15 $"about {offset}"

                for unit in [ 1e-200; 1e200 ] do
                    let scaled = Array.map (fun v -> v * unit) >> Tensor.vector

                    let found =
                        Regression.r2 (scaled [| 1.0; 2.0; 3.0; 4.0 |]) (scaled [| 1.0; 2.0; 3.0; 5.0 |])

                    Expect.isLessThan (abs (found - 0.8)) 1e-15 $"in units of {unit}"
            }
            law "a scaler does not depend on the order of the rows by more than rounding" (fun (seed: int) ->
                let random = Random seed
                let values = Array.init 50 (fun _ -> 1e8 + random.NextDouble())
                let shuffled = values |> Array.sortBy (fun _ -> random.Next())
                let a, b = Scale.standard (column values), Scale.standard (column shuffled)

                abs (a.Divisor.Head / b.Divisor.Head - 1.0) < 1e-13
                && abs (a.Shift.Head - b.Shift.Head) <= 3e-8)
        ]

let private sums =
    testList
        "sums"
        [
            law "Eval's sums of f64 are exact to an ulp where terms have one sign" (fun (seed: int) ->
                let random = Random seed

                let values =
                    Array.init 3000 (fun _ -> random.NextDouble() * Math.Pow(10.0, random.Next 12 |> float))

                let total = (values |> Array.fold (fun sum v -> add sum (ofFloat v)) (ofFloat 0.0)).High

                let found =
                    Eval.run [] (Expr.sumAll (Expr.constant (Tensor.vector values))) |> Tensor.toFloat

                abs (found - total) <= unitOf DType.F64 total)
            test "means of long arrays" {
                for dtype, bound in [ DType.F32, 84.0; DType.F64, 84.0 ] do
                    for n in [ 100_003; 1_000_003 ] do
                        let value = Tensor.full dtype [ n ] 0.1
                        let given = (Tensor.toFloats value)[0]
                        let x = Expr.variable "x" dtype [ n ]

                        for way, run in ways |> List.truncate 2 do
                            let found =
                                (run (Graph.variables [ x ]) [ Reduce.mean [ 0 ] x ] [ value ]).Head
                                |> Tensor.toFloat

                            let bound = if way = "Eval" then 2.0 else bound

                            Expect.isLessThanOrEqual
                                (abs (found - given))
                                (bound * unitOf dtype given)
                                $"{way}, {dtype}, {n}"
            }
        ]

let tests = testList "Statistics" [ variances; columns; derivatives; normalisations; scalers; sums ]
