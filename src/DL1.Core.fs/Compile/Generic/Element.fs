namespace DL1.Compiler.Generic

open System
open DL1

#nowarn "3535" // Static abstract members: the JIT compiles a kernel anew for each element type.

/// An element type 'T in memory, which is computed in the domain 'A. Conversions give the same values as those of `Elements`.
type internal IElement<'T, 'A> =
    static abstract Widen: 'T -> 'A
    static abstract OfFloat: float -> 'T
    static abstract OfInteger: int64 -> 'T

/// The domain that elements are computed in: f64 for floats, 64-bit integers for integers and truth values, as in Eval.
type internal IDomain<'A> =
    static abstract Zero: 'A
    static abstract One: 'A
    /// The least and the greatest value of the domain (∓∞ for floats): where a maximum and a minimum start.
    static abstract Least: 'A
    static abstract Greatest: 'A
    static abstract Add: 'A * 'A -> 'A
    /// The rounding error of `total + term`, where the sum was rounded to `next`.
    static abstract Lost: total: 'A * term: 'A * next: 'A -> 'A
    /// The sum of a total and of `lost`, the sum of its rounding errors.
    static abstract Joined: total: 'A * lost: 'A -> 'A
    static abstract Multiply: 'A * 'A -> 'A
    /// NaN where either operand is NaN.
    static abstract Max: 'A * 'A -> 'A
    static abstract Min: 'A * 'A -> 'A
    static abstract IsNaN: 'A -> bool
    static abstract Unary: UnaryOp * 'A -> 'A
    static abstract Binary: BinaryOp * 'A * 'A -> 'A
    static abstract Compare: CompareOp * 'A * 'A -> bool
    /// Converts a value to an element of any type.
    static abstract Narrow<'E, 'T, 'B when 'E :> IElement<'T, 'B>> : 'A -> 'T

/// Doubles.
[<Struct; NoEquality; NoComparison>]
type internal Floats =
    interface IDomain<float> with
        static member Zero = 0.0
        static member One = 1.0
        static member Least = Double.NegativeInfinity
        static member Greatest = Double.PositiveInfinity
        static member Add(a, b) = a + b
        static member Lost(total, term, next) = Summation.lost total term next
        static member Joined(total, lost) = Summation.joined total lost
        static member Multiply(a, b) = a * b
        static member Max(a, b) = Math.Max(a, b)
        static member Min(a, b) = Math.Min(a, b)
        static member IsNaN v = Double.IsNaN v
        static member Unary(op, v) = Scalar.unary op v
        static member Binary(op, a, b) = Scalar.binary op a b
        static member Compare(op, a, b) = Scalar.compare op a b
        static member Narrow<'E, 'T, 'B when 'E :> IElement<'T, 'B>>(v: float) : 'T = 'E.OfFloat v

/// 64-bit integers, which wrap around on overflow.
[<Struct; NoEquality; NoComparison>]
type internal Integers =
    interface IDomain<int64> with
        static member Zero = 0L
        static member One = 1L
        static member Least = Int64.MinValue
        static member Greatest = Int64.MaxValue
        static member Add(a, b) = a + b
        static member Lost(_, _, _) = 0L
        static member Joined(total, _) = total
        static member Multiply(a, b) = a * b
        static member Max(a, b) = Math.Max(a, b)
        static member Min(a, b) = Math.Min(a, b)
        static member IsNaN _ = false
        static member Unary(op, v) = Scalar.unaryInteger op v
        static member Binary(op, a, b) = Scalar.binaryInteger op a b
        static member Compare(op, a, b) = Scalar.compare op a b
        static member Narrow<'E, 'T, 'B when 'E :> IElement<'T, 'B>>(v: int64) : 'T = 'E.OfInteger v

[<Struct; NoEquality; NoComparison>]
type internal F32Element =
    interface IElement<float32, float> with
        static member Widen v = float v
        static member OfFloat v = float32 v
        static member OfInteger v = float32 v

[<Struct; NoEquality; NoComparison>]
type internal F64Element =
    interface IElement<float, float> with
        static member Widen v = v
        static member OfFloat v = v
        static member OfInteger v = float v

[<Struct; NoEquality; NoComparison>]
type internal I32Element =
    interface IElement<int, int64> with
        static member Widen v = int64 v
        static member OfFloat v = int v
        static member OfInteger v = int v

[<Struct; NoEquality; NoComparison>]
type internal I64Element =
    interface IElement<int64, int64> with
        static member Widen v = v
        static member OfFloat v = int64 v
        static member OfInteger v = v

[<Struct; NoEquality; NoComparison>]
type internal BoolElement =
    interface IElement<byte, int64> with
        static member Widen v = if v <> 0uy then 1L else 0L
        static member OfFloat v = if v <> 0.0 then 1uy else 0uy
        static member OfInteger v = if v <> 0L then 1uy else 0uy

/// A generic function that makes an 'R: `Element.Choose` calls it for an element type that is known only at run time.
type internal ITyped<'R> =
    abstract Make<'E, 'T, 'D, 'A
        when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged> : unit -> 'R

/// Element types as type arguments.
[<AbstractClass; Sealed>]
type internal Element private () =
    /// Calls `typed` with the type arguments that stand for an element type.
    static member Choose(dtype: DType, typed: ITyped<'R>) : 'R =
        match dtype with
        | DType.F32 -> typed.Make<F32Element, float32, Floats, float>()
        | DType.F64 -> typed.Make<F64Element, float, Floats, float>()
        | DType.I32 -> typed.Make<I32Element, int, Integers, int64>()
        | DType.I64 -> typed.Make<I64Element, int64, Integers, int64>()
        | DType.Bool -> typed.Make<BoolElement, byte, Integers, int64>()
