namespace DL1.Pictures

open System
open System.Globalization
open System.Runtime.InteropServices
open DL1

/// What attends to what: the weights of attention as shaded cells, a map for each head; rows are the tokens that attend,
/// columns those that are attended to. The darkest cell of all maps is the greatest weight, which is told below.
/// (Vaswani et al., "Attention is all you need" (2017).)
///
/// <example><code>
/// AttentionMap.Of(weights, [ "the"; "cat"; "sat" ]).Png 780
/// </code>
/// In C#: <code>
/// byte[] png = AttentionMap.Of(weights, ["the", "cat", "sat"]).Png(780);
/// </code></example>
[<AbstractClass; Sealed>]
type AttentionMap =
    /// Weights `[queries; keys]` or `[heads; queries; keys]` with the tokens of each:
    /// `AttentionMap.Of(weights, output, input)`. `head`, `white` and `darkest` are the words at the heads and below, for pages in
    /// another language. Tokens that would overlap are left out evenly. Refuses other
    /// shapes and numbers of tokens with a `ShapeError`; weights below 0 or not finite, more than 64 heads and more than
    /// 256 tokens with a `DomainError`.
    static member Of
        (
            weights: Tensor,
            queries: seq<string>,
            keys: seq<string>,
            [<Optional; DefaultParameterValue("head")>] head: string,
            [<Optional; DefaultParameterValue("white")>] white: string,
            [<Optional; DefaultParameterValue("darkest")>] darkest: string
        ) : Figure =
        let operation, word = "AttentionMap.Of", head

        let heads, rows, columns =
            match weights.Shape.ToList() with
            | [ q; k ] -> 1, q, k
            | [ h; q; k ] -> h, q, k
            | _ ->
                Refuse.shape
                    operation
                    $"weights {weights.DType} {weights.Shape}"
                    "[queries; keys] or [heads; queries; keys]"
                    "take one example of the batch"

        let queries = Names.orNumbers operation "queries" rows queries
        let keys = Names.orNumbers operation "keys" columns keys

        if heads < 1 || heads > 64 || rows < 1 || rows > 256 || columns < 1 || columns > 256 then
            Refuse.domain
                operation
                $"%d{heads} heads of %d{rows} queries and %d{columns} keys"
                "from 1 to 64 heads of 1 to 256 tokens"
                "take a part of the sequence"

        let values = Tensor.toFloats weights

        if not (values |> Array.forall (fun v -> Double.IsFinite v && v >= 0.0)) then
            Refuse.domain
                operation
                "weights below 0 or not finite"
                "weights from 0 to 1"
                "take them after the softmax"

        let most = Array.max values
        let zoom = max 1 (512 / max rows columns)

        let pngs =
            lazy
                (Array.init heads (fun head ->
                    Shade.image rows columns zoom (fun row column ->
                        let v = values[(head * rows + row) * columns + column]
                        Shade.color (if most > 0.0 then v / most else 0.0))))

        Figure.OfScene(fun width ->
            let size, gap = 11.0, 16.0

            let longest tokens limit =
                min limit ((tokens |> Array.map (Scene.measure size) |> Array.max) + 8.0)

            let left = longest queries 96.0
            let below = longest keys 96.0
            let fits n = (width - gap * float n) / float n - left >= 12.0 * float (min columns 12)
            let across = [ 1 .. min heads 6 ] |> List.filter fits |> List.tryLast |> Option.defaultValue 1
            let cell = min 28.0 (((width - gap * float across) / float across - left) / float columns)
            let wide, tall = cell * float columns, cell * float rows
            let every = int (ceil (13.0 / cell))
            let above = if heads > 1 then 22.0 else 4.0
            let height = above + tall + below + gap
            let lines = (heads + across - 1) / across
            let start = max (gap / 2.0) ((width - (left + wide + gap) * float across + gap) / 2.0)

            let head i =
                let x = start + (left + wide + gap) * float (i % across) + left
                let y = height * float (i / across) + above

                [
                    if heads > 1 then
                        Scene.text Anchor.Middle Tint.Ink 12.0 (x + wide / 2.0) (y - 7.0) $"{word} %d{i + 1}"

                    Item.Image(x, y, wide, tall, pngs.Value[i])

                    for q in 0..every .. rows - 1 do
                        let at = y + cell * (float q + 0.5) + 4.0
                        let shown = Scene.fitted size (left - 8.0) queries[q]
                        Scene.text Anchor.End Tint.Ink size (x - 5.0) at shown

                    for k in 0..every .. columns - 1 do
                        let at = x + cell * (float k + 0.5) + 4.0
                        let shown = Scene.fitted size (below - 8.0) keys[k]
                        Scene.turned Anchor.End Tint.Ink size at (y + tall + 5.0) shown
                ]

            let greatest = most.ToString("0.###", CultureInfo.InvariantCulture)
            let note = $"{white} 0, {darkest} {greatest}"

            {
                Width = width
                Height = height * float lines + 14.0
                Name = $"Attention of %d{rows} queries to %d{columns} keys in %d{heads} heads"
                Least = 0.0
                Items =
                    List.collect head [ 0 .. heads - 1 ]
                    @ [
                        Scene.text
                            Anchor.Middle
                            Tint.Faint
                            11.0
                            (width / 2.0)
                            (height * float lines + 4.0)
                            note
                    ]
            })

    /// The weights of self-attention, `[tokens; tokens]` or `[heads; tokens; tokens]`:
    /// `AttentionMap.Of(weights, tokens)`.
    static member Of
        (
            weights: Tensor,
            tokens: seq<string>,
            [<Optional; DefaultParameterValue("head")>] head: string,
            [<Optional; DefaultParameterValue("white")>] white: string,
            [<Optional; DefaultParameterValue("darkest")>] darkest: string
        ) : Figure =
        let tokens = Array.ofSeq tokens
        AttentionMap.Of(weights, tokens, tokens, head, white, darkest)
