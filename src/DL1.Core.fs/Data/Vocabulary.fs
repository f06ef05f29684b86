namespace DL1

open System
open System.Collections.Generic
open System.Text

/// The pieces that texts are made of, numbered; 0 is for what was not met when the vocabulary was made.
[<Sealed>]
type Vocabulary internal (pieces: string[], cut: string -> string list, joint: string) =
    let numbers = Dictionary<string, int>(StringComparer.Ordinal)
    do pieces |> Array.iteri (fun i piece -> numbers[piece] <- i)
    /// What stands for a piece that is not in the vocabulary: the piece with the number 0.
    static member Unknown = "�"
    /// The pieces by their numbers.
    member _.Pieces: IReadOnlyList<string> = pieces
    /// How many pieces there are, the unknown one counted.
    member _.Count = pieces.Length

    /// The numbers of a text's pieces, i64 `[pieces]`. `vocabulary.Encode "abc"`
    member _.Encode(text: string) : Tensor =
        cut text
        |> List.map (fun piece ->
            match numbers.TryGetValue piece with
            | true, i -> int64 i
            | false, _ -> 0L)
        |> Tensor.vector

    /// The text of numbers; one that is no piece's is a `DomainError`. `vocabulary.Decode numbers`
    member _.Decode(numbers: Tensor) : string =
        Elements.toIntegers numbers.Elements
        |> Array.map (fun i ->
            if i < 0L || i >= int64 pieces.Length then
                Refuse.domain
                    "Vocabulary.Decode"
                    $"the number %d{i}"
                    $"a number from 0 to %d{pieces.Length - 1}"
                    "decode what this vocabulary encoded"

            pieces[int i])
        |> String.concat joint

/// Vocabularies of characters and of words.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Vocabulary =
    /// A text's characters, whole code points.
    let private runes (text: string) = [ for rune in text.EnumerateRunes() -> rune.ToString() ]

    /// Words are runs of letters, digits and apostrophes; any other character that is no blank is a piece by itself.
    let private wordsOf (text: string) : string list =
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

                if not (Rune.IsWhiteSpace rune) then
                    pieces.Add(rune.ToString())

        flush ()
        List.ofSeq pieces

    /// The commonest pieces first; of those met equally often, in the order of their characters.
    let private ranked most cut (text: string) =
        cut text
        |> List.countBy id
        |> List.sortWith (fun (a, m) (b, n) -> if m <> n then compare n m else String.CompareOrdinal(a, b))
        |> List.truncate most
        |> List.map fst
        |> List.filter (fun piece -> piece <> Vocabulary.Unknown)

    /// The characters of a text, the commonest first; numbers are decoded to the same text.
    /// `(Vocabulary.characters "abca").Encode "cab"`
    let characters (text: string) : Vocabulary =
        Vocabulary(Array.ofList (Vocabulary.Unknown :: ranked Int32.MaxValue runes text), runes, "")

    /// The `most` commonest words and marks of a text as they are written; numbers are decoded with blanks between.
    /// `(Vocabulary.words 1000 "the cat, the dog").Encode "the cat"`
    let words (most: int) (text: string) : Vocabulary =
        if most < 1 then
            Refuse.domain "Vocabulary.words" $"at most %d{most} words" "1 or more" "10000 is usual"

        Vocabulary(Array.ofList (Vocabulary.Unknown :: ranked most wordsOf text), wordsOf, " ")

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
