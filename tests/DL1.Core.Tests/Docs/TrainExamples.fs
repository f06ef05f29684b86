/// The examples of storing, training and searching, on a few rows.
module DL1.Tests.TrainExamples

open System.IO
open DL1
open DL1.Tests.Example

let private x = Convert.ofRows [ for i in 0..11 -> [ float32 i / 12f; float32 (i % 3) ] ]
let private data = Dataset.create x (Convert.ofRows [ for i in 0..11 -> [ float32 i / 6f ] ])
let private model = Dense.linear 1
let private learner = Learner.create model (Loss.mse Reduction.Mean) (Optimizer.sgd 0.1)
let private state = Step.start learner (Key.ofSeed 1L) x
let private fitted = lazy Fit.run { Fit.options (Key.ofSeed 1L) with Epochs = 2 } learner data
let private weights = Tree.ofList [ "w", Tensor.vector [ 1.0; 2.0 ] ]
let private checkpoint = Step.toCheckpoint state
let private t = Tensor.vector [ 1.0; 2.0 ]

/// With the path of a file that something was written to.
let inFile (write: string -> unit) (read: string -> 'a) : 'a =
    let folder = Directory.CreateTempSubdirectory("dl1-").FullName

    try
        let path = Path.Combine(folder, "file")
        write path
        read path
    finally
        Directory.Delete(folder, true)

let private exists (path: string) = File.Exists path

let private idx =
    [
        prints "read" "i32 [1] [7]" (fun () ->
            inFile
                (fun path -> AtomicFile.writeBytes path [| 0uy; 0uy; 8uy; 1uy; 0uy; 0uy; 0uy; 1uy; 7uy |])
                (fun path -> Idx.read path))
        prints "ofBytes" "i32 [1] [7]" (fun () ->
            Idx.ofBytes [| 0uy; 0uy; 8uy; 1uy; 0uy; 0uy; 0uy; 1uy; 7uy |])
    ]

let private npy =
    let tensors = weights

    [
        prints "read" "f64 [2] [1 2]" (fun () ->
            inFile (fun path -> Npy.write path t) (fun path -> Npy.read path))
        prints "ofBytes" "f64 [2] [1 2]" (fun () -> Npy.ofBytes (Npy.toBytes t))
        prints "toBytes" "144" (fun () -> (Npy.toBytes t).Length)
        prints "write" "True" (fun () -> inFile (fun path -> Npy.write path t) exists)
        prints "readAll" "w: f64 [2] [1 2]" (fun () ->
            inFile (fun path -> Npy.writeAll path tensors) (fun path -> Npy.readAll path))
        prints "allOfBytes" "w: f64 [2] [1 2]" (fun () -> Npy.allOfBytes (Npy.allToBytes tensors))
        prints "allToBytes" "True" (fun () -> Npy.allToBytes tensors = Npy.allToBytes tensors)
        prints "writeAll" "True" (fun () -> inFile (fun path -> Npy.writeAll path tensors) exists)
    ]

let private taken =
    let parameters, state = weights, Tree.empty
    let found = Tree.under "backbone" weights

    [ prints "take" "1 taken" (fun () -> Weights.take parameters state (Tree.at "backbone" found)) ]

let private safetensors =
    let written path = Safetensors.writeWith (Map [ "made by", "DL1" ]) path weights

    [
        prints "read" "w: f64 [2] [1 2]" (fun () -> inFile written (fun path -> Safetensors.read path))
        prints "readWith" "1 DL1" (fun () ->
            inFile written (fun path ->
                let tensors, texts = Safetensors.readWith path
                let maker = texts["made by"]
                $"{tensors.Count} {maker}"))
        prints "ofBytes" "w: f64 [2] [1 2]" (fun () ->
            Safetensors.ofBytes (Safetensors.toBytes Map.empty weights) |> fst)
        prints "toBytes" "112" (fun () -> (Safetensors.toBytes (Map [ "made by", "DL1" ]) weights).Length)
        prints "writeWith" "True" (fun () -> inFile written exists)
        prints "write" "True" (fun () -> inFile (fun path -> Safetensors.write path weights) exists)
        prints "fit" "w: f64 [2] [1 2]" (fun () ->
            inFile written (fun path -> Safetensors.fit weights (Safetensors.read path)))
        prints "readSome" "encoder.w: f64 [2] [1 2]" (fun () ->
            inFile (fun path -> Safetensors.write path (Tree.under "encoder" weights)) (fun path ->
                Safetensors.readSome (fun name -> name.StartsWith "encoder.") path))
        prints "contents" "w: F64 [2]" (fun () -> inFile written (fun path -> Safetensors.contents path))
        prints "toBytesAs" "68" (fun () -> (Safetensors.toBytesAs FloatStorage.BF16 Map.empty weights).Length)
        prints "writeAs" "True" (fun () ->
            inFile (fun path -> Safetensors.writeAs FloatStorage.BF16 Map.empty path weights) exists)
    ]

let private pytorch =
    let checkpoint path = PyTorch.write path (Tree.under "model" weights)

    [
        prints "read" "w: f64 [2] [1 2]" (fun () ->
            inFile (fun path -> PyTorch.write path weights) (fun path -> PyTorch.read path))
        prints "readWith" "1 0" (fun () ->
            inFile checkpoint (fun path ->
                let tensors, texts = PyTorch.readWith path
                $"{tensors.Count} {texts.Count}"))
        prints "readAt" "w: f64 [2] [1 2]" (fun () ->
            inFile checkpoint (fun path -> PyTorch.readAt "model" path))
        prints "readSome" "encoder.w: f64 [2] [1 2]" (fun () ->
            inFile (fun path -> PyTorch.write path (Tree.under "encoder" weights)) (fun path ->
                PyTorch.readSome (fun path -> path.StartsWith "encoder.") path))
        prints "contents" "model.w: torch.float64 [2]" (fun () ->
            inFile checkpoint (fun path -> PyTorch.contents path))
        prints "ofBytes" "w: f64 [2] [1 2]" (fun () -> PyTorch.ofBytes (PyTorch.toBytes weights) |> fst)
        prints "toBytes" "True" (fun () -> PyTorch.toBytes weights = PyTorch.toBytes weights)
        prints "write" "True" (fun () -> inFile (fun path -> PyTorch.write path weights) exists)
        prints "writeAs" "True" (fun () ->
            inFile (fun path -> PyTorch.writeAs FloatStorage.BF16 path weights) exists)
    ]

let private torchSharp =
    [
        prints "read" "w: f64 [2] [1 2]" (fun () ->
            inFile (fun path -> TorchSharpFile.write path weights) (fun path -> TorchSharpFile.read path))
        prints "ofBytes" "w: f64 [2] [1 2]" (fun () ->
            TorchSharpFile.ofBytes (TorchSharpFile.toBytes weights))
        prints "toBytes" "22" (fun () -> (TorchSharpFile.toBytes weights).Length)
        prints "write" "True" (fun () -> inFile (fun path -> TorchSharpFile.write path weights) exists)
        prints "writeAs" "True" (fun () ->
            inFile (fun path -> TorchSharpFile.writeAs FloatStorage.F16 path weights) exists)
    ]

/// A GGUF file of one tensor: `blk.0.w`, two numbers of f32.
let private gguf =
    let number (n: uint64) = System.BitConverter.GetBytes n
    let small (n: uint32) = System.BitConverter.GetBytes n
    let name = "blk.0.w"B

    let bytes =
        Array.concat
            [
                Array.concat [ "GGUF"B; small 3u; number 1UL; number 0UL ]
                Array.concat [ number 7UL; name; small 1u; number 2UL; small 0u; number 0UL ]
                Array.zeroCreate 1
                Array.concat [ small 0x3F800000u; small 0x40000000u ]
            ]

    let write path = AtomicFile.writeBytes path bytes

    [
        prints "read" "blk.0.w: f32 [2] [1 2]" (fun () -> inFile write (fun path -> Gguf.read path))
        prints "readWith" "1 0" (fun () ->
            inFile write (fun path ->
                let tensors, texts = Gguf.readWith path
                $"{tensors.Count} {texts.Count}"))
        prints "readSome" "blk.0.w: f32 [2] [1 2]" (fun () ->
            inFile write (fun path -> Gguf.readSome (fun name -> name.StartsWith "blk.0.") path))
        prints "contents" "blk.0.w: F32 [2]" (fun () -> inFile write (fun path -> Gguf.contents path))
        prints "ofBytes" "blk.0.w: f32 [2] [1 2]" (fun () ->
            inFile write (fun path -> Gguf.ofBytes (System.IO.File.ReadAllBytes path) |> fst))
    ]

let private checkpoints =
    [
        prints "toBytes" "True" (fun () -> Checkpoint.toBytes checkpoint = Checkpoint.toBytes checkpoint)
        prints "write" "True" (fun () -> inFile (fun path -> Checkpoint.write path checkpoint) exists)
        prints "ofBytes" "True" (fun () ->
            (Checkpoint.ofBytes (Checkpoint.toBytes checkpoint)).Parameters = state.Parameters)
        prints "read" "0" (fun () ->
            inFile (fun path -> Checkpoint.write path checkpoint) (fun path -> (Checkpoint.read path).Step))
    ]

let private learners =
    let names (l: Learner) =
        (Step.start l (Key.ofSeed 1L) x).Parameters |> Tree.paths |> List.filter l.Trains

    [
        prints "create" "weight; bias" (fun () ->
            Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.001)
            |> names
            |> String.concat "; ")
        prints "createOf" "0.weight; 0.bias; 1.weight; 1.bias" (fun () ->
            let optimizer = Optimizer.sgd 0.1

            Learner.createOf
                (Layer.both (Dense.linear 1) (Dense.linear 3))
                (fun (y: Expr) (a, b) -> Loss.mse Reduction.Mean y a)
                optimizer
            |> names
            |> String.concat "; ")
        prints "ofParts" "weight; bias" (fun () ->
            let optimizer = Optimizer.sgd 0.1

            Learner.ofParts
                model
                [ "mse", 1.0, Loss.mse Reduction.Mean; "l1", 0.1, Loss.l1 Reduction.Mean ]
                optimizer
            |> names
            |> String.concat "; ")
        prints "penalized" "True" (fun () ->
            (Learner.penalized (Penalty.l2 1e-4 Penalty.weights) learner).Penalty.IsSome)
        prints "freeze" "False" (fun () ->
            (Learner.freeze (fun path -> path.StartsWith "encoder.") learner).Trains "encoder.weight")
        prints "freezeResting" "False" (fun () ->
            (Learner.freezeResting (fun path -> path.StartsWith "encoder.") learner).Trains "encoder.weight")
        prints "startingWith" "True" (fun () ->
            let known = fitted.Value.Trained
            (Learner.startingWith (Tree.append known.Parameters known.State) learner).Begins.IsSome)
        prints "mixup" "Some(0.2)" (fun () -> (Learner.mixup 0.2 learner).Mixup)
        prints "validatedInTraining" "True" (fun () ->
            (Learner.validatedInTraining learner).ValidatesInTraining)
        prints "maskingTargets" "True" (fun () -> (Learner.maskingTargets learner).MasksTargets)
        prints "typed" "f64" (fun () -> (Learner.typed DType.F64 learner).DType)
    ]

