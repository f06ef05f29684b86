namespace DL1

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Text.Json

/// Byte pairs that were merged, in the order in which a text taught them (Sennrich et al. 2016): numbers 0 to 255 are the
/// bytes of UTF-8, the numbers after them the merged pairs, and the last three begin, end and padding. Any text of whole
/// characters is encoded, none is unknown, and it is decoded to itself.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type BytePairs internal (merges: struct (int * int)[]) =
    let pieces = Array.zeroCreate<byte[]>(256 + merges.Length)
    let ranks = Dictionary<struct (int * int), int>()

    do
        for i in 0..255 do
            pieces[i] <- [| byte i |]

        merges
        |> Array.iteri (fun i (struct (left, right) as pair) ->
            pieces[256 + i] <- Array.append pieces[left] pieces[right]
            ranks.TryAdd(pair, 256 + i) |> ignore)

    member internal _.Merges = merges
    member internal _.Ranks = ranks
    /// How many numbers there are: 256 bytes, the merged pairs, begin, end and padding.
    member _.Count = pieces.Length + 3
    /// The number that begins a text.
    member _.Begin = pieces.Length
    /// The number that ends a text.
    member _.End = pieces.Length + 1
    /// The number of padding.
    member _.Padding = pieces.Length + 2

    /// How many bytes and pairs there are: `259 numbers, 0 pairs merged`.
    override this.ToString() = $"%d{this.Count} numbers, %d{merges.Length} pairs merged"
    member internal this.Display = this.ToString()

    /// The text of numbers; begin, end and padding are none of it. A number that is none of these is a `DomainError`;
    /// where numbers end inside a character, the character is �. `pairs.Decode numbers`
    member this.Decode(numbers: Tensor) : string =
        use bytes = new MemoryStream()

        for i in Elements.toIntegers numbers.Elements do
            if i < 0L || i >= int64 this.Count then
                Refuse.domain
                    "BytePairs.Decode"
                    $"the number %d{i}"
                    $"a number from 0 to %d{this.Count - 1}"
                    "decode what these pairs encoded"

            if i < int64 pieces.Length then
                bytes.Write(pieces[int i], 0, pieces[int i].Length)

        Encoding.UTF8.GetString(bytes.ToArray())

