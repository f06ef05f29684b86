namespace DL1

open System

/// Sums of products by the names of their axes (Einstein's convention), as products of matrices.
[<RequireQualifiedAccess>]
module Einsum =
    /// An operand with a letter for each axis.
    type private Named = { Axes: char list; Value: Expr }

    let private refuse given expected cure : 'a = Refuse.shape "einsum" given expected cure

    let private parse (formula: string) (count: int) : string list * string option =
        let text = String.filter (fun c -> c <> ' ') formula

        let inputs, output =
            match text.Split("->") with
            | [| inputs; output |] -> inputs.Split ',' |> Array.toList, Some output
            | [| inputs |] -> inputs.Split ',' |> Array.toList, None
            | _ -> refuse $"the formula '{formula}'" "one '->' at most" "write it as in 'ij,jk->ik'"

        if inputs.Length <> count then
            refuse
                $"the formula '{formula}' for %d{inputs.Length} operands, and %d{count} operands"
                "as many operands as the formula names"
                "separate the axes of the operands by commas"

        for part in Option.toList output @ inputs do
            if not (part |> Seq.forall (fun c -> Char.IsAsciiLetter c)) then
                refuse
                    $"the axes '{part}' in the formula '{formula}'"
                    "letters from a to z or A to Z, one an axis"
                    "give each axis a letter; leading axes are letters like the others"

        inputs, output

    /// The diagonal over two axes: the first stays, the second goes.
    let private diagonal first second (x: Expr) : Expr =
        let extent = x.Shape[first]

        let onDiagonal =
            Expr.equal
                (Expr.expandDims 1 (Expr.arange DType.I64 extent))
                (Expr.expandDims 0 (Expr.arange DType.I64 extent))

        let dims =
            [ for axis in 0 .. x.Shape.Rank - 1 -> if axis = first || axis = second then extent else 1 ]

        // The mask is symmetric: it does not matter which of the two axes comes first.
        Expr.where (Expr.reshape dims onDiagonal) x (Expr.zerosLike x) |> Expr.sum [ second ]

    let rec private withoutRepeats (x: Named) : Named =
        let repeated =
            x.Axes
            |> List.indexed
            |> List.tryPick (fun (i, c) ->
                List.tryFindIndexBack ((=) c) x.Axes
                |> Option.filter (fun j -> j > i)
                |> Option.map (fun j -> i, j))

        match repeated with
        | None -> x
        | Some(first, second) ->
            withoutRepeats { Axes = List.removeAt second x.Axes; Value = diagonal first second x.Value }

    /// Sums over the axes that nobody else has.
    let private summed (keeps: char -> bool) (x: Named) : Named =
        match x.Axes |> List.indexed |> List.filter (fun (_, c) -> not (keeps c)) with
        | [] -> x
        | gone -> { Axes = List.filter keeps x.Axes; Value = Expr.sum (List.map fst gone) x.Value }

    let private ordered (axes: char list) (x: Named) : Expr =
        Expr.transpose (axes |> List.map (fun c -> List.findIndex ((=) c) x.Axes)) x.Value

    let private extent (x: Named) c = x.Value.Shape[List.findIndex ((=) c) x.Axes]

    /// The product of two operands over the axes that stay, as one product of matrices in a stack.
    let private product (keeps: char -> bool) (a: Named) (b: Named) : Named =
        let a = summed (fun c -> keeps c || List.contains c b.Axes) a
        let b = summed (fun c -> keeps c || List.contains c a.Axes) b
        let inBoth c = List.contains c b.Axes
        let stack = a.Axes |> List.filter (fun c -> inBoth c && keeps c)
        let contracted = a.Axes |> List.filter (fun c -> inBoth c && not (keeps c))
        let left = a.Axes |> List.filter (fun c -> not (inBoth c))
        let right = b.Axes |> List.filter (fun c -> not (List.contains c a.Axes))
        let size x axes = axes |> List.fold (fun n c -> n * extent x c) 1
        let dims x axes = axes |> List.map (extent x)

        let rows =
            ordered (stack @ left @ contracted) a
            |> Expr.reshape (dims a stack @ [ size a left; size a contracted ])

        let columns =
            ordered (stack @ contracted @ right) b
            |> Expr.reshape (dims a stack @ [ size a contracted; size b right ])

        {
            Axes = stack @ left @ right
            Value = Expr.matmul rows columns |> Expr.reshape (dims a stack @ dims a left @ dims b right)
        }

    /// The sum of products that a formula names: a letter for each axis, operands separated by commas, the axes of the
    /// result after `->`; letters that are not among those are summed over. Without `->` the result has the letters that
    /// stand once, in the order of the alphabet. A letter that stands twice in one operand takes its diagonal. Operands
    /// are multiplied from the left. A letter with two extents, or more axes than letters, is a `ShapeError`.
    /// `Einsum.einsum "bij,bjk->bik" [ a; b ]`
    let einsum (formula: string) (operands: Expr list) : Expr =
        let inputs, output = parse formula operands.Length

        let named =
            List.map2
                (fun (axes: string) (x: Expr) ->
                    if axes.Length <> x.Shape.Rank then
                        refuse
                            $"the axes '{axes}' for {Operand.text x}"
                            $"%d{x.Shape.Rank} letters"
                            "give each axis of the operand a letter"

                    { Axes = List.ofSeq axes; Value = x })
                inputs
                operands

        let letters = inputs |> String.concat ""

        let result =
            match output with
            | Some axes -> List.ofSeq axes
            | None ->
                letters
                |> Seq.countBy id
                |> Seq.filter (fun (_, n) -> n = 1)
                |> Seq.map fst
                |> Seq.sort
                |> List.ofSeq

        if List.distinct result <> result then
            refuse
                $"the result '{String.Concat result}'"
                "each letter once"
                "a repeated axis is not a diagonal here"

        match result |> List.tryFind (fun c -> not (letters.Contains c)) with
        | Some c -> refuse $"the letter '{c}' of the result" "a letter of an operand" "check the formula"
        | None -> ()

        let extents =
            [
                for x in named do
                    for c, d in List.zip x.Axes (x.Value.Shape.ToList()) -> c, d
            ]
            |> List.distinct

        match extents |> List.countBy fst |> List.tryFind (fun (_, n) -> n > 1) with
        | Some(c, _) ->
            let found = extents |> List.filter (fun (other, _) -> other = c) |> List.map (snd >> string)

            refuse
                $"""the letter '{c}' for the extents {String.concat " and " found}"""
                "one extent a letter"
                "give axes of different extents different letters"
        | None -> ()

        let rec fold (sofar: Named) (rest: Named list) : Named =
            match rest with
            | [] -> summed (fun c -> List.contains c result) sofar
            | next :: others ->
                let later c =
                    List.contains c result || others |> List.exists (fun x -> List.contains c x.Axes)

                fold (product later sofar next) others

        match List.map withoutRepeats named with
        | [] -> refuse "no operands" "one or more" "give the operands in the formula's order"
        | first :: rest -> fold first rest |> ordered result
