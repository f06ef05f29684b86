namespace DL1

open System
open System.Collections.Generic

/// Categories, numbered in alphabetical order, as they were met in the training rows.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Categories internal (names: string[]) =
    let numbers = Dictionary<string, int>()
    do names |> Array.iteri (fun i name -> numbers[name] <- i)
    /// The names by their numbers.
    member _.Names: IReadOnlyList<string> = names
    /// How many there are.
    member _.Count = names.Length

    /// The names by their numbers: `0 Adelie, 1 Chinstrap, 2 Gentoo`.
    override _.ToString() = names |> Seq.mapi (fun i name -> $"%d{i} {name}") |> String.concat ", "
    member internal this.Display = Format.following (this.ToString())

    member internal _.TryNumber(name: string) = Lookup.tryFind numbers name

/// Texts that name classes, as numbers. An empty text is a missing one.
[<RequireQualifiedAccess>]
module Category =
    /// The categories among texts; missing ones are none. `Category.fit [ "b"; "a"; "b" ]`
    let fit (texts: seq<string>) : Categories =
        let names = texts |> Seq.filter (fun t -> t <> "") |> Seq.distinct |> Array.ofSeq
        Array.Sort(names, StringComparer.Ordinal)
        Categories names

    let private shown (c: Categories) = c.Names |> Seq.truncate 10 |> String.concat ", "

    /// The numbers of texts, i64 `[rows]`: targets of a classification. A text that is missing or was not met is a
    /// `DomainError`. `Category.labels (Category.fit [ "a"; "b" ]) [ "b"; "a" ]`
    let labels (categories: Categories) (texts: seq<string>) : Tensor =
        texts
        |> Seq.mapi (fun row text ->
            match categories.TryNumber text with
            | Some i -> int64 i
            | None ->
                Refuse.domain
                    "Category.labels"
                    $"'{text}' in row %d{row}"
                    $"one of: {shown categories}"
                    "fit the categories on rows that have them all, or leave the row out")
        |> Tensor.vector

    /// A column of f32 for each category, 1 where a text is that category and 0 elsewhere, `[rows; categories]`. A text
    /// that is missing or was not met is 0 everywhere. `Category.oneHot (Category.fit [ "a"; "b" ]) [ "b"; "" ]`
    let oneHot (categories: Categories) (texts: seq<string>) : Tensor =
        let texts = Array.ofSeq texts
        let shape = Shape.ofList [ texts.Length; categories.Count ]
        Allocation.requireElements "Category.oneHot" shape.Size 4
        let values = Array.zeroCreate<float32> shape.Size

        texts
        |> Array.iteri (fun row text ->
            match categories.TryNumber text with
            | Some i -> values[row * categories.Count + i] <- 1f
            | None -> ())

        Tensor(shape, Elements.F32 values)

    /// A weight for each category, f32 `[categories]`: what is given by name, 1 for the others. For losses of classes. A name
    /// that is none of the categories, or that stands twice, and a weight below 0 or not finite are a `DomainError`.
    /// `Category.weights [ "b", 5.0 ] (Category.fit [ "a"; "b" ])`
    let weights (weights: (string * float) list) (categories: Categories) : Tensor =
        let operation = "Category.weights"
        let values = Array.create categories.Count 1f
        let named = System.Collections.Generic.HashSet<string>()

        for name, weight in weights do
            if not (weight >= 0.0 && Double.IsFinite weight) then
                Refuse.domain
                    operation
                    $"the weight {string weight} of '{name}'"
                    "a finite number of 0 or more"
                    "1 counts a category as it is"

            match categories.TryNumber name with
            | Some i when named.Add name -> values[i] <- float32 weight
            | Some _ ->
                Refuse.domain operation $"two weights of '{name}'" "one of each" "leave one of them out"
            | None ->
                Refuse.domain
                    operation
                    $"a weight of '{name}'"
                    $"one of: {shown categories}"
                    "check the spelling: case counts"

        Tensor.vector (List.ofArray values)

    /// The weight of each class by which all count the same in sum, rows / (classes·rows of the class), f32 `[classes]`:
    /// scikit-learn's "balanced". Labels are whole numbers from 0; a class of no row is a `DomainError`.
    /// `Category.balanced 2 labels`
    let balanced (classes: int) (labels: Tensor) : Tensor =
        let operation = "Category.balanced"

        if classes < 1 then
            Refuse.domain operation $"%d{classes} classes" "1 or more" "count the categories"

        if classes > labels.Size then
            Refuse.domain
                operation
                $"%d{classes} classes of %d{labels.Size} labels"
                "a label of each class"
                "count the classes that there are"

        let counts = Array.zeroCreate<int> classes

        for label in Tensor.toFloats labels do
            if not (label >= 0.0 && label < float classes && label = floor label) then
                Refuse.domain
                    operation
                    $"the label {string label}"
                    $"whole numbers from 0 to %d{classes - 1}"
                    "number the classes from 0"

            counts[int label] <- counts[int label] + 1

        match Array.tryFindIndex ((=) 0) counts with
        | Some none ->
            Refuse.domain
                operation
                $"no row of class %d{none}"
                "a row of each class at least"
                "take the weights of all rows"
        | None ->
            counts
            |> Array.map (fun count -> float32 (float labels.Size / (float classes * float count)))
            |> List.ofArray
            |> Tensor.vector

    /// Tables of the same rows side by side, in the type of the first. `Category.beside [ x; oneHot ]`
    let beside (tables: Tensor list) : Tensor =
        if tables.IsEmpty then
            Refuse.domain "Category.beside" "no table" "one table or more" "check the list of tables"

        let first = List.head tables

        for t in tables do
            if t.Rank <> 2 || t.Shape[0] <> first.Shape[0] then
                Refuse.shape
                    "Category.beside"
                    $"a table {t.Shape} beside one {first.Shape}"
                    "[rows; columns], the same rows in all"
                    "take the same rows of each"

        let parts = tables |> List.map (fun t -> t.Shape[1], Tensor.toFloats t)
        let width = parts |> List.sumBy fst

        let values =
            [|
                for row in 0 .. first.Shape[0] - 1 do
                    for own, values in parts do
                        yield! Array.sub values (row * own) own
            |]

        Tensor(Shape.ofList [ first.Shape[0]; width ], Elements.ofFloats first.DType values)
