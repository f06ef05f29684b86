/// Layers as C# files: what is written predicts what the model predicts, by its self-test and for other samples.
module DL1.Tests.ModelCodeLayerTests

open System
open DL1
open DL1.Data
open DL1.Tests.CompiledText
open Expecto

let private rows = 3
let private normal dims seed = Key.normal 0.0 1.0 DType.F32 (rows :: dims) (Key.ofSeed seed)

let private indices dims count =
    Tensor.ofArray (rows :: dims) (Array.init (rows * List.fold (*) 1 dims) (fun i -> int64 (i * 7 % count)))

let private image = normal [ 3; 9; 8 ] 1L
let private sequence = normal [ 6; 8 ] 2L
let private flat = normal [ 20 ] 3L

/// Batch norm with statistics that are not those of its beginning.
let private settled (state: Tree<Tensor>) =
    state
    |> Tree.mapPath (fun path t ->
        if not t.DType.IsFloat then
            t
        else
            let shift = if path.EndsWith "var" then 1.5 else 0.1

            Tensor.cast
                t.DType
                (Tensor.ofArray (t.Shape.ToList()) (Array.init t.Size (fun i -> shift + float (i % 3) / 4.0))))

let private windows stride groups dilation padding : WindowOptions =
    { Convolution.options with
        Stride = [ stride ]
        Groups = groups
        Dilation = [ dilation ]
        Padding = [ padding ]
    }

let private relu = Activation.relu

let private models: (string * Layer<Expr, Expr> * Tensor) list =
    [
        "Mlp", (Dense.linear 33 => relu => Dense.linear 16 => Activation.tanh => Dense.linear 10), flat
        "Regression", (Dense.linear 17 => Activation.gelu => Dense.linear 1), flat
        "Activations",
        (Dense.linear 40
         => Activation.silu
         => Activation.elu 1.0
         => Activation.softplus
         => Activation.leakyRelu 0.1
         => Activation.hardSwish
         => Activation.mish
         => Activation.sigmoid),
        flat
        "Cnn",
        (Conv.conv2dSame 8 3
         => Norm.batchNorm2d
         => relu
         => Pooling.max 2
         => Conv.conv2d 12 2
         => relu
         => Pooling.average 2
         => Shaping.flatten
         => Dense.linear 10
         => Activation.softmax 1),
        image
        "Strided",
        (Conv.conv2dWith Init.parameters (windows 2 1 1 1) 6 [ 3 ]
         => Conv.conv2dWith Init.parameters (windows 1 6 1 1) 6 [ 3 ]
         => Conv.conv2dWith Init.parameters (windows 1 2 2 2) 8 [ 2 ]
         => Norm.groupNorm 4
         => Activation.relu6),
        image
        "Transposed", (Conv.convTranspose2d 4 3 2 => Norm.instanceNorm => relu), image
        "Series",
        (Conv.conv1dSame 5 3 => relu => Pooling.max 2 => Shaping.flatten => Dense.linear 3),
        sequence
        "Norms", (Norm.layerNorm => Dense.linear 8 => Norm.rmsNorm => Activation.logSoftmax 2), sequence
        "Rnn", Recurrent.sequence (Recurrent.rnn (Recurrent.options 9)), sequence
        "Lstm",
        Recurrent.sequence (Recurrent.lstm { Recurrent.options 12 with Layers = 2; Bidirectional = true }),
        sequence
        "Gru", Recurrent.sequence (Recurrent.gru (Recurrent.options 16)), sequence
        "SelfAttention", (Attention.self 2 true => Dense.linear 4), sequence
        "Encoder", Transformer.encoderLayer (Transformer.options 2 16), sequence
        "Words",
        (Dense.embedding 30 8
         => Attention.self 2 false
         => Layer.ofFunction "Mean" (Reduce.mean [ 1 ])
         => Dense.linear 4),
        indices [ 7 ] 30
    ]

let private trained (model: Layer<Expr, Expr>) (x: Tensor) : Trained =
    let parameters, state = Layer.init (Key.ofSeed 5L) (Expr.variable "x" x.DType (x.Shape.ToList())) model
    Trained.create model parameters (settled state)

let private source isPlain literals name (model: Trained) (x: Tensor) : ModelSource =
    let samples = [ Rows.take "test" [| 0; 1 |] x ]

    ModelCode.csharpWith
        { ModelCode.options with
            Samples = samples
            Literals = literals
            Version = (if isPlain then CSharpVersion.CSharp9 else CSharpVersion.Current)
        }
        name
        model

// Predicts one sample, of arrays.
let private caller (name: string) (element: string) =
    $"public static class Call{name} {{ public static void Run({element}[] input, float[] output) => {name}.Predict(input, output, new byte[{name}.Workspace]); }}"

