/// Step by step is the whole, with the same parameters and to the bit: for recurrent layers, causal attention, transformers, and
/// decoders with their encoders. What cannot go step by step is refused.
module DL1.Tests.StepwiseTests

open DL1
open DL1.Tests.Law
open Expecto

/// Each case compiles plans of its own, so there are fewer of them.
let private law name property = testPropertyWithConfig { config with maxTest = 12 } name property

let private words = 11

let private tokens low rows places seed = Key.ofSeed seed |> Key.integers low words DType.I64 [ rows; places ]

let private trainedOf (model: Layer<Expr, Expr>) seed =
    let x = Expr.variable "x" DType.I64 [ 3; 6 ]
    let parameters, state = Layer.init (Key.ofSeed seed) x model
    Trained.create model parameters state

let private embedded (inner: Layer<Expr, Expr>) = Dense.embedding words 8 => inner => Dense.linear words
let private options = { Transformer.options 2 16 with Causal = true }
let private row (layer: Layer<Expr, RecurrentResult>) = Recurrent.sequence layer
let private two = { Recurrent.options 8 with Layers = 2; Dropout = 0.3 }

/// Tokens embedded beside the truth values of which are real: 0 is padding.
let private real (layer: Layer<PaddedSequence, Expr>) : Layer<Expr, Expr> =
    Layer.create "Real" (fun scope tokens ->
        let x = scope.Run("embedding", Dense.embedding words 8, tokens)
        let y = scope.Run("inner", layer, { Values = x; IsReal = Some(PaddingMask.ofTokens 0 tokens) })
        scope.Run("scores", Dense.linear words, y))

/// A layer of one's own that adds up what it has met.
let summing: Layer<Expr, Expr> =
    Layer.create "Summing" (fun scope x ->
        if scope.IsStep x then
            let before = scope.Kept("sum", Expr.full x.DType [ x.Shape[0]; 1; x.Shape[2] ] 0.0)
            let sums = before + Expr.cumSum 1 x
            scope.Keep("sum", Expr.sliceAxis 1 (x.Shape[1] - 1) x.Shape[1] sums)
            sums
        else
            Expr.cumSum 1 x)

/// A layer that runs twice with the same weights, each time from its own state.
let private twice: Layer<Expr, Expr> =
    Layer.create "Twice" (fun scope x ->
        let gru = Recurrent.gru (Recurrent.options 8) |> row
        scope.Run("gru", gru, scope.Run("gru", gru, x)))

let private kinds: (string * Layer<Expr, Expr>) list =
    [
        "rnn", embedded (Recurrent.rnn two |> row)
        "rnn of ReLU", embedded (Recurrent.rnnRelu (Recurrent.options 8) |> row)
        "lstm", embedded (Recurrent.lstm two |> row)
        "gru", embedded (Recurrent.gru two |> row)
        "gru without bias", embedded (Recurrent.gru { two with Bias = false } |> row)
        "attention", embedded (Attention.self 2 true)
        "encoder layers",
        embedded (
            Transformer.sinusoidalPositions
            => Transformer.encoderLayer options
            => Transformer.encoderLayer { options with NormFirst = true }
        )
        "learned places", embedded (Transformer.learnedPositions 6 => Transformer.encoderLayer options)
        "grouped queries with rotary places", embedded (GroupedAttention.self (GroupedAttention.options 4 2))
        "attention and a gru",
        embedded (Layer.residual (Attention.self 4 true) => (Recurrent.gru (Recurrent.options 8) |> row))
        "weights shared", embedded twice
        "a lstm that sees no padding", real (Recurrent.lstmPadded two |> Recurrent.sequence)
        "attention that sees no padding", real (Transformer.encoder 2 options |> Layer.map _.Values)
    ]

let private part start size values = Tensor.compute (Expr.sliceAxis 1 start (start + size)) values

