namespace DL1.Pictures

open System
open System.Globalization
open DL1

/// The trials of a search as pictures: a score over one hyper-parameter, or all hyper-parameters side by side with a line
/// for each trial. Trials whose score is no finite number are left out.
///
/// <example><code>
/// SearchPicture.Scatter(trials, "rate").Png(800, 480)
/// SearchPicture.Parallel(trials).Png 780
/// </code>
/// In C#: <code>
/// byte[] png = SearchPicture.Parallel(trials).Titled("Search").Png(780);
/// </code></example>
[<AbstractClass; Sealed>]
type SearchPicture =
    static member private Rows(operation, trials: seq<Trial>) : Trial[] =
        let all = Refuse.nulls "trials" trials
        let finite = all |> Array.filter (fun t -> Double.IsFinite t.Score)

        if finite.Length = 0 then
            Refuse.domain
                operation
                $"%d{all.Length} trials, none of a finite score"
                "one trial at least whose score is a finite number"
                "run the search first, or look for what made the scores"

        finite

    /// The best by the trials' goal, the first of several.
    static member private Best(trials: Trial[]) =
        match trials[0].Goal with
        | Goal.Minimise -> Array.minBy _.Score trials
        | Goal.Maximise -> Array.maxBy _.Score trials

    static member private ValueOf(name: string, t: Trial) =
        t.Setting.Values |> List.tryPick (fun (n, v) -> if n = name then Some v else None)

    /// A parameter's place in each trial (NaN where it has none), whether a logarithm spreads the places better, and
    /// the names of places if it is of words; those stand at 1, 2, 3, ....
    static member private Places(name: string, trials: Trial[]) : float[] * bool * string[] =
        let values = trials |> Array.map (fun t -> SearchPicture.ValueOf(name, t))

        let isWord =
            values
            |> Array.exists (fun v ->
                match v with
                | Some(HyperValue.Word _) -> true
                | Some(HyperValue.Number _)
                | None -> false)

        if isWord then
            let words = values |> Array.choose (Option.map string) |> Array.distinct

            let place v =
                match v with
                | Some v -> float (1 + Array.IndexOf(words, string v))
                | None -> nan

            Array.map place values, false, words
        else
            let numbers =
                values
                |> Array.map (fun v ->
                    match v with
                    | Some(HyperValue.Number n) -> n
                    | Some(HyperValue.Word _)
                    | None -> nan)

            let known = numbers |> Array.filter Double.IsFinite

            let isLog = known.Length > 0 && Array.min known > 0.0 && Array.max known / Array.min known >= 30.0

            numbers, isLog, [||]

    /// The score of each trial over one hyper-parameter, on a logarithmic axis where its values span a factor of 30 or more; the
    /// best trial by their goal has a mark of its own. Refuses trials without a finite score, and a name that no trial has,
    /// with a `DomainError`. `SearchPicture.Scatter(trials, "rate")`
    static member Scatter(trials: seq<Trial>, parameter: string) : Plot =
        let operation = "SearchPicture.Scatter"
        let rows = SearchPicture.Rows(operation, trials)

        if rows |> Array.forall (fun t -> (SearchPicture.ValueOf(parameter, t)).IsNone) then
            let known =
                rows
                |> Seq.collect (fun t -> List.map fst t.Setting.Values)
                |> Seq.distinct
                |> String.concat ", "

            Refuse.domain operation $"the hyper-parameter {parameter}" $"one of: {known}" "check the spelling"

        let places, isLog, words = SearchPicture.Places(parameter, rows)
        let best = Array.IndexOf(rows, SearchPicture.Best rows)
        let others = [| 0 .. rows.Length - 1 |] |> Array.filter (fun i -> i <> best)

        let plot =
            Plot
                .Titled("Trials")
                .Labels(parameter, "score")
                .Dots(
                    "trials",
                    others |> Array.map (fun i -> places[i]),
                    others |> Array.map (fun i -> rows[i].Score)
                )
                .Dots("best", [ places[best] ], [ rows[best].Score ])
                .WithNames(words)

        if isLog then plot.WithLogX() else plot

    /// Parallel coordinates: an upright axis for each hyper-parameter and one for the score, and a line for each trial, the
    /// darker the better its score; the best is drawn over all in vermilion. Axes whose values span a factor of 30 or more are
    /// logarithmic. Refuses trials without a finite score, of more than one goal, more than 2000 trials and more than 20
    /// hyper-parameters with a `DomainError`. `SearchPicture.Parallel(trials)`
    static member Parallel(trials: seq<Trial>) : Figure =
        let operation = "SearchPicture.Parallel"
        let rows = SearchPicture.Rows(operation, trials)

        let names =
            rows |> Seq.collect (fun t -> List.map fst t.Setting.Values) |> Seq.distinct |> Array.ofSeq

        if rows.Length > 2000 || names.Length > 20 || names.Length = 0 then
            Refuse.domain
                operation
                $"%d{rows.Length} trials of %d{names.Length} hyper-parameters"
                "at most 2000 trials of 1 to 20 hyper-parameters"
                "take the best trials, by ranking them first"

        if rows |> Array.distinctBy _.Goal |> Array.length > 1 then
            Refuse.domain operation "trials of two goals" "trials of one goal" "draw one search at a time"

        let scores = rows |> Array.map _.Score
        let number (v: float) = v.ToString("G3", CultureInfo.InvariantCulture).Replace("-", "−")

        // For each axis: its name, the part from 0 (below) to 1 of each trial, and what stands at its ends or places.
        let axis name (places: float[]) isLog (words: string[]) =
            let scaled = if isLog then Array.map log10 places else places
            let known = scaled |> Array.filter Double.IsFinite
            let low, high = (if known.Length = 0 then 0.0, 1.0 else Array.min known, Array.max known)
            let part v = if high > low then (v / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) else 0.5

            let marks =
                if words.Length > 0 then
                    words |> Array.mapi (fun i w -> part (float (i + 1)), w)
                elif high > low then
                    let back v = if isLog then 10.0 ** v else v
                    [| for t in [ 0.0; 0.5; 1.0 ] -> t, number (back (low + (high - low) * t)) |]
                else
                    [| 0.5, number (if isLog then 10.0 ** low else low) |]

            name, Array.map part scaled, marks

        let axes =
            [|
                for name in names do
                    let places, isLog, words = SearchPicture.Places(name, rows)
                    axis name places isLog words

                axis "score" scores false [||]
            |]

        let best = SearchPicture.Best rows
        let worst = if best.Goal = Goal.Minimise then Array.max scores else Array.min scores

        let merit score =
            if worst = best.Score then
                0.6
            else
                (score / 2.0 - worst / 2.0) / (best.Score / 2.0 - worst / 2.0)

        // The worst first, so that the best lie on top.
        let order =
            [| 0 .. rows.Length - 1 |]
            |> Array.sortBy (fun i -> struct (obj.ReferenceEquals(rows[i], best), merit scores[i]))

        Figure.OfScene(fun width ->
            let top, tall = 34.0, (if width < 500.0 then 230.0 else 300.0)
            let widest (_, _, marks) = marks |> Array.map (snd >> Scene.measure 11.0) |> Array.max
            let first = 30.0
            let last = min 90.0 (widest axes[axes.Length - 1]) + 16.0
            let step = (width - first - last) / float (axes.Length - 1)
            let x i = first + step * float i
            let y part = top + tall * (1.0 - part)

            let line i =
                let points = axes |> Array.mapi (fun a (_, parts, _) -> x a, parts[i])
                let mutable isDown = false

                [
                    for px, part in points do
                        if Double.IsFinite part then
                            (if isDown then Pen.Line(px, y part) else Pen.Move(px, y part))
                            isDown <- true
                        else
                            isDown <- false
                ]

            {
                Width = width
                Height = top + tall + 40.0
                Name = $"%d{rows.Length} trials of %d{names.Length} hyper-parameters"
                Least = 0.0
                Items =
                    [
                        for i in order do
                            if obj.ReferenceEquals(rows[i], best) then
                                Item.Stroke(line i, Tint.Fixed "#D55E00", 3.0)
                            else
                                let color = Shade.hex (Shade.color (0.25 + 0.5 * merit scores[i]))
                                Item.Stroke(line i, Tint.Fixed color, 1.4)

                        for a, (name, _, marks) in Array.indexed axes do
                            Item.Stroke([ Pen.Move(x a, y 0.0); Pen.Line(x a, y 1.0) ], Tint.Ink, 1.2)
                            let room = if a = 0 then 2.0 * first + step / 3.0 else step - 8.0
                            let shown = Scene.fitted 13.0 (min room (2.0 * step)) name
                            let half = Scene.measure 13.0 shown / 2.0
                            let at = max (half + 2.0) (min (width - half - 2.0) (x a))
                            Scene.text Anchor.Middle Tint.Ink 13.0 at 18.0 shown

                            for part, mark in marks do
                                let shown =
                                    Scene.fitted
                                        11.0
                                        (if a = axes.Length - 1 then last - 10.0 else step - 14.0)
                                        mark

                                let across = Scene.measure 11.0 shown
                                // Paper below the letters, so that lines do not run through them.
                                Item.Box(x a + 4.0, y part - 8.0, across + 4.0, 16.0, 3.0, Tint.Paper, false)

                                Item.Stroke(
                                    [ Pen.Move(x a - 4.0, y part); Pen.Line(x a + 4.0, y part) ],
                                    Tint.Ink,
                                    1.2
                                )

                                Scene.text Anchor.Start Tint.Ink 11.0 (x a + 6.0) (y part + 4.0) shown

                        let note = $"best: {best.Setting}, score {number best.Score}"

                        Scene.text
                            Anchor.Middle
                            Tint.Ink
                            12.0
                            (width / 2.0)
                            (top + tall + 28.0)
                            (Scene.fitted 12.0 (width - 12.0) note)
                    ]
            })
