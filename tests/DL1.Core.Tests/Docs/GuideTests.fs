/// The F# examples of the guides in docs/, run. Each stands in these tests to the letter, as those of the README do.
module DL1.Tests.GuideTests

open System
open System.IO
open DL1
open DL1.Data
open DL1.Pictures
open DL1.Tests.ReadmeTests
open Expecto

let private formula () =
    let x = Expr.symbol "x"
    let y = (x - 2.0) ** 2.0 + 3.0
    let slope = Symbolic.derivative x y
    printfn $"{slope}" // 2·(x − 2)
    let down = Descent.run Descent.standard (Optimizer.momentum 0.9 0.01) y [ x ] [ 50.0 ]
    printfn $"{down.Rows.Count} epochs, x = {down.Rows[down.Rows.Count - 1].After[0]:F3}"

    string slope, down.Converged, Eval.run [ "x", Tensor.scalar 5.0 ] slope

let private tensors () =
    let points = Key.normal 0.0 1.0 DType.F32 [ 100; 2 ] (Key.ofSeed 1L)
    let centre = Eval.run [] (Reduce.mean [ 0 ] (Expr.constant points))
    printfn $"{points.Shape}, {centre.Shape}" // [100, 2], [2]

    string points.Shape, string centre.Shape

let private classifier () =
    let table = Datasets.digits () // 1797 images of 8 by 8, pixels 0 to 16
    let digits = Table.texts "digit" table
    let images = table |> Table.numbers (Table.namesBut [ "digit" ] table)

    let train, test =
        Dataset.create images (Category.labels (Category.fit digits) digits)
        |> Splits.data 0.2 (Key.ofSeed 1L)

    let model = Dense.linear 64 => Activation.relu => Shaping.dropout 0.1 => Dense.linear 10
    let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.002)

    let options =
        { Fit.options (Key.ofSeed 2L) with
            Epochs = 8
            Validation = Some test
            Metrics = [ Metric.accuracy ]
            WatchesGradients = true
        }

    let fitted = Fit.run options learner train
    printfn $"{History.line (List.last fitted.History)}"

    let predicted = Trained.predict test.Inputs fitted.Trained |> Classification.argMax
    let confusion = Classification.confusion test.Targets predicted
    printfn $"{confusion.Accuracy:F2}"

    let some = test.Inputs |> Tensor.reshape [ test.Count; 8; 8 ]

    let section =
        Section
            .Titled("Digits")
            .Figure(LearningCurves.Loss fitted.History, "Both losses fall", "The loss over the epochs.")
            .Figure(LearningCurves.Gradients fitted.History, "Norms of gradients", "Where the gradients are.")
            .Figure(ConfusionMatrix.Of(confusion), "Most digits are found", "Each digit, and as what.")
            .Figure(Histograms.Of fitted.Trained.Parameters, "Weights around 0", "The parameters.")

    Report.write "out/digits.html" "Handwritten digits" [ section ]

    Trained.save "out/digits.safetensors" fitted.Trained
    let again = Trained.load "out/digits.safetensors" model test.Inputs
    let same = Trained.predict test.Inputs again = Trained.predict test.Inputs fitted.Trained

    fitted, confusion, same, File.ReadAllText "out/digits.html"

let private layer () =
    let gated features =
        Layer.create "Gated" (fun scope x ->
            let gate = scope.Run("gate", Dense.linear features, x)
            gate * Expr.sigmoid gate * scope.Parameter("scale", [ features ], Init.ones))

    let inputs = Expr.variable "x" DType.F32 [ 16; 64 ]
    let parameters, _ = Layer.init (Key.ofSeed 1L) inputs (gated 32)
    printfn $"{Tree.paths parameters}" // [gate.weight; gate.bias; scale]

    Tree.paths parameters

