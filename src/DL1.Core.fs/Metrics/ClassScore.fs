namespace DL1

open System

/// How the scores of classes become one number.
[<RequireQualifiedAccess; Struct>]
type Average =
    /// The mean over the classes that are met.
    | Macro
    /// The score of all classes together: what is counted for each is added up first.
    | Micro
    /// The mean over the classes, weighted by their rows.
    | Weighted

/// What the counts of a confusion matrix are divided by.
[<RequireQualifiedAccess; Struct>]
type Share =
    /// The rows of the target's class: the diagonal is recall.
    | OfTargets
    /// The predictions of a class: the diagonal is precision.
    | OfPredictions
    /// All rows.
    | OfAll

/// How far apart two classes are for a weighted κ.
[<RequireQualifiedAccess; Struct>]
type Distance =
    /// Right or wrong.
    | Same
    /// The difference of their places.
    | Linear
    /// Its square.
    | Quadratic

/// A score of one class against all others, from a confusion matrix.
[<RequireQualifiedAccess; Struct>]
type ClassScore =
    /// The part of its predictions that are right.
    | Precision
    /// The part of its rows that are found.
    | Recall
    /// (1 + β²)·right / ((1 + β²)·right + β²·missed + wrong): with β = 1 the harmonic mean of precision and recall; recall
    /// counts β times as much.
    | FBeta of beta: float
    /// right / (right + missed + wrong): the intersection over the union.
    | Jaccard

/// Scores of classes and their averages, as scikit-learn's. `zeroDivision` is what a score is without anything to divide by,
/// 0 or 1; with NaN such a class counts in no average.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module ClassScore =
    let private check operation (zeroDivision: float) (score: ClassScore) =
        if not (Double.IsNaN zeroDivision || zeroDivision = 0.0 || zeroDivision = 1.0) then
            Refuse.domain
                operation
                $"{string zeroDivision} where there is nothing to divide by"
                "0, 1 or NaN"
                "0 is usual"

        match score with
        | ClassScore.FBeta beta when not (beta >= 0.0 && Double.IsFinite beta) ->
            Refuse.domain operation $"beta = {string beta}" "a finite number of 0 or more" "1 gives F1"
        | _ -> ()

    /// From what is right, what was predicted and what was there.
    let private value zeroDivision score (right: float) (predicted: float) (there: float) : float =
        let struct (part, whole) =
            match score with
            | ClassScore.Precision -> struct (right, predicted)
            | ClassScore.Recall -> struct (right, there)
            | ClassScore.FBeta beta ->
                let squared = beta * beta
                struct ((1.0 + squared) * right, squared * there + predicted)
            | ClassScore.Jaccard -> struct (right, predicted + there - right)

        if whole = 0.0 then zeroDivision else part / whole

    let private right c (confusion: Confusion) = confusion.Weights[c, c]
    let private there c (confusion: Confusion) = Seq.sum confusion.Weights[c, *]
    let private predicted c (confusion: Confusion) = Seq.sum confusion.Weights[*, c]

    /// The score of one class; a class that is none is a `DomainError`.
    /// `ClassScore.ofClass 0.0 ClassScore.Jaccard 1 confusion`
    let ofClass (zeroDivision: float) (score: ClassScore) (c: int) (confusion: Confusion) : float =
        let operation = "ClassScore.ofClass"
        check operation zeroDivision score

        if c < 0 || c >= confusion.Classes then
            Refuse.domain
                operation
                $"class %d{c} of %d{confusion.Classes} classes"
                "a class from 0"
                "count classes from 0"

        value zeroDivision score (right c confusion) (predicted c confusion) (there c confusion)

    /// The score of all classes. `ClassScore.average 0.0 Average.Weighted (ClassScore.FBeta 2.0) confusion`
    let average (zeroDivision: float) (average: Average) (score: ClassScore) (confusion: Confusion) : float =
        check "ClassScore.average" zeroDivision score
        let met = confusion.Met
        let sum of' = met |> Array.sumBy (fun c -> of' c confusion)

        let mean (weight: int -> float) =
            let counted =
                met
                |> Array.map (fun c -> struct (ofClass zeroDivision score c confusion, weight c))
                |> Array.filter (fun (struct (value, _)) -> not (Double.IsNaN value))

            let whole = counted |> Array.sumBy (fun (struct (_, weight)) -> weight)

            if whole = 0.0 then
                zeroDivision
            else
                (counted |> Array.sumBy (fun (struct (value, weight)) -> weight * value)) / whole

        match average with
        | Average.Micro -> value zeroDivision score (sum right) (sum predicted) (sum there)
        | Average.Macro -> mean (fun _ -> 1.0)
        | Average.Weighted -> mean (fun c -> there c confusion)

    /// The shares of a confusion matrix, f64 `[classes; classes]`; 0 where there is nothing to divide by.
    /// `ClassScore.shares Share.OfTargets confusion`
    let shares (share: Share) (confusion: Confusion) : Tensor =
        let n = confusion.Classes
        let whole = Seq.cast<float> confusion.Weights |> Seq.sum

        let part t p =
            let divisor =
                match share with
                | Share.OfTargets -> there t confusion
                | Share.OfPredictions -> predicted p confusion
                | Share.OfAll -> whole

            if divisor = 0.0 then 0.0 else confusion.Weights[t, p] / divisor

        Tensor.ofArray
            [ n; n ]
            [|
                for t in 0 .. n - 1 do
                    for p in 0 .. n - 1 -> part t p
            |]

    /// Agreement beyond chance (Cohen 1968), where a mistake counts by the distance of the two classes: that of their places
    /// among the classes that are met, in order. At most 1; 0 where chance makes no mistake.
    /// `ClassScore.kappa Distance.Quadratic confusion`
    let kappa (distance: Distance) (confusion: Confusion) : float =
        let met = confusion.Met
        let whole = Seq.cast<float> confusion.Weights |> Seq.sum

        let weight (i: int) (j: int) =
            match distance with
            | Distance.Same -> if i = j then 0.0 else 1.0
            | Distance.Linear -> float (abs (i - j))
            | Distance.Quadratic -> float (i - j) * float (i - j)

        let total (mistake: int -> int -> float) =
            Seq.allPairs [ 0 .. met.Length - 1 ] [ 0 .. met.Length - 1 ]
            |> Seq.sumBy (fun (i, j) -> weight i j * mistake met[i] met[j])

        let chance = total (fun t p -> there t confusion * predicted p confusion / whole)

        if chance = 0.0 then
            0.0
        else
            1.0 - total (fun t p -> confusion.Weights[t, p]) / chance

    /// The part of labels that are wrong: of one label a row 1 − accuracy; of several, 0 and 1 `[rows; labels]`, over all of
    /// them. `ClassScore.hamming target predicted`
    let hamming (target: Tensor) (predicted: Tensor) : float =
        let operation = "ClassScore.hamming"
        Classification.requireSame operation target predicted

        Seq.map2 (<>) (Classification.labels operation target) (Classification.labels operation predicted)
        |> Seq.averageBy (fun isWrong -> if isWrong then 1.0 else 0.0)
