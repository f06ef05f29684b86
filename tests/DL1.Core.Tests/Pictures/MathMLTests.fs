/// LaTeX as MathML: approved texts, what our printer writes, textbook formulas, and what is refused.
module DL1.Tests.MathMLTests

open System.Xml.Linq
open DL1
open DL1.Pictures
open DL1.Tests.Graphs
open DL1.Tests.Law
open Expecto

let private parsed (latex: string) =
    let text = MathML.ofLatex latex
    XDocument.Parse text |> ignore
    XDocument.Parse(MathML.display latex) |> ignore
    text

/// What stands within the `math` element.
let private approved (latex: string) (expected: string) =
    testCase latex
    <| fun () -> Expect.equal (parsed latex) $"<math>{expected}</math>" "the approved elements"

let private converts (latex: string) = testCase latex <| fun () -> parsed latex |> ignore

let private refused (latex: string) (parts: string list) =
    testCase $"refused: {latex}"
    <| fun () ->
        try
            MathML.ofLatex latex |> ignore
            failtest "it was taken"
        with :? FormatError as e ->
            for part in parts do
                Expect.stringContains e.Message part "the error tells it"

/// Formulas as textbooks of machine learning print them.
let private textbook =
    [
        @"p(\mathbf{y} \mid \mathbf{X}, \boldsymbol{\theta}) = \prod_{i=1}^{n} p(y_i \mid \mathbf{x}_i, \boldsymbol{\theta})"
        @"\hat{\theta} = \operatorname*{arg\,min}_{\theta} \frac{1}{n} \sum_{i=1}^n \left( y_i - \hat{y}_i \right)^2 + \lambda \|w\|_1"
        @"\frac{\partial L}{\partial W_1} = X^\top \cdot \left( (P - Y) \cdot W_2^\top \odot \sigma'(Z) \right)"
        @"\mathcal{N}(x; \mu, \sigma^2) = \frac{1}{\sqrt{2\pi\sigma^2}} \exp\left(-\frac{(x-\mu)^2}{2\sigma^2}\right)"
        @"\operatorname{softmax}(z)_k = \frac{e^{z_k}}{\sum_j e^{z_j}}"
        @"\nabla_\theta \mathbb{E}_{x \sim p}[f(x)] \approx \dfrac{1}{m}\sum_{i} \nabla f(x_i), \quad \theta \in \mathbb{R}^{d \times k}"
        @"f(x) = \begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"
        @"A = \begin{pmatrix} a_{11} & \cdots & a_{1n} \\ \vdots & \ddots & \vdots \\ a_{m1} & \cdots & a_{mn} \end{pmatrix}"
        @"\begin{aligned} m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t \\ v_t &= \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \end{aligned}"
        @"\int_{-\infty}^{\infty} e^{-x^2}\, dx = \sqrt{\pi}, \qquad \sqrt[3]{x}"
        @"\left\| \mathbf{w} \right\|_2 \le \max_{i} |w_i| \;\; \forall i, \lnot a \land b \lor c"
        @"\log p = -\tfrac12 \log 2\pi - \log \sigma, \ln x, \sin^2 x + \cos^2 x = 1"
        @"\overline{x} + \bar{x} + \tilde{x} + \vec{v} + \dot{x} + \widehat{xy} + \underbrace{a + b}_{\text{two}} + \overset{!}{=}"
        @"\mathrm{KL}(p \,\|\, q) = \sum_x p(x) \log \frac{p(x)}{q(x)}"
        @"\frac{\mathrm{d}y}{\mathrm{d}x} \to 0 \implies x'' \ne y \not\in \{1, 2, \ldots, n\}"
        @"\binom{n}{k} p^k (1-p)^{n-k}, \lfloor x \rfloor, \lceil x \rceil, \langle x, y \rangle, 10\%"
        @"\displaystyle \lim_{h \to 0} \frac{f(x+h)-f(x)}{h}"
        @"\kappa = \frac{\lambda_{\max}}{\lambda_{\min}}, \quad 0 < \eta < \frac{2}{\lambda_{\max}}"
        @"\Bigl"
    ]
    |> List.filter (fun latex -> latex <> @"\Bigl")

/// Whole pieces and halves.
let private pieces =
    [|
        yield! textbook
        yield!
            @"{ } ^ _ & \\ \left( \right) \frac \sqrt [ ] x 12 - + \alpha \sum \log \hat \mathbf{W} \text{a b} ' \not = \big( \begin{matrix} \end{matrix} \begin{aligned} \end{aligned} \underbrace \displaystyle \limits \overset é 😀 <"
                .Split
                ' '
    |]

