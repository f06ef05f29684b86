/// Gradients with matrices: the texts of textbook results, and the values of reverse mode for all of them and for generated
/// losses. Numbers in brackets are those of The Matrix Cookbook (Petersen and Pedersen, 15 November 2012).
module DL1.Tests.MatrixCalculusTests

open System
open DL1
open DL1.Tests.Law
open Expecto
open FsCheck
open FsCheck.FSharp

let private v name dims = Expr.variable name DType.F64 dims
let private plain = MatrixCalculus.notation

let private a, b, c, x, y = v "a" [ 3 ], v "b" [ 3 ], v "c" [ 3 ], v "x" [ 3 ], v "y" [ 3 ]
let private A, B, C, X = v "A" [ 3; 3 ], v "B" [ 3; 3 ], v "C" [ 3; 3 ], v "X" [ 3; 3 ]
let private D, t = v "D" [ 5; 3 ], v "t" [ 5 ]
let private dot = Linear.dot
let private by = Linear.matvec
let private ( *. ) (p: Expr) (q: Expr) = Expr.matmul p q
let private trace = Linear.trace
let private squares (e: Expr) = Expr.sumAll (Elementwise.square e)
let private named names = { plain with Names = names }
let private symmetric es = { plain with Symmetric = es }

/// A source, what is told, the parameter, the loss, and the gradient as written.
let private textbook =
    let residual = by D x - t
    let lambda = Expr.symbol "λ"

    [
        "[69] xᵀ·a", plain, x, dot x a, "a"
        "[69] aᵀ·x", plain, x, dot a x, "a"
        "[70] aᵀ·X·b", plain, X, dot a (by X b), "a·bᵀ"
        "[71] aᵀ·Xᵀ·b", plain, X, dot a (by X.T b), "b·aᵀ"
        "[72] aᵀ·X·a", plain, X, dot a (by X a), "a·aᵀ"
        "[77] bᵀ·Xᵀ·X·c", plain, X, dot (by X b) (by X c), "X·(c·bᵀ + b·cᵀ)"
        "[81] xᵀ·A·x", plain, x, dot x (by A x), "(A + Aᵀ)·x"
        "[81] xᵀ·A·x, A symmetric", symmetric [ A ], x, dot x (by A x), "2·A·x"
        "[84] (b − A·x)ᵀ·B·(b − A·x), B symmetric",
        symmetric [ B ],
        x,
        dot (b - by A x) (by B (b - by A x)),
        "−2·Aᵀ·B·(b − A·x)"
        "[99] tr X", plain, X, trace X, "I"
        "[100] tr X·A", plain, X, trace (X *. A), "Aᵀ"
        "[101] tr A·X·B", plain, X, trace (A *. X *. B), "Aᵀ·Bᵀ"
        "[102] tr A·Xᵀ·B", plain, X, trace (A *. X.T *. B), "B·A"
        "[103] tr Xᵀ·A", plain, X, trace (X.T *. A), "A"
        "[106] tr X·X", plain, X, trace (X *. X), "2·Xᵀ"
        "[108] tr Xᵀ·B·X", plain, X, trace (X.T *. B *. X), "(B + Bᵀ)·X"
        "[49] det X", plain, X, SquareMatrix.det X, "det(X)·X⁻ᵀ"
        "[57] log |det X|", plain, X, snd (SquareMatrix.signLogDet X), "X⁻ᵀ"
        "[61] aᵀ·X⁻¹·b", plain, X, dot a (by (SquareMatrix.inverse X) b), "−X⁻ᵀ·a·bᵀ·X⁻ᵀ"
        "[63] tr A·X⁻¹", plain, X, trace (A *. SquareMatrix.inverse X), "−X⁻ᵀ·Aᵀ·X⁻ᵀ"
        "aᵀ·(X⁻¹·b), solved", plain, b, dot a (SquareMatrix.solve X b), "X⁻ᵀ·a"
        "[129] ‖x − a‖", plain, x, Reduce.norm [ 0 ] (x - a), "(x − a)/‖x − a‖"
        "[131] ‖x‖²", plain, x, squares x, "2·x"
        "[132] ‖X‖²", plain, X, squares X, "2·X"
        "‖X‖", plain, X, Reduce.norm [ 0; 1 ] X, "X/‖X‖"
        "least squares", plain, x, squares residual, "2·Dᵀ·(D·x − t)"
        "least squares, the residual named", named [ "r", residual ], x, squares residual, "2·Dᵀ·r"
        "half the mean of squares",
        plain,
        x,
        0.5 * Reduce.meanAll (Elementwise.square residual),
        "1/5·Dᵀ·(D·x − t)"
        "mean of squares", plain, x, Loss.mse Reduction.Mean t (by D x), "2/5·Dᵀ·(D·x − t)"
        "ridge", plain, x, squares residual + lambda * squares x, "2·(Dᵀ·(D·x − t) + λ·x)"
        "many targets", plain, X, squares (D *. X - v "T" [ 5; 3 ]), "2·Dᵀ·(D·X − T)"
        "exp of a product", plain, x, exp (dot a x), "exp(aᵀ·x)·a"
        "log-sum-exp", plain, x, Expr.logSumExp 0 x, "softmax(x)"
        "a mean of a softmax",
        named [ "p", Expr.softmax 0 x ],
        x,
        dot a (Expr.softmax 0 x),
        "p ⊙ a − (pᵀ·a)·p"
        "an outer product", plain, x, Expr.sumAll (A * Linear.outer x y), "A·y"
        "Rayleigh's quotient",
        symmetric [ A ],
        x,
        dot x (by A x) / squares x,
        "2·(A·x/‖x‖² − (xᵀ·A·x)·x/‖x‖⁴)"
        "the cosine of an angle",
        plain,
        x,
        dot x y / (Reduce.norm [ 0 ] x * Reduce.norm [ 0 ] y),
        "(y/‖x‖ − (xᵀ·y)·x/‖x‖³)/‖y‖"
        "L1", plain, X, Expr.sumAll (abs X), "sign(X)"
        "the sum of all", plain, X, Expr.sumAll (A *. X), "Aᵀ·1·1ᵀ"
        "Hadamard", plain, X, Expr.sumAll (A * X * X), "2·(X ⊙ A)"
        "logistic regression", plain, x, Loss.bceWithLogits Reduction.Mean t (by D x), "1/5·Dᵀ·(σ(D·x) − t)"
        "logistic regression, the probability named",
        named [ "p", Expr.sigmoid (by D x) ],
        x,
        (let p = Expr.sigmoid (by D x)
         -(Reduce.meanAll (t * log p + (1.0 - t) * log (1.0 - p)))),
        "1/5·Dᵀ·(p − t)"
        "Poisson regression", plain, x, Reduce.meanAll (exp (by D x) - t * by D x), "1/5·Dᵀ·(exp(D·x) − t)"
    ]

