namespace DL1

open System.Collections.Generic

/// The form of a beam search; `BeamSearch.options` is a start.
type BeamOptions =
    {
        /// How many hypotheses go on for each row.
        Width: int
        /// Hypotheses are compared by the logarithm of their probability over their length to this power: 0 favours the short, 1
        /// compares means.
        LengthPower: float
    }

/// A hypothesis: its tokens, the last one first, and the logarithm of their probability.
[<NoEquality; NoComparison>]
type private Hypothesis = { Reversed: int64 list; Length: int; Sum: float }

/// The likeliest tokens that are found when several hypotheses go on beside one another (Graves 2012; Sutskever et al. 2014).
[<RequireQualifiedAccess>]
module BeamSearch =
    /// So many hypotheses, compared by the mean of their logarithms.
    /// `{ BeamSearch.options 4 with LengthPower = 0.6 }`
    let options (width: int) : BeamOptions = { Width = width; LengthPower = 1.0 }

    let private operation = "BeamSearch"

    /// The greatest of some numbers with their places, in descending order, the first of equal ones first.
    let private greatest (count: int) (values: float[]) : struct (float * int) list =
        let found = List<struct (float * int)>()

        values
        |> Array.iteri (fun i v ->
            let struct (least, _) =
                if found.Count < count then struct (-infinity, 0) else found[found.Count - 1]

            if v > least then
                let mutable place = found.Count

                while place > 0
                      && (let struct (before, _) = found[place - 1]
                          before < v) do
                    place <- place - 1

                found.Insert(place, struct (v, i))

                if found.Count > count then
                    found.RemoveAt count)

        List.ofSeq found

    let private dead = { Reversed = []; Length = 0; Sum = -infinity }

    /// One step of a row: the hypotheses that go on, each with the number of the one that it comes from, and those that end.
    let private stepped (width: int) (ends: int64 option) (alive: Hypothesis[]) (chances: float[][]) =
        let candidates =
            [
                for beam in 0 .. width - 1 do
                    if alive[beam].Sum > -infinity then
                        for struct (chance, token) in greatest (2 * width) chances[beam] ->
                            struct (alive[beam].Sum + chance, beam, token)
            ]
            |> List.sortWith (fun (struct (a, i, s)) (struct (b, j, t)) ->
                if a <> b then compare b a else compare struct (i, s) struct (j, t))
            |> List.truncate (2 * width)

        let onward, ended = List<struct (int * Hypothesis)>(), List<Hypothesis>()

        candidates
        |> List.iteri (fun rank (struct (sum, beam, token)) ->
            let one =
                {
                    Reversed = int64 token :: alive[beam].Reversed
                    Length = alive[beam].Length + 1
                    Sum = sum
                }

            if ends = Some(int64 token) then
                if rank < width then
                    ended.Add one
            elif onward.Count < width then
                onward.Add(struct (beam, one)))

        struct (List.ofSeq onward, List.ofSeq ended)

    /// All hypotheses of the search, the best of each row first; as many as every row has, at most the width. Those that did not
    /// end within the options' number of tokens are among them where fewer have ended.
    /// `BeamSearch.all (BeamSearch.options 4) (Generation.options 20) next`
    let all (beams: BeamOptions) (options: GenerationOptions) (start: NextToken) : Generated list =
        Decoded.requireOptions operation options

        if beams.Width < 1 || not (System.Double.IsFinite beams.LengthPower) then
            Refuse.domain
                operation
                $"a width of %d{beams.Width} and the length to the power {string beams.LengthPower}"
                "1 hypothesis or more, and a finite power"
                "4 hypotheses and a power of 1 are usual"

        let width, rows = beams.Width, Decoded.rows operation start

        Allocation.requireElements
            operation
            (int64 width * int64 rows * 2L |> min (int64 System.Int32.MaxValue) |> int)
            64

        let alive =
            Array.init rows (fun _ ->
                Array.init width (fun beam -> if beam = 0 then { dead with Sum = 0.0 } else dead))

        let finished = Array.init rows (fun _ -> List<Hypothesis>())

        let isDone row =
            finished[row].Count >= width || alive[row] |> Array.forall (fun h -> h.Sum = -infinity)

        let mutable next =
            start.Take
                [|
                    for row in 0 .. rows - 1 do
                        for _ in 1..width -> row
                |]

        let mutable step = 0

        while step < options.Most do
            let chances = Decoded.logChances operation (rows * width) next
            let order, tokens = Array.zeroCreate<int>(rows * width), Array.zeroCreate<int64>(rows * width)

            for row in 0 .. rows - 1 do
                let first = row * width
                // What is of no use any more goes on as it is, so that all rows keep their places.
                for beam in 0 .. width - 1 do
                    order[first + beam] <- first

                if not (isDone row) then
                    let struct (onward, ended) =
                        stepped width options.End alive[row] chances[first .. first + width - 1]

                    finished[row].AddRange ended

                    onward
                    |> List.iteri (fun beam (struct (from, h)) ->
                        order[first + beam] <- first + from
                        tokens[first + beam] <- h.Reversed.Head)

                    alive[row] <-
                        Array.init width (fun beam ->
                            match List.tryItem beam onward with
                            | Some(struct (_, h)) -> h
                            | None -> dead)

            step <- step + 1

            if Seq.forall isDone (seq { 0 .. rows - 1 }) then
                step <- options.Most
            elif step < options.Most then
                next <- (next.Take order).After(Tensor.vector tokens)

        let score (h: Hypothesis) = h.Sum / (float (max 1 h.Length) ** beams.LengthPower)

        let ranked row =
            let own = List.ofSeq finished[row]

            let own =
                if own.Length >= width then
                    own
                else
                    own @ (alive[row] |> Array.filter (fun h -> h.Sum > -infinity) |> List.ofArray)

            own |> List.sortBy (fun h -> -(score h)) |> List.truncate width

        let found = Array.init rows ranked
        let ranks = found |> Array.map List.length |> Array.min
        let fill = Option.defaultValue 0L options.End

        [
            for rank in 0 .. ranks - 1 ->
                found
                |> Array.map (fun own -> Array.ofList (List.rev own[rank].Reversed), own[rank].Sum)
                |> Decoded.result fill
        ]

    /// The best hypothesis of each row. With a width of 1 it is the greedy choice. A row's search is over when as many hypotheses
    /// as its width have ended, or after the options' number of tokens.
    /// `BeamSearch.best (BeamSearch.options 4) { Generation.options 20 with End = Some 3L } next`
    let best (beams: BeamOptions) (options: GenerationOptions) (start: NextToken) : Generated =
        List.head (all beams options start)

    /// The texts that a model writes for its other inputs, such as an encoder's source, one for each of their rows: each begins
    /// with the vocabulary's begin token, and ends with its end token or at the greatest number of tokens. One hypothesis is greedy choice. A
    /// vocabulary without these marks is a `DomainError`.
    /// `BeamSearch.texts (BeamSearch.options 4) 8 digits (Tree.ofList [ "source", source ]) translating`
    let texts
        (beams: BeamOptions)
        (most: int)
        (vocabulary: Vocabulary)
        (context: Tree<Tensor>)
        (stepper: Stepper)
        : string list =
        let operation = "BeamSearch.texts"

        match Option.ofNullable vocabulary.Begin, Option.ofNullable vocabulary.End, Tree.values context with
        | Some first, Some last, one :: _ ->
            let begins = Tensor.full DType.I64 [ Rows.count operation one; 1 ] (float first)

            Generation.promptFrom context most begins stepper
            |> best beams { Most = most; End = Some(int64 last) }
            |> _.Tokens
            |> Vocabulary.decodeAll vocabulary
        | _, _, [] ->
            Refuse.domain
                operation
                "no other inputs"
                "the inputs that the texts are written for, one row for each"
                "name them, or write one text after a prompt"
        | _ ->
            Refuse.domain
                operation
                "a vocabulary without marks that begin and end texts"
                "one with both"
                "make it with Bounds"
