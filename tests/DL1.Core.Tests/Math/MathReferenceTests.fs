/// Special functions, activation functions, functions along an axis and einsum against mpmath and PyTorch
/// (tests/fixtures/functions.py), by Eval and compiled, with their derivatives.
module DL1.Tests.MathReferenceTests

open System
open System.IO
open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto
open FsCheck.FSharp

let private fixture =
    use document =
        JsonDocument.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "fixtures", "functions.json"))
        )

    document.RootElement.Clone()

let private number (e: JsonElement) =
    match e.ValueKind with
    | JsonValueKind.Number -> e.GetDouble()
    | _ ->
        match e.GetString() with
        | "NaN" -> nan
        | "Infinity" -> infinity
        | "-Infinity" -> -infinity
        | _ -> -0.0

let private numbers (e: JsonElement) = [| for v in e.EnumerateArray() -> number v |]
let private dims (e: JsonElement) = [ for v in e.EnumerateArray() -> v.GetInt32() ]

/// Each function, and how far it may be off: relative to the value, or to 1 where that is smaller.
let private functions: Map<string, float * (Expr -> Expr)> =
    Map
        [
            "log2", (1e-15, Special.log2)
            "log10", (1e-15, Special.log10)
            "exp2", (1e-15, Special.exp2)
            "asinh", (1e-15, Special.asinh)
            "acosh", (2e-15, Special.acosh)
            "atanh", (1e-15, Special.atanh)
            "erfc", (3e-15, Special.erfc)
            "erfInv", (2e-15, Special.erfInv)
            "logit", (1e-15, Special.logit)
            "logGamma", (1e-14, Special.logGamma)
            "digamma", (2e-14, Special.digamma)
            "sinc", (1e-14, Special.sinc)
            "relu6", (0.0, Elementwise.relu6)
            "hardSigmoid", (1e-15, Elementwise.hardSigmoid)
            "hardSwish", (1e-15, Elementwise.hardSwish)
            "celu", (1e-15, Elementwise.celu 1.3)
            "geluTanh", (1e-15, Elementwise.geluTanh)
            "hardShrink", (0.0, Elementwise.hardShrink 0.5)
            "softShrink", (1e-15, Elementwise.softShrink 0.5)
            "tanhShrink", (1e-15, Elementwise.tanhShrink)
            "threshold", (0.0, Elementwise.threshold 0.1 20.0)
            "softplusScaled", (1e-15, Elementwise.softplusScaled 2.0)
            "truncate", (0.0, Elementwise.truncate)
            "fraction", (0.0, Elementwise.fraction)
        ]

/// The error relative to the value where a function is small near a zero of its own (its digits are those of the operand).
let private isClose tolerance (expected: float) (found: float) =
    expected = found
    || (Double.IsNaN expected && Double.IsNaN found)
    || abs (found - expected) <= tolerance * max (abs expected) 1e-300
    || abs (found - expected) <= 4.0 * Double.Epsilon

/// Functions whose zero lies between representable numbers: the error there is absolute.
let private absolute = set [ "logGamma"; "digamma"; "sinc"; "tanhShrink"; "fraction"; "geluTanh" ]

/// PyTorch keeps these functions' constants in f32 inside their derivatives.
let private singleSlopes = set [ "hardSigmoid"; "celu" ]

/// Where x² overflows, the derivatives of the inverse hyperbolic functions are 0, as PyTorch's.
let private underflows (expected: float) (found: float) = abs expected < 1e-150 && found = 0.0

let private expectClose name tolerance (x: float[]) (expected: float[]) (found: float[]) what =
    for i in 0 .. x.Length - 1 do
        let allowed =
            if absolute.Contains name && abs expected[i] < 1.0 then
                abs (found[i] - expected[i]) <= tolerance
            else
                isClose tolerance expected[i] found[i] || underflows expected[i] found[i]

        if not allowed then
            failtest $"{name} {what} at {x[i]:R}: expected {expected[i]:R}, found {found[i]:R}"