/// Byte-pair encoding: texts as numbers of pieces that a text has taught.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module BytePairs =
    let private strict = UTF8Encoding(false, true)

    let private bytesOf (operation: string) (text: string) : byte[] =
        try
            strict.GetBytes text
        with :? EncoderFallbackException ->
            Refuse.domain
                operation
                $"half a pair of surrogates in a piece of %d{text.Length} characters"
                "a text of whole characters"
                "read the text in its encoding anew, or cut it between characters"

    /// Characters of a chunk, and the bytes that they take at most.
    let private longestChunk, private longestPiece = 1000, 3000

    /// Letters and digits of one run with the blank before it, or a run of anything else: no pair is merged across them.
    let private chunks (text: string) : List<string> =
        let isWord i = Char.IsLetterOrDigit text[i] || Char.IsSurrogate text[i]
        let isBlankOfWord i = text[i] = ' ' && i + 1 < text.Length && isWord (i + 1)
        let found = List<string>()
        let mutable start = 0

        while start < text.Length do
            let first = if isBlankOfWord start then start + 1 else start
            let mutable stop = first + 1

            if isWord first then
                while stop < text.Length && isWord stop do
                    stop <- stop + 1
            else
                while stop < text.Length && not (isWord stop) && not (isBlankOfWord stop) do
                    stop <- stop + 1

            // Long runs are cut, so that a piece has an end; a pair of surrogates is not.
            let most = start + longestChunk

            if stop > most then
                stop <- (if Char.IsLowSurrogate text[most] then most - 1 else most)

            found.Add(text.Substring(start, stop - start))
            start <- stop

        found

    /// A chunk's numbers with every occurrence of a pair merged, from left to right.
    let private merged (struct (left, right)) number (piece: int[]) : int[] =
        let found = List<int>(piece.Length)
        let mutable i = 0

        while i < piece.Length do
            if i + 1 < piece.Length && piece[i] = left && piece[i + 1] = right then
                found.Add number
                i <- i + 2
            else
                found.Add piece[i]
                i <- i + 1

        found.ToArray()

    let private pairsOf (piece: int[]) = Array.pairwise piece |> Array.map (fun (a, b) -> struct (a, b))

    /// What is learnt as training goes on: the chunks as they are now, how often each is met, how often each pair is, and
    /// where.
    [<NoEquality; NoComparison>]
    type private Tally =
        {
            Pieces: int[][]
            Times: int64[]
            Counts: Dictionary<struct (int * int), int64>
            Places: Dictionary<struct (int * int), HashSet<int>>
        }

    let private note (tally: Tally) sign chunk =
        for pair in pairsOf tally.Pieces[chunk] do
            let known =
                match tally.Counts.TryGetValue pair with
                | true, n -> n
                | false, _ -> 0L

            let count = known + sign * tally.Times[chunk]

            if count = 0L then
                tally.Counts.Remove pair |> ignore
            else
                tally.Counts[pair] <- count

            if sign > 0L then
                match tally.Places.TryGetValue pair with
                | true, places -> places.Add chunk |> ignore
                | false, _ -> tally.Places[pair] <- HashSet [ chunk ]

    /// The pair that is met most often, of those met equally often the one of the lowest numbers.
    let private commonest (tally: Tally) =
        let mutable best, most = struct (0, 0), 1L

        for entry in tally.Counts do
            if entry.Value > most || entry.Value = most && most > 1L && entry.Key < best then
                best <- entry.Key
                most <- entry.Value

        if most > 1L then ValueSome best else ValueNone

    /// Learns from a text: the commonest pair of neighbours is merged into one number, again and again, until there are
    /// `size` numbers, the bytes and the three of begin, end and padding counted, or no pair is met twice. A size below
    /// 259 is a `DomainError`. `BytePairs.train 270 "low lower lowest, new newer newest"`
    let train (size: int) (text: string) : BytePairs =
        if size < 259 then
            Refuse.domain
                "BytePairs.train"
                $"%d{size} numbers"
                "259 or more: 256 bytes, begin, end and padding"
                "a few thousand are usual"

        let counted = chunks text |> Seq.countBy id |> Array.ofSeq

        let tally =
            {
                Pieces = counted |> Array.map (fst >> bytesOf "BytePairs.train" >> Array.map int)
                Times = counted |> Array.map (snd >> int64)
                Counts = Dictionary()
                Places = Dictionary()
            }

        for chunk in 0 .. counted.Length - 1 do
            note tally 1L chunk

        let merges = List<struct (int * int)>()
        let mutable next = commonest tally

        while merges.Count < size - 259 && next.IsSome do
            let pair = next.Value
            let number = 256 + merges.Count
            merges.Add pair

            for chunk in Seq.toArray tally.Places[pair] do
                note tally -1L chunk
                tally.Pieces[chunk] <- merged pair number tally.Pieces[chunk]
                note tally 1L chunk

            tally.Places.Remove pair |> ignore
            next <- commonest tally

        BytePairs(merges.ToArray())

    /// A chunk's numbers: of its neighbours, those that were merged first are merged first.
    let rec private join (pairs: BytePairs) (piece: int[]) : int[] =
        let known =
            pairsOf piece
            |> Array.choose (fun pair ->
                match pairs.Ranks.TryGetValue pair with
                | true, number -> Some(struct (number, pair))
                | false, _ -> None)

        if known.Length = 0 then
            piece
        else
            let struct (number, pair) = Array.min known
            join pairs (merged pair number piece)

    /// The numbers of a text, i64 `[pieces]`. Half a pair of surrogates is a `DomainError`.
    /// `BytePairs.encode (BytePairs.train 270 "low lower lowest, new newer newest") "lower"`
    let encode (pairs: BytePairs) (text: string) : Tensor =
        let seen = Dictionary<string, int[]>(StringComparer.Ordinal)

        let numbersOf (chunk: string) =
            Lookup.orAdd seen chunk (fun () ->
                bytesOf "BytePairs.encode" chunk |> Array.map int |> join pairs)

        chunks text |> Seq.collect numbersOf |> Seq.map int64 |> Tensor.vector

    /// Texts as the rows of one tensor, each between the numbers that begin and end it, filled with padding up to the longest.
    /// `BytePairs.encodeAll (BytePairs.train 260 "lolo") [ "lo"; "l" ]`
    let encodeAll (pairs: BytePairs) (texts: seq<string>) : PaddedRows =
        let number (n: int) = Tensor.vector [ int64 n ]

        texts
        |> Seq.map (fun text ->
            Rows.stack "BytePairs.encodeAll" [ number pairs.Begin; encode pairs text; number pairs.End ])
        |> PaddedRows.ofRows (float pairs.Padding)

    /// The texts of rows; begin, end and padding are none of them.
    /// `BytePairs.decodeAll (BytePairs.train 260 "lolo") (BytePairs.encodeAll (BytePairs.train 260 "lolo") [ "lo" ])`
    let decodeAll (pairs: BytePairs) (rows: PaddedRows) : string list =
        PaddedRows.toRows rows |> List.map pairs.Decode

    let private format, private version = "DL1 byte pairs", 1

    /// The pairs as JSON, which `ofJson` reads: `{"format":"DL1 byte pairs","version":1,"merges":[[108,111]]}`. The same
    /// pairs give the same text. `BytePairs.toJson (BytePairs.train 260 "lolo")`
    let toJson (pairs: BytePairs) : string =
        let merges = pairs.Merges |> Array.map (fun (struct (l, r)) -> $"[%d{l},%d{r}]") |> String.concat ","

        $"{{\"format\":\"{format}\",\"version\":%d{version},\"merges\":[{merges}]}}"

    let private fields =
        JsonFields(
            "BytePairs.ofJson",
            "format, version and merges",
            "read what BytePairs.toJson or BytePairs.save has written"
        )

    let private refuse (given: string) (expected: string) : 'r = fields.Refuse(given, expected)

    let private numberOf place most (e: JsonElement) =
        let mutable number = 0

        if
            e.ValueKind <> JsonValueKind.Number || not (e.TryGetInt32 &number) || number < 0 || number > most
        then
            refuse
                $"{e.GetRawText()} in pair %d{place}"
                $"a number from 0 to %d{most}, which is known by then"

        number

    let private mergeOf place (e: JsonElement) =
        if e.ValueKind <> JsonValueKind.Array || e.GetArrayLength() <> 2 then
            refuse $"{e.GetRawText()} as pair %d{place}" "a pair of numbers"

        struct (numberOf place (255 + place) e[0], numberOf place (255 + place) e[1])

    /// Pairs from JSON. What is no such text, of another version, or has a pair that no training could have merged is a
    /// `FormatError`. `BytePairs.ofJson (BytePairs.toJson (BytePairs.train 260 "lolo"))`
    let ofJson (json: string) : BytePairs =
        use document = fields.Parse json
        let root = document.RootElement
        fields.Require(root, format, version)

        let merges =
            fields.Field(root, "merges", JsonValueKind.Array).EnumerateArray()
            |> Seq.mapi mergeOf
            |> Array.ofSeq

        // A few pairs of pairs would fill any memory.
        let lengths = List<int>(Seq.replicate 256 1)

        merges
        |> Array.iteri (fun place (struct (l, r)) ->
            let length = lengths[l] + lengths[r]

            if length > longestPiece then
                refuse $"pair %d{place}, of %d{length} bytes" $"pieces of at most %d{longestPiece} bytes"

            lengths.Add length)

        match merges |> Array.countBy id |> Array.tryFind (fun (_, n) -> n > 1) with
        | Some(struct (l, r), n) -> refuse $"the pair [%d{l},%d{r}] %d{n} times" "each pair once"
        | None -> BytePairs merges

    /// Writes the pairs to a file, whole or not at all. `BytePairs.save path (BytePairs.train 260 "lolo")`
    let save (path: string) (pairs: BytePairs) : unit = AtomicFile.writeText path (toJson pairs)

    /// Pairs from a file that `save` has written; what is wrong with it, or that it is not there, is a `FormatError`.
    /// `BytePairs.load path`
    let load (path: string) : BytePairs = ofJson (fields.Read(path, "a file of byte pairs"))
