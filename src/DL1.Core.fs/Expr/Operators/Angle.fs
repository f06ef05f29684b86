namespace DL1

open DL1.PointwiseOperators

/// The angle of a point, with the signs of zero that IEEE 754 asks for and derivatives that are finite at the origin.
[<RequireQualifiedAccess>]
module internal Angle =
    let private isNegative (e: 'e) : 'e :> IExpression<'e> =
        let reciprocal = Pointwise.unary UnaryOp.Reciprocal e
        either (e .< 'e.Literal 0.0) (reciprocal .< 'e.Literal 0.0)

    [<Literal>]
    let private quarterOfPi = 0.7853981633974483

    let private value (y: 'e) (x: 'e) : 'e :> IExpression<'e> =
        let zero = 'e.Literal 0.0
        let infinite (e: 'e) = abs e .= 'e.Literal infinity
        let bothInfinite = both (infinite y) (infinite x)
        let bothZero = both (y .= zero) (x .= zero)

        // The angle to the nearer end of the x axis, from 0 to π/2.
        let sharp = where bothInfinite ('e.Literal quarterOfPi) (where bothZero zero (atan (abs y / abs x)))

        let angle = where (isNegative x) ('e.Literal System.Math.PI - sharp) sharp
        where (isNegative y) -angle angle

    let private gradients (y: 'e) (x: 'e) (dy: 'e) : 'e list when 'e :> IExpression<'e> =
        let one = 'e.Literal 1.0
        let size = Pointwise.binary BinaryOp.Max (abs x) (abs y)
        let isOrigin = size .= 'e.Literal 0.0
        let scale = where isOrigin one size
        let u, v = y / scale, x / scale
        let square = where isOrigin one (u * u + v * v)
        [ dy * (v / square / scale); dy * (-u / square / scale) ]

    /// The angle of the point (x, y) in radians, in [−π, π].
    let atan2 (y: 'e) (x: 'e) : 'e :> IExpression<'e> =
        let operation = "atan2"
        Operand.requireFloat operation y
        let struct (y, x) = Pointwise.pair operation y x
        Pointwise.custom operation value gradients y x
