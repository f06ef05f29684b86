/// Preparations against scikit-learn's numbers (fixtures/tables.py), and their laws.
module DL1.Tests.PreparationTests

open System
open System.Text.Json
open DL1
open DL1.Data
open DL1.Tests.Reference
open Expecto

/// A tensor whose numbers may be NaN or infinite, which JSON has as texts.
let private read (e: JsonElement) : Tensor =
    let number (v: JsonElement) =
        match v.ValueKind with
        | JsonValueKind.String ->
            match v.GetString() with
            | "NaN" -> nan
            | "Infinity" -> infinity
            | _ -> -infinity
        | _ -> v.GetDouble()

    Tensor.ofArray
        (ints (e.GetProperty "shape"))
        [| for v in e.GetProperty("data").EnumerateArray() -> number v |]

/// The cases of one name: what is given and what is expected, by names, and the attributes.
let casesIn (file: string) (wanted: string) =
    [
        for case in cases file do
            if name case = wanted then
                let part (key: string) (name: string) = read (case.GetProperty(key).GetProperty name)
                let attribute (name: string) = case.GetProperty("attrs").GetProperty name
                let has (name: string) = fst (case.GetProperty("expected").TryGetProperty name)
                struct (part "given", attribute, part "expected", has)
    ]

/// `casesIn` of the reference values of tables.
let casesOf (wanted: string) = casesIn "tables.json" wanted

/// The largest difference, each relative to one or the larger number; NaN equals NaN.
let close (tolerance: float) (expected: Tensor) (found: Tensor) (what: string) =
    Expect.equal found.Size expected.Size $"{what}: sizes"

    let apart =
        Array.map2
            (fun (a: float) (b: float) ->
                if Double.IsNaN a && Double.IsNaN b then 0.0 else abs (a - b) / max 1.0 (abs a))
            (Tensor.toFloats expected)
            (Tensor.toFloats found)
        |> Array.max

    Expect.isTrue (apart <= tolerance) $"{what}: {apart} apart"

/// What a graph gives for a table.
let express (fitted: IFitted) (x: Tensor) : Tensor =
    let v = Expr.variable "x" x.DType (x.Shape.ToList())
    Eval.run [ "x", x ] (fitted.Express v)