/// The outputs step by step, so many places at a time.
let private stepped (sizes: int list) (values: Tensor) (state: StepState) =
    let starts = List.scan (+) 0 sizes |> List.take sizes.Length

    List.zip starts sizes
    |> List.mapFold (fun state (start, size) -> Stepwise.step (part start size values) state) state
    |> fst
    |> Tensor.concat 1

let private cuts = [ List.replicate 6 1; [ 3; 1; 1; 1 ]; [ 2; 4 ]; [ 6 ] ]

let private laws =
    [
        for name, model in kinds ->
            law $"{name}: step by step is the whole, to the bit, however it is cut" (fun seed cut room ->
                let trained = trainedOf model seed
                // A row that begins with padding sees nothing at first, and is left out.
                let x = tokens 1 3 6 (seed + 1L)

                let x =
                    if name.Contains "padding" then
                        Tensor.concat
                            1
                            [
                                part 0 4 x
                                part 4 2 x
                                |> Tensor.compute (fun t ->
                                    t * Expr.constant (Tensor.ofArray [ 3; 2 ] [| 1L; 1L; 0L; 0L; 1L; 0L |]))
                            ]
                    else
                        x

                let sizes = cuts[abs cut % cuts.Length]
                let capacity = 6 + abs room % 40
                let state = Stepwise.start capacity 3 (Stepwise.ofTrained trained)
                stepped sizes x state = Trained.predict x trained)
    ]

/// A translator with its encoder: from a source and what was told so far to scores.
type Pair = { Source: Expr; Target: Expr }

let private recurrentPair: Layer<Pair, Expr> =
    Layer.create "Pair" (fun scope x ->
        let source = scope.Run("source", Dense.embedding words 8, x.Source)
        let isReal = Some(PaddingMask.ofTokens 0 x.Source)
        let read = scope.Run("encoder", Recurrent.gruPadded two, { Values = source; IsReal = isReal })
        let target = scope.Run("target", Dense.embedding words 8, x.Target)
        let told = scope.Run("decoder", Recurrent.gruFrom two, (target, read.Final))
        // Attention to what was read, as Luong et al. (2015).
        let mask = isReal |> Option.map Attention.paddingMask |> Option.map (Expr.squeeze [ 1 ])
        let seen = Attention.scaledDotProduct mask told.Sequence read.Sequence read.Sequence
        scope.Run("scores", Dense.linear words, Expr.concat 2 [ told.Sequence; seen ]))

let private attentivePair: Layer<Pair, Expr> =
    Layer.create "Pair" (fun scope x ->
        let embed name tokens =
            scope.Run(name, Dense.embedding words 8 => Transformer.sinusoidalPositions, tokens)

        let isReal = Some(PaddingMask.ofTokens 0 x.Source)
        let whole = { options with Causal = false }

        let memory =
            scope.Run(
                "encoder",
                Transformer.encoder 1 whole,
                { Values = embed "source" x.Source; IsReal = isReal }
            )

        let told =
            scope.Run(
                "decoder",
                Transformer.decoder 2 options,
                { Target = { Values = embed "target" x.Target; IsReal = None }; Memory = memory }
            )

        scope.Run("scores", Dense.linear words, told.Target.Values))

let private pairs = [ "a recurrent translator", recurrentPair; "a transformer", attentivePair ]

let private sources seed =
    PaddedRows.ofRows 0.0 [ for n in [ 5; 2; 4 ] -> tokens 1 1 n (seed + int64 n) |> Tensor.reshape [ n ] ]

let private pairOf (model: Layer<Pair, Expr>) seed =
    let source = (sources seed).Values
    let target = tokens 1 3 6 (seed + 1L)

    let parameters, state =
        Layer.init (Key.ofSeed seed) { Source = Expr.constant source; Target = Expr.constant target } model

    Trained.createOf model parameters state, source, target

let private named source = Tree.ofList [ "Source", source ]

