// A small decoder-only transformer on Moby-Dick, and its key-value cache, in F# Interactive: the twin of the lesson
// `transformer` of samples/Course.
//
//     dotnet build -c Release && .ci/packages                  packs into out/
//     dotnet fsi samples/lessons/transformer.fsx [--brief]
#load "../../out/dl1.fsx"

open DL1
open DL1.Data

let isBrief = fsi.CommandLineArgs |> Array.contains "--brief"
let width, context = 96, 64
let book = Datasets.mobyDick ()
let learnt = if isBrief then 4000 else 230000
let letters = Vocabulary.characters book
let examples (text: string) = Vocabulary.examples context (letters.Encode text)
let train, test = examples book[.. learnt - 1], examples book[learnt .. learnt + 16000]

let model =
    let block =
        Transformer.encoderLayer
            { Transformer.options 4 336 with Causal = true; NormFirst = true; Dropout = 0.1 }

    Dense.embedding letters.Count width
    => Transformer.learnedPositions context
    => block
    => block
    => Norm.layerNorm
    => Dense.linear letters.Count

let epochs = if isBrief then 1 else 4
let rate = Schedule.cosine (max 60 (epochs * train.Count / 8)) 1e-4 2e-3 |> Schedule.warmUp 50

let adam =
    Optimizer.adam 2e-3 |> Optimizer.scheduled rate |> Wrap.after (Transform.clipByGlobalNorm 1.0)

let learner = Learner.create model (Loss.crossEntropy Loss.classes) adam

let fitted =
    Fit.run
        { Fit.options (Key.ofSeed 1L) with
            Epochs = epochs
            Batch = Batches.ofSize 8
            Progress = Progress.lines (printfn "%s")
        }
        learner
        train

let _, bits =
    (Trained.evaluateBy learner [ Metric.bitsPerToken ] test fitted.Trained).Metrics |> List.head

printfn $"test: %.3f{bits} bits a character"

// One character after another: with the cache one place is computed for each, without it all of them.
let stepper = Stepwise.ofTrained fitted.Trained
let prompt = Tensor.reshape [ 1; 10 ] (letters.Encode "The whale ")
let most = context - 10
let cached = Generation.prompt most prompt stepper |> Generation.greedy (Generation.options most)

let again =
    ([ for token in Tensor.toFloats prompt -> int64 token ], [ 1..most ])
    ||> List.fold (fun tokens _ ->
        let filled = Array.append (Array.ofList tokens) (Array.zeroCreate (context - tokens.Length))
        let scores = Trained.predict (Tensor.reshape [ 1; context ] (Tensor.vector filled)) fitted.Trained
        let last = scores |> Expr.constant |> Expr.sliceAxis 1 (tokens.Length - 1) tokens.Length
        tokens @ [ int64 (Tensor.toFloat (Compute.value [] (Expr.argMax -1 last |> Expr.reshape []))) ])

let isSame = [ for token in Tensor.toFloats cached.Tokens.Values -> int64 token ] = List.skip 10 again
printfn $"the same characters with the cache and without: {isSame}"
let bold = { Sampling.options with Temperature = 0.7 }
printfn $"""The whale {Generation.text letters most bold (Key.ofSeed 2L) "The whale " stepper}"""

if not isSame then
    eprintfn "this is not what was expected"
    exit 1
