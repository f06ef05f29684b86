namespace DL1

open System
open System.Globalization

/// Numbers read with all their bits, and words that are almost right.
module internal ParseNumber =
    let private bits (source: string) (at: int) (text: string) =
        let digits = text.AsSpan(6, text.Length - 7)

        match UInt64.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture) with
        | true, n -> n
        | false, _ -> ParseToken.refuse source at "a wrong NaN" "its bits as hexadecimal digits" "write nan"

    let private tooLarge source at (text: string) : 'a =
        ParseToken.refuse
            source
            at
            $"the number {text}"
            "a number within the range of its type"
            "write inf for infinity, or take a wider type"

    /// A zero as it is; refuses what is only so small that its type has nothing but zero for it.
    let private notTooSmall source at (text: string) (zero: 'n) : 'n =
        if
            text |> Seq.takeWhile (fun c -> c <> 'e' && c <> 'E') |> Seq.forall (fun c -> c < '1' || c > '9')
        then
            zero
        else
            ParseToken.refuse
                source
                at
                $"the number {text}, which is nearer to 0 than any number of its type"
                "a number within the range of its type"
                "write 0, or take a wider type"

    /// An f64 with all its bits.
    let float64 (source: string) at (text: string) : float =
        if text = "nan" then
            Double.NaN
        elif text.StartsWith("nan", StringComparison.Ordinal) then
            BitConverter.UInt64BitsToDouble(bits source at text)
        elif text = "inf" then
            Double.PositiveInfinity
        elif text = "-inf" then
            Double.NegativeInfinity
        else
            match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, x when Double.IsFinite x -> if x = 0.0 then notTooSmall source at text x else x
            | _ -> tooLarge source at text

    let private float32' (source: string) at (text: string) : float32 =
        if text = "nan" then
            Single.NaN
        elif text.StartsWith("nan", StringComparison.Ordinal) then
            BitConverter.UInt32BitsToSingle(uint32 (bits source at text))
        elif text = "inf" then
            Single.PositiveInfinity
        elif text = "-inf" then
            Single.NegativeInfinity
        else
            match Single.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, x when Single.IsFinite x -> if x = 0.0f then notTooSmall source at text x else x
            | _ -> tooLarge source at text

    let private int64' (source: string) at (text: string) : int64 =
        match Int64.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
        | true, n -> n
        | false, _ ->
            ParseToken.refuse
                source
                at
                $"the number {text}"
                "a whole number of 64 bits"
                "write 3, for example"

    /// A whole number of 32 bits.
    let int32' (source: string) at (text: string) : int =
        match Int32.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
        | true, n -> n
        | false, _ ->
            ParseToken.refuse
                source
                at
                $"the number {text}"
                "a whole number of 32 bits"
                "write 3, for example"

    let private truth (source: string) at (text: string) =
        match text with
        | "true" -> true
        | "false" -> false
        | _ -> ParseToken.refuse source at text "true or false" "write bool(true), for example"

    /// A tensor from the texts of its elements and where they stand.
    let tensor (source: string) dtype (dims: int list) (items: struct (int * string)[]) : Tensor =
        let read (parse: int -> string -> 'e) =
            items |> Array.map (fun (struct (at, text)) -> parse at text) |> Tensor.ofArray dims

        match dtype with
        | DType.F32 -> read (float32' source)
        | DType.F64 -> read (float64 source)
        | DType.I32 -> read (int32' source)
        | DType.I64 -> read (int64' source)
        | DType.Bool -> read (truth source)

    // Functions whose arguments are no expressions.
    let private special = [ "tensor"; "f32"; "f64"; "i32"; "i64"; "bool" ]

    /// How many letters must change to make one word of the other.
    let private distance (a: string) (b: string) =
        let mutable row = Array.init (b.Length + 1) id

        for i in 1 .. a.Length do
            let next = Array.create (b.Length + 1) i

            for j in 1 .. b.Length do
                let change = if a[i - 1] = b[j - 1] then 0 else 1
                next[j] <- min (row[j - 1] + change) (1 + min row[j] next[j - 1])

            row <- next

        row[b.Length]

    /// Names from elsewhere, and what they are called here.
    let private elsewhere =
        dict
            [
                "ln", "log"
                "arcsin", "asin"
                "arccos", "acos"
                "arctan", "atan"
                "sgn", "sign"
                "ceil", "ceiling"
            ]

    /// Refuses a function that is not known, naming those of similar names.
    let unknown (source: string) at (name: string) (known: seq<string>) : 'a =
        let near =
            Seq.append special known
            |> Seq.filter (fun known ->
                name.Length < 40
                && (distance name known <= (if name.Length < 5 then 1 else 2)
                    || (name.Length > 2
                        && (known.StartsWith(name, StringComparison.Ordinal)
                            || name.StartsWith(known, StringComparison.Ordinal)))))
            |> Seq.sortBy (fun known -> distance name known)
            |> Seq.truncate 4
            |> List.ofSeq

        let cure =
            if elsewhere.ContainsKey name then
                $"write {elsewhere[name]}(x)"
            elif near.IsEmpty then
                "write a product as x*(y)"
            else
                let names = String.Join(", ", near)
                $"near names: {names}; a product is written x*(y)"

        ParseToken.refuse source at $"the unknown function {name}" "a function of DL1" cure
