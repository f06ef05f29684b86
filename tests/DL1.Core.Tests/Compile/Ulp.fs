/// The vector functions with what they are judged by, and their errors in units in the last place (ulp).
module DL1.Tests.Ulp

open System
open System.Reflection
open System.Runtime.Intrinsics
open DL1
open DL1.Compiler.Generic
open DL1.Compiler.Simd

/// Where a function is measured in f64: points between two ends, evenly, or evenly in their logarithms. Its results are
/// not so small there that the lower half of the true value would be subnormal.
type Grid =
    | Even of low: float * high: float
    | Scaled of low: float * high: float

/// A function of one number: its name among the methods of `VectorMath`, itself in double, which judges f32, and in
/// twice the precision of double, which judges f64 on the grids.
type Unary =
    {
        Name: string
        Judge32: float -> float
        Judge64: float -> Precise.Pair
        Grids: Grid list
    }

let private unary name judge32 judge64 grids =
    { Name = name; Judge32 = judge32; Judge64 = judge64; Grids = grids }

let private byPair f x = f (Precise.ofFloat x)
let private near0 = [ Scaled(1e-300, 1.0); Scaled(-1e-300, -1.0) ]

/// Every function of one number.
let functions =
    [
        unary "Exp" Math.Exp (byPair Precise.exp) [ Even(-660.0, 709.7); Even(-1.0, 1.0); Scaled(1e-20, 1.0) ]
        unary
            "Expm1"
            Scalar.expm1
            (byPair Precise.expm1)
            [ Even(-50.0, 709.7); Even(-1.0, 1.0); yield! near0 ]
        unary "Log" Math.Log (byPair Precise.log) [ Scaled(1e-307, 1e308); Even(0.5, 2.0); Even(0.99, 1.01) ]
        unary
            "Log1p"
            Scalar.log1p
            (byPair Precise.log1p)
            [ Even(-0.999, 2.0); Scaled(1e-20, 1e300); yield! near0 ]
        unary
            "Sin"
            Math.Sin
            (Precise.sinTurned 0L)
            [ Even(-10.0, 10.0); Even(-1e3, 1e3); Even(-1.07e9, 1.07e9); yield! near0 ]
        unary
            "Cos"
            Math.Cos
            (Precise.sinTurned 1L)
            [ Even(-10.0, 10.0); Even(-1e3, 1e3); Even(-1.07e9, 1.07e9) ]
        unary "Tanh" Math.Tanh (byPair Precise.tanh) [ Even(-22.0, 22.0); Even(-1.0, 1.0); yield! near0 ]
        unary
            "Sigmoid"
            (Scalar.unary UnaryOp.Sigmoid)
            Precise.sigmoid
            [ Even(-660.0, 660.0); Even(-40.0, 40.0); Even(-2.0, 2.0) ]
        unary "Erf" Scalar.erf Precise.erf [ Even(-6.0, 6.0); Even(-1.5, 1.5); yield! near0 ]
        unary
            "Softplus"
            (Scalar.unary UnaryOp.Softplus)
            Precise.softplus
            [ Even(-660.0, 660.0); Even(-40.0, 40.0); Even(-2.0, 2.0) ]
    ]

let private flags = BindingFlags.Static ||| BindingFlags.Public ||| BindingFlags.NonPublic

/// The method that emitted code would call, as a delegate.
let private bind<'F when 'F :> Delegate> name (types: Type list) =
    match typeof<VectorMath>.GetMethod(name, flags, List.toArray types) with
    | null -> invalidArg name "there is no such method"
    | found -> found.CreateDelegate<'F>()