let tests =
    testList
        "MathML"
        [
            approved @"\frac{a}{b}" "<mfrac><mi>a</mi><mi>b</mi></mfrac>"
            approved @"x^2" "<msup><mi>x</mi><mn>2</mn></msup>"
            approved @"x^12" "<mrow><msup><mi>x</mi><mn>1</mn></msup><mn>2</mn></mrow>"
            approved
                @"w_{12}^{(k)}"
                "<msubsup><mi>w</mi><mn>12</mn><mrow><mo form=\"prefix\" stretchy=\"false\">(</mo><mi>k</mi><mo form=\"postfix\" stretchy=\"false\">)</mo></mrow></msubsup>"
            approved @"1.5" "<mn>1.5</mn>"
            approved @"\sqrt{x}" "<msqrt><mi>x</mi></msqrt>"
            approved @"-x" "<mrow><mo form=\"prefix\" lspace=\"0em\" rspace=\"0em\">−</mo><mi>x</mi></mrow>"
            approved
                @"a-b"
                "<mrow><mi>a</mi><mo lspace=\"0.2222em\" rspace=\"0.2222em\">−</mo><mi>b</mi></mrow>"
            approved @"\alpha" "<mi>α</mi>"
            approved @"\mathbf{W}" "<mi mathvariant=\"normal\">𝐖</mi>"
            approved @"\mathcal{L}" "<mi mathvariant=\"normal\">ℒ</mi>"
            approved @"\mathit{loss}" "<mi mathvariant=\"normal\">𝑙𝑜𝑠𝑠</mi>"
            approved @"\text{if } x" "<mrow><mtext>if\u00A0</mtext><mi>x</mi></mrow>"
            approved
                @"\log x"
                "<mrow><mi mathvariant=\"normal\">log</mi><mspace width=\"0.1667em\"/><mi>x</mi></mrow>"
            approved
                @"\log(x)"
                "<mrow><mi mathvariant=\"normal\">log</mi><mo form=\"prefix\" stretchy=\"false\">(</mo><mi>x</mi><mo form=\"postfix\" stretchy=\"false\">)</mo></mrow>"
            approved @"\hat{y}" "<mover accent=\"true\"><mi>y</mi><mo stretchy=\"false\">^</mo></mover>"
            approved
                @"a<b"
                "<mrow><mi>a</mi><mo lspace=\"0.2778em\" rspace=\"0.2778em\">&lt;</mo><mi>b</mi></mrow>"
            approved "" "<mrow></mrow>"

            testList "textbook formulas" (List.map converts textbook)

            refused @"\frca{a}{b}" [ @"\frca"; "character 1"; @"\frac" ]
            refused @"1 + \foo" [ @"\foo"; "character 5"; @"\operatorname{foo}" ]
            refused @"\frac{a}{b" [ "the end"; "}" ]
            refused @"a}" [ "}" ]
            refused @"\left( a" [ @"\right" ]
            refused @"\begin{tabular}{cc} a \end{tabular}" [ "tabular"; "aligned" ]
            refused @"\begin{cases} a \end{matrix}" [ "cases"; "matrix" ]
            refused @"x^2^3" [ "one script" ]
            refused @"\mathbf{x_1}" [ "_"; "after the braces" ]
            refused "a $ b" [ "$" ]
            refused "\\" [ "backslash" ]
            refused @"\frac{a}" [ "the end" ]
            refused (String.replicate 100_000 "{") [ "nested too deep" ]

            testCase "names cannot break out"
            <| fun () ->
                let text = Latex.ofExpr (Expr.symbol @"a}\input{b" * Expr.symbol "50% & $ ~^#<script>")
                Expect.isFalse ((parsed text).Contains "<script>") "escaped"

            graphLaw 400 "all that our printer writes" (fun (g: WildGraph) ->
                for e in g.Wild.Roots do
                    Latex.ofExpr e |> parsed |> ignore
                    Latex.whole e |> parsed |> ignore)

            law "any row of pieces is well-formed, or refused as a whole" (fun (picks: int list) ->
                let piece (i: int) = pieces[(i &&& 0xFFFF) % pieces.Length]

                try
                    picks |> List.map piece |> String.concat " " |> parsed |> ignore
                with :? FormatError ->
                    ())
        ]
