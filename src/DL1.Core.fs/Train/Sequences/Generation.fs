namespace DL1

open System

/// What a model says of the next token of each row, and how it goes on: what greedy choice, sampling and beam search need of any
/// model of language, trained or written by hand.
[<NoEquality; NoComparison>]
type NextToken =
    {
        /// Logits of the next token, `[rows; tokens]`.
        Scores: Tensor
        /// What comes after a token for each row, i64 `[rows]`.
        After: Tensor -> NextToken
        /// The same for some of the rows, in another order, repeated or left out.
        Take: int[] -> NextToken
    }

/// How long texts become; `Generation.options` is a start.
type GenerationOptions =
    {
        /// The most tokens of a row.
        Most: int
        /// The token that ends a row, where there is one.
        End: int64 option
    }

/// Tokens that a model has gone on with.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type Generated =
    {
        /// The tokens without the prompt, i64 `[rows; length]`, with that which ends a row; behind its end a row is filled with
        /// the token that ends it.
        Tokens: PaddedRows
        /// For each row the logarithm of the probability that the model gives its tokens, f64 `[rows]`.
        LogProbability: Tensor
    }

    override this.ToString() = $"{this.Tokens}"
    member internal this.Display = Format.following (this.ToString())

/// What searching for tokens shares: probabilities of rows of scores, and results.
[<RequireQualifiedAccess>]
module internal Decoded =
    let requireOptions operation (options: GenerationOptions) =
        if options.Most < 1 then
            Refuse.domain
                operation
                $"%d{options.Most} tokens at most"
                "1 or more"
                "say how long texts may become"

        match options.End with
        | Some token when token < 0L ->
            Refuse.domain operation $"the end %d{token}" "the number of a token" "take that of the vocabulary"
        | _ -> ()

    /// How many rows there are scores for.
    let rows operation (next: NextToken) : int =
        let scores = next.Scores

        if scores.Rank <> 2 || scores.Shape[0] = 0 || scores.Shape[1] = 0 || not scores.DType.IsFloat then
            Refuse.shape
                operation
                $"scores {scores.DType} {scores.Shape}"
                "logits [rows; tokens]"
                "give a score for each token of the vocabulary"

        scores.Shape[0]

    /// The logarithms of the softmax of each row, in f64.
    let logChances operation (expected: int) (next: NextToken) : float[][] =
        let scores = next.Scores

        if rows operation next <> expected then
            Refuse.shape
                operation
                $"scores {scores.DType} {scores.Shape}"
                $"logits of %d{expected} rows, as there are tokens"
                "give scores for each row that a token was chosen for"

        Tensor.toFloats scores
        |> Array.chunkBySize scores.Shape[1]
        |> Array.map (fun row ->
            let high = Array.max row

            if Array.exists Double.IsNaN row || not (Double.IsFinite high) then
                Refuse.domain
                    operation
                    "scores of a token that are NaN, infinite, or all −∞"
                    "scores of which the greatest is finite"
                    "look for what made them: a training that diverged, or a mask that leaves no token"

            let sum = row |> Array.sumBy (fun x -> exp (x - high))
            row |> Array.map (fun x -> x - high - log sum))

    /// The result of a row of tokens for each row.
    let result (fill: int64) (rows: (int64[] * float)[]) : Generated =
        {
            Tokens = PaddedRows.ofRows (float fill) (rows |> Array.map (fst >> Tensor.vector))
            LogProbability = Tensor.vector (rows |> Array.map snd)
        }