let private ofFunctions =
    [
        for case in fixture.GetProperty("functions").EnumerateArray() do
            let name = case.GetProperty("name").GetString() |> string

            test $"{name} and its derivative are the reference's" {
                let tolerance, f = functions[name]
                let points = numbers (case.GetProperty "x")
                let value, slope = numbers (case.GetProperty "value"), numbers (case.GetProperty "slope")
                let x = Expr.variable "x" DType.F64 [ points.Length ]
                let reverse = Grad.grad (Expr.sumAll (f x)) [ x ] |> List.head
                let forward = Grad.jvp [ f x ] [ x ] [ Expr.onesLike x ] |> List.head
                let roots = [ f x; reverse; forward ]

                for run, by in [ Eval.prepare, "by Eval"; Compile.prepare, "compiled" ] do
                    let found =
                        run [ variableOf x ] roots [ Tensor.vector points ] |> List.map Tensor.toFloats

                    let slack = if singleSlopes.Contains name then 1e-6 else 40.0 * max tolerance 1e-15
                    expectClose name tolerance points value found[0] by
                    expectClose name slack points slope found[1] $"' {by}, backward"
                    expectClose name slack points slope found[2] $"' {by}, forward"
            }

            test $"{name} in f32 is the function in f64, rounded" {
                let tolerance, f = functions[name]

                let points =
                    numbers (case.GetProperty "x") |> Array.map float32 |> Array.filter Single.IsFinite

                let at e = Compile.prepare [] [ e ] [] |> List.head |> Tensor.toFloats
                let narrow = at (f (Expr.constant (Tensor.vector points)))
                let wide = at (f (Expr.constant (Tensor.vector (Array.map float points))))

                for x, expected, found in Array.zip3 points wide narrow do
                    let expected = float (float32 expected)
                    // Compositions of f32 primitives round at each step.
                    let allowed = if tolerance = 0.0 then 0.0 else 1e-6

                    if not (near allowed expected found || (Double.IsNaN expected && Double.IsNaN found)) then
                        failtest $"{name} at {x:R}: {expected:R} in f64, {found:R} in f32"
            }
    ]

let private angles =
    test "atan2 takes the quadrant and the signs of zeros and infinities from C's Annex F" {
        let cases = [ for c in fixture.GetProperty("angles").EnumerateArray() -> c ]
        let column (name: string) = cases |> List.map (fun c -> number (c.GetProperty name)) |> Array.ofList
        let y, x = column "y", column "x"
        let angle = Special.atan2 (Expr.constant (Tensor.vector y)) (Expr.constant (Tensor.vector x))

        for run in [ Eval.prepare; Compile.prepare ] do
            let found = run [] [ angle ] [] |> List.head |> Tensor.toFloats

            for i in 0 .. y.Length - 1 do
                let expected = column "value" |> Array.item i

                if BitConverter.DoubleToInt64Bits expected <> BitConverter.DoubleToInt64Bits found[i] then
                    Expect.isTrue (isClose 1e-15 expected found[i]) $"atan2({y[i]}, {x[i]}) = {found[i]:R}"

                    Expect.equal
                        (Double.IsNegative found[i])
                        (Double.IsNegative expected)
                        $"atan2({y[i]}, {x[i]})"
    }

let private angleLaw =
    law "atan2 turns with the point: its derivatives are those of the angle" (fun (a: int) (r: int) ->
        let angle, radius = Math.IEEERemainder(0.7 + float a, 2.0 * Math.PI), 0.1 + abs (float r)
        let y, x = Expr.symbol "y", Expr.symbol "x"
        let values = [ "y", Tensor.scalar (radius * sin angle); "x", Tensor.scalar (radius * cos angle) ]
        let value = Special.atan2 y x
        let found = value :: Grad.grad value [ y; x ] |> Eval.many values |> List.map Tensor.toFloat

        near 1e-12 (cos (found[0] - angle)) 1.0
        && near 1e-9 (cos angle / radius) found[1]
        && near 1e-9 (-(sin angle) / radius) found[2])

let private alongAxes: Map<string, Expr -> Expr> =
    Map
        [
            "glu", Axes.glu 1
            "cumProd", Axes.cumProd 1
            "cumMax", Axes.cumMax 1
            "cumMin", Axes.cumMin 0
            "cumLogSumExp", Axes.cumLogSumExp -1
            "roll", Axes.roll 3 1
            "repeatEach", Axes.repeatEach 3 0
            "lowerTriangle", Axes.lowerTriangle 1
            "upperTriangle", Axes.upperTriangle -1
        ]