let private fromPytorch () =
    let slope () =
        let x = Expr.symbol "x"
        let y = x ** 3.0 + sin x
        let slope = Symbolic.derivative x y
        let value = Eval.run [ "x", Tensor.scalar 2.0 ] slope
        printfn $"{slope}: {value}"
        value

    let model =
        Conv.conv2dWith Init.parameters { Convolution.options with Padding = [ 1 ] } 8 [ 3 ]
        => Activation.relu
        => Pooling.max 2
        => Shaping.flatten
        => Dense.linear 10

    let parameters, state = Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.F32 [ 1; 1; 8; 8 ]) model
    printfn $"{Tree.paths parameters}"

    let pictures = Key.normal 0.0 1.0 DType.F32 [ 32; 1; 8; 8 ] (Key.ofSeed 2L)
    let labels = Tensor.ofArray [ 32 ] [| for i in 0..31 -> int64 (i % 10) |]
    let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adamW 0.01 0.01)
    let options = { Fit.options (Key.ofSeed 3L) with Epochs = 50; Batch = Batches.ofSize 32 }
    let fitted = Fit.run options learner (Dataset.create pictures labels)
    printfn $"{History.line (List.last fitted.History)}"

    let own () =
        let x = Expr.variable "x" DType.F32 [ 2; 3 ]

        let gated outputs =
            Layer.create "Gated" (fun scope x ->
                let gate = scope.Run("gate", Dense.linear outputs, x)
                gate * Expr.sigmoid gate * scope.Parameter("scale", [ outputs ], Init.ones))

        let own, _ = Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.F32 [ 2; 3 ]) (gated 4)
        printfn $"{Tree.paths own}"
        Tree.paths own

    slope (), Tree.paths parameters, (List.last fitted.History).Loss, own ()

let private howItWorks () =
    let x = Expr.variable "x" DType.F32 [ 8; 3 ]
    let w = Expr.variable "w" DType.F32 [ 3; 2 ]
    let h = tanh (Expr.matmul x w)
    printfn $"{h}: {h.Shape}" // tanh(x @ w): [8, 2]

    let loss = Reduce.meanAll (h * h)
    let slope = Grad.grad loss [ w ] |> List.head
    let curvature = Grad.grad (Expr.sumAll slope) [ w ] |> List.head
    printfn $"{slope.Shape}, {curvature.Shape}" // [3, 2], [3, 2]

    let long = (Expr.symbol "a" + 0.0) * 1.0 * Expr.symbol "b" - Expr.symbol "b" * Expr.symbol "a"
    printfn $"{Rewrite.simplify long}" // 0

    let plan = Compile.explain (Graph.variables [ x; w ]) [ loss; slope ]
    let run = Compile.prepare (Graph.variables [ x; w ]) [ loss; slope ]
    let results = run [ Tensor.ones DType.F32 [ 8; 3 ]; Tensor.zeros DType.F32 [ 3; 2 ] ]

    $"{h}: {h.Shape}", [ slope; curvature ], $"{Rewrite.simplify long}", string plan, results

let private tables () =
    let known = Csv.parse "known" "mass,animal\n3,cat\n9,dog\n"
    let encoder = TableEncoder.Fit(known, "mass").WithClasses(known, "animal")
    let kept = TableEncoder.OfJson(encoder.ToJson()) // or Save and Load, with a file
    let later = kept.Dataset(Csv.parse "later" "mass,animal\n8,dog\n")
    printfn $"{later.Targets}" // dog is 1, as it was

    later

let private pipelines () =
    let pipeline =
        Pipeline
            .Classify("species")
            .Numbers("beak_length_mm", "body_mass_g")
            .Categories("island")
            .Impute(ColumnFill.Median)
            .Feature("ratio", (fun f -> f["body_mass_g"] / f["beak_length_mm"]))
            .Scale(ColumnScaling.Standard)
            .Model(Estimator.Logistic())

    let train, test = Datasets.penguins () |> Table.splitStratified "species" 0.2 (Key.ofSeed 1L)
    let fitted = pipeline.Fit train
    let accuracy = (fitted.Evaluate(test, Metric.accuracy)[0]).Value
    let one = fitted.Predict {| island = "Biscoe"; beak_length_mm = 49.0; body_mass_g = 5200 |}

    accuracy, one

/// The guides, and the folder of these tests.
let private guides, private tests' =
    let root = root AppContext.BaseDirectory

    Directory.GetFiles(Path.Combine(root, "docs"), "*.md")
    |> Array.map (fun f -> $"docs/{Path.GetFileName f}"),
    Directory.GetFiles(Path.Combine(root, "tests", "DL1.Core.Tests"), "*.fs", SearchOption.AllDirectories)
    |> Array.filter (fun f ->
        not (f.Contains $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))

