/// The vector functions: their errors, their special values, and that no lane's bits depend on the width.
module DL1.Tests.FunctionsTests

open System
open System.Runtime.Intrinsics
open DL1
open DL1.Tests.Law
open DL1.Tests.Ulp
open Expecto
open DL1.Compiler.Simd

/// The error that the documentation promises of every function, in ulp.
let private promised = 2.0

let private errors =
    testList
        "errors"
        [
            for f in functions do
                test $"{f.Name} in f32 is within 2 ulp" {
                    let worst = sweep32 20011L f.Judge32 f.Name
                    Expect.isLessThanOrEqual worst.Error promised $"{f.Name} at {worst.At:R}"
                }

                test $"{f.Name} in f64 is within 2 ulp" {
                    let worst = sweep64 4096 f
                    Expect.isLessThanOrEqual worst.Error promised $"{f.Name} at {worst.At:R}"
                }

            test "Pow is within 1 ulp" {
                let struct (single, double) = sweepPow 64
                Expect.isLessThanOrEqual single.Error 1.0 $"f32 at {single.At:R}"
                Expect.isLessThanOrEqual double.Error 1.0 $"f64 at {double.At:R}"
            }
        ]

let private bits32 (x: float32) = if Single.IsNaN x then 0u else BitConverter.SingleToUInt32Bits x
let private bits64 (x: float) = if Double.IsNaN x then 0UL else BitConverter.DoubleToUInt64Bits x

/// Numbers of every kind beside the generated ones.
let private seasoned (generated: float[]) =
    Array.concat
        [
            [|
                0.0
                -0.0
                infinity
                -infinity
                nan
                5e-324
                -5e-324
                1e-310
                1e-40
                -1e-40
                1e300
                -1e300
                3e38
            |]
            [|
                1.0
                -1.0
                0.5
                -0.5
                1e-5
                20.0
                -20.0
                88.0
                -88.0
                -100.0
                709.0
                -720.0
                131072.0
                2e9
                -1e15
            |]
            generated
        ]