/// Values and gradients for operands and a cotangent, by Eval and compiled.
let private expectReference
    (operands: (Expr * Tensor) list)
    (value: Expr)
    (case: JsonElement)
    (gradients: float[] list)
    what
    =
    let shape = dims (case.GetProperty "shape")
    let cotangent = Tensor.ofArray shape (numbers (case.GetProperty "cotangent"))
    Expect.equal (value.Shape.ToList()) shape what
    let variables = List.map fst operands
    let roots = value :: Grad.grad (Expr.sumAll (value * Expr.constant cotangent)) variables
    let expected = numbers (case.GetProperty "value") :: gradients

    for run in [ Eval.prepare; Compile.prepare ] do
        let found =
            run (List.map variableOf variables) roots (List.map snd operands) |> List.map Tensor.toFloats

        for e, f in List.zip expected found do
            Expect.isTrue (Array.forall2 (near 1e-12) e f) $"{what}: expected %A{e}, found %A{f}"

let private ofAxes =
    [
        for case in fixture.GetProperty("along").EnumerateArray() do
            let name = case.GetProperty("name").GetString() |> string

            test $"{name} and its gradient are the reference's" {
                let x = Expr.variable "x" DType.F64 [ 3; 4 ]
                let data = Tensor.ofArray [ 3; 4 ] (numbers (case.GetProperty "x"))

                expectReference
                    [ x, data ]
                    (alongAxes[name] x)
                    case
                    [ numbers (case.GetProperty "gradient") ]
                    name
            }
    ]

let private ofEinsum =
    [
        for case in fixture.GetProperty("einsum").EnumerateArray() do
            let formula = case.GetProperty("formula").GetString() |> string

            test $"einsum {formula} and its gradients are the reference's" {
                let operands =
                    [
                        for i, o in Seq.indexed (case.GetProperty("operands").EnumerateArray()) do
                            let shape = dims (o.GetProperty "shape")
                            let data = Tensor.ofArray shape (numbers (o.GetProperty "data"))
                            Expr.variable $"x{i}" DType.F64 shape, data
                    ]

                let gradients = [ for g in case.GetProperty("gradients").EnumerateArray() -> numbers g ]

                expectReference
                    operands
                    (Einsum.einsum formula (List.map fst operands))
                    case
                    gradients
                    formula
            }
    ]

/// The meaning of a formula: for each letter a loop over its extent.
let private byLoops
    (inputs: string list)
    (output: string)
    (extents: Map<char, int>)
    (operands: Tensor list)
    : float[] =
    let letters = String.concat "" inputs |> Seq.distinct |> List.ofSeq
    let size (axes: string) = axes |> Seq.fold (fun n c -> n * extents[c]) 1
    let result = Array.zeroCreate (size output)
    let data = operands |> List.map Tensor.toFloats

    let place (at: Map<char, int>) (axes: string) = axes |> Seq.fold (fun i c -> i * extents[c] + at[c]) 0

    let rec loop (at: Map<char, int>) rest =
        match rest with
        | c :: others ->
            for i in 0 .. extents[c] - 1 do
                loop (Map.add c i at) others
        | [] ->
            let term = List.map2 (fun axes (d: float[]) -> d[place at axes]) inputs data |> List.reduce (*)
            result[place at output] <- result[place at output] + term

    loop Map.empty letters
    result

let private formulas =
    gen {
        let! count = Gen.choose (1, 3)

        let! inputs =
            Gen.listOfLength
                count
                (Gen.choose (0, 3) |> Gen.bind (fun n -> Gen.arrayOfLength n (Gen.elements "abcd")))

        let inputs = inputs |> List.map String
        let letters = String.concat "" inputs |> Seq.distinct |> Array.ofSeq
        let! shuffled = Gen.shuffle letters
        let! kept = Gen.choose (0, letters.Length)
        let! extents = Gen.listOfLength 4 (Gen.choose (0, 3))
        let! seed = Gen.choose (0, 1000)
        return inputs, String(Array.truncate kept shuffled), Map(List.zip (List.ofSeq "abcd") extents), seed
    }
    |> Arb.fromGen

