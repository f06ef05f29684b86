namespace DL1

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Text.Json

/// What a vocabulary takes from the texts that it is made of; `Vocabulary.options` is a start.
type VocabularyOptions =
    {
        /// The most pieces, the commonest ones; marks such as padding are not counted.
        Most: int
        /// How often a piece is met at least.
        Least: int
        /// Whether all letters are made small ones, here and in what is encoded.
        LowerCase: bool
        /// Whether texts are encoded with a mark before them and one behind them.
        Bounds: bool
        /// Whether there is a piece that fills texts up to one length.
        Padding: bool
        /// Whether marks of punctuation are pieces beside the words, or left out, here and in what is encoded.
        Punctuation: bool
    }

/// The pieces that texts are made of, numbered; 0 is for what was not met when the vocabulary was made.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Vocabulary
    internal
    (
        kind: string,
        marks: string list,
        counted: (string * int64) list,
        lowers: bool,
        cut: string -> string list,
        joint: string
    ) =
    let pieces = Array.ofList (marks @ List.map fst counted)
    let numbers = Dictionary<string, int>(StringComparer.Ordinal)
    do pieces |> Array.iteri (fun i piece -> numbers[piece] <- i)
    let counts = Array.ofList (List.map (fun _ -> 0L) marks @ List.map snd counted)
    let lowered (text: string) = if lowers then text.ToLowerInvariant() else text

    let markOf (name: string) = marks |> List.tryFindIndex (fun mark -> mark = name) |> Option.toNullable

    member internal _.Kind = kind
    member internal _.Lowers = lowers
    member internal _.Counted = counted
    /// What stands for a piece that is not in the vocabulary: the piece with the number 0.
    static member Unknown = "�"
    static member internal PaddingMark = "<padding>"
    static member internal BeginMark = "<begin>"
    static member internal EndMark = "<end>"
    /// The pieces by their numbers.
    member _.Pieces: IReadOnlyList<string> = pieces
    /// How many pieces there are, the unknown one and other marks counted.
    member _.Count = pieces.Length
    /// How often each piece was met in the texts that the vocabulary was made of, by its number; marks never were.
    member _.Counts: IReadOnlyList<int64> = counts
    /// The number of padding, where the vocabulary has it.
    member _.Padding: Nullable<int> = markOf Vocabulary.PaddingMark
    /// The number that begins a text, where the vocabulary has it.
    member _.Begin: Nullable<int> = markOf Vocabulary.BeginMark
    /// The number that ends a text, where the vocabulary has it.
    member _.End: Nullable<int> = markOf Vocabulary.EndMark

    /// How many pieces there are, and of what kind: `120 pieces, words`.
    override this.ToString() = $"%d{this.Count} pieces, {kind}"
    member internal this.Display = this.ToString()

    /// The number of a piece; 0 where it is not in the vocabulary. `vocabulary.IndexOf "cat"`
    member _.IndexOf(piece: string) : int64 =
        match numbers.TryGetValue(lowered piece) with
        | true, i -> int64 i
        | false, _ -> 0L

    /// The numbers of a text's pieces, i64 `[pieces]`, between those that begin and end it where the vocabulary has them.
    /// `vocabulary.Encode "abc"`
    member this.Encode(text: string) : Tensor =
        let bound (mark: Nullable<int>) = if mark.HasValue then [ int64 mark.Value ] else []

        let own =
            cut (lowered text)
            |> List.map (fun piece ->
                match numbers.TryGetValue piece with
                | true, i -> int64 i
                | false, _ -> 0L)

        Tensor.vector (bound this.Begin @ own @ bound this.End)

    /// The text of numbers; begin, end and padding are none of it. A number that is no piece's is a `DomainError`.
    /// `vocabulary.Decode numbers`
    member _.Decode(numbers: Tensor) : string =
        Elements.toIntegers numbers.Elements
        |> Array.map (fun i ->
            if i < 0L || i >= int64 pieces.Length then
                Refuse.domain
                    "Vocabulary.Decode"
                    $"the number %d{i}"
                    $"a number from 0 to %d{pieces.Length - 1}"
                    "decode what this vocabulary encoded"

            int i)
        |> Array.filter (fun i -> i = 0 || i >= marks.Length)
        |> Array.map (fun i -> pieces[i])
        |> String.concat joint

