namespace DL1.Pictures

open System
open SkiaSharp

/// A surface drawn once, on which paths are drawn as often as needed.
type internal Backdrop =
    {
        Bitmap: SKBitmap
        /// The pixel of a point of the surface.
        Place: float -> float -> SKPoint
        /// Whether the point is in sight, or behind a hill.
        InSight: float -> float -> bool
        /// The rectangle in which the legend may stand.
        Data: SKRect
    }

    interface IDisposable with
        member this.Dispose() = this.Bitmap.Dispose()

/// The surface from above: bands of colour with contour lines between them.
[<RequireQualifiedAccess>]
module internal Map =
    let private bands = 14

    let draw width height (surface: Surface) : Backdrop =
        use plot = Style.axes surface.Title surface.XLabel surface.YLabel
        // A cell for each pixel or so: the bands' edges come out smooth.
        let rows, columns = min height 600, min width 800
        let heights, low, high = Surface.sample rows columns surface
        let step = max 1e-12 (high - low) / float bands
        let band z = low + step * (0.5 + floor (min (float bands - 1.0) ((z - low) / step)))

        let heatmap =
            plot.Add.Heatmap(
                Array2D.init rows columns (fun row column -> band heights[rows - 1 - row, column])
            )

        heatmap.Colormap <- Style.heights
        heatmap.ManualRange <- ScottPlot.Range(low, low + step * float bands)

        heatmap.Position <- ScottPlot.CoordinateRect(surface.XFrom, surface.XTo, surface.YFrom, surface.YTo)

        let coarse = 160
        let grid, _, _ = Surface.sample coarse coarse surface

        let points =
            Array2D.init coarse coarse (fun row column ->
                let along from upTo i = from + (upTo - from) * float i / float (coarse - 1)

                ScottPlot.Coordinates3d(
                    along surface.XFrom surface.XTo column,
                    along surface.YFrom surface.YTo row,
                    grid[row, column]
                ))

        let lines = plot.Add.ContourLines(points, 1)
        lines.ContourLineLevels <- Array.init (bands - 1) (fun i -> low + step * float (i + 1))
        lines.Update points
        lines.LineColor <- ScottPlot.Colors.White.WithAlpha 0.55
        lines.LineWidth <- 1f
        lines.LabelStyle.IsVisible <- false

        let bar = plot.Add.ColorBar heatmap
        bar.Axis.TickLabelStyle.FontSize <- 13f
        bar.Axis.TickLabelStyle.ForeColor <- Style.ink
        plot.HideGrid()
        plot.HideLegend() |> ignore
        plot.Axes.SetLimits(surface.XFrom, surface.XTo, surface.YFrom, surface.YTo)

        let bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Premul)
        use canvas = new SKCanvas(bitmap)
        Style.invariant (fun () -> plot.Render(canvas, width, height))
        let data = plot.LastRender.DataRect

        {
            Bitmap = bitmap
            Place =
                fun x y ->
                    let right = float32 ((x - surface.XFrom) / (surface.XTo - surface.XFrom))
                    let up = float32 ((y - surface.YFrom) / (surface.YTo - surface.YFrom))
                    SKPoint(data.Left + right * data.Width, data.Bottom - up * data.Height)
            InSight = fun _ _ -> true
            Data = SKRect(data.Left, data.Top, data.Right, data.Bottom)
        }
