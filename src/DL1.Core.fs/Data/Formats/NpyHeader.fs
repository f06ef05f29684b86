namespace DL1

open System
open System.Globalization

/// The header of an npy file: a dictionary of Python with the keys `descr`, `fortran_order` and `shape`.
[<NoComparison>]
type internal NpyHeader = { Raw: Raw; BigEndian: bool; ColumnMajor: bool; Dims: int64 list }

[<RequireQualifiedAccess>]
module internal NpyHeader =
    let private refuse (given: string) expected : 'a =
        Refuse.format "Npy.read" given expected "write the file by numpy.save, without Python objects"

    /// The type and whether the big end comes first. NumPy takes the names of its types too, and a type without a byte
    /// order, which is the machine's.
    let private kind (descr: string) =
        let order, name =
            match descr[0] with
            | '<'
            | '>'
            | '='
            | '|' -> descr[0], descr.Substring 1
            | _ -> '=', descr

        let raw =
            match name with
            | "f2"
            | "e"
            | "float16"
            | "half" -> Raw.F16
            | "f4"
            | "f"
            | "float32"
            | "single" -> Raw.F32
            | "f8"
            | "d"
            | "float64"
            | "float"
            | "double" -> Raw.F64
            | "i1"
            | "b"
            | "int8" -> Raw.I8
            | "u1"
            | "B"
            | "uint8" -> Raw.U8
            | "i2"
            | "h"
            | "int16" -> Raw.I16
            | "u2"
            | "H"
            | "uint16" -> Raw.U16
            | "i4"
            | "i"
            | "int32" -> Raw.I32
            | "u4"
            | "I"
            | "uint32" -> Raw.U32
            | "i8"
            | "q"
            | "int64" -> Raw.I64
            | "b1"
            | "?"
            | "bool" -> Raw.Bool
            | _ ->
                refuse
                    $"the type '{descr}'"
                    "a type of numbers or truth values: f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 b1"

        raw, order = '>'

    /// The text of a header as its parts; anything else than such a dictionary is refused.
    let parse (text: string) : NpyHeader =
        let mutable at = 0

        let skip () =
            while at < text.Length && Char.IsWhiteSpace text[at] do
                at <- at + 1

        let peek () =
            skip ()
            if at < text.Length then text[at] else '\000'

        let take (c: char) =
            if peek () <> c then
                refuse $"'{peek ()}' at place %d{at} of the header" $"'{c}'"

            at <- at + 1

        // Python's quotes are single or double; a text of Python 2 has a u before it.
        let isQuote (c: char) = c = '\'' || c = '"'

        let quoted () =
            if peek () = 'u' && at + 1 < text.Length && isQuote text[at + 1] then
                at <- at + 1

            if not (isQuote (peek ())) then
                refuse $"'{peek ()}' at place %d{at} of the header" "a text in quotes"

            let last = text.IndexOf(text[at], at + 1)
            at <- at + 1

            if last < 0 then
                refuse "a text that never ends in the header" "a closing quote"

            let word = text.Substring(at, last - at)
            at <- last + 1
            word

        let word () =
            skip ()
            let first = at

            while at < text.Length && Char.IsAsciiLetter text[at] do
                at <- at + 1

            text.Substring(first, at - first)

        let number () =
            skip ()
            let first = at

            while at < text.Length && Char.IsAsciiDigit text[at] do
                at <- at + 1

            match
                Int64.TryParse(
                    text.AsSpan(first, at - first),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture
                )
            with
            | true, n ->
                // Python 2 wrote whole numbers with an L behind them.
                if at < text.Length && (text[at] = 'L' || text[at] = 'l') then
                    at <- at + 1

                n
            | false, _ -> refuse $"'{text.Substring(first, at - first)}' as an extent" "a whole number"

        let rec extents found =
            match peek () with
            | ')' ->
                at <- at + 1
                List.rev found
            | _ ->
                let n = number ()

                if peek () = ',' then
                    at <- at + 1
                elif peek () <> ')' then
                    refuse "extents without a comma between them" "a tuple of whole numbers"

                extents (n :: found)

        let mutable descr: string option = None
        let mutable order: bool option = None
        let mutable dims: int64 list option = None

        let once (key: string) (known: 'a option) =
            if known.IsSome then
                refuse $"the key '{key}' twice" "each key once"

        let rec entries () =
            match peek () with
            | '}' -> at <- at + 1
            | _ ->
                let key = quoted ()
                take ':'

                match key with
                | "descr" ->
                    once key descr

                    if peek () = '[' || peek () = '(' then
                        refuse "a type of several fields" "one type of numbers"

                    descr <- Some(quoted ())
                | "fortran_order" ->
                    once key order

                    order <-
                        match word () with
                        | "True" -> Some true
                        | "False" -> Some false
                        | other -> refuse $"'{other}' as fortran_order" "True or False"
                | "shape" ->
                    once key dims
                    take '('
                    dims <- Some(extents [])
                | _ -> refuse $"the key '{key}'" "descr, fortran_order and shape"

                if peek () = ',' then
                    at <- at + 1
                elif peek () <> '}' then
                    refuse "entries without a comma between them" "a dictionary of Python"

                entries ()

        take '{'
        entries ()

        if peek () <> '\000' then
            refuse $"'{peek ()}' after the header's dictionary" "nothing but blanks"

        match descr, order, dims with
        | Some descr, Some order, Some dims when descr.Length > 0 ->
            let raw, bigEndian = kind descr

            { Raw = raw; BigEndian = bigEndian; ColumnMajor = order; Dims = dims }
        | _ -> refuse "a header that lacks something" "descr, fortran_order and shape"

    /// The header for a tensor, without its padding.
    let text (t: Tensor) =
        let descr =
            match t.DType with
            | DType.F32 -> "<f4"
            | DType.F64 -> "<f8"
            | DType.I32 -> "<i4"
            | DType.I64 -> "<i8"
            | DType.Bool -> "|b1"

        let dims =
            match t.Shape.ToList() with
            | [ n ] -> $"%d{n},"
            | dims -> dims |> List.map string |> String.concat ", "

        $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dims}), }}"
