/// Where generated expressions take their operands from: fresh variables and constants, or what was built before.
module DL1.Tests.Source

open System
open System.Collections.Generic
open DL1

/// What the values of a graph may be.
type Style =
    /// Every element type, empty axes, NaN, infinities, signed zeros, subnormal and huge numbers.
    | Wild
    /// f64 of moderate size without ties, and operands kept inside the domains of their functions, so that
    /// differences tell derivatives.
    | Tame
    /// The same of f32.
    | Single

/// The domain of a function's operand, kept in the tame style.
type Domain =
    | Any
    | Positive
    /// Between −0.9 and 0.9.
    | Unit
    /// Between −1.5 and 1.5.
    | Small

/// How many elements the axes of generated graphs have.
type Size =
    /// From 0 to 3.
    | Few
    /// Those, and numbers around the lanes of vectors, blocks and tiles.
    | AroundLanes
    /// From 0 to 3, half of them 0.
    | OftenEmpty

/// Operands, drawn from a seed. `alone` gives fresh variables only, for graphs of one primitive.
[<Sealed>]
type Source(seed: int, style: Style, alone: bool, size: Size) =
    // Spread out: neighbouring seeds of System.Random begin alike.
    let random = Random(seed * -1640531527)
    let pool = List<Expr>()
    let bindings = List<string * Tensor>()

    let specials =
        [| nan; infinity; -infinity; 0.0; -0.0; Double.Epsilon; 1e-40; 1e300; -3e38; 1.0; -1.0; 0.5 |]

    let aroundLanes = [| 4; 5; 7; 8; 9; 15; 16; 17; 31; 32; 33; 65 |]

    let real domain =
        match style, domain with
        | Wild, _ when random.Next 4 = 0 -> specials[random.Next specials.Length]
        | _, Any -> random.NextDouble() * 4.0 - 2.0
        | _, Positive -> random.NextDouble() * 2.0 + 0.5
        | _, Unit -> random.NextDouble() * 1.8 - 0.9
        | _, Small -> random.NextDouble() * 3.0 - 1.5

    let whole () =
        match style with
        | Wild when random.Next 6 = 0 -> [| Int64.MaxValue; Int64.MinValue; -1L |][random.Next 3]
        | _ -> int64 (random.Next(-3, 4))

    let fill dtype (dims: int list) domain =
        let n = List.fold (*) 1 dims

        match dtype with
        | DType.F32 -> Tensor.ofArray dims (Array.init n (fun _ -> float32 (real domain)))
        | DType.F64 -> Tensor.ofArray dims (Array.init n (fun _ -> real domain))
        | DType.I32 -> Tensor.ofArray dims (Array.init n (fun _ -> int (whole ())))
        | DType.I64 -> Tensor.ofArray dims (Array.init n (fun _ -> whole ()))
        | DType.Bool -> Tensor.ofArray dims (Array.init n (fun _ -> random.Next 2 = 0))

    let bind (value: Tensor) =
        let name = $"x{bindings.Count}"
        bindings.Add((name, value))
        Expr.variable name value.DType (value.Shape.ToList())

    let leaf dtype dims domain =
        let value = fill dtype dims domain
        if alone || random.Next 3 > 0 then bind value else Expr.constant value

    let within domain (e: Expr) =
        match style, domain with
        | Wild, _ -> e
        | (Tame | Single), Any -> e
        | (Tame | Single), Positive -> Expr.softplus e + 0.5
        | (Tame | Single), Unit -> 0.9 * tanh e
        | (Tame | Single), Small -> 1.5 * tanh e

    let probe accept =
        let rec go tries =
            if tries = 0 || pool.Count = 0 then
                None
            else
                let e = pool[random.Next pool.Count]
                if accept e then Some e else go (tries - 1)

        if alone then None else go 6

    /// The elements of an expression, repeated to fill a shape.
    let fit (dims: int list) (e: Expr) =
        let n = List.fold (*) 1 dims
        let places = Tensor.ofArray dims (Array.init n (fun i -> i % e.Shape.Size))
        Expr.gather 0 (Expr.constant places) (Expr.reshape [ e.Shape.Size ] e)

    new(seed, style, alone) = Source(seed, style, alone, Few)

    member _.Style = style
    member _.Next(low, high) = random.Next(low, high + 1)
    member _.Flip() = random.Next 2 = 0
    member _.Pick(xs: 'a list) = List.item (random.Next xs.Length) xs
    /// The values of the variables made so far.
    member _.Bindings = List.ofSeq bindings
    member _.Pool: IReadOnlyList<Expr> = pool
    /// Offers an expression as an operand of later ones.
    member _.Offer(e: Expr) = pool.Add e
    member _.Tensor(dtype, dims) = fill dtype dims Any

    member s.Float() =
        match style with
        | Tame -> DType.F64
        | Single -> DType.F32
        | Wild -> s.Pick [ DType.F32; DType.F64 ]

    member s.Number() =
        match style with
        | Tame -> DType.F64
        | Single -> DType.F32
        | Wild -> s.Pick [ DType.F32; DType.F64; DType.I32; DType.I64 ]

    member s.Type() =
        match style with
        | Tame -> DType.F64
        | Single -> DType.F32
        | Wild -> s.Pick DType.all

    member _.Extent() =
        match size with
        | AroundLanes when random.Next 3 = 0 -> aroundLanes[random.Next aroundLanes.Length]
        | AroundLanes
        | Few -> if random.Next 20 = 0 then 0 else random.Next(1, 4)
        | OftenEmpty -> if random.Next 2 = 0 then 0 else random.Next(1, 4)

    /// A number of samples or channels: 0 now and then, or often.
    member s.Count high =
        match size with
        | OftenEmpty when s.Flip() -> 0
        | OftenEmpty
        | AroundLanes
        | Few -> if s.Next(0, 24) = 0 then 0 else s.Next(1, high)

    /// The least extent of an axis that a window is moved along, if there is room enough: 1, or 0.
    member _.LeastSpatial =
        match size with
        | OftenEmpty -> 0
        | AroundLanes
        | Few -> 1

    member s.Dims(rankLow, rankHigh) = List.init (s.Next(rankLow, rankHigh)) (fun _ -> s.Extent())

    /// An operand whose shape is accepted, or else of the shape made.
    member _.Shaped(dtype, domain, accept: Shape -> bool, make: unit -> int list) =
        match probe (fun e -> e.DType = dtype && accept e.Shape) with
        | Some e when random.Next 8 > 0 -> within domain e
        | _ -> leaf dtype (make ()) domain

    /// An operand of a rank within bounds.
    member s.Ranked(dtype, domain, low, high) =
        s.Shaped(
            dtype,
            domain,
            (fun shape -> shape.Rank >= low && shape.Rank <= high),
            fun () -> s.Dims(low, high)
        )

    member s.Operand(dtype, domain) = s.Ranked(dtype, domain, 0, 4)

    /// An operand of a shape.
    member _.Exactly(dtype, domain, dims: int list) =
        let shape = Shape.ofList dims

        match probe (fun e -> e.DType = dtype && (e.Shape = shape || e.Shape.Size > 0)) with
        | Some e when random.Next 3 > 0 -> within domain (if e.Shape = shape then e else fit dims e)
        | _ -> leaf dtype dims domain

    /// An operand that broadcasts to a shape, some of its axes of extent 1 or missing.
    member s.Partner(dtype, domain, shape: Shape) =
        let dims =
            shape.ToList()
            |> List.map (fun d -> if random.Next 4 = 0 then 1 else d)
            |> List.skip (if random.Next 4 = 0 then random.Next(shape.Rank + 1) else 0)

        s.Exactly(dtype, domain, dims)

    /// Indices below an extent, of a shape.
    member s.Indices(extent, dims: int list) =
        let dims = if extent = 0 then dims @ [ 0 ] else dims
        let n = List.fold (*) 1 dims
        let places = Array.init n (fun _ -> random.Next extent)

        let value =
            if s.Flip() then
                Tensor.ofArray dims places
            else
                Tensor.ofArray dims (Array.map int64 places)

        if s.Flip() then bind value else Expr.constant value
