namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Operations on the bits of whole numbers, by their arithmetic: `floor(x / 2ⁱ) mod 2` is bit i.
[<RequireQualifiedAccess>]
module internal BitRules =
    let private count = 32
    let private all = 4294967296.0

    /// 2ⁱ of each bit, f64 `[32]`.
    let private places () = Expr.constant (Tensor.vector (Array.init count (fun i -> 2.0 ** float i)))

    /// The bits of whole numbers from 0 below 2³², f64, along a last axis of 32.
    let private bits (x: Expr) : Expr =
        let above = floor (Expr.expandDims -1 x / places ())
        above - 2.0 * floor (above / 2.0)

    /// A function of each pair of bits, of numbers below 2³² in f64, in which everything here is exact.
    let private words (f: Expr -> Expr -> Expr) (a: Expr) (b: Expr) : Expr =
        let found = f (bits a) (bits b) * places ()
        Expr.sum [ found.Shape.Rank - 1 ] found

    /// The upper and the lower 32 bits of i64, both f64: x = upper·2³² + lower, 0 ≤ lower < 2³².
    let private halves (x: Expr) : struct (Expr * Expr) =
        let near = Expr.cast DType.I64 (floor (Expr.cast DType.F64 x / all))
        let rest = x - near * all
        // f64 rounds x, so the quotient may be the next one.
        let next = Expr.where (rest .< 0.0) (lit -1.0) (Expr.where (rest .>= all) (lit 1.0) (lit 0.0))
        let next = Expr.cast DType.I64 next
        struct (Expr.cast DType.F64 (near + next), Expr.cast DType.F64 (rest - next * all))

    /// Two's complement of 32 bits as a number from 0, and back.
    let private unsigned (x: Expr) = Expr.where (x .< 0.0) (x + all) x
    let private signed (x: Expr) = Expr.where (x .>= all / 2.0) (x - all) x

    let private combined (f: Expr -> Expr -> Expr) (a: Expr) (b: Expr) : Expr =
        if a.DType = DType.I64 then
            let struct (upper, lower) = halves a
            let struct (upper', lower') = halves b
            let whole (x: Expr) = Expr.cast DType.I64 x
            let top = signed (words f (unsigned upper) (unsigned upper'))
            whole top * all + whole (words f lower lower')
        else
            let word (x: Expr) = unsigned (Expr.cast DType.F64 x)
            Expr.cast a.DType (signed (words f (word a) (word b)))

    let private binary operator f = OnnxRule.one operator [ 18 ] 2 [] (fun c -> combined f (c.X 0) (c.X 1))

    let private shift (c: OnnxCall) =
        let x, bits = c.X 0, c.X 1
        let factor = Expr.cast DType.F64 bits |> Special.exp2 |> round |> Expr.cast x.DType

        match c.Text("direction", "") with
        | "LEFT" -> Narrow.wrap (c.Type 0) (x * factor)
        | "RIGHT" -> Division.floorDivide x factor
        | other -> c.Refuse($"the direction '{other}'", "LEFT or RIGHT", "export the model again")

    let rules: OnnxRule list =
        [
            OnnxRule.one "BitShift" [ 11 ] 2 [ "direction" ] shift
            OnnxRule.one "BitwiseNot" [ 18 ] 1 [] (fun c -> -1.0 - c.X 0 |> Narrow.wrap (c.Type 0))
            binary "BitwiseAnd" (fun a b -> a * b)
            binary "BitwiseOr" Expr.maximum
            binary "BitwiseXor" (fun a b -> abs (a - b))
        ]
