namespace DL1.Pictures

open System
open System.Runtime.InteropServices
open DL1
open SkiaSharp

/// Many small images side by side, each with a label where labels are given: samples of a data set, what a generator
/// makes, the kernels of a convolution.
///
/// <example><code>
/// ImageGrid.Of(digits, labels = [ for c in classes -> string c ]).Png 780
/// </code>
/// In C#: <code>
/// byte[] png = ImageGrid.Of(digits, labels: ["seven", "two"], columns: 2).Png(780);
/// </code></example>
[<AbstractClass; Sealed>]
type ImageGrid =
    /// The figure of images `[n; height; width]` or `[n; 1; height; width]` in grey, or `[n; 3; height; width]` in red,
    /// green and blue; at most 400. `low` is drawn black and `high` at its brightest, what is beyond as they; where they
    /// are left out, the least and the greatest of all values. `columns` sets the number of columns, else as many as fit; or as many as
    /// there are `columnNames`, which stand above them, and as many rows as `rowNames`, which stand on the left.
    /// Refuses other shapes, and another number of labels or names, with a `ShapeError`; values that are not finite, none, and
    /// too many, with a `DomainError`. `ImageGrid.Of(images)`
    static member Of
        (
            images: Tensor,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] labels: seq<string> | null,
            [<Optional; DefaultParameterValue(0)>] columns: int,
            [<Optional; DefaultParameterValue(Double.NaN)>] low: float,
            [<Optional; DefaultParameterValue(Double.NaN)>] high: float,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] rowNames: seq<string> | null,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] columnNames: seq<string> | null
        ) : Figure =
        let operation = "ImageGrid.Of"
        let dims = images.Shape.ToList()

        let count, channels, rows, across =
            match dims with
            | [ n; h; w ] -> n, 1, h, w
            | [ n; (1 | 3 as c); h; w ] -> n, c, h, w
            | _ ->
                Refuse.shape
                    operation
                    $"images of {images.DType} {images.Shape}"
                    "[n; height; width], [n; 1; height; width] or [n; 3; height; width]"
                    "reshape them; channels come before height and width"

        if count = 0 || count > 400 || rows = 0 || across = 0 then
            Refuse.domain
                operation
                $"%d{count} images of %d{rows} by %d{across}"
                "from 1 to 400 images of one pixel at least"
                "take the first rows of the batch"

        if columns < 0 || columns > 100 then
            Refuse.domain
                operation
                $"%d{columns} columns"
                "from 1 to 100, or 0 for as many as fit"
                "leave it out"

        let labels =
            match labels with
            | null -> [||]
            | given -> Names.orNumbers operation "images" count given

        let named (names: seq<string> | null) =
            match names with
            | null -> [||]
            | names -> Refuse.nulls "names" names

        let namesAcross, namesDown = named columnNames, named rowNames

        let columns =
            match namesAcross.Length, namesDown.Length with
            | 0, 0 -> columns
            | 0, r when columns = 0 -> max 1 ((count + r - 1) / r)
            | 0, _ -> columns
            | c, _ -> c

        let isNamed = namesDown.Length > 0 || namesAcross.Length > 0

        if
            isNamed
            && (namesDown.Length > 0 && (count + columns - 1) / columns <> namesDown.Length || columns > 100)
        then
            Refuse.shape
                operation
                $"%d{count} images in %d{columns} columns with %d{namesDown.Length} names of rows"
                "a name for each row, and at most 100 columns"
                "name each row, or leave the names out"

        let values = Tensor.toFloats images

        if not (Array.forall Double.IsFinite values) then
            Refuse.domain operation "values that are not finite" "finite values" "look for what made them"

        let low = if Double.IsNaN low then Array.min values else low
        let high = if Double.IsNaN high then Array.max values else high

        if low > high then
            Refuse.domain
                operation
                $"low {string low} and high {string high}"
                "low below high"
                "exchange the two"

        let level v =
            if high > low then
                byte (round (255.0 * max 0.0 (min 1.0 ((v - low) / (high - low)))))
            else
                127uy

        let pixel image row column =
            let at c = values[((image * channels + c) * rows + row) * across + column] |> level
            if channels = 1 then SKColor(at 0, at 0, at 0) else SKColor(at 0, at 1, at 2)

        // Once for all widths: squares of pixels as large as the largest cell.
        let zoom = max 1 (int (ceil (128.0 / float (max rows across))))
        let pngs = lazy (Array.init count (fun i -> Shade.image rows across zoom (pixel i)))

        Figure.OfScene(fun width ->
            let gap = 8.0
            let fitting = max 1 (int ((width - gap) / (if width < 500.0 then 72.0 else 92.0)))

            let columns =
                if columns = 0 then min count fitting
                elif namesAcross.Length > 0 then columns
                else min count columns

            let aside =
                if namesDown.Length = 0 then
                    0.0
                else
                    min (0.25 * width) ((namesDown |> Array.map (Scene.measure 12.0) |> Array.max) + 8.0)

            let above = if namesAcross.Length > 0 then 18.0 else 0.0
            let cell = min 128.0 ((width - aside - gap * float (columns + 1)) / float columns)
            let tall = cell * float rows / float across
            let below = if labels.Length > 0 then 18.0 else 0.0
            let lines = (count + columns - 1) / columns
            let left = aside + (width - aside - (cell + gap) * float columns + gap) / 2.0

            {
                Width = width
                Height = gap + above + (tall + below + gap) * float lines
                Name = $"%d{count} images"
                Least = 0.0
                Items =
                    [
                        for c, name in Array.indexed namesAcross do
                            let x = left + (cell + gap) * float c + cell / 2.0
                            let shown = Scene.fitted 12.0 (cell + gap - 2.0) name
                            Scene.text Anchor.Middle Tint.Ink 12.0 x (gap + 10.0) shown

                        for r, name in Array.indexed namesDown do
                            let y = gap + above + (tall + below + gap) * float r + tall / 2.0 + 4.0
                            let shown = Scene.fitted 12.0 (aside - 4.0) name
                            Scene.text Anchor.End Tint.Ink 12.0 (left - 6.0) y shown

                        for i in 0 .. count - 1 do
                            let x = left + (cell + gap) * float (i % columns)
                            let y = gap + above + (tall + below + gap) * float (i / columns)
                            // The edge around it is seen where an image is as white as the paper.
                            Item.Box(x, y, cell, tall, 0.0, Tint.Paper, true)
                            Item.Image(x, y, cell, tall, pngs.Value[i])

                            if labels.Length > 0 then
                                Scene.text
                                    Anchor.Middle
                                    Tint.Ink
                                    12.0
                                    (x + cell / 2.0)
                                    (y + tall + 14.0)
                                    (Scene.fitted 12.0 (cell + gap - 2.0) labels[i])
                    ]
            })
