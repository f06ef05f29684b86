/// Trained models and functions of batches as files that ONNX Runtime runs at any batch.
module DL1.Tests.ExportModelTests

open System
open DL1
open DL1.Onnx
open DL1.Tests.ExportJudge
open Expecto

let private normal seed dims = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed seed)

let private words seed vocabulary dims =
    let random = Random(int seed)
    Tensor.ofArray dims (Array.init (List.fold (*) 1 dims) (fun _ -> int64 (random.Next vocabulary)))

/// A model with drawn parameters, and layer state that is not as it began.
let private trainedOn (example: Tensor) (model: Layer<Expr, Expr>) =
    let parameters, state = Layer.init (Key.ofSeed 5L) (Expr.constant example) model

    let moved =
        state
        |> Tree.map (fun t ->
            if t.DType.IsFloat then
                Tensor.cast
                    t.DType
                    (Tensor.ofArray
                        (t.Shape.ToList())
                        (Array.init t.Size (fun i -> 0.7 + 0.1 * float (i % 5))))
            else
                t)

    Trained.create model parameters moved

let private mlp =
    Dense.linear 16 => Norm.batchNorm1d => Activation.gelu => Shaping.dropout 0.3 => Dense.linear 3

let private cnn =
    Conv.conv2dSame 6 3
    => Norm.batchNorm2d
    => Activation.relu
    => Pooling.max 2
    => Conv.conv2d 8 3
    => Activation.silu
    => Pooling.adaptiveAverage [ 1; 1 ]
    => Shaping.flatten
    => Dense.linear 4

/// Models of each family, with an input of one row.
let private models: (string * Layer<Expr, Expr> * (int -> Tensor)) list =
    [
        "a perceptron", mlp, (fun rows -> normal 1L [ rows; 10 ])
        "a convolutional network", cnn, (fun rows -> normal 2L [ rows; 2; 8; 8 ])
        "norms",
        Norm.layerNorm => Dense.linear 6 => Norm.rmsNorm => Activation.elu 1.0,
        (fun rows -> normal 3L [ rows; 8 ])
        "group and instance norms",
        Norm.groupNorm 2 => Norm.instanceNorm => Norm.localResponse 3,
        (fun rows -> normal 4L [ rows; 4; 5; 5 ])
        "upsampling",
        Conv.convTranspose2d 3 2 2 => Upsample.nearest 2 => Upsample.linear false 2,
        (fun rows -> normal 5L [ rows; 2; 3; 3 ])
        "an LSTM",
        Recurrent.last (Recurrent.lstm (Recurrent.options 5)) => Dense.linear 2,
        (fun rows -> normal 6L [ rows; 4; 3 ])
        "a GRU",
        Recurrent.sequence (Recurrent.gru { Recurrent.options 5 with Bidirectional = true; Layers = 2 })
        => Dense.linear 2,
        (fun rows -> normal 7L [ rows; 4; 3 ])
        "words with attention",
        Dense.embedding 20 8 => Attention.self 2 true => Shaping.flatten => Dense.linear 3,
        (fun rows -> words 8L 20 [ rows; 6 ])
        "a transformer",
        Dense.embedding 20 8
        => Transformer.learnedPositions 6
        => Transformer.encoderLayer (Transformer.options 2 16)
        => Dense.linear 3,
        (fun rows -> words 9L 20 [ rows; 6 ])
    ]

let private modelTests =
    [
        for name, model, rows in models do
            test $"{name} runs at batches of 1, 7 and 64" {
                let trained = trainedOn (rows 2) model
                let bytes = OnnxExport.modelToBytes (Tree.ofList [ "inputs", rows 2 ]) id Tree.toList trained
                use file = new Loaded(bytes)
                Expect.equal (file.DimsOf "inputs").Head "batch" "the batch has a name"

                for count in [ 1; 7; 64 ] do
                    let x = rows count
                    let found = file.Run [ "inputs", x ] |> List.head |> snd
                    let expected = Trained.predict x trained

                    if not (close 1e-5 expected found) then
                        failtest $"{count} rows: expected {expected}, found {found}"
            }
        test "parameters have their own names" {
            let trained = trainedOn (normal 1L [ 2; 10 ]) mlp

            let bytes =
                OnnxExport.modelToBytes (Tree.ofList [ "inputs", normal 1L [ 2; 10 ] ]) id Tree.toList trained

            let file = ReadModel.model (ReadOnlyMemory bytes)
            let names = file.Graph.Initializers |> List.map _.Name

            for path in Tree.paths trained.Parameters do
                Expect.contains names path "a parameter"

            Expect.equal (file.Graph.Inputs |> List.map _.Name) [ "inputs" ] "inputs"
            Expect.equal (file.Graph.Outputs |> List.map string) [ "output: float [batch, 3]" ] "outputs"
            Expect.equal file.Opsets [ "", 18L ] "opset"
        }
        test "scaling and probabilities are part of the file" {
            let example = normal 1L [ 2; 10 ]
            let trained = trainedOn example mlp
            let scaled (x: Expr) = (x - 3.0) / 2.0

            let bytes =
                OnnxExport.modelToBytes
                    (Tree.ofList [ "inputs", example ])
                    (Tree.map scaled)
                    (Tree.values >> List.head >> OnnxExport.probabilities)
                    trained

            let x = normal 4L [ 9; 10 ]
            let found = run bytes [ "inputs", x ]
            let scores = Trained.predict (Eval.run [] (scaled (Expr.constant x))) trained
            Expect.equal (List.map fst found) [ "output"; "probabilities" ] "outputs"
            Expect.isTrue (close 1e-5 scores (snd found[0])) "scores"

            Expect.isTrue
                (close 1e-5 (Eval.run [] (Expr.softmax 1 (Expr.constant scores))) (snd found[1]))
                "probabilities"
        }
        test "the same model is the same file" {
            let example = normal 1L [ 2; 10 ]

            let write () =
                OnnxExport.modelToBytes
                    (Tree.ofList [ "inputs", example ])
                    id
                    Tree.toList
                    (trainedOn example mlp)

            Expect.equal (write ()) (write ()) "bytes"
        }
    ]

