/// Tokens one after another: the likeliest, drawn, and by beams, from chains whose best texts are known, and from trained models.
module DL1.Tests.GenerationTests

open DL1
open DL1.Tests.Law
open Expecto

let private few name property = testPropertyWithConfig { config with maxTest = 60 } name property

/// A chain in which what comes next depends on the last token alone: logits `[tokens; tokens]`, from a first one for each row.
let rec private chain (table: Tensor) (last: int64[]) : NextToken =
    {
        Scores = Tensor.compute (Expr.gather 0 (Expr.constant (Tensor.vector last))) table
        After = fun tokens -> chain table (Tensor.toArray<int64> tokens)
        Take = fun order -> chain table (order |> Array.map (fun i -> last[i]))
    }

let private tableOf seed tokens = Key.normal 0.0 1.5 DType.F64 [ tokens; tokens ] (Key.ofSeed seed)

let private logChances (table: Tensor) =
    let rows = Reduce.logSoftmax 1 (Expr.constant table) |> Eval.run [] |> Tensor.toFloats
    fun (last: int64) (next: int64) -> rows[int last * table.Shape[0] + int next]

let private rowsOf (g: Generated) =
    let values, lengths = Tensor.toArray<int64> g.Tokens.Values, Tensor.toArray<int64> g.Tokens.Lengths

    Array.chunkBySize g.Tokens.Values.Shape[1] values
    |> Array.map2 (fun n row -> Array.truncate (int n) row |> List.ofArray) lengths

/// Every text of a chain from a token on, with the logarithm of its probability.
let private texts table first most ends =
    let chance = logChances table
    let tokens = [ 0L .. int64 table.Shape[0] - 1L ]

    let rec from last length sum text =
        if length = most || (length > 0 && Some last = ends) then
            [ List.rev text, sum ]
        else
            tokens |> List.collect (fun t -> from t (length + 1) (sum + chance last t) (t :: text))

    from first 0 0.0 []

let private sumOf table first (text: int64 list) =
    let chance = logChances table

    List.zip (first :: List.truncate (text.Length - 1) text) text
    |> List.sumBy (fun (a, b) -> chance a b)

let private options most ends = { Generation.options most with End = ends }

