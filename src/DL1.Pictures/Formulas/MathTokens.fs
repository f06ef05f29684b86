namespace DL1.Pictures

open System
open System.Globalization
open System.Text
open DL1

/// A piece of LaTeX.
[<RequireQualifiedAccess>]
type internal MathToken =
    /// `\frac`, by its name without the backslash.
    | Command of name: string
    /// One character as a reader sees it.
    | Char of text: string
    | OpenGroup
    | CloseGroup
    | Superscript
    | Subscript
    /// `&`, between cells.
    | NextCell
    /// `\\`, between rows.
    | NextRow
    | End

/// LaTeX cut into tokens; blanks and comments are left out, as mathematics does not count them.
[<RequireQualifiedAccess>]
module internal MathTokens =
    /// The operation that errors name.
    let operation = "MathML.ofLatex"

    let private isLetter (c: char) = Char.IsAsciiLetter c

    /// Where a character stands, for errors: its number from 1 and what stands around it.
    let place (latex: string) (at: int) =
        let from = max 0 (at - 12)
        let upTo = min latex.Length (at + 20)
        let around = latex.Substring(from, upTo - from).Replace('\n', ' ')
        let before = if from > 0 then "…" else ""
        let after = if upTo < latex.Length then "…" else ""
        $"character %d{at + 1}, in {before}{around}{after}"

    let private command (latex: string) (at: int) =
        if at + 1 >= latex.Length then
            Refuse.format
                operation
                $"a lone backslash at {place latex at}"
                "the name of a command after it"
                @"\backslash for a printed backslash"

        if isLetter latex[at + 1] then
            let mutable upTo = at + 1

            while upTo < latex.Length && isLetter latex[upTo] do
                upTo <- upTo + 1

            let name = latex.Substring(at + 1, upTo - at - 1)
            // `\operatorname*` is a command of its own.
            if name = "operatorname" && upTo < latex.Length && latex[upTo] = '*' then
                MathToken.Command "operatorname*", upTo + 1
            else
                MathToken.Command name, upTo
        elif latex[at + 1] = '\\' then
            MathToken.NextRow, at + 2
        else
            MathToken.Command(string latex[at + 1]), at + 2

    /// The tokens with the places where they begin; the last is `End`.
    let ofText (latex: string) : struct (MathToken * int)[] =
        let tokens = ResizeArray()
        let mutable at = 0

        while at < latex.Length do
            let c = latex[at]
            let one token = token, at + 1

            if Char.IsWhiteSpace c then
                at <- at + 1
            else
                let token, next =
                    match c with
                    | '\\' -> command latex at
                    | '{' -> one MathToken.OpenGroup
                    | '}' -> one MathToken.CloseGroup
                    | '^' -> one MathToken.Superscript
                    | '_' -> one MathToken.Subscript
                    | '&' -> one MathToken.NextCell
                    | '~' -> one (MathToken.Command " ")
                    | '$'
                    | '%'
                    | '#' ->
                        Refuse.format
                            operation
                            $"{string c} at {place latex at}"
                            "one formula, without dollars, comments and parameters"
                            $"\\{string c} for the character itself"
                    | _ when c < '\128' -> one (MathToken.Char(string c))
                    | _ ->
                        let length = StringInfo.GetNextTextElementLength(latex, at)
                        MathToken.Char(latex.Substring(at, length)), at + length

                tokens.Add(struct (token, at))
                at <- next

        tokens.Add(struct (MathToken.End, latex.Length))
        tokens.ToArray()

    /// Text within XML; what XML cannot hold becomes the character that stands for the unknown.
    let escape (text: string) =
        let b = StringBuilder()

        for rune in text.EnumerateRunes() do
            match rune.Value with
            | v when v = int '<' -> b.Append "&lt;"
            | v when v = int '>' -> b.Append "&gt;"
            | v when v = int '&' -> b.Append "&amp;"
            | v when v = int '"' -> b.Append "&quot;"
            | v when v < 32 && v <> 9 && v <> 10 || v = 0xFFFE || v = 0xFFFF -> b.Append '\uFFFD'
            | _ -> b.Append(rune.ToString())
            |> ignore

        b.ToString()

    let describe token =
        match token with
        | MathToken.Command name -> "\\" + name
        | MathToken.Char text -> text
        | MathToken.OpenGroup -> "{"
        | MathToken.CloseGroup -> "}"
        | MathToken.Superscript -> "^"
        | MathToken.Subscript -> "_"
        | MathToken.NextCell -> "&"
        | MathToken.NextRow -> @"\\"
        | MathToken.End -> "the end"