let private translators =
    [
        for name, model in pairs do
            law $"{name}: step by step is the whole, to the bit" (fun seed cut ->
                let trained, source, target = pairOf model seed

                let whole: Tensor =
                    Trained.predictOf (Tree.ofList [ "Source", source; "Target", target ]) trained

                let stepper = Stepwise.ofNamed "Target" "" trained
                let sizes = cuts[abs cut % cuts.Length]
                stepped sizes target (Stepwise.startFrom (named source) 8 stepper) = whole)

            law $"{name}: rows in another order go on as they would" (fun seed (order: int list) ->
                let trained, source, target = pairOf model seed
                let order = Array.ofList (1 :: (order |> List.truncate 4 |> List.map (fun i -> abs (i % 3))))
                let stepper = Stepwise.ofNamed "Target" "" trained
                let take (t: Tensor) = Tensor.compute (Expr.gather 0 (Expr.constant (Tensor.vector order))) t
                let state = Stepwise.startFrom (named source) 8 stepper
                let _, state = Stepwise.step (part 0 1 target) state
                let next = part 1 1 target
                let straight, _ = Stepwise.step next state
                let turned, _ = Stepwise.step (take next) (state.Take order)
                turned = take straight)

            test $"{name}: the source is read once, before the steps" {
                let trained, source, target = pairOf model 3L
                let stepper = Stepwise.ofNamed "Target" "" trained
                let struct (_, kept, same, _) = stepper.Begin(named source, 8, part 0 1 target)
                Expect.isNonEmpty same "what the encoder gives"
                let step same = stepper.Run(named source, 8, same, 0, kept, part 0 1 target)
                // Another source changes nothing, where what was made of the first is given.
                let struct (straight, _) = step same
                let other = Tensor.compute (fun t -> 11.0 - t) source
                let struct (again, _) = stepper.Run(named other, 8, same, 0, kept, part 0 1 target)
                Expect.equal again straight ""
            }
    ]

/// `stepped`, where its name means another thing.
let private inSteps = stepped

let private refuses<'e when 'e :> exn> (model: Layer<Expr, Expr>) =
    let run () =
        let state = Stepwise.start 8 3 (Stepwise.ofTrained (trainedOf model 1L))
        Stepwise.step (tokens 1 3 1 2L) state |> ignore

    Expect.throwsT<'e> run ""