let written () =
    let text = String.replicate 30 "the cat sat on the mat, and the dog sat by the door. "
    let letters = Vocabulary.characters text
    let data = Vocabulary.examples 32 (letters.Encode text)
    let causal = { Transformer.options 4 64 with Causal = true; NormFirst = true; Dropout = 0.0 }

    let model =
        Dense.embedding letters.Count 32
        => Transformer.sinusoidalPositions
        => Transformer.encoderLayer causal
        => Dense.linear letters.Count

    let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.005)

    let fitted =
        Fit.run { Fit.options (Key.ofSeed 1L) with Epochs = 15; Batch = Batches.ofSize 8 } learner data

    let stepper = Stepwise.ofTrained fitted.Trained
    let bold = { Sampling.options with Temperature = 0.5; TopP = Some 0.9 }
    Generation.text letters 20 bold (Key.ofSeed 1L) "the cat " stepper

let private transfer () =
    let folder = Directory.CreateTempSubdirectory "dl1-"
    let path = Path.Combine(folder.FullName, "known.safetensors")
    let table = Datasets.digits ()
    let numbers = table |> Table.texts "digit" |> Seq.map int64 |> Array.ofSeq
    let images = table |> Table.numbers (Table.namesBut [ "digit" ] table)

    let among first last (label: int64 -> int64) =
        let rows = [| first..last |]
        let labels = Tensor.Of(rows |> Array.map (fun i -> label numbers[i]))
        Dataset.create (Dataset.rows rows (Dataset.ofInputs images)).Inputs labels

    let many = among 0 999 id
    let few, others = among 1000 1039 (fun n -> n % 2L), among 1040 1796 (fun n -> n % 2L)

    let network classes : Layer<Expr, Expr> =
        Layer.named
            "backbone"
            (Shaping.reshape [ 1; 8; 8 ]
             => Conv.conv2dSame 8 3
             => Norm.batchNorm2d
             => Activation.relu
             => Pooling.max 2
             => Shaping.flatten
             => Dense.linear 32
             => Activation.relu
             => Shaping.dropout 0.2)
        => Layer.named "head" (Dense.linear classes)

    let learner classes rate =
        Learner.create (network classes) (Loss.crossEntropy Loss.classes) (Optimizer.adam rate)

    let options = { Fit.options (Key.ofSeed 1L) with Epochs = 6; Batch = Batches.ofSize 32 }
    let known = Fit.run options (learner 10 0.003) many
    Trained.save path known.Trained

    let parameters, state = Layer.init (Key.ofSeed 2L) (Expr.variable "x" DType.F32 [ 1; 64 ]) (network 2)
    let loaded = Weights.take parameters state (Safetensors.read path)
    printfn $"{loaded}" // 9 taken, 2 unfit: head.weight: f32 [10, 32] for f32 [2, 32], ...

    let held = learner 2 0.01 |> Learner.freezeResting (fun name -> name.StartsWith "backbone.")
    let first = Step.startFrom held (Key.ofSeed 3L) loaded.Parameters loaded.State

    let head =
        Fit.run
            { Fit.options (Key.ofSeed 3L) with
                Epochs = 40
                Batch = Batches.ofSize 16
                Start = Some first
            }
            held
            few

    let augmented = Shaping.reshape [ 1; 8; 8 ] => Augment.rotate 10.0 => Shaping.flatten => network 2
    let small = Optimizer.adam 0.003 |> Wrap.layerDecay 0.3 [ "backbone"; "head" ]
    let tuner = Learner.create augmented (Loss.crossEntropy Loss.classes) small |> Learner.mixup 0.2
    let go = Step.startFrom tuner (Key.ofSeed 4L) head.Trained.Parameters head.Trained.State

    let tuned =
        Fit.run
            { Fit.options (Key.ofSeed 4L) with
                Epochs = 40
                Batch = Batches.ofSize 16
                Start = Some go
            }
            tuner
            few

    folder.Delete true
    known.Trained, string loaded, head.Trained, tuned.Trained, others

let private asCode (digits: Dataset) (folder: string) =
    let model = Dense.linear 32 => Activation.relu => Dense.linear 10
    let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.003)
    let trained = (Fit.run { Fit.options (Key.ofSeed 1L) with Epochs = 5 } learner digits).Trained

    let source =
        ModelCode.csharpWith
            { ModelCode.options with Samples = [ digits.Inputs ]; Finish = Some(Expr.softmax 1) }
            "Digits"
            trained

    source.Save folder // Digits.cs, and Digits.bin where there are more than 100,000 numbers
    source