let private steps =
    let batch = data

    [
        prints "startFrom" "0" (fun () ->
            let parameters, state = state.Parameters, state.State
            (Step.startFrom learner (Key.ofSeed 1L) parameters state).Steps)
        prints "taken" "2 taken" (fun () ->
            let known = fitted.Value.Trained
            Step.taken (Learner.startingWith known.Parameters learner) data)
        prints "start" "weight; bias" (fun () ->
            (Step.start learner (Key.ofSeed 1L) data.Inputs).Parameters |> Tree.paths |> String.concat "; ")
        prints "startOn" "weight; bias" (fun () ->
            (Step.startOn learner (Key.ofSeed 1L) data).Parameters |> Tree.paths |> String.concat "; ")
        prints "prepare" "1 True" (fun () ->
            let step = Step.prepare learner state batch
            let next, loss = step state batch
            $"{next.Steps} {loss > 0.0}")
        prints "toCheckpoint" "True" (fun () ->
            inFile (fun path -> Checkpoint.write path (Step.toCheckpoint state)) exists)
        prints "ofCheckpoint" "0" (fun () ->
            inFile (fun path -> Checkpoint.write path checkpoint) (fun path ->
                (Step.ofCheckpoint (Checkpoint.read path)).Steps))
    ]

let private transitions =
    [
        prints "create" "w: f64 [2] [2 3]" (fun () ->
            let adding =
                Transition.create
                    (fun state inputs -> Tree.map (fun w -> w + inputs.Head) state, [])
                    weights
                    [ Tensor.scalar 1.0 ]

            adding.Run(weights, [ Tensor.scalar 1.0 ]) |> fst)
    ]

