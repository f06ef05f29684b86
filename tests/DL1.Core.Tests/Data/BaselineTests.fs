/// Baseline models against scikit-learn's numbers (fixtures/tables.py), and their laws.
module DL1.Tests.BaselineTests

open System
open DL1
open DL1.Data
open DL1.Tests.PreparationTests
open Expecto

let private key (seed: int) = Key.ofSeed (int64 seed)
let private labels (t: Tensor) = Tensor.cast DType.I64 t

let private estimates (f: Coefficient -> float) (all: seq<Coefficient>) =
    all |> Seq.map f |> Array.ofSeq |> Tensor.vector

let private ridge =
    testList
        "ridge"
        [
            for i, struct (given, attribute, expected, has) in Seq.indexed (casesOf "ridge") do
                test $"%d{i}: as scikit-learn's" {
                    let model = Ridge.Fit(given "x", given "y", (attribute "alpha").GetDouble())
                    close 1e-9 (expected "weights") model.Weights "weights"
                    close 1e-9 (expected "bias") model.Bias "bias"
                    close 1e-9 (expected "predicted") (model.Predict(given "p")) "predictions"
                    close 1e-12 (model.Predict(given "p")) (express model (given "p")) "as a graph"

                    if has "errors" then
                        let all = model.Coefficients()
                        close 1e-9 (expected "errors") (estimates _.StandardError all) "errors"
                        close 1e-9 (expected "lower") (estimates _.Lower all) "intervals"
                }
            test "a column twice shares its weight" {
                let x = Tensor.ofArray [ 4; 2 ] [| 0.0; 0.0; 1.0; 1.0; 2.0; 2.0; 3.0; 3.0 |]
                let model = Ridge.Fit(x, Tensor.vector [ 1.0; 3.0; 5.0; 7.0 ], 0.0)
                close 1e-12 (Tensor.vector [ 1.0; 1.0 ]) model.Weights "the smallest weights"
                close 1e-12 (Tensor.vector [ 1.0 ]) model.Bias "bias"
            }
            test "what cannot be fitted is refused" {
                let x, y = Tensor.zeros DType.F64 [ 3; 2 ], Tensor.vector [ 1.0; 2.0; 3.0 ]
                Expect.throwsT<DomainError> (fun () -> Ridge.Fit(x, y, -1.0) |> ignore) "a penalty"
                Expect.throwsT<DomainError> (fun () -> Ridge.Fit(x, y, nan) |> ignore) "NaN"
                Expect.throwsT<ShapeError> (fun () -> Ridge.Fit(x, Tensor.vector [ 1.0 ]) |> ignore) "rows"

                Expect.throwsT<DomainError>
                    (fun () -> Ridge.Fit(Tensor.full DType.F64 [ 3; 2 ] nan, y) |> ignore)
                    "missing"

                Expect.throwsT<DomainError>
                    (fun () -> Ridge.Fit(Tensor.zeros DType.F64 [ 3; 0 ], y) |> ignore)
                    "no columns"

                let one = Ridge.Fit(Key.normal 0.0 1.0 DType.F64 [ 3; 2 ] (key 1), y, 0.0)

                Expect.throwsT<DomainError>
                    (fun () -> one.Coefficients() |> ignore)
                    "nothing is left for an error"

                Expect.throwsT<DomainError> (fun () -> Ridge.Fit(x, y).Coefficients(1.0) |> ignore) "a level"

                Expect.throwsT<ShapeError>
                    (fun () -> one.Predict(Tensor.zeros DType.F64 [ 1; 3 ]) |> ignore)
                    "columns"
            }
        ]

