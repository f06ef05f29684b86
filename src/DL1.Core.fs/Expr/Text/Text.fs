namespace DL1

/// Expressions as text, for people and for `Parse`. Every function takes time in proportion to the graph, and none
/// recurses: 100,000 nodes in a chain print as safely as one.
[<RequireQualifiedAccess>]
module Text =
    /// Unicode mathematics with the fewest parentheses: `2·(x − 2)`, `sin x + x·cos x`. A small graph is written in
    /// one piece; of a larger one the shared and long parts are named (`t₁ = …`), the result stands last, and the
    /// middle of a long list of names is left out. Broadcasting is shown only where axes are looked at, as by a sum. Products and
    /// sums are simplified where that is exact: `12·x²` for 4·(3·x²), `x` for 1·x, `x − y` for x + (−y). The text has the value of
    /// the graph, but for rounding, overflow and underflow of products in another order; `ascii` writes the graph as it is.
    /// `Text.unicode (sin (2.0 * x))` is `sin(2·x)`.
    let unicode (e: 'e) : string when 'e :> INode<'e> = TextUnicode.write false e

    /// The same with nothing left out, however long.
    /// `File.WriteAllText("loss.txt", Text.unicodeWhole loss)`
    let unicodeWhole (e: 'e) : string when 'e :> INode<'e> = TextUnicode.write true e

    /// Plain ASCII that `Parse.expr` reads back to an equal expression, whole, with the types of variables that are
    /// not f64 scalars in front: `x: f32[3]; x*sin(x) + f32(2)`. Refuses with a `ShapeError` a graph in which one
    /// name stands for two variables.
    /// `Parse.expr (Text.ascii e) = e`
    let ascii (e: 'e) : string when 'e :> INode<'e> = TextAscii.write e