let private trained =
    [
        prints "create" "[12, 1]" (fun () ->
            let parameters, state = state.Parameters, state.State
            (Trained.create model parameters state |> Trained.predict x).Shape)
        prints "predict" "[12, 1]" (fun () ->
            let trained = fitted.Value.Trained
            (Trained.predict x trained).Shape)
        prints "createOf" "0, 1" (fun () ->
            let parameters, state =
                Tree.append (Tree.under "0" state.Parameters) (Tree.under "1" state.Parameters), state.State

            let trained = Trained.createOf (Layer.both model model) parameters state
            let a, b = Trained.predictOf x trained: Tensor * Tensor
            if a = b then "0, 1" else "")
        prints "predictNamed" "[12, 1]" (fun () ->
            let trained = fitted.Value.Trained
            ((Trained.predictNamed data trained)["output"]).Shape)
        prints "predictOf" "True" (fun () ->
            let homes =
                Layer.createOf "Homes" (fun scope (words: Expr, ages: Expr) -> words + ages, words - ages)

            let trained: Trained = Trained.createOf homes Tree.empty Tree.empty
            let words, ages = x, x
            let (price: Tensor, label: Tensor) = Trained.predictOf (words, ages) trained
            price <> label)
        prints "evaluateBy" "0" (fun () ->
            let trained = fitted.Value.Trained
            (Trained.evaluateBy learner [] data trained).Metrics.Length)
        prints "evaluateInTraining" "True" (fun () ->
            let trained = fitted.Value.Trained
            let drawn = Trained.evaluateInTraining (Key.ofSeed 1L) learner [] data trained
            let quiet = Trained.evaluateBy learner [] data trained
            drawn.Loss = quiet.Loss)
        prints "loadFor" "True" (fun () ->
            inFile (fun path -> Trained.save path fitted.Value.Trained) (fun path ->
                (Trained.loadFor path model data).Parameters = fitted.Value.Trained.Parameters))
        prints "activations" "output" (fun () ->
            let trained = fitted.Value.Trained
            Trained.activations x trained |> Tree.paths |> String.concat ", ")
        prints "apply" "True" (fun () ->
            let trained = fitted.Value.Trained
            (Eval.run [] (Trained.apply (Expr.constant x) trained)).Size = (Trained.predict x trained).Size)
        prints "evaluate" "r2" (fun () ->
            let trained = fitted.Value.Trained
            (Trained.evaluate (Loss.mse Reduction.Mean) [ Metric.r2 ] data trained).Metrics.Head |> fst)
        prints "save" "True" (fun () ->
            let trained = fitted.Value.Trained
            inFile (fun path -> Trained.save path trained) exists)
        prints "load" "True" (fun () ->
            inFile (fun path -> Trained.save path fitted.Value.Trained) (fun path ->
                (Trained.load path model x).Parameters = fitted.Value.Trained.Parameters))
    ]

