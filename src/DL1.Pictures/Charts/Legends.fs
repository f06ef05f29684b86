namespace DL1.Pictures

open System
open ScottPlot

/// What a legend must not cover, in units of the axes.
[<RequireQualifiedAccess>]
type internal Obstacle =
    /// A line through points.
    | Way of Coordinates[]
    /// A mark at a point, and its radius in pixels.
    | Spot of Coordinates * reach: float
    /// A rectangle.
    | Block of CoordinateRect
    /// A text at a point, and its width in pixels; negative where the text ends at the point.
    | Words of Coordinates * width: float

/// Places legends: within the axes where nothing is drawn, else beside them, or above what is drawn.
[<RequireQualifiedAccess>]
module internal Legends =
    let private corners =
        [
            Alignment.UpperRight
            Alignment.UpperLeft
            Alignment.LowerRight
            Alignment.LowerLeft
            Alignment.UpperCenter
            Alignment.LowerCenter
            Alignment.MiddleRight
            Alignment.MiddleLeft
        ]

    /// Whether a segment meets a rectangle (Liang and Barsky, 1984).
    let private meets (box: PixelRect) (a: Pixel) (b: Pixel) =
        let dx, dy = float (b.X - a.X), float (b.Y - a.Y)

        let cuts =
            [
                -dx, float (a.X - box.Left)
                dx, float (box.Right - a.X)
                -dy, float (a.Y - box.Top)
                dy, float (box.Bottom - a.Y)
            ]

        let enter = cuts |> List.filter (fun (p, _) -> p < 0.0) |> List.map (fun (p, q) -> q / p)
        let leave = cuts |> List.filter (fun (p, _) -> p > 0.0) |> List.map (fun (p, q) -> q / p)

        cuts |> List.forall (fun (p, q) -> p <> 0.0 || q >= 0.0)
        && List.max (0.0 :: enter) <= List.min (1.0 :: leave)

    /// Whether something drawn lies within a box of the picture.
    let private covers (plot: ScottPlot.Plot) (obstacles: Obstacle list) (box: PixelRect) =
        let pixel (c: Coordinates) = plot.GetPixel c

        let overlaps (left: float32) right top bottom =
            left <= box.Right && right >= box.Left && top <= box.Bottom && bottom >= box.Top

        obstacles
        |> List.exists (fun obstacle ->
            match obstacle with
            | Obstacle.Way points ->
                points |> Array.map pixel |> Array.pairwise |> Array.exists (fun (a, b) -> meets box a b)
            | Obstacle.Spot(at, reach) ->
                let p, reach = pixel at, float32 reach
                overlaps (p.X - reach) (p.X + reach) (p.Y - reach) (p.Y + reach)
            | Obstacle.Block rect ->
                let a, b =
                    pixel (Coordinates(rect.Left, rect.Top)), pixel (Coordinates(rect.Right, rect.Bottom))

                overlaps (min a.X b.X) (max a.X b.X) (min a.Y b.Y) (max a.Y b.Y)
            | Obstacle.Words(at, width) ->
                let p, width = pixel at, float32 width
                overlaps (min p.X (p.X + width)) (max p.X (p.X + width)) (p.Y - 22f) (p.Y + 20f))

    let private boxOf (data: PixelRect) (size: PixelSize) (alignment: Alignment) =
        let margin = 7f

        let left =
            match alignment with
            | Alignment.UpperLeft
            | Alignment.MiddleLeft
            | Alignment.LowerLeft -> data.Left + margin
            | Alignment.UpperCenter
            | Alignment.LowerCenter -> (data.Left + data.Right - size.Width) / 2f
            | _ -> data.Right - margin - size.Width

        let top =
            match alignment with
            | Alignment.UpperLeft
            | Alignment.UpperCenter
            | Alignment.UpperRight -> data.Top + margin
            | Alignment.MiddleLeft
            | Alignment.MiddleRight -> (data.Top + data.Bottom - size.Height) / 2f
            | _ -> data.Bottom - margin - size.Height

        // A little air around the letters.
        PixelRect(left - 3f, left + size.Width + 3f, top + size.Height + 3f, top - 3f)

    let private render width height (plot: ScottPlot.Plot) =
        Style.invariant (fun () -> plot.RenderInMemory(width, height))

    /// Shows the legend of a plot of the given width and height in pixels.
    let place (width: int) (height: int) isEqual (obstacles: Obstacle list) (plot: ScottPlot.Plot) =
        let items = plot.Legend.GetItems().Length

        plot.Legend.FontSize <-
            if items > 20 then 9f
            elif items > 12 then 11f
            else 14f

        plot.Legend.Alignment <- Alignment.UpperRight
        plot.ShowLegend() |> ignore
        render width height plot
        let data, size = plot.LastRender.DataRect, plot.Legend.LastRenderSize

        let isFree alignment =
            let box = boxOf data size alignment

            box.Left >= data.Left
            && box.Top >= data.Top
            && box.Right <= data.Right
            && box.Bottom <= data.Bottom
            && not (covers plot obstacles box)

        match List.tryFind isFree corners with
        | Some corner -> plot.Legend.Alignment <- corner
        | None when width >= 500 && size.Width <= 0.4f * float32 width && size.Height <= float32 height - 40f ->
            plot.HideLegend() |> ignore
            plot.ShowLegend Edge.Right |> ignore
        | None ->
            // A row or more at the upper end, for which the axes are made longer.
            plot.Legend.Orientation <- Orientation.Horizontal
            plot.Legend.TightHorizontalWrapping <- true
            plot.Legend.SymbolWidth <- 24f
            plot.Legend.Alignment <- Alignment.UpperCenter

            let taken () =
                render width height plot
                plot.Legend.LastRenderSize.Height + 20f

            [ 12f; 10f; 8f ]
            |> List.tryFind (fun font ->
                plot.Legend.FontSize <- font
                taken () <= 0.5f * data.Height)
            |> ignore

            let limits = plot.Axes.GetLimits()
            let part = float (min (0.8f * data.Height) (taken ()) / data.Height)
            let longer = 1.0 / (1.0 - part)
            let wider = if isEqual then longer else 1.0
            let middle = (limits.Left + limits.Right) / 2.0
            let half = wider * (limits.Right - limits.Left) / 2.0
            let top = limits.Bottom + longer * (limits.Top - limits.Bottom)
            plot.Axes.SetLimits(middle - half, middle + half, limits.Bottom, top)
