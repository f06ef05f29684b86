/// Skip-grams and the questions to word vectors.
module DL1.Tests.WordTests

open System
open DL1
open DL1.Tests.Law
open Expecto

let private text = "the cat sat on the mat and the dog sat on the cat"
let private words = Vocabulary.words 100 text
let private pairsOf options seed texts = SkipGrams.ofTexts options (Key.ofSeed seed) words texts

/// Words and what they are compared with, as arrays.
let private read (data: Dataset) =
    let compared = data.NamedInputs["2"]
    data.NamedInputs["1"].ToArray<int64>(), compared.ToArray<int64>() |> Array.chunkBySize compared.Shape[1]

let private skipGrams =
    [
        law "pairs are those of the definition, in the order of the text" (fun (places: int list) window ->
            let window = 1 + abs (window % 4)
            let tokens = places |> List.map (fun i -> 1 + abs (i % (words.Count - 1)))
            let text = tokens |> List.map (fun i -> words.Pieces[i]) |> String.concat " "

            let expected =
                [
                    for i in 0 .. tokens.Length - 1 do
                        for j in 0 .. tokens.Length - 1 do
                            if i <> j && abs (i - j) <= window then
                                int64 tokens[i], int64 tokens[j]
                ]

            let options = { SkipGrams.options with Window = window; Negatives = 0 }

            if expected.IsEmpty then
                Expect.throwsT<DomainError> (fun () -> pairsOf options 1L [ text ] |> ignore) "no pair"
                true
            else
                let centres, compared = read (pairsOf options 1L [ text ])
                List.zip (List.ofArray centres) [ for row in compared -> row[0] ] = expected)
        law "a key gives one data set; labels are 1 for the neighbour alone" (fun (seed: int64) negatives ->
            let options = { SkipGrams.options with Negatives = abs (negatives % 5); Subsampling = 0.3 }
            let data = pairsOf options seed [ text; text ]
            let again = pairsOf options seed [ text; text ]
            let labels = Tensor.toFloats data.Targets |> Array.chunkBySize (1 + options.Negatives)

            Seq.forall2
                (fun a b -> Tensor.Equals(a, b))
                (Tree.values data.NamedInputs)
                (Tree.values again.NamedInputs)
            && labels |> Array.forall (fun row -> row[0] = 1.0 && Array.sum row = 1.0))
        test "negatives are drawn by counts to the power" {
            for power in [ 0.0; 0.75; 1.0 ] do
                let options = { SkipGrams.options with Negatives = 2000; Power = power; Window = 1 }
                let _, compared = read (pairsOf options 3L [ text ])
                let drawn = compared |> Array.collect Array.tail

                let weights =
                    Seq.toArray words.Counts |> Array.map (fun n -> if n > 0L then float n ** power else 0.0)

                let total = Array.sum weights

                for i in 0 .. words.Count - 1 do
                    let share =
                        float (drawn |> Array.filter ((=) (int64 i)) |> Array.length) / float drawn.Length

                    let due = weights[i] / total
                    // Five standard deviations.
                    let near = 5.0 * sqrt (due * (1.0 - due) / float drawn.Length)

                    Expect.isLessThanOrEqual
                        (abs (share - due))
                        near
                        $"{words.Pieces[i]} at the power {power}"
        }
        test "common words are left out by √(threshold / share), before neighbours are looked for" {
            // "the" is one half of a long text.
            let text = String.replicate 2000 "the cat the dog "
            let v = Vocabulary.words 10 text
            let options = { SkipGrams.options with Window = 1; Negatives = 0; Subsampling = 0.02 }
            let centres, _ = read (SkipGrams.ofTexts options (Key.ofSeed 1L) v [ text ])
            let share (word: string) = centres |> Array.filter ((=) (v.IndexOf word)) |> Array.length |> float
            // 4000·√(0.02/0.5) of "the" and 2000·√(0.02/0.25) of "cat", twice each: as a left and as a right neighbour.
            Expect.isLessThan (abs (share "the" / (2.0 * 4000.0 * 0.2) - 1.0)) 0.1 "the"
            Expect.isLessThan (abs (share "cat" / (2.0 * 2000.0 * sqrt 0.08) - 1.0)) 0.1 "cat"
        }
        test "marks and unknown words are no neighbours" {
            let v = Vocabulary.wordsWith { Vocabulary.options with Bounds = true } [ "a b" ]
            let options = { SkipGrams.options with Window = 1; Negatives = 1 }
            let centres, compared = read (SkipGrams.ofTexts options (Key.ofSeed 1L) v [ "a x b" ])
            Expect.equal centres [| v.IndexOf "a"; v.IndexOf "b" |] "words"

            Expect.isTrue
                (compared |> Array.concat |> Array.forall (fun i -> v.Counts[int i] > 0L))
                "compared"
        }
        test "what is out of range is refused" {
            for options in
                [
                    { SkipGrams.options with Window = 0 }
                    { SkipGrams.options with Negatives = -1 }
                    { SkipGrams.options with Subsampling = nan }
                    { SkipGrams.options with Power = 1.5 }
                ] do
                Expect.throwsT<DomainError> (fun () -> pairsOf options 1L [ text ] |> ignore) (string options)

            let most = { SkipGrams.options with Negatives = Int32.MaxValue; Window = Int32.MaxValue }
            Expect.throwsT<ShapeError> (fun () -> pairsOf most 1L [ text ] |> ignore) "too many"

            Expect.throwsT<DomainError>
                (fun () -> pairsOf SkipGrams.options 1L [ "cat"; "x" ] |> ignore)
                "no pair"
        }
        test "a skip-gram model learns who stands near whom" {
            let text = String.replicate 40 "a b a b a b . c d c d c d . "
            let v = Vocabulary.wordsWith { Vocabulary.options with Punctuation = false } [ text ]
            let options = { SkipGrams.options with Window = 1; Negatives = 3 }
            let data = SkipGrams.ofTexts options (Key.ofSeed 1L) v (text.Split '.')

            let learner =
                Learner.createOf
                    (Embedding.skipGram v.Count 8)
                    (fun (y: Expr) (s: Expr) -> Loss.bceWithLogits Reduction.Mean y s)
                    (Optimizer.adam 0.05)

            let fitted = Fit.run { Fit.options (Key.ofSeed 1L) with Epochs = 5 } learner data
            let parameters = fitted.Trained.Parameters

            let score (a: string) (b: string) =
                let row name (word: string) =
                    Tensor.toFloats parameters[name]
                    |> Array.chunkBySize 8
                    |> Array.item (int (v.IndexOf word))

                Array.fold2 (fun sum x y -> sum + x * y) 0.0 (row "words" a) (row "contexts" b)

            Expect.isGreaterThan (score "a" "b") (score "a" "d" + 1.0) "b is near a"
            Expect.isGreaterThan (score "c" "d") (score "c" "b" + 1.0) "d is near c"
        }
    ]