let private power =
    testList
        "power"
        [
            for i, struct (given, attribute, expected, _) in Seq.indexed (casesOf "power") do
                test $"%d{i}: as scikit-learn's" {
                    let isBoxCox = string (attribute "method") = "box-cox"
                    let standardise = (attribute "standardise").GetBoolean()
                    let x = given "x"

                    let p =
                        if isBoxCox then
                            PowerTransform.BoxCox(x, standardise)
                        else
                            PowerTransform.YeoJohnson(x, standardise)

                    close 2e-6 (expected "powers") (Tensor.vector p.Powers) "powers"
                    close 2e-5 (expected "y") (p.Apply x) "of the same rows"
                    close 2e-5 (expected "z") (p.Apply(given "other")) "of other rows"
                    close 1e-9 (given "other") (p.Invert(p.Apply(given "other"))) "and back"
                    close 1e-11 (p.Apply(given "other")) (express p (given "other")) "as a graph"
                }
            test "columns that do not vary, and numbers that are none" {
                let p = PowerTransform.YeoJohnson(Tensor.ofArray [ 3; 1 ] [| 2.0; 2.0; 2.0 |])
                Expect.equal (List.ofSeq p.Powers) [ 1.0 ] "left as they are"
                let of' values = Tensor.ofArray [ 2; 1 ] values

                Expect.throwsT<DomainError>
                    (fun () -> PowerTransform.BoxCox(of' [| 0.0; 1.0 |]) |> ignore)
                    "0"

                Expect.throwsT<DomainError>
                    (fun () -> PowerTransform.YeoJohnson(of' [| infinity; 1.0 |]) |> ignore)
                    "∞"

                Expect.throwsT<DomainError>
                    (fun () -> PowerTransform.YeoJohnson(of' [| nan; nan |]) |> ignore)
                    "no value"

                Expect.throwsT<ShapeError>
                    (fun () -> p.Apply(Tensor.zeros DType.F64 [ 2; 2 ]) |> ignore)
                    "columns"
            }
        ]

let private quantile =
    testList
        "quantile"
        [
            for i, struct (given, attribute, expected, _) in Seq.indexed (casesIn "pipelines.json" "quantile") do
                test $"%d{i}: as scikit-learn's" {
                    let n = (attribute "quantiles").GetInt32()
                    let x = given "x"

                    let q =
                        if string (attribute "output") = "normal" then
                            QuantileTransform.Normal(x, n)
                        else
                            QuantileTransform.Uniform(x, n)

                    close 1e-9 (expected "y") (q.Apply x) "of the same rows"
                    close 1e-9 (expected "z") (q.Apply(given "other")) "of other rows"
                    close 1e-6 (expected "back") (q.Invert(q.Apply(given "other"))) "and back"
                    close 1e-8 (q.Apply(given "other")) (express q (given "other")) "as a graph"
                    close 1e-8 (q.Apply x) (express q x) "as a graph, of the same rows"
                }
            test "fewer than two quantiles, infinities and columns without a value are refused" {
                let x = Tensor.ofArray [ 2; 1 ] [| 1.0; 2.0 |]
                Expect.throwsT<DomainError> (fun () -> QuantileTransform.Uniform(x, 1) |> ignore) "one"

                for wrong in [ nan; infinity ] do
                    Expect.throwsT<DomainError>
                        (fun () -> QuantileTransform.Uniform(Tensor.ofArray [ 1; 1 ] [| wrong |]) |> ignore)
                        "none"

                Expect.equal (QuantileTransform.Uniform(Tensor.ofArray [ 1; 1 ] [| 3.0 |])).Count 2 "one row"
                let empty = Tensor.zeros DType.F32 [ 4; 0 ]
                Expect.equal (QuantileTransform.Normal(empty).Apply empty) empty "no columns"
            }
        ]

let private simple =
    testList
        "scale and impute"
        [
            for struct (given, _, expected, _) in casesOf "maxAbs" do
                test "maxAbs as scikit-learn's" {
                    let x = given "x"
                    close 1e-15 (expected "y") (Scale.apply (Scale.maxAbs x) x) ""
                }
            for struct (given, attribute, expected, _) in casesOf "impute" do
                let strategy = string (attribute "strategy")

                test $"impute by {strategy}, with indicators, as scikit-learn's" {
                    let x = given "x"

                    let values =
                        match strategy with
                        | "mean" -> Impute.mean x
                        | "median" -> Impute.median x
                        | "most_frequent" -> Impute.commonest x
                        | _ -> Impute.constant 7.0 x

                    let found =
                        Category.beside [ Impute.apply values x; Impute.indicate (Impute.lacking x) x ]

                    close 1e-12 (expected "y") found ""
                }
            test "what cannot be put in is refused" {
                let x = Tensor.zeros DType.F64 [ 2; 1 ]
                Expect.throwsT<DomainError> (fun () -> Impute.constant nan x |> ignore) "NaN"
                Expect.throwsT<DomainError> (fun () -> Impute.indicate [ 1 ] x |> ignore) "column 1"
                Expect.equal (Scale.maxAbs x).Divisor [ 1.0 ] "a column of zeros is divided by 1"
            }
        ]

let private oneHot =
    let train =
        Table.ofColumns [ "c", Column.Texts [| "b"; "a"; "c" |]; "d", Column.Texts [| "x"; "y"; "x" |] ]

    let encoder = TableEncoder.Fit(train, "c", "d")

    testList
        "one-hot"
        [
            test "drops the first category, or that of two, as scikit-learn's OneHotEncoder" {
                let first = encoder.Dropping DroppedCategory.First
                Expect.equal (List.ofSeq first.Names) [ "c=b"; "c=c"; "d=y" ] "drop='first'"
                Expect.equal (Tensor.toFloats (first.Apply train)) [| 1; 0; 0; 0; 0; 1; 0; 1; 0 |] ""
                let binary = encoder.Dropping DroppedCategory.IfBinary
                Expect.equal (List.ofSeq binary.Names) [ "c=a"; "c=b"; "c=c"; "d=y" ] "drop='if_binary'"
                let again = TableEncoder.OfJson(binary.ToJson())
                Expect.equal (again.Apply train) (binary.Apply train) "kept"
                Expect.equal (again.ToJson()) (binary.ToJson()) "the same text"
            }
            test "unknown categories are refused, or zeros" {
                let other = Table.ofColumns [ "c", Column.Texts [| "z" |]; "d", Column.Texts [| "x" |] ]
                Expect.throwsT<DomainError> (fun () -> encoder.Apply other |> ignore) "refused"
                let lenient = encoder.IgnoringUnknown().Dropping DroppedCategory.First
                Expect.equal (Tensor.toFloats (lenient.Apply other)) [| 0; 0; 0 |] "zeros"
            }
            test "texts that are no encoder's are refused" {
                Expect.throwsT<FormatError>
                    (fun () ->
                        TableEncoder.OfJson(
                            (encoder.Dropping DroppedCategory.First).ToJson().Replace("\"first\"", "\"x\"")
                        )
                        |> ignore)
                    ""
            }
        ]

let tests = testList "Preparation" [ power; quantile; simple; oneHot ]
