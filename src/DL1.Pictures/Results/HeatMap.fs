namespace DL1.Pictures

open System
open System.Globalization
open System.Runtime.InteropServices
open DL1

/// A matrix as coloured cells beside a scale of its values: correlations, scores of a grid search, weights. From pale to
/// deep blue; where values lie on both sides of 0, from blue over white to vermilion with 0 white.
///
/// <example><code>
/// HeatMap.Of(correlations, rows = names, columns = names).Png 640
/// </code>
/// In C#: <code>
/// byte[] png = HeatMap.Of(correlations, names, names).Titled("Correlations").Png(640);
/// </code></example>
[<AbstractClass; Sealed>]
type HeatMap =
    static member private Short(v: float) = v.ToString("G3", CultureInfo.InvariantCulture).Replace("-", "−")

    /// The figure of a matrix `[rows; columns]`, at most 256 each, with the names of its rows and columns, or their numbers
    /// from 0. Each cell has its value written in it if `numbers` says so, which it does unless given, and where it fits.
    /// `low` and `high` are the ends of the scale, the values' own where they are left out. Refuses another shape or
    /// number of names with a `ShapeError`; no value, more than 256 rows or columns, values that are not finite and ends out of order
    /// with a `DomainError`. `HeatMap.Of(matrix)`
    static member Of
        (
            values: Tensor,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] rows: seq<string> | null,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] columns: seq<string> | null,
            [<Optional; DefaultParameterValue(true)>] numbers: bool,
            [<Optional; DefaultParameterValue(Double.NaN)>] low: float,
            [<Optional; DefaultParameterValue(Double.NaN)>] high: float,
            [<Optional; DefaultParameterValue("")>] xLabel: string,
            [<Optional; DefaultParameterValue("")>] yLabel: string
        ) : Figure =
        let operation = "HeatMap.Of"

        let down, across =
            match values.Shape.ToList() with
            | [ r; c ] -> r, c
            | _ ->
                Refuse.shape
                    operation
                    $"values {values.DType} {values.Shape}"
                    "a matrix [rows; columns]"
                    "reshape them, or take one matrix of the batch"

        if down < 1 || across < 1 || down > 256 || across > 256 then
            Refuse.domain
                operation
                $"%d{down} rows and %d{across} columns"
                "from 1 to 256 of each"
                "take a part of them"

        let rowNames = Names.orNumbers operation "rows" down rows
        let columnNames = Names.orNumbers operation "columns" across columns
        let v = Tensor.toFloats values

        if not (Array.forall Double.IsFinite v) then
            Refuse.domain operation "values that are not finite" "finite values" "look for what made them"

        let isCentred = Array.min v < 0.0 && Array.max v > 0.0 && Double.IsNaN low && Double.IsNaN high
        let reach = v |> Array.map abs |> Array.max

        let low =
            if isCentred then -reach
            elif Double.IsNaN low then Array.min v
            else low

        let high =
            if isCentred then reach
            elif Double.IsNaN high then Array.max v
            else high

        if not (low <= high && Double.IsFinite low && Double.IsFinite high) then
            Refuse.domain
                operation
                $"low {string low} and high {string high}"
                "finite ends, low below high"
                "exchange the two"

        // Halves: the range itself may be greater than the greatest number.
        let part v = if high > low then (v / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) else 0.5

        let isTwoSided = low < 0.0 && high > 0.0 && abs (part 0.0 - 0.5) < 1e-6
        let color v = if isTwoSided then Shade.twoSided (part v) else Shade.color (part v)
        let cellsAsImage = down * across > 2500

        let png =
            lazy
                (Shade.image down across (max 1 (512 / max down across)) (fun r c -> color v[r * across + c]))

        let scale = lazy (Shade.image 128 1 2 (fun r _ -> color (high + (low - high) * float r / 127.0)))

        Figure.OfScene(fun width ->
            let size = 12.0

            let longest names limit =
                min limit ((names |> Array.map (Scene.measure size) |> Array.max) + 10.0)

            let left = longest rowNames (0.28 * width) + (if yLabel = "" then 0.0 else 22.0)
            let ends = [ high; low + (high - low) / 2.0; low ]
            let scaleWide = (ends |> List.map (HeatMap.Short >> Scene.measure 11.0) |> List.max) + 44.0
            let room = width - left - scaleWide - 8.0
            let cell = min 64.0 (room / float across)
            // Cells of few columns are broader than high, so that the picture is not higher than a page.
            let tall = min (max 20.0 cell) (max cell (480.0 / float down)) |> min 64.0
            let tall = if across * down > 2500 then cell else tall
            let wide, high' = cell * float across, tall * float down
            let x0 = left + max 0.0 ((room - wide) / 2.0)
            let y0 = 8.0
            let widest = columnNames |> Array.map (Scene.measure size) |> Array.max
            let isTurned = widest > cell - 4.0
            let below = if isTurned then min 110.0 (widest + 10.0) else 20.0
            let written = v |> Array.map HeatMap.Short
            let widestNumber = (written |> Array.map (Scene.measure 10.0) |> Array.max) / 10.0
            let numberSize = min 13.0 (min (tall * 0.5) ((cell - 4.0) / widestNumber))
            let everyRow, everyColumn = int (ceil (14.0 / tall)), int (ceil (14.0 / cell))

            let cells =
                [
                    if cellsAsImage then
                        Item.Image(x0, y0, wide, high', png.Value)
                    else
                        for r in 0 .. down - 1 do
                            for c in 0 .. across - 1 do
                                let shade = color v[r * across + c]
                                let x, y = x0 + cell * float c, y0 + tall * float r
                                Item.Box(x, y, cell, tall, 0.0, Tint.Fixed(Shade.hex shade), cell > 6.0)

                                if numbers && numberSize >= 7.0 then
                                    Scene.text
                                        Anchor.Middle
                                        (Shade.over shade)
                                        numberSize
                                        (x + cell / 2.0)
                                        (y + tall / 2.0 + 0.36 * numberSize)
                                        written[r * across + c]
                ]

            let labels =
                [
                    for r in 0..everyRow .. down - 1 do
                        let y = y0 + tall * (float r + 0.5) + 4.0
                        let space = left - 6.0 - (if yLabel = "" then 0.0 else 22.0)

                        Scene.text
                            Anchor.End
                            Tint.Ink
                            size
                            (x0 - 6.0)
                            y
                            (Scene.fitted size space rowNames[r])

                    for c in 0..everyColumn .. across - 1 do
                        let x = x0 + cell * (float c + 0.5)
                        let shown = Scene.fitted size (if isTurned then below - 6.0 else cell) columnNames[c]

                        if isTurned then
                            Scene.turned Anchor.End Tint.Ink size (x + 4.0) (y0 + high' + 6.0) shown
                        else
                            Scene.text Anchor.Middle Tint.Ink size x (y0 + high' + 16.0) shown

                    if xLabel <> "" then
                        let shown = Scene.fitted 13.0 (width - 8.0) xLabel
                        let x = max (Scene.measure 13.0 shown / 2.0 + 4.0) (x0 + wide / 2.0)
                        Scene.text Anchor.Middle Tint.Faint 13.0 x (y0 + high' + below + 16.0) shown

                    if yLabel <> "" then
                        Scene.turned
                            Anchor.Middle
                            Tint.Faint
                            13.0
                            (x0 - left + 14.0)
                            (y0 + high' / 2.0)
                            (Scene.fitted 13.0 high' yLabel)
                ]

            let x = x0 + wide + 16.0
            let scaleTall = max 60.0 (min 320.0 high')

            let bar =
                [
                    Item.Image(x, y0, 14.0, scaleTall, scale.Value)

                    for i, value in List.indexed ends do
                        if i <> 1 || high > low then
                            let y = y0 + scaleTall * float i / 2.0 + [| 9.0; 4.0; 0.0 |][i]
                            Scene.text Anchor.Start Tint.Ink 11.0 (x + 19.0) y (HeatMap.Short value)
                ]

            {
                Width = width
                Height =
                    (max (y0 + high' + below) (y0 + scaleTall + 8.0)) + (if xLabel = "" then 6.0 else 26.0)
                Name = $"Heat map of %d{down} rows and %d{across} columns"
                Least = 0.0
                Items = cells @ labels @ bar
            })