let private structures =
    let x = Expr.variable "x" DType.F32 [ 12; 2 ]

    [
        prints "toJson" "True" (fun () -> (Structure.toJson x model).Contains "\"layer\": \"Linear\"")
        prints "write" "True" (fun () -> inFile (fun path -> Structure.write path x model) exists)
        prints "check" "fits" (fun () ->
            let json = Structure.toJson x model
            Structure.check json x model
            "fits")
    ]

let private fits =
    [
        prints "options" "20" (fun () -> { Fit.options (Key.ofSeed 1L) with Epochs = 20 }.Epochs)
        prints "patience" "5 accuracy" (fun () ->
            let rule = { Fit.patience 5 with Monitor = "accuracy" }
            $"{rule.Patience} {rule.Monitor}")
        prints "run" "[6, 2]" (fun () ->
            let x = Key.normal 0.0 1.0 DType.F32 [ 24; 3 ] (Key.ofSeed 1L)
            let all = Dataset.create x (Key.integers 0 2 DType.I64 [ 24 ] (Key.ofSeed 2L))
            let train, validation, test = Splits.three 0.25 0.25 (Key.ofSeed 3L) all
            let model = Dense.linear 2
            let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.001)

            let fitted =
                Fit.run { Fit.options (Key.ofSeed 1L) with Validation = Some validation } learner train

            let outputs = Trained.predict test.Inputs fitted.Trained
            outputs.Shape)
    ]

