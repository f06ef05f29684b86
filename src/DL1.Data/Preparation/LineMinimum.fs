namespace DL1.Data

open System

/// exp(x) − 1 and log(1 + x), accurate near 0.
[<RequireQualifiedAccess>]
module internal SpecialFunction =
    // Kahan's forms: the rounding of exp x, and of 1 + x, is taken out again.
    let expm1 (x: float) =
        if abs x < 1e-5 then
            x + x * x / 2.0 + x * x * x / 6.0
        else
            let u = exp x

            if u = 1.0 then x
            elif u - 1.0 = -1.0 then -1.0
            elif Double.IsInfinity u then u
            else (u - 1.0) * x / log u

    let log1p (x: float) =
        let u = 1.0 + x

        if u = 1.0 then x
        elif Double.IsInfinity u || u <= 0.0 then log u
        else log u * x / (u - 1.0)

/// The minimum of a function of one number.
[<RequireQualifiedAccess>]
module internal LineMinimum =
    let private golden = (sqrt 5.0 - 1.0) / 2.0

    /// Widens the interval while the function falls towards an end of it, then narrows it by the golden section.
    let find (f: float -> float) (low: float) (high: float) : float =
        let mutable a, b = low, high
        let mutable widened = 0

        while widened < 20 && f a < f (a + 0.25 * (b - a)) do
            a <- a - (b - a)
            widened <- widened + 1

        while widened < 40 && f b < f (b - 0.25 * (b - a)) do
            b <- b + (b - a)
            widened <- widened + 1

        let mutable x, y = b - golden * (b - a), a + golden * (b - a)
        let mutable fx, fy = f x, f y

        while b - a > 1e-9 * max 1.0 (abs a + abs b) do
            if fx <= fy then
                b <- y
                y <- x
                fy <- fx
                x <- b - golden * (b - a)
                fx <- f x
            else
                a <- x
                x <- y
                fx <- fy
                y <- a + golden * (b - a)
                fy <- f y

        (a + b) / 2.0
