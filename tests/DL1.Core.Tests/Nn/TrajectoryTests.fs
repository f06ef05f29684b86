/// Whole models in training: forward, loss, gradients, running statistics and the optimizer's update as one graph, whose
/// losses are those of PyTorch.
module DL1.Tests.TrajectoryTests

open System
open System.IO
open System.IO.Compression
open System.Text.Json
open DL1
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

/// The weights of the file's formula, for parameter k of a name and a shape.
let private weights k (path: string, dims: int list) =
    let size = List.fold (*) 1 dims
    let v j = sin (1.7 * float j + 0.3 * float k)
    let isBias = path.Contains "bias"

    let value j =
        if isBias then 0.1 * v j
        elif dims.Length = 1 then 1.0 + 0.1 * v j
        else v j / sqrt (float size / float dims.Head)

    path, Tensor.ofArray dims (Array.init size value)

let private regression first count =
    let x =
        Array.init count (fun i -> let p = 0.61803398875 * float (first + i) in 2.0 * (p - floor p) - 1.0)

    let y = x |> Array.map (fun x -> ((5.0 * (x + 1.0) - 2.0) ** 2.0 + 3.0) / 10.0)
    Tensor.ofArray [ count; 1 ] x, Tensor.ofArray [ count; 1 ] y

/// The bytes of a file of images or labels behind its header, or none where the file is not there.
let private idx (name: string) header count =
    let folder =
        Environment.GetEnvironmentVariable "DL1_FASHION"
        |> Option.ofObj
        |> Option.defaultValue (Path.Combine(ReadmeTests.root AppContext.BaseDirectory, "data", "fashion"))

    let path = Path.Combine(folder, name)

    if File.Exists path then
        use stream = new GZipStream(File.OpenRead path, CompressionMode.Decompress)
        let bytes = Array.zeroCreate<byte>(header + count)
        stream.ReadExactly(bytes, 0, bytes.Length)
        Some(Array.skip header bytes)
    else
        None

let private fashion =
    lazy
        (idx "fashion-train-images-idx3-ubyte.gz" 16 (6000 * 784),
         idx "fashion-train-labels-idx1-ubyte.gz" 8 6000)

let private images dims first count =
    match fashion.Value with
    | Some pixels, Some labels ->
        let values = Array.sub pixels (first * 784) (count * 784) |> Array.map (fun p -> float p / 255.0)
        Tensor.ofArray (count :: dims) values, Tensor.vector (Array.sub labels first count |> Array.map int64)
    | _ -> failtest "the images are not here: set DL1_FASHION to their folder"

/// Two of the cases are of images that the repository does not carry: they are checked where the images are.
let private isThere (name: string) =
    match name with
    | "fashion mlp"
    | "cnn" -> fst fashion.Value |> Option.isSome && snd fashion.Value |> Option.isSome
    | _ -> true

let private wave frequency (f: float -> float) dims =
    Tensor.ofArray dims (Array.init (List.fold (*) 1 dims) (fun j -> f (frequency * float j)))

/// A model, its loss, and the batch of each step.
type private Setting = { Model: Layer<Expr, Expr>; Loss: Expr -> Expr -> Expr; Batch: int -> Tensor * Tensor }

let private relu = Activation.relu
let private mse = Loss.mse Reduction.Mean
let private entropy = Loss.crossEntropy Loss.classes

