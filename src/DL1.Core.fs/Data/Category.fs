namespace DL1

open System
open System.Collections.Generic

/// Categories, numbered in alphabetical order, as they were met in the training rows.
[<Sealed>]
type Categories internal (names: string[]) =
    let numbers = Dictionary<string, int>()
    do names |> Array.iteri (fun i name -> numbers[name] <- i)
    /// The names by their numbers.
    member _.Names: IReadOnlyList<string> = names
    /// How many there are.
    member _.Count = names.Length

    /// The names by their numbers: `0 Adelie, 1 Chinstrap, 2 Gentoo`.
    override _.ToString() = names |> Seq.mapi (fun i name -> $"%d{i} {name}") |> String.concat ", "

    member internal _.TryNumber(name: string) =
        match numbers.TryGetValue name with
        | true, i -> Some i
        | false, _ -> None

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
