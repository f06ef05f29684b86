namespace DL1

/// An index along one axis, as F# writes it; below 0, a place counts from the end.
[<RequireQualifiedAccess; Struct>]
type internal SliceIndex =
    /// One place: `2`. The axis is removed.
    | At of place: int
    /// The places from the first to the last, both part of it: `1..3`, `1..`, `..3`, `*`.
    | Range of first: int option * last: int option

/// Elements and parts, as F# indexes arrays: the indices go along the leading axes, and what follows is taken whole.
[<RequireQualifiedAccess>]
module internal Slicing =
    let private operation = "slice"

    let private cut (e: 'e) axis (first: int option) (last: int option) : Cut when 'e :> INode<'e> =
        let extent = e.Shape[axis]
        let place given = if given < 0 then given + extent else given
        let start = first |> Option.map place |> Option.defaultValue 0
        // The last place is part of the range; one before the first makes it empty.
        let stop = last |> Option.map (fun last -> place last + 1) |> Option.defaultValue extent

        if start < 0 || start > extent || stop < start || stop > extent then
            let text end' = end' |> Option.map string |> Option.defaultValue ""

            Refuse.shape
                operation
                $"the places {text first}..{text last} along axis %d{axis} of {Operand.text e}"
                $"places from %d{-extent} to %d{extent - 1}, the first not after the last"
                "count from 0, or from the end below 0; the last place is part of the range"

        { Start = start; Stop = stop; Step = 1 }

    /// What stands at these indices.
    let take (indices: SliceIndex list) (e: 'e) : 'e :> IExpression<'e> =
        if indices.Length > e.Shape.Rank then
            Refuse.shape
                operation
                $"%d{indices.Length} indices of {Operand.text e}"
                $"at most %d{e.Shape.Rank}, one for each axis"
                "leave out the indices that it has no axis for"

        let whole = List.replicate (e.Shape.Rank - indices.Length) (SliceIndex.Range(None, None))
        let all = indices @ whole

        let cuts =
            all
            |> List.mapi (fun axis index ->
                match index with
                | SliceIndex.At place -> cut e axis (Some place) (Some place)
                | SliceIndex.Range(first, last) -> cut e axis first last)

        let part = 'e.Make(Node.Slice(cuts, e))

        let kept =
            List.zip all (part.Shape.ToList())
            |> List.choose (fun (index, extent) ->
                match index with
                | SliceIndex.At _ -> None
                | SliceIndex.Range _ -> Some extent)

        if kept.Length = all.Length then
            part
        else
            'e.Make(Node.Reshape(Shape.ofList kept, part))
