/// Unicode mathematics: approved texts, and what happens to graphs too large for one line.
module DL1.Tests.TextTests

open System
open DL1
open Expecto

let private x, y, z = Expr.symbol "x", Expr.symbol "y", Expr.symbol "z"
let private variable name dims = Expr.variable name DType.F32 dims
let private m, w, b = variable "m" [ 3; 4 ], variable "w" [ 4; 5 ], variable "b" [ 5 ]

let private approved (expected: string) (e: Expr) =
    testCase expected <| fun () -> Expect.equal (Text.unicode e) expected "the approved text"

let private constant dims (values: float[]) = Expr.constant (Tensor.ofArray dims values)

let private arithmetic =
    testList
        "arithmetic"
        [
            approved "2·(x − 2)" (2.0 * (x - 2.0))
            approved "(x − 2)² + 3" ((x - 2.0) ** 2.0 + 3.0)
            approved "2·x" (x * 2.0)
            approved "2·x·y" (x * y * 2.0)
            approved "x + y + z" (x + (y + z))
            approved "x − (y − z)" (x - (y - z))
            approved "x − (y + z)" (x - (y + z))
            approved "x·y·z" (x * (y * z))
            approved "(x + y)·z" ((x + y) * z)
            approved "x/y" (x / y)
            approved "x·y/z" (x * y / z)
            approved "x/(y·z)" (x / (y * z))
            approved "x·(y/z)" (x * (y / z))
            approved "(x/y)/z" (x / y / z)
            approved "(x/y)·z" (x / y * z)
            approved "x/(y/z)" (x / (y / z))
            approved "(x + 1)/(y + 1)" ((x + 1.0) / (y + 1.0))
            approved "−x" -x
            approved "x" -(-x)
            approved "−(x + y)" -(x + y)
            approved "−x·y" -(x * y)
            approved "−y·x" (y * -x)
            approved "x − y" (x + -y)
            approved "x + 2" (x - lit -2.0)
            approved "−2·x" (x * -2.0)
            approved "x + 2·y" (x - lit -2.0 * y)
            approved "−x + y" (-x + y)
            approved "0.5·x" (0.5 * x)
            approved "1e-12·x" (1e-12 * x)
            approved "x + ∞" (x + infinity)
            approved "x + NaN" (x + nan)
            approved "−x·∞" (x * -(lit infinity))
            approved "1/x" (Expr.reciprocal x)
            approved "x·(1/y)" (x * Expr.reciprocal y)
        ]

let private powers =
    testList
        "powers and roots"
        [
            approved "x³" (x ** 3.0)
            approved "x¹²" (x ** 12.0)
            approved "x⁻¹" (x ** -1.0)
            approved "x^0.5" (x ** 0.5)
            approved "x^y" (x ** y)
            approved "x^(y + 1)" (x ** (y + 1.0))
            approved "2^(−x)" ((lit 2.0) ** -x)
            approved "(−2)²" ((lit -2.0) ** 2.0)
            approved "(−x)²" ((-x) ** 2.0)
            approved "−x²" -(x ** 2.0)
            approved "(x²)³" ((x ** 2.0) ** 3.0)
            approved "x^(y²)" (x ** (y ** 2.0))
            approved "(x·y)²" ((x * y) ** 2.0)
            approved "(1e-12)²" ((lit 1e-12) ** 2.0)
            approved "√x" (sqrt x)
            approved "√(x + 1)" (sqrt (x + 1.0))
            approved "√(√x)" (sqrt (sqrt x))
            approved "(√x)²" ((sqrt x) ** 2.0)
            approved "1/√x" (Expr.rsqrt x)
            approved "1/√(x + 1)" (Expr.rsqrt (x + 1.0))
        ]