/// The array, its last vector of 512 bits filled with ones.
let private padded (xs: 'T[]) one = Array.append xs (Array.create ((16 - xs.Length % 16) % 16) one)

let private sameBits name (xs: 'T[]) (bits: 'T -> 'B) =
    let by (run: 'T[] -> 'T[] -> unit) =
        let ys = Array.zeroCreate xs.Length
        run xs ys
        Array.map bits ys

    let expected = by (byNumber<'T> name)
    by (by128<'T> name) = expected && by (by256<'T> name) = expected && by (by512<'T> name) = expected

/// The power of each base by one exponent, by numbers and by vectors of each width.
let private samePower32 (y: float32) (xs: float32[]) =
    let by width (power: int -> float32[]) =
        [| 0..width .. xs.Length - 1 |] |> Array.collect power |> Array.map bits32

    let lanes (v: Vector128<float32>) = Array.init 4 v.GetElement
    let expected = xs |> Array.map (fun x -> bits32 (NumberMath.Pow(x, y)))
    let wide (v: Vector256<float32>) = Array.append (lanes (v.GetLower())) (lanes (v.GetUpper()))

    by 4 (fun i -> lanes (VectorMath.Pow(Vector128.Create(xs, i), Vector128.Create y))) = expected
    && by 8 (fun i -> wide (VectorMath.Pow(Vector256.Create(xs, i), Vector256.Create y))) = expected
    && by 16 (fun i ->
        let v = VectorMath.Pow(Vector512.Create(xs, i), Vector512.Create y)
        Array.append (wide (v.GetLower())) (wide (v.GetUpper())))
        =
        expected

let private samePower64 (y: float) (xs: float[]) =
    let by width (power: int -> float[]) =
        [| 0..width .. xs.Length - 1 |] |> Array.collect power |> Array.map bits64

    let lanes (v: Vector128<float>) = Array.init 2 v.GetElement
    let expected = xs |> Array.map (fun x -> bits64 (NumberMath.Pow(x, y)))
    let wide (v: Vector256<float>) = Array.append (lanes (v.GetLower())) (lanes (v.GetUpper()))

    by 2 (fun i -> lanes (VectorMath.Pow(Vector128.Create(xs, i), Vector128.Create y))) = expected
    && by 4 (fun i -> wide (VectorMath.Pow(Vector256.Create(xs, i), Vector256.Create y))) = expected
    && by 8 (fun i ->
        let v = VectorMath.Pow(Vector512.Create(xs, i), Vector512.Create y)
        Array.append (wide (v.GetLower())) (wide (v.GetUpper())))
        =
        expected

let private widths =
    testList
        "a lane's bits are those of the number alone"
        [
            for f in functions do
                law $"{f.Name}" (fun (generated: float[]) ->
                    let xs = seasoned generated

                    sameBits f.Name (padded (Array.map float32 xs) 1.0f) bits32
                    && sameBits f.Name (padded xs 1.0) bits64)

            law "Pow" (fun (bases: float[]) (power: float) ->
                let xs = padded (seasoned bases) 1.0

                [ power; 0.0; 1.0; -1.0; 2.0; 3.0; 0.5; infinity; -infinity; nan; 1e300; -1e-300 ]
                |> List.forall (fun y -> samePower64 y xs && samePower32 (float32 y) (Array.map float32 xs)))
        ]

/// What IEEE 754 and Annex F of C say of each function's ends: argument and value, in both types.
let private ends =
    [
        "Exp", [ 0.0, 1.0; -0.0, 1.0; infinity, infinity; -infinity, 0.0; 1e5, infinity; -1e5, 0.0 ]
        "Expm1",
        [
            0.0, 0.0
            -0.0, -0.0
            infinity, infinity
            -infinity, -1.0
            -1e5, -1.0
            1e5, infinity
            1e-40, 1e-40
        ]
        "Log", [ 1.0, 0.0; 0.0, -infinity; -0.0, -infinity; infinity, infinity; -1.0, nan; -infinity, nan ]
        "Log1p",
        [
            0.0, 0.0
            -0.0, -0.0
            -1.0, -infinity
            infinity, infinity
            -2.0, nan
            -infinity, nan
            1e-40, 1e-40
        ]
        "Sin", [ 0.0, 0.0; -0.0, -0.0; infinity, nan; -infinity, nan; 1e-40, 1e-40; -1e-40, -1e-40 ]
        "Cos", [ 0.0, 1.0; -0.0, 1.0; infinity, nan; -infinity, nan; 1e-40, 1.0 ]
        "Tanh",
        [ 0.0, 0.0; -0.0, -0.0; infinity, 1.0; -infinity, -1.0; 1e30, 1.0; -30.0, -1.0; -1e-40, -1e-40 ]
        "Sigmoid", [ 0.0, 0.5; -0.0, 0.5; infinity, 1.0; -infinity, 0.0; 1e30, 1.0; -1e30, 0.0 ]
        "Erf", [ 0.0, 0.0; -0.0, -0.0; infinity, 1.0; -infinity, -1.0; 7.0, 1.0; -7.0, -1.0 ]
        "Softplus", [ infinity, infinity; -infinity, 0.0; 1e30, 1e30; -1e30, 0.0 ]
    ]

let private special =
    testList
        "special values"
        [
            for name, rows in ends do
                test name {
                    for x, expected in (nan, nan) :: rows do
                        let one (run: 'T[] -> 'T[] -> unit) (x: 'T) =
                            let ys = [| x |]
                            run [| x |] ys
                            ys[0]

                        let single = one (byNumber<float32> name) (float32 x)
                        let double = one (byNumber<float> name) x

                        Expect.equal
                            (bits32 single)
                            (bits32 (float32 expected))
                            $"{name} {x} in f32 is {single}"

                        Expect.equal (bits64 double) (bits64 expected) $"{name} {x} in f64 is {double}"
                }

            test "Pow is Math.Pow's" {
                let numbers =
                    [ 0.0; 0.5; 1.0; 2.0; 3.0; 1e-40; 1e30; 1e-30; 0.9; infinity ]
                    |> List.collect (fun x -> [ x; -x ])

                for x in nan :: numbers do
                    for y in nan :: numbers do
                        let double = NumberMath.Pow(x, y)
                        let expected = Math.Pow(x, y)
                        let ordinary v = not (Double.IsNaN v || Double.IsInfinity v || v = 0.0)

                        if ordinary expected then
                            Expect.isLessThan (abs (double / expected - 1.0)) 1e-15 $"{x} ** {y} in f64"
                        else
                            Expect.equal (bits64 double) (bits64 expected) $"{x} ** {y} in f64 is {double}"

                        let x, y = float32 x, float32 y
                        let single = NumberMath.Pow(x, y)
                        let expected = float32 (Math.Pow(float x, float y))
                        Expect.equal (bits32 single) (bits32 expected) $"{x} ** {y} in f32 is {single}"
            }

            test "at the ends of the range" {
                let is (found: float) expected what = Expect.equal (bits64 found) (bits64 expected) what
                is (NumberMath.Exp 709.782712893384) (Math.Exp 709.782712893384) "the greatest power of e"
                is (NumberMath.Exp 709.7827128933841) infinity "the one above"
                is (NumberMath.Exp -745.1332191019411) 5e-324 "the least power of e"
                is (NumberMath.Exp -745.1332191019412) 0.0 "the one below"
                is (NumberMath.Log 5e-324) (Math.Log 5e-324) "the logarithm of the least number"
                is (NumberMath.Log Double.MaxValue) (Math.Log Double.MaxValue) "and of the greatest"
                Expect.equal (NumberMath.Exp 88.72284f) 3.402850e38f "the greatest power of e in f32"

                Expect.equal
                    (NumberMath.Exp 88.72284f)
                    (float32 (Math.Exp 88.72283935546875))
                    "the same by Math.Exp"

                Expect.isTrue (Single.IsInfinity(NumberMath.Exp 88.72285f)) "the one above"
                Expect.equal (NumberMath.Exp -103.97f) 1e-45f "the least"
                Expect.equal (NumberMath.Exp -103.98f) 0.0f "the one below"
            }
        ]

let private allocation =
    test "nothing is allocated, not even beyond the range of sine and cosine" {
        let xs = Array.create 1024 1e12
        let singles = Array.create 1024 1e12f
        let y, single = Array.zeroCreate 1024, Array.zeroCreate 1024
        let runs = [ for f in functions -> by256<float> f.Name ]
        let singleRuns = [ for f in functions -> by256<float32> f.Name ]

        let pass () =
            for run in runs do
                run xs y

            for run in singleRuns do
                run singles single

        pass ()
        let before = GC.GetAllocatedBytesForCurrentThread()
        pass ()
        Expect.isLessThan (GC.GetAllocatedBytesForCurrentThread() - before) 4096L "bytes"
    }

let tests = testList "Functions" [ errors; widths; special; allocation ]
