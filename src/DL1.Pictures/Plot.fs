namespace DL1.Pictures

open System.Collections.Generic
open DL1

/// A plot as data: immutable, drawn by `Png` and `Svg`.
///
/// <example><code>
/// Plot.titled "Descent"
/// |> Plot.labels "epoch" "gradient"
/// |> Plot.line "SGD" epochs gradients
/// |> Plot.png 800 480
/// </code>
/// In C#: <code>
/// byte[] png = Plot.Titled("Descent").Labels("epoch", "gradient").Line("SGD", epochs, gradients).Png(800, 480);
/// </code></example>
type Plot =
    {
        /// What stands above; may be empty.
        Title: string
        /// What the horizontal axis measures, with its unit.
        XLabel: string
        /// What the vertical axis measures, with its unit.
        YLabel: string
        /// Whether the horizontal axis is logarithmic.
        LogX: bool
        /// Whether the vertical axis is logarithmic.
        LogY: bool
        /// What is drawn, the first at the bottom.
        Series: IReadOnlyList<Series>
    }

    /// An empty plot with a title: `Plot.Titled("Loss")`.
    static member Titled(title: string) =
        { Title = title; XLabel = ""; YLabel = ""; LogX = false; LogY = false; Series = [||] }

    /// The same plot with labels at its axes: `plot.Labels("epoch", "loss")`.
    member this.Labels(x: string, y: string) = { this with XLabel = x; YLabel = y }

    /// The same plot with a logarithmic horizontal axis; points at or below 0 are left out.
    member this.WithLogX() = { this with LogX = true }

    /// The same plot with a logarithmic vertical axis; points at or below 0 are left out.
    member this.WithLogY() = { this with LogY = true }

    /// The same plot with one more series. Refuses different numbers of x and y with a `ShapeError`.
    member this.Add(mark: Mark, name: string, x: seq<float>, y: seq<float>) =
        let x, y = Array.ofSeq x, Array.ofSeq y

        if x.Length <> y.Length then
            Refuse.shape
                "Plot"
                $"%d{x.Length} x and %d{y.Length} y in the series '{name}'"
                "one y for each x"
                "check how the two were collected"

        let added = { Name = name; X = x; Y = y; Mark = mark }

        { this with Series = Array.append (Array.ofSeq this.Series) [| added |] }

    /// The same plot with a line: `plot.Line("train", epochs, losses)`.
    member this.Line(name, x, y) = this.Add(Mark.Line, name, x, y)

    /// The same plot with a line over 1, 2, 3, ...: `plot.Line("train", lossOfEachEpoch)`.
    member this.Line(name, y: seq<float>) =
        let y = Array.ofSeq y
        this.Add(Mark.Line, name, Array.init y.Length (fun i -> float (i + 1)), y)

    /// The same plot with a dashed line: `plot.Dashes("truth", xs, ys)`.
    member this.Dashes(name, x, y) = this.Add(Mark.Dashes, name, x, y)

    /// The same plot with a dot for each point: `plot.Dots("samples", xs, ys)`.
    member this.Dots(name, x, y) = this.Add(Mark.Dots, name, x, y)

    /// The picture as a PNG of this many pixels: `plot.Png(800, 480)`.
    member this.Png(width: int, height: int) : byte[] =
        use plot = Chart.draw this.Title this.XLabel this.YLabel this.LogX this.LogY this.Series
        Chart.png width height plot

    /// The picture as the text of an SVG, for a report or a vector editor: `plot.Svg(800, 480)`.
    member this.Svg(width: int, height: int) : string =
        use plot = Chart.draw this.Title this.XLabel this.YLabel this.LogX this.LogY this.Series
        Chart.svg width height plot

/// Plots, as functions to pipe into.
[<RequireQualifiedAccess>]
module Plot =
    /// An empty plot with a title: `Plot.titled "Loss"`.
    let titled title = Plot.Titled title

    /// Labels at the axes: `plot |> Plot.labels "epoch" "loss"`.
    let labels x y (plot: Plot) = plot.Labels(x, y)

    /// A logarithmic horizontal axis; points at or below 0 are left out.
    let logX (plot: Plot) = plot.WithLogX()

    /// A logarithmic vertical axis; points at or below 0 are left out.
    let logY (plot: Plot) = plot.WithLogY()

    /// One more line: `plot |> Plot.line "train" epochs losses`.
    let line name (x: seq<float>) (y: seq<float>) (plot: Plot) = plot.Line(name, x, y)

    /// One more dashed line: `plot |> Plot.dashes "truth" xs ys`.
    let dashes name (x: seq<float>) (y: seq<float>) (plot: Plot) = plot.Dashes(name, x, y)

    /// Dots: `plot |> Plot.dots "samples" xs ys`.
    let dots name (x: seq<float>) (y: seq<float>) (plot: Plot) = plot.Dots(name, x, y)

    /// The picture as a PNG: `plot |> Plot.png 800 480`.
    let png width height (plot: Plot) = plot.Png(width, height)

    /// The picture as the text of an SVG: `plot |> Plot.svg 800 480`.
    let svg width height (plot: Plot) = plot.Svg(width, height)
