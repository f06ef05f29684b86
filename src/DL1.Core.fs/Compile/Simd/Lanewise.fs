namespace DL1.Compiler.Simd

/// Arithmetic on vectors, for formulas that are written without a width and an element type.
module internal Lanewise =
    // The operations of `Lanes`, which documents them: each calls the overload for the vector's type.
    let inline fma (x: ^V) (y: ^V) (z: ^V) : ^V =
        ((^V or Lanes): (static member Fma: ^V * ^V * ^V -> ^V) (x, y, z))

    let inline atMost (limit: ^V) (x: ^V) : ^V =
        ((^V or Lanes): (static member AtMost: ^V * ^V -> ^V) (limit, x))

    let inline atLeast (limit: ^V) (x: ^V) : ^V =
        ((^V or Lanes): (static member AtLeast: ^V * ^V -> ^V) (limit, x))

    let inline noneAbove (x: ^V) (y: ^V) = ((^V or Lanes): (static member NoneAbove: ^V * ^V -> bool) (x, y))
    let inline bits (x: ^V) : ^I = ((^V or Lanes): (static member Bits: ^V -> ^I) x)
    let inline numbers (x: ^I) : ^V = ((^I or Lanes): (static member Numbers: ^I -> ^V) x)
    let inline mantissa (x: ^V) = ((^V or Lanes): (static member Mantissa: ^V -> int) x)
    let inline floor (x: ^V) : ^V = ((^V or Lanes): (static member Down: ^V -> ^V) x)
    let inline abs (x: ^V) : ^V = ((^V or Lanes): (static member Unsigned: ^V -> ^V) x)
    let inline less (x: ^V) (y: ^V) : ^V = ((^V or Lanes): (static member Less: ^V * ^V -> ^V) (x, y))
    let inline equal (x: ^V) (y: ^V) : ^V = ((^V or Lanes): (static member Equal: ^V * ^V -> ^V) (x, y))

    let inline select (mask: ^V) (y: ^V) (z: ^V) : ^V =
        ((^V or Lanes): (static member Select: ^V * ^V * ^V -> ^V) (mask, y, z))

    let inline pick (x: ^V) (single: float) (double: float) : ^V =
        ((^V or Lanes): (static member Pick: ^V * float * float -> ^V) (x, single, double))

    let inline allLess (x: ^V) (y: ^V) = ((^V or Lanes): (static member AllLess: ^V * ^V -> bool) (x, y))
    let inline widenLower (x: ^V) : ^W = ((^V or Lanes): (static member WidenLower: ^V -> ^W) x)
    let inline widenUpper (x: ^V) : ^W = ((^V or Lanes): (static member WidenUpper: ^V -> ^W) x)
    let inline narrow (x: ^W) (y: ^W) : ^V = ((^W or Lanes): (static member Narrow: ^W * ^W -> ^V) (x, y))

    let inline mendLanes (x: ^V) (y: ^V) ([<InlineIfLambda>] f: ^T -> ^T -> ^T) : ^V =
        ((^V or Lanes): (static member Mend: ^V * ^V * (^T -> ^T -> ^T) -> ^V) (x, y, f))

    /// A vector of x's type with c in every lane.
    let inline like x c = pick x c c

    /// Adds the bits of two lanes as integers.
    let inline addBits (x: ^V) (y: ^V) : ^V = numbers (bits x + bits y)

    /// Subtracts the bits of two lanes as integers.
    let inline subBits (x: ^V) (y: ^V) : ^V = numbers (bits x - bits y)

    /// Shifts the bits left by the length of the mantissa: an integer in the lowest bits moves to the exponent.
    let inline raised (x: ^V) : ^V = numbers (bits x <<< mantissa x)

    let inline logicalRight (x: ^I) (n: int) : ^I =
        (^I: (static member op_UnsignedRightShift: ^I * int -> ^I) (x, n))

    /// Shifts the bits right by the length of the mantissa, and fills with zeros: sign and exponent move to the lowest bits.
    let inline lowered (x: ^V) : ^V = numbers (logicalRight (bits x) (mantissa x))

    /// Whether |x| ≤ `limit` in every lane, for a positive limit; false for NaN. Compares the bits as integers, among
    /// which those of NaN are the greatest.
    let inline allWithin limit x = noneAbove (bits (abs x)) (bits limit)

    // Operators for two operands of one type: a literal is written `like x c`, never beside a vector.
    let inline (+) (x: ^V) (y: ^V) : ^V = x + y
    let inline (-) (x: ^V) (y: ^V) : ^V = x - y
    let inline (*) (x: ^V) (y: ^V) : ^V = x * y
    let inline (/) (x: ^V) (y: ^V) : ^V = x / y
    let inline (&&&) (x: ^V) (y: ^V) : ^V = x &&& y
    let inline (|||) (x: ^V) (y: ^V) : ^V = x ||| y
    let inline (^^^) (x: ^V) (y: ^V) : ^V = x ^^^ y

    /// p·x + c: one step of Horner's rule, `like x c₃ |> next x c₂ |> next x c₁ |> next x c₀`.
    let inline next x (c: float) p = fma p x (like x c)

    /// b·x + a. A polynomial in pairs, `pair x c₃ c₂ |> over (x * x) (pair x c₁ c₀)`, has a shorter chain of dependent
    /// operations than Horner's rule (G. Estrin, "Organization of computer systems", 1960).
    let inline pair x (b: float) (a: float) = fma x (like x b) (like x a)

    /// high·x + low.
    let inline over x low high = fma high x low

    /// The magnitude of x with the sign of `sign`.
    let inline withSign x sign = abs x ||| (sign &&& like sign -0.0)

    /// 1.5·2²³ in f32, 1.5·2⁵² in f64: added to a smaller number, it leaves the nearest integer, halves to even, in the
    /// lowest bits of the mantissa.
    let inline magic x = pick x 12582912.0 6755399441055744.0

    /// The integer nearest to x, halves to even, for |x| below 2²² (f32) or 2⁵¹ (f64).
    let inline nearest x = (x + magic x) - magic x

    /// p·2ᵏ for an integer k, where neither p nor the result is zero, subnormal or infinite.
    let inline scale p k = addBits p (raised (k + magic k))

    /// 2ᵏ for an integer k, where it is neither subnormal nor infinite; 0 for the greatest k below that range.
    let inline pow2 k = scale (like k 1.0) k