let private logistic =
    testList
        "logistic"
        [
            for i, struct (given, attribute, expected, has) in Seq.indexed (casesOf "logistic") do
                test $"%d{i}: as scikit-learn's" {
                    let c =
                        match string (attribute "c") with
                        | "none" -> infinity
                        | _ -> (attribute "c").GetDouble()

                    let model = Logistic.Fit(given "x", labels (given "y"), c)
                    // scikit-learn stops a little before the minimum.
                    close 1e-5 (expected "weights") model.Weights "weights"
                    close 1e-5 (expected "bias") model.Bias "bias"
                    close 1e-6 (expected "probabilities") (model.Probabilities(given "p")) "probabilities"
                    Expect.equal (model.Predict(given "p")) (labels (expected "classes")) "classes"
                    close 1e-12 (model.Logits(given "p")) (express model (given "p")) "as a graph"

                    if has "errors" then
                        let found = model.Coefficients() |> List.ofSeq
                        close 1e-5 (expected "errors") (estimates _.StandardError found) "errors"
                }
            test "the gradient is 0 at the end" {
                for struct (given, _, _, _) in casesOf "logistic" |> List.skip 1 do
                    let x, y = given "x", labels (given "y")
                    let model = Logistic.Fit(x, y, 1.0)
                    let w = Expr.variable "w" DType.F64 (model.Weights.Shape.ToList())
                    let b = Expr.variable "b" DType.F64 (model.Bias.Shape.ToList())
                    let z = Linear.affine w b (Expr.constant x)

                    let loss =
                        if model.Classes = 2 then
                            Expr.sumAll (
                                Expr.softplus z
                                - z * Expr.constant (Tensor.reshape [ y.Size; 1 ] (Tensor.cast DType.F64 y))
                            )
                        else
                            let own =
                                Expr.sumAll (z * Linear.oneHot DType.F64 model.Classes (Expr.constant y))

                            Expr.sumAll (Expr.logSumExp 1 z) - own

                    let whole = loss + 0.5 * Expr.sumAll (w * w)

                    for g in Eval.many [ "w", model.Weights; "b", model.Bias ] (Grad.grad whole [ w; b ]) do
                        Expect.isLessThan (Tensor.toFloats g |> Array.map abs |> Array.max) 1e-8 "gradient"
            }
            test "truth values are classes" {
                let x = Tensor.ofArray [ 4; 1 ] [| 0.0; 1.0; 2.0; 3.0 |]
                let a = Logistic.Fit(x, Tensor.vector [ false; true; false; true ])
                let b = Logistic.Fit(x, Tensor.vector [ 0; 1; 0; 1 ])
                Expect.equal a.Weights b.Weights ""
            }
            test "what cannot be fitted is refused" {
                let x = Tensor.ofArray [ 4; 1 ] [| 0.0; 1.0; 2.0; 3.0 |]
                let y = Tensor.vector [ 0; 0; 1; 1 ]

                Expect.throwsT<DomainError>
                    (fun () -> Logistic.Fit(x, y, infinity) |> ignore)
                    "told apart by a plane"

                Expect.throwsT<DomainError> (fun () -> Logistic.Fit(x, y, 0.0) |> ignore) "no weights at all"

                Expect.throwsT<DomainError>
                    (fun () -> Logistic.Fit(x, Tensor.vector [ 0; 0; 0; 0 ]) |> ignore)
                    "one class"

                Expect.throwsT<DomainError>
                    (fun () -> Logistic.Fit(x, Tensor.vector [ 0; 0; 2; 2 ]) |> ignore)
                    "no row of class 1"

                Expect.throwsT<DomainError>
                    (fun () -> Logistic.Fit(x, Tensor.vector [ 0; -1; 0; 1 ]) |> ignore)
                    "−1"

                Expect.throwsT<ShapeError>
                    (fun () -> Logistic.Fit(x, Tensor.vector [ 0.0; 0.0; 1.0; 1.0 ]) |> ignore)
                    "floats"

                Expect.throwsT<ShapeError>
                    (fun () -> Logistic.Fit(x, Tensor.vector [ 0; 1 ]) |> ignore)
                    "rows"
            }
        ]

let private neighbours =
    testList
        "neighbours"
        [
            for i, struct (given, attribute, expected, _) in Seq.indexed (casesOf "neighbours") do
                test $"%d{i}: as scikit-learn's" {
                    let k = (attribute "k").GetInt32()
                    let byDistance = string (attribute "weights") = "distance"
                    let isClassifier = string (attribute "task") = "classification"

                    let model =
                        if isClassifier then
                            Neighbours.Classify(given "x", labels (given "y"), k, byDistance)
                        else
                            Neighbours.Regress(given "x", given "y", k, byDistance)

                    let found = model.Values(given "p")
                    close 1e-10 (expected "predicted") found "values"
                    let graph = express model (given "p")

                    if isClassifier then
                        let chances = Tensor.toFloats graph |> Array.map exp |> Tensor.vector
                        close 1e-12 (Tensor.vector (Tensor.toFloats found)) chances "as a graph"
                        Expect.equal (Classification.argMax graph) (model.Predict(given "p")) "classes"
                    else
                        close 1e-12 found graph "as a graph"
                }
            test "a row that lies there counts alone" {
                let x, y = Tensor.ofArray [ 3; 1 ] [| 0.0; 1.0; 2.0 |], Tensor.vector [ 5.0; 6.0; 7.0 ]
                let model = Neighbours.Regress(x, y, 3, true)
                Expect.equal (model.Predict x) (Tensor.ofArray [ 3; 1 ] [| 5.0; 6.0; 7.0 |]) ""
                close 0.0 (model.Predict x) (express model x) "as a graph"
                Expect.throwsT<DomainError> (fun () -> Neighbours.Regress(x, y, 4) |> ignore) "4 of 3"
                Expect.throwsT<DomainError> (fun () -> Neighbours.Regress(x, y, 0) |> ignore) "none"
            }
        ]

