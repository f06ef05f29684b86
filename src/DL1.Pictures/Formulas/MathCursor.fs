namespace DL1.Pictures

open System
open DL1

/// Goes through the tokens of a formula: the one that is due, what may stand there, and words between braces.
[<Sealed>]
type internal MathCursor(latex: string) =
    let tokens = MathTokens.ofText latex
    let mutable at = 0

    let token () =
        let struct (t, _) = tokens[at]
        t

    let refuse (given: string) expected cure =
        let struct (_, place) = tokens[at]
        Refuse.format MathTokens.operation $"{given} at {MathTokens.place latex place}" expected cure

    let unexpected expected =
        refuse (MathTokens.describe (token ())) expected "braces around what belongs together"

    let isDigit text = text <> "" && Char.IsAsciiDigit text[0]

    let peekDigit ahead =
        match tokens[min (at + ahead) (tokens.Length - 1)] with
        | struct (MathToken.Char text, _) -> isDigit text
        | _ -> false

    /// The token that is due.
    member _.Token = token ()

    /// Goes on to the next token.
    member _.Step() = at <- at + 1

    /// The number of tokens that are read.
    member _.Position
        with get () = at
        and set (place: int) = at <- place

    /// Refuses what is given at this place.
    member _.Refuse(given: string, expected: string, cure: string) : 'a = refuse given expected cure

    /// Refuses the token that is due.
    member _.Unexpected(expected: string) : 'a = unexpected expected

    /// Goes past the token that must be due.
    member this.Take(wanted: MathToken) =
        if token () = wanted then
            this.Step()
        else
            unexpected (MathTokens.describe wanted)

    /// Whether a digit is due.
    member _.IsDigit = peekDigit 0

    /// The number that is due: digits, and a point between two of them.
    member this.Number() : string =
        let start = at

        while peekDigit 0 || token () = MathToken.Char "." && peekDigit 1 do
            this.Step()

        let digits =
            [
                for i in start .. at - 1 do
                    let struct (t, _) = tokens[i]
                    MathTokens.describe t
            ]

        String.Join(String.Empty, digits)

    /// What stands between braces as plain text: letters, numbers, symbols.
    member this.Words(isText: bool) : string =
        this.Take MathToken.OpenGroup
        let parts = ResizeArray<string>()
        let mutable inner = 0
        let mutable last = at - 1

        let gap () =
            let struct (_, next) = tokens[at]
            let struct (_, previous) = tokens[last]
            // Blanks count in texts alone.
            if
                isText
                && next > previous + 1
                && latex.Substring(previous + 1, next - previous - 1).Contains ' '
            then
                parts.Add "\u00A0"

        while inner > 0 || token () <> MathToken.CloseGroup do
            gap ()
            last <- at

            match token () with
            | MathToken.Char text -> parts.Add text
            | MathToken.Subscript when isText -> parts.Add "_"
            | MathToken.Superscript when isText -> parts.Add "^"
            | MathToken.OpenGroup -> inner <- inner + 1
            | MathToken.CloseGroup -> inner <- inner - 1
            // The circumflex of our own printer.
            | MathToken.Command "hat" -> parts.Add "^"
            | MathToken.Command name ->
                match MathSymbols.tryFind name with
                | Some(MathRole.Space _, _) -> parts.Add "\u00A0"
                | Some(_, text) -> parts.Add text
                | None ->
                    refuse
                        ("\\" + name)
                        "a word: letters, digits and symbols"
                        @"\mathrm{d} x, the word alone in its braces"
            | other ->
                refuse
                    (MathTokens.describe other)
                    "a word and a closing brace"
                    "scripts after the braces: \\mathbf{x}_i"

            this.Step()

        gap ()
        this.Step()
        String.Join(String.Empty, parts)

    /// The bracket that is due, as text; none for a point.
    member this.Delimiter() : string =
        let text =
            match token () with
            | MathToken.Char "." -> ""
            | MathToken.Char("(" | ")" | "[" | "]" | "|" | "/" as text) -> text
            | MathToken.Char "<" -> "⟨"
            | MathToken.Char ">" -> "⟩"
            | MathToken.Command name ->
                match MathSymbols.tryFind name with
                | Some((MathRole.Open | MathRole.Close | MathRole.Mark), text) -> text
                | Some _
                | None -> unexpected "a bracket"
            | _ -> unexpected "a bracket"

        this.Step()
        text