let private row: EpochRow =
    {
        Epoch = 1
        Steps = 4L
        Loss = 0.5
        ValidationLoss = None
        Metrics = []
        Gradients = Tree.empty
        Seconds = 1.5
        Rates = Tree.empty
    }

let private plateaus =
    [
        prints "rule" "3 0.5" (fun () ->
            let rule = { Plateau.rule with Patience = 3; Factor = 0.5 }
            $"%d{rule.Patience} {string rule.Factor}")
        prints "factors" "1 1 1 0.1" (fun () ->
            Plateau.factors { Plateau.rule with Patience = 1 } false [ 1.0; 0.5; 0.6; 0.7 ]
            |> List.map string
            |> String.concat " ")
    ]

let private histories =
    [
        prints "line" "epoch 1 loss 0.5 1.5 s" (fun () -> History.line row)
        prints "table" "True" (fun () ->
            let fitted = fitted.Value
            (History.table fitted.History).StartsWith "epoch ")
        prints "toCsv" "3" (fun () ->
            let fitted = fitted.Value
            (History.toCsv fitted.History).Split('\n').Length)
    ]

let private progress =
    [
        prints "quiet" "()" (fun () ->
            Progress.quiet.Epoch row
            "()")
        prints "lines" "True" (fun () ->
            let told = Progress.lines (fun line -> printfn $"{line}")
            told.Step 1 1 1 0.5
            true)
        prints "console" "True" (fun () -> let told = Progress.console () in not (isNull (box told)))
        prints "all" "()" (fun () ->
            let told = Progress.all [ Progress.quiet; Progress.console () ]
            told.Step 1 0 1 0.5
            "()")
        prints "tensorBoard" "1" (fun () ->
            let folder = System.IO.Directory.CreateTempSubdirectory().FullName

            try
                let told = Progress.tensorBoard folder
                told.Epoch row
                System.IO.Directory.GetFiles(folder).Length
            finally
                System.IO.Directory.Delete(folder, true))
    ]

let private prefetches =
    [
        prints "one" "4 batches ahead on 1 thread" (fun () -> { Prefetch.one with Batches = 4 })
        prints "run" "[0; 1; 4]" (fun () ->
            Prefetch.run { Prefetch.one with Batches = 3; Threads = 2 } (fun i -> i * i) 3 |> List.ofSeq)
    ]