let private einsumLaw =
    testPropertyWithConfig config "einsum is the sum of products over all letters" (fun () ->
        Prop.forAll formulas (fun (inputs, output, extents, seed) ->
            let operands =
                inputs
                |> List.mapi (fun i axes ->
                    Key.ofSeed (int64 seed)
                    |> Key.fold i
                    |> Key.normal 0.0 1.0 DType.F64 [ for c in axes -> extents[c] ])

            let formula = $"""{String.concat "," inputs}->{output}"""
            let found = Einsum.einsum formula (List.map Expr.constant operands)
            let expected = byLoops inputs output extents operands

            List.forall
                (fun run -> Array.forall2 (near 1e-12) expected (run found))
                [
                    Eval.run [] >> Tensor.toFloats
                    fun e -> Compile.prepare [] [ e ] [] |> List.head |> Tensor.toFloats
                ]))

let private refusals =
    testList
        "einsum refuses, naming what is wrong"
        [
            for formula, shapes, part in
                [
                    "ij,jk->ik", [ [ 2; 3 ] ], "2 operands"
                    "ij->ik", [ [ 2; 3 ] ], "letter 'k'"
                    "ij,jk->ik", [ [ 2; 3 ]; [ 4; 2 ] ], "extents 3 and 4"
                    "ijk->i", [ [ 2; 3 ] ], "2 letters"
                    "i1->i", [ [ 2; 3 ] ], "letters from a to z"
                    "i->ii", [ [ 2 ] ], "each letter once"
                    "i->i->i", [ [ 2 ] ], "one '->'"
                ] do
                test $"{formula}: {part}" {
                    let operands = shapes |> List.map (Expr.variable "x" DType.F64)

                    let message =
                        try
                            $"no error, but {Einsum.einsum formula operands}"
                        with :? ShapeError as error ->
                            error.Message

                    Expect.stringContains message part ""
                }
        ]

let private options =
    test "options that mean nothing are refused" {
        let x = Expr.variable "x" DType.F64 [ 3 ]

        for f in
            [
                fun () -> Elementwise.celu 0.0 x
                fun () -> Elementwise.softShrink -1.0 x
                fun () -> Elementwise.softplusScaled 0.0 x
                fun () -> Axes.repeatEach -1 0 x
            ] do
            Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""

        Expect.throwsT<ShapeError> (fun () -> Axes.glu 0 x |> ignore) ""
        Expect.throwsT<ShapeError> (fun () -> Axes.lowerTriangle 0 x |> ignore) ""
    }

let private nonFinite =
    test "what is not finite is found and replaced, with derivative 0" {
        let x = Expr.variable "x" DType.F64 [ 4 ]
        let values = Tensor.vector [| nan; infinity; -infinity; 2.0 |]
        let y = Elementwise.replaceNonFinite 7.0 8.0 9.0 x
        let as64 e = Expr.cast DType.F64 e

        let roots =
            [
                y
                Grad.grad (Expr.sumAll y) [ x ] |> List.head
                as64 (Elementwise.isNaN x)
                as64 (Elementwise.isInfinity x)
                as64 (Elementwise.isFinite x)
            ]

        for run in [ Eval.prepare; Compile.prepare ] do
            let found = run [ variableOf x ] roots [ values ] |> List.map (Tensor.toFloats >> List.ofArray)

            Expect.equal
                found
                [
                    [ 7.0; 8.0; 9.0; 2.0 ]
                    [ 0.0; 0.0; 0.0; 1.0 ]
                    [ 1.0; 0.0; 0.0; 0.0 ]
                    [ 0.0; 1.0; 1.0; 0.0 ]
                    [ 0.0; 0.0; 0.0; 1.0 ]
                ]
                ""
    }

let tests =
    testList
        "Math reference"
        [
            yield! ofFunctions
            angles
            angleLaw
            yield! ofAxes
            yield! ofEinsum
            einsumLaw
            refusals
            options
            nonFinite
        ]