/// A function from arrays to arrays, each number as all lanes of a vector of 128 bits.
let byNumber<'T when 'T: unmanaged and 'T: struct> name : 'T[] -> 'T[] -> unit =
    let f = bind<Func<Vector128<'T>, Vector128<'T>>> name [ typeof<Vector128<'T>> ]

    fun xs ys ->
        for i in 0 .. xs.Length - 1 do
            ys[i] <- Vector128.ToScalar(f.Invoke(Vector128.Create xs[i]))

/// Functions of `VectorMath` of one number: a lane of a vector of 128 bits.
type internal NumberMath =
    static member Exp(x: float32) = Vector128.ToScalar(VectorMath.Exp(Vector128.Create x))
    static member Exp(x: float) = Vector128.ToScalar(VectorMath.Exp(Vector128.Create x))
    static member Log(x: float) = Vector128.ToScalar(VectorMath.Log(Vector128.Create x))
    static member Erf(x: float) = Vector128.ToScalar(VectorMath.Erf(Vector128.Create x))

    static member Pow(x: float32, y: float32) =
        Vector128.ToScalar(VectorMath.Pow(Vector128.Create x, Vector128.Create y))

    static member Pow(x: float, y: float) =
        Vector128.ToScalar(VectorMath.Pow(Vector128.Create x, Vector128.Create y))

/// A function from arrays to arrays by its method on vectors of 128 bits; lengths are whole numbers of vectors.
let by128<'T> name : 'T[] -> 'T[] -> unit =
    let f = bind<Func<Vector128<'T>, Vector128<'T>>> name [ typeof<Vector128<'T>> ]

    fun xs ys ->
        for i in 0 .. Vector128<'T>.Count .. xs.Length - 1 do
            f.Invoke(Vector128.Create(xs, i)).CopyTo(ys, i)

/// The same with 256 bits.
let by256<'T> name : 'T[] -> 'T[] -> unit =
    let f = bind<Func<Vector256<'T>, Vector256<'T>>> name [ typeof<Vector256<'T>> ]

    fun xs ys ->
        for i in 0 .. Vector256<'T>.Count .. xs.Length - 1 do
            f.Invoke(Vector256.Create(xs, i)).CopyTo(ys, i)

/// The same with 512 bits.
let by512<'T> name : 'T[] -> 'T[] -> unit =
    let f = bind<Func<Vector512<'T>, Vector512<'T>>> name [ typeof<Vector512<'T>> ]

    fun xs ys ->
        for i in 0 .. Vector512<'T>.Count .. xs.Length - 1 do
            f.Invoke(Vector512.Create(xs, i)).CopyTo(ys, i)

/// The distance of a single from the true value in ulp of the true value; infinity counts as 2¹²⁸.
let error32 (found: float32) (truth: float) =
    if Single.IsNaN found || Double.IsNaN truth then
        if Single.IsNaN found && Double.IsNaN truth then 0.0 else infinity
    else
        let bounded (v: float) = Math.Clamp(v, Math.ScaleB(-1.0, 128), Math.ScaleB(1.0, 128))
        let exponent = Math.Clamp(Math.ILogB(bounded truth), -126, 127)
        Math.ScaleB(abs (bounded (float found) - bounded truth), 23 - exponent)

/// The distance of a double from the true value in ulp of the true value.
let error64 (found: float) (truth: Precise.Pair) =
    if Double.IsNaN found then
        infinity
    else
        let difference = (found - truth.High) - truth.Low
        Math.ScaleB(Math.ScaleB(abs difference, 52), -(max (Math.ILogB truth.High) -1022))

/// The greatest error, and where it stands.
[<Struct>]
type Worst = { Error: float; At: float }

let private worse a b = if b.Error > a.Error then b else a

/// The greatest error over a share of all singles: every `stride`-th of the bit patterns. An error of no more than half
/// an ulp counts as half.
let sweep32 (stride: int64) judge name =
    let length = 1 <<< 14
    let run = by256<float32> name
    let blocks = ((1L <<< 32) + stride * int64 length - 1L) / (stride * int64 length)

    let block b =
        let xs =
            Array.init length (fun i ->
                BitConverter.UInt32BitsToSingle(uint32 ((b * int64 length + int64 i) * stride)))

        let ys = Array.zeroCreate length
        run xs ys
        let mutable worst = { Error = 0.5; At = 0.0 }

        for i in 0 .. length - 1 do
            let truth: float = judge (float xs[i])
            // Most are right; the rest are measured.
            if ys[i] <> float32 truth then
                worst <- worse worst { Error = error32 ys[i] truth; At = float xs[i] }

        worst

    Array.Parallel.init (int blocks) (int64 >> block) |> Array.reduce worse

/// The points of a grid.
let points count grid =
    let at low high i = low + (high - low) * (float i + 0.5) / float count

    match grid with
    | Even(low, high) -> Array.init count (at low high)
    | Scaled(low, high) ->
        let a, b = Math.Log(abs low), Math.Log(abs high)
        Array.init count (fun i -> Math.CopySign(Math.Exp(at a b i), low))

/// The greatest error in f64 over the grids, `count` points in each (a whole number of vectors).
let sweep64 count f =
    let run = by256<float> f.Name

    let worst grid =
        let xs = points count grid
        let ys = Array.zeroCreate count
        run xs ys

        Array.Parallel.init count (fun i -> { Error = error64 ys[i] (f.Judge64 xs[i]); At = xs[i] })
        |> Array.reduce worse

    f.Grids |> List.map worst |> List.reduce worse

/// The greatest error of the power in f32 and f64 over a grid of count × count: bases spread in their logarithms,
/// and exponents such that the result is spread over the normal numbers; the smallest in f64, 1e-287 and less, are not judged.
let sweepPow count =
    let row (low: float) high limit measure =
        let bases = Array.append (points count (Scaled(low, high))) (points count (Even(0.9, 1.1)))

        Array.Parallel.map
            (fun x ->
                points count (Even(-limit, limit))
                |> Array.map (fun power -> measure x (power / abs (Math.Log x)))
                |> Array.reduce worse)
            bases
        |> Array.reduce worse

    let single (x: float) (y: float) =
        let x, y = float32 x, float32 y
        { Error = error32 (NumberMath.Pow(x, y)) (Math.Pow(float x, float y)); At = float x }

    let double x y =
        let truth = Precise.pow x y
        let normal = abs truth.High >= 1e-287 && abs truth.High <= 1.7e308
        { Error = (if normal then error64 (NumberMath.Pow(x, y)) truth else 0.0); At = x }

    struct (row 1e-38 3e38 88.0 single, row 1e-307 1e308 709.0 double)
