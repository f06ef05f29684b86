/// The examples of draws, of models step by step, and of what is generated with them, on a small model of characters.
module DL1.Tests.GenerationExamples

open DL1
open DL1.Tests.Example

let private m = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 3.0; 3.0; 4.0; 7.0 |])
let private key = Draw.key (Key.ofSeed 42L)

let private samplings =
    [
        prints "options" "True" (fun () -> { Sampling.options with TopK = Some 5 }.TopP.IsNone)
        gives "temperature" "f64 [2, 3] [[ 2 4 6] [ 6 8 14]]" (fun () -> Sampling.temperature 0.5 m)
        gives "topK" "f64 [2, 3] [[-∞ 2 3] [-∞ 4 7]]" (fun () -> Sampling.topK 2 m)
        gives "topP" "f64 [2, 3] [[-∞ -∞ 3] [-∞ -∞ 7]]" (fun () -> Sampling.topP 0.5 m)
        gives "filter" "f64 [2, 3] [[-∞ 2 3] [-∞ 4 7]]" (fun () ->
            Sampling.filter { Sampling.options with TopK = Some 2 } m)
        gives "draw" "i64 [2] [2 2]" (fun () -> Sampling.draw { Sampling.options with TopK = Some 1 } m key)
    ]

let private vocabulary = Vocabulary.characters "the cat sat on the mat. "

let private scores =
    (Recurrent.gru (Recurrent.options 8) |> Recurrent.sequence) => Dense.linear vocabulary.Count

let private trained =
    lazy
        (let model = Dense.embedding vocabulary.Count 4 => scores
         let parameters, state = Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.I64 [ 1; 4 ]) model
         Trained.create model parameters state)

type Translation = { Source: Expr; Target: Expr }

let private translator =
    lazy
        (let model: Layer<Translation, Expr> =
            Layer.create "Translator" (fun scope x ->
                let source = scope.Run("source", Dense.embedding 5 4, x.Source)
                let read = scope.Run("encoder", Recurrent.gru (Recurrent.options 4), source)
                let target = scope.Run("target", Dense.embedding 5 4, x.Target)

                let told =
                    scope.Run("decoder", Recurrent.gruFrom (Recurrent.options 4), (target, read.Final))

                scope.Run("scores", Dense.linear 5, told.Sequence))

         let tokens = Expr.variable "x" DType.I64 [ 1; 4 ]
         let parameters, state = Layer.init (Key.ofSeed 1L) { Source = tokens; Target = tokens } model
         Trained.createOf model parameters state)

let private source = Tensor.ofArray [ 1; 3 ] [| 1L; 4L; 2L |]
let private begins = Tensor.ofArray [ 1; 1 ] [| 1L |]
let private prompt = Tensor.ofArray [ 1; 2 ] [| 1L; 2L |]
let private stepper = lazy Stepwise.ofTrained trained.Value
let private translating = lazy Stepwise.ofNamed "Target" "" translator.Value

let private steps =
    [
        prints "ofTrained" "" (fun () ->
            let trained = trained.Value
            (Stepwise.ofTrained trained).Input)
        prints "ofNamed" "target" (fun () ->
            let translator = translator.Value
            (Stepwise.ofNamed "target" "" translator).Input)
        prints "start" "0 of at most 64 places, 1 rows" (fun () ->
            let stepper = stepper.Value
            Stepwise.start 64 1 stepper)
        prints "startFrom" "0 of at most 64 places, 1 rows" (fun () ->
            let translating = translating.Value
            Stepwise.startFrom (Tree.ofList [ "source", source ]) 64 translating)
        prints "step" "[1, 2, 12] 2" (fun () ->
            let state = Stepwise.start 64 1 stepper.Value
            let tokens = prompt
            let scores, next = Stepwise.step tokens state
            $"{scores.Shape} %d{next.Position}")
    ]

