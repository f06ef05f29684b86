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
                $"the bounds {low} and {high}"
                "a low bound, and a high one not below it"
                "swap the bounds"

        Expr.where (x .< low) (lit low) (Expr.where (x .> high) (lit high) x)

    /// x where positive, slope·x elsewhere (Maas et al. 2013). `Elementwise.leakyRelu 0.01 x`
    let leakyRelu (slope: float) (x: Expr) = Expr.where (x .> 0.0) x (slope * x)

    /// x where positive, α·(exp(x) − 1) elsewhere (Clevert et al. 2015). `Elementwise.elu 1.0 x`
    let elu (alpha: float) (x: Expr) =
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