let private functions =
    testList
        "functions"
        [
            approved "sin x + x·cos x" (sin x + x * cos x)
            approved "sin(2·x)" (sin (2.0 * x))
            approved "sin(−x)" (sin -x)
            approved "sin(x²)" (sin (x ** 2.0))
            approved "(sin x)²" ((sin x) ** 2.0)
            approved "sin(x)·y" (sin x * y)
            approved "sin(x)·cos x" (sin x * cos x)
            approved "(x/sin x)·y" (x / sin x * y)
            approved "sin(x)/x" (sin x / x)
            approved "sin(sin x)" (sin (sin x))
            approved "−sin x" -(sin x)
            approved "exp(−x²/2)" (exp (-(x ** 2.0) / 2.0))
            approved "exp x" (exp x)
            approved "log |x|" (log (abs x))
            approved "|x + y|" (abs (x + y))
            approved "⌊x⌋ + ⌈y⌉" (floor x + ceil y)
            approved "σ(x)" (Expr.sigmoid x)
            approved "relu(x)" (Expr.relu x)
            approved "(relu(x))²" (Expr.relu x ** 2.0)
            approved "expm1(x) − log1p(x)" (Expr.expm1 x - Expr.log1p x)
            approved "max(x, y) + min(x, −y)" (Expr.maximum x y + Expr.minimum x -y)
            approved "where(x > 0, x, −x)" (Expr.where (x .> 0.0) x -x)
        ]