let private watching (runs: string) =
    let options = { Fit.options (Key.ofSeed 1L) with Epochs = 2 }
    let lines = Collections.Generic.List<string>()
    let board = TensorBoard(Path.Combine(runs, "adam"))

    board.Hyperparameters(
        [ "rate", HyperValue.Number 0.01; "optimizer", HyperValue.Word "adam" ],
        [ "epoch/validation_loss" ]
    )

    let watched =
        { options with
            Progress = Progress.all [ Progress.lines lines.Add; board.Progress ]
            Callbacks = [ board.Histograms ]
        }

    Fit.run watched Learners.learner (Learners.clouds 1L 40) |> ignore
    lines.Count, File.Exists board.Path

let private largeData (folder: string) =
    let learner =
        Learner.create
            (Shaping.flatten => Dense.linear 3)
            (Loss.crossEntropy Loss.classes)
            (Optimizer.adam 0.001)

    Npy.write
        (Path.Combine(folder, "images.npy"))
        (Key.normal 0.0 99.0 DType.F32 [ 100; 3; 8; 8 ] (Key.ofSeed 1L))

    Npy.write (Path.Combine(folder, "labels.npy")) (Key.integers 0 3 DType.I64 [ 100 ] (Key.ofSeed 2L))
    use images = MappedTensor.Npy(Path.Combine(folder, "images.npy"))
    use labels = MappedTensor.Npy(Path.Combine(folder, "labels.npy"))
    let source = MappedTensor.ToSource(images.Scaled(1.0 / 255.0), labels)

    let options =
        { Fit.options (Key.ofSeed 1L) with
            Epochs = 2
            Batch = { Batches.ofSize 32 with Blocks = Some { Rows = 64; Window = 4 } }
            Prefetch = { Batches = 4; Threads = 2 }
        }

    let fitted = Fit.run options learner source
    fitted.History.Length

let private inFolder (use': string -> 'a) : 'a =
    let folder = Directory.CreateTempSubdirectory().FullName

    try
        use' folder
    finally
        Directory.Delete(folder, true)

/// Epochs of a training by ranks, here by one alone, and whether it writes its file.
let private severalMachines () =
    // in a project that refers to DL1.Core and DL1.Mpi: fitted (Mpi.Start()) learner data
    let fitted (ranks: Ranks) (learner: Learner) (data: Dataset) =
        Fit.run
            { Fit.options (Key.ofSeed 1L) with
                Epochs = 20
                Batch = Batches.ofSize 256
                Shards = 8
                Ranks = ranks
                Saving = Some { Path = "digits.ckpt"; Every = 1 }
                SavingSteps = Some 100
                Resume = if File.Exists "digits.ckpt" then Some(Checkpoint.read "digits.ckpt") else None
            }
            learner
            data

    let data = Dataset.create (Tensor.ones DType.F32 [ 16; 2 ]) (Tensor.zeros DType.F32 [ 16; 1 ])
    let learner = Learner.create (Dense.linear 1) (Loss.mse Reduction.Mean) (Optimizer.sgd 0.1)
    (fitted Ranks.alone learner data).History.Length, File.Exists "digits.ckpt"

