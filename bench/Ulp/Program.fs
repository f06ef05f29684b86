/// Errors and speed of the vector functions, and errors of convolutions.
module DL1.Bench.Program

open System
open System.Diagnostics
open DL1.Compiler.Simd
open DL1.Tests
open DL1.Tests.Ulp

/// The f64 erf of `VectorMath` judges its f32: the series of `Scalar` would take hours over all singles. Its own error
/// is measured on the grids.
let private judge32 f = if f.Name = "Erf" then fun x -> NumberMath.Erf(x: float) else f.Judge32

let private singles stride name =
    for f in functions do
        if name = "" || name = f.Name then
            let clock = Stopwatch.StartNew()
            let worst = sweep32 stride (judge32 f) f.Name

            printfn
                $"{f.Name, -9} f32 {worst.Error:F3} ulp at {worst.At:R} ({clock.Elapsed.TotalSeconds:F0} s)"

let private doubles count =
    for f in functions do
        let worst = sweep64 count f
        printfn $"{f.Name, -9} f64 {worst.Error:F3} ulp at {worst.At:R}"

let private powers count =
    let struct (single, double) = sweepPow count
    printfn $"Pow       f32 {single.Error:F3} ulp at base {single.At:R}"
    printfn $"Pow       f64 {double.Error:F3} ulp at base {double.At:R}"

[<EntryPoint>]
let main argv =
    match List.ofArray argv with
    | [ "f32"; stride ] -> singles (Int64.Parse stride) ""
    | [ "f32"; stride; name ] -> singles (Int64.Parse stride) name
    | [ "f64"; count ] -> doubles (int count)
    | [ "pow"; count ] -> powers (int count)
    | [ "speed" ] -> Speed.report ()
    | [ "conv" ] -> Convolutions.report ()
    | _ ->
        printfn "f32 STRIDE [NAME]  the greatest errors over every STRIDE-th single (1: all of them)"
        printfn "f64 COUNT          the same in f64, over COUNT points of each grid (a multiple of 4)"
        printfn "pow COUNT          the same for the power, over 2·COUNT bases and COUNT exponents"
        printfn "speed              nanoseconds an element"
        printfn "conv               the errors of 3 by 3 convolutions"

    0