let private written isPlain literals () =
    let cases =
        models
        |> List.map (fun (name, model, x) ->
            let model = trained model x
            name, model, x, source isPlain literals name model x)

    let texts =
        cases
        |> List.collect (fun (name, _, x, source) ->
            [ source.Text; caller name (if x.DType = DType.I64 then "long" else "float") ])

    let resources =
        cases
        |> List.filter (fun (_, _, _, source) -> source.HasResource)
        |> List.map (fun (name, _, _, source) -> name + ".bin", source.Resource)

    let assembly = assembly isPlain resources texts

    for name, model, x, source in cases do
        Expect.equal source.HasResource (literals = 0) $"{name}: its resource"
        Expect.equal (call assembly name "SelfTest" []) (box true) $"{name}: its self-test"
        // The row that is no sample of the self-test.
        let row = Rows.take "test" [| rows - 1 |] x
        let expected = Trained.predict row model
        let output = Array.zeroCreate<float32> expected.Size

        let given: obj | null = if x.DType = DType.I64 then row.ToArray<int64>() else row.ToArray<float32>()

        call assembly $"Call{name}" "Run" [ given; output ] |> ignore
        let largest = Tensor.toFloats expected |> Array.fold (fun m v -> max m (abs v)) 1.0

        Array.iter2
            (fun (e: float) (f: float32) ->
                if abs (e - float f) > 1e-5 * largest then
                    failtest $"{name}: {e} was expected, {f} found")
            (Tensor.toFloats expected)
            output

let private wrongResource () =
    let name, layers, x = models.Head
    let model = trained layers x
    let source = source false 0 name model x
    let bytes = source.Resource
    bytes[0] <- bytes[0] + 1uy
    let assembly = assembly false [ name + ".bin", bytes ] [ source.Text ]

    Expect.throws
        (fun () -> call assembly name "SelfTest" [] |> ignore)
        "a resource that was written with another file is refused"

/// A pipeline with categories and missing numbers, beside its own predictions.
let private pipeline () =
    let table = Datasets.penguins ()

    let fitted =
        Pipeline
            .Classify("species")
            .Numbers("beak_length_mm", "body_mass_g")
            .Categories("island", "sex")
            .Impute(ColumnFill.Median)
            .Scale(ColumnScaling.Standard)
            .Model(Estimator.Logistic())
            .Fit(table)

    let source = fitted.ToCSharp("Penguins", ModelCode.options)

    let caller =
        "public static class CallPenguins { public static void Run(double[] input, double[] output) => Penguins.Predict(input, output, new byte[Penguins.Workspace]); }"

    let assembly = assembly false [] [ source.Text; caller ]
    Expect.equal (call assembly "Penguins" "SelfTest" []) (box true) "the self-test"
    let expected = fitted.Probabilities table |> Convert.toRows<float>

    for row in 0..9 .. table.RowCount - 1 do
        let given =
            [|
                for field in fitted.Fields do
                    match table[field] with
                    | Column.Numbers values -> values[row]
                    | Column.Texts values ->
                        let known = fitted.Inputs |> Seq.find (fun f -> f.Name = field)

                        if values[row] = "" then
                            nan
                        else
                            float (Seq.findIndex ((=) values[row]) known.Categories)
            |]

        let output = Array.zeroCreate<float> 3
        call assembly "CallPenguins" "Run" [ given; output ] |> ignore

        for e, f in Array.zip expected[row] output do
            Expect.floatClose Accuracy.high f e $"row {row}"

let tests =
    testList
        "ModelCode.layers"
        [
            test "layers predict what the model predicts" { written false 100_000 () }
            test "with their numbers in a resource" { written false 0 () }
            test "in C# 9" { written true 100_000 () }
            test "in C# 9 with a resource" { written true 0 () }
            test "another resource is refused" { wrongResource () }
            test "a pipeline predicts from numbers and the places of categories" { pipeline () }
            test "a label is the place of the greatest output, and has a name" {
                let name, layers, x = models.Head
                let model = trained layers x
                let names = List.init 10 (fun i -> $"\"class\" %d{i}é")

                let source =
                    ModelCode.csharpWith
                        { ModelCode.options with Samples = [ x ]; Classes = names }
                        name
                        model

                let caller =
                    $"public static class Label {{ public static string Of(float[] input) => {name}.ClassName({name}.PredictLabel(input)); }}"

                let assembly = assembly false [] [ source.Text; caller ]
                let labels = Trained.predict x model |> Classification.argMax |> Tensor.toFloats

                for row in 0 .. rows - 1 do
                    let given = (Rows.take "test" [| row |] x).ToArray<float32>()

                    Expect.equal
                        (call assembly "Label" "Of" [ given ])
                        (box names[int labels[row]])
                        "the name"
            }
        ]
