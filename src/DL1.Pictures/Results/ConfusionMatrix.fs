namespace DL1.Pictures

open System.Globalization
open System.Runtime.InteropServices
open DL1

/// Names of classes, rows and columns of pictures.
[<RequireQualifiedAccess>]
module internal Names =
    /// The names given, or numbers where none are.
    let orNumbers operation (what: string) count (names: seq<string> | null) =
        match names with
        | null -> Array.init count string
        | names ->
            let names = Array.ofSeq names

            if names.Length <> count then
                Refuse.shape
                    operation
                    $"%d{names.Length} names for %d{count} {what}"
                    $"%d{count} names, in their order"
                    "name each one, or leave the names out"

            names

/// How often each class was taken for each, as a table of shaded cells: rows are targets, columns predictions; a cell is
/// the darker, the greater its part of its row.
///
/// <example><code>
/// ConfusionMatrix.Of(Classification.confusion target predicted, [ "cat"; "dog" ]).Png 640
/// </code>
/// In C#: <code>
/// byte[] png = ConfusionMatrix.Of(confusion, ["cat", "dog"]).Png(640);
/// </code></example>
[<AbstractClass; Sealed>]
type ConfusionMatrix =
    /// The figure of a confusion, by the names of the classes where they are given: `ConfusionMatrix.Of(confusion)`.
    /// `predicted` and `actual` name the axes across and down, in another language for example. Counts are left out where
    /// cells are too small to read them. Refuses another number of names with a `ShapeError`, and more than 100 classes with
    /// a `DomainError`.
    static member Of
        (
            confusion: Confusion,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] names: seq<string> | null,
            [<Optional; DefaultParameterValue("prediction")>] predicted: string,
            [<Optional; DefaultParameterValue("target")>] actual: string
        ) : Figure =
        let operation = "ConfusionMatrix.Of"
        let n = confusion.Classes
        let names = Names.orNumbers operation "classes" n names

        if n > 100 then
            Refuse.domain
                operation
                $"%d{n} classes"
                "at most 100, so that a cell can be seen"
                "draw some of the classes, or print confusion.Report"

        let count t p = float confusion[t, p]
        let rowSum t = Seq.init n (count t) |> Seq.sum

        Figure.OfScene(fun width ->
            let size = 12.0
            let widest = names |> Array.map (Scene.measure size) |> Array.max
            let gutter = min (0.3 * width) (widest + 10.0)
            let left = 26.0 + gutter
            let cell = min 72.0 ((width - left - 8.0) / float n)
            let left = left + max 0.0 ((width - left - 8.0 - cell * float n) / 2.0)
            let side = cell * float n
            let top = 10.0
            let isTurned = widest > cell - 4.0
            let below = if isTurned then gutter else 18.0
            // Names that would overlap are left out, evenly.
            let every = int (ceil (14.0 / cell))

            let digits =
                Seq.allPairs [ 0 .. n - 1 ] [ 0 .. n - 1 ]
                |> Seq.map (fun (t, p) -> confusion[t, p])
                |> Seq.max

            let digitWidth = Scene.measure 10.0 (digits.ToString CultureInfo.InvariantCulture) / 10.0

            let countSize = min 15.0 (min (cell * 0.5) ((cell - 2.0) / digitWidth))

            let cells =
                [
                    for t in 0 .. n - 1 do
                        let total = rowSum t

                        for p in 0 .. n - 1 do
                            let part = if total = 0.0 then 0.0 else count t p / total
                            let shade = Shade.color part
                            let x, y = left + cell * float p, top + cell * float t

                            Item.Box(x, y, cell, cell, 0.0, Tint.Fixed(Shade.hex shade), cell > 6.0)

                            if countSize >= 7.0 then
                                Scene.text
                                    Anchor.Middle
                                    (Shade.over shade)
                                    countSize
                                    (x + cell / 2.0)
                                    (y + cell / 2.0 + 0.36 * countSize)
                                    (confusion[t, p].ToString CultureInfo.InvariantCulture)
                ]

            let labels =
                [
                    for c in 0..every .. n - 1 do
                        let middle = cell * (float c + 0.5)
                        let shown = Scene.fitted size gutter names[c]
                        Scene.text Anchor.End Tint.Ink size (left - 6.0) (top + middle + 4.0) shown

                        if isTurned then
                            Scene.turned
                                Anchor.End
                                Tint.Ink
                                size
                                (left + middle + 4.0)
                                (top + side + 6.0)
                                shown
                        else
                            Scene.text Anchor.Middle Tint.Ink size (left + middle) (top + side + 16.0) shown

                    Scene.text
                        Anchor.Middle
                        Tint.Faint
                        13.0
                        (left + side / 2.0)
                        (top + side + below + 18.0)
                        predicted

                    Scene.turned
                        Anchor.Middle
                        Tint.Faint
                        13.0
                        (left - gutter - 12.0)
                        (top + side / 2.0)
                        actual
                ]

            {
                Width = width
                Height = top + side + below + 28.0
                Name = $"Confusion matrix of %d{n} classes"
                Least = 0.0
                Items = cells @ labels
            })
