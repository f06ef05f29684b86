namespace DL1.Pictures

open System.Collections.Generic

/// How a series of points is drawn.
[<RequireQualifiedAccess>]
type Mark =
    /// A line through the points, in their order.
    | Line
    /// A dashed line through the points.
    | Dashes
    /// A dot at each point.
    | Dots
    /// A bar from 0 to each y; the bars of several series at one x stand side by side.
    | Bars
    /// The area between each y and its upper end: an interval around a line.
    | Band of upTo: IReadOnlyList<float>
    /// A text at each point.
    | Texts of texts: IReadOnlyList<string>

/// A named series of points of a plot.
type Series =
    {
        /// What the legend calls it; the empty name stays out of the legend.
        Name: string
        /// The x of each point.
        X: IReadOnlyList<float>
        /// The y of each point, as many as there are x. A value that is not finite leaves a gap.
        Y: IReadOnlyList<float>
        /// Line, dashes, dots, bars, band or texts.
        Mark: Mark
    }

    /// Refuses different numbers of x, y, upper ends and texts with a `ShapeError`.
    member internal this.Check() =
        let refuse (count: int) (what: string) =
            if count <> this.X.Count then
                DL1.Refuse.shape
                    "Plot"
                    $"%d{this.X.Count} x and %d{count} {what:string} in the series '{this.Name}'"
                    $"one {what} for each x"
                    "check how they were collected"

        refuse this.Y.Count "y"

        match this.Mark with
        | Mark.Line
        | Mark.Dashes
        | Mark.Dots
        | Mark.Bars -> ()
        | Mark.Band upTo -> refuse upTo.Count "upper ends"
        | Mark.Texts texts -> refuse texts.Count "texts"
