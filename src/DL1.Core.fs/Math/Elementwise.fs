namespace DL1

/// Functions of one element composed of primitives, activation functions among them. No derivative is written here:
/// each follows from its formula.
[<RequireQualifiedAccess>]
module Elementwise =
    /// x². `Elementwise.square x`
    let square (x: Expr) = x * x

    /// The value held between two bounds; the gradient passes at the bounds, as in PyTorch's `clamp`. Refuses a low
    /// bound above the high one. `Elementwise.clamp -1.0 1.0 x`
    let clamp (low: float) (high: float) (x: Expr) =
        if not (low <= high) then
            Refuse.domain
                "Elementwise.clamp"
                $"the bounds {string low} and {string high}"
                "a low bound, and a high one not below it"
                "swap the bounds"

        Expr.where (x .< low) (lit low) (Expr.where (x .> high) (lit high) x)

    let private requireFinite operation (what: string) (value: float) =
        if not (System.Double.IsFinite value) then
            Refuse.domain
                operation
                $"{what} = {string value}"
                "a finite number"
                "look for the division that made it"

    /// x where positive, slope·x elsewhere (Maas et al. 2013). `Elementwise.leakyRelu 0.01 x`
    let leakyRelu (slope: float) (x: Expr) =
        requireFinite "Elementwise.leakyRelu" "the slope" slope
        Expr.where (x .> 0.0) x (slope * x)

    /// x where positive, α·(exp(x) − 1) elsewhere (Clevert et al. 2015). `Elementwise.elu 1.0 x`
    let elu (alpha: float) (x: Expr) =
        requireFinite "Elementwise.elu" "alpha" alpha
        // The branch that is not taken sees 0, so that its derivative stays finite.
        let negative = Expr.where (x .> 0.0) (lit 0.0) x
        Expr.where (x .> 0.0) x (alpha * Expr.expm1 negative)

    /// The self-normalising ELU (Klambauer et al. 2017). `Elementwise.selu x`
    let selu (x: Expr) = 1.0507009873554804934193349852946 * elu 1.6732632423543772848170429916717 x

    /// x·Φ(x), by the error function (Hendrycks and Gimpel 2016). `Elementwise.gelu x`
    let gelu (x: Expr) = 0.5 * x * (1.0 + Expr.erf (x * 0.70710678118654752440))

    /// x·σ(x), also called swish (Elfwing et al. 2017). `Elementwise.silu x`
    let silu (x: Expr) = x * Expr.sigmoid x

    /// x·tanh(softplus x) (Misra 2019). `Elementwise.mish x`
    let mish (x: Expr) = x * tanh (Expr.softplus x)

    /// x held between −1 and 1; the gradient is 0 at the bounds, as in PyTorch. `Elementwise.hardtanh x`
    let hardtanh (x: Expr) = Expr.where (x .<= -1.0) (lit -1.0) (Expr.where (x .>= 1.0) (lit 1.0) x)

    /// x / (1 + |x|). `Elementwise.softsign x`
    let softsign (x: Expr) = x / (1.0 + abs x)

    /// log σ(x), without overflow. `Elementwise.logSigmoid x`
    let logSigmoid (x: Expr) = -(Expr.softplus -x)

    /// √x with derivative 0 at 0, where that of the square root is infinite. `Elementwise.safeSqrt x`
    let safeSqrt (x: Expr) =
        let isZero = Expr.equal x (lit 0.0)
        Expr.where isZero (lit 0.0) (sqrt (Expr.where isZero (lit 1.0) x))

    /// x held between 0 and 6; the gradient is 0 at the bounds, as in PyTorch. `Elementwise.relu6 x`
    let relu6 (x: Expr) = Expr.where (x .<= 0.0) (lit 0.0) (Expr.where (x .>= 6.0) (lit 6.0) x)

    /// relu6(x + 3) / 6: the sigmoid by straight lines (Courbariaux et al. 2015). `Elementwise.hardSigmoid x`
    let hardSigmoid (x: Expr) = relu6 (x + 3.0) / 6.0

    /// x·relu6(x + 3) / 6, with derivatives 0 at −3 and 1 at 3 (Howard et al. 2019). `Elementwise.hardSwish x`
    let hardSwish (x: Expr) =
        Expr.where (x .<= -3.0) (lit 0.0) (Expr.where (x .>= 3.0) x (x * (x + 3.0) / 6.0))

    /// x where positive, α·(exp(x/α) − 1) elsewhere: an ELU whose slope is continuous for every α (Barron 2017).
    /// Refuses α = 0. `Elementwise.celu 1.0 x`
    let celu (alpha: float) (x: Expr) =
        if not (abs alpha > 0.0) || System.Double.IsInfinity alpha then
            Refuse.domain
                "Elementwise.celu"
                $"α = {string alpha}"
                "a finite α other than 0"
                "1 is the usual value"

        let negative = Expr.where (x .> 0.0) (lit 0.0) x
        Expr.where (x .> 0.0) x (alpha * Expr.expm1 (negative / alpha))

    /// x·Φ(x) by tanh: ½x·(1 + tanh(√(2/π)·(x + 0.044715x³))), as GPT-2 has it (Hendrycks and Gimpel 2016).
    /// `Elementwise.geluTanh x`
    let geluTanh (x: Expr) = 0.5 * x * (1.0 + tanh (0.79788456080286535588 * (x + 0.044715 * x * x * x)))

    /// x where |x| is above λ, else 0. `Elementwise.hardShrink 0.5 x`
    let hardShrink (lambda: float) (x: Expr) = Expr.where (abs x .> lambda) x (lit 0.0)

    /// x drawn towards 0 by λ, and 0 where |x| is at most λ: the proximal step of an L1 penalty.
    /// Refuses λ below 0. `Elementwise.softShrink 0.5 x`
    let softShrink (lambda: float) (x: Expr) =
        if not (lambda >= 0.0) then
            Refuse.domain
                "Elementwise.softShrink"
                $"λ = {string lambda}"
                "λ of at least 0"
                "0.5 is the usual value"

        Expr.where (x .> lambda) (x - lambda) (Expr.where (x .< -lambda) (x + lambda) (lit 0.0))

    /// x − tanh x. `Elementwise.tanhShrink x`
    let tanhShrink (x: Expr) = x - tanh x

    /// x where it is above a limit, a value elsewhere. `Elementwise.threshold 0.1 20.0 x`
    let threshold (limit: float) (value: float) (x: Expr) = Expr.where (x .> limit) x (lit value)

    /// log(1 + exp(βx)) / β: nearer to max(x, 0) the larger β is. Refuses β that is not above 0.
    /// `Elementwise.softplusScaled 2.0 x`
    let softplusScaled (beta: float) (x: Expr) =
        if not (beta > 0.0) || System.Double.IsInfinity beta then
            Refuse.domain
                "Elementwise.softplusScaled"
                $"β = {string beta}"
                "a finite β above 0"
                "1 is the usual value"

        Expr.softplus (beta * x) / beta

    /// The whole part of x, towards 0; its derivative is 0. `Elementwise.truncate x`
    let truncate (x: Expr) = Expr.where (x .< 0.0) (ceil x) (floor x)

    /// x less its whole part, with the sign of x. `Elementwise.fraction x`
    let fraction (x: Expr) = x - truncate x

    /// Whether x is NaN, as truth values. `Elementwise.isNaN x`
    let isNaN (x: Expr) = Expr.notEqual x x

    /// Whether x is ∞ or −∞, as truth values. `Elementwise.isInfinity x`
    let isInfinity (x: Expr) = Expr.equal (abs x) (lit infinity)

    /// Whether x is neither NaN nor infinite, as truth values. `Elementwise.isFinite x`
    let isFinite (x: Expr) = abs x .< infinity

    /// x, with one value for NaN and others for ∞ and −∞; their derivatives are 0.
    /// `Elementwise.replaceNonFinite 0.0 1e6 -1e6 x`
    let replaceNonFinite (nan: float) (positive: float) (negative: float) (x: Expr) =
        Expr.where
            (isNaN x)
            (lit nan)
            (Expr.where
                (Expr.equal x (lit infinity))
                (lit positive)
                (Expr.where (Expr.equal x (lit -infinity)) (lit negative) x))

    /// From a at weight 0 to b at weight 1: a + weight·(b − a). `Elementwise.lerp (lit 0.5) a b`
    let lerp (weight: Expr) (a: Expr) (b: Expr) = a + weight * (b - a)
