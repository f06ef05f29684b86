namespace DL1

open System
open DL1.Notebooks

/// How often each class was taken for each: rows are targets, columns predictions. Where rows have weights, scores count
/// them by these.
[<Sealed; StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type Confusion internal (counts: int64[,], weights: float[,]) =
    let classes = Array2D.length1 counts
    let total = Seq.cast<float> weights |> Seq.sum
    let diagonal c = weights[c, c]
    let targets c = Seq.init classes (fun p -> weights[c, p]) |> Seq.sum
    let predictions c = Seq.init classes (fun t -> weights[t, c]) |> Seq.sum
    let rows = Seq.cast<int64> counts |> Seq.sum
    let rowsOf c = Seq.init classes (fun p -> counts[c, p]) |> Seq.sum
    let ratio (a: float) (b: float) = if b = 0.0 then 0.0 else a / b
    let all = [| 0 .. classes - 1 |]

    let requireClass (operation: string) c =
        if c < 0 || c >= classes then
            Refuse.domain
                $"Confusion.{operation}"
                $"class %d{c} of %d{classes} classes"
                (if classes = 0 then
                     "no class: there are no rows"
                 else
                     $"a class from 0 to %d{classes - 1}")
                "count classes from 0"

    /// The classes that are a target or a prediction of some row; averages are over them.
    let met =
        all |> Array.filter (fun c -> all |> Array.exists (fun o -> counts[c, o] > 0L || counts[o, c] > 0L))

    /// The classes that are a target or a prediction of some row.
    member internal _.Met = met
    /// What the rows weigh whose class `target` was taken for `prediction`: how many they are, where rows have no weights.
    member internal _.Weights = weights

    /// The number of classes.
    member _.Classes = classes

    /// How often the class `target` was taken for `prediction`.
    member _.Item
        with get (target: int, prediction: int) =
            requireClass "Item" target
            requireClass "Item" prediction
            counts[target, prediction]

    /// The counts, i64 `[classes; classes]`.
    member _.ToTensor() =
        Tensor(Shape.ofList [ classes; classes ], Elements.I64(Array.ofSeq (Seq.cast<int64> counts)))

    /// The part of rows that are right.
    member _.Accuracy = ratio (Seq.sumBy diagonal all) total

    /// The part of the predictions of a class that are right; 0 where there are none.
    member _.Precision(c: int) =
        requireClass "Precision" c
        ratio (diagonal c) (predictions c)

    /// The part of the rows of a class that are found; 0 where there are none.
    member _.Recall(c: int) =
        requireClass "Recall" c
        ratio (diagonal c) (targets c)

    /// The harmonic mean of precision and recall.
    member _.F1(c: int) =
        requireClass "F1" c
        ratio (2.0 * diagonal c) (targets c + predictions c)

    /// The number of rows of a class.
    member _.Support(c: int) =
        requireClass "Support" c
        rowsOf c

    /// The mean precision of the classes.
    member this.PrecisionMacro = if met.Length = 0 then 0.0 else Array.averageBy this.Precision met
    /// The mean recall of the classes.
    member this.RecallMacro = if met.Length = 0 then 0.0 else Array.averageBy this.Recall met
    /// The mean F1 of the classes.
    member this.F1Macro = if met.Length = 0 then 0.0 else Array.averageBy this.F1 met
    /// F1 of all rows together; where each row has one class it is the accuracy.
    member this.F1Micro = this.Accuracy
    /// The mean F1 of the classes, weighted by their rows.
    member this.F1Weighted = ratio (all |> Array.sumBy (fun c -> targets c * this.F1 c)) total

    /// The mean recall of the classes that have rows.
    member this.BalancedAccuracy =
        let present = all |> Array.filter (fun c -> targets c > 0.0)
        if present.Length = 0 then 0.0 else Array.averageBy this.Recall present

    /// The correlation of targets and predictions (Matthews 1975; Gorodkin 2004 for many classes), from −1 to 1.
    member _.Matthews =
        let right = all |> Array.sumBy diagonal
        let together = all |> Array.sumBy (fun c -> targets c * predictions c)
        let squares (f: int -> float) = all |> Array.sumBy (fun c -> f c * f c)
        let scale = sqrt (total * total - squares predictions) * sqrt (total * total - squares targets)
        ratio (right * total - together) scale

    /// Agreement beyond chance (Cohen 1960), at most 1.
    member this.Kappa =
        let chance = ratio (all |> Array.sumBy (fun c -> targets c * predictions c)) (total * total)
        ratio (this.Accuracy - chance) (1.0 - chance)

    /// A table: precision, recall, F1 and rows of each class, and the averages.
    /// Classes beyond the names are called by their numbers.
    member this.Report(names: seq<string>) : string =
        let names = Refuse.nulls "names" names
        let name c = if c < names.Length then names[c] else string c
        let width = Seq.append (Seq.map (name >> String.length) all) [ 12 ] |> Seq.max
        let inv = Globalization.CultureInfo.InvariantCulture

        let line (title: string) (p: float) (r: float) (f: float) (rows: int64) =
            String.Format(inv, "{0}  {1,9:F3} {2,9:F3} {3,9:F3} {4,9}", title.PadRight width, p, r, f, rows)

        String.Join(
            "\n",
            [
                String.Format(
                    inv,
                    "{0}  {1,9} {2,9} {3,9} {4,9}",
                    "".PadRight width,
                    "precision",
                    "recall",
                    "F1",
                    "rows"
                )
                for c in all do
                    line (name c) (this.Precision c) (this.Recall c) (this.F1 c) (this.Support c)
                line "macro" this.PrecisionMacro this.RecallMacro this.F1Macro rows
                String.Format(inv, "{0}  {1,29:F3} {2,9}", "accuracy".PadRight width, this.Accuracy, rows)
            ]
        )

    /// The table with the classes by their numbers.
    member this.Report() : string = this.Report Seq.empty

    /// The table with the classes by their numbers.
    override this.ToString() = this.Report()
    member internal this.Display = Format.following (this.ToString())

    interface INotebookValue with
        member this.Html =
            let count (n: int64) = n.ToString Globalization.CultureInfo.InvariantCulture
            let name c = $"%d{c}"
            let row c = name c :: [ for p in all -> count counts[c, p] ]

            Html.table
                "Targets are rows, predictions columns"
                ("" :: [ for p in all -> name p ])
                (Seq.map Seq.ofList [ for c in all -> row c ])
            + Html.pre (this.ToString())

/// Metrics of classes: labels are i32 or i64 `[rows]`, from 0; targets come before predictions.
[<RequireQualifiedAccess>]
module Classification =
    let internal labels operation (t: Tensor) : int[] =
        if not t.DType.IsInteger then
            Refuse.shape
                operation
                $"labels of {t.DType} {t.Shape}"
                "i32 or i64"
                "cast labels to i64; of scores, take the greatest in each row"

        Elements.toIntegers t.Elements
        |> Array.map (fun l ->
            if l < 0L || l > 65535L then
                Refuse.domain
                    operation
                    $"the label %d{l}"
                    "a class from 0 to 65535"
                    "number the classes from 0; where this label stands for what does not count, measure the metric that ignores it"

            int l)

    /// Refuses targets and predictions that are not of the same rows and columns; axes of extent 1 behind the first do not
    /// count, and neither does having no axis at all.
    let internal requireSame operation (target: Tensor) (prediction: Tensor) =
        let rows (t: Tensor) = if t.Rank = 0 then 1 else t.Shape[0]
        let others (t: Tensor) = t.Shape.ToList() |> List.skip (min 1 t.Rank) |> List.filter ((<>) 1)

        if rows target <> rows prediction || others target <> others prediction then
            Refuse.shape
                operation
                $"targets {target.Shape} and predictions {prediction.Shape}"
                "as many predictions as targets, in the same rows and columns"
                (if rows target = rows prediction && others target = [] then
                     "of scores [rows; classes], take the greatest in each row, or the column of one class"
                 else
                     "predict the same rows; check that rows and columns are not swapped")

        if target.Size = 0 then
            Refuse.domain operation "no rows" "one at least" "check how the data were split"

    let internal confusionBy
        operation
        (weight: int -> float)
        (target: Tensor)
        (predicted: Tensor)
        : Confusion =
        requireSame operation target predicted
        let t, p = labels operation target, labels operation predicted
        let classes = 1 + max (Array.max t) (Array.max p)
        let counts = Array2D.zeroCreate<int64> classes classes
        let weights = Array2D.zeroCreate<float> classes classes

        for row in 0 .. t.Length - 1 do
            let t, p = t[row], p[row]
            counts[t, p] <- counts[t, p] + 1L
            weights[t, p] <- weights[t, p] + weight row

        Confusion(counts, weights)

    /// How often each class was taken for each. `Classification.confusion target predicted`
    let confusion (target: Tensor) (predicted: Tensor) : Confusion =
        confusionBy "Classification.confusion" (fun _ -> 1.0) target predicted

    /// The part of rows whose class is right. `Classification.accuracy target predicted`
    let accuracy (target: Tensor) (predicted: Tensor) : float =
        let operation = "Classification.accuracy"
        requireSame operation target predicted
        let t, p = labels operation target, labels operation predicted
        float (Seq.length (Seq.filter id (Seq.map2 (=) t p))) / float t.Length

    /// The place of the greatest score in each row, the first of several, or of the first NaN, as `Expr.argMax` finds it:
    /// i64 `[...]` from `[...; classes]`. `Classification.argMax scores`
    let argMax (scores: Tensor) : Tensor =
        if scores.Rank = 0 || scores.Shape[scores.Rank - 1] = 0 then
            Refuse.shape
                "Classification.argMax"
                $"scores {scores.Shape}"
                "[...; classes]"
                "give a score for each class"

        let classes = scores.Shape[scores.Rank - 1]
        let values = Tensor.toFloats scores

        let best row =
            let at c = values[row * classes + c]
            let mutable best = 0

            for c in 1 .. classes - 1 do
                if at c > at best || (Double.IsNaN(at c) && not (Double.IsNaN(at best))) then
                    best <- c

            int64 best

        let dims = scores.Shape.ToList() |> List.truncate (scores.Rank - 1)
        Tensor(Shape.ofList dims, Elements.I64(Array.init (values.Length / classes) best))

    /// The class of each row from a classifier's scores: that of the greatest of `[...; classes]`; of a single score
    /// `[...; 1]`, as for two classes, 1 where it is above 0, which is where its sigmoid is above ½. i64 `[...]`. NaN says
    /// nothing of a class: a row with one is a `DomainError`. `Classification.ofScores scores`
    let ofScores (scores: Tensor) : Tensor =
        let values = Tensor.toFloats scores

        match Array.tryFindIndex Double.IsNaN values with
        | Some at ->
            let row = if scores.Rank = 0 then 0 else at / scores.Shape[scores.Rank - 1]

            Refuse.domain
                "Classification.ofScores"
                $"scores with NaN in row %d{row}"
                "scores that are numbers"
                "look for what made it: CompileOptions.CheckFinite finds the layer"
        | None -> ()

        if scores.Rank > 0 && scores.Shape[scores.Rank - 1] = 1 then
            let rows = scores.Shape.ToList() |> List.take (scores.Rank - 1)

            Tensor(Shape.ofList rows, Elements.I64(values |> Array.map (fun x -> if x > 0.0 then 1L else 0L)))
        else
            argMax scores

    /// A vector of scores beside as many targets is a single score a row.
    let private asColumn (target: Tensor) (scores: Tensor) : Tensor =
        if scores.Rank = 1 && scores.DType.IsFloat && target.Size = scores.Size && target.Rank > 0 then
            Tensor.reshape [ scores.Size; 1 ] scores
        else
            scores

    /// Targets and scores as labels of both, `[rows]`. Beside a single score a row, `[rows]` or `[rows; 1]`, targets are 0 and
    /// 1: whole numbers, truth values or floats. `let target, predicted = Classification.both target scores`
    let internal both (target: Tensor) (scores: Tensor) : Tensor * Tensor =
        let scores = asColumn target scores
        let predicted = ofScores scores
        let isSingle = scores.Rank > 0 && scores.Shape[scores.Rank - 1] = 1

        let label (x: float) =
            if x = 0.0 then
                0L
            elif x = 1.0 then
                1L
            else
                Refuse.domain
                    "Classification"
                    $"the target {string x} beside a single score a row"
                    "0 or 1"
                    "number the two classes 0 and 1"

        if isSingle && target.Size = predicted.Size then
            let labels = Tensor.toFloats target |> Seq.map label |> Array.ofSeq
            Tensor(predicted.Shape, Elements.I64 labels), predicted
        elif target.DType = DType.Bool then
            Tensor.cast DType.I64 target, predicted
        else
            target, predicted

    /// `confusion` from targets and a classifier's scores, which `ofScores` reads. Beside a single score a row, targets may be
    /// whole numbers, truth values or floats 0 and 1. `Classification.confusionOfScores target scores`
    let confusionOfScores (target: Tensor) (scores: Tensor) : Confusion = both target scores ||> confusion