let private truth =
    testList
        "truth values"
        [
            approved "x > 0" (x .> 0.0)
            approved "x + 1 ≤ −2" (x + 1.0 .<= -2.0)
            approved "x = y" (Expr.equal x y)
            approved "(x = y) ≠ (y = z)" (Expr.notEqual (Expr.equal x y) (Expr.equal y z))
            approved "x > 0 ∧ y > 0" (Expr.both (x .> 0.0) (y .> 0.0))
            approved "(x > 0 ∧ y > 0) ∨ z > 0" (Expr.either (Expr.both (x .> 0.0) (y .> 0.0)) (z .> 0.0))
            approved "¬(x > 0)" (Expr.not' (x .> 0.0))
        ]

let private recurrence: ScanCall<Expr> =
    let h, s = Expr.symbol "h", Expr.symbol "s"

    let variable name : Variable = { Name = name; DType = DType.F64; Shape = Shape.Scalar }

    {
        Body =
            {
                Carries = [ variable "h" ]
                Slices = [ variable "s" ]
                Fixed = []
                Next = [ tanh (h + s) ]
                Outputs = []
            }
        Length = 5
        Reversed = false
        Initial = [ x ]
        Sequences = [ Expr.variable "xs" DType.F64 [ 5 ] ]
        Fixed = []
    }

let private tensors =
    testList
        "tensors"
        [
            approved "m @ w + b" (Expr.matmul m w + b)
            approved "2·m" (m * 2.0)
            approved "1" (Expr.onesLike m)
            approved "Σ(broadcast(b; shape=[3, 5]))" (Expr.sumAll (Expr.broadcastTo [ 3; 5 ] b))
            approved "p @ w" (Expr.matmul (variable "p" [ 2; 3; 4 ]) w)
            approved "mᵀ" m.T
            approved "(m + 1)ᵀ" (m + 1.0).T
            approved "m @ (w @ wᵀ)" (Expr.matmul m (Expr.matmul w w.T))
            approved "(m·m) @ w" (Expr.matmul (m * m) w)
            approved "2·(m @ w)" (2.0 * Expr.matmul m w)
            approved "Σ(m²)" (Expr.sumAll (m ** 2.0))
            approved "Σ₀(m) + 1" (Expr.sum [ 0 ] m + 1.0)
            approved "max₁(m)" (Expr.max [ 1 ] m)
            approved "softmax(m; axis=1)" (Expr.softmax -1 m)
            approved "m[0:2, :]" (Expr.sliceAxis 0 0 2 m)
            approved "m[0:3:2, :]" (Expr.slice [ 0; 0 ] [ 3; 4 ] [ 2; 1 ] m)
            approved "reshape(m; shape=[12])" (Expr.reshape [ 12 ] m)
            approved "i64(m)" (Expr.cast DType.I64 m)
            approved "cumsum(m; axis=0)" (Expr.cumSum 0 m)
            approved "concat(m, m; axis=0)" (Expr.concat 0 [ m; m ])
            approved "[1, −2, 0.5]" (constant [ 3 ] [| 1.0; -2.0; 0.5 |])
            approved "[[1, 2], [3, 4]]" (constant [ 2; 2 ] [| 1.0; 2.0; 3.0; 4.0 |])
            approved "f64[3, 4]" (constant [ 3; 4 ] (Array.init 12 float))
            approved "true" (Expr.constant (Tensor.scalar true))
            approved "0.1·m" (m * 0.1)
            approved
                "max_pool(i; kernel=[2, 2], stride=[2, 2])"
                (Expr.Make(
                    Node.MaxPool(
                        {
                            Kernel = [ 2; 2 ]
                            Sweeps =
                                List.replicate 2 { Stride = 2; PadBefore = 0; PadAfter = 0; Dilation = 1 }
                        },
                        variable "i" [ 1; 1; 4; 4 ]
                    )
                ))
            approved
                "scan(x; xs; (h, s) ↦ (tanh(h + s)); length=5; result=0)"
                (Expr.Make(Node.Scan(0, recurrence)))
        ]

let private names =
    testList
        "names"
        [
            approved "fc1.weight" (Expr.symbol "fc1.weight")
            approved "α·x" (Expr.symbol "α" * x)
            approved "\"a + b\"·x" (Expr.symbol "a + b" * x)
            approved "\"0.weight\"" (Expr.symbol "0.weight")
            approved "\"xᵀ\"" (Expr.symbol "xᵀ")
            approved "\"say \\\"x\\\"\"" (Expr.symbol "say \"x\"")
        ]

let private chain (step: Expr -> Expr) = Seq.fold (fun e _ -> step e) x (seq { 1..100_000 })

let private squares = Seq.fold (fun e _ -> e * e) x (seq { 1..60 })

let private large =
    testList
        "large graphs"
        [
            testCase "repeated squaring 60 deep takes a few lines"
            <| fun () ->
                let lines = (string squares).Split '\n'
                Expect.isLessThanOrEqual lines.Length 10 "few lines"
                Expect.all lines (fun line -> line.Length <= 100) "of at most 100 columns"
                Expect.stringEnds (string squares) "t₅₈·t₅₈" "the result stands last"

            testCase "100,000 nodes in a chain print, the middle left out"
            <| fun () ->
                for step in [ sin; (fun e -> e + 1.0); (fun e -> y - e); (fun e -> e * y); (fun e -> -e) ] do
                    let text = Text.unicode (chain step)
                    Expect.isLessThan text.Length 2000 "a screenful"
                    Expect.stringContains text " more …" "what was left out is counted"

            testCase "the whole text leaves nothing out"
            <| fun () ->
                let text = Text.unicodeWhole (chain sin)
                Expect.isFalse (text.Contains '…') "nothing left out"
                Expect.equal (text.Split("sin").Length - 1) 100_000 "every sine is there"

            testCase "time grows in proportion to the graph"
            <| fun () ->
                // A hundred thousand operands of one node, and as many nodes over one.
                let wide = Expr.Make(Node.Concat(0, List.replicate 100_000 (variable "v" [ 1 ])))
                Expect.stringContains (string wide) "… 99992 more …" "few operands are shown"

            testCase "parts never take the name of a variable"
            <| fun () ->
                let t1 = Expr.symbol "t1"
                let e = Seq.fold (fun e _ -> e * e) t1 (seq { 1..12 })
                Expect.stringStarts (string e) "s₁ = t1·t1" "the next letter is taken"

            testCase "a comparison is set off from its name"
            <| fun () ->
                let c = Seq.fold (fun e _ -> sin e) x (seq { 1..40 }) .> 0.0
                let e = Expr.where c (Expr.where c x y) (Seq.fold (fun e _ -> cos e) x (seq { 1..40 }))
                Expect.stringContains (string e) " > 0)" "in parentheses"

            testCase "ToString is the Unicode text"
            <| fun () -> Expect.equal (string (2.0 * x)) "2·x" "the text"

            testCase "two meanings of one name still print"
            <| fun () ->
                let e = Expr.sumAll (variable "x" [ 2 ]) + Expr.cast DType.F32 x
                Expect.equal (string e) "Σ(x) + f32(x)" "the text"
        ]

[<Tests>]
let tests = testList "Text" [ arithmetic; powers; functions; truth; tensors; names; large ]
