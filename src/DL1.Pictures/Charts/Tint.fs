namespace DL1.Pictures

/// A colour of a drawing: most follow the reader's light or dark theme, some are the same in both.
[<RequireQualifiedAccess>]
type internal Tint =
    | Paper
    | Ink
    | Faint
    | Line
    | Input
    | Step
    | Result
    | Value
    | Slope
    | Fixed of hex: string

/// Where a text's x is.
[<RequireQualifiedAccess>]
type internal Anchor =
    | Start
    | Middle
    | End

/// A part of an outline, to a point of the drawing.
[<RequireQualifiedAccess>]
type internal Pen =
    | Move of float * float
    | Line of float * float
    | Cubic of (float * float) * (float * float) * (float * float)

/// A text in a drawing; a turned one reads upwards, a haloed one keeps off what is below it.
type internal Label =
    {
        X: float
        Y: float
        Size: float
        Anchor: Anchor
        Tint: Tint
        Turned: bool
        Haloed: bool
        Text: string
    }

/// A mark of a drawing, in units of a pixel.
[<RequireQualifiedAccess>]
type internal Item =
    | Box of x: float * y: float * width: float * height: float * round: float * fill: Tint * edged: bool
    | Stroke of Pen list * Tint * width: float
    | Area of Pen list * Tint
    | Text of Label
    | Image of x: float * y: float * width: float * height: float * png: byte[]

/// A drawing as data: what pictures of boxes, texts and small images are made of, written as SVG and as PNG alike.
type internal Scene =
    {
        Width: float
        Height: float
        /// What it shows, for those who cannot see it.
        Name: string
        /// The least part of its width at which its texts can be read; 0 for what is laid out anew for each width.
        Least: float
        Items: Item list
    }

[<RequireQualifiedAccess>]
module internal Tint =
    /// The name, and the colours on light and on dark paper.
    let private table =
        [
            Tint.Paper, "paper", "#ffffff", "#14181d"
            Tint.Ink, "ink", "#1f2933", "#e8edf2"
            Tint.Faint, "faint", "#5f6b7a", "#9aa7b5"
            Tint.Line, "line", "#8794a5", "#728093"
            Tint.Input, "input", "#e3eefb", "#1d3350"
            Tint.Step, "step", "#f4f1ea", "#2a2c2f"
            Tint.Result, "result", "#fdeccb", "#4a3913"
            Tint.Value, "value", "#0b5cad", "#7dbcff"
            Tint.Slope, "slope", "#b3420a", "#ffab70"
        ]

    let private row tint = table |> List.find (fun (t, _, _, _) -> t = tint)

    /// The class that the sheet knows it by; none for a fixed colour.
    let name tint =
        match tint with
        | Tint.Fixed _ -> None
        | themed -> let _, name, _, _ = row themed in Some name

    /// The colour on light paper.
    let light tint =
        match tint with
        | Tint.Fixed hex -> hex
        | themed -> let _, _, light, _ = row themed in light

    // Colours are attributes for readers without style sheets; the sheet overrides them and follows the reader's theme.
    let sheet =
        let colors (pick: _ -> string) = table |> List.map (fun row -> $"--{pick row}") |> String.concat ";"
        let light = colors (fun (_, name, light, _) -> $"{name}:{light}")
        let dark = colors (fun (_, name, _, dark) -> $"{name}:{dark}")

        let fills =
            table
            |> List.map (fun (_, name, _, _) -> $".dl1-figure .{name}{{fill:var(--{name})}}")
            |> String.concat ""

        $"<style>\n.dl1-figure{{{light}}}\n@media (prefers-color-scheme:dark){{.dl1-figure{{{dark}}}}}\n{fills}"
        + ".dl1-figure .edged{stroke:var(--line)}.dl1-figure .stroke-line{stroke:var(--line)}"
        + ".dl1-figure .stroke-ink{stroke:var(--ink)}.dl1-figure text[stroke]{stroke:var(--paper)}\n</style>"
