/// Single kernels, each a session of one node or a few, timed by BenchmarkDotNet in one process:
/// `dotnet run -c Release --project bench/Kernels -- --filter *Product*`.
namespace DL1.Bench

open BenchmarkDotNet.Attributes
open BenchmarkDotNet.Configs
open BenchmarkDotNet.Jobs
open BenchmarkDotNet.Running
open BenchmarkDotNet.Toolchains.InProcess.Emit
open DL1
open DL1.Compiler.Runtime

/// What all of them do: a session that holds no state, stepped on the same inputs.
[<AbstractClass>]
type KernelBase() =
    let mutable step: unit -> unit = ignore

    /// Threads that may work on a step.
    [<Params(1, 2)>]
    member val Threads = 1 with get, set

    /// Makes the session: inputs of f32 by their shapes, and what is computed of them.
    member this.Prepare(shapes: int list list, compute: Expr list -> Expr) =
        let values =
            shapes |> List.mapi (fun i dims -> Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed (int64 i)))

        let inputs = shapes |> List.mapi (fun i dims -> Expr.variable $"x{i}" DType.F32 dims)
        let options = { Compile.standard with Threads = this.Threads }
        let session = Session.With(options, [], [], Graph.variables inputs, [ compute inputs ])
        let given = Array.ofList values
        step <- fun () -> session.Step given

    member _.Step() = step ()

/// Functions of a million elements, read and written once.
type Elementwise() =
    inherit KernelBase()

    [<Params("copy", "exp", "log", "tanh", "sigmoid", "erf", "sin", "softplus")>]
    member val Function = "" with get, set

    [<GlobalSetup>]
    member this.Setup() =
        let f (x: Expr) =
            match this.Function with
            | "exp" -> exp x
            | "log" -> log (abs x)
            | "tanh" -> tanh x
            | "sigmoid" -> Expr.sigmoid x
            | "erf" -> Expr.erf x
            | "sin" -> sin x
            | "softplus" -> Expr.softplus x
            | _ -> -x

        this.Prepare([ [ 1048576 ] ], List.head >> f)

    [<Benchmark>]
    member this.Run() = this.Step()

/// Sums, and what is made of them, of 4,096 rows of 1,000.
type Reduction() =
    inherit KernelBase()

    [<Params("sum of rows", "sum of columns", "softmax", "logSumExp")>]
    member val Function = "" with get, set

    [<GlobalSetup>]
    member this.Setup() =
        let f (x: Expr) =
            match this.Function with
            | "sum of rows" -> Expr.sum [ 1 ] x
            | "sum of columns" -> Expr.sum [ 0 ] x
            | "softmax" -> Expr.softmax 1 x
            | _ -> Expr.logSumExp 1 x

        this.Prepare([ [ 4096; 1000 ] ], List.head >> f)

    [<Benchmark>]
    member this.Run() = this.Step()

/// Products of matrices: rows, what is summed over, columns.
type Product() =
    inherit KernelBase()

    [<Params("128 x 300 x 300", "128 x 784 x 512", "512 x 512 x 512", "1024 x 1024 x 1024")>]
    member val Shape = "" with get, set

    [<GlobalSetup>]
    member this.Setup() =
        match this.Shape.Split " x " |> Array.map int with
        | [| m; k; n |] -> this.Prepare([ [ m; k ]; [ k; n ] ], (fun x -> Expr.matmul x[0] x[1]))
        | _ -> invalidOp $"{this.Shape} is no shape of a product."

    [<Benchmark>]
    member this.Run() = this.Step()

/// Convolutions of a batch of 64 images of 26 by 26, 32 channels to 64, 3 by 3.
type Convolution() =
    inherit KernelBase()

    [<Params("forward", "input gradient", "weight gradient")>]
    member val Direction = "" with get, set

    [<GlobalSetup>]
    member this.Setup() =
        let options = DL1.Convolution.options
        let conv (x: Expr) w = DL1.Convolution.conv options x w

        let compute (given: Expr list) =
            match given with
            | [ x; w; cotangent ] ->
                let weighted = Expr.sumAll (conv x w * cotangent)

                match this.Direction with
                | "forward" -> conv x w + 0.0 * cotangent
                | "input gradient" -> Grad.grad weighted [ x ] |> List.head
                | _ -> Grad.grad weighted [ w ] |> List.head
            | _ -> invalidOp "A convolution has three inputs here."

        this.Prepare([ [ 64; 32; 26; 26 ]; [ 64; 32; 3; 3 ]; [ 64; 64; 24; 24 ] ], compute)

    [<Benchmark>]
    member this.Run() = this.Step()

module Program =
    [<EntryPoint>]
    let main argv =
        let job = Job.ShortRun.WithToolchain InProcessEmitToolchain.Instance
        let config = ManualConfig.Create(DefaultConfig.Instance).AddJob job

        BenchmarkSwitcher
            .FromTypes([| typeof<Elementwise>; typeof<Reduction>; typeof<Product>; typeof<Convolution> |])
            .Run(argv, config)
        |> ignore

        0