let private vectors =
    // man, king, woman, queen and one that is far: sex on the first axis, rank on the second.
    let v = Vocabulary.words 10 "man man man man man king king king king woman woman woman queen queen x"

    let rows =
        Tensor.ofArray
            [ 6; 3 ]
            [| 0.; 0.; 0.; 1.; 0.1; 0.; 1.; 1.; 0.; -1.; 0.1; 0.; -1.; 1.; 0.; 0.; 0.; 5. |]

    [
        test "neighbours by cosine, the nearest first, the word not among them" {
            let found = WordVectors.nearest 3 v rows "king"
            Expect.equal (found |> List.map _.Word) [ "man"; "queen"; "x" ] "words"
            let cosine = (1.0 + 0.1) / (sqrt 2.0 * sqrt 1.01)
            Expect.isLessThan (abs (found[0].Similarity - cosine)) 1e-15 "the cosine"

            Expect.equal
                (found[1].Similarity, found[2].Similarity)
                (0.0, 0.0)
                "equal ones: the commoner first"

            Expect.equal (WordVectors.nearest 99 v rows "king").Length 4 "no more than there are, no marks"
        }
        test "man is to king as woman is to queen" {
            Expect.equal (WordVectors.analogy 1 v rows "man" "king" "woman").Head.Word "queen" "analogy"
        }
        law "cosines do not depend on the lengths of vectors" (fun (scale: float) ->
            let s =
                if Double.IsFinite scale && scale <> 0.0 then
                    max 1e-300 (min 1e300 (abs scale))
                else
                    1.0

            let scaled = Tensor.compute (fun x -> x * s) rows

            List.forall2
                (fun (a: Neighbour) (b: Neighbour) ->
                    a.Word = b.Word && abs (a.Similarity - b.Similarity) < 1e-12)
                (WordVectors.nearest 4 v rows "man")
                (WordVectors.nearest 4 v scaled "man"))
        test "what is no word, no vectors and no count is refused" {
            Expect.throwsT<DomainError> (fun () -> WordVectors.nearest 1 v rows "dog" |> ignore) "unknown"
            Expect.throwsT<DomainError> (fun () -> WordVectors.nearest 1 v rows "�" |> ignore) "the mark"
            Expect.throwsT<DomainError> (fun () -> WordVectors.nearest 0 v rows "man" |> ignore) "count"
            let other = Tensor.zeros DType.F32 [ 5; 3 ]
            Expect.throwsT<ShapeError> (fun () -> WordVectors.nearest 1 v other "man" |> ignore) "rows"
            let infinite = Tensor.full DType.F32 [ 6; 3 ] infinity

            Expect.throwsT<DomainError>
                (fun () -> WordVectors.nearest 1 v infinite "man" |> ignore)
                "infinite"
        }
    ]

let tests = testList "Words" (skipGrams @ vectors)
