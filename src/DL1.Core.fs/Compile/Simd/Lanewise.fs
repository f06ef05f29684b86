namespace DL1.Compiler.Simd

/// Calls the overload in `Lanes` that fits the vector's type, for each operation.
[<RequireQualifiedAccess>]
module internal LanesOf =
    let inline fma (_: ^S) (x: ^V) (y: ^V) (z: ^V) : ^V =
        ((^S or ^V): (static member Fma: ^V * ^V * ^V -> ^V) (x, y, z))

    let inline atMost (_: ^S) (x: ^V) (y: ^V) : ^V =
        ((^S or ^V): (static member AtMost: ^V * ^V -> ^V) (x, y))

    let inline atLeast (_: ^S) (x: ^V) (y: ^V) : ^V =
        ((^S or ^V): (static member AtLeast: ^V * ^V -> ^V) (x, y))

    let inline noneAbove (_: ^S) (x: ^V) (y: ^V) =
        ((^S or ^V): (static member NoneAbove: ^V * ^V -> bool) (x, y))

    let inline bits (_: ^S) (x: ^V) : ^I = ((^S or ^V): (static member Bits: ^V -> ^I) x)
    let inline numbers (_: ^S) (x: ^I) : ^V = ((^S or ^I): (static member Numbers: ^I -> ^V) x)

    let inline logicalRight (x: ^I) (n: int) : ^I =
        (^I: (static member op_UnsignedRightShift: ^I * int -> ^I) (x, n))

    let inline mantissa (_: ^S) (x: ^V) = ((^S or ^V): (static member Mantissa: ^V -> int) x)
    let inline floor (_: ^S) (x: ^V) : ^V = ((^S or ^V): (static member Down: ^V -> ^V) (x))
    let inline abs (_: ^S) (x: ^V) : ^V = ((^S or ^V): (static member Unsigned: ^V -> ^V) (x))
    let inline less (_: ^S) (x: ^V) (y: ^V) : ^V = ((^S or ^V): (static member Less: ^V * ^V -> ^V) (x, y))
    let inline equal (_: ^S) (x: ^V) (y: ^V) : ^V = ((^S or ^V): (static member Equal: ^V * ^V -> ^V) (x, y))

    let inline select (_: ^S) (x: ^V) (y: ^V) (z: ^V) : ^V =
        ((^S or ^V): (static member Select: ^V * ^V * ^V -> ^V) (x, y, z))

    let inline pick (_: ^S) (x: ^V) a b : ^V =
        ((^S or ^V): (static member Pick: ^V * float * float -> ^V) (x, a, b))

    let inline allLess (_: ^S) (x: ^V) (y: ^V) = ((^S or ^V): (static member AllLess: ^V * ^V -> bool) (x, y))
    let inline widenLower (_: ^S) (x: ^V) : ^W = ((^S or ^V): (static member WidenLower: ^V -> ^W) x)
    let inline widenUpper (_: ^S) (x: ^V) : ^W = ((^S or ^V): (static member WidenUpper: ^V -> ^W) x)

    let inline narrow (_: ^S) (x: ^W) (y: ^W) : ^V =
        ((^S or ^W): (static member Narrow: ^W * ^W -> ^V) (x, y))

    let inline mend (_: ^S) (x: ^V) (y: ^V) ([<InlineIfLambda>] f: ^T -> ^T -> ^T) : ^V =
        ((^S or ^V): (static member Mend: ^V * ^V * (^T -> ^T -> ^T) -> ^V) (x, y, f))

/// Arithmetic on vectors, for formulas that are written without a width and an element type.
module internal Lanewise =
    // The operations of `Lanes`, which says what they give.
    let inline fma x y z = LanesOf.fma Lanes x y z
    let inline atMost limit x = LanesOf.atMost Lanes limit x
    let inline atLeast limit x = LanesOf.atLeast Lanes limit x
    let inline floor x = LanesOf.floor Lanes x
    let inline abs x = LanesOf.abs Lanes x
    let inline less x y = LanesOf.less Lanes x y
    let inline equal x y = LanesOf.equal Lanes x y
    let inline select mask y z = LanesOf.select Lanes mask y z
    let inline pick x single double = LanesOf.pick Lanes x single double
    let inline allLess x y = LanesOf.allLess Lanes x y
    let inline widenLower x = LanesOf.widenLower Lanes x
    let inline widenUpper x = LanesOf.widenUpper Lanes x
    let inline narrow x y = LanesOf.narrow Lanes x y

    /// A vector of x's type with c in every lane.
    let inline like x c = pick x c c

    /// Adds the bits of two lanes as integers.
    let inline addBits (x: ^V) (y: ^V) : ^V =
        LanesOf.numbers Lanes (LanesOf.bits Lanes x + LanesOf.bits Lanes y)

    /// Subtracts the bits of two lanes as integers.
    let inline subBits (x: ^V) (y: ^V) : ^V =
        LanesOf.numbers Lanes (LanesOf.bits Lanes x - LanesOf.bits Lanes y)

    /// Shifts the bits left by the length of the mantissa.
    let inline raised (x: ^V) : ^V = LanesOf.numbers Lanes (LanesOf.bits Lanes x <<< LanesOf.mantissa Lanes x)

    /// Shifts the bits right by the length of the mantissa, and fills with zeros.
    let inline lowered (x: ^V) : ^V =
        LanesOf.numbers Lanes (LanesOf.logicalRight (LanesOf.bits Lanes x) (LanesOf.mantissa Lanes x))

    /// Whether |x| ≤ `limit` in every lane, for a positive limit; false for NaN. Compares the bits as integers, in which
    /// NaN is greatest.
    let inline allWithin limit x =
        LanesOf.noneAbove Lanes (LanesOf.bits Lanes (abs x)) (LanesOf.bits Lanes limit)

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

    /// 2ᵏ for an integer k, where it is neither subnormal nor infinite; 0 for the exponent just below.
    let inline pow2 k = scale (like k 1.0) k