let private sources =
    let all =
        Dataset.create
            (Tensor.arange DType.F32 1000 |> Tensor.reshape [ 1000; 1 ])
            (Tensor.arange DType.I64 1000)

    let rowsOf (numbers: int[]) = Dataset.rows numbers all
    let source = Source.create 1000 (rowsOf [| 0 |]) rowsOf

    let noisy key (x: Tensor) = x + Key.normal 0.0 0.1 DType.F32 [ 1; 1 ] key

    let weights = Array.init 1000 (fun i -> if i < 3 then 1.0 else 0.0)
    let counted (source: Source) = source.Count

    [
        prints "create" "1000" (fun () -> Source.create 1000 (rowsOf [| 0 |]) rowsOf |> counted)
        prints "rows" "3" (fun () -> Source.rows [| 0; 2; 4 |] source |> counted)
        prints "map" "f32" (fun () ->
            (Source.map (Dataset.mapInputs (Tensor.cast DType.F32)) source).Example.Inputs.DType)
        prints "augment" "1000" (fun () ->
            Source.augment (fun key row -> row |> Dataset.mapInputs (noisy key)) source |> counted)
        prints "append" "2000" (fun () -> Source.append [ source; source ] |> counted)
        prints "weighted" "100" (fun () -> Source.weighted (Key.ofSeed 1L) weights 100 source |> counted)
        prints "mixed" "100" (fun () ->
            Source.mixed (Key.ofSeed 1L) 100 [ 0.7, source; 0.3, source ] |> counted)
        prints "toDataset" "1000" (fun () -> (Source.toDataset source).Count)
    ]

let private finder =
    [
        prints "run" "True" (fun () ->
            (RateFinder.run 1e-6 1.0 100 (Batches.ofSize 64) (Key.ofSeed 1L) learner data).Suggested > 0.0)
    ]

let private search =
    let space = [ "rate", HyperRange.LogUniform(0.001, 1.0) ]
    let settings = Search.grid [ "rate", Search.numbers [ 1.0; 0.1; 0.01 ] ]
    let trial (setting: Setting) (_: Key) budget = abs (setting.Number "rate" - 0.1) / float budget
    let trials = Search.run 2 (Key.ofSeed 1L) 5 trial settings
    let shown (trials: Trial list) = trials |> List.map (fun t -> $"{t.Setting}") |> String.concat "; "
    let score (train: Dataset) (held: Dataset) (_: Key) = float (train.Count - held.Count)
    let labelled = Dataset.create x (Tensor.vector [ for i in 0L .. 11L -> i % 2L ])

    [
        prints "numbers" "2" (fun () ->
            match Search.numbers [ 0.1; 0.01 ] with
            | HyperRange.Among values -> values.Length
            | _ -> 0)
        prints "words" "2" (fun () ->
            match Search.words [ "relu"; "tanh" ] with
            | HyperRange.Among values -> values.Length
            | _ -> 0)
        prints "grid" "rate=0.1 f=relu; rate=0.1 f=tanh; rate=0.01 f=relu; rate=0.01 f=tanh" (fun () ->
            Search.grid [ "rate", Search.numbers [ 0.1; 0.01 ]; "f", Search.words [ "relu"; "tanh" ] ]
            |> List.map string
            |> String.concat "; ")
        prints "random" "20" (fun () -> (Search.random 20 (Key.ofSeed 1L) space).Length)
        prints "run" "rate=1; rate=0.1; rate=0.01" (fun () ->
            Search.run 2 (Key.ofSeed 1L) 5 trial settings |> shown)
        prints "runTo" "rate=1" (fun () ->
            (Search.runTo Goal.Maximise 2 (Key.ofSeed 1L) 5 trial settings |> Search.best).Setting)
        prints "halvingTo" "rate=1; rate=0.1; rate=0.01; rate=1" (fun () ->
            Search.halvingTo Goal.Maximise 2 (Key.ofSeed 1L) 3 1 27 trial settings |> shown)
        prints "halvingOn" "rate=1; rate=0.1; rate=0.01; rate=0.1" (fun () ->
            let resumed (s: Setting) (_: Key) budget (state: float option) =
                abs (s.Number "rate" - 0.1) / float budget, defaultArg state 0.0 + 1.0

            Search.halvingOn Goal.Minimise 2 (Key.ofSeed 1L) 3 1 27 resumed settings |> shown)
        prints "runOver" "rate=1; rate=0.1; rate=0.01" (fun () ->
            Search.runOver Ranks.alone Goal.Minimise 2 (Key.ofSeed 1L) 5 trial settings |> shown)
        prints "halvingOver" "rate=1; rate=0.1; rate=0.01; rate=0.1" (fun () ->
            let resumed (s: Setting) (_: Key) budget (state: float option) =
                abs (s.Number "rate" - 0.1) / float budget, defaultArg state 0.0 + 1.0

            Search.halvingOver Ranks.alone Goal.Minimise 2 (Key.ofSeed 1L) 3 1 27 resumed settings |> shown)
        prints "toCsv" "trial,budget,score,rate 0,5,0.18,1 1,5,0,0.1 2,5,0.018000000000000002,0.01" (fun () ->
            Search.toCsv trials)
        prints "ranked" "rate=0.1; rate=0.01; rate=1" (fun () -> Search.ranked trials |> shown)
        prints "best" "rate=0.1" (fun () -> (Search.best trials).Setting)
        prints "halving" "rate=1; rate=0.1; rate=0.01; rate=0.1" (fun () ->
            Search.halving 2 (Key.ofSeed 1L) 3 1 27 trial settings |> shown)
        prints "table" "trial budget score rate 1 5 0 0.1 2 5 0.018 0.01 0 5 0.18 1" (fun () ->
            Search.table trials)
        prints "crossValidate" "6" (fun () -> Search.crossValidate 5 (Key.ofSeed 1L) score data |> List.min)
        prints "crossValidateStratified" "6" (fun () ->
            let data = labelled
            Search.crossValidateStratified 5 (Key.ofSeed 1L) score data |> List.min)
    ]