let private K, W, bias, Y = v "K" [ 5; 4 ], v "W" [ 4; 3 ], v "b" [ 3 ], v "Y" [ 5; 3 ]

let private softmaxRegression =
    let z = K *. W + bias
    let p = Expr.softmax -1 z
    let notation = { named [ "P", p ] with Stochastic = [ Y ] }
    let loss = ClassLoss.crossEntropyOfProbabilities Loss.classes Y z

    [
        "softmax regression", notation, W, loss, "1/5·Kᵀ·(P − Y)"
        "softmax regression, its bias", notation, bias, loss, "1/5·(P − Y)ᵀ·1"
        "by the logarithm of the softmax", notation, W, -(Expr.sumAll (Y * log p) / 5.0), "1/5·Kᵀ·(P − Y)"
        "targets of which nothing is told",
        named [ "P", p ],
        W,
        -(Expr.sumAll (Y * log p)),
        "Kᵀ·(P ⊙ Y·1·1ᵀ − Y)"
    ]

/// A two-layer network: pre-activations, hidden values, probabilities, and the loss.
let private network activation =
    let w1, b1, w2, b2 = v "W1" [ 4; 6 ], v "b1" [ 6 ], v "W2" [ 6; 3 ], v "b2" [ 3 ]
    let z = K *. w1 + b1
    let h = activation z
    let scores = h *. w2 + b2
    let loss = ClassLoss.crossEntropyOfProbabilities Loss.classes Y scores
    [ w1; b1; w2; b2 ], [ "Z", z; "H", h; "P", Expr.softmax -1 scores ], scores, loss

