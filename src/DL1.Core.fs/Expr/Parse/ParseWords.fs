namespace DL1

open System.Collections.Generic

/// Goes through the words of a text, and reads what holds no expressions: numbers, lists, types.
[<Sealed>]
type internal Words(source: string) =
    let words = ParseToken.all source
    let mutable position = 0
    let word () = words[position].Token
    let place () = words[position].At
    let following () = words[min (position + 1) (words.Length - 1)].Token
    let step () = position <- min (position + 1) (words.Length - 1)

    let isSign text token =
        match token with
        | Token.Sign s -> s = text
        | Token.Number _
        | Token.Name _
        | Token.Quoted _
        | Token.End -> false

    let refuse at what expected cure : 'a = ParseToken.refuse source at what expected cure
    let unexpected expected cure : 'a = refuse (place ()) (ParseToken.describe (word ())) expected cure

    let take text cure = if isSign text (word ()) then step () else unexpected $"'{text}'" cure

    let taken text =
        let found = isSign text (word ())

        if found then
            step ()

        found

    let float64 at text = ParseNumber.float64 source at text
    let int32' at text = ParseNumber.int32' source at text

    /// A number or truth value with its sign, as text.
    let element () : struct (int * string) =
        let at = place ()
        let minus = if taken "-" then "-" else ""

        match word () with
        | Token.Number text ->
            step ()
            struct (at, minus + text)
        | Token.Name("true" | "false" as text) when minus = "" ->
            step ()
            struct (at, text)
        | Token.Name _
        | Token.Quoted _
        | Token.Sign _
        | Token.End ->
            unexpected "a number" "write f32(0.5), for example; another type of x is cast(x, type=f32)"

    /// Items between commas up to a closing sign, which is taken; none where it closes at once.
    let listBetween (separators: string list) (close: string) (item: unit -> 'a) : 'a list =
        let items = List<'a>()

        if not (taken close) then
            items.Add(item ())

            while List.exists taken separators do
                items.Add(item ())

            take close $"put ',' between items and '{close}' after the last"

        List.ofSeq items

    let listUntil (close: string) (item: unit -> 'a) = listBetween [ "," ] close item

    let dims () =
        take "[" "write the shape as [2, 3]"

        listUntil "]" (fun () ->
            let struct (at, text) = element ()
            int32' at text)

    let dtype () =
        match word () with
        | Token.Name name when (DType.tryParse name).IsSome ->
            step ()
            DType.tryParse name |> Option.defaultValue DType.F64
        | Token.Name _
        | Token.Number _
        | Token.Quoted _
        | Token.Sign _
        | Token.End -> unexpected "an element type: f32, f64, i32, i64 or bool" "write x: f32[3], for example"

    /// `f32[3, 4]` after a name and its colon.
    let variable name : Variable =
        let dtype = dtype ()
        let shape = if isSign "[" (word ()) then Shape.ofList (dims ()) else Shape.Scalar
        { Name = name; DType = dtype; Shape = shape }

    let nameOf token =
        match token with
        | Token.Name name
        | Token.Quoted name -> Some name
        | Token.Number _
        | Token.Sign _
        | Token.End -> None

    let constantTensor () =
        let dtype = dtype ()
        take "," "write tensor(f32, [2], [0.5, 1])"
        let dims = dims ()
        take "," "write tensor(f32, [2], [0.5, 1])"
        let at = place ()
        take "[" "write the elements in one list: tensor(f32, [2], [0.5, 1])"
        let items = listUntil "]" element
        take ")" "close the tensor with ')'"
        let size = (Shape.ofList dims).Size

        if items.Length <> size then
            ParseToken.refuse
                source
                at
                $"%d{items.Length} elements for a tensor of shape {Shape.ofList dims}"
                $"%d{size} elements"
                "list as many elements as the shape has"

        ParseNumber.tensor source dtype dims (Array.ofList items)

    /// A vector or matrix of numbers in brackets: `[1, 2]`, `[[1, 2], [3, 4]]`.
    let numbers () : Tensor =
        let at = place ()

        let number () =
            let struct (at, text) = element ()
            float64 at text

        step ()

        if isSign "[" (word ()) then
            let row () =
                take "[" "write a matrix as [[1, 2], [3, 4]]"
                listUntil "]" number

            let rows = listUntil "]" row

            if rows |> List.exists (fun r -> r.Length <> rows.Head.Length) then
                refuse at "rows of different lengths" "a matrix" "give each row as many numbers"

            Tensor.ofArray [ rows.Length; rows.Head.Length ] (Array.ofList (List.concat rows))
        else
            let row = listUntil "]" number
            Tensor.ofArray [ row.Length ] (Array.ofList row)

    /// Behind an operand, `[0:2, :, ::2]`: for each axis where it begins and ends, and its step.
    let cuts (shape: Shape) : Cut list =
        let at = place ()
        let mutable axis = -1

        let bound otherwise =
            if List.exists (fun sign -> isSign sign (word ())) [ ":"; ","; "]" ] then
                otherwise
            else
                let struct (at, text) = element ()
                int32' at text

        let mutable found = []
        take "[" "write x[0:2, :], a cut for each axis"

        listUntil "]" (fun () ->
            axis <- axis + 1
            let start = bound 0
            take ":" "write x[0:2, :], a beginning and an end for each axis"
            let stop = bound (if axis < shape.Rank then shape[axis] else 0)
            let step = if taken ":" then bound 1 else 1
            found <- { Start = start; Stop = stop; Step = step } :: found)
        |> ignore

        if found.Length <> shape.Rank then
            refuse
                at
                $"%d{found.Length} cuts of %d{shape.Rank} axes"
                "one cut for each axis"
                "write x[0:2, :], with : for a whole axis"

        List.rev found

    /// The word that is next.
    member _.Word = word ()
    /// Where it begins.
    member _.Place = place ()
    /// The word after it.
    member _.Following = following ()
    /// How many words came before it.
    member _.Position = position

    /// Whether it is a function that stands before its argument without parentheses: `sin x`.
    member _.IsApplied(isVariable: string -> bool) =
        match word () with
        | Token.Name name ->
            ParseOperator.isPrefix name
            && not (isVariable name)
            && ParseOperator.isOperand (following ())
            && not words[min (position + 1) (words.Length - 1)].Opens
        | Token.Number _
        | Token.Quoted _
        | Token.Sign _
        | Token.End -> false

    /// Whether it is the first of its line.
    member _.Opens = words[position].Opens
    /// Goes on to the word after it.
    member _.Step() = step ()
    /// Whether the next word is this sign.
    member _.IsAt text = isSign text (word ())
    /// Whether the word after it is this sign.
    member _.IsBefore text = isSign text (following ())
    /// The name that the next word is, quoted or not.
    member _.Name = nameOf (word ())
    /// Refuses the next word.
    member _.Unexpected(expected: string, cure: string) : 'a = unexpected expected cure
    /// Takes a sign that must come next.
    member _.Take(text: string, cure: string) = take text cure
    /// Takes a sign if it comes next.
    member _.Taken text = taken text
    /// A number or truth value with its sign, as text, and where it begins.
    member _.Element() = element ()

    /// Whether a number or truth value with its sign is all that stands before a closing parenthesis.
    member _.IsElement =
        match word (), following () with
        | (Token.Number _ | Token.Name("true" | "false")), next -> isSign ")" next
        | Token.Sign "-", Token.Number _ -> isSign ")" words[min (position + 2) (words.Length - 1)].Token
        | (Token.Name _ | Token.Quoted _ | Token.Sign _ | Token.End), _ -> false

    /// `2)` behind `f32(`: a number of a type, all its bits.
    member _.Typed(name: string, dtype: DType) =
        let item = element ()
        take ")" $"write {name}(2), one number; a tensor is tensor({name}, [2], [0, 1])"
        ParseNumber.tensor source dtype [] [| item |]

    /// A vector or matrix of numbers in brackets.
    member _.Numbers() = numbers ()
    /// `[0:2, :]` behind an operand of a shape: a cut for each axis.
    member _.Cuts(shape: Shape) = cuts shape
    /// Items between commas up to a closing sign, which is taken; none where it closes at once.
    member _.ListUntil(close: string, item: unit -> 'a) : 'a list = listUntil close item

    /// Arguments between commas, or a semicolon before those by name, up to a closing sign, which is taken.
    member _.ArgumentsUntil(close: string, argument: unit -> unit) =
        listBetween [ ","; ";" ] close argument |> ignore

    /// The type and shape of a variable, behind its name and colon: `f32[3, 4]`.
    member _.Variable(name: string) = variable name
    /// A tensor behind `tensor(`: `f32, [2], [0.5, 1])`.
    member _.Tensor() = constantTensor ()