let private studies =
    let space = [ "rate", HyperRange.LogUniform(0.001, 1.0) ]
    let settings = Search.grid [ "rate", Search.numbers [ 1.0; 0.1; 0.01 ] ]
    let trained (run: TrialRun) = TrialResult.ofScore (abs (log10 (run.Setting.Number "rate") + 1.0))
    let trials = Study.run (Study.options (Key.ofSeed 1L)) trained settings

    [
        prints "options" "2 20" (fun () ->
            let options = { Study.options (Key.ofSeed 1L) with Threads = 2; Budget = 20 }
            $"%d{options.Threads} %d{options.Budget}")
        prints "run" "0 rate=0.1" (fun () ->
            let trials =
                Study.run
                    { Study.options (Key.ofSeed 1L) with Pruning = Some(Pruning.Median(4, 1)) }
                    trained
                    settings

            $"{(Search.best trials).Score} {(Search.best trials).Setting}")
        prints "tpe" "True" (fun () ->
            let trials = Study.tpe { Study.options (Key.ofSeed 1L) with Round = 2 } 10 30 trained space
            (Search.best trials).Score < 0.1)
        prints "write" "True" (fun () -> inFile (fun path -> Study.write path trials) exists)
        prints "join" "True" (fun () ->
            inFile (fun path -> Study.write path trials) (fun path ->
                let paths = [ path ]
                (Study.join paths).Length = trials.Length))
        prints "read" "True" (fun () ->
            inFile (fun path -> Study.write path trials) (fun path ->
                (Study.read path |> List.map _.Score) = (trials |> List.map _.Score)))
    ]

let private descents =
    let weights = Tree.ofList [ "w", Tensor.vector [ 3.0; -4.0 ] ]

    [
        prints "options" "20" (fun () -> { LbfgsSearch.options with Iterations = 20 }.Iterations)
        prints "minimize" "True Level" (fun () ->
            let found =
                LbfgsSearch.minimize LbfgsSearch.options (fun p -> Expr.sumAll (p["w"] * p["w"])) weights

            $"{List.last found.Values < 1e-12} {found.End}")
    ]

