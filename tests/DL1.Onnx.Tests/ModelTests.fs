/// What can be done with an imported model: gradients, training, batches, values inside.
module DL1.Onnx.Tests.ModelTests

open System
open System.IO
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open Expecto

let private read name = Onnx.ofBytes (RuntimeTests.fixture name)
let private normal seed dims = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed seed)

/// The gradient of a sum of squares by random parameters, in f64, against central differences.
let private gradients (name: string) (input: Tensor) =
    test $"gradients of {name} in f64 are differences" {
        let model = Onnx.import [] (read name)
        let start = model.Parameters |> Tree.map (Tensor.cast DType.F64)
        let input = if input.DType.IsFloat then Tensor.cast DType.F64 input else input
        let variables = start |> Tree.mapPath (fun path t -> Expr.variable path DType.F64 (t.Shape.ToList()))
        let x = Expr.variable "input" input.DType (input.Shape.ToList())
        let y = model.ApplyWith(variables, [ x ]) |> List.head
        let loss = Expr.sumAll (y * y)
        let inputs = Graph.variables (x :: Tree.values variables)
        let values = List.zip inputs (input :: Tree.values start)
        let compiled = Compile.prepare inputs (loss :: Grad.grad loss (Tree.values variables))
        let found = compiled (List.map snd values)
        let random = Random 5

        for _ in 1..5 do
            let k = random.Next start.Count
            let t = (Tree.values start)[k]
            let place = random.Next t.Size
            let step = 1e-5

            let moved (by: float) =
                let elements = Tensor.toFloats t
                elements[place] <- elements[place] + by
                let changed = Tensor.ofArray (t.Shape.ToList()) elements
                let all = input :: (Tree.values start |> List.mapi (fun i v -> if i = k then changed else v))
                Tensor.toFloat (List.head (compiled all))

            let difference = (moved step - moved -step) / (2.0 * step)
            let gradient = (Tensor.toFloats found[k + 1])[place]
            let path = (Tree.paths start)[k]

            Expect.isLessThanOrEqual
                (abs (difference - gradient))
                (1e-5 + 1e-5 * abs gradient)
                $"{path}, element %d{place}: %g{gradient} and %g{difference}"
    }

let private approved =
    lazy
        (File
            .ReadAllText(Path.Combine(AppContext.BaseDirectory, "fixtures", "parameters.approved.txt"))
            .ReplaceLineEndings
            "\n")

let parametersText () =
    let one name (file: OnnxFile) =
        let model = Onnx.import [] file

        let lines kind (tree: Tree<Tensor>) =
            Tree.toList tree |> List.map (fun (path, t) -> $"  {kind} {path} {t.Shape}")

        name :: lines "parameter" model.Parameters @ lines "state" model.State

    [ "cnn"; "gru"; "lstm"; "mlp"; "mobilenet"; "transformer" ]
    |> List.collect (fun name -> one name (read (name + ".onnx")))
    |> fun lines -> lines @ one "MiniLM" (Onnx.ofBytes RuntimeTests.miniLM.Value)
    |> fun lines -> String.Join("\n", lines) + "\n"

