namespace DL1.Pictures

open System.Globalization
open ScottPlot
open SkiaSharp

/// The font is carried inside the assembly (a part of DejaVu Sans: Latin, Greek, mathematics), because a bare machine
/// or a container has none and text would be missing; so pictures are the same everywhere, too.
type private CarriedFont(name: string) =
    static let load () =
        match typeof<CarriedFont>.Assembly.GetManifestResourceStream "DejaVuSans.ttf" with
        | null -> SKTypeface.Default
        | stream ->
            use stream = stream
            SKTypeface.FromStream stream

    interface IFontResolver with
        member _.CreateTypeface
            (fontName: string, _: FontWeight, _: FontSlant, _: FontSpacing)
            : SKTypeface | null =
            if fontName = name then load () else null

        member _.CreateTypeface(fontName: string, _: bool, _: bool) : SKTypeface | null =
            if fontName = name then load () else null

/// How pictures look: one font, one palette, quiet axes.
[<RequireQualifiedAccess>]
module internal Style =
    /// The name under which ScottPlot, and an SVG's reader, find the font.
    let fontName = "DejaVu Sans"

    let private installed =
        lazy
            (Fonts.FontResolvers.Insert(0, CarriedFont fontName)
             Fonts.Default <- fontName)

    /// The font as Skia draws it.
    let typeface =
        lazy
            (installed.Force()
             Fonts.GetTypeface(fontName, false, false))

    /// Eight colours that people of any colour vision tell apart: Okabe and Ito, "Color universal design" (2008), with
    /// grey for the yellow that white paper swallows.
    let private palette =
        [| "#0072B2"; "#D55E00"; "#009E73"; "#CC79A7"; "#E69F00"; "#56B4E9"; "#000000"; "#7F7F7F" |]
        |> Array.map Color.FromHex

    let private mixed (part: float) (other: byte) (color: Color) =
        let mix (v: byte) = byte (round (float v + part * (float other - float v)))
        Color(mix color.R, mix color.G, mix color.B)

    /// How many colours the palette has.
    let hues = palette.Length

    /// How often the palette was used up before the i-th series: the marks of the next round differ.
    let round i = i / palette.Length

    /// The colour of the i-th series. After the palette come its colours darker, then lighter: series of one hue are told
    /// apart by their lines and markers, too.
    let color i =
        let own = palette[i % palette.Length]

        match round i % 3 with
        | 0 -> own
        | 1 when own = palette[6] -> mixed 0.6 255uy own
        | 1 -> mixed 0.4 0uy own
        | _ -> mixed 0.5 255uy own

    /// Numbers are written the same way on every machine: the drawing library writes them as the thread's culture does.
    let invariant (draw: unit -> 'r) : 'r =
        let culture = CultureInfo.CurrentCulture
        CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture

        try
            draw ()
        finally
            CultureInfo.CurrentCulture <- culture

    let ink = Color.FromHex "#333333"
    let faint = Color.FromHex "#E6E6E6"

    /// The colours of heights, low to high: a deep blue to a pale sand, of steadily growing lightness, so that they
    /// read in grey, and that the palette stands out from them.
    let heights: IColormap =
        Colormaps.CustomInterpolated(
            [| "#24476B"; "#4F7FA3"; "#8FB8C4"; "#CBDCD0"; "#F3EDDC" |] |> Array.map Color.FromHex
        )

    let private patterns name (dashes: float32[] list) =
        [| for dash in dashes -> LinePattern(dash, 0f, name) |]

    /// Dashes, of which four fill a symbol of the legend; another length for each use of the palette.
    let private dashed = patterns "Dashes" [ [| 7f; 5f |]; [| 14f; 5f |]; [| 4f; 4f |]; [| 21f; 6f |] ]

    /// Lines: whole, then of dots, then of dashes and dots.
    let private lined =
        Array.append
            [| LinePattern.Solid |]
            (patterns "Lines" [ [| 2f; 4f |]; [| 12f; 4f; 2f; 4f |]; [| 12f; 4f; 2f; 4f; 2f; 4f |] ])

    let private shapes =
        [|
            MarkerShape.FilledCircle
            MarkerShape.FilledSquare
            MarkerShape.FilledTriangleUp
            MarkerShape.FilledDiamond
            MarkerShape.FilledTriangleDown
            MarkerShape.Eks
            MarkerShape.Cross
            MarkerShape.Asterisk
        |]

    /// The line of the i-th series.
    let line i = lined[round i % lined.Length]

    /// The dashes of the i-th series.
    let dashes i = dashed[round i % dashed.Length]

    /// The marker of the i-th series.
    let shape i = shapes[round i % shapes.Length]

    /// A ScottPlot with the house's axes: labels to read, a frame left and below only, a grid in the background.
    let axes (title: string) (xLabel: string) (yLabel: string) =
        installed.Force()
        let plot = new ScottPlot.Plot()
        plot.Font.Set fontName |> ignore
        plot.Title title
        plot.Axes.Title.Label.FontSize <- 18f
        plot.Axes.Title.Label.Bold <- false
        plot.Axes.Title.Label.ForeColor <- ink
        plot.XLabel xLabel
        plot.YLabel yLabel

        for axis in [ plot.Axes.Bottom :> IAxis; plot.Axes.Left ] do
            axis.Label.FontSize <- 15f
            axis.Label.Bold <- false
            axis.Label.ForeColor <- ink
            axis.TickGenerator <- TickGenerators.NumericAutomatic(TickDensity = 0.6)
            axis.TickLabelStyle.FontSize <- 13f
            axis.TickLabelStyle.ForeColor <- ink
            axis.FrameLineStyle.Color <- ink
            axis.MajorTickStyle.Color <- ink
            axis.MinorTickStyle.Color <- faint

        match plot.Axes.Left with
        | :? AxisPanels.AxisBase as left -> left.PaddingOutsideAxisLabels <- PixelPadding(8f, 8f, 8f, 8f)
        | _ -> ()

        plot.Axes.Right.FrameLineStyle.Width <- 0f
        plot.Axes.Top.FrameLineStyle.Width <- 0f
        plot.Grid.MajorLineColor <- faint
        plot.Legend.FontSize <- 14f
        plot.Legend.FontColor <- ink
        plot.Legend.SymbolWidth <- 43f
        plot.Legend.OutlineWidth <- 0f
        plot.Legend.ShadowColor <- Colors.Transparent
        plot.Legend.BackgroundColor <- Colors.White.WithAlpha 0.85
        plot
