/// Files as they are found: what is folded, inlined, refused, and how it is said.
module DL1.Onnx.Tests.ImportTests

open System
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open Expecto

let private x4 = value "x" OnnxType.Float [ "batch"; 4 ]
let private x = f32 [ 2; 4 ] [ 1.0; -2.0; 3.0; -4.0; 5.0; -6.0; 7.0; -8.0 ]
let private one (file: OnnxFile) inputs = (Tree.values (Onnx.run inputs (Onnx.import [] file))).Head

let private refused (what: string) (words: string list) (run: unit -> unit) =
    test what {
        try
            run ()
            failtest "it was not refused"
        with :? DL1Error as e ->
            for w in words do
                Expect.stringContains e.Message w "the error says it"
    }

let tests =
    testList
        "import"
        [
            test "what is computed of weights alone is shared by batches of all sizes" {
                let nodes = [ node "Tanh" [ "w" ] [ "t" ] []; node "MatMul" [ "x"; "t" ] [ "y" ] [] ]

                let w = f32 [ 4; 3 ] [ for i in 1..12 -> 0.1 * float i ]
                let model = Onnx.import [] (fileOf 17L (graph [ x4 ] nodes [ "w", w ] [ output "y" ]))

                let weight = Expr.variable "w" DType.F32 [ 4; 3 ]

                for rows in 1..3 do
                    let x = f32 [ rows; 4 ] [ for i in 1 .. 4 * rows -> float i ]
                    let input = Expr.variable "x" DType.F32 [ rows; 4 ]
                    let roots = model.ApplyWith(Tree.ofList [ "w", weight ], [ input ])
                    let due = Compile.prepare (Graph.variables [ input; weight ]) roots [ x; w ]
                    Expect.equal (Onnx.run [ "x", x ] model |> Tree.values) due $"%d{rows} rows"

                Expect.equal model.Frozen.Computed 1 "tanh w"
            }

            test "what is written is read back" {
                let inner =
                    graph [] [ node "Neg" [ "x" ] [ "n" ] [] ] [ "k", f32 [ 2 ] [ 1.0; 2.0 ] ] [ output "n" ]

                let attributes =
                    [
                        "f", OnnxAttribute.Float 0.5f
                        "i", OnnxAttribute.Int -3L
                        "s", text "words"
                        "t", OnnxAttribute.Tensor(TensorData.ofTensor "t" (i64 [ 1; -1 ]))
                        "g", OnnxAttribute.Graph inner
                        "fs", OnnxAttribute.Floats [ 1.0f; -2.0f ]
                        "is", ints [ 5; -6 ]
                        "ss", OnnxAttribute.Texts [ ReadOnlyMemory [| 65uy |]; ReadOnlyMemory [| 66uy |] ]
                        "r", OnnxAttribute.Reference "other"
                    ]

                let f: OnnxFunction =
                    {
                        Domain = "local"
                        Name = "F"
                        Inputs = [ "a" ]
                        Outputs = [ "b" ]
                        Attributes = [ "alpha" ]
                        Defaults = [ "beta", OnnxAttribute.Float 1.0f ]
                        Nodes = [ node "Elu" [ "a" ] [ "b" ] [ "alpha", OnnxAttribute.Reference "alpha" ] ]
                        Opsets = [ "", 17L ]
                    }

                let g =
                    graph
                        [ x4 ]
                        [ node "Made" [ "x"; ""; "w" ] [ "y"; "" ] attributes ]
                        [ "w", x ]
                        [ output "y" ]

                let bytes = bytesOf (modelWith [ f ] 17L g)
                let again = bytesOf (ReadModel.model (ReadOnlyMemory bytes))
                Expect.equal again bytes "the bytes"
                let read = ReadModel.model (ReadOnlyMemory bytes)
                Expect.equal read.Graph.Nodes.Head.Inputs [ "x"; ""; "w" ] "inputs that are left out stay"

                Expect.equal
                    (read.Graph.Nodes.Head.Attributes |> List.map fst)
                    (attributes |> List.map fst)
                    "attributes"

                Expect.equal read.Metadata [ "key", "value" ] "metadata"
            }

            test "unsorted nodes are sorted" {
                let g =
                    graph
                        [ x4 ]
                        [ node "Neg" [ "a" ] [ "y" ] []; node "Abs" [ "x" ] [ "a" ] [] ]
                        []
                        [ output "y" ]

                Expect.equal
                    (one (fileOf 17L g) [ "x", x ])
                    (f32 [ 2; 4 ] [ -1.0; -2.0; -3.0; -4.0; -5.0; -6.0; -7.0; -8.0 ])
                    "−|x|"
            }

            test "functions of the file are inlined with the attributes of the call" {
                let f: OnnxFunction =
                    {
                        Domain = "local"
                        Name = "Leaky"
                        Inputs = [ "a"; "b" ]
                        Outputs = [ "r" ]
                        Attributes = [ "slope" ]
                        Defaults = []
                        Nodes =
                            [
                                node "LeakyRelu" [ "a" ] [ "m" ] [ "alpha", OnnxAttribute.Reference "slope" ]
                                node "Add" [ "m"; "b" ] [ "r" ] []
                            ]
                        Opsets = [ "", 17L ]
                    }

                let call = nodeOf "local" "Leaky" [ "x"; "x" ] [ "y" ] [ "slope", OnnxAttribute.Float 0.5f ]

                let file =
                    modelWith [ f ] 17L (graph [ x4 ] [ call ] [] [ output "y" ]) |> bytesOf |> Onnx.ofBytes

                Expect.isEmpty file.Unsupported "all is supported"

                Expect.equal
                    (one file [ "x", x ])
                    (f32 [ 2; 4 ] [ 2.0; -3.0; 6.0; -6.0; 10.0; -9.0; 14.0; -12.0 ])
                    "leaky + x"
            }

            test "shapes that come from shapes are folded" {
                // Flattens by the shape of the input: Shape, Gather, Unsqueeze, Concat, Reshape.
                let g =
                    graph
                        [ value "x" OnnxType.Float [ "batch"; "a"; "b" ] ]
                        [
                            node "Shape" [ "x" ] [ "s" ] []
                            node "Gather" [ "s"; "zero" ] [ "n" ] []
                            node "Unsqueeze" [ "n"; "axis" ] [ "nn" ] []
                            node "Concat" [ "nn"; "rest" ] [ "target" ] [ "axis", OnnxAttribute.Int 0L ]
                            node "Reshape" [ "x"; "target" ] [ "y" ] []
                        ]
                        [ "zero", Tensor.scalar 0L; "axis", i64 [ 0 ]; "rest", i64 [ -1 ] ]
                        [ output "y" ]

                let file = fileOf 17L g
                let v = Expr.variable "x" DType.F32 [ 2; 2; 2 ]
                let y = (Onnx.import [] file).Apply [ v ] |> List.head
                Expect.equal y (Expr.reshape [ 2; 4 ] v) "one reshape is left"
                Expect.isEmpty file.Parameters "shapes are no parameters"
            }

            test "weights are parameters, numbers that decide shapes and bounds are not" {
                let g =
                    graph
                        [ x4 ]
                        [
                            node
                                "Constant"
                                []
                                [ "half" ]
                                [ "value", OnnxAttribute.Tensor(TensorData.ofTensor "" (f32 [] [ 0.5 ])) ]
                            node "Mul" [ "x"; "half" ] [ "a" ] []
                            node "Transpose" [ "w" ] [ "wt" ] []
                            node "MatMul" [ "a"; "wt" ] [ "b" ] []
                            node "Clip" [ "b"; "low"; "" ] [ "y" ] []
                        ]
                        [ "w", f32 [ 1; 4 ] [ 1.0; 1.0; 1.0; 1.0 ]; "low", f32 [ 1 ] [ -1.0 ] ]
                        [ output "y" ]

                Expect.equal (Tree.paths (fileOf 17L g).Parameters) [ "w" ] "the weight, as it is in the file"
            }

            test "a condition on numbers chooses between branches of one shape" {
                let branch operator =
                    OnnxAttribute.Graph(
                        graph [] [ node operator [ "x" ] [ operator ] [] ] [] [ output operator ]
                    )

                let g =
                    graph
                        [ x4; value "c" OnnxType.Bool [] ]
                        [
                            node
                                "If"
                                [ "c" ]
                                [ "y" ]
                                [ "then_branch", branch "Neg"; "else_branch", branch "Abs" ]
                        ]
                        []
                        [ output "y" ]

                let model = Onnx.import [] (fileOf 17L g)
                let y (c: bool) = (Tree.values (model.Run [ "x", x; "c", Tensor.scalar c ])).Head
                Expect.equal ((y true).[0, 1]) 2.0 "−x"
                Expect.equal ((y false).[0, 0]) 1.0 "|x|"
                let given = Onnx.import [ Onnx.given "c" (Tensor.scalar true) ] (fileOf 17L g)
                let v = Expr.variable "x" DType.F32 [ 2; 4 ]
                Expect.equal (given.Apply [ v ]) [ -v ] "a condition that is given leaves one branch"
            }

            test "the summary says what the file holds" {
                let g =
                    graph
                        [ x4 ]
                        [ node "Neg" [ "x" ] [ "a" ] []; node "Odd" [ "a" ] [ "y" ] [] ]
                        [ "w", x ]
                        [ output "y" ]

                let summary = string (fileOf 17L g)

                for words in [ "opset 17"; "DL1 test"; "x: float [batch, 4]"; "Neg, Odd"; "Odd: 1 node" ] do
                    Expect.stringContains summary words "the summary"
            }

            refused
                "all that is not supported, at once"
                [ "Odd: 2 nodes, the first 'a'"; "Other: 1 node"; "LeakyRelu 'y': the attribute 'gamma'" ]
                (fun () ->
                    graph
                        [ x4 ]
                        [
                            node "Odd" [ "x" ] [ "a" ] []
                            node "Odd" [ "a" ] [ "b" ] []
                            node "Other" [ "b" ] [ "c" ] []
                            node "LeakyRelu" [ "c" ] [ "y" ] [ "gamma", OnnxAttribute.Float 1.0f ]
                        ]
                        []
                        [ output "y" ]
                    |> fileOf 17L
                    |> Onnx.import []
                    |> ignore)

            refused
                "an operand that a rule does not read"
                [ "Neg"; "operand 1 ('x')"; "output 'y'" ]
                (fun () ->
                    one
                        (fileOf 17L (graph [ x4 ] [ node "Neg" [ "x"; "x" ] [ "y" ] [] ] [] [ output "y" ]))
                        [ "x", x ]
                    |> ignore)

            refused
                "a shape that depends on an input that is not given"
                [ "'s'"; "give the input"; "Reshape" ]
                (fun () ->
                    let g =
                        graph
                            [ x4; value "s" OnnxType.Int64 [ 2 ] ]
                            [ node "Reshape" [ "x"; "s" ] [ "y" ] [] ]
                            []
                            [ output "y" ]

                    one (fileOf 17L g) [ "x", x; "s", i64 [ 4; 2 ] ] |> ignore)

            test "a shape that is given" {
                let g =
                    graph
                        [ x4; value "s" OnnxType.Int64 [ 2 ] ]
                        [ node "Reshape" [ "x"; "s" ] [ "y" ] [] ]
                        []
                        [ output "y" ]

                let model = Onnx.import [ Onnx.given "s" (i64 [ 4; 2 ]) ] (fileOf 17L g)
                Expect.equal ((Tree.values (model.Run [ "x", x ])).Head.Shape.ToList()) [ 4; 2 ] "the shape"
            }

            refused "one name of two extents" [ "'batch'"; "2 in the input 'x'"; "3 in 'z'" ] (fun () ->
                let g =
                    graph
                        [ x4; value "z" OnnxType.Float [ "batch" ] ]
                        [ node "Neg" [ "x" ] [ "y" ] [] ]
                        []
                        [ output "y" ]

                one (fileOf 17L g) [ "x", x; "z", f32 [ 3 ] [ 1.0; 2.0; 3.0 ] ] |> ignore)

            refused
                "an error in a node names the node, the output and the operands"
                [ "MatMul"; "output 'y'"; "[2, 4]" ]
                (fun () ->
                    let g =
                        graph
                            [ x4 ]
                            [ node "MatMul" [ "x"; "w" ] [ "y" ] [] ]
                            [ "w", f32 [ 3; 1 ] [ 1.0; 2.0; 3.0 ] ]
                            [ output "y" ]

                    one (fileOf 17L g) [ "x", x ] |> ignore)

            refused "an input of another type" [ "'x'"; "i64" ] (fun () ->
                let g = graph [ x4 ] [ node "Neg" [ "x" ] [ "y" ] [] ] [] [ output "y" ]
                one (fileOf 17L g) [ "x", Tensor.cast DType.I64 x ] |> ignore)

            refused "an input that is missing" [ "'x'" ] (fun () ->
                one (fileOf 17L (graph [ x4 ] [ node "Neg" [ "x" ] [ "y" ] [] ] [] [ output "y" ])) []
                |> ignore)

            refused "a file that is no ONNX model" [ "graph" ] (fun () -> Onnx.ofBytes [||] |> ignore)
        ]