let private generations =
    let next = lazy Generation.prompt 20 prompt stepper.Value

    [
        prints "options" "3" (fun () ->
            { Generation.options 20 with End = Some 3L }.End |> Option.defaultValue 0L)
        prints "after" "[1, 12]" (fun () ->
            let state = Stepwise.start 64 1 stepper.Value
            (Generation.after prompt state).Scores.Shape)
        prints "prompt" "[1, 20]" (fun () ->
            let stepper = stepper.Value

            (Generation.prompt 20 prompt stepper |> Generation.greedy (Generation.options 20))
                .Tokens.Values.Shape)
        prints "promptFrom" "[1, 5]" (fun () ->
            let translating = Stepwise.ofNamed "Target" "" translator.Value
            (Generation.promptFrom (Tree.ofList [ "source", source ]) 20 begins translating).Scores.Shape)
        prints "greedy" "[1, 20]" (fun () ->
            let next = next.Value
            (Generation.greedy (Generation.options 20) next).Tokens.Values.Shape)
        prints "sample" "[1, 20]" (fun () ->
            let next = next.Value

            (Generation.sample
                (Generation.options 20)
                { Sampling.options with TopK = Some 5 }
                (Key.ofSeed 1L)
                next)
                .Tokens.Values.Shape)
        prints "text" "20" (fun () ->
            let stepper = stepper.Value
            (Generation.text vocabulary 20 Sampling.options (Key.ofSeed 1L) "the " stepper).Length)
        prints "textOfPairs" "True" (fun () ->
            let pairs = BytePairs.train 270 "low lower lowest, new newer newest"
            let model = Dense.embedding pairs.Count 4 => Dense.linear pairs.Count
            let parameters, state = Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.I64 [ 1; 4 ]) model
            let stepper = Stepwise.ofTrained (Trained.create model parameters state)
            (Generation.textOfPairs pairs 20 Sampling.options (Key.ofSeed 1L) "the " stepper).Length > 0)
    ]

let private beams =
    let next = lazy Generation.prompt 20 prompt stepper.Value

    [
        prints "options" "4" (fun () -> { BeamSearch.options 4 with LengthPower = 0.6 }.Width)
        prints "all" "4" (fun () ->
            let next = next.Value
            (BeamSearch.all (BeamSearch.options 4) (Generation.options 20) next).Length)
        prints "best" "1" (fun () ->
            let next = next.Value

            (BeamSearch.best (BeamSearch.options 4) { Generation.options 20 with End = Some 3L } next)
                .Tokens.Values.Shape[0])
        prints "texts" "1" (fun () ->
            let digits = Vocabulary.charactersWith { Vocabulary.options with Bounds = true } [ "01" ]
            let translating = translating.Value

            (BeamSearch.texts (BeamSearch.options 4) 8 digits (Tree.ofList [ "source", source ]) translating)
                .Length)
    ]

let private measured =
    let labels, logits = Tensor.vector [ 0L; 1L ], Convert.ofRows [ [ 2f; 1f ]; [ 0f; 1f ] ]
    let target = labels

    let short (value: float) = value.ToString("F3", System.Globalization.CultureInfo.InvariantCulture)

    [
        prints "perplexity" "1.368" (fun () -> short (SequenceScore.perplexity labels logits))
        prints "bitsPerToken" "0.452" (fun () -> short (SequenceScore.bitsPerToken labels logits))
        prints "bitsPerCharacter" "0.181" (fun () -> short (SequenceScore.bitsPerCharacter 5 labels logits))
        prints "exactMatch" "1" (fun () -> SequenceScore.exactMatch None target target)
    ]

let all =
    [
        { Module = moduleOf <@ Sampling.options @>; Rows = samplings }
        { Module = moduleOf <@ Stepwise.ofTrained @>; Rows = steps }
        { Module = moduleOf <@ Generation.greedy @>; Rows = generations }
        { Module = moduleOf <@ BeamSearch.best @>; Rows = beams }
        { Module = moduleOf <@ SequenceScore.perplexity @>; Rows = measured }
    ]
