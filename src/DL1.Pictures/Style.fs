namespace DL1.Pictures

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