let private chains =
    [
        few "the greedy choice is the likeliest token each time" (fun seed ->
            let table = tableOf seed 5
            let found = Generation.greedy (options 6 (Some 2L)) (chain table [| 0L; 3L |])
            let chance = logChances table

            let rec go last left =
                if left = 0 then
                    []
                else
                    let next = [ 0L .. 4L ] |> List.maxBy (chance last)
                    if next = 2L then [ next ] else next :: go next (left - 1)

            rowsOf found = [| go 0L 6; go 3L 6 |]
            && Array.forall2
                (fun (first, text) sum -> abs (sumOf table first text - sum) < 1e-9)
                (Array.zip [| 0L; 3L |] (rowsOf found))
                (Tensor.toFloats found.LogProbability))
        few "a beam of one is the greedy choice" (fun seed ->
            let table = tableOf seed 5
            let start = chain table [| 0L; 3L; 4L |]
            let greedy = Generation.greedy (options 6 (Some 2L)) start
            let beam = BeamSearch.best (BeamSearch.options 1) (options 6 (Some 2L)) start
            rowsOf beam = rowsOf greedy && beam.LogProbability = greedy.LogProbability)
        few "beams as many as there are texts find the best" (fun seed isMean ->
            let table = tableOf seed 3
            let power = if isMean then 1.0 else 0.0
            let all = texts table 0L 4 (Some 1L)
            let score (text: int64 list, sum) = sum / (float text.Length ** power)
            let best = all |> List.maxBy score |> fst
            let beams = { BeamSearch.options 81 with LengthPower = power }
            let found = BeamSearch.all beams (options 4 (Some 1L)) (chain table [| 0L |])

            let ranked =
                found
                |> List.map (fun g -> (rowsOf g)[0], Tensor.toFloat (Tensor.reshape [] g.LogProbability))

            fst ranked.Head = best
            && ranked.Length = all.Length
            && List.forall (fun (text, sum) -> abs (sumOf table 0L text - sum) < 1e-9) ranked
            && (List.pairwise ranked |> List.forall (fun (a, b) -> score a >= score b - 1e-12)))
        few "rows are searched as each alone, and wider beams find nothing worse" (fun seed ->
            let table = tableOf seed 5

            let search width first =
                BeamSearch.all
                    { BeamSearch.options width with LengthPower = 0.0 }
                    (options 5 None)
                    (chain table first)

            let together = search 3 [| 0L; 3L |]

            List.forall
                (fun (row, first) ->
                    let alone = search 3 [| first |]

                    List.forall2 (fun a b -> (rowsOf a)[row] = (rowsOf b)[0]) together alone
                    && together.Length = 3)
                [ 0, 0L; 1, 3L ]
            && List.length (List.distinct (together |> List.map (fun g -> (rowsOf g)[0]))) = 3)
        few "one key draws the same tokens, and each is possible" (fun seed ->
            let table = tableOf seed 5
            let sampling = { Sampling.options with TopK = Some 2 }

            let draw key =
                Generation.sample (options 8 (Some 2L)) sampling (Key.ofSeed key) (chain table [| 0L; 3L |])

            let found = draw seed
            let chance = logChances table

            let isPossible first text =
                List.zip (first :: List.truncate (List.length text - 1) text) text
                |> List.forall (fun (a, b) ->
                    [ 0L .. 4L ] |> List.filter (fun t -> chance a t > chance a b) |> List.length < 2)

            let texts = rowsOf found

            rowsOf (draw seed) = texts && isPossible 0L texts[0] && isPossible 3L texts[1])
        test "rows that have ended are filled with the end" {
            // 0 goes to 1, 1 ends; 2 goes on for ever.
            let table =
                Tensor.ofArray
                    [ 4; 4 ]
                    [| 0.0; 9.0; 0.0; 0.0; 0.0; 0.0; 0.0; 9.0; 0.0; 0.0; 9.0; 0.0; 0.0; 0.0; 0.0; 0.0 |]

            let found = Generation.greedy (options 4 (Some 3L)) (chain table [| 0L; 2L |])

            Expect.equal
                found.Tokens.Values
                (Tensor.ofArray [ 2; 4 ] [| 1L; 3L; 3L; 3L; 2L; 2L; 2L; 2L |])
                "tokens"

            Expect.equal found.Tokens.Lengths (Tensor.vector [ 2L; 4L ]) "lengths"
            let short = Generation.greedy (options 4 (Some 3L)) (chain table [| 0L |])
            Expect.equal short.Tokens.Values (Tensor.ofArray [ 1; 2 ] [| 1L; 3L |]) "no more than is needed"
        }
        test "what cannot be gone on from is refused" {
            let start = chain (tableOf 1L 4) [| 0L |]
            let domain f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
            domain (fun () -> Generation.greedy (Generation.options 0) start)
            domain (fun () -> Generation.greedy (options 3 (Some -1L)) start)
            domain (fun () -> BeamSearch.best (BeamSearch.options 0) (Generation.options 3) start)

            domain (fun () ->
                BeamSearch.best { BeamSearch.options 2 with LengthPower = nan } (Generation.options 3) start)

            for bad in [ nan; infinity ] do
                domain (fun () ->
                    Generation.greedy
                        (Generation.options 3)
                        (chain (Tensor.full DType.F64 [ 4; 4 ] bad) [| 0L |]))

            domain (fun () ->
                Generation.greedy
                    (Generation.options 3)
                    (chain (Tensor.full DType.F64 [ 4; 4 ] -infinity) [| 0L |]))

            let flat = { start with Scores = Tensor.vector [ 1.0; 2.0 ] }
            Expect.throwsT<ShapeError> (fun () -> Generation.greedy (Generation.options 3) flat |> ignore) ""
        }
    ]

let private text = "the cat sat on the mat, and the dog sat on the cat. "
let private vocabulary = Vocabulary.characters (String.replicate 4 text)

let private modelOfPlaces places (inner: Layer<Expr, Expr>) =
    let model = Dense.embedding vocabulary.Count 16 => inner => Dense.linear vocabulary.Count
    let parameters, state = Layer.init (Key.ofSeed 4L) (Expr.variable "x" DType.I64 [ 1; places ]) model
    Trained.create model parameters state

let private modelOf inner = modelOfPlaces 8 inner

let private models =
    let causal = { Transformer.options 2 16 with Causal = true }

    [
        "a lstm", modelOf (Recurrent.lstm (Recurrent.options 16) |> Recurrent.sequence)
        "a transformer", modelOf (Transformer.sinusoidalPositions => Transformer.encoderLayer causal)
    ]

