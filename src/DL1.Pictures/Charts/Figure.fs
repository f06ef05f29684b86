namespace DL1.Pictures

open DL1

/// A picture as data, drawn at any width: its height, and how its parts are laid out, follow from the width. Immutable;
/// the same figure gives the same bytes.
///
/// <example><code>
/// let figure = ConfusionMatrix.Of(Classification.confusion target predicted, [ "cat"; "dog" ])
/// File.WriteAllBytes("confusion.png", figure.Png(640, 2.0))
/// File.WriteAllText("confusion.svg", figure.Svg 640)
/// </code>
/// In C#: <code>
/// byte[] png = ConfusionMatrix.Of(confusion, ["cat", "dog"]).Titled("Test set").Png(640);
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
[<DL1.Notebooks.TypeFormatterSource(typeof<DL1.Notebooks.FormatterSource>)>]
type Figure internal (title: string, svg: string -> int -> string, png: string -> int -> float -> byte[]) =
    let check operation width (density: float) =
        if
            width < 200
            || width > 4000
            || not (density >= 0.5 && density <= 8.0)
            || float width * density > 16000.0
        then
            Refuse.domain
                operation
                $"a picture %d{width} wide at the density {string density}"
                "a width from 200 to 4000, a density from 0.5 to 8, and at most 16000 pixels of both"
                "780, which fits a page, and the density 2 for fine screens"

    /// What stands above; may be empty.
    member _.Title = title

    /// The same figure with a title: `figure.Titled("After 20 epochs")`.
    member _.Titled(title: string) = Figure(title, svg, png)

    /// The text of an SVG of the given width, 200 to 4000 pixels: `figure.Svg(780)`.
    member _.Svg(width: int) : string =
        check "Figure.Svg" width 1.0
        svg title width

    /// A PNG of the given width, 200 to 4000 pixels: `figure.Png(780)`.
    member this.Png(width: int) : byte[] = this.Png(width, 1.0)

    /// A PNG laid out for a width and drawn with `density` pixels for each of its units, 0.5 to 8, so that a fine screen
    /// shows it sharp: `figure.Png(780, 2)` is 1560 pixels wide.
    member _.Png(width: int, density: float) : byte[] =
        check "Figure.Png" width density
        png title width density

    /// Writes the picture as a PNG or an SVG, by what the name ends in; another ending, and a file that cannot be written, are a
    /// `DomainError`: `figure.Save("confusion.png")`.
    member this.Save(path: string) : unit = this.Save(path, 780)

    /// The same so many pixels wide, from 200 to 4000: `figure.Save("confusion.png", 1200)`.
    member this.Save(path: string, width: int) : unit =
        PictureFile.save "Figure.Save" path (fun () -> this.Png width) (fun () -> this.Svg width)

    /// Writes the picture to the folder of temporary files, opens it with the program that the system has for SVG files, and
    /// gives the path. Where there is no such program, a `DomainError` names the file: `figure.Show()`.
    member this.Show() : string = PictureFile.show "Figure.Show" (this.Svg 780)

    override _.ToString() = if title = "" then "Figure" else $"Figure \"{title}\""
    member internal this.Display = this.ToString()

    interface DL1.Notebooks.INotebookValue with
        member this.Html = this.Svg 780

    member internal _.Drawn(width: int) : string = svg title width

    member internal _.Drawn(width: int, density: float) : byte[] = png title width density

    /// The figure of a scene that is laid out for each width.
    static member internal OfScene(layout: float -> Scene) : Figure =
        let scene title width = layout width |> Scene.titled title

        Figure(
            "",
            (fun title width -> Scene.svg (float width) (scene title (float width))),
            (fun title width density ->
                Scene.png (int (round (float width * density))) (scene title (float width)))
        )

    /// The figure of axes that are drawn for each title; the height is a part of the width, more where it is small.
    static member internal OfAxes(draw: string -> int -> int -> ScottPlot.Plot) : Figure =
        let height width = if width < 500 then width * 4 / 5 else width * 3 / 5

        // A title that is too long for the width is set smaller, and shortened if that is not enough. It stands over
        // the middle of the data, which the labels on the left move to the right.
        let fitting title width =
            let room = float width - 110.0
            let fits size = Scene.measure size title <= room
            let size = [ 18.0; 16.0; 14.0; 13.0 ] |> List.tryFind fits |> Option.defaultValue 12.0
            let plot = draw (Scene.fitted size room title) width (height width)
            plot.Axes.Title.Label.FontSize <- float32 size
            plot

        Figure(
            "",
            (fun title width ->
                use plot = fitting title width
                Chart.svg width (height width) plot),
            (fun title width density ->
                use plot = fitting title width
                plot.ScaleFactor <- density
                let pixels n = int (round (float n * density))
                Chart.png (pixels width) (pixels (height width)) plot)
        )

    /// A plot as a figure, which a report can draw for wide and for narrow pages: `Figure.Of(plot)`.
    static member Of(plot: Plot) : Figure =
        let draw title width height = Chart.draw width height { plot.Axes with Title = title } plot.Series

        Figure.OfAxes(draw).Titled plot.Title

    /// Figures beside and below one another, row by row, `columns` in a row; one in a row where the page is narrow. Each is laid
    /// out for its part of the width; a row is as high as its highest figure. Refuses no figure, or fewer than 1 or more than 6 in
    /// a row, with a `DomainError`. `Figure.Grid(2, [Figure.Of(loss), Figure.Of(accuracy)])`
    static member Grid(columns: int, figures: seq<Figure>) : Figure =
        let figures = Refuse.nulls "figures" figures

        if columns < 1 || columns > 6 || figures.Length = 0 then
            Refuse.domain
                "Figure.Grid"
                $"%d{figures.Length} figures, %d{columns} in a row"
                "at least one figure, and from 1 to 6 in a row"
                "two in a row, which a page has room for"

        // The title stands above all figures, as a row of its own.
        let heading title =
            Figure
                .OfScene(fun width -> { Width = width; Height = 0.0; Least = 0.0; Name = ""; Items = [] })
                .Titled
                title

        let rows title width =
            let across = if width < 500 then 1 else min columns figures.Length

            [
                if title <> "" then
                    yield width, [| heading title |]

                for row in Array.chunkBySize across figures do
                    yield width / across, row
            ]

        Figure(
            "",
            (fun title width ->
                rows title width
                |> List.map (fun (each, row) -> row |> Array.map (fun figure -> figure.Drawn each))
                |> Beside.svg width),
            (fun title width density ->
                rows title width
                |> List.map (fun (each, row) -> row |> Array.map (fun figure -> figure.Drawn(each, density)))
                |> Beside.png (int (round (float width * density))))
        )

/// Figures, as functions to pipe into.
[<RequireQualifiedAccess>]
module Figure =
    /// The same figure with a title: `figure |> Figure.titled "After 20 epochs"`.
    let titled title (figure: Figure) = figure.Titled title

    /// The text of an SVG of the given width in pixels: `figure |> Figure.svg 780`.
    let svg width (figure: Figure) = figure.Svg width

    /// A PNG of the given width in pixels: `figure |> Figure.png 780`.
    let png (width: int) (figure: Figure) = figure.Png width

    /// Writes the picture as a PNG or an SVG, by what the name ends in: `figure |> Figure.save "confusion.png"`.
    let save (path: string) (figure: Figure) = figure.Save path

    /// Opens the picture with the system's program for SVG files, and gives the path of the file: `figure |> Figure.show`.
    let show (figure: Figure) = figure.Show()

    /// A plot as a figure: `plot |> Figure.ofPlot`.
    let ofPlot (plot: Plot) = Figure.Of plot

    /// Figures beside and below one another, with the given number in a row: `[ loss; accuracy ] |> Figure.grid 2`.
    let grid columns (figures: seq<Figure>) = Figure.Grid(columns, figures)
