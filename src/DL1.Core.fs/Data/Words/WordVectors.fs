namespace DL1

open System

/// A word with how near its vector is to another.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type Neighbour =
    {
        /// The word.
        Word: string
        /// The cosine of the angle between the two vectors, from −1 to 1.
        Similarity: float
    }

    /// `cat 0.93`.
    override this.ToString() =
        this.Word + " " + this.Similarity.ToString("G4", Globalization.CultureInfo.InvariantCulture)

    member internal this.Display = this.ToString()

/// Questions to vectors of words, one row for each piece of a vocabulary.
[<RequireQualifiedAccess>]
module WordVectors =
    /// Rows of length 1; a row of zeros stays.
    let private unitRows operation (vocabulary: Vocabulary) (vectors: Tensor) : float[][] =
        if vectors.Rank <> 2 || not vectors.DType.IsFloat || vectors.Shape[0] <> vocabulary.Count then
            Refuse.shape
                operation
                $"vectors {vectors.DType} {vectors.Shape}"
                $"f32 or f64 [%d{vocabulary.Count}; features], a row for each piece of the vocabulary"
                "take the weight of the embedding that was trained with this vocabulary"

        let values, width = Tensor.toFloats vectors, vectors.Shape[1]

        if values |> Array.exists (Double.IsFinite >> not) then
            Refuse.domain
                operation
                "vectors that are not finite"
                "finite numbers"
                "look for a training that diverged"

        Array.init vocabulary.Count (fun i ->
            let row = Array.sub values (i * width) width
            // By the greatest element first, so that no square overflows.
            let most = row |> Array.fold (fun m v -> max m (abs v)) 0.0

            if most = 0.0 then
                row
            else
                let row = row |> Array.map (fun v -> v / most)
                let length = row |> Array.sumBy (fun v -> v * v) |> sqrt
                row |> Array.map (fun v -> v / length))

    let private numberOf operation (vocabulary: Vocabulary) (word: string) : int =
        match int (vocabulary.IndexOf word) with
        | i when vocabulary.Counts[i] > 0L -> i
        | _ ->
            Refuse.domain
                operation
                $"the word '{word}'"
                "a word of the vocabulary"
                "ask for one that the vocabulary was made of, often enough"

    let private requireCount operation (count: int) =
        if count < 1 then
            Refuse.domain operation $"%d{count} words" "1 or more" "5 is usual"

    /// The words with the greatest cosines to a vector of any length, in descending order, the commoner of equal ones first.
    let private nearestTo
        (vocabulary: Vocabulary)
        (rows: float[][])
        (left: int list)
        (count: int)
        (at: float[])
        =
        let length = at |> Array.sumBy (fun v -> v * v) |> sqrt
        let length = if length = 0.0 then 1.0 else length

        [
            for i in 0 .. vocabulary.Count - 1 do
                if vocabulary.Counts[i] > 0L && not (List.contains i left) then
                    let cosine = Array.fold2 (fun sum a b -> sum + a * b) 0.0 rows[i] at / length
                    { Word = vocabulary.Pieces[i]; Similarity = max -1.0 (min 1.0 cosine) }
        ]
        |> List.sortBy (fun n -> -n.Similarity)
        |> List.truncate count

    /// The words whose vectors make the smallest angle with that of a word, which is none of them: `vectors` `[pieces; features]`. A
    /// row of zeros has the cosine 0. A word that is not in the vocabulary, and fewer than 1 neighbour, are a `DomainError`.
    /// `WordVectors.nearest 2 words vectors "cat"`
    let nearest (count: int) (vocabulary: Vocabulary) (vectors: Tensor) (word: string) : Neighbour list =
        let operation = "WordVectors.nearest"
        requireCount operation count
        let rows = unitRows operation vocabulary vectors
        let i = numberOf operation vocabulary word
        nearestTo vocabulary rows [ i ] count rows[i]

    /// The answers to "`a` is to `b` as `c` is to what?": the words nearest to b − a + c of vectors of length 1, none of the three
    /// among them (Mikolov et al. 2013). `WordVectors.analogy 1 words vectors "man" "men" "hand"`
    let analogy
        (count: int)
        (vocabulary: Vocabulary)
        (vectors: Tensor)
        (a: string)
        (b: string)
        (c: string)
        : Neighbour list =
        let operation = "WordVectors.analogy"
        requireCount operation count
        let rows = unitRows operation vocabulary vectors
        let given = [ a; b; c ] |> List.map (numberOf operation vocabulary)
        let x, y, z = rows[given[0]], rows[given[1]], rows[given[2]]
        nearestTo vocabulary rows given count (Array.map3 (fun x y z -> y - x + z) x y z)
