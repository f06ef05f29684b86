namespace DL1

open System
open System.Collections.Generic

/// How pairs of words are made of texts; `SkipGrams.options` is a start.
type SkipGramOptions =
    {
        /// How many places apart a word and its neighbour are at most, 1 or more.
        Window: int
        /// How many words are drawn at random for each pair, 0 or more.
        Negatives: int
        /// A word with the share f of all words is kept with the probability √(threshold / f), at most 1; all are where this is 0.
        Subsampling: float
        /// Words are drawn by their counts to this power, from 0 (evenly) to 1 (as often as they are met).
        Power: float
    }

/// Examples for word vectors by skip-gram with negative sampling (Mikolov et al. 2013): words with their neighbours, and
/// words drawn at random.
[<RequireQualifiedAccess>]
module SkipGrams =
    /// Up to 5 places apart, 5 words drawn for each pair by counts to the power 0.75, all words kept.
    /// `{ SkipGrams.options with Subsampling = 0.001 }`
    let options: SkipGramOptions = { Window = 5; Negatives = 5; Subsampling = 0.0; Power = 0.75 }

    let private operation = "SkipGrams.ofTexts"

    let private check (o: SkipGramOptions) (vocabulary: Vocabulary) =
        let isFrom low high (v: float) = v >= low && v <= high

        if
            o.Window < 1
            || o.Negatives < 0
            || not (isFrom 0.0 1.0 o.Subsampling)
            || not (isFrom 0.0 1.0 o.Power)
        then
            Refuse.domain
                operation
                $"a window of %d{o.Window}, %d{o.Negatives} negatives, subsampling %s{string o.Subsampling}, power %s{string o.Power}"
                "a window of 1 or more, 0 negatives or more, subsampling and power from 0 to 1"
                "5, 5, 0.001 and 0.75 are usual"

        if Seq.sum vocabulary.Counts = 0L then
            Refuse.domain
                operation
                "a vocabulary of no words"
                "one word at least"
                "make it of the texts that the pairs are made of"

    /// Numbers drawn with probabilities in proportion to weights.
    let private drawing (weights: float[]) (random: Random) : unit -> int64 =
        let sums = weights |> Array.scan (+) 0.0 |> Array.tail
        let last = Array.findIndexBack (fun w -> w > 0.0) weights

        fun () ->
            let at = random.NextDouble() * sums[last]
            let mutable low, high = 0, last

            // The first number whose sum is above what was drawn.
            while low < high do
                let middle = (low + high) / 2
                if sums[middle] > at then high <- middle else low <- middle + 1

            int64 low

    /// Pairs of words that stand near each other in a text, each with words drawn at random: inputs are the words, i64 `[pairs]`,
    /// and what they are compared with, i64 `[pairs; 1 + negatives]`, the neighbour first; targets are f32 `[pairs; 1 + negatives]`,
    /// 1 for the neighbour and 0 for the others. What is not in the vocabulary is left out before neighbours are looked for, and so
    /// are common words by chance; a word that is drawn may be the neighbour. Numbers out of their ranges, and texts without a
    /// pair, are a `DomainError`. `SkipGrams.ofTexts SkipGrams.options (Key.ofSeed 1L) words [ "the cat sat on the mat" ]`
    let ofTexts (o: SkipGramOptions) (key: Key) (vocabulary: Vocabulary) (texts: seq<string>) : Dataset =
        check o vocabulary
        let counts = Seq.toArray vocabulary.Counts |> Array.map float
        let total = Array.sum counts
        let keeping, drawing' = (let keys = Key.split 2 key in Key.toRandom keys[0], Key.toRandom keys[1])

        let isKept (word: int64) =
            let share = counts[int word] / total

            share > 0.0 && (o.Subsampling = 0.0 || keeping.NextDouble() < sqrt (o.Subsampling / share))

        let words, neighbours = List<int64>(), List<int64>()

        for text in Refuse.nulls "texts" texts do
            let read = (vocabulary.Encode text).ToArray<int64>() |> Array.filter isKept

            for i in 0 .. read.Length - 1 do
                let first = int (max 0L (int64 i - int64 o.Window))
                let last = int (min (int64 read.Length - 1L) (int64 i + int64 o.Window))

                for j in first..last do
                    if j <> i then
                        words.Add read[i]
                        neighbours.Add read[j]

        if words.Count = 0 then
            Refuse.domain
                operation
                "texts without two words of the vocabulary near each other"
                "one pair of words at least"
                "give longer texts, or a vocabulary of more of their words"

        // More elements than a tensor has are refused before any is drawn.
        let shape = Shape.ofList [ words.Count; Checked.(+) 1 (min o.Negatives (Int32.MaxValue - 1)) ]
        Allocation.requireElements operation shape.Size 16
        let width = shape[1]
        let weights = counts |> Array.map (fun n -> if n > 0.0 then n ** o.Power else 0.0)
        let draw = drawing weights drawing'

        let compared =
            Array.init shape.Size (fun i -> if i % width = 0 then neighbours[i / width] else draw ())

        let labels = Array.init shape.Size (fun i -> if i % width = 0 then 1f else 0f)

        Dataset.from
            (Tensor.vector (words.ToArray()), Tensor.reshape [ words.Count; width ] (Tensor.vector compared))
            (Tensor.reshape [ words.Count; width ] (Tensor.vector labels))