let tests =
    testList
        "imported models"
        [
            gradients "mlp.onnx" (normal 1L [ 3; 4 ])
            gradients "lstm.onnx" (normal 2L [ 2; 7; 6 ])
            gradients "gru.onnx" (normal 3L [ 3; 7; 6 ])
            gradients "cnn.onnx" (normal 4L [ 2; 1; 8; 8 ])
            gradients "mobilenet.onnx" (normal 5L [ 2; 3; 24; 24 ])
            gradients
                "transformer.onnx"
                (Tensor.ofArray [ 2; 9 ] (Array.init 18 (fun i -> int64 (i * 7 % 50))))

            test "the parameters of models are the approved ones" {
                Expect.equal (parametersText ()) approved.Value "fixtures/parameters.approved.txt"
            }

            test "a layer gives the outputs of the file" {
                let model = Onnx.import [] (read "cnn.onnx")
                let x = normal 1L [ 3; 1; 8; 8 ]

                let parameters, state =
                    Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.F32 [ 1; 1; 8; 8 ]) (Onnx.layer model)

                Expect.equal parameters model.Parameters "the parameters begin as the file's"
                let trained = Trained.create (Onnx.layer model) parameters state

                Expect.isTrue
                    (Tensor.allClose
                        1e-5
                        1e-6
                        (Tree.values (model.Run [ "x", x ])).Head
                        (Trained.predict x trained))
                    "the outputs"
            }

            test "fitting changes the head, and leaves what is frozen as it is" {
                let model = Onnx.import [] (read "mlp.onnx")

                let network =
                    Layer.named "base" (Onnx.layer model)
                    => Activation.tanh
                    => Layer.named "head" (Dense.linear 2)

                let x = normal 1L [ 64; 4 ]
                let y = Tensor.ofArray [ 64 ] (Array.init 64 (fun i -> if x[i, 0] > 0.0 then 1L else 0L))
                let data = Dataset.create x y

                let learner =
                    Learner.create network (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.05)
                    |> Learner.freeze (fun path -> path.StartsWith "base.")

                let result = Fit.run { Fit.options (Key.ofSeed 1L) with Epochs = 30 } learner data

                for path, t in Tree.toList model.Parameters do
                    Expect.isTrue
                        (Tensor.sameBits t result.Trained.Parameters["base." + path])
                        $"{path} stays"

                let losses = result.History |> List.map _.Loss
                Expect.isLessThan (List.last losses) (0.95 * losses.Head) "the loss falls"
            }

            test "fitting without freezing changes every parameter" {
                let model = Onnx.import [] (read "mlp.onnx")
                let x, y = normal 1L [ 32; 4 ], normal 2L [ 32; 3 ]
                let learner = Learner.create (Onnx.layer model) (Loss.mse Reduction.Mean) (Optimizer.sgd 0.01)

                let result =
                    Fit.run { Fit.options (Key.ofSeed 1L) with Epochs = 2 } learner (Dataset.create x y)

                for path, t in Tree.toList model.Parameters do
                    Expect.isFalse (Tensor.sameBits t result.Trained.Parameters[path]) $"{path} moves"
            }

            test "a model of one sample is lifted to batches" {
                let g =
                    graph
                        [ value "x" OnnxType.Float [ 1; 4 ] ]
                        [ node "MatMul" [ "x"; "w" ] [ "h" ] []; node "Reshape" [ "h"; "shape" ] [ "y" ] [] ]
                        [ "w", normal 1L [ 4; 6 ]; "shape", i64 [ 1; 2; 3 ] ]
                        [ output "y" ]

                let file = fileOf 17L g
                let rows = normal 2L [ 5; 4 ]
                let batch = (Tree.values (Onnx.run [ "x", rows ] (Onnx.perSample [] file))).Head
                Expect.equal (batch.Shape.ToList()) [ 5; 2; 3 ] "the shape"
                let single = Onnx.import [] file

                for i in 0..4 do
                    let row =
                        Tensor.ofArray
                            [ 1; 4 ]
                            (Tensor.toArray<float32> rows |> Array.skip (4 * i) |> Array.take 4)

                    let one = (Tree.values (single.Run [ "x", row ])).Head
                    let part = Tensor.toFloats batch |> Array.skip (6 * i) |> Array.take 6
                    Expect.equal (Tensor.toFloats one) part "the row"

                Expect.throwsT<ShapeError>
                    (fun () -> single.Run [ "x", rows ] |> ignore)
                    "unlifted, a batch is refused"
            }

            test "values inside the model by their names" {
                let model = Onnx.import [] (read "mlp.onnx")
                let names = model.File.Model.Graph.Nodes |> List.map (fun n -> n.Outputs.Head)
                let x = normal 1L [ 2; 4 ]
                let values = model.Activations(names, [ "x", x ])

                Expect.equal
                    values[List.last names]
                    (Tree.values (model.Run [ "x", x ])).Head
                    "the last one is the output"

                Expect.throwsT<DomainError>
                    (fun () -> model.Activations([ "none" ], [ "x", x ]) |> ignore)
                    "an unknown name"
            }

            test "many threads get the same" {
                let model = Onnx.import [] (read "cnn.onnx")
                let xs = [| for i in 1..8 -> normal (int64 i) [ 1 + i % 3; 1; 8; 8 ] |]
                let alone = xs |> Array.map (fun x -> (Tree.values (model.Run [ "x", x ])).Head)
                let other = Onnx.import [] (read "cnn.onnx")

                let together =
                    Array.init 64 (fun i -> i % 8)
                    |> Array.Parallel.map (fun i -> i, (Tree.values (other.Run [ "x", xs[i] ])).Head)

                for i, y in together do
                    Expect.isTrue (Tensor.sameBits alone[i] y) "the bits"
            }
        ]
