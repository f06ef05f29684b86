namespace DL1.Pictures

open System
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
[<StructuredFormatDisplay("{Display}")>]
[<DL1.Notebooks.TypeFormatterSource(typeof<DL1.Notebooks.FormatterSource>)>]
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
        /// The ends of the horizontal axis; where one is NaN, the data have it.
        XLimits: struct (float * float)
        /// The ends of the vertical axis; where one is NaN, the data have it.
        YLimits: struct (float * float)
        /// Whether a unit is as long on both axes.
        HasEqualAxes: bool
        /// Names that stand at 1, 2, 3, ... of the horizontal axis instead of numbers; may be none.
        XNames: IReadOnlyList<string>
    }

    /// An empty plot with a title: `Plot.Titled("Loss")`.
    static member Titled(title: string) =
        {
            Title = title
            XLabel = ""
            YLabel = ""
            LogX = false
            LogY = false
            Series = [||]
            XLimits = struct (nan, nan)
            YLimits = struct (nan, nan)
            HasEqualAxes = false
            XNames = [||]
        }

    member internal this.Axes: Axes =
        {
            Title = this.Title
            XLabel = this.XLabel
            YLabel = this.YLabel
            LogX = this.LogX
            LogY = this.LogY
            XLimits = this.XLimits
            YLimits = this.YLimits
            IsEqual = this.HasEqualAxes
            XNames = this.XNames
        }

    /// The same plot with labels at its axes: `plot.Labels("epoch", "loss")`.
    member this.Labels(x: string, y: string) = { this with XLabel = x; YLabel = y }

    /// The same plot with a logarithmic horizontal axis; points at or below 0 are left out.
    member this.WithLogX() = { this with LogX = true }

    /// The same plot with a logarithmic vertical axis; points at or below 0 are left out.
    member this.WithLogY() = { this with LogY = true }

    static member private Limits(operation, low: float, high: float) =
        if not (Double.IsFinite low && Double.IsFinite high && low < high) then
            Refuse.domain
                operation
                $"limits {string low} and {string high}"
                "two finite numbers, the lower one first"
                "leave the limits out, where the data should say them"

        struct (low, high)

    /// The same plot with a horizontal axis from `low` to `high`; what lies beyond is not shown. Refuses limits that are
    /// not finite and in order with a `DomainError`: `plot.WithXLimits(0, 1)`.
    member this.WithXLimits(low, high) = { this with XLimits = Plot.Limits("Plot.xLimits", low, high) }

    /// The same plot with a vertical axis from `low` to `high`; what lies beyond is not shown. Refuses limits that are
    /// not finite and in order with a `DomainError`: `plot.WithYLimits(0, 1)`.
    member this.WithYLimits(low, high) = { this with YLimits = Plot.Limits("Plot.yLimits", low, high) }

    /// The same plot with a unit as long on both axes, so that a circle is round: `plot.WithEqualAxes()`. With a
    /// logarithmic axis it is refused when it is drawn, with a `DomainError`.
    member this.WithEqualAxes() = { this with HasEqualAxes = true }

    /// The same plot with names at 1, 2, 3, ... of the horizontal axis, for bars and lines of as many values:
    /// `plot.WithNames(["SGD", "Adam"])`.
    member this.WithNames(names: seq<string>) = { this with XNames = Refuse.nulls "names" names }

    /// The same plot with one more series. Refuses different numbers of x and y (and of upper ends or texts, which a mark
    /// may have) with a `ShapeError`.
    member this.Add(mark: Mark, name: string, x: seq<float>, y: seq<float>) =
        let added = { Name = name; X = Array.ofSeq x; Y = Array.ofSeq y; Mark = mark }
        added.Check()
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

    /// The same plot with a bar from 0 to each height, over 1, 2, 3, ...: `plot.Bars("accuracy", [0.8, 0.9])`. Bars of
    /// several series stand side by side; `WithNames` names the places.
    member this.Bars(name, heights: seq<float>) =
        let heights = Array.ofSeq heights
        this.Add(Mark.Bars, name, Array.init heights.Length (fun i -> float (i + 1)), heights)

    /// The same plot with the area between two lines, such as the interval around a mean:
    /// `plot.Band("train", epochs, low, high)`. Series of one name but of different marks, such
    /// as a line with its band or its dots, have one colour and stand in the legend once. Refuses different numbers with a `ShapeError`.
    member this.Band(name, x: seq<float>, low: seq<float>, high: seq<float>) =
        this.Add(Mark.Band(Array.ofSeq high), name, x, low)

    /// The same plot with a text at each point: `plot.Texts(xs, ys, ["cat", "dog"])`. Refuses different numbers with a
    /// `ShapeError`.
    member this.Texts(x: seq<float>, y: seq<float>, texts: seq<string>) =
        this.Add(Mark.Texts(Refuse.nulls "texts" texts), "", x, y)

    member private this.Drawn(width, height) =
        Chart.checkSize "Plot" width height
        Chart.draw width height this.Axes this.Series

    /// The picture as a PNG of this many pixels: `plot.Png(800, 480)`.
    member this.Png(width: int, height: int) : byte[] =
        use plot = this.Drawn(width, height)
        Chart.png width height plot

    /// The picture as the text of an SVG, for a report or a vector editor: `plot.Svg(800, 480)`.
    member this.Svg(width: int, height: int) : string =
        use plot = this.Drawn(width, height)
        Chart.svg width height plot

    /// Writes the picture as a PNG or an SVG, by what the name ends in; another ending, and a file that cannot be written, are a
    /// `DomainError`: `plot.Save("loss.png")`.
    member this.Save(path: string) : unit = this.Save(path, 800, 480)

    /// The same of this many pixels: `plot.Save("loss.png", 1200, 600)`.
    member this.Save(path: string, width: int, height: int) : unit =
        PictureFile.save "Plot.Save" path (fun () -> this.Png(width, height)) (fun () ->
            this.Svg(width, height))

    /// Writes the picture to the folder of temporary files, opens it with the program that the system has for SVG files, and
    /// gives the path. Where there is no such program, a `DomainError` names the file: `plot.Show()`.
    member this.Show() : string = PictureFile.show "Plot.Show" (this.Svg(800, 480))

    /// The title and the series.
    override this.ToString() =
        let names =
            this.Series
            |> Seq.map _.Name
            |> Seq.filter (fun name -> name <> "")
            |> Seq.distinct
            |> String.concat ", "

        $"Plot \"{this.Title}\" of %d{this.Series.Count} series" + (if names = "" then "" else ": " + names)

    member internal this.Display = this.ToString()

    interface DL1.Notebooks.INotebookValue with
        member this.Html = this.Svg(800, 480)

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

    /// Bars over 1, 2, 3, ...: `plot |> Plot.bars "accuracy" [ 0.8; 0.9 ]`.
    let bars name (heights: seq<float>) (plot: Plot) = plot.Bars(name, heights)

    /// The area between two lines: `plot |> Plot.band "train" epochs low high`.
    let band name (x: seq<float>) (low: seq<float>) (high: seq<float>) (plot: Plot) =
        plot.Band(name, x, low, high)

    /// A text at each point: `plot |> Plot.texts xs ys [ "cat"; "dog" ]`.
    let texts (x: seq<float>) (y: seq<float>) (texts: seq<string>) (plot: Plot) = plot.Texts(x, y, texts)

    /// Names at 1, 2, 3, ... of the horizontal axis: `plot |> Plot.names [ "SGD"; "Adam" ]`.
    let names (names: seq<string>) (plot: Plot) = plot.WithNames names

    /// The ends of the horizontal axis: `plot |> Plot.xLimits 0.0 1.0`.
    let xLimits low high (plot: Plot) = plot.WithXLimits(low, high)

    /// The ends of the vertical axis: `plot |> Plot.yLimits 0.0 1.0`.
    let yLimits low high (plot: Plot) = plot.WithYLimits(low, high)

    /// A unit as long on both axes: `plot |> Plot.equalAxes`.
    let equalAxes (plot: Plot) = plot.WithEqualAxes()

    /// Writes the picture as a PNG or an SVG, by what the name ends in: `plot |> Plot.save "loss.png"`.
    let save (path: string) (plot: Plot) = plot.Save path

    /// Opens the picture with the system's program for SVG files, and gives the path of the file: `plot |> Plot.show`.
    let show (plot: Plot) = plot.Show()

    /// The picture as a PNG: `plot |> Plot.png 800 480`.
    let png width height (plot: Plot) = plot.Png(width, height)

    /// The picture as the text of an SVG: `plot |> Plot.svg 800 480`.
    let svg width height (plot: Plot) = plot.Svg(width, height)
