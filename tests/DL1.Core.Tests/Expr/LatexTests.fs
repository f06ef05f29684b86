/// LaTeX: approved texts, and large graphs.
module DL1.Tests.LatexTests

open DL1
open Expecto

let private x, y = Expr.symbol "x", Expr.symbol "y"
let private m = Expr.variable "m" DType.F32 [ 3; 4 ]
let private w = Expr.variable "W_1" DType.F32 [ 4; 5 ]

let private approved (expected: string) (e: Expr) =
    testCase expected <| fun () -> Expect.equal (Latex.ofExpr e) expected "the approved text"

let private chain (step: Expr -> Expr) = Seq.fold (fun e _ -> step e) x (seq { 1..100_000 })

let private isBalanced (text: string) =
    let count (part: string) = text.Split(part).Length
    count "{" = count "}" && count "\\left" = count "\\right"

[<Tests>]
let tests =
    testList
        "Latex"
        [
            approved @"2 \cdot \left(x - 2\right)" (2.0 * (x - 2.0))
            approved @"\left(x - 2\right)^{2} + 3" ((x - 2.0) ** 2.0 + 3.0)
            approved @"\sin x + x \cdot \cos x" (sin x + x * cos x)
            approved @"\sin\left(2 \cdot x\right)" (sin (2.0 * x))
            approved @"\left(\sin x\right)^{2}" ((sin x) ** 2.0)
            approved @"\frac{x + 1}{y}" ((x + 1.0) / y)
            approved @"\left(\frac{x}{y}\right)^{2}" ((x / y) ** 2.0)
            approved @"x^{y + 1}" (x ** (y + 1.0))
            approved @"x^{-1}" (x ** -1.0)
            approved @"\sqrt{x + 1}" (sqrt (x + 1.0))
            approved @"\frac{1}{\sqrt{x}}" (Expr.rsqrt x)
            approved @"\left|x\right|" (abs x)
            approved @"\operatorname{relu}\left(x\right)" (Expr.relu x)
            approved @"\sigma\left(x\right)" (Expr.sigmoid x)
            approved @"\arcsin x" (asin x)
            approved @"m \, W_{1}" (Expr.matmul m w)
            approved @"W_{1}^{\top}" w.T
            approved @"\alpha \cdot w_{1}" (Expr.symbol "alpha" * Expr.symbol "w1")
            approved @"\mathit{loss}" (Expr.symbol "loss")
            approved @"\mathit{fc1.weight}" (Expr.symbol "fc1.weight")
            approved @"x_{\mathit{hat},2}" (Expr.symbol "x_hat_2")
            approved @"{W_{1}}_{0:2, 0:5}" (Expr.sliceAxis 0 0 2 w)
            approved @"\sum\left(m\right)" (Expr.sumAll m)
            approved @"\sum_{0}\left(m\right)" (Expr.sum [ 0 ] m)
            approved @"1.5 \times 10^{-7} \cdot x" (1.5e-7 * x)
            approved @"\left(1 \times 10^{-12}\right)^{2}" ((lit 1e-12) ** 2.0)
            approved @"-x \cdot \infty" (x * -(lit infinity))
            approved
                @"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"
                (Expr.constant (Tensor.ofArray [ 2; 2 ] [| 1; 2; 3; 4 |]))
            approved @"x \leq y \land y \neq 0" (Expr.both (x .<= y) (Expr.notEqual y (lit 0.0)))
            approved @"\operatorname{softmax}_{\mathrm{axis}=1}\left(m\right)" (Expr.softmax 1 m)
            approved
                @"\operatorname{where}\left(x > 0, x, \exp x - 1\right)"
                (Expr.where (x .> 0.0) x (exp x - 1.0))

            testCase "names cannot break out"
            <| fun () ->
                let text = Latex.ofExpr (Expr.symbol @"a}\input{b" * Expr.symbol "50% & $")
                Expect.equal text @"\mathit{a\}\backslash input\{b} \cdot \mathit{50\%\ \&\ \$}" "escaped"

            testCase "repeated squaring 60 deep is aligned, the middle left out"
            <| fun () ->
                let text = Latex.ofExpr (Seq.fold (fun e _ -> e * e) x (seq { 1..60 }))
                Expect.stringStarts text @"\begin{aligned}" "a block"
                Expect.stringContains text @"\vdots" "left out"
                Expect.isLessThan (text.Split('\n').Length) 30 "few lines"

            testCase "100,000 nodes in a chain"
            <| fun () ->
                for step in [ sin; (fun e -> e + 1.0); (fun e -> y / e); (fun e -> y ** e); sqrt ] do
                    let e = chain step
                    Expect.isLessThan (Latex.ofExpr e).Length 10_000 "a page"
                    Expect.isTrue (isBalanced (Latex.whole e)) "braces are closed"
        ]
