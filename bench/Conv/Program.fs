/// GFLOP/s of f32 convolutions on 1 and 2 threads, beside a product of matrices of as many operations, measured in the
/// same run. All cases alternate, round by round, so that a busy machine disturbs them alike:
/// `dotnet run --project bench/Conv -- 15` does 15 rounds. With `processor` after it, time is the processor's and not
/// the clock's, on 1 thread only: what a busy machine would do if it were not.
module DL1.Bench.Program

open System
open System.Diagnostics
open DL1
open DL1.Compiler.Conv
open DL1.Compiler.Gemm
open DL1.Compiler.Simd

#nowarn "9" // Kernels take addresses; the arrays are pinned.

let private pinned count (value: int -> float32) =
    let array = GC.AllocateArray<float32>(count, pinned = true)

    for i in 0 .. count - 1 do
        array[i] <- value i

    array

let private address (array: float32[]) =
    Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(array, 0)

/// One layer: its name, its data and weights as a graph has them, and how the kernel moves.
type private Layer =
    {
        Name: string
        Data: int list
        Weights: int list
        Groups: int
        Stride: int
        Padding: int
    }

let private layers =
    let layer name data weights groups stride padding =
        {
            Name = name
            Data = data
            Weights = weights
            Groups = groups
            Stride = stride
            Padding = padding
        }

    [
        layer "3x3 pad 1, 32 to 64" [ 64; 32; 28; 28 ] [ 64; 32; 3; 3 ] 1 1 1
        layer "3x3, 32 to 64" [ 64; 32; 26; 26 ] [ 64; 32; 3; 3 ] 1 1 0
        layer "3x3, 1 to 32" [ 64; 1; 28; 28 ] [ 32; 1; 3; 3 ] 1 1 0
        layer "1x1, 256 to 64" [ 32; 256; 14; 14 ] [ 64; 256; 1; 1 ] 1 1 0
        layer "3x3 / 2, 64 to 128" [ 32; 64; 28; 28 ] [ 128; 64; 3; 3 ] 1 2 1
        layer "3x3 pad 1, 256 to 256" [ 16; 256; 7; 7 ] [ 256; 256; 3; 3 ] 1 1 1
        layer "7x7 / 2, 3 to 64" [ 4; 3; 112; 112 ] [ 64; 3; 7; 7 ] 1 2 3
        layer "5x5 pad 2, 16 to 32" [ 64; 16; 14; 14 ] [ 32; 16; 5; 5 ] 1 1 2
        layer "3x3 each channel" [ 32; 64; 28; 28 ] [ 64; 1; 3; 3 ] 64 1 1
    ]

/// What is measured of a layer: one operation on some threads.
type private Case = { Layer: string; What: string; Threads: int; Flops: float; Once: unit -> unit }

let private cases threads layer =
    let sweep =
        {
            Stride = layer.Stride
            PadBefore = layer.Padding
            PadAfter = layer.Padding
            Dilation = 1
        }

    let spec: ConvSpec = { Sweeps = [ sweep; sweep ]; Groups = layer.Groups }

    let out =
        List.map2
            (fun extent kernel -> (extent + 2 * layer.Padding - kernel) / layer.Stride + 1)
            layer.Data[2..]
            layer.Weights[2..]

    let data, weights = Shape.ofList layer.Data, Shape.ofList layer.Weights
    let result = Shape.ofList (layer.Data[0] :: layer.Weights[0] :: out)
    let geometry = ConvGeometry.make spec data weights result
    let kernel role = ConvChoice.kernel<float32> Simd.widest role ConvFirst.None 0 geometry
    let forward, input = kernel ConvRole.Forward, kernel (ConvRole.InputGrad layer.Data[2..])
    let weight = kernel (ConvRole.WeightGrad layer.Weights[2..])
    let numbers (shape: Shape) = pinned shape.Size (fun i -> float32 (i % 7 - 3))
    let x, w, y, dx, dw = numbers data, numbers weights, numbers result, numbers data, numbers weights
    // The same operations as one product.
    let m, n, k = result.Size / layer.Weights[0], layer.Weights[0], weights.Size / layer.Weights[0]
    let a, b = pinned (m * k) (fun i -> float32 (i % 7 - 3)), pinned (k * n) (fun i -> float32 (i % 5 - 2))

    let matrix array columns =
        { Data = address array; Row = columns; Column = 1; Batch = 0; Inner = 0; Outer = 0 }

    let product =
        { GemmProblem.None with
            M = m
            N = n
            K = k
            Batch = 1
            A = matrix a k
            B = matrix b n
            C = matrix y n
        }

    let flops = 2.0 * float m * float n * float k

    let case threads what times once =
        {
            Layer = layer.Name
            What = what
            Threads = threads
            Flops = flops * times
            Once =
                fun () ->
                    once ()
                    GC.KeepAlive(struct (x, w, y, dx, dw, a, b))
        }

    [
        for threads in threads do
            let forward () = forward.Run(threads, address x, address w, address y, null)
            let input () = input.Run(threads, address y, address w, address dx, null)
            let weight () = weight.Run(threads, address x, address y, address dw, null)

            [
                case threads "product" 1.0 (fun () -> Gemm.on<float32> Simd.widest threads &product)
                case threads "forward" 1.0 forward
                case threads "input gradient" 1.0 input
                case threads "weight gradient" 1.0 weight
                case threads "forward and gradients" 3.0 (fun () ->
                    forward ()
                    input ()
                    weight ())
            ]
    ]

/// GFLOP/s over at least 20 ms.
let private measure (seconds: unit -> float) case =
    let start = seconds ()
    let mutable times = 0
    let mutable passed = 0.0

    while passed < 0.02 do
        case.Once()
        times <- times + 1
        passed <- seconds () - start

    case.Flops * float times / passed / 1e9

[<EntryPoint>]
let main args =
    let rounds = if args.Length > 0 then Int32.Parse args[0] else 11
    let processor = args.Length > 1 && args[1] = "processor"
    let threads = if processor then [ 1 ] else [ 1; 2 ]

    let seconds () =
        if processor then
            Environment.CpuUsage.TotalTime.TotalSeconds
        else
            Stopwatch.GetElapsedTime(0L).TotalSeconds

    let median values = List.item (List.length values / 2) (List.sort values)
    printfn "f32, %A, %d rounds" Simd.widest rounds

    printfn
        "%-22s %-22s %7s %8s %9s %19s %11s %10s"
        "layer"
        "what"
        "threads"
        "GFLOP/s"
        "ms"
        "spread"
        "of product"
        "best/best"

    for layer in layers do
        for cases in cases threads layer do
            cases |> List.iter (measure seconds >> ignore)

            let found = [ for _ in 1..rounds -> cases |> List.map (measure seconds) ] |> List.transpose

            for case, values in List.zip cases found do
                printfn
                    "%-22s %-22s %7d %8.1f %9.3f  [%6.1f .. %6.1f] %11.2f %10.2f"
                    case.Layer
                    case.What
                    case.Threads
                    (median values)
                    (case.Flops / median values / 1e6)
                    (List.min values)
                    (List.max values)
                    // Of each round's own, as the machine is not the same in all of them.
                    (median (List.map2 (/) values found[0]))
                    (List.max values / List.max found[0])

    0
