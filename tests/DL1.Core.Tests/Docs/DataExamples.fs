/// The examples of data sets, files and metrics, on small tables.
module DL1.Tests.DataExamples

open System.IO
open System.Threading
open DL1
open DL1.Tests.Example

let private x = Convert.ofRows [ [ 1f; 10f ]; [ 2f; 30f ]; [ 6f; 20f ] ]
let private y = Tensor.vector [ 0L; 1L; 1L ]
let private data = Dataset.create x y
let private scaler = Scale.standard x
let private labels = Tensor.vector [ 0L; 0L; 0L; 0L; 1L; 1L; 1L; 1L; 1L; 1L ]
let private patients = Tensor.vector [ 0L; 0L; 0L; 1L; 1L; 1L ]
let private series = Convert.ofRows [ for month in 0..23 -> [ float32 month ] ]
let private numbers = Tensor.arange DType.I64 100

let private shown (values: seq<'a>) = values |> Seq.map string |> String.concat " "

let private sizes (parts: (int[] * int[]) list) =
    parts |> List.map (fun (kept, held) -> $"{kept.Length}+{held.Length}") |> shown

/// A scaler's numbers.
let private fitted (s: Scaler) =
    let short (values: float list) = values |> List.map _.ToString("G4") |> shown
    $"{short s.Shift}; {short s.Divisor}"

/// In a folder of its own: what the example needs to be written, and what it gives.
let private inFiles (run: string -> 'a) : 'a =
    let folder = Directory.CreateTempSubdirectory("dl1-").FullName

    try
        run (Path.Combine(folder, "file"))
    finally
        Directory.Delete(folder, true)

let private datasets =
    [
        prints "create" "3 rows: inputs f32 [3, 2], targets i64 [3]" (fun () -> Dataset.create x y)
        prints "rows" "f32 [2, 2] [[ 6 20] [ 1 10]]" (fun () -> (Dataset.rows [| 2; 0 |] data).Inputs)
        prints "truncate" "2" (fun () -> (Dataset.truncate 2 data).Count)
        prints "filter" "3" (fun () -> (Dataset.filter (fun label -> label < 2.0) data).Count)
        prints "ofClasses" "i64 [2] [1 0]" (fun () ->
            let data = Dataset.create (Tensor.zeros DType.F32 [ 3; 1 ]) (Tensor.vector [ 0L; 1L; 2L ])
            (Dataset.ofClasses [ 2; 0 ] data).Targets)
        prints "truncateEach" "3" (fun () ->
            let data = Dataset.create (Tensor.zeros DType.F32 [ 4; 1 ]) (Tensor.vector [ 0L; 1L; 2L; 0L ])
            (Dataset.truncateEach 1 data).Count)
        prints "mapInputs" "f32 [3, 2] [[-0.9258 -1.2247] [-0.4629 1.2247] [ 1.3887 0.0000]]" (fun () ->
            (Dataset.mapInputs (Scale.apply scaler) data).Inputs)
        prints "named" "3 rows: inputs word i64 [3], age f32 [3, 2], targets f32 [3, 2]" (fun () ->
            let words, ages, prices = y, x, x
            Dataset.named [ "word", words; "age", ages ] [ "price", prices ])
        prints "from" "3 rows: inputs 1 i64 [3], 2 f32 [3, 2], targets f32 [3, 2]" (fun () ->
            let words, ages, prices = y, x, x
            Dataset.from (words, ages) prices)
        prints "ofInputs" "3 rows: inputs f32 [3, 2], targets f32 [3, 2]" (fun () -> Dataset.ofInputs x)
        prints "mapInput" "3 rows: inputs word i64 [3], age f32 [3, 2], targets i64 [3]" (fun () ->
            let several = Dataset.named [ "word", y; "age", x ] [ "label", y ]
            Dataset.mapInput "age" (Scale.apply scaler) several)
        prints "append" "6" (fun () -> (Dataset.append data data).Count)
    ]

let private batches =
    [
        prints "ofSize" "batches of 128, shuffled" (fun () -> Batches.ofSize 128)
        prints "indices" "1 2; 4 0; 3" (fun () ->
            Batches.indices (Batches.ofSize 2) (Key.ofSeed 1L) 0 5 |> Seq.map shown |> String.concat "; ")
        prints "prefetched" "0 1 4" (fun () -> Batches.prefetched (fun i -> i * i) 3 |> List.ofSeq |> shown)
        prints "epoch" "2 1" (fun () ->
            Batches.epoch (Batches.ofSize 2) (Key.ofSeed 1L) 0 data |> Seq.map _.Count |> shown)
    ]

let private splits =
    [
        prints "holdOut" "120 30" (fun () ->
            let train, test = Splits.holdOut 0.2 (Key.ofSeed 1L) 150
            $"{train.Length} {test.Length}")
        prints "stratified" "8 2" (fun () ->
            let train, test = Splits.stratified 0.2 (Key.ofSeed 1L) labels
            $"{train.Length} {test.Length}")
        prints "folds" "120+30 120+30 120+30 120+30 120+30" (fun () ->
            Splits.folds 5 (Key.ofSeed 1L) 150 |> sizes)
        prints "stratifiedFolds" "8+2 8+2 8+2 8+2 8+2" (fun () ->
            Splits.stratifiedFolds 5 (Key.ofSeed 1L) labels |> sizes)
        prints "grouped" "3 3" (fun () ->
            let train, test = Splits.grouped 0.5 (Key.ofSeed 1L) patients
            $"{train.Length} {test.Length}")
        prints "groupedFolds" "3+3 3+3" (fun () -> Splits.groupedFolds 2 (Key.ofSeed 1L) patients |> sizes)
        prints "ordered" "120 149" (fun () ->
            let train, test = Splits.ordered 0.2 150
            $"{train.Length} {Array.last test}")
        prints "orderedFolds" "2+2 4+2 6+2 8+2" (fun () -> Splits.orderedFolds 4 0 10 |> sizes)
        prints "data" "2 1" (fun () ->
            let train, test = Splits.data 0.2 (Key.ofSeed 1L) data
            $"{train.Count} {test.Count}")
        prints "three" "1 1 1" (fun () ->
            let train, validation, test = Splits.three 0.2 0.2 (Key.ofSeed 1L) data
            $"{train.Count} {validation.Count} {test.Count}")
    ]

let private scales =
    [
        prints "standard" "3 20; 2.16 8.165" (fun () -> Scale.standard x |> fitted)
        prints "minMax" "1 10; 5 20" (fun () -> Scale.minMax x |> fitted)
        prints "robust" "2 20; 2.5 10" (fun () -> Scale.robust x |> fitted)
        prints "maxAbs" "0 0; 6 30" (fun () -> Scale.maxAbs x |> fitted)
        prints "apply" "f32 [3, 2] [[-0.9258 -1.2247] [-0.4629 1.2247] [ 1.3887 0.0000]]" (fun () ->
            Scale.apply (Scale.standard x) x)
        prints "invert" "True" (fun () ->
            Tensor.allClose 1e-6 1e-6 (Scale.invert scaler (Scale.apply scaler x)) x)
    ]

let private imputations =
    [
        prints "mean" "3 20" (fun () -> Impute.mean x |> shown)
        prints "median" "2 20" (fun () -> Impute.median x |> shown)
        prints "commonest" "1 10" (fun () -> Impute.commonest x |> shown)
        prints "constant" "0 0" (fun () -> Impute.constant 0.0 x |> shown)
        prints "lacking" "" (fun () -> Impute.lacking x |> shown)
        prints "indicate" "[3, 0]" (fun () -> (Impute.indicate (Impute.lacking x) x).Shape)
        prints "apply" "True" (fun () -> Impute.apply (Impute.mean x) x = x)
    ]

let private categories =
    [
        prints "fit" "a b" (fun () -> (Category.fit [ "b"; "a"; "b" ]).Names |> shown)
        prints "weights" "f32 [2] [1 5]" (fun () -> Category.weights [ "b", 5.0 ] (Category.fit [ "a"; "b" ]))
        prints "balanced" "f32 [2] [1.50 0.75]" (fun () ->
            let labels = Tensor.Of [| 0L; 1L; 1L; 1L; 0L; 1L |]
            Category.balanced 2 labels)
        prints "labels" "i64 [2] [1 0]" (fun () -> Category.labels (Category.fit [ "a"; "b" ]) [ "b"; "a" ])
        prints "oneHot" "f32 [2, 2] [[0 1] [0 0]]" (fun () ->
            Category.oneHot (Category.fit [ "a"; "b" ]) [ "b"; "" ])
        prints "beside" "[3, 4]" (fun () ->
            let oneHot = Category.oneHot (Category.fit [ "a"; "b" ]) [ "b"; "a"; "a" ]
            (Category.beside [ x; oneHot ]).Shape)
    ]

let private times =
    [
        prints "windows" "12 rows: inputs f32 [12, 12, 1], targets f32 [12, 1, 1]" (fun () ->
            TimeSeries.windows 12 1 1 series)
        prints "split" "[19, 1] [5, 1]" (fun () ->
            let train, test = TimeSeries.split 0.2 series
            $"{train.Shape} {test.Shape}")
    ]

let private shifted () =
    PaddedRows.shifted (PaddedRows.ofRows 0.0 [ Tensor.vector [ 1; 2; 3 ]; Tensor.vector [ 1; 3 ] ])
    |> snd

let private paddedRows =
    [
        prints "ofRows" "i32 [2, 2] [[1 2] [3 0]], lengths i64 [2] [2 1]" (fun () ->
            let p = PaddedRows.ofRows 0.0 [ Tensor.vector [ 1; 2 ]; Tensor.vector [ 3 ] ]
            $"{p.Values}, lengths {p.Lengths}")
        prints "toRows" "2" (fun () ->
            (PaddedRows.toRows (PaddedRows.ofRows 0.0 [ Tensor.vector [ 1; 2 ]; Tensor.vector [ 3 ] ]))
                .Length)
        prints "shifted" "i32 [2, 2] [[2 3] [3 0]], lengths i64 [2] [2 1]" (fun () ->
            let after = shifted ()
            $"{after.Values}, lengths {after.Lengths}")
        prints "toLength" "i32 [2, 2] [[1 2] [3 0]], lengths i64 [2] [2 1]" (fun () ->
            let p = PaddedRows.toLength 2 0.0 [ Tensor.vector [ 1; 2; 3 ]; Tensor.vector [ 3 ] ]
            $"{p.Values}, lengths {p.Lengths}")
    ]

let private bytePairs =
    [
        prints "train" "267 numbers, 8 pairs merged" (fun () ->
            BytePairs.train 270 "low lower lowest, new newer newest")
        prints "encode" "i64 [2] [258 262]" (fun () ->
            BytePairs.encode (BytePairs.train 270 "low lower lowest, new newer newest") "lower")
        prints "encodeAll" "i64 [2, 3] [[257 256 258] [257 108 258]]" (fun () ->
            (BytePairs.encodeAll (BytePairs.train 260 "lolo") [ "lo"; "l" ]).Values)
        prints "decodeAll" "lo" (fun () ->
            List.head (
                BytePairs.decodeAll
                    (BytePairs.train 260 "lolo")
                    (BytePairs.encodeAll (BytePairs.train 260 "lolo") [ "lo" ])
            ))
        prints "toJson" """{"format":"DL1 byte pairs","version":1,"merges":[[108,111]]}""" (fun () ->
            BytePairs.toJson (BytePairs.train 260 "lolo"))
        prints "ofJson" "260 numbers, 1 pairs merged" (fun () ->
            BytePairs.ofJson (BytePairs.toJson (BytePairs.train 260 "lolo")))
        prints "save" "60" (fun () ->
            inFiles (fun path ->
                BytePairs.save path (BytePairs.train 260 "lolo")
                (File.ReadAllText path).Length))
        prints "load" "260 numbers, 1 pairs merged" (fun () ->
            inFiles (fun path ->
                BytePairs.save path (BytePairs.train 260 "lolo")
                BytePairs.load path))
    ]

let private vocabularies =
    [
        prints "options" "True" (fun () -> { Vocabulary.options with Bounds = true; Padding = true }.Padding)
        prints "charactersWith" "4" (fun () ->
            (Vocabulary.charactersWith Vocabulary.options [ "abc"; "ca" ]).Count)
        prints "wordsWith" "�, <begin>, <end>, the, cat, dog" (fun () ->
            let v =
                Vocabulary.wordsWith
                    { Vocabulary.options with LowerCase = true; Bounds = true }
                    [ "The cat"; "the dog" ]

            String.concat ", " v.Pieces)
        prints "encodeAll" "i64 [2, 2] [[2 3] [3 1]]" (fun () ->
            (Vocabulary.encodeAll
                (Vocabulary.wordsWith { Vocabulary.options with Padding = true } [ "a b" ])
                [ "a b"; "b" ])
                .Values)
        prints "encodeTo" "i64 [2, 3] [[2 3 1] [3 1 1]]" (fun () ->
            (Vocabulary.encodeTo
                3
                (Vocabulary.wordsWith { Vocabulary.options with Padding = true } [ "a b" ])
                [ "a b"; "b" ])
                .Values)
        prints
            "toJson"
            """{"format":"DL1 vocabulary","version":1,"kind":"characters","lowerCase":false,"bounds":false,"padding":false,"pieces":[["a",2],["b",1]]}"""
            (fun () -> Vocabulary.toJson (Vocabulary.characters "aab"))
        prints "ofJson" "3 pieces, characters" (fun () ->
            Vocabulary.ofJson (Vocabulary.toJson (Vocabulary.characters "aab")))
        prints "save" "True" (fun () ->
            inFiles (fun path ->
                Vocabulary.save path (Vocabulary.characters "aab")
                File.Exists path))
        prints "load" "3 pieces, characters" (fun () ->
            inFiles (fun path ->
                Vocabulary.save path (Vocabulary.characters "aab")
                Vocabulary.load path))
        prints "decodeAll" "ab" (fun () ->
            List.head (
                Vocabulary.decodeAll
                    (Vocabulary.characters "ab")
                    (PaddedRows.ofRows 0.0 [ Tensor.vector [ 1; 2 ] ])
            ))
        prints "characters" "i64 [3] [3 1 2]" (fun () -> (Vocabulary.characters "abca").Encode "cab")
        prints "words" "i64 [2] [1 3]" (fun () -> (Vocabulary.words 1000 "the cat, the dog").Encode "the cat")
        prints "examples" "3 rows: inputs i64 [3, 32], targets i64 [3, 32]" (fun () ->
            Vocabulary.examples 32 numbers)
    ]

let private taught =
    let words = Vocabulary.words 100 "the cat sat on the mat"
    let vectors = lazy Key.normal 0.0 1.0 DType.F32 [ words.Count; 4 ] (Key.ofSeed 1L)

    [
        prints "nearest" "2" (fun () ->
            let vectors = vectors.Value
            (WordVectors.nearest 2 words vectors "cat").Length)
        prints "analogy" "1" (fun () ->
            let words = Vocabulary.words 100 "man men hand hands"
            let vectors = Key.normal 0.0 1.0 DType.F32 [ words.Count; 4 ] (Key.ofSeed 1L)
            (WordVectors.analogy 1 words vectors "man" "men" "hand").Length)
    ]

let private skipGrams =
    let words = Vocabulary.words 100 "the cat sat on the mat"

    [
        prints "options" "5" (fun () -> { SkipGrams.options with Subsampling = 0.001 }.Window)
        prints "ofTexts" "30" (fun () ->
            (SkipGrams.ofTexts SkipGrams.options (Key.ofSeed 1L) words [ "the cat sat on the mat" ]).Count)
    ]

let private intervals =
    [
        prints "proportion" "0.9 (0.5958 to 0.9821)" (fun () -> Interval.proportion 0.95 9 10)
        prints "mean" "0.92 (0.8952 to 0.9448)" (fun () -> Interval.mean 0.95 [ 0.91; 0.93; 0.92 ])
    ]

let private labelled =
    let target, predicted = Tensor.vector [ 0; 1; 1 ], Tensor.vector [ 0; 1; 0 ]
    let scores = Convert.ofRows [ [ 1.0; 3.0 ]; [ 5.0; 1.0 ] ]

    [
        prints "confusion" "i64 [2, 2] [[1 0] [1 1]]" (fun () ->
            (Classification.confusion target predicted).ToTensor())
        prints "accuracy" "0.67" (fun () -> (Classification.accuracy target predicted).ToString "F2")
        prints "argMax" "i64 [2] [1 0]" (fun () -> Classification.argMax scores)
        prints "ofScores" "i64 [2] [1 0]" (fun () -> Classification.ofScores scores)
        prints "confusionOfScores" "i64 [2, 2] [[0 1] [1 0]]" (fun () ->
            let target = Tensor.vector [ 0; 1 ]
            (Classification.confusionOfScores target scores).ToTensor())
    ]

let private scored =
    let target, score, probability =
        Tensor.vector [ 0; 1; 1; 0 ],
        Tensor.vector [ 0.1; 0.9; 0.4; 0.5 ],
        Tensor.vector [ 0.0; 1.0; 0.5; 0.5 ]

    let logits = Tensor.vector [ -2.0; 2.0; 0.0; 0.0 ]

    [
        prints "roc" "0 0 0.5 0.5 1; 0 0.5 0.5 1 1" (fun () ->
            let c = Binary.roc target score in $"{shown c.X}; {shown c.Y}")
        prints "precisionRecall" "0 0.5 0.5 1 1" (fun () ->
            let c = Binary.precisionRecall target score in shown c.X)
        prints "area" "0.75" (fun () -> Binary.area (Binary.roc target score))
        prints "rocAuc" "0.75" (fun () -> Binary.rocAuc target score)
        prints "averagePrecision" "0.83" (fun () -> (Binary.averagePrecision target score).ToString "F2")
        prints "brier" "0.125" (fun () -> Binary.brier target probability)
        prints "brierOfLogits" "0.13" (fun () -> (Binary.brierOfLogits target logits).ToString "F2")
    ]

let private numeric =
    let target, predicted = Tensor.vector [ 0.0; 1.0; 2.0; 5.0 ], Tensor.vector [ 0.0; 1.0; 2.0; 3.0 ]

    [
        prints "mse" "1" (fun () -> Regression.mse target predicted)
        prints "rmse" "1" (fun () -> Regression.rmse target predicted)
        prints "mae" "0.5" (fun () -> Regression.mae target predicted)
        prints "medianError" "0" (fun () -> Regression.medianError target predicted)
        prints "mape" "0.1" (fun () -> Regression.mape target predicted)
        prints "maxError" "2" (fun () -> Regression.maxError target predicted)
        prints "r2" "0.71" (fun () -> (Regression.r2 target predicted).ToString "F2")
        prints "explainedVariance" "0.79" (fun () ->
            (Regression.explainedVariance target predicted).ToString "F2")
    ]

let private watched =
    let labels, logits = Tensor.vector [ 0L; 1L ], Convert.ofRows [ [ 2f; 1f ]; [ 0f; 1f ] ]
    let chances = Convert.ofRows [ [ 0.8; 0.2 ]; [ 0.0; 1.0 ] ]

    let target, score, output =
        Tensor.vector [ 0.0; 1.0 ], Tensor.vector [ 0.5; 1.0 ], Tensor.vector [ 0.5; 1.0 ]

    [
        prints "create" "r2" (fun () -> (Metric.create "r2" true Regression.r2).Name)
        prints "perplexity" "1.368" (fun () -> (Metric.perplexity.Measure labels logits).ToString "F3")
        prints "bitsPerToken" "0.452" (fun () -> (Metric.bitsPerToken.Measure labels logits).ToString "F3")
        prints "bitsPerCharacter" "0.181" (fun () ->
            ((Metric.bitsPerCharacter 5).Measure labels logits).ToString "F3")
        prints "exactMatch" "1" (fun () -> (Metric.exactMatch (Some 0)).Measure target target)
        prints "ignoring" "accuracy" (fun () -> (Metric.ignoring -100 Metric.accuracy).Name)
        prints "accuracy" "1" (fun () -> Metric.accuracy.Measure labels logits)
        prints "f1" "1" (fun () -> Metric.f1.Measure labels logits)
        prints "rocAuc" "1" (fun () -> Metric.rocAuc.Measure target score)
        prints "between" "logits accuracy" (fun () -> Metric.between "label" "logits" Metric.accuracy)
        prints "on" "price r2" (fun () -> Metric.on "price" Metric.r2)
        prints "mae" "0.25" (fun () -> Metric.mae.Measure target output)
        prints "rmse" "0.354" (fun () -> (Metric.rmse.Measure target output).ToString "F3")
        prints "r2" "0.5" (fun () -> Metric.r2.Measure target output)
        prints "ofClasses" "1" (fun () ->
            (Metric.ofClasses Average.Macro ClassScore.Precision).Measure labels logits)
        prints "logLoss" "0.11" (fun () -> (Metric.logLoss.Measure labels chances).ToString "F2")
        prints "logLossOfLogits" "0.31" (fun () ->
            (Metric.logLossOfLogits.Measure labels logits).ToString "F2")
        prints "topK" "1" (fun () -> (Metric.topK 2).Measure labels logits)
        prints "rocAucOneVsRest" "0.75" (fun () ->
            (Metric.rocAucOneVsRest Average.Macro).Measure labels logits)
        prints "rocAucOneVsOne" "0.75" (fun () -> (Metric.rocAucOneVsOne Average.Macro).Measure labels logits)
        prints "mape" "0" (fun () -> Metric.mape.Measure output output)
        prints "maxError" "0.5" (fun () -> Metric.maxError.Measure target output)
    ]

let private files =
    [
        prints "write" "2" (fun () ->
            inFiles (fun path ->
                let bytes = [| 1uy; 2uy |]
                AtomicFile.write path (fun stream -> stream.Write(bytes, 0, bytes.Length))
                File.ReadAllBytes(path).Length))
        prints "writeBytes" "2" (fun () ->
            inFiles (fun path ->
                AtomicFile.writeBytes path [| 1uy; 2uy |]
                File.ReadAllBytes(path).Length))
        prints "writeBytesAsync" "2" (fun () ->
            inFiles (fun path ->
                (AtomicFile.writeBytesAsync path [| 1uy; 2uy |] CancellationToken.None).Wait()
                File.ReadAllBytes(path).Length))
        prints "writeText" "done" (fun () ->
            inFiles (fun path ->
                AtomicFile.writeText path "done"
                File.ReadAllText path))
    ]

let all: Examples list =
    [
        { Module = moduleOf <@ Dataset.create @>; Rows = datasets }
        { Module = moduleOf <@ Batches.ofSize @>; Rows = batches }
        { Module = moduleOf <@ Splits.folds @>; Rows = splits }
        { Module = moduleOf <@ Scale.standard @>; Rows = scales }
        { Module = moduleOf <@ Impute.mean @>; Rows = imputations }
        { Module = moduleOf <@ Category.fit @>; Rows = categories }
        { Module = moduleOf <@ TimeSeries.split @>; Rows = times }
        { Module = moduleOf <@ PaddedRows.ofRows @>; Rows = paddedRows }
        { Module = moduleOf <@ BytePairs.train @>; Rows = bytePairs }
        { Module = moduleOf <@ Vocabulary.characters @>; Rows = vocabularies }
        { Module = moduleOf <@ WordVectors.nearest @>; Rows = taught }
        { Module = moduleOf <@ SkipGrams.options @>; Rows = skipGrams }
        { Module = moduleOf <@ Interval.mean @>; Rows = intervals }
        { Module = moduleOf <@ Classification.argMax @>; Rows = labelled }
        { Module = moduleOf <@ Binary.roc @>; Rows = scored }
        { Module = moduleOf <@ Regression.mse @>; Rows = numeric }
        { Module = moduleOf <@ Metric.accuracy @>; Rows = watched }
        { Module = moduleOf <@ AtomicFile.writeText @>; Rows = files }
    ]
