namespace DL1

open System

/// Splitting rows into parts that share none: for training, validation and test. The same key gives the same parts.
[<RequireQualifiedAccess>]
module Splits =
    let private requirePart (part: float) =
        if not (part > 0.0 && part < 1.0) then
            Refuse.domain
                "Splits"
                ("the part " + string part)
                "above 0 and below 1"
                "a fifth of the rows to test on is usual: 0.2 held out in F#, Split(0.8) in C#"

    let private requireFolds k rows =
        if k < 2 || k > rows then
            Refuse.domain
                "Splits.folds"
                $"%d{k} folds of %d{rows} rows"
                "2 or more, at most one a row"
                "5 is usual"

    let private shuffled rows key = (Key.permutation rows key).ToArray<int64>() |> Array.map int

    /// How many rows a part of them is: the nearest number, but each side has one at least where there are two.
    let private countOf (part: float) rows =
        Math.Clamp(int (Math.Round(part * float rows)), min 1 (rows - 1), max 0 (rows - 1))

    /// The rows' numbers as two parts in random order: those that remain, and `part` of them held out, above 0 and below
    /// 1. `let train, test = Splits.holdOut 0.2 (Key.ofSeed 1L) 150`
    let holdOut (part: float) (key: Key) (rows: int) : int[] * int[] =
        requirePart part
        let order = shuffled rows key
        let held = countOf part rows
        Array.skip held order, Array.truncate held order

    /// Classes in the order of their first row, with the places of their rows.
    let private classes (labels: Tensor) =
        if not labels.DType.IsInteger || labels.Rank <> 1 then
            Refuse.shape
                "Splits.stratified"
                $"labels of {labels.DType} {labels.Shape}"
                "i32 or i64 [rows]"
                "split without strata, or give the labels as whole numbers"

        labels.Elements
        |> Elements.toIntegers
        |> Array.indexed
        |> Array.groupBy snd
        |> Array.map (snd >> Array.map fst)

    /// How many rows of each class are held out: its share rounded down, and one more for the classes with the largest
    /// rest, in random order where rests are equal, until the whole has the part asked for.
    let private quotas (part: float) key (sizes: int[]) =
        let share size = part * float size
        // 0.1 of 30 is a hair above 3 or below it.
        let least size = int (Math.Floor(share size + 1e-9))
        let missing = countOf part (Array.sum sizes) - Array.sumBy least sizes
        let order = shuffled sizes.Length key

        let raised =
            order
            |> Array.sortBy (fun c -> -Math.Round(share sizes[c] - float (least sizes[c]), 9))
            |> Array.filter (fun c -> least sizes[c] < sizes[c])
            |> Array.truncate (max 0 missing)
            |> Set.ofArray

        sizes |> Array.mapi (fun c size -> least size + (if raised.Contains c then 1 else 0))

    /// `holdOut` in which each class has its share: of all rows as many are held out as by `holdOut`, of each class its
    /// share rounded down or up, the up for those with the largest rest. A class of few rows may so be in one part alone,
    /// where scikit-learn's `StratifiedShuffleSplit` refuses. The labels are whole numbers `[rows]`.
    /// `let train, test = Splits.stratified 0.2 (Key.ofSeed 1L) labels`
    let stratified (part: float) (key: Key) (labels: Tensor) : int[] * int[] =
        requirePart part
        let classes = classes labels
        let quotas = quotas part (Key.fold 0 key |> Key.fold 1) (Array.map Array.length classes)

        let kept, held =
            Array.zip classes quotas
            |> Array.mapi (fun i (rows, quota) ->
                let order = shuffled rows.Length (Key.fold (i + 1) key) |> Array.map (fun r -> rows[r])

                Array.skip quota order, Array.truncate quota order)
            |> Array.unzip

        // Classes mixed again.
        let mixed (rows: int[]) = shuffled rows.Length (Key.fold 0 key) |> Array.map (fun i -> rows[i])
        mixed (Array.concat kept), mixed (Array.concat held)

    /// Every row by the fold it is in, as pairs of what remains and what is held out.
    let private pairs k (foldOf: int[]) =
        [
            for fold in 0 .. k - 1 ->
                let rows = [| 0 .. foldOf.Length - 1 |]
                Array.filter (fun r -> foldOf[r] <> fold) rows, Array.filter (fun r -> foldOf[r] = fold) rows
        ]

    /// `k` pairs of the rows' numbers: each row is held out in one of them, and remains in the others.
    /// `Splits.folds 5 (Key.ofSeed 1L) 150`
    let folds (k: int) (key: Key) (rows: int) : (int[] * int[]) list =
        requireFolds k rows
        // The order, and each fold's rows.
        Allocation.require
            "Splits.folds"
            (fun () -> $"%d{k} folds of %d{rows} rows")
            (int64 rows * (32L + 4L * int64 k))

        let foldOf = Array.zeroCreate rows
        shuffled rows key |> Array.iteri (fun i row -> foldOf[row] <- i % k)
        pairs k foldOf

    /// `folds` in which each class has its share; the labels are whole numbers `[rows]`.
    /// `Splits.stratifiedFolds 5 (Key.ofSeed 1L) labels`
    let stratifiedFolds (k: int) (key: Key) (labels: Tensor) : (int[] * int[]) list =
        requireFolds k labels.Size
        let foldOf = Array.zeroCreate labels.Size
        let mutable place = 0

        classes labels
        |> Array.iteri (fun i rows ->
            for r in shuffled rows.Length (Key.fold i key) do
                foldOf[rows[r]] <- place % k
                place <- place + 1)

        pairs k foldOf

    let private requireInteger operation (labels: Tensor) =
        if not labels.DType.IsInteger || labels.Rank <> 1 then
            Refuse.shape
                operation
                $"groups of {labels.DType} {labels.Shape}"
                "i32 or i64 [rows], one number for each group"
                "number the groups; texts become labels of categories"

    /// The rows of each group, groups in the order of their numbers.
    let private groupsOf operation (groups: Tensor) : int[][] =
        requireInteger operation groups

        groups.Elements
        |> Elements.toIntegers
        |> Array.indexed
        |> Array.groupBy snd
        |> Array.sortBy fst
        |> Array.map (snd >> Array.map fst)

    /// `holdOut` of whole groups, such as the rows of one patient: no group is in both parts. `part` is the share of the
    /// groups, above 0 and below 1; the groups are whole numbers `[rows]`. Fewer than two groups are a `DomainError`.
    /// `let train, test = Splits.grouped 0.5 (Key.ofSeed 1L) patients`
    let grouped (part: float) (key: Key) (groups: Tensor) : int[] * int[] =
        requirePart part
        let rows = groupsOf "Splits.grouped" groups

        if rows.Length < 2 then
            Refuse.domain "Splits.grouped" $"%d{rows.Length} groups" "2 or more" "split without groups"

        let kept, held = holdOut part key rows.Length
        let rowsOf places = places |> Array.collect (fun g -> rows[g]) |> Array.sort
        rowsOf kept, rowsOf held

    /// `folds` in which a group is held out whole. The folds have about as many rows each: the largest group goes first,
    /// each to the fold that has the fewest rows; the key orders groups of one size. More folds than groups are a
    /// `DomainError`. `Splits.groupedFolds 2 (Key.ofSeed 1L) patients`
    let groupedFolds (k: int) (key: Key) (groups: Tensor) : (int[] * int[]) list =
        let rows = groupsOf "Splits.groupedFolds" groups
        requireFolds k rows.Length
        let foldOf = Array.zeroCreate groups.Size
        let sizes = Array.zeroCreate<int> k
        let order = shuffled rows.Length key |> Array.sortBy (fun g -> -rows[g].Length)

        for g in order do
            let fold = Array.findIndex ((=) (Array.min sizes)) sizes
            sizes[fold] <- sizes[fold] + rows[g].Length

            for row in rows[g] do
                foldOf[row] <- fold

        pairs k foldOf

    /// The rows' numbers as two parts in their own order: the last `part` of them held out. For rows in the order of time.
    /// `let train, test = Splits.ordered 0.2 150`
    let ordered (part: float) (rows: int) : int[] * int[] =
        requirePart part
        let held = countOf part rows
        Allocation.require "Splits.ordered" (fun () -> $"%d{rows} rows") (4L * int64 (max 0 rows))
        [| 0 .. rows - held - 1 |], [| rows - held .. rows - 1 |]

    /// `k` pairs for rows in the order of time: each holds out the next stretch of rows, and keeps the rows before it, without
    /// the last `gap` of them. Every stretch has the same number of rows, a part of k + 1; what remains is the first to be
    /// kept. Stretches without a row, and gaps that leave none, are a `DomainError`. `Splits.orderedFolds 4 0 10`
    let orderedFolds (k: int) (gap: int) (rows: int) : (int[] * int[]) list =
        let stretch =
            if k < 1 || rows < 1 then
                0
            else
                rows / (if k = Int32.MaxValue then k else k + 1)

        let first = int64 rows - int64 k * int64 stretch

        if k < 1 || gap < 0 || stretch < 1 || first - int64 gap < 1L then
            Refuse.domain
                "Splits.orderedFolds"
                $"%d{k} folds of %d{rows} rows with a gap of %d{gap}"
                "1 fold or more, a row at least in each of them, and one before the first of them and the gap"
                "take fewer folds, or a smaller gap"

        Allocation.require
            "Splits.orderedFolds"
            (fun () -> $"%d{k} folds of %d{rows} rows")
            (4L * int64 rows * int64 k)

        [
            for fold in 0 .. k - 1 ->
                let start = int first + fold * stretch
                [| 0 .. start - gap - 1 |], [| start .. start + stretch - 1 |]
        ]

    /// A data set as two: what remains, and `part` of it held out. `let train, test = Splits.data 0.2 (Key.ofSeed 1L) data`
    let data (part: float) (key: Key) (data: Dataset) : Dataset * Dataset =
        let kept, held = holdOut part key data.Count
        Dataset.rows kept data, Dataset.rows held data

    /// A data set as three: training, validation and test, the last two as parts of the whole; training is the rest, and a
    /// `DomainError` where it would be smaller than one of the others.
    /// `let train, validation, test = Splits.three 0.2 0.2 (Key.ofSeed 1L) data`
    let three (validation: float) (test: float) (key: Key) (data: Dataset) : Dataset * Dataset * Dataset =
        requirePart validation
        requirePart test
        requirePart (validation + test)
        let training = 1.0 - validation - test

        // Shares in the order of training, validation and test are the likely mistake.
        if training < max validation test - 1e-9 then
            let swapped = $"validation %.4g{test} and test %.4g{max 0.0 training}"

            Refuse.domain
                "Splits.three"
                $"validation %.4g{validation} and test %.4g{test} of the rows, which leave %.4g{training} for training"
                "the shares of validation and of test, neither larger than what is left for training"
                $"leave the share of training out: {swapped}; for a small training set split twice"

        let order = shuffled data.Count key
        let held = countOf test data.Count
        let checks = countOf (validation / (1.0 - test)) (data.Count - held)

        Dataset.rows (Array.skip (held + checks) order) data,
        Dataset.rows (Array.sub order held checks) data,
        Dataset.rows (Array.truncate held order) data
