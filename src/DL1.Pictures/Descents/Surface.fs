namespace DL1.Pictures

open System
open System.Collections.Generic
open DL1

/// How a surface is seen.
[<RequireQualifiedAccess>]
type View =
    /// From above, as a map with bands of colour and contour lines.
    | Map
    /// From aside, as a landscape.
    | Landscape

/// The points that one optimizer went through, from its start.
type Trail =
    {
        /// What the legend calls it.
        Name: string
        /// The points, as (x, y).
        Points: IReadOnlyList<struct (float * float)>
    }

    /// A trail from its points: `Trail.Of("SGD", points)`. Refuses none with a `DomainError`.
    static member Of(name: string, points: seq<struct (float * float)>) =
        let points = Array.ofSeq points

        if points.Length = 0 then
            Refuse.domain
                "Trail"
                $"no point in the trail '{name}'"
                "at least one point"
                "begin with the start itself"

        { Name = name; Points = points }

    /// A trail from the x and the y of its points: `Trail.Of("SGD", xs, ys)`. Refuses different numbers of x and y with a
    /// `ShapeError`, and none with a `DomainError`.
    static member Of(name: string, xs: seq<float>, ys: seq<float>) =
        let xs, ys = Array.ofSeq xs, Array.ofSeq ys

        if xs.Length <> ys.Length then
            Refuse.shape
                "Trail"
                $"%d{xs.Length} x and %d{ys.Length} y in the trail '{name}'"
                "one y for each x"
                "check how the two were collected"

        Trail.Of(name, Array.map2 (fun x y -> struct (x, y)) xs ys)

/// A surface over a rectangle of two variables, to be drawn with the trails that descend it: immutable.
///
/// <example><code>
/// let bowl = Surface.over (-2.0, 2.0) (-2.0, 2.0) (fun x y -> x * x + 3.0 * y * y)
/// bowl |> DescentPicture.png View.Map 640 480 [ Trail.Of("SGD", [ struct (1.5, 1.0); struct (0.9, 0.4) ]) ]
/// </code>
/// In C#: <code>
/// var bowl = Surface.Over(-2, 2, -2, 2, (x, y) => x * x + 3 * y * y).Titled("A bowl");
/// </code></example>
type Surface =
    {
        /// What stands above; may be empty.
        Title: string
        /// What the horizontal axis measures, with its unit: `x` unless given.
        XLabel: string
        /// What the vertical axis measures, with its unit: `y` unless given.
        YLabel: string
        /// The least x shown.
        XFrom: float
        /// The greatest x shown.
        XTo: float
        /// The least y shown.
        YFrom: float
        /// The greatest y shown.
        YTo: float
        /// The height over (x, y), finite over the rectangle.
        Height: Func<float, float, float>
    }

    /// A surface from the ranges of x and y and the height over them. Refuses an empty range with a `DomainError`.
    /// `Surface.Over(-3, 3, -3, 3, (x, y) => x * x + y * y)`
    static member Over
        (xFrom: float, xTo: float, yFrom: float, yTo: float, height: Func<float, float, float>)
        =
        if not (xFrom < xTo && yFrom < yTo) then
            Refuse.domain
                "Surface"
                $"x from {string xFrom} to {string xTo}, y from {string yFrom} to {string yTo}"
                "ranges whose end is greater than their start"
                "the smaller number first"

        {
            Title = ""
            XLabel = "x"
            YLabel = "y"
            XFrom = xFrom
            XTo = xTo
            YFrom = yFrom
            YTo = yTo
            Height = height
        }

    /// The same surface with a title: `surface.Titled("Descent")`.
    member this.Titled(title: string) = { this with Title = title }

    /// The same surface with labels at its axes: `surface.Labels("slope", "intercept")`.
    member this.Labels(x: string, y: string) = { this with XLabel = x; YLabel = y }

    /// The height over a point: `surface.At(0.0, 0.0)`.
    member this.At(x: float, y: float) = this.Height.Invoke(x, y)

    /// A surface to try optimizers on, x and y from −3 to 3: a bowl with two hills, a deep basin at (1.5, −1.2) and
    /// shallower ones at (−1.5, −0.9) and (1.9, 0.7), in which a descent may be caught: from (1.8, 2.8) with the rate 0.05, plain SGD is,
    /// and momentum 0.9 is not.
    /// 0.08·(x² + y²) + 1.3·g(0.2, 0.5, 0.6) + 1.1·g(−1.1, 1.8, 0.5)
    /// − 1.6·g(1.5, −1.2, 0.8) − g(−1.5, −0.9, 0.6) − 0.5·g(1.9, 0.7, 0.3)
    /// where g(a, b, s) = exp(−((x − a)² + (y − b)²) / s).
    static member HillsAndBasins =
        let bump a b s x y = exp (-((x - a) ** 2.0 + (y - b) ** 2.0) / s)

        let height x y =
            0.08 * (x * x + y * y) + 1.3 * bump 0.2 0.5 0.6 x y + 1.1 * bump -1.1 1.8 0.5 x y
            - 1.6 * bump 1.5 -1.2 0.8 x y
            - bump -1.5 -0.9 0.6 x y
            - 0.5 * bump 1.9 0.7 0.3 x y

        Surface.Over(-3.0, 3.0, -3.0, 3.0, height).Titled("Hills and basins")

/// Surfaces, as functions to pipe into.
[<RequireQualifiedAccess>]
module Surface =
    /// A surface over ranges of x and y: `Surface.over (-3.0, 3.0) (-3.0, 3.0) (fun x y -> x * x + y * y)`.
    let over (xFrom, xTo) (yFrom, yTo) (height: float -> float -> float) =
        Surface.Over(xFrom, xTo, yFrom, yTo, fun x y -> height x y)

    /// The same surface with a title: `surface |> Surface.titled "Descent"`.
    let titled title (surface: Surface) = surface.Titled title

    /// The same surface with labels at its axes: `surface |> Surface.labels "slope" "intercept"`.
    let labels x y (surface: Surface) = surface.Labels(x, y)

    /// Heights over a grid of rows (y, from the least) and columns (x, from the least), and their least and greatest.
    let internal sample rows columns (surface: Surface) =
        let at from upTo count i = from + (upTo - from) * float i / float (count - 1)

        let heights =
            Array2D.init rows columns (fun row column ->
                let x = at surface.XFrom surface.XTo columns column
                let y = at surface.YFrom surface.YTo rows row
                let z = surface.At(x, y)

                if not (Double.IsFinite z) then
                    Refuse.domain
                        "Surface"
                        $"a height of {string z} at ({string x}, {string y})"
                        "a finite height over the whole rectangle"
                        "a smaller rectangle, or a function that is defined on all of it"

                z)

        let flat = Seq.cast<float> heights
        heights, Seq.min flat, Seq.max flat
