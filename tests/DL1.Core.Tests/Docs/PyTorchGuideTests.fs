/// The F# example of the guide docs/pytorch-files.md.
module DL1.Tests.PyTorchGuideTests

open System.IO
open DL1
open DL1.Data
open DL1.Tests.Hostile
open Expecto

let private data =
    let table = Datasets.digits ()
    let numbers = table |> Table.texts "digit" |> Seq.map int64 |> Array.ofSeq
    Dataset.create (table |> Table.numbers (Table.namesBut [ "digit" ] table)) (Tensor.Of numbers)

let private few = Dataset.rows [| 0..99 |] data

/// The checkpoint that the guide begins with.
let private write (path: string) =
    let conv, norm = Conv.conv2dSame 8 3, Norm.batchNorm2d
    let features = Layer.named "features" (conv => norm => Activation.relu => Pooling.max 2)

    let there: Layer<Expr, Expr> =
        Shaping.reshape [ 1; 8; 8 ]
        => features
        => Shaping.flatten
        => Layer.named "classifier" (Dense.linear 10)

    let parameters, state = Layer.init (Key.ofSeed 7L) (Expr.variable "x" DType.F32 [ 1; 64 ]) there
    Tree.append parameters state |> Tree.under "model" |> PyTorch.write path
    Tree.append parameters state

let private shown (path: string) = printfn $"{PyTorch.contents path}" // model.features.0.weight: torch.float32 [8, 1, 3, 3] ...

let private guide (path: string) =
    let net: Layer<Expr, Expr> =
        Shaping.reshape [ 1; 8; 8 ]
        => Layer.named "conv" (Conv.conv2dSame 8 3)
        => Layer.named "norm" Norm.batchNorm2d
        => Activation.relu
        => Pooling.max 2
        => Shaping.flatten
        => Layer.named "head" (Dense.linear 10)

    let names = [ "features.0", "conv"; "features.1", "norm"; "classifier", "head" ]
    let found = PyTorch.readAt "model" path |> Tree.renameParts names
    let parameters, state = Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.F32 [ 1; 64 ]) net
    let loaded = Weights.take parameters state found
    printfn $"{loaded}" // 9 taken

    let learner = Learner.create net (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.001)
    let start = Step.startFrom learner (Key.ofSeed 2L) loaded.Parameters loaded.State

    let options =
        { Fit.options (Key.ofSeed 2L) with
            Epochs = 3
            Batch = Batches.ofSize 20
            Start = Some start
        }

    let tuned = (Fit.run options learner few).Trained

    let turned = [ for before, after in names -> after, before ]
    Tree.append tuned.Parameters tuned.State |> Tree.renameParts turned |> PyTorch.write path

    loaded, tuned

let tests =
    test "PyTorch's weights come in, are trained further, and go back" {
        inFolder (fun folder ->
            let path = Path.Combine(folder, "digits.pt")
            let saved = write path
            let contents = string (PyTorch.contents path)
            Expect.stringContains contents "model.features.0.weight: torch.float32 [8, 1, 3, 3]" "contents"
            shown path
            let loaded, tuned = guide path
            Expect.isTrue loaded.IsWhole (string loaded)
            Expect.equal (string loaded) $"%d{saved.Count} taken" "the guide's report"

            for before, after in
                [ "conv.weight", "features.0.weight"; "norm.running_mean", "features.1.running_mean" ] do
                Expect.isTrue
                    (Tensor.sameBits ((Tree.append loaded.Parameters loaded.State)[before]) saved[after])
                    before

            let back = PyTorch.read path
            Expect.equal (set (Tree.paths back)) (set (Tree.paths saved)) "the same names go back"

            Expect.isTrue
                (Tensor.sameBits back["classifier.weight"] tuned.Parameters["head.weight"])
                "trained"

            Expect.isFalse (Tensor.sameBits back["classifier.weight"] saved["classifier.weight"]) "further")
    }