/// What a name of the reference is called here.
let private setting (name: string) =
    match name with
    | "mlp" ->
        {
            Model = Dense.linear 300 => relu => Dense.linear 300 => relu => Dense.linear 1
            Loss = mse
            Batch = fun step -> regression (128 * step) 128
        }
    | "mlp with batch norm" ->
        let hidden = Dense.linear 300 => Norm.batchNorm1d => relu

        {
            Model = hidden => hidden => Dense.linear 1
            Loss = mse
            Batch = fun step -> regression (128 * step) 128
        }
    | "fashion mlp" ->
        {
            Model = Dense.linear 512 => relu => Dense.linear 256 => relu => Dense.linear 10
            Loss = entropy
            Batch = fun step -> images [ 784 ] (128 * step) 128
        }
    | "cnn" ->
        let features = Conv.conv2d 32 3 => relu => Conv.conv2d 64 3 => relu => Pooling.max 2

        {
            Model = features => Shaping.flatten => Dense.linear 128 => relu => Dense.linear 10
            Loss = entropy
            Batch = fun step -> images [ 1; 28; 28 ] (64 * step) 64
        }
    | "lstm" ->
        let lstm = Recurrent.lstm (Recurrent.options 32) |> Recurrent.last

        {
            Model = Layer.named "lstm" lstm => Layer.named "out" (Dense.linear 1)
            Loss = mse
            Batch = fun _ -> wave 0.37 sin [ 16; 20; 8 ], wave 1.0 cos [ 16; 1 ]
        }
    | "transformer" ->
        {
            Model = Transformer.encoderLayer { Transformer.options 4 64 with Dropout = 0.0 }
            Loss = mse
            Batch = fun _ -> wave 0.37 sin [ 8; 16; 32 ], wave 0.11 cos [ 8; 16; 32 ]
        }
    | other -> failtest $"the reference model {other} has no counterpart"

let private optimizerOf (case: JsonElement) =
    let rate = case.GetProperty("attrs").GetProperty("lr").GetDouble()

    if string (case.GetProperty "optimizer") = "SGD" then
        Optimizer.sgd rate
    else
        Optimizer.adam rate

let private inType dtype (t: Tensor) = if t.DType.IsFloat then Tensor.cast dtype t else t

/// The losses of some steps.
let private losses dtype count (case: JsonElement) =
    let s = setting (name case)

    let parameters =
        [ for p in case.GetProperty("parameters").EnumerateArray() -> string p[0], ints p[1] ]
        |> List.mapi weights
        |> Tree.ofList
        |> Tree.map (Tensor.cast dtype)

    let batch step = let x, y = s.Batch step in inType dtype x, inType dtype y
    let firstX, firstY = batch 0
    let variable name (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())
    let x, y = variable "x" firstX, variable "y" firstY
    let asked, state = Layer.initAs dtype (Key.ofSeed 1L) x s.Model
    let shapes (tree: Tree<Tensor>) = tree |> Tree.map (fun t -> t.Shape.ToList()) |> Tree.toList |> set
    Expect.equal (shapes asked) (shapes parameters) "the model asks for the reference's parameters"
    let optimizer = optimizerOf case
    let memory = Optimizer.start optimizer parameters
    let ps, ss = Tree.variables parameters, Tree.variables state
    let ms = memory |> Tree.mapPath (fun path t -> variable $"optimizer {path}" t)
    // No layer here is random; the key is there because training asks for one.
    let output, nextState = Layer.apply (Mode.Training(Draw.key (Key.ofSeed 1L))) ps ss s.Model x
    let loss, gradients = Grad.valueAndGrad (s.Loss y output) (Tree.values ps)
    let next, nextMemory = optimizer.Update (Tree.ofValues gradients ps) ms ps
    let inputs = Graph.variables (Tree.values ps @ Tree.values ss @ Tree.values ms @ [ x; y ])

    let run =
        Compile.prepare inputs (loss :: Tree.values next @ Tree.values nextState @ Tree.values nextMemory)

    let advance (values: Tensor list, _) step =
        let x, y = batch step
        let results = run (values @ [ x; y ])
        results.Tail, Tensor.toFloat results.Head

    ((Tree.values parameters @ Tree.values state @ Tree.values memory, 0.0), [ 0 .. count - 1 ])
    ||> List.scan advance
    |> List.tail
    |> List.map snd

let private all = cases "trajectories.json"

let private check dtype tolerance count (case: JsonElement) =
    let expected = floats (case.GetProperty "losses") |> List.truncate count

    for i, (e, f) in List.indexed (List.zip expected (losses dtype expected.Length case)) do
        Expect.isTrue (abs (e - f) <= tolerance * abs e) $"step {i}: {e}, found {f}"

let tests =
    testSequenced
    <| testList
        "trajectories"
        [
            test "all 6 cases are there" { Expect.equal all.Length 6 "the number of cases" }
            for case in all |> List.filter (name >> isThere) do
                test $"{name case}, f64" { check DType.F64 1e-8 50 case }

                if name case <> "cnn" then
                    test $"{name case}, f32" { check DType.F32 1e-5 20 case }
        ]
