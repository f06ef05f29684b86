namespace DL1

open System

/// A source made of functions.
[<Sealed>]
type internal MadeSource
    (count: int, example: Dataset, rows: int[] -> Dataset, drawn: (Key -> int[] -> Dataset) voption) =
    inherit Source()
    override _.Count = count
    override _.Example = example
    override _.Rows(numbers) = rows numbers

    override _.Drawn(key, numbers) =
        match drawn with
        | ValueSome drawn -> drawn key numbers
        | ValueNone -> rows numbers

/// Sources of rows: made of functions, and of one another.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Source =
    let private requireRows operation (count: int) (numbers: int[]) =
        for number in numbers do
            if number < 0 || number >= count then
                Refuse.domain
                    operation
                    $"row %d{number} of %d{count}"
                    $"a row from 0 to %d{count - 1}"
                    "count rows from 0"

    let private made operation count example rows drawn : Source =
        let checkedRows numbers =
            requireRows operation count numbers
            rows numbers

        let checkedDrawn =
            drawn
            |> ValueOption.map (fun drawn key numbers ->
                requireRows operation count numbers
                drawn key numbers)

        MadeSource(count, example, checkedRows, checkedDrawn)

    /// Rows that a function gives by their numbers, and how many there are. The example is one row or more, of which names, types
    /// and shapes are looked at. The function may be called by several threads at once. A negative count is a `DomainError`.
    /// `Source.create 1000 (rowsOf [| 0 |]) rowsOf`
    let create (count: int) (example: Dataset) (rows: int[] -> Dataset) : Source =
        if count < 0 then
            Refuse.domain
                "Source.create"
                $"%d{count} rows"
                "0 rows or more"
                "give the number of rows of the data"

        made "Source.create" count example rows ValueNone

    /// Some rows of a source, in the order of their numbers: parts for training and validation. A number that is not there is a
    /// `DomainError`. `Source.rows [| 0; 2; 4 |] source`
    let rows (numbers: int[]) (source: Source) : Source =
        requireRows "Source.rows" source.Count numbers
        let numbers = Array.copy numbers
        let old = Array.map (fun i -> numbers[i])

        made
            "Source.rows"
            numbers.Length
            source.Example
            (old >> source.Rows)
            (ValueSome(fun key asked -> source.Drawn(key, old asked)))

    /// A source whose batches a function changes: scales, casts, chooses columns. The function sees some rows at a time, and
    /// must do the same to each whatever rows are beside it. `Source.map (Dataset.mapInputs (Tensor.cast DType.F32)) source`
    let map (change: Dataset -> Dataset) (source: Source) : Source =
        made
            "Source.map"
            source.Count
            (change source.Example)
            (source.Rows >> change)
            (ValueSome(fun key numbers -> source.Drawn(key, numbers) |> change))

    /// Rows that training changes at random, each by a key of its own, which follows from the key of the training, the epoch and
    /// the row's number: augmentation. The function is given one row and its key. Validation sees rows as they are.
    /// `Source.augment (fun key row -> row |> Dataset.mapInputs (noisy key)) source`
    let augment (change: Key -> Dataset -> Dataset) (source: Source) : Source =
        let drawn (key: Key) (numbers: int[]) =
            let found = source.Drawn(Key.fold 0 key, numbers)
            let keys = Key.fold 1 key

            if numbers.Length = 0 then
                found
            else
                numbers
                |> Array.mapi (fun i number -> change (Key.fold number keys) (Dataset.rows [| i |] found))
                |> List.ofArray
                |> Dataset.stack "Source.augment"

        made "Source.augment" source.Count source.Example source.Rows (ValueSome drawn)

    /// The rows of some sources, one after another, with the same names, types and shapes. No source, or more than 2³¹ − 1 rows, is
    /// a `DomainError`. `Source.append [ source; source ]`
    let append (sources: Source list) : Source =
        let operation = "Source.append"

        if sources.IsEmpty then
            Refuse.domain operation "no source" "one at least" "give the sources whose rows are put together"

        let parts = Array.ofList sources
        let ends = parts |> Array.map (fun s -> int64 s.Count) |> Array.scan (+) 0L
        let count = Array.last ends

        if count > int64 Int32.MaxValue then
            Refuse.domain operation $"%d{count} rows" "at most 2³¹ − 1 rows" "leave some of the sources out"

        let partOf (number: int) =
            // The last part that begins at the row or before it; parts without rows are passed over.
            let mutable low, high = 0, parts.Length - 1

            while low < high do
                let middle = (low + high + 1) / 2
                if ends[middle] <= int64 number then low <- middle else high <- middle - 1

            low

        let gather (read: int -> Source -> int[] -> Dataset) (numbers: int[]) =
            let places = numbers |> Array.map partOf

            match Array.distinct places with
            | [||] -> read 0 parts[0] [||]
            | [| one |] -> read one parts[one] (numbers |> Array.map (fun n -> n - int ends[one]))
            | found ->
                // Each source is asked once; its rows then go to their places.
                let order =
                    found
                    |> Array.collect (fun part -> Array.indexed places |> Array.filter (snd >> (=) part))

                let target = Array.zeroCreate numbers.Length
                order |> Array.iteri (fun i (place, _) -> target[place] <- i)

                found
                |> Array.map (fun part ->
                    let own =
                        Array.zip places numbers
                        |> Array.filter (fst >> (=) part)
                        |> Array.map (fun (_, n) -> n - int ends[part])

                    read part parts[part] own)
                |> List.ofArray
                |> Dataset.stack operation
                |> Dataset.rows target

        made
            operation
            (int count)
            parts[0].Example
            (gather (fun _ source numbers -> source.Rows numbers))
            (ValueSome(fun key ->
                gather (fun part source numbers -> source.Drawn(Key.fold part key, numbers))))

    /// The first row whose cumulated weight is above a part of the whole.
    let private place (cumulated: float[]) (part: float) : int =
        let wanted = part * cumulated[cumulated.Length - 1]
        let mutable low, high = 0, cumulated.Length - 1

        while low < high do
            let middle = (low + high) / 2
            if cumulated[middle] > wanted then high <- middle else low <- middle + 1

        low

    let private unit (key: Key) : float = Tensor.toFloat (Key.uniform 0.0 1.0 DType.F64 [] key)

    let private requireWeights operation (weights: float[]) (rows: int) =
        if weights.Length <> rows then
            Refuse.domain
                operation
                $"%d{weights.Length} weights for %d{rows} rows"
                "one weight for each row"
                "give as many weights as there are rows"

        match weights |> Array.tryFindIndex (fun w -> not (w >= 0.0 && Double.IsFinite w)) with
        | Some i ->
            Refuse.domain
                operation
                $"the weight {string weights[i]} of row %d{i}"
                "finite weights of 0 or more"
                "check how the weights were computed"
        | None -> ()

        if not (Array.sum weights > 0.0 && Double.IsFinite(Array.sum weights)) then
            Refuse.domain
                operation
                $"weights with the sum {string (Array.sum weights)}"
                "a finite sum above 0"
                "give one row at least a weight above 0"

    /// An epoch of `count` rows, each drawn from a source with a chance in proportion to its weight, with replacement: rare classes
    /// more often than they are there. Training draws anew in each epoch; the key is for validation. Other than one weight a row,
    /// weights below 0 or not finite, and a sum of 0 are a `DomainError`. `Source.weighted (Key.ofSeed 1L) weights 100 source`
    let weighted (key: Key) (weights: float[]) (count: int) (source: Source) : Source =
        let operation = "Source.weighted"
        requireWeights operation weights source.Count

        if count < 0 then
            Refuse.domain operation $"%d{count} rows" "0 rows or more" "give how many rows an epoch has"

        let cumulated = Array.scan (+) 0.0 weights |> Array.tail
        let chosen (key: Key) = Array.map (fun (i: int) -> place cumulated (unit (Key.fold i key)))

        made
            operation
            count
            source.Example
            (chosen key >> source.Rows)
            (ValueSome(fun key numbers ->
                // The rows that are drawn and what is drawn in them follow from different keys.
                source.Drawn(Key.fold 1 key, chosen (Key.fold 0 key) numbers)))

    /// An epoch of `count` rows from several sources, each row from one that is drawn with a chance in proportion to the source's
    /// weight. What `weighted` and `append` refuse is refused. `Source.mixed (Key.ofSeed 1L) 100 [ 0.7, source; 0.3, source ]`
    let mixed (key: Key) (count: int) (sources: (float * Source) list) : Source =
        for weight, source in sources do
            if source.Count = 0 && weight > 0.0 then
                Refuse.domain
                    "Source.mixed"
                    $"a source without rows that has the weight {string weight}"
                    "rows in each source with a weight above 0"
                    "leave it out"

        let all = append (List.map snd sources)

        let weights =
            sources
            |> List.map (fun (weight, source) ->
                Array.create source.Count (weight / float (max 1 source.Count)))
            |> Array.concat

        weighted key weights count all

    /// All rows of a source in memory, for one that is small. `Source.toDataset source`
    let toDataset (source: Source) : Dataset = source.Rows [| 0 .. source.Count - 1 |]
