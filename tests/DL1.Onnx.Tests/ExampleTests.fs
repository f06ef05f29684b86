/// The examples in the documentation of `Onnx` and `OnnxExport`, compiled and run.
module DL1.Onnx.Tests.ExampleTests

open System
open System.IO
open System.Text.RegularExpressions
open System.Xml.Linq
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open Expecto

let private folded (text: string) = Regex.Replace(text, @"\s+", " ").Trim()

/// The last code of each function's documentation, and the code of the module's.
let private documented () : (string * string) list =
    [
        for m in XDocument.Load(Path.Combine(AppContext.BaseDirectory, "DL1.Onnx.xml")).Descendants "member" do
            let name =
                match m.Attribute "name" with
                | null -> ""
                | name -> name.Value

            if Regex.IsMatch(name, @"^(M:DL1\.Onnx\.(Onnx|OnnxExport)\.|T:DL1\.Onnx\.Onnx$)") then
                let codes =
                    [
                        for code in Regex.Matches(m.Value, "```(.*?)```|`([^`]+)`", RegexOptions.Singleline) ->
                            code.Value.Trim '`'
                    ]

                name.Split('(')[0], codes |> List.tryLast |> Option.defaultValue ""
    ]

let private inputs = f32 [ 2; 4 ] [ 1.0; -2.0; 3.0; -4.0; 0.5; 0.25; -1.0; 2.0 ]

/// A rectifier by the name that exporters give it.
let private rectifier =
    graph
        [ value "x" OnnxType.Float [ "batch"; 4 ] ]
        [
            node "Relu" [ "x" ] [ "/layer/Relu_output_0" ] []
            node "Neg" [ "/layer/Relu_output_0" ] [ "y" ] []
        ]
        []
        [ output "y" ]

/// A length by which an input is multiplied: a model of a rate that is given at import.
let private rated =
    graph
        [ value "x" OnnxType.Float [ 4 ]; value "sr" OnnxType.Int64 [] ]
        [
            node "Cast" [ "sr" ] [ "rate" ] [ "to", OnnxAttribute.Int 1L ]
            node "Mul" [ "x"; "rate" ] [ "y" ] []
        ]
        []
        [ output "y" ]

let private inFolder (run: unit -> unit) =
    let before = Environment.CurrentDirectory
    let folder = Directory.CreateTempSubdirectory "dl1-onnx-examples"

    try
        Environment.CurrentDirectory <- folder.FullName
        run ()
    finally
        Environment.CurrentDirectory <- before
        folder.Delete true

let private reading () =
    File.WriteAllBytes("model.onnx", bytesOf (modelWith [] 17L rectifier))
    let file = Onnx.read "model.onnx"
    let model = Onnx.import [] file
    let outputs = Onnx.run [ "x", inputs ] model
    Expect.equal (outputs["y"].Shape.ToList()) [ 2; 4 ] "the shape of y"
    let again = Onnx.ofBytes (System.IO.File.ReadAllBytes "model.onnx")
    Expect.equal again.Opset file.Opset "the opset"
    let inside = Onnx.activations [ "/layer/Relu_output_0" ] [ "x", inputs ] model
    Expect.equal ((Tensor.toFloats inside["/layer/Relu_output_0"])[0..2]) [| 1.0; 0.0; 3.0 |] "the rectifier"
    let x = Expr.variable "x" DType.F32 [ 2; 4 ]
    Expect.stringContains (string (List.head (Onnx.apply [ x ] model))) "relu" "the formula"
    let example = Expr.variable "x" DType.F32 [ 2; 4 ]
    let deeper = Onnx.layer model => Dense.linear 2
    let parameters, _ = Layer.init (Key.ofSeed 1L) example deeper
    Expect.equal (Tree.paths parameters) [ "1.weight"; "1.bias" ] "parameters"
    Expect.stringContains (string (Onnx.layerOf model)) "ONNX" "a layer"

    let file = fileOf 17L rated
    Expect.equal (Onnx.given "sr" (Tensor.scalar 16000L)).Input "sr" "the input"
    let model = Onnx.import [ Onnx.given "sr" (Tensor.scalar 16000L) ] file
    let outputs = Onnx.run [ "x", f32 [ 4 ] [ 1.0; 2.0; 3.0; 4.0 ] ] model
    Expect.equal (Tensor.toFloats outputs["y"]) [| 16000.0; 32000.0; 48000.0; 64000.0 |] "the product"

    let file = { rectifier with Inputs = [ value "x" OnnxType.Float [ 1; 4 ] ] } |> fileOf 17L

    let model = Onnx.perSample [] file
    let outputs = Onnx.run [ "x", inputs ] model
    Expect.equal (outputs["y"].Shape.ToList()) [ 2; 4 ] "a batch"

