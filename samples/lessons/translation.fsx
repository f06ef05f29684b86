// Dates in words to ISO, in F# Interactive: the twin of the lesson `translation` of samples/Course, in English alone.
//
//     dotnet build -c Release && .ci/packages                  packs into out/
//     dotnet fsi samples/lessons/translation.fsx [--brief]
#load "../../out/dl1.fsx"

open System
open System.Globalization
open DL1

let isBrief = fsi.CommandLineArgs |> Array.contains "--brief"

// No date of the test is met in training, in whatever form.
let written (date: DateOnly) form =
    let text (format: string) = date.ToString(format, CultureInfo.InvariantCulture)

    match form with
    | 0 -> text "MMMM d, yyyy"
    | 1 -> text "d MMM yyyy"
    | 2 -> text "dddd, d MMMM yyyy"
    | _ -> text "MMM d \\'yy" // 1950 to 2049

let draw = Key.toRandom (Key.ofSeed 1L)

let pairs =
    [|
        for day in
            (Key.permutation 36525 (Key.ofSeed 2L)).ToArray<int64>()
            |> Array.truncate (if isBrief then 400 else 6000) do
            let date = DateOnly(1950, 1, 1).AddDays(int day)
            written date (draw.Next 4), date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
    |]

let texts, answers = Array.unzip pairs
let letters = Vocabulary.charactersWith { Vocabulary.options with Padding = true } texts // 1 pads

let signs = Vocabulary.charactersWith { Vocabulary.options with Padding = true; Bounds = true } answers // 1 pads, 2 begins, 3 ends

let source = (Vocabulary.encodeAll letters texts).Values
let before, after = Vocabulary.encodeAll signs answers |> PaddedRows.shifted

let train, test =
    Dataset.named [ ("Source", source); ("Target", before.Values) ] [ ("Answer", after.Values) ]
    |> Splits.data 0.1 (Key.ofSeed 3L)

type Pair = { Source: Expr; Target: Expr }

let translator: Layer<Pair, Expr> =
    Layer.create "Translator" (fun scope x ->
        let isReal = PaddingMask.ofTokens 1 x.Source

        let letters =
            {
                Values = scope.Run("letters", Dense.embedding letters.Count 24, x.Source)
                IsReal = Some isReal
            }

        let read =
            scope.Run(
                "encoder",
                Recurrent.gruPadded { Recurrent.options 32 with Bidirectional = true },
                letters
            )

        // The last states of both directions, side by side, begin the decoder.
        let ends = read.Final.Hidden

        let start =
            {
                Hidden = Expr.concat 2 [ Expr.sliceAxis 0 0 1 ends; Expr.sliceAxis 0 1 2 ends ]
                Cell = None
            }

        let target = scope.Run("signs", Dense.embedding signs.Count 24, x.Target)
        let told = scope.Run("decoder", Recurrent.gruFrom (Recurrent.options 64), (target, start))
        let query = scope.Run("query", Dense.linear 64, told.Sequence)
        let mask = Some(Expr.expandDims 1 isReal)
        let seen = Attention.scaledDotProduct mask query read.Sequence read.Sequence
        let scores = Dense.linear 64 => Activation.tanh => Dense.linear signs.Count
        scope.Run("scores", scores, Expr.concat 2 [ told.Sequence; seen ]))

let learner =
    let loss = Loss.crossEntropy { Loss.classes with Ignore = Some 1 }
    Learner.createOf translator loss (Optimizer.adam 0.004)

let fitted =
    Fit.run
        { Fit.options (Key.ofSeed 1L) with
            Epochs = if isBrief then 1 else 8
            Batch = Batches.ofSize 64
            Validation = Some test
            Metrics = [ Metric.exactMatch (Some 1) ]
        }
        learner
        train

printfn $"{History.table fitted.History}"

// Four hypotheses beside one another, for a date that anybody might write.
let asked = [ "March 3, 1987"; "7 Jul 2031" ]

let context = Tree.ofList [ ("Source", (Vocabulary.encodeTo source.Shape[1] letters asked).Values) ]

let start =
    Stepwise.ofNamed "Target" "" fitted.Trained
    |> Generation.promptFrom context 11 (Tensor.full DType.I64 [ 2; 1 ] 2.0)

for found in BeamSearch.all (BeamSearch.options 4) { Generation.options 11 with End = Some 3L } start do
    let chances = Tensor.toFloats found.LogProbability |> Array.map exp
    printfn $"{Vocabulary.decodeAll signs found.Tokens} %.4f{chances[0]} %.4f{chances[1]}"

let _, exact = (List.last fitted.History).Metrics |> List.last

if not isBrief && exact < 0.95 then
    eprintfn "this is not what was expected"
    exit 1
