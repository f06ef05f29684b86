// What a service asks of a trained model: memory over batches of all sizes, their time beside plans for just as many rows, and
// requests of random sizes from eight threads, whose answers stay the same to the bit while memory is flat. After a build of
// the core: dotnet fsi --optimize+ bench/serving.fsx [requests, a million unless given]
#r "nuget: MathNet.Numerics, 5.0.0"
#r "../src/DL1.Core.fs/bin/Release/net10.0/DL1.Core.dll"

open System
open System.Diagnostics
open System.Threading.Tasks
open DL1

let megabytes () =
    GC.Collect()
    GC.WaitForPendingFinalizers()
    GC.Collect()
    float (GC.GetTotalMemory true) / 1e6

/// The median microseconds of a call.
let median calls (f: unit -> unit) =
    f ()

    let times =
        [|
            for _ in 1..calls ->
                let watch = Stopwatch.StartNew()
                f ()
                watch.Elapsed.TotalMicroseconds
        |]

    (Array.sort times)[calls / 2]

let trained (model: Layer<Expr, Expr>) (x: Tensor) =
    let parameters, state = Layer.init (Key.ofSeed 1L) (Expr.variable "x" x.DType (x.Shape.ToList())) model

    Trained.create model parameters state

/// A plan for just as many rows as the inputs have.
let exact (t: Trained) (x: Tensor) =
    let variables =
        t.Parameters |> Tree.mapPath (fun path w -> Expr.variable path w.DType (w.Shape.ToList()))

    let input = Expr.variable "x" x.DType (x.Shape.ToList())
    let y, _ = Layer.apply Mode.Inference variables Tree.empty t.Model input
    let run = Compile.prepare (Graph.variables (Tree.values variables @ [ input ])) [ y ]
    fun () -> run (Tree.values t.Parameters @ [ x ]) |> ignore

let transformer () =
    let options = { Transformer.options 4 256 with Dropout = 0.0 }

    let model =
        Dense.embedding 200 64
        => Transformer.sinusoidalPositions
        => Transformer.encoderLayer options
        => Transformer.encoderLayer options
        => Layer.ofFunction "Mean" (Reduce.mean [ 1 ])
        => Dense.linear 10

    let all = Key.integers 0 200 DType.I64 [ 256; 32 ] (Key.ofSeed 1L)
    let rows n = Tensor.sliceAxis 0 0 n all
    let t = trained model (rows 1)
    Trained.predict (rows 1) t |> ignore
    let before = megabytes ()

    for n in 1..256 do
        Trained.predict (rows n) t |> ignore

    let parameters = Tree.values t.Parameters |> List.sumBy _.Size
    printfn $"a transformer of {parameters} parameters: {megabytes () - before:F1} MB more after 256 sizes"

    for n in [ 1; 9; 17; 33; 65; 129; 256 ] do
        let x = rows n
        let own, served = median 30 (exact t x), median 30 (fun () -> Trained.predict x t |> ignore)
        printfn $"  {n} rows: {served:F0} µs, a plan for {n} {own:F0} µs: {served / own:F2} times"

let requests count =
    let all = Key.normal 0.0 1.0 DType.F32 [ 64; 10 ] (Key.ofSeed 2L)
    let inputs = [| for n in 1..64 -> Tensor.sliceAxis 0 0 n all |]
    let t = trained (Dense.linear 32 => Activation.relu => Dense.linear 3) inputs[0]
    let alone = inputs |> Array.map (fun x -> Trained.predict x t)

    let round count =
        let wrong =
            Array.init 8 (fun thread ->
                Task.Run(fun () ->
                    let random = Random thread
                    let mutable wrong = 0

                    for _ in 1 .. count / 8 do
                        let n = random.Next 64

                        if Trained.predict inputs[n] t <> alone[n] then
                            wrong <- wrong + 1

                    wrong))
            |> Array.sumBy _.Result

        printfn $"  {count} requests: {wrong} other answers, {megabytes ():F2} MB"

    printfn "requests of 1 to 64 rows from 8 threads"
    let watch = Stopwatch.StartNew()
    List.iter round [ count / 10; count / 10; count - 2 * (count / 10) ]
    printfn $"  {float count / watch.Elapsed.TotalSeconds:F0} requests a second"
    printfn $"  one row: {median 2000 (fun () -> Trained.predict inputs[0] t |> ignore):F1} µs"

transformer ()
requests (fsi.CommandLineArgs |> Array.tryItem 1 |> Option.map int |> Option.defaultValue 1_000_000)