let private writing () =
    let x, y = Expr.variable "x" DType.F32 [ 3 ], Expr.variable "y" DType.F32 [ 3 ]

    let run (bytes: byte[]) values name =
        let outputs = Onnx.run values (Onnx.import [] (Onnx.ofBytes bytes))
        Tensor.toFloats outputs[name]

    let three = f32 [ 3 ] [ 1.0; 2.0; 3.0 ]
    let sum = OnnxExport.graphToBytes [ x; y ] [ "sum", x + y ]
    Expect.equal (run sum [ "x", three; "y", three ] "sum") [| 2.0; 4.0; 6.0 |] "the sum"
    let w = Expr.variable "w" DType.F32 [ 3 ]
    let loss = Expr.sumAll (x * w)
    OnnxExport.writeGraph "step.onnx" [ x; w ] [ "loss", loss ]
    Expect.equal (Onnx.read "step.onnx").Inputs.Count 2 "inputs"
    let y = x * w
    OnnxExport.writeExternal "large.onnx" 1024L (OnnxExport.graphToBytes [ x; w ] [ "y", y ])
    Expect.equal (Onnx.read "large.onnx").Outputs.Count 1 "an output"
    let x = Expr.variable "x" DType.F32 [ 2; 3 ]
    let doubled = OnnxExport.functionToBytes [ x ] (fun xs -> [ "doubled", xs.Head * 2.0 ])
    Expect.equal (run doubled [ "x", f32 [ 1; 3 ] [ 1.0; 2.0; 3.0 ] ] "doubled") [| 2.0; 4.0; 6.0 |] "doubled"
    OnnxExport.writeFunction "scale.onnx" [ x ] (fun xs -> [ "scaled", xs.Head / 255.0 ])
    Expect.isEmpty (Onnx.read "scale.onnx").Metadata "no metadata"

    OnnxExport.writeFunctionWith "scale.onnx" [ "classes", "no\nyes" ] [ x ] (fun xs ->
        [ "scaled", xs.Head / 255.0 ])

    Expect.hasLength (Onnx.read "scale.onnx").Metadata 1 "metadata"

let private training () =
    let labels = Tensor.vector [ 0L; 1L ]
    let data = Dataset.create inputs labels
    let learner = Learner.create (Dense.linear 3) (Loss.crossEntropy Loss.classes) (Optimizer.sgd 0.1)
    let trained = (Fit.run { Fit.options (Key.ofSeed 1L) with Epochs = 1 } learner data).Trained
    let test = data
    OnnxExport.write "digits.onnx" test.Inputs trained
    let bytes = OnnxExport.modelToBytes data.NamedInputs id Tree.toList trained
    Expect.equal (File.ReadAllBytes "digits.onnx") bytes "the same file"
    let scaled = OnnxExport.toBytesWith test.Inputs (fun x -> x / 16.0) OnnxExport.probabilities trained
    OnnxExport.writeExternalWith "large.onnx" 1024L test.Inputs id OnnxExport.probabilities trained
    Expect.equal (Onnx.read "large.onnx").Outputs.Count 2 "scores and probabilities"
    OnnxExport.writeWith "digits.onnx" test.Inputs (fun x -> x / 16.0) OnnxExport.probabilities trained
    Expect.equal (File.ReadAllBytes "digits.onnx") scaled "the same file"

    Expect.equal
        [ for o in (Onnx.read "digits.onnx").Outputs -> o.Name ]
        [ "output"; "probabilities" ]
        "outputs"

    let scores = Expr.variable "scores" DType.F32 [ 2; 3 ]
    Expect.equal (List.map fst (OnnxExport.probabilities scores)) [ "output"; "probabilities" ] "names"
    let rooms = data
    OnnxExport.writeNamed "homes.onnx" rooms trained
    Expect.equal (Onnx.read "homes.onnx").Inputs.Count 1 "inputs"
    let start, batch = Step.startOn learner (Key.ofSeed 1L) data, data
    OnnxExport.writeStep "step.onnx" learner start batch
    Expect.equal (File.ReadAllBytes "step.onnx") (OnnxExport.stepToBytes learner start batch) "the same step"

let tests =
    testSequencedGroup "examples"
    <| testList
        "examples"
        [
            test "reading" { inFolder reading }
            test "writing" { inFolder writing }
            test "training" { inFolder training }
            test "each function has an example, and it stands here" {
                let source = folded (File.ReadAllText(Path.Combine(__SOURCE_DIRECTORY__, "ExampleTests.fs")))
                let examples = documented ()
                Expect.isGreaterThan examples.Length 20 "functions"

                for name, code in examples do
                    Expect.isNotEmpty code name

                    for line in code.Trim().Split '\n' do
                        Expect.stringContains source (folded line) name
            }
        ]