let private bayes =
    testList
        "naive Bayes"
        [
            for i, struct (given, _, expected, _) in Seq.indexed (casesOf "naiveBayes") do
                test $"%d{i}: as scikit-learn's" {
                    let model = NaiveBayes.Fit(given "x", labels (given "y"))
                    close 1e-12 (expected "means") model.Means "means"
                    close 1e-12 (expected "variances") model.Variances "variances"
                    close 1e-9 (expected "log") (model.Logits(given "p")) "logarithms"
                    close 1e-10 (model.Logits(given "p")) (express model (given "p")) "as a graph"
                }
            test "columns that are constant are refused" {
                let x = Tensor.ones DType.F64 [ 4; 1 ]

                Expect.throwsT<DomainError>
                    (fun () -> NaiveBayes.Fit(x, Tensor.vector [ 0; 0; 1; 1 ]) |> ignore)
                    ""
            }
        ]

let private groups =
    testList
        "k-means"
        [
            for struct (given, _, expected, _) in casesOf "kMeans" do
                test "as scikit-learn's from the same centres" {
                    let model = KMeans.FitFrom(given "x", given "start")
                    close 1e-12 (expected "centres") model.Centres "centres"
                    close 1e-12 (expected "inertia") (Tensor.scalar model.Inertia) "inertia"
                    Expect.equal model.Labels (labels (expected "labels")) "labels"
                    Expect.equal (model.Predict(given "x")) model.Labels "predicted"
                    close 1e-12 (expected "distances") (model.Distances(given "p")) "distances"
                    close 1e-9 (model.Distances(given "p")) (express model (given "p")) "as a graph"
                }
            for struct (given, _, expected, _) in casesOf "kMeansBest" do
                test "finds the best groups, the same for the same key" {
                    let model = KMeans.Fit(given "x", 3, key 1)
                    close 1e-9 (expected "inertia") (Tensor.scalar model.Inertia) "inertia"
                    Expect.equal (KMeans.Fit(given "x", 3, key 1)).Centres model.Centres "the same"
                }
            test "as many groups as rows, equal rows, and refusals" {
                let x = Tensor.ofArray [ 3; 1 ] [| 1.0; 2.0; 2.0 |]
                Expect.equal (KMeans.Fit(x, 3, key 1)).Inertia 0.0 "equal rows"
                Expect.throwsT<DomainError> (fun () -> KMeans.Fit(x, 4, key 1) |> ignore) "too many"
                Expect.throwsT<DomainError> (fun () -> KMeans.Fit(x, 0, key 1) |> ignore) "none"
                Expect.throwsT<DomainError> (fun () -> KMeans.Fit(x, 1, key 1, 0) |> ignore) "no beginning"
                Expect.throwsT<DomainError> (fun () -> KMeans.Fit(x, 1, key 1, 1, 0) |> ignore) "no iteration"
            }
        ]

/// Rows of components by sign: scikit-learn 1.2 gives another one.
let private upToSign (components: Tensor) =
    Convert.toRows<float> components
    |> Array.collect (fun row ->
        let most = Array.maxBy abs row
        row |> Array.map (fun v -> if most < 0.0 then -v else v))
    |> Tensor.vector

let private components =
    testList
        "principal components"
        [
            for i, struct (given, attribute, expected, _) in Seq.indexed (casesOf "pca") do
                test $"%d{i}: as scikit-learn's" {
                    let x = given "x"
                    let k = (attribute "k").GetInt32()

                    for what, pca in
                        [
                            "exact", PrincipalComponents.Fit(x, k)
                            "randomised", PrincipalComponents.FitRandomised(x, k, key 1)
                        ] do
                        close 1e-10 (upToSign (expected "components")) (upToSign pca.Components) what
                        close 1e-10 (expected "variance") pca.Variances "variances"
                        close 1e-10 (expected "ratio") pca.Shares "shares"
                        close 1e-10 (expected "singular") pca.SingularValues "singular values"
                        close 1e-10 (expected "back") (pca.Invert(pca.Apply x)) "there and back"
                        close 1e-12 (pca.Apply x) (express pca x) "as a graph"
                }
            test "components are orthogonal, also where rows do not vary" {
                let x = Tensor.ofArray [ 3; 3 ] [| 1.0; 2.0; 3.0; 2.0; 4.0; 6.0; 3.0; 6.0; 9.0 |]
                let c = Convert.toRows<float> (PrincipalComponents.Fit(x, 3)).Components

                let products =
                    [|
                        for a in c do
                            for b in c -> Array.fold2 (fun s x y -> s + x * y) 0.0 a b
                    |]

                close
                    1e-12
                    (Tensor.vector [ 1.0; 0.0; 0.0; 0.0; 1.0; 0.0; 0.0; 0.0; 1.0 ])
                    (Tensor.vector products)
                    ""

                Expect.throwsT<DomainError>
                    (fun () -> PrincipalComponents.FitRandomised(x, 2, key 1) |> ignore)
                    "one direction"

                Expect.throwsT<DomainError> (fun () -> PrincipalComponents.Fit(x, 4) |> ignore) "too many"
                Expect.throwsT<DomainError> (fun () -> PrincipalComponents.Fit(x, 0) |> ignore) "none"
            }
        ]

let tests = testList "Baselines" [ ridge; logistic; neighbours; bayes; groups; components ]