let tests =
    testList
        "Guides"
        [
            test "ranks train together" {
                File.Delete "digits.ckpt"

                try
                    Expect.equal (severalMachines ()) (20, true) "epochs, and a file"
                finally
                    File.Delete "digits.ckpt"
            }
            test "a training is watched" {
                Expect.equal (inFolder watching) (2, true) "a line for each epoch, and a file"
            }
            test "mapped files are learnt from" { Expect.equal (inFolder largeData) 2 "epochs" }
            test "a network is fine-tuned" {
                let known, report, head, tuned, others = transfer ()

                Expect.equal
                    report
                    "9 taken\n2 unfit: head.weight: f32 [10, 32] for f32 [2, 32], head.bias: f32 [10] for f32 [2]"
                    "the report"

                let weight (t: Trained) = t.Parameters["backbone.1.weight"]
                Expect.isTrue (Tensor.sameBits (weight known) (weight head)) "frozen"
                Expect.equal known.State head.State "statistics rest"
                Expect.isFalse (Tensor.sameBits (weight known) (weight tuned)) "then trained"

                let accuracy trained =
                    (Trained.evaluate (Loss.crossEntropy Loss.classes) [ Metric.accuracy ] others trained)
                        .Metrics
                    |> List.head
                    |> snd

                Expect.isGreaterThan (accuracy head) 0.85 "the head alone"
                Expect.isGreaterThan (accuracy tuned) (accuracy head) "all of it"
            }
            test "every F# example of every guide stands in these tests" {
                let here = tests' |> Seq.map (File.ReadAllText >> folded) |> String.concat "\n"

                let all =
                    guides |> Seq.collect (fun g -> snippetsOf g |> Seq.map (fun s -> g, s)) |> List.ofSeq

                Expect.isGreaterThan all.Length 14 "the guides were not found"

                for guide, snippet in all do
                    if not (here.Contains snippet) then
                        failtest $"not in the tests, an example of {guide}: {snippet}"
            }
            test "links between the guides lead somewhere" {
                for guide in guides do
                    for m in Text.RegularExpressions.Regex.Matches(read guide, @"\]\(([\w./-]+\.md)\)") do
                        let target = Path.Combine(root AppContext.BaseDirectory, "docs", m.Groups[1].Value)

                        Expect.isTrue (File.Exists target) $"{guide} names {m.Groups[1].Value}"
            }
            test "an encoder keeps what a class means" {
                Expect.equal ((tables ()).Targets.ToArray<int64>()) [| 1L |] "dog is 1"
            }
            test "a formula has the derivative that the guide shows" {
                Expect.equal (formula ()) ("2·(x − 2)", true, Tensor.scalar 6.0) ""
            }
            test "tensors have the shapes that the guide shows" {
                Expect.equal (tensors ()) ("[100, 2]", "[2]") ""
            }
            test "a classifier is trained, told and kept" {
                let fitted, confusion, same, page = classifier ()
                Expect.isGreaterThan confusion.Accuracy 0.9 "accuracy"
                Expect.equal fitted.History.Length 8 "epochs"
                Expect.isTrue same "what was read predicts the same"
                Expect.stringContains page "Each digit, and as what." "the page"
            }
            test "a pipeline is fitted and asked" {
                let accuracy, one = pipelines ()
                Expect.isGreaterThan accuracy 0.9 "accuracy"
                Expect.equal one.Class "Gentoo" "one"
            }
            test "a layer has the paths that the guide shows" {
                Expect.equal (layer ()) [ "gate.weight"; "gate.bias"; "scale" ] ""
            }
            test "what PyTorch does is done" {
                let slope, paths, loss, own = fromPytorch ()
                Expect.floatClose Accuracy.medium (Tensor.toFloat slope) (12.0 + cos 2.0) "3·x² + cos x"
                Expect.equal paths [ "0.weight"; "0.bias"; "4.weight"; "4.bias" ] "PyTorch's names"
                Expect.isLessThan loss 0.5 "the loss falls from 2.3"
                Expect.equal own [ "gate.weight"; "gate.bias"; "scale" ] "names of one's own"
            }
            test "a model of characters writes what it has read" {
                Expect.stringStarts (written ()) "sat on the mat" ""
            }
            test "a model is written as one file" {
                let folder = Directory.CreateTempSubdirectory("dl1-").FullName

                try
                    let table = Datasets.digits ()
                    let names = Table.texts "digit" table
                    let inputs = table |> Table.numbers (Table.namesBut [ "digit" ] table)
                    let labels = Category.labels (Category.fit names) names
                    let some = Dataset.rows [| 0..199 |] (Dataset.create inputs labels)
                    let source = asCode some folder
                    Expect.equal (File.ReadAllText(Path.Combine(folder, "Digits.cs"))) source.Text "the file"
                finally
                    Directory.Delete(folder, true)
            }
            test "a loop of one's own" {
                let saved = LoopExamples.guide ()
                Expect.equal saved.Step 10L "steps"
                Expect.equal (Tree.paths saved.Parameters).Length 4 "weights and biases"
            }
            test "how it works" {
                let h, slopes, zero, plan, results = howItWorks ()
                Expect.equal h "tanh(x @ w): [8, 2]" ""
                Expect.equal (slopes |> List.map (_.Shape >> string)) [ "[3, 2]"; "[3, 2]" ] ""
                Expect.equal zero "0" ""
                Expect.stringContains plan "kernels" "the plan"
                Expect.equal results[1] (Tensor.zeros DType.F32 [ 3; 2 ]) "tanh 0 is 0"
            }
        ]