/// Tokens from models of language, one after another: the likeliest, or drawn by a key.
[<RequireQualifiedAccess>]
module Generation =
    /// So many tokens, and no end before. `{ Generation.options 20 with End = Some 3L }`
    let options (most: int) : GenerationOptions = { Most = most; End = None }

    /// Tokens that are chosen by a function of the number of the step and the scores.
    let private run operation (options: GenerationOptions) choose (start: NextToken) : Generated =
        Decoded.requireOptions operation options
        let rows = Decoded.rows operation start
        let tokens = Array.init rows (fun _ -> Collections.Generic.List<int64>())
        let sums = Array.zeroCreate<float> rows
        let ended = Array.zeroCreate<bool> rows
        let mutable next = start
        let mutable step = 0

        while step < options.Most do
            let chances = Decoded.logChances operation rows next
            let chosen: int64[] = choose step next.Scores chances

            for row in 0 .. rows - 1 do
                if not ended[row] then
                    tokens[row].Add chosen[row]
                    sums[row] <- sums[row] + chances[row][int chosen[row]]
                    ended[row] <- options.End = Some chosen[row]

            step <- step + 1

            if Array.forall id ended then
                step <- options.Most
            elif step < options.Most then
                next <- next.After(Tensor.vector chosen)

        Array.map2 (fun (own: Collections.Generic.List<int64>) sum -> own.ToArray(), sum) tokens sums
        |> Decoded.result (Option.defaultValue 0L options.End)

    /// The likeliest token at each step, the first of equal ones. `Generation.greedy (Generation.options 20) next`
    let greedy (options: GenerationOptions) (start: NextToken) : Generated =
        let likeliest _ _ (chances: float[][]) =
            chances |> Array.map (fun row -> int64 (Array.IndexOf(row, Array.max row)))

        run "Generation.greedy" options likeliest start

    /// Draws that are ready, by what they are drawn from and how: to make their graph anew for each token would take longer
    /// than to draw.
    let private drawers = LruCache<struct (DType * Shape * SamplingOptions), Tensor list -> Tensor list> 32

    let private drawer (sampling: SamplingOptions) (scores: Tensor) =
        drawers.Get(
            struct (scores.DType, scores.Shape, sampling),
            fun () ->
                let x, key = Trace.variable "scores" scores, Expr.variable "key" DType.I32 [ 2 ]
                Compile.prepare (Graph.variables [ x; key ]) [ Sampling.draw sampling x key ]
        )

    /// Tokens drawn with a key: each step draws with a child of it, so that the same key gives the same tokens.
    /// `Generation.sample (Generation.options 20) { Sampling.options with TopK = Some 5 } (Key.ofSeed 1L) next`
    let sample
        (options: GenerationOptions)
        (sampling: SamplingOptions)
        (key: Key)
        (start: NextToken)
        : Generated =
        let draw step (scores: Tensor) _ =
            drawer sampling scores [ scores; Key.toTensor (Key.fold step key) ]
            |> List.head
            |> Tensor.toArray<int64>

        run "Generation.sample" options draw start

    /// How many places of a prompt are computed at once.
    let private chunk = 64

    /// The scores at the last of these places.
    let private lastOf operation (outputs: Tensor) : Tensor =
        if outputs.Rank <> 3 then
            Refuse.shape
                operation
                $"outputs {outputs.DType} {outputs.Shape}"
                "logits [rows; places; tokens]"
                "let the model give a score for each token at each place"

        Tensor.compute (fun y -> Expr.item 1 (y.Shape[1] - 1) y) outputs

    let rec private at operation dtype (outputs: Tensor) (state: StepState) : NextToken =
        let scores = lastOf operation outputs

        {
            Scores = scores
            After =
                fun tokens ->
                    let column = Tensor.reshape [ state.Rows; 1 ] tokens |> Tensor.cast dtype
                    Stepwise.step column state ||> at operation dtype
            Take =
                fun order ->
                    let rows = Rows.take operation order outputs
                    at operation dtype rows (state.Take order)
        }

    /// What a model says after a prompt, and where its sequences stand then.
    let private following operation (prompt: Tensor) (state: StepState) : struct (NextToken * StepState) =
        if prompt.Rank <> 2 || prompt.Shape[1] = 0 || prompt.DType.IsFloat || prompt.DType = DType.Bool then
            Refuse.shape
                operation
                $"a prompt {prompt.DType} {prompt.Shape}"
                "whole numbers [rows; places], 1 place or more"
                "begin with the token that begins texts, or with the first ones of a text"

        let places = prompt.Shape[1]
        let whole = places / chunk * chunk

        let part start stop state = Stepwise.step (Tensor.compute (Expr.sliceAxis 1 start stop) prompt) state

        let parts =
            [
                for start in 0..chunk .. whole - 1 -> start, start + chunk
                for start in whole .. places - 1 -> start, start + 1
            ]

        let outputs, state =
            parts.Tail
            |> List.fold
                (fun (_, state) (start, stop) -> part start stop state)
                (parts.Head ||> part <| state)

        at operation prompt.DType outputs state, state

    /// What a model says after a prompt, whole numbers `[rows; places]`, from where its sequences stand. A prompt of no places is
    /// a `ShapeError`: begin with the token that begins texts. `Generation.after prompt state`
    let after (prompt: Tensor) (state: StepState) : NextToken =
        let struct (next, _) = following "Generation.after" prompt state
        next

    /// `following` with space for `most` more tokens, rounded up to few sizes, so that few plans are made.
    let private from operation (most: int) (prompt: Tensor) (start: int -> StepState) : NextToken =
        if prompt.Rank <> 2 || most < 1 then
            Refuse.shape
                operation
                $"a prompt {prompt.DType} {prompt.Shape}, for %d{most} tokens more"
                "whole numbers [rows; places], and 1 token or more"
                "add the axis of the rows"

        let places = int64 prompt.Shape[1] + int64 most - 1L
        let room = min (int64 Int32.MaxValue) ((places + 31L) / 32L * 32L)
        let struct (next, state) = following operation prompt (start (int room))

        if places > int64 state.Capacity then
            Refuse.domain
                operation
                $"%d{prompt.Shape[1]} places of a prompt and %d{most} tokens more"
                $"%d{state.Capacity} places before the last token, which the model can tell apart"
                "ask for fewer tokens, or train a model of more places"

        next

    /// The state of a model after a prompt, whole numbers `[rows; positions]`, with space for the given number of further tokens.
    /// `Generation.prompt 20 prompt stepper |> Generation.greedy (Generation.options 20)`
    let prompt (most: int) (tokens: Tensor) (stepper: Stepper) : NextToken =
        from "Generation.prompt" most tokens (fun room ->
            Stepwise.start room (Rows.count "Generation.prompt" tokens) stepper)

    /// `prompt` for a model with other inputs, such as an encoder's source: one row of each for each row of the prompt.
    /// `Generation.promptFrom (Tree.ofList [ "source", source ]) 20 begins translating`
    let promptFrom (context: Tree<Tensor>) (most: int) (tokens: Tensor) (stepper: Stepper) : NextToken =
        from "Generation.promptFrom" most tokens (fun room -> Stepwise.startFrom context room stepper)

    let private oneRow (tokens: Tensor) = Tensor.reshape [ 1; tokens.Size ] tokens

    /// A text's tokens for a model to go on from: without the mark that ends it.
    let private opening (vocabulary: Vocabulary) (text: string) : Tensor =
        let tokens = vocabulary.Encode text
        let kept = if vocabulary.End.HasValue then tokens.Size - 1 else tokens.Size

        if kept = 0 then
            Refuse.domain
                "Generation.text"
                "an empty prompt, of a vocabulary without a mark that begins texts"
                "a text of one piece or more"
                "begin with some letters, or make the vocabulary with Bounds"

        Rows.take "Generation.text" [| 0 .. kept - 1 |] tokens

    /// The text that follows a prompt, drawn with a key; it ends where the vocabulary's end is drawn, or after the given
    /// number of tokens.
    /// `Generation.text vocabulary 20 Sampling.options (Key.ofSeed 1L) "the " stepper`
    let text
        (vocabulary: Vocabulary)
        (most: int)
        (sampling: SamplingOptions)
        (key: Key)
        (start: string)
        (stepper: Stepper)
        =
        let options = { Most = most; End = vocabulary.End |> Option.ofNullable |> Option.map int64 }
        let next = prompt most (oneRow (opening vocabulary start)) stepper
        vocabulary.Decode (sample options sampling key next).Tokens.Values

    /// `text` of byte pairs; an empty prompt is the token that begins texts.
    /// `Generation.textOfPairs pairs 20 Sampling.options (Key.ofSeed 1L) "the " stepper`
    let textOfPairs
        (pairs: BytePairs)
        (most: int)
        (sampling: SamplingOptions)
        (key: Key)
        (start: string)
        (stepper: Stepper)
        =
        let tokens =
            if start = "" then
                Tensor.vector [ int64 pairs.Begin ]
            else
                BytePairs.encode pairs start

        let options = { Most = most; End = Some(int64 pairs.End) }
        pairs.Decode (sample options sampling key (prompt most (oneRow tokens) stepper)).Tokens.Values