let private networks =
    [
        for name, activation in [ "σ", Expr.sigmoid; "tanh", tanh; "relu", Expr.relu ] do
            let parameters, names, _, loss = network activation
            let notation = { named names with Stochastic = [ Y ] }

            for parameter, gradient in
                List.zip
                    parameters
                    [
                        $"1/5·Kᵀ·((P − Y)·W₂ᵀ ⊙ {name}′(Z))"
                        $"1/5·((P − Y)·W₂ᵀ ⊙ {name}′(Z))ᵀ·1"
                        "1/5·Hᵀ·(P − Y)"
                        "1/5·(P − Y)ᵀ·1"
                    ] do
                $"a network of {name} by {parameter}", notation, parameter, loss, gradient

        let parameters, names, _, loss = network Expr.sigmoid
        let notation = { named names.Tail with Stochastic = [ Y ] }

        "a network by its hidden values",
        notation,
        parameters.Head,
        loss,
        "1/5·Kᵀ·((P − Y)·W₂ᵀ ⊙ H ⊙ (1 − H))"
    ]

let private all = textbook @ softmaxRegression @ networks

/// Values for all variables: symmetric matrices and rows of probabilities where that is told.
let private bindings (n: MatrixNotation) seed (es: Expr list) =
    Graph.variables es
    |> List.mapi (fun i variable ->
        let e = Expr.ofVariable variable

        let drawn =
            Expr.constant (
                Key.ofSeed (seed + int64 i) |> Key.normal 0.0 1.0 variable.DType (variable.Shape.ToList())
            )

        let value =
            if List.contains e n.Symmetric then drawn + drawn.T
            elif List.contains e n.Stochastic then Expr.softmax -1 drawn
            elif variable.Name = "t" then Expr.sigmoid drawn
            else drawn

        variable.Name, Eval.run [] value)

let private distance seed (n: MatrixNotation) wrt loss =
    let formulas = MatrixCalculus.gradients n wrt loss
    let exact = Grad.grad loss (formulas |> List.map _.Of)
    let at = bindings n seed (loss :: wrt @ List.map snd n.Names)

    [
        for formula, gradient in List.zip formulas exact do
            let p, q = Tensor.toFloats (Eval.run at formula.Value), Tensor.toFloats (Eval.run at gradient)
            let size = q |> Array.fold (fun most value -> max most (abs value)) 1.0
            yield! Array.map2 (fun (p: float) q -> abs (p - q) / size) p q
    ]
    |> List.fold (fun most d -> if Double.IsNaN d then d else max most d) 0.0

let private texts =
    testList
        "text"
        [
            for name, notation, parameter, loss, gradient in all do
                test $"{name}: {gradient}" {
                    let formula = MatrixCalculus.gradients notation [ parameter ] loss |> List.exactlyOne
                    Expect.isTrue formula.IsMatrixForm formula.Reason
                    Expect.equal formula.Text gradient "the formula"
                    Expect.isLessThanOrEqual (distance 7L notation [ parameter ] loss) 1e-12 "its value"
                }
        ]

