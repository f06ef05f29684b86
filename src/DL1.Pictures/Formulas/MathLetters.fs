namespace DL1.Pictures

open System.Text

/// Letters of mathematics: bold, script and the like, which Unicode has as characters of their own.
[<RequireQualifiedAccess>]
module internal MathLetters =
    /// Where the alphabets of a style begin: Latin capitals and small letters, Greek ones, digits; 0 where there is none.
    type Style =
        private
            {
                Capitals: int
                Small: int
                GreekCapitals: int
                GreekSmall: int
                Digits: int
                Exceptions: (char * int) list
            }

    let bold =
        {
            Capitals = 0x1D400
            Small = 0x1D41A
            GreekCapitals = 0x1D6A8
            GreekSmall = 0x1D6C2
            Digits = 0x1D7CE
            Exceptions = []
        }

    let boldItalic =
        { bold with
            Capitals = 0x1D468
            Small = 0x1D482
            GreekCapitals = 0x1D71C
            GreekSmall = 0x1D736
        }

    let italic =
        {
            Capitals = 0x1D434
            Small = 0x1D44E
            GreekCapitals = 0x1D6E2
            GreekSmall = 0x1D6FC
            Digits = 0
            Exceptions = [ 'h', 0x210E ]
        }

    let private latin capitals small digits exceptions =
        {
            Capitals = capitals
            Small = small
            GreekCapitals = 0
            GreekSmall = 0
            Digits = digits
            Exceptions = exceptions
        }

    let script =
        latin
            0x1D49C
            0x1D4B6
            0
            [
                'B', 0x212C
                'E', 0x2130
                'F', 0x2131
                'H', 0x210B
                'I', 0x2110
                'L', 0x2112
                'M', 0x2133
                'R', 0x211B
                'e', 0x212F
                'g', 0x210A
                'o', 0x2134
            ]

    let doubleStruck =
        latin
            0x1D538
            0x1D552
            0x1D7D8
            [ 'C', 0x2102; 'H', 0x210D; 'N', 0x2115; 'P', 0x2119; 'Q', 0x211A; 'R', 0x211D; 'Z', 0x2124 ]

    let sans = latin 0x1D5A0 0x1D5BA 0x1D7E2 []

    let monospace = latin 0x1D670 0x1D68A 0x1D7F6 []

    let private code (style: Style) (c: char) =
        let from first start = if start = 0 then int c else start + int c - int first

        match List.tryFind (fun (letter, _) -> letter = c) style.Exceptions with
        | Some(_, code) -> code
        | None ->
            match c with
            | _ when c >= 'A' && c <= 'Z' -> from 'A' style.Capitals
            | _ when c >= 'a' && c <= 'z' -> from 'a' style.Small
            | _ when c >= '0' && c <= '9' -> from '0' style.Digits
            | _ when c >= 'Α' && c <= 'Ω' -> from 'Α' style.GreekCapitals
            | _ when c >= 'α' && c <= 'ω' -> from 'α' style.GreekSmall
            | 'ϵ' when style.GreekSmall <> 0 -> style.GreekSmall + 26
            | 'ϑ' when style.GreekSmall <> 0 -> style.GreekSmall + 27
            | 'ϕ' when style.GreekSmall <> 0 -> style.GreekSmall + 29
            | '∂' when style.GreekSmall <> 0 -> style.GreekSmall + 25
            | '∇' when style.GreekCapitals <> 0 -> style.GreekCapitals + 25
            | _ -> int c

    /// The text in a style; characters that the style does not have stay as they are.
    let styled (style: Style) (text: string) =
        let b = StringBuilder()

        for c in text do
            if System.Char.IsSurrogate c then
                b.Append c |> ignore
            else
                b.Append(Rune(code style c).ToString()) |> ignore

        b.ToString()