/// The greedy choice with the whole sequence computed anew for each token.
let private slowly (trained: Trained) (prompt: int64 list) most =
    let rec go (tokens: int64 list) left =
        if left = 0 then
            tokens
        else
            let scores = Trained.predict (Tensor.ofArray [ 1; tokens.Length ] (Array.ofList tokens)) trained
            let last = Tensor.compute (fun y -> Expr.item 1 (tokens.Length - 1) y |> Expr.argMax 1) scores
            go (tokens @ [ (Tensor.toArray<int64> last)[0] ]) (left - 1)

    go prompt most |> List.skip prompt.Length

let private trained =
    [
        for name, trained in models do
            test $"{name}: with what is kept, the greedy choice is that of the whole" {
                let prompt = vocabulary.Encode "the cat"
                let stepper = Stepwise.ofTrained trained
                let next = Generation.prompt 12 (Tensor.reshape [ 1; prompt.Size ] prompt) stepper
                let found = Generation.greedy (Generation.options 12) next

                let expected = slowly trained (List.ofArray (Tensor.toArray<int64> prompt)) 12
                Expect.equal (rowsOf found) [| expected |] ""
            }

            test $"{name}: long prompts are read in pieces" {
                let prompt = vocabulary.Encode(String.replicate 3 text)
                let stepper = Stepwise.ofTrained trained
                let next = Generation.prompt 3 (Tensor.reshape [ 1; prompt.Size ] prompt) stepper
                let whole = Trained.predict (Tensor.reshape [ 1; prompt.Size ] prompt) trained
                Expect.equal next.Scores (Tensor.compute (fun y -> Expr.item 1 (prompt.Size - 1) y) whole) ""
            }

            test $"{name}: text goes on from a prompt, the same by the same key" {
                let stepper = Stepwise.ofTrained trained

                let write seed =
                    Generation.text vocabulary 20 Sampling.options (Key.ofSeed seed) "the " stepper

                Expect.equal (write 1L).Length 20 "characters"
                Expect.equal (write 1L) (write 1L) "the same"
                Expect.notEqual (write 1L) (write 2L) "another"
            }
        test "marks begin and end texts" {
            let bounded = Vocabulary.charactersWith { Vocabulary.options with Bounds = true } [ text ]

            let model =
                Dense.embedding bounded.Count 4
                => (Recurrent.gru (Recurrent.options 4) |> Recurrent.sequence)
                => Dense.linear bounded.Count

            let parameters, state = Layer.init (Key.ofSeed 4L) (Expr.variable "x" DType.I64 [ 1; 8 ]) model
            let stepper = Stepwise.ofTrained (Trained.create model parameters state)

            let write (start: string) =
                Generation.text bounded 300 Sampling.options (Key.ofSeed 1L) start stepper

            Expect.isLessThan (write "").Length 300 "it ends"
            Expect.isNonEmpty (write "the ") "from a prompt"
            let plain = Stepwise.ofTrained (snd models.Head)

            Expect.throwsT<DomainError>
                (fun () -> Generation.text vocabulary 3 Sampling.options (Key.ofSeed 1L) "" plain |> ignore)
                "nothing to begin with"

            let pairs = BytePairs.train 280 text

            let model =
                Dense.embedding pairs.Count 4
                => (Recurrent.gru (Recurrent.options 4) |> Recurrent.sequence)
                => Dense.linear pairs.Count

            let parameters, state = Layer.init (Key.ofSeed 4L) (Expr.variable "x" DType.I64 [ 1; 8 ]) model
            let stepper = Stepwise.ofTrained (Trained.create model parameters state)

            for start in [ ""; "the " ] do
                Generation.textOfPairs pairs 5 Sampling.options (Key.ofSeed 1L) start stepper |> ignore
        }
        test "prompts that are none are refused" {
            let stepper = Stepwise.ofTrained (snd models.Head)

            let shape (prompt: Tensor) =
                Expect.throwsT<ShapeError> (fun () -> Generation.prompt 3 prompt stepper |> ignore) ""

            shape (Tensor.vector [ 1L ])
            shape (Tensor.zeros DType.I64 [ 1; 0 ])
            shape (Tensor.zeros DType.F32 [ 1; 1 ])
            let places = Transformer.learnedPositions 4 => Attention.self 2 true
            let few = Stepwise.ofTrained (modelOfPlaces 4 places)
            let ask most = Generation.prompt most (Tensor.zeros DType.I64 [ 1; 2 ]) few
            Expect.throwsT<DomainError> (fun () -> ask 4 |> ignore) "more than the model can tell apart"

            Expect.equal
                (Generation.greedy (Generation.options 3) (ask 3)).Tokens.Values.Shape
                (Shape.ofList [ 1; 3 ])
                "up to it"
        }
    ]

let tests = testList "Generation" (chains @ trained)