let private codes =
    let sizes (source: ModelSource) = $"{source.Name} {source.Text.Contains source.Name} {source.HasResource}"

    [
        prints "options" "Shop" (fun () -> { ModelCode.options with Namespace = "Shop" }.Namespace)
        prints "csharp" "Digits True False" (fun () ->
            let trained = fitted.Value.Trained
            sizes (ModelCode.csharp "Digits" trained))
        prints "csharpWith" "Digits True False" (fun () ->
            let trained = fitted.Value.Trained

            sizes (ModelCode.csharpWith { ModelCode.options with Samples = [ x ] } "Digits" trained))
        prints "ofGraph" "Norm True False" (fun () ->
            let x = Expr.variable "x" DType.F32 [ 3 ]
            sizes (ModelCode.ofGraph ModelCode.options "Norm" [ x ] [ "norm", sqrt (Expr.sumAll (x * x)) ]))
    ]

let all: Examples list =
    [
        { Module = moduleOf <@ Idx.read @>; Rows = idx }
        { Module = moduleOf <@ Npy.read @>; Rows = npy }
        { Module = moduleOf <@ Safetensors.read @>; Rows = safetensors }
        { Module = moduleOf <@ PyTorch.read @>; Rows = pytorch }
        { Module = moduleOf <@ TorchSharpFile.read @>; Rows = torchSharp }
        { Module = moduleOf <@ Gguf.read @>; Rows = gguf }
        { Module = moduleOf <@ Weights.take @>; Rows = taken }
        { Module = moduleOf <@ Checkpoint.read @>; Rows = checkpoints }
        {
            Module = moduleOf <@ Structure.check "" (Expr.symbol "x") Activation.relu @>
            Rows = structures
        }
        { Module = moduleOf <@ Learner.create @>; Rows = learners }
        { Module = moduleOf <@ Step.start @>; Rows = steps }
        { Module = moduleOf <@ Transition.create @>; Rows = transitions }
        { Module = moduleOf <@ Trained.save @>; Rows = trained }
        { Module = moduleOf <@ ModelCode.options @>; Rows = codes }
        { Module = moduleOf <@ Fit.options @>; Rows = fits }
        {
            Module = moduleOf <@ Ranks.alone @>
            Rows =
                [
                    prints "alone" "1" (fun () ->
                        let key = Key.ofSeed 1L
                        { Fit.options key with Ranks = Ranks.alone }.Ranks.Size)
                    prints "threads" "0 1 4 9" (fun () ->
                        Ranks.threads 4 (fun ranks -> ranks.Rank * ranks.Rank)
                        |> List.map string
                        |> String.concat " ")
                ]
        }
        { Module = moduleOf <@ Plateau.rule @>; Rows = plateaus }
        { Module = moduleOf <@ History.line @>; Rows = histories }
        { Module = moduleOf <@ Progress.quiet @>; Rows = progress }
        { Module = moduleOf <@ Prefetch.one @>; Rows = prefetches }
        { Module = moduleOf <@ Source.append @>; Rows = sources }
        { Module = moduleOf <@ RateFinder.run @>; Rows = finder }
        {
            Module = moduleOf <@ Goal.ofMetric @>
            Rows = [ prints "ofMetric" "Maximise" (fun () -> Goal.ofMetric Metric.accuracy) ]
        }
        { Module = moduleOf <@ Search.best @>; Rows = search }
        { Module = moduleOf <@ Study.options @>; Rows = studies }
        {
            Module = moduleOf <@ TrialResult.ofScore @>
            Rows =
                [
                    prints "ofScore" "0.25 12" (fun () ->
                        let result = { TrialResult.ofScore 0.25 with Notes = [ "epochs", "12" ] }
                        $"{result.Score} {snd result.Notes.Head}")
                ]
        }
        { Module = moduleOf <@ LbfgsSearch.options @>; Rows = descents }
        {
            Module = moduleOf <@ FullBatch.lbfgs @>
            Rows =
                [
                    prints "lbfgs" "True" (fun () ->
                        let _, found =
                            FullBatch.lbfgs
                                { LbfgsSearch.options with Iterations = 20 }
                                (Key.ofSeed 1L)
                                learner
                                data

                        List.last found.Values < found.Values.Head)
                ]
        }
    ]
