/// Nanoseconds an element: the vector functions, the loop over Math or MathF, and .NET's own vector functions.
module DL1.Bench.Speed

open System
open System.Diagnostics
open System.Runtime.Intrinsics
open DL1
open DL1.Tests
open DL1.Compiler.Simd

[<Literal>]
let private Length = 4096

/// The least of many rounds, in nanoseconds an element: short ones, which fit between two interruptions.
let private time (run: unit -> unit) =
    let round () =
        let clock = Stopwatch.StartNew()

        for _ in 1..5 do
            run ()

        clock.Elapsed.TotalNanoseconds / 5.0 / float Length

    round () |> ignore
    List.init 200 (fun _ -> round ()) |> List.min

let private loop (f: 'T -> 'T) (xs: 'T[]) (ys: 'T[]) =
    for i in 0 .. xs.Length - 1 do
        ys[i] <- f xs[i]

/// A vector function of .NET itself over an array.
let private own256 (f: Vector256<'T> -> Vector256<'T>) (xs: 'T[]) (ys: 'T[]) =
    for i in 0 .. Vector256<'T>.Count .. xs.Length - 1 do
        (f (Vector256.Create(xs, i))).CopyTo(ys, i)

/// MathF's and Math's function of each name, where there is one.
let private scalars =
    dict
        [
            "Exp", (loop (fun x -> MathF.Exp x), loop (fun x -> Math.Exp x))
            "Log", (loop (fun x -> MathF.Log x), loop (fun x -> Math.Log x))
            "Sin", (loop (fun x -> MathF.Sin x), loop (fun x -> Math.Sin x))
            "Cos", (loop (fun x -> MathF.Cos x), loop (fun x -> Math.Cos x))
            "Tanh", (loop (fun x -> MathF.Tanh x), loop (fun x -> Math.Tanh x))
        ]

/// Vector256's function of each name, where there is one.
let private vectors =
    dict
        [
            "Exp",
            (own256 (fun (x: Vector256<float32>) -> Vector256.Exp x),
             own256 (fun (x: Vector256<float>) -> Vector256.Exp x))
            "Log",
            (own256 (fun (x: Vector256<float32>) -> Vector256.Log x),
             own256 (fun (x: Vector256<float>) -> Vector256.Log x))
            "Sin",
            (own256 (fun (x: Vector256<float32>) -> Vector256.Sin x),
             own256 (fun (x: Vector256<float>) -> Vector256.Sin x))
            "Cos",
            (own256 (fun (x: Vector256<float32>) -> Vector256.Cos x),
             own256 (fun (x: Vector256<float>) -> Vector256.Cos x))
        ]

/// One line a function and type.
let report () =
    let doubles = Array.init Length (fun i -> 0.01 + 6.0 * float i / float Length)
    let singles = Array.map float32 doubles
    let ys, ds = Array.zeroCreate Length, Array.zeroCreate Length
    let show v = if Double.IsNaN v then "" else $"{v:F2}"

    let line name kind numbers v128 v256 v512 scalar vector =
        printfn
            $"| {name} | {kind} | {show numbers} | {show v128} | {show v256} | {show v512} | {show scalar} | {show vector} |"

    printfn "| function | type | number | 128 | 256 | 512 | Math loop | Vector256's |"
    printfn "|---|---|---|---|---|---|---|---|"

    for f in Ulp.functions do
        let on32 run = time (fun () -> run singles ys)
        let on64 run = time (fun () -> run doubles ds)

        let find (table: Collections.Generic.IDictionary<string, _>) measure =
            match table.TryGetValue f.Name with
            | true, run -> measure run
            | _ -> nan

        line
            f.Name
            "f32"
            (on32 (Ulp.byNumber f.Name))
            (on32 (Ulp.by128 f.Name))
            (on32 (Ulp.by256 f.Name))
            (on32 (Ulp.by512 f.Name))
            (find scalars (fst >> on32))
            (find vectors (fst >> on32))

        line
            f.Name
            "f64"
            (on64 (Ulp.byNumber f.Name))
            (on64 (Ulp.by128 f.Name))
            (on64 (Ulp.by256 f.Name))
            (on64 (Ulp.by512 f.Name))
            (find scalars (snd >> on64))
            (find vectors (snd >> on64))

    let y, yd = 2.3f, 2.3
    let power32 = own256 (fun x -> VectorMath.Pow(x, Vector256.Create y))
    let power64 = own256 (fun x -> VectorMath.Pow(x, Vector256.Create yd))

    line
        "Pow"
        "f32"
        nan
        nan
        (time (fun () -> power32 singles ys))
        nan
        (time (fun () -> loop (fun x -> MathF.Pow(x, y)) singles ys))
        nan

    line
        "Pow"
        "f64"
        nan
        nan
        (time (fun () -> power64 doubles ds))
        nan
        (time (fun () -> loop (fun x -> Math.Pow(x, yd)) doubles ds))
        nan
