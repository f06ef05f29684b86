namespace DL1.Pictures

open System
open System.Globalization
open DL1

/// How the values of tensors are spread, as small histograms side by side: of the parameters of a model, of the outputs
/// of its layers. Each has its own range, under which its ends stand; the greatest bar is as high as the picture.
///
/// <example><code>
/// Histograms.Of(fitted.Trained.Parameters).Png 780
/// Histograms.Of([ struct ("before", before); struct ("after relu", after) ])
/// </code>
/// In C#: <code>
/// byte[] png = Histograms.Of(parameters).Titled("Weights").Png(780);
/// </code></example>
[<AbstractClass; Sealed>]
type Histograms =
    static member private Short(v: float) = v.ToString("G3", CultureInfo.InvariantCulture).Replace("-", "−")

    /// The finite values of a tensor: their ends, and how many are in each bin.
    static member private Count(t: Tensor, bins: int) =
        let values = Tensor.toFloats t
        let finite = values |> Array.filter Double.IsFinite

        if finite.Length = 0 then
            0.0, 0.0, [||], values.Length, finite
        else
            let low, high = Array.min finite, Array.max finite
            let counts = Array.zeroCreate<int>(if high > low then bins else 1)

            for v in finite do
                // Halves: the range itself may be greater than the greatest number.
                let part = if high > low then (v / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) else 0.0
                let bin = int (part * float bins)
                let bin = min (counts.Length - 1) bin
                counts[bin] <- counts[bin] + 1

            low, high, counts, values.Length - finite.Length, finite

    static member private Panel
        (name: string, t: Tensor, bins, x: float, y: float, width: float, height: float)
        =
        let low, high, counts, missing, finite = Histograms.Count(t, bins)
        let top, bottom = y + 40.0, y + height - 22.0
        let label anchor tint at row text = Scene.text anchor tint 11.0 at row (Scene.fitted 11.0 width text)

        let note =
            if finite.Length = 0 then
                $"no finite value of %d{t.Size}"
            else
                let mean = Array.average finite
                let deviation = finite |> Array.averageBy (fun v -> (v - mean) * (v - mean)) |> sqrt
                let lost = if missing > 0 then $", %d{missing} not finite" else ""
                $"%d{t.Size}: {Histograms.Short mean} ± {Histograms.Short deviation}{lost}"

        [
            Scene.text Anchor.Start Tint.Ink 12.0 x (y + 14.0) (Scene.fitted 12.0 width name)
            label Anchor.Start Tint.Faint x (y + 30.0) note

            if counts.Length > 0 then
                let most = float (Array.max counts)
                let bar = width / float counts.Length

                for i, count in Array.indexed counts do
                    if count > 0 then
                        let tall = (bottom - top) * float count / most

                        Item.Box(
                            x + bar * float i,
                            bottom - tall,
                            bar,
                            tall,
                            0.0,
                            Tint.Fixed "#4f8fbf",
                            false
                        )

                Scene.text Anchor.Start Tint.Faint 11.0 x (bottom + 15.0) (Histograms.Short low)
                Scene.text Anchor.End Tint.Faint 11.0 (x + width) (bottom + 15.0) (Histograms.Short high)

            Item.Stroke([ Pen.Move(x, bottom); Pen.Line(x + width, bottom) ], Tint.Line, 1.0)
        ]

    /// Histograms of named tensors with the given number of bins, 2 to 200: `Histograms.Of([("relu", activations)], 40)`. Refuses no
    /// tensor, or more than 200, with a `DomainError`.
    static member Of(tensors: seq<struct (string * Tensor)>, bins: int) : Figure =
        let all = Refuse.nulls "tensors" tensors
        let operation = "Histograms.Of"

        if all.Length = 0 || all.Length > 200 then
            Refuse.domain
                operation
                $"%d{all.Length} tensors"
                "from 1 to 200"
                "take a part of them, by a filter of the tree"

        if bins < 2 || bins > 200 then
            Refuse.domain operation $"%d{bins} bins" "from 2 to 200" "30, which is usual"

        Figure.OfScene(fun width ->
            let columns = max 1 (min all.Length (int (width / 165.0)))
            let rows = (all.Length + columns - 1) / columns
            let gap, height = 18.0, 150.0
            let each = min 300.0 ((width - gap * float (columns + 1)) / float columns)

            {
                Width = width
                Height = height * float rows + 8.0
                Name = $"Histograms of %d{all.Length} tensors"
                Least = 0.0
                Items =
                    all
                    |> Array.mapi (fun i (struct (name, t)) ->
                        let x = gap + (each + gap) * float (i % columns)
                        Histograms.Panel(name, t, bins, x, height * float (i / columns), each, height - 8.0))
                    |> List.concat
            })

    /// Histograms of named tensors in 30 bins: `Histograms.Of([("before", a), ("after", b)])`.
    static member Of(tensors: seq<struct (string * Tensor)>) : Figure = Histograms.Of(tensors, 30)

    /// Histograms of the tensors of a tree by their paths, in 30 bins: `Histograms.Of(trained.Parameters)`.
    static member Of(tree: Tree<Tensor>) : Figure =
        Histograms.Of(Tree.toList tree |> Seq.map (fun (path, t) -> struct (path, t)))

    /// The histogram of one tensor, in 30 bins: `Histograms.Of("logits", logits)`.
    static member Of(name: string, t: Tensor) : Figure = Histograms.Of [ struct (name, t) ]
