namespace DL1

open System

/// Sums of many numbers of f64 whose error does not grow with their number.
[<RequireQualifiedAccess>]
module internal Summation =
    /// The sum, to within an ulp or so of the exact one unless terms nearly cancel: what each addition loses is added up
    /// beside (Neumaier 1974). Infinities and NaN give what plain addition gives.
    let sum (values: float[]) =
        let mutable total = 0.0
        let mutable lost = 0.0

        for v in values do
            let next = total + v

            lost <- lost + (if abs total >= abs v then (total - next) + v else (v - next) + total)

            total <- next

        if Double.IsFinite total then total + lost else total