/// Vocabularies of characters and of words.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Vocabulary =
    /// A text's characters, whole code points.
    let private runes (text: string) = [ for rune in text.EnumerateRunes() -> rune.ToString() ]

    /// Words are runs of letters, digits and apostrophes; any other character that is no blank is a piece by itself, where
    /// punctuation is wanted.
    let private wordsOf (punctuation: bool) (text: string) : string list =
        let pieces = List<string>()
        let word = StringBuilder()

        let flush () =
            if word.Length > 0 then
                pieces.Add(word.ToString())
                word.Clear() |> ignore

        for rune in text.EnumerateRunes() do
            if Rune.IsLetterOrDigit rune || rune.Value = int '\'' || rune.Value = 0x2019 then
                word.Append(rune.ToString()) |> ignore
            else
                flush ()

                if punctuation && not (Rune.IsWhiteSpace rune) then
                    pieces.Add(rune.ToString())

        flush ()
        List.ofSeq pieces

    /// The 2,147,483,647 commonest pieces, met once or more, as they are written, without padding, begin and end; words with
    /// their punctuation.
    /// `{ Vocabulary.options with Bounds = true; Padding = true }`
    let options: VocabularyOptions =
        {
            Most = Int32.MaxValue
            Least = 1
            LowerCase = false
            Bounds = false
            Padding = false
            Punctuation = true
        }

    let private charactersKind, private wordsKind, private bareKind =
        "characters", "words", "words without punctuation"

    /// A vocabulary of a kind; nothing for a kind that there is not.
    let private ofKind kind bounds padding lowers counted : Vocabulary option =
        let marks =
            [
                Vocabulary.Unknown
                if padding then
                    Vocabulary.PaddingMark
                if bounds then
                    Vocabulary.BeginMark
                    Vocabulary.EndMark
            ]

        if kind = charactersKind then
            Some(Vocabulary(kind, marks, counted, lowers, runes, ""))
        elif kind = wordsKind then
            Some(Vocabulary(kind, marks, counted, lowers, wordsOf true, " "))
        elif kind = bareKind then
            Some(Vocabulary(kind, marks, counted, lowers, wordsOf false, " "))
        else
            None

    /// The commonest pieces first; of those met equally often, in the order of their characters.
    let private counted operation (o: VocabularyOptions) cut (texts: seq<string>) : (string * int64) list =
        if o.Most < 1 || o.Least < 1 then
            Refuse.domain
                operation
                $"at most %d{o.Most} pieces, met %d{o.Least} times at least"
                "1 or more of each"
                "10000 pieces are usual"

        Refuse.nulls "texts" texts
        |> Seq.collect (fun text -> cut (if o.LowerCase then text.ToLowerInvariant() else text))
        |> Seq.countBy id
        |> Seq.filter (fun (piece, n) -> n >= o.Least && piece <> Vocabulary.Unknown)
        |> List.ofSeq
        |> List.sortWith (fun (a, m) (b, n) -> if m <> n then compare n m else String.CompareOrdinal(a, b))
        |> List.truncate o.Most
        |> List.map (fun (piece, n) -> piece, int64 n)

    let private made operation (kind: string) (o: VocabularyOptions) cut (texts: seq<string>) : Vocabulary =
        match ofKind kind o.Bounds o.Padding o.LowerCase (counted operation o cut texts) with
        | Some vocabulary -> vocabulary
        | None ->
            Refuse.domain
                operation
                $"pieces that are {kind}"
                "characters, words, or words without punctuation"
                "choose one of them"

    /// `characters` of several texts with options; characters have no punctuation to leave out: without it is a `DomainError`.
    /// `Vocabulary.charactersWith Vocabulary.options [ "abc"; "ca" ]`
    let charactersWith (o: VocabularyOptions) (texts: seq<string>) : Vocabulary =
        if not o.Punctuation then
            Refuse.domain
                "Vocabulary.characters"
                "characters without punctuation"
                "words without it, or all characters"
                "take the marks out of the texts"

        made "Vocabulary.characters" charactersKind o runes texts

    /// `words` of several texts with options: fewer than one piece, or a least count below 1, is a `DomainError`.
    /// `Vocabulary.wordsWith { Vocabulary.options with LowerCase = true; Bounds = true } [ "The cat"; "the dog" ]`
    let wordsWith (o: VocabularyOptions) (texts: seq<string>) : Vocabulary =
        made
            "Vocabulary.words"
            (if o.Punctuation then wordsKind else bareKind)
            o
            (wordsOf o.Punctuation)
            texts

    /// The characters of a text, the commonest first; numbers are decoded to the same text.
    /// `(Vocabulary.characters "abca").Encode "cab"`
    let characters (text: string) : Vocabulary = charactersWith options [ text ]

    /// The `most` commonest words and marks of a text as they are written; numbers are decoded with blanks between.
    /// `(Vocabulary.words 1000 "the cat, the dog").Encode "the cat"`
    let words (most: int) (text: string) : Vocabulary = wordsWith { options with Most = most } [ text ]

    let private paddingOf operation (vocabulary: Vocabulary) : float =
        if vocabulary.Padding.HasValue then
            float vocabulary.Padding.Value
        else
            Refuse.domain
                operation
                "a vocabulary without padding"
                "one that has a piece for padding"
                "make it with the option Padding"

    /// Texts as the rows of one tensor, filled with the vocabulary's padding up to the longest. A vocabulary without
    /// padding is a `DomainError`.
    /// `Vocabulary.encodeAll (Vocabulary.wordsWith { Vocabulary.options with Padding = true } [ "a b" ]) [ "a b"; "b" ]`
    let encodeAll (vocabulary: Vocabulary) (texts: seq<string>) : PaddedRows =
        let padding = paddingOf "Vocabulary.encodeAll" vocabulary
        PaddedRows.ofRows padding (Seq.map vocabulary.Encode texts)

    /// Texts as the rows of one tensor, filled with the vocabulary's padding, or cut, to a length.
    /// `Vocabulary.encodeTo 3 (Vocabulary.wordsWith { Vocabulary.options with Padding = true } [ "a b" ]) [ "a b"; "b" ]`
    let encodeTo (length: int) (vocabulary: Vocabulary) (texts: seq<string>) : PaddedRows =
        let padding = paddingOf "Vocabulary.encodeTo" vocabulary
        PaddedRows.toLength length padding (Seq.map vocabulary.Encode texts)

    /// The texts of rows; padding is none of them.
    /// `Vocabulary.decodeAll (Vocabulary.characters "ab") (PaddedRows.ofRows 0.0 [ Tensor.vector [ 1; 2 ] ])`
    let decodeAll (vocabulary: Vocabulary) (rows: PaddedRows) : string list =
        PaddedRows.toRows rows |> List.map vocabulary.Decode

    /// Examples for a model of language from numbers `[n]`: inputs of `length` numbers in a row, targets the same one
    /// place later, both `[examples; length]`; they share no place. `Vocabulary.examples 32 numbers`
    let examples (length: int) (numbers: Tensor) : Dataset =
        if length < 1 || numbers.Rank <> 1 || numbers.Size <= length then
            Refuse.domain
                "Vocabulary.examples"
                $"length %d{length} of {numbers.Shape} numbers"
                "a length of 1 or more, and a vector that is longer"
                "shorten the length"

        let count = (numbers.Size - 1) / length

        let part first =
            Rows.take "Vocabulary.examples" (Array.init (count * length) (fun i -> i + first)) numbers

        Dataset(Tensor.reshape [ count; length ] (part 0), Tensor.reshape [ count; length ] (part 1))

    let private format, private version = "DL1 vocabulary", 1

    let private fields =
        JsonFields(
            "Vocabulary.ofJson",
            "format, version, kind, lowerCase, bounds, padding and pieces",
            "read what Vocabulary.toJson or Vocabulary.save has written"
        )

    /// The vocabulary as JSON, which `ofJson` reads: its pieces with their counts, and its options. The same vocabulary gives the
    /// same text. `Vocabulary.toJson (Vocabulary.characters "aab")`
    let toJson (vocabulary: Vocabulary) : string =
        use bytes = new MemoryStream()

        do
            use json = new Utf8JsonWriter(bytes)
            json.WriteStartObject()
            json.WriteString("format", format)
            json.WriteNumber("version", version)
            json.WriteString("kind", vocabulary.Kind)
            json.WriteBoolean("lowerCase", vocabulary.Lowers)
            json.WriteBoolean("bounds", vocabulary.End.HasValue)
            json.WriteBoolean("padding", vocabulary.Padding.HasValue)
            json.WriteStartArray "pieces"

            for piece, count in vocabulary.Counted do
                json.WriteStartArray()
                json.WriteStringValue piece
                json.WriteNumberValue count
                json.WriteEndArray()

            json.WriteEndArray()
            json.WriteEndObject()

        Encoding.UTF8.GetString(bytes.ToArray())

    let private pieceOf (e: JsonElement) : string * int64 =
        let refuse () =
            fields.Refuse($"{e.GetRawText()} among the pieces", "a piece and how often it was met, 1 or more")

        if
            e.ValueKind <> JsonValueKind.Array
            || e.GetArrayLength() <> 2
            || e[0].ValueKind <> JsonValueKind.String
            || e[1].ValueKind <> JsonValueKind.Number
        then
            refuse ()
        else
            match e[0].GetString(), e[1].TryGetInt64() with
            | null, _ -> refuse ()
            | piece, (true, count) when count > 0L && piece <> "" -> piece, count
            | _ -> refuse ()

    /// A vocabulary from JSON. What is no such text, of another version, or has a piece twice is a `FormatError`.
    /// `Vocabulary.ofJson (Vocabulary.toJson (Vocabulary.characters "aab"))`
    let ofJson (json: string) : Vocabulary =
        use document = fields.Parse json
        let root = document.RootElement
        fields.Require(root, format, version)

        let pieces =
            fields.Field(root, "pieces", JsonValueKind.Array).EnumerateArray()
            |> Seq.map pieceOf
            |> List.ofSeq

        let kind = fields.Text(root, "kind")

        match
            ofKind
                kind
                (fields.Flag(root, "bounds"))
                (fields.Flag(root, "padding"))
                (fields.Flag(root, "lowerCase"))
                pieces
        with
        | None -> fields.Refuse($"pieces that are {kind}", "characters, words, or words without punctuation")
        | Some vocabulary ->
            match vocabulary.Pieces |> Seq.countBy id |> Seq.tryFind (fun (_, n) -> n > 1) with
            | Some(piece, n) -> fields.Refuse($"the piece {piece} %d{n} times", "each piece once")
            | None -> vocabulary

    /// Writes the vocabulary to a file, whole or not at all. `Vocabulary.save path (Vocabulary.characters "aab")`
    let save (path: string) (vocabulary: Vocabulary) : unit = AtomicFile.writeText path (toJson vocabulary)

    /// A vocabulary from a file that `save` has written; what is wrong with it, or that it is not there, is a `FormatError`.
    /// `Vocabulary.load path`
    let load (path: string) : Vocabulary = ofJson (fields.Read(path, "a file of a vocabulary"))