let private functionTests =
    [
        test "what depends on the batch is computed in the file" {
            let x = Expr.variable "x" DType.F32 [ 1; 4 ]

            let f (xs: Expr list) =
                let x = xs.Head
                let rows = x.Shape[0]

                [
                    "mean", Reduce.mean [ 0 ] x
                    "centred", x - Reduce.mean [ 0 ] x
                    "flat", Expr.reshape [ rows * 4 ] x
                    "pairs", Expr.matmul x x.T
                    "last", Expr.sliceAxis 0 (rows - 1) rows x
                    "places", Expr.arange DType.I64 rows
                    "padded", Expr.pad [ 1; 0 ] [ rows; 0 ] 0.5 x
                    "ranks", Expr.argSort 0 x
                    "joined", Expr.concat 0 [ x; Expr.full DType.F32 [ rows; 4 ] 2.0 ]
                    "turned", Expr.reverse [ 0 ] x
                    "sums", Expr.cumSum 0 x
                    "wide", Expr.broadcastTo [ 2; rows; 4 ] x
                ]

            use file = new Loaded(OnnxExport.functionToBytes [ x ] f)

            for rows in [ 1; 7; 64 ] do
                let value = normal 3L [ rows; 4 ]
                let expected = f [ Expr.constant value ]

                for (name, e), (_, found) in List.zip expected (file.Run [ "x", value ]) do
                    let wanted = Eval.run [] e

                    if not (close 1e-5 wanted found) then
                        failtest $"{name} of {rows} rows: expected {wanted}, found {found}"
        }
        test "what does not follow from the batch is refused" {
            let x = Expr.variable "x" DType.F32 [ 1; 4 ]

            let squared (xs: Expr list) =
                [ "y", Expr.reshape [ xs.Head.Shape[0] * xs.Head.Shape[0] ] (Expr.matmul xs.Head xs.Head.T) ]

            Expect.throwsT<DomainError>
                (fun () -> OnnxExport.functionToBytes [ x ] squared |> ignore)
                "a square"

            let parity (xs: Expr list) =
                [ "y", (if xs.Head.Shape[0] % 3 = 1 then exp xs.Head else xs.Head + 1.0) ]

            Expect.throwsT<DomainError>
                (fun () -> OnnxExport.functionToBytes [ x ] parity |> ignore)
                "other forms"
        }
        test "refusals say what to do" {
            let x = Expr.variable "x" DType.F32 [ 2 ]

            let refused f =
                try
                    f () |> ignore
                    ""
                with :? DomainError as e ->
                    e.Message

            Expect.stringContains
                (refused (fun () -> OnnxExport.graphToBytes [] [ "y", exp x ]))
                "add x to the inputs"
                "a missing input"

            Expect.stringContains
                (refused (fun () -> OnnxExport.graphToBytes [ x ] []))
                "one output at least"
                "no outputs"

            Expect.stringContains
                (refused (fun () -> OnnxExport.graphToBytes [ x ] [ "x", exp x ]))
                "each name once"
                "one name twice"

            Expect.stringContains
                (refused (fun () -> OnnxExport.graphToBytes [ exp x ] [ "y", exp x ]))
                "give the variable"
                "no variable"
        }
        test "inputs and constants may be outputs, and one value two" {
            let x = Expr.variable "x" DType.F32 [ 2 ]
            let value = normal 1L [ 2 ]

            let found =
                run
                    (OnnxExport.graphToBytes
                        [ x ]
                        [ "same", x; "a", exp x; "b", exp x; "two", Expr.scalar DType.F32 2.0 ])
                    [ "x", value ]

            Expect.equal (List.map fst found) [ "same"; "a"; "b"; "two" ] "names"
            Expect.equal (snd found[0]) value "the input"
            Expect.equal (snd found[1]) (snd found[2]) "one value"
        }
        test "a chain of 20,000 nodes is written" {
            let x = Expr.variable "x" DType.F32 [ 2 ]
            let deep = Seq.fold (fun (e: Expr) i -> if i % 2 = 0 then sin e else tanh e) x (seq { 1..20_000 })
            Expect.isGreaterThan (OnnxExport.graphToBytes [ x ] [ "y", deep ]).Length 100_000 "bytes"
        }
    ]

let tests = testList "ExportModels" (modelTests @ functionTests)
