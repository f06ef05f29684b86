namespace DL1

/// Which of the likeliest classes are drawn from, and how boldly; `Sampling.options` is a start.
type SamplingOptions =
    {
        /// What logits are divided by: below 1 the likely become likelier, above 1 chances come nearer to each other.
        Temperature: float
        /// How many of the likeliest classes may be drawn; all where there is none.
        TopK: int option
        /// The chance that the likeliest classes together must reach, from which is drawn; all where there is none.
        TopP: float option
    }

/// Draws from logits `[...; classes]`, of which some are left out: what is left out becomes −∞.
[<RequireQualifiedAccess>]
module Sampling =
    let private required operation (logits: Expr) =
        Operand.requireFloat operation logits

        if logits.Shape.Rank = 0 || logits.Shape[logits.Shape.Rank - 1] = 0 then
            Refuse.shape
                operation
                (Operand.text logits)
                "logits [...; classes], 1 class or more"
                "add the axis of the classes"

    /// As probable as the logits say: temperature 1, no class left out. `{ Sampling.options with TopK = Some 5 }`
    let options: SamplingOptions = { Temperature = 1.0; TopK = None; TopP = None }

    /// Logits over a temperature: towards 0 the likeliest class is drawn alone, towards ∞ all alike. A temperature that is not
    /// above 0 and finite is a `DomainError`. `Sampling.temperature 0.5 m`
    let temperature (value: float) (logits: Expr) : Expr =
        required "Sampling.temperature" logits

        if not (value > 0.0 && System.Double.IsFinite value) then
            Refuse.domain
                "Sampling.temperature"
                $"the temperature {string value}"
                "a finite number above 0"
                "for the likeliest class alone take the greedy choice, argMax"

        if value = 1.0 then logits else logits / value

    /// The k greatest logits, and those equal to the least of them; the others become −∞ (Fan et al. 2018). A k below 1 is a
    /// `DomainError`; a k of all classes or more leaves none out. `Sampling.topK 2 m`
    let topK (k: int) (logits: Expr) : Expr =
        required "Sampling.topK" logits

        if k < 1 then
            Refuse.domain "Sampling.topK" $"k = %d{k}" "1 class or more" "40 is usual for tokens"

        if k >= logits.Shape[logits.Shape.Rank - 1] then
            logits
        else
            let least = Order.sortDescending -1 logits |> Expr.sliceAxis -1 (k - 1) k
            Expr.where (logits .>= least) logits (lit -infinity)

    /// The likeliest classes whose chances together first reach p, and those as likely as the least of them; the others become
    /// −∞: the nucleus of Holtzman et al. (2020). One class at least is kept. A p outside (0, 1] is a `DomainError`.
    /// `Sampling.topP 0.5 m`
    let topP (p: float) (logits: Expr) : Expr =
        required "Sampling.topP" logits

        if not (p > 0.0 && p <= 1.0) then
            Refuse.domain "Sampling.topP" $"p = {string p}" "a chance above 0, to 1" "0.9 is usual"

        if p = 1.0 then
            logits
        else
            let sorted = Order.sortDescending -1 logits
            let chances = Expr.softmax -1 sorted
            let isKept = Expr.cumSum -1 chances - chances .< p
            let least = Expr.where isKept sorted (lit infinity) |> Expr.min [ -1 ] |> Expr.expandDims -1
            Expr.where (logits .>= least) logits (lit -infinity)

    /// Logits by the temperature, then what `TopK` leaves, then what `TopP` leaves of that.
    /// `Sampling.filter { Sampling.options with TopK = Some 2 } m`
    let filter (options: SamplingOptions) (logits: Expr) : Expr =
        let orAll f value x =
            match value with
            | Some v -> f v x
            | None -> x

        temperature options.Temperature logits |> orAll topK options.TopK |> orAll topP options.TopP

    /// A class for each row of logits `[...; classes]`, drawn with a key (i32 `[2]`): i64 `[...]`.
    /// `Sampling.draw { Sampling.options with TopK = Some 1 } m key`
    let draw (options: SamplingOptions) (logits: Expr) (key: Expr) : Expr =
        Draw.categorical (filter options logits) key