// Generated losses: matrices of any small shape, made by what the verb knows and some things that it does not.
let rec private matrix depth m n : Gen<Expr> =
    let leaf = Gen.choose (0, 1) |> Gen.map (fun i -> v $"M%d{m}%d{n}%d{i}" [ m; n ])

    if depth = 0 then
        leaf
    else
        let below = matrix (depth - 1)
        let one f = below m n |> Gen.map f
        let two f = Gen.map2 f (below m n) (below m n)
        let extent = Gen.choose (1, 3)

        Gen.oneof
            [
                leaf
                two (fun p q -> p + q)
                two (fun p q -> p - q)
                two (fun p q -> p * q)
                two (fun p q -> p / (1.0 + q * q))
                extent |> Gen.bind (fun k -> Gen.map2 (fun p q -> p *. q) (below m k) (below k n))
                below n m |> Gen.map _.T
                one tanh
                one Expr.sigmoid
                one Expr.relu
                one (fun p -> Expr.softplus -p)
                one (fun p -> 0.5 * p - 2.0)
                one (fun p -> p + v $"r%d{n}" [ n ])
                one (fun p -> p * v $"c%d{m}" [ m; 1 ])
                one (fun p -> p * Reduce.keepDims Expr.sum [ 1 ] p)
                one (fun p -> p - Expr.reshape [ n ] (Expr.sum [ 0 ] p))
                one (Expr.softmax 1)
                one (Expr.softmax 0)
                one (fun p -> p - Reduce.keepDims (fun _ -> Expr.logSumExp 1) [ 1 ] p)
                one (fun p -> p / Reduce.norm [ 0; 1 ] (p + 3.0))
                one (fun p -> Expr.maximum p (lit 0.1))
                one (Expr.cumSum 0)
            ]

let private losses =
    gen {
        let! m = Gen.choose (1, 3)
        let! n = Gen.choose (1, 3)
        let! e = matrix 3 m n
        let! inner = matrix 2 m n
        return Expr.sumAll (tanh e * inner), [ "N", e; "I", inner ]
    }

/// The loss, and what is named.
type private Case =
    {
        Loss: Expr
        Names: (string * Expr) list
        IsStepwise: bool
    }

    override this.ToString() = $"{this.Loss}"

type private Cases =
    static member Case() =
        Gen.map2
            (fun (loss, names: (string * Expr) list) choice ->
                let isValue (_, e: Expr) =
                    match e.Node with
                    | Node.Variable _ -> false
                    | _ -> true

                {
                    Loss = loss
                    Names = if choice = 0 then [] else names |> List.filter isValue |> List.distinctBy snd
                    IsStepwise = (choice = 2)
                })
            losses
            (Gen.choose (0, 2))
        |> Arb.fromGen

let private laws =
    testList
        "laws"
        [
            testPropertyWithConfig
                { config with arbitrary = typeof<Cases> :: config.arbitrary }
                "a formula has the value of the gradient"
                (fun (case: Case) ->
                    let notation = { plain with Names = case.Names; Stepwise = case.IsStepwise }
                    let wrt = Graph.variables [ case.Loss ] |> List.map Expr.ofVariable
                    let d = distance 11L notation wrt case.Loss

                    if not (d <= 1e-12) then
                        failtest $"{d} from {MatrixCalculus.gradients notation wrt case.Loss}")
        ]

