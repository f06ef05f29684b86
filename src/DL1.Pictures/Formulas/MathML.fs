namespace DL1.Pictures

/// Formulas for web pages, typeset by the browser: LaTeX as MathML. It reads all that `Latex.ofExpr` and `expr.ToLatex()`
/// write, and what textbooks of machine learning need besides: fractions, roots, sums, integrals, scripts, Greek letters,
/// accents, `\mathbf`, `\mathcal`, `\mathbb`, `\operatorname`, brackets that grow, matrices, `cases` and `aligned`.
[<RequireQualifiedAccess>]
module MathML =
    /// A formula within a line of text: `MathML.ofLatex @"\frac{a}{b}"` is `<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>`.
    /// A command that is not known, and braces that do not close, are a `FormatError` that names them and their place.
    [<CompiledName "OfLatex">]
    let ofLatex (latex: string) : string = MathReader(latex, false).Formula()

    /// A formula on a line of its own, with limits below and above its sums: `MathML.display @"\sum_{i=1}^n x_i"`.
    [<CompiledName "Display">]
    let display (latex: string) : string = MathReader(latex, true).Formula()
