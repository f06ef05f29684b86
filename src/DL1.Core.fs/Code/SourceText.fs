namespace DL1

open System
open System.Globalization
open System.Text

/// A piece of source text, and how tightly it holds together.
[<Struct; NoEquality; NoComparison>]
type internal Phrase = { Text: string; Tightness: int }

/// How a language writes what programs of scalars need. Tightness: 9 a name or a call in parentheses, 8 a function and its
/// argument, 7 a sign or a conversion in front, then products 6, sums 5, comparisons 4, both 3, either 2, and 0.
[<NoEquality; NoComparison>]
type internal Language =
    {
        /// A constant of a type.
        Number: DType -> float -> Phrase
        /// A function of one number, of this type.
        Unary: UnaryOp -> DType -> Phrase -> Phrase
        Power: DType -> Phrase -> Phrase -> Phrase
        Larger: DType -> Phrase -> Phrase -> Phrase
        Smaller: DType -> Phrase -> Phrase -> Phrase
        Both: string
        Either: string
        Equal: string
        Unequal: string
        IsNaN: DType -> Phrase -> Phrase
        Choice: Phrase -> Phrase -> Phrase -> Phrase
        /// A value of one type in another.
        Convert: DType -> DType -> Phrase -> Phrase
        /// Names that inputs cannot have.
        Reserved: Set<string>
    }

/// Programs of scalars as source text: what C# and F# have in common.
module internal SourceText =
    let phrase tightness text = { Text = text; Tightness = tightness }

    /// A phrase as an operand of something that needs at least this tightness.
    let within tightness (p: Phrase) = if p.Tightness >= tightness then p.Text else $"({p.Text})"

    /// A finite number in the shortest digits that read back to it, with a point or an exponent.
    let digits (text: string) = if Seq.exists (fun c -> c = '.' || c = 'E') text then text else text + ".0"

    /// The digits of a number of a type.
    let finite (dtype: DType) (value: float) =
        if dtype = DType.F32 then
            digits ((float32 value).ToString("R", CultureInfo.InvariantCulture)) + "f"
        else
            digits (value.ToString("R", CultureInfo.InvariantCulture))

    let private sum tightness (sign: string) (a: Phrase) (b: Phrase) =
        phrase tightness $"{within tightness a} {sign} {within (tightness + 1) b}"

    let private binary (language: Language) op dtype (a: Phrase) (b: Phrase) =
        match op with
        | BinaryOp.Add -> sum 5 "+" a b
        | BinaryOp.Sub -> sum 5 "-" a b
        | BinaryOp.Mul -> sum 6 "*" a b
        | BinaryOp.Div -> sum 6 "/" a b
        | BinaryOp.Pow -> language.Power dtype a b
        | BinaryOp.Max -> language.Larger dtype a b
        | BinaryOp.Min -> language.Smaller dtype a b
        | BinaryOp.And -> sum 3 language.Both a b
        | BinaryOp.Or -> sum 2 language.Either a b

    let private compare (language: Language) op (a: Phrase) (b: Phrase) =
        let sign =
            match op with
            | CompareOp.Eq -> language.Equal
            | CompareOp.Ne -> language.Unequal
            | CompareOp.Lt -> "<"
            | CompareOp.Le -> "<="
            | CompareOp.Gt -> ">"
            | CompareOp.Ge -> ">="

        phrase 4 $"{within 5 a} {sign} {within 5 b}"

    /// A comparison of a value with itself, of which compilers warn: it asks for NaN.
    let private compareSame (language: Language) op dtype (a: Phrase) =
        let truth (value: bool) = language.Number DType.Bool (if value then 1.0 else 0.0)
        let isNaN = if dtype = DType.Bool then truth false else language.IsNaN dtype a

        match op with
        | CompareOp.Ne -> isNaN
        | CompareOp.Eq
        | CompareOp.Le
        | CompareOp.Ge ->
            if dtype = DType.Bool then
                truth true
            else
                language.Unary UnaryOp.Not DType.Bool isNaN
        | CompareOp.Lt
        | CompareOp.Gt -> truth false

    /// A name as an identifier: other characters become underlines, and a reserved name gets one behind it.
    let identifier (language: Language) (name: string) =
        if name = "" then
            Refuse.domain "ToCode" "an empty name" "a name" "name the function, and each variable"

        let text = StringBuilder()

        for c in name do
            text.Append(if Char.IsAsciiLetterOrDigit c || c = '_' then c else '_') |> ignore

        let text = text.ToString()
        let text = if Char.IsAsciiDigit text[0] then "_" + text else text
        if language.Reserved.Contains text then text + "_" else text

    /// The inputs, each with an identifier of its own and its type.
    let inputs (language: Language) (listing: Listing) : (string * DType) list =
        let rec distinct (taken: Set<string>) (name: string) =
            if taken.Contains name then distinct taken (name + "_") else name

        ((Set.empty, []), listing.Inputs)
        ||> List.fold (fun (taken, made) v ->
            let name = distinct taken (identifier language v.Name)
            taken.Add name, (name, v.DType) :: made)
        |> snd
        |> List.rev

    /// The named values, each as (name, type, text), and the text of the result.
    let lines (language: Language) (listing: Listing) : (string * DType * string) list * string =
        let program = listing.Program
        let inputs = inputs language listing |> Array.ofList
        let taken = inputs |> Array.map fst |> Set

        let names =
            Seq.initInfinite (fun i -> $"t%d{i + 1}")
            |> Seq.filter (fun name -> not (taken.Contains name))
            |> Seq.zip listing.Named
            |> dict

        let rec use' place = if listing.IsNamed[place] then phrase 9 names[place] else value place

        and value place : Phrase =
            let step, dtype = program.Steps[place]

            match step with
            | ScalarProgram.Step.Input n -> phrase 9 (fst inputs[n])
            | ScalarProgram.Step.Number v -> language.Number dtype v
            | ScalarProgram.Step.Unary(op, x) -> language.Unary op dtype (use' x)
            | ScalarProgram.Step.Binary(op, x, y) -> binary language op dtype (use' x) (use' y)
            | ScalarProgram.Step.Compare(op, x, y) when x = y ->
                compareSame language op (snd program.Steps[x]) (use' x)
            | ScalarProgram.Step.Compare(op, x, y) -> compare language op (use' x) (use' y)
            | ScalarProgram.Step.Select(c, x, y) -> language.Choice (use' c) (use' x) (use' y)
            | ScalarProgram.Step.Truth x
            | ScalarProgram.Step.Copy x -> language.Convert (snd program.Steps[x]) dtype (use' x)

        let named =
            listing.Named
            |> List.map (fun place -> names[place], snd program.Steps[place], (value place).Text)

        named, (value listing.Result).Text

    /// The texts of those helping functions that a program needs, out of a table.
    let needed (helpers: (UnaryOp * string list) list) (listing: Listing) : string list list =
        let used =
            listing.Program.Steps
            |> Seq.choose (fun (step, _) ->
                match step with
                | ScalarProgram.Step.Unary(op, _) -> Some op
                | _ -> None)
            |> Set.ofSeq

        let used = if used.Contains UnaryOp.Softplus then used.Add UnaryOp.Log1p else used
        helpers |> List.filter (fun (op, _) -> used.Contains op) |> List.map snd
