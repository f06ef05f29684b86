/// Models as C# files beside `Trained.predict` and a compiled graph, one sample at a time, on one thread, in turns:
/// `dotnet run -c Release --project bench/ModelCode`
module DL1.Bench.ModelCodes

open System
open System.Diagnostics
open System.IO
open System.Runtime.Loader
open DL1
open Microsoft.CodeAnalysis
open Microsoft.CodeAnalysis.CSharp

let private references () =
    (string (AppContext.GetData "TRUSTED_PLATFORM_ASSEMBLIES")).Split Path.PathSeparator
    |> Array.filter (fun path -> (string (Path.GetFileName path)).StartsWith "System.")
    |> Array.map (fun path -> MetadataReference.CreateFromFile path :> MetadataReference)

/// A method that predicts a sample a number of times.
let private compiled (name: string) (source: ModelSource) : Action<float32[], int> =
    let caller =
        $"public static class Caller {{ static readonly float[] output = new float[{name}.Outputs]; static readonly byte[] workspace = new byte[{name}.Workspace]; public static void Run(float[] input, int times) {{ for (int i = 0; i < times; i++) {name}.Predict(input, output, workspace); }} }}"

    let options = CSharpParseOptions(LanguageVersion.Latest, preprocessorSymbols = [ "NET9_0_OR_GREATER" ])

    let compilation =
        CSharpCompilation.Create(
            name,
            [ source.Text; caller ] |> List.map (fun text -> CSharpSyntaxTree.ParseText(text, options)),
            references (),
            CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel = OptimizationLevel.Release
            )
        )

    use stream = new MemoryStream()
    let result = compilation.Emit stream

    if not result.Success then
        invalidOp (result.Diagnostics |> Seq.map string |> String.concat "\n")

    stream.Position <- 0L
    let assembly = AssemblyLoadContext(name, true).LoadFromStream stream

    match assembly.GetType "Caller" with
    | null -> invalidOp "there is no caller"
    | caller ->
        match caller.GetMethod "Run" with
        | null -> invalidOp "there is no method"
        | run -> run.CreateDelegate<Action<float32[], int>>()

let private rounds = 15

/// The microseconds of each, in turns: the median and the least of rounds of at least 20 ms.
let private timed (all: (string * (int -> unit)) list) =
    let repeats =
        all
        |> List.map (fun (_, run) ->
            // Once for tier 0, and once more for what is compiled anew behind it.
            for _ in 1..3 do
                run 500
                Threading.Thread.Sleep 300

            let watch = Stopwatch.StartNew()
            run 200
            max 1 (int (20.0 / (watch.Elapsed.TotalMilliseconds / 200.0))))

    let times = all |> List.map (fun _ -> ResizeArray<float>())

    for _ in 1..rounds do
        for (_, run), count, found in List.zip3 all repeats times do
            let watch = Stopwatch.StartNew()
            run count
            found.Add(watch.Elapsed.TotalMicroseconds / float count)

    List.map2
        (fun (name, _) (found: ResizeArray<float>) ->
            name, (Seq.sort found |> Seq.item (rounds / 2)), Seq.min found)
        all
        times

let private measure (name: string) (layers: Layer<Expr, Expr>) (dims: int list) =
    let x = Key.normal 0.0 1.0 DType.F32 (1 :: dims) (Key.ofSeed 1L)
    let variable = Expr.variable "x" DType.F32 (1 :: dims)
    let parameters, state = Layer.init (Key.ofSeed 5L) variable layers
    let trained = Trained.create layers parameters state

    let source =
        ModelCode.csharpWith { ModelCode.options with Samples = [ x ]; Literals = 1_000_000 } name trained

    let code = compiled name source
    let input = x.ToArray<float32>()
    let one = { Compile.standard with Threads = 1 }
    let run = Compile.prepareWith one (Graph.variables [ variable ]) [ Trained.apply variable trained ]
    // The arrays of the caller are made.
    code.Invoke(input, 100)
    let before = GC.GetAllocatedBytesForCurrentThread()
    code.Invoke(input, 100)
    let allocated = GC.GetAllocatedBytesForCurrentThread() - before

    let figures =
        timed
            [
                "code", (fun count -> code.Invoke(input, count))
                "predict",
                (fun count ->
                    for _ in 1..count do
                        Trained.predict x trained |> ignore)
                "graph",
                (fun count ->
                    for _ in 1..count do
                        run [ x ] |> ignore)
            ]
        |> List.map (fun (_, median, least) -> $"%.2f{median} (%.2f{least})")
        |> String.concat " | "

    printfn $"| {name} | {figures} | %d{allocated} |"

let private relu = Activation.relu

let private cnn =
    Conv.conv2dSame 16 3
    => relu
    => Pooling.max 2
    => Conv.conv2dSame 32 3
    => relu
    => Pooling.max 2
    => Shaping.flatten

let private models: (string * Layer<Expr, Expr> * int list) list =
    [
        "MlpDigits", (Dense.linear 64 => relu => Dense.linear 10), [ 64 ]
        "CnnDigits", (Shaping.reshape [ 1; 8; 8 ] => cnn => Dense.linear 10), [ 64 ]
        "MlpFashion", (Dense.linear 256 => relu => Dense.linear 128 => relu => Dense.linear 10), [ 784 ]
        "CnnFashion",
        (Shaping.reshape [ 1; 28; 28 ] => cnn => Dense.linear 64 => relu => Dense.linear 10),
        [ 784 ]
        "Lstm", Recurrent.sequence (Recurrent.lstm (Recurrent.options 64)), [ 32; 16 ]
        "Encoder", Transformer.encoderLayer (Transformer.options 4 128), [ 32; 64 ]
    ]

/// All models, or those that are named.
[<EntryPoint>]
let main names =
    printfn
        "| model | file, µs: median (least) | Trained.predict | compiled, one thread | bytes allocated by the file |"

    printfn "|---|---|---|---|---|"

    for name, layers, dims in models do
        if names.Length = 0 || Array.contains name names then
            measure name layers dims

    0
