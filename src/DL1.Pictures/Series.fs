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

/// A named series of points of a plot.
type Series =
    {
        /// What the legend calls it; the empty name stays out of the legend.
        Name: string
        /// The x of each point.
        X: IReadOnlyList<float>
        /// The y of each point, as many as there are x. A value that is not finite leaves a gap.
        Y: IReadOnlyList<float>
        /// Line, dashes or dots.
        Mark: Mark
    }