let private examples =
    testList
        "forms"
        [
            test "shapes, ASCII and LaTeX of a network's gradient" {
                let parameters, names, _, loss = network Expr.sigmoid
                let notation = { named names with Stochastic = [ Y ] }
                let formula = (MatrixCalculus.gradients notation parameters loss).Head
                Expect.equal (string formula) "∂L/∂W₁ = 1/5·Kᵀ·((P − Y)·W₂ᵀ ⊙ σ′(Z))" "text"
                Expect.equal formula.Shapes "4×6 = 4×5 · (5×3 · 3×6 ⊙ 5×6)" "shapes"
                Expect.equal formula.Ascii "1/5 * K.T @ (((P - Y) @ W2.T) * sigmoid'(Z))" "ASCII"

                Expect.equal
                    formula.Latex
                    @"\frac{\partial L}{\partial W_{1}} = \frac{1}{5} \, K^{\top} \, \left(\left(P - Y\right) \, W_{2}^{\top} \odot \sigma'\left(Z\right)\right)"
                    "LaTeX"
            }
            test "step by step, from the loss back" {
                let parameters, names, scores, loss = network tanh
                let notation = { named (("S", scores) :: names) with Stochastic = [ Y ]; Stepwise = true }

                Expect.equal
                    (MatrixCalculus.gradients notation parameters loss |> List.map string)
                    [
                        "∂L/∂S = 1/5·(P − Y)"
                        "∂L/∂H = ∂L/∂S·W₂ᵀ"
                        "∂L/∂Z = ∂L/∂H ⊙ tanh′(Z)"
                        "∂L/∂W₁ = Kᵀ·∂L/∂Z"
                        "∂L/∂b₁ = (∂L/∂Z)ᵀ·1"
                        "∂L/∂W₂ = Hᵀ·∂L/∂S"
                        "∂L/∂b₂ = (∂L/∂S)ᵀ·1"
                    ]
                    "the chain"

                Expect.isLessThanOrEqual (distance 3L notation parameters loss) 1e-12 "values"
            }
            test "attention, step by step" {
                let q, k, values, target = v "Q" [ 4; 2 ], v "K" [ 5; 2 ], v "V" [ 5; 3 ], v "T" [ 4; 3 ]
                let s = (q *. k.T) / sqrt 2.0
                let weights = Expr.softmax -1 s
                let o = weights *. values
                let notation = { named [ "S", s; "A", weights; "O", o ] with Stepwise = true }
                let loss = 0.5 * squares (o - target)

                Expect.equal
                    (MatrixCalculus.gradients notation [ q; k; values ] loss |> List.map string)
                    [
                        "∂L/∂O = O − T"
                        "∂L/∂A = ∂L/∂O·Vᵀ"
                        "∂L/∂S = A ⊙ ∂L/∂A − A ⊙ (A ⊙ ∂L/∂A)·1·1ᵀ"
                        "∂L/∂Q = 1/√2·∂L/∂S·K"
                        "∂L/∂K = 1/√2·(∂L/∂S)ᵀ·Q"
                        "∂L/∂V = Aᵀ·∂L/∂O"
                    ]
                    "the chain"

                Expect.isLessThanOrEqual (distance 3L notation [ q; k; values ] loss) 1e-12 "values"
            }
            test "labels are one-hot rows" {
                let labels = Expr.variable "labels" DType.I64 [ 5 ]
                let z = K *. W
                let names = [ "P", Expr.softmax -1 z; "Y", Linear.oneHot DType.F64 3 labels ]
                let loss = Loss.crossEntropy Loss.classes labels z
                let formula = MatrixCalculus.gradients (named names) [ W ] loss |> List.exactlyOne
                Expect.equal (string formula) "∂L/∂W = 1/5·Kᵀ·(P − Y)" "text"
                let at = [ "labels", Tensor.Of [| 2L; 0L; 1L; 1L; 2L |] ] @ (bindings plain 3L [ z ])
                let values (e: Expr) = Tensor.toFloats (Eval.run at e)
                let exact = values (Grad.grad loss [ W ]).Head

                Expect.isTrue
                    (Array.forall2 (fun p q -> abs (p - q: float) < 1e-12) (values formula.Value) exact)
                    "value"
            }
            test "what no matrices say is told, and right" {
                let loss = Expr.sumAll (Expr.cumSum 0 (X * X))
                let formula = MatrixCalculus.gradients plain [ X ] loss |> List.exactlyOne
                Expect.isFalse formula.IsMatrixForm "the running sum"
                Expect.stringContains (string formula) "the derivative of cumsum" "why"
                Expect.isLessThanOrEqual (distance 3L plain [ X ] loss) 1e-12 "value"
            }
            test "values written with names" {
                let _, names, _, loss = network Expr.sigmoid
                let notation = named (("L", loss) :: names)

                Expect.equal
                    (names |> List.map (fun (_, e) -> string (MatrixCalculus.write notation e)))
                    [ "Z = K·W₁ + 1·b₁ᵀ"; "H = σ(Z)"; "P = softmax(H·W₂ + 1·b₂ᵀ)" ]
                    "definitions"
            }
            test "a loss that is no scalar is refused" {
                Expect.throwsT<ShapeError>
                    (fun () -> MatrixCalculus.gradients plain [ x ] (x * x) |> ignore)
                    "vector"

                Expect.throwsT<DomainError>
                    (fun () -> MatrixCalculus.gradients plain [] (dot x x) |> ignore)
                    "nothing"
            }
        ]

let tests = testList "MatrixCalculus" [ texts; examples; laws ]