let private refusals =
    [
        test "layers that see later places are refused" {
            refuses<DomainError>(embedded (Recurrent.gru { two with Bidirectional = true } |> row))
            refuses<DomainError>(embedded (Attention.self 2 false))
            refuses<DomainError>(embedded (Transformer.encoderLayer { options with Causal = false }))

            let convolution =
                Layer.ofFunction "Turn" (Expr.moveAxis 1 2)
                => Conv.conv1d 8 3
                => Layer.ofFunction "Turn" (Expr.moveAxis 1 2)

            let shifted = Layer.ofFunction "Shift" (Expr.pad [ 0; 1; 0 ] [ 0; 1; 0 ] 0.0)
            refuses<DomainError>(embedded (shifted => convolution))
            refuses<DomainError>(embedded (Layer.ofFunction "Sums" (Expr.cumSum 1)))
            refuses<ShapeError>(embedded (Recurrent.gru two |> Recurrent.last))
        }
        test "no more places than there is room for, or than the model can tell apart" {
            let learned = embedded (Transformer.learnedPositions 4 => Transformer.encoderLayer options)
            let x = tokens 1 3 6 1L

            let model (layer: Layer<Expr, Expr>) =
                let parameters, state =
                    Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.I64 [ 3; 4 ]) layer

                Stepwise.ofTrained (Trained.create layer parameters state)

            let steps = List.replicate 6 1

            let few () =
                Stepwise.start 5 3 (model (embedded (Attention.self 2 true))) |> stepped steps x |> ignore

            Expect.throwsT<DomainError> few "room"
            let apart () = Stepwise.start 9 3 (model learned) |> stepped steps x |> ignore
            Expect.throwsT<DomainError> apart "places"
            let state = Stepwise.start 9 3 (model learned)
            Expect.equal (Stepwise.step (part 0 4 x) state |> snd).Capacity 4 "known"
        }
        test "rows and orders that are not there are refused" {
            let stepper = Stepwise.ofTrained (trainedOf (embedded (Attention.self 2 true)) 1L)
            let state = Stepwise.start 8 3 stepper
            Expect.throwsT<ShapeError> (fun () -> Stepwise.step (tokens 1 2 1 1L) state |> ignore) "rows"

            Expect.throwsT<ShapeError>
                (fun () -> Stepwise.step (Tensor.vector [ 1L; 2L; 3L ]) state |> ignore)
                "rank"

            Expect.throwsT<DomainError> (fun () -> state.Take [||] |> ignore) "none"
            Expect.throwsT<DomainError> (fun () -> state.Take [| 3 |] |> ignore) "beyond"
            Expect.throwsT<DomainError> (fun () -> Stepwise.start 0 3 stepper |> ignore) "no room"
            Expect.throwsT<DomainError> (fun () -> Stepwise.start 3 0 stepper |> ignore) "no rows"

            Expect.throwsT<ShapeError>
                (fun () -> Stepwise.startFrom Tree.empty 3 stepper |> ignore)
                "no context"
        }
        test "a state is gone on from twice, and tells what it keeps" {
            let stepper = Stepwise.ofTrained (trainedOf (embedded (Attention.self 2 true)) 1L)
            let x = tokens 1 3 6 1L
            let first = Stepwise.start 8 3 stepper
            Expect.equal first.Kept.Count 0 "nothing"
            let _, state = Stepwise.step (part 0 2 x) first
            Expect.equal (Tree.paths state.Kept) [ "1.keys"; "1.values" ] "names"
            Expect.equal state.Kept["1.keys"].Shape (Shape.ofList [ 3; 2; 8; 4 ]) "shape"

            Expect.equal
                (fst (Stepwise.step (part 2 1 x) state))
                (fst (Stepwise.step (part 2 1 x) state))
                "same"

            Expect.equal (string state) "2 of at most 8 places, 3 rows" "text"
        }
        test "layers of one's own ask only in steps, for what is there" {
            let stepped (f: Scope -> Expr -> Expr) =
                embedded (Layer.create "Own" (fun scope x -> if scope.IsStep x then f scope x else x))

            refuses<ShapeError>(
                stepped (fun scope x -> scope.Kept("sum", Expr.full x.DType [ 7; 1 ] 0.0) + x)
            )

            refuses<DomainError>(stepped (fun scope x -> scope.Kept("sum", x) + x))

            refuses<DomainError>(
                stepped (fun scope x ->
                    scope.Keep("sum", x)
                    x)
            )

            let layer = Layer.create "Own" (fun scope x -> scope.Kept("sum", x))

            Expect.throwsT<DomainError>
                (fun () -> Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.F32 [ 1 ]) layer |> ignore)
                "not in steps"

            let trained = trainedOf (embedded summing) 1L

            Expect.throwsT<DomainError>
                (fun () -> Stepwise.ofTrained trained |> Stepwise.start 6 System.Int32.MaxValue |> ignore)
                "more rows than an array holds"

            let x = tokens 1 3 6 1L
            let found = Stepwise.start 6 3 (Stepwise.ofTrained trained) |> inSteps [ 1; 2; 3 ] x
            let whole = Trained.predict x trained

            Expect.isLessThan
                (Array.map2 (fun a b -> abs (a - b)) (Tensor.toFloats found) (Tensor.toFloats whole)
                 |> Array.max)
                1e-5
                "sums"
        }
    ]

let tests = testList "Stepwise" (laws @ translators @ refusals)
