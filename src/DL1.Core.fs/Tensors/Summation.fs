namespace DL1

open System

/// Sums of many numbers of f64 whose error does not grow with their number: what each addition loses is added up beside
/// the total (Neumaier 1974).
[<RequireQualifiedAccess>]
module internal Summation =
    /// What is lost where a term is added to a total and the sum is rounded to `next`.
    let lost (total: float) (term: float) (next: float) =
        if abs total >= abs term then (total - next) + term else (term - next) + total

    /// The total with what it has lost. Infinities and NaN stay what plain addition makes of them.
    let joined (total: float) (lost: float) = if Double.IsFinite total then total + lost else total

    /// The total of plain addition, and what it has lost.
    let parts (values: float[]) : struct (float * float) =
        let mutable total = 0.0
        let mutable missing = 0.0

        for v in values do
            let next = total + v
            missing <- missing + lost total v next
            total <- next

        struct (total, missing)

    /// The sum, to an ulp or so of the exact one unless terms nearly cancel.
    let sum (values: float[]) =
        let struct (total, lost) = parts values
        joined total lost
