/// Texts as numbers: byte pairs lose nothing and are refused where a file is wrong; vocabularies count, and know their
/// marks; rows of different lengths come back from their padding.
module DL1.Tests.VocabularyTests

open DL1
open DL1.Tests.Law
open Expecto

let private whole (pieces: char list) =
    let text = System.String(Array.ofList pieces)
    text.EnumerateRunes() |> Seq.map string |> String.concat ""

let private taught =
    "the cat and the dog, then the other cat; das Kätzchen ist größer 猫猫猫猫 \U0001F408\U0001F408"

let private bytePairs =
    testList
        "BytePairs"
        [
            law "any text is decoded to itself" (fun (pieces: char list) (own: char list) ->
                let pairs = BytePairs.train 300 (taught + whole own)

                [ whole pieces; taught; whole own + taught ]
                |> List.forall (fun text -> pairs.Decode(BytePairs.encode pairs text) = text))
            law "JSON holds all of it, to the byte" (fun (own: char list) ->
                let pairs = BytePairs.train 290 (taught + whole own)
                let json = BytePairs.toJson pairs
                let again = BytePairs.ofJson json

                BytePairs.toJson again = json
                && BytePairs.encode again taught = BytePairs.encode pairs taught)
            law
                "merges and encodings are those of the algorithm as it is written down"
                (fun (own: byte list) ->
                    // Words of a few letters, apart by line ends, across which nothing is merged.
                    let words =
                        own
                        |> List.map (fun b ->
                            String.init (1 + int b % 7) (fun i -> "abc".Substring((int b / (i + 1)) % 3, 1)))

                    let text = String.concat "\n" words
                    let pairs = BytePairs.train 275 text
                    let numbers (word: string) = [ for c in word -> int c ]

                    let rec merge (a, b) n =
                        function
                        | x :: y :: rest when (x, y) = (a, b) -> n :: merge (a, b) n rest
                        | x :: rest -> x :: merge (a, b) n rest
                        | [] -> []

                    let rec learn n (pieces: int list list) =
                        match pieces |> List.collect List.pairwise |> List.countBy id with
                        | [] -> []
                        | _ when n = 272 -> []
                        | counted ->
                            let pair, times = counted |> List.minBy (fun (pair, times) -> -times, pair)

                            if times < 2 then
                                []
                            else
                                (pair, n) :: learn (n + 1) (pieces |> List.map (merge pair n))

                    let merges = learn 256 (words |> List.map numbers)
                    let shown = merges |> List.map (fun ((a, b), _) -> $"[%d{a},%d{b}]") |> String.concat ","

                    let encoded (word: string) =
                        merges |> List.fold (fun piece (pair, n) -> merge pair n piece) (numbers word)

                    (BytePairs.toJson pairs).EndsWith $"\"merges\":[{shown}]}}"
                    && words
                       |> List.forall (fun word ->
                           let found = Tensor.toArray<int64>(BytePairs.encode pairs word)
                           List.ofArray found = (encoded word |> List.map int64)))
            test "the commonest pair is merged first, as in the paper's example" {
                let words =
                    [
                        for word, n in [ "low", 5; "lower", 2; "newest", 6; "widest", 3 ] ->
                            String.replicate n (word + "\n")
                    ]

                let pairs = BytePairs.train 262 (String.concat "" words)
                // es, then est; then lo before ow, which is met as often.
                Expect.stringEnds (BytePairs.toJson pairs) "[[101,115],[256,116],[108,111]]}" ""
            }
            test "numbers of begin, end and padding follow the pieces, and are no text" {
                let pairs = BytePairs.train 260 "lolo"
                Expect.equal (pairs.Begin, pairs.End, pairs.Padding, pairs.Count) (257, 258, 259, 260) ""
                Expect.equal (pairs.Decode(Tensor.vector [ 257L; 256L; 258L; 259L ])) "lo" ""
                Expect.equal (pairs.Decode(Tensor.vector [ 0xC3L ])) "�" "half a character"
                Expect.equal (BytePairs.encode pairs "").Size 0 "nothing"
            }
            test "long runs are cut, and read back" {
                let text = System.String('a', 5000) + String.replicate 1001 "\U0001F408"
                let pairs = BytePairs.train 400 text
                let again = BytePairs.ofJson (BytePairs.toJson pairs)
                Expect.equal (again.Decode(BytePairs.encode again text)) text ""
            }
            test "what no training gives is refused" {
                let refuses (json: string) =
                    Expect.throwsT<FormatError> (fun () -> BytePairs.ofJson json |> ignore) json

                let of' merges = $"{{\"format\":\"DL1 byte pairs\",\"version\":1,\"merges\":{merges}}}"
                Expect.equal (BytePairs.ofJson (of' "[]")).Count 259 "no pairs"

                for json in
                    [
                        ""
                        "[]"
                        "{}"
                        "{\"format\":\"other\",\"version\":1,\"merges\":[]}"
                        "{\"format\":\"DL1 byte pairs\",\"version\":2,\"merges\":[]}"
                        of' "{}"
                        of' "[1]"
                        of' "[[1]]"
                        of' "[[1,2,3]]"
                        of' "[[1,256]]"
                        of' "[[-1,2]]"
                        of' "[[1.5,2]]"
                        of' "[[\"a\",2]]"
                        of' "[[1,2],[1,2]]"
                        of' ("[[0,0]" + String.concat "" [ for i in 256..300 -> $",[%d{i},%d{i}]" ] + "]")
                    ] do
                    refuses json

                Expect.throwsT<DomainError> (fun () -> BytePairs.train 258 "a" |> ignore) "too few"

                Expect.throwsT<DomainError>
                    (fun () -> BytePairs.train 300 (string (char 0xD800)) |> ignore)
                    "half a pair"

                let pairs = BytePairs.train 259 "a"

                Expect.throwsT<DomainError>
                    (fun () -> BytePairs.encode pairs ("a" + string (char 0xD800)) |> ignore)
                    "half a pair"

                Expect.throwsT<DomainError>
                    (fun () -> pairs.Decode(Tensor.vector [ 259L ]) |> ignore)
                    "no piece"

                Expect.throwsT<DomainError>
                    (fun () -> pairs.Decode(Tensor.vector [ -1L ]) |> ignore)
                    "no piece"
            }
        ]

let private vocabularies =
    testList
        "Vocabulary with options"
        [
            law
                "JSON holds all of it, to the byte"
                (fun (own: char list) lower bounds padding isWords marks ->
                    let options =
                        { Vocabulary.options with
                            LowerCase = lower
                            Bounds = bounds
                            Padding = padding
                            Punctuation = marks || not isWords
                        }

                    let make = if isWords then Vocabulary.wordsWith else Vocabulary.charactersWith
                    let v = make options [ taught; whole own ]
                    let again = Vocabulary.ofJson (Vocabulary.toJson v)

                    Vocabulary.toJson again = Vocabulary.toJson v
                    && List.ofSeq again.Pieces = List.ofSeq v.Pieces
                    && List.ofSeq again.Counts = List.ofSeq v.Counts
                    && (again.Padding, again.Begin, again.End) = (v.Padding, v.Begin, v.End)
                    && again.Encode taught = v.Encode taught
                    && again.Decode(again.Encode taught) = v.Decode(v.Encode taught))
            test "JSON that is no vocabulary is refused" {
                let good = Vocabulary.toJson (Vocabulary.characters "ab")

                for json in
                    [
                        ""
                        "[]"
                        "{}"
                        good.Replace("DL1 vocabulary", "other")
                        good.Replace("\"version\":1", "\"version\":2")
                        good.Replace("characters", "lines")
                        good.Replace("\"padding\":false", "\"padding\":0")
                        good.Replace("[\"b\",1]", "[\"a\",1]")
                        good.Replace("[\"b\",1]", "[\"b\",0]")
                        good.Replace("[\"b\",1]", "[\"\",1]")
                        good.Replace("[\"b\",1]", "[\"b\",1.5]")
                        good.Replace("[\"b\",1]", "[1,\"b\"]")
                        good.Replace("[\"b\",1]", "[\"b\"]")
                        good.Replace("[\"b\",1]", "\"b\"")
                    ] do
                    Expect.throwsT<FormatError> (fun () -> Vocabulary.ofJson json |> ignore) json
            }
            test "words without punctuation" {
                let bare = { Vocabulary.options with Punctuation = false }
                let v = Vocabulary.wordsWith bare [ "The cat, the dog. It's 3!" ]
                Expect.equal (List.ofSeq v.Pieces) [ "�"; "3"; "It's"; "The"; "cat"; "dog"; "the" ] "pieces"

                Expect.equal
                    (v.Decode(v.Encode "the dog, (3)"))
                    "the dog 3"
                    "nothing unknown is left of marks"

                Expect.equal (string v) "7 pieces, words without punctuation" "its kind"

                Expect.throwsT<DomainError>
                    (fun () -> Vocabulary.charactersWith bare [ "a" ] |> ignore)
                    "characters have none"
            }
            test "counts, least count, small letters and marks" {
                let options =
                    { Vocabulary.options with Least = 2; LowerCase = true; Bounds = true; Padding = true }

                let v = Vocabulary.wordsWith options [ "The cat"; "the CAT"; "a dog" ]

                Expect.equal
                    (List.ofSeq v.Pieces)
                    [ "�"; "<padding>"; "<begin>"; "<end>"; "cat"; "the" ]
                    "pieces"

                Expect.equal (List.ofSeq v.Counts) [ 0L; 0L; 0L; 0L; 2L; 2L ] "counts"

                Expect.equal
                    (v.Padding, v.Begin, v.End)
                    (System.Nullable 1, System.Nullable 2, System.Nullable 3)
                    "marks"

                Expect.equal (v.IndexOf "Cat", v.IndexOf "dog") (4L, 0L) "index"
                Expect.equal (v.Encode "THE dog") (Tensor.vector [ 2L; 5L; 0L; 3L ]) "encoded"
                Expect.equal (v.Decode(Tensor.vector [ 2L; 5L; 0L; 3L; 1L ])) "the �" "decoded"
                let rows = Vocabulary.encodeAll v [ "the cat"; "" ]
                Expect.equal rows.Values (Tensor.ofArray [ 2; 4 ] [| 2L; 5L; 4L; 3L; 2L; 3L; 1L; 1L |]) "rows"
                Expect.equal rows.Lengths (Tensor.vector [ 4L; 2L ]) "lengths"
                let plain = Vocabulary.characters "abc"

                Expect.isFalse
                    (plain.Begin.HasValue || plain.End.HasValue || plain.Padding.HasValue)
                    "no marks"

                Expect.throwsT<DomainError>
                    (fun () -> Vocabulary.encodeAll plain [ "a" ] |> ignore)
                    "no padding"

                Expect.throwsT<DomainError> (fun () -> Vocabulary.encodeTo 0 v [ "a" ] |> ignore) "no length"

                Expect.throwsT<DomainError>
                    (fun () -> Vocabulary.wordsWith { options with Least = 0 } [] |> ignore)
                    "least"
            }
        ]

let private rows =
    testList
        "PaddedRows"
        [
            law "rows come back from their padding" (fun (rows: (int64 list) list) length ->
                let rows = [ 1L ] :: rows
                let length = 1 + abs (length % 5)

                let back (p: PaddedRows) =
                    let values, real = Tensor.toArray<int64> p.Values, Tensor.toArray<bool> p.IsReal

                    Array.zip values real
                    |> Array.chunkBySize p.Values.Shape[1]
                    |> Array.map (fun row ->
                        [
                            for v, isReal in row do
                                if isReal then
                                    v
                        ])
                    |> List.ofArray

                let tensors = rows |> List.map Tensor.vector
                let padded = PaddedRows.ofRows 9.0 tensors

                back padded = rows
                && PaddedRows.toRows padded = tensors
                && List.ofSeq (Tensor.toArray<int64> padded.Lengths) =
                    (rows |> List.map (List.length >> int64))
                && back (PaddedRows.toLength length 9.0 tensors) = (rows |> List.map (List.truncate length)))
            test "rows with features; rows that do not belong together" {
                let p =
                    PaddedRows.ofRows -1.0 [ Tensor.ones DType.F32 [ 1; 2 ]; Tensor.zeros DType.F32 [ 2; 2 ] ]

                Expect.equal p.Values (Tensor.ofArray [ 2; 2; 2 ] [| 1f; 1f; -1f; -1f; 0f; 0f; 0f; 0f |]) ""

                let refuses (rows: Tensor list) =
                    Expect.throwsT<ShapeError> (fun () -> PaddedRows.ofRows 0.0 rows |> ignore) ""

                refuses [ Tensor.ones DType.F32 [ 1; 2 ]; Tensor.ones DType.F32 [ 1; 3 ] ]
                refuses [ Tensor.ones DType.F32 [ 1 ]; Tensor.ones DType.F64 [ 1 ] ]
                refuses [ Tensor.scalar 1.0 ]
                Expect.throwsT<DomainError> (fun () -> PaddedRows.ofRows 0.0 [] |> ignore) "no row"
            }
        ]

let tests = testList "Vocabulary" [ bytePairs; vocabularies; rows ]
