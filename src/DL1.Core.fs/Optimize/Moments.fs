namespace DL1

/// The adaptive transformations: each divides the gradient by what it has seen of its size. Formulas, epsilons, bias
/// corrections and initial states are PyTorch's; t counts updates from 1, g is the gradient, products and roots are of
/// elements. Powers of decays are computed in f64, whatever the type of the parameters.
[<RequireQualifiedAccess>]
module Moments =
    let private requireDecays (b1: float) (b2: float) (epsilon: float) =
        Transform.requireDecay "beta1" b1
        Transform.requireDecay "beta2" b2
        Transform.requireNotNegative "epsilon" epsilon

    let private ema (decay: float) (old: Expr) (now: Expr) = decay * old + (1.0 - decay) * now

    /// 1 − decayᵗ.
    let private correction (decay: float) (moment: Moment) = 1.0 - Expr.Pow(decay, moment.Step + 1.0)

    let private meanAndSquare = [ "mean", 0.0; "square", 0.0 ]

    /// m ← β₁m + (1 − β₁)g; r ← β₂r + (1 − β₂)g²; u = m̂/(√r̂ + ε), where a hat divides by 1 − βᵗ (Kingma and Ba 2015).
    /// `Moments.adam 0.9 0.999 1e-8`
    let adam (b1: float) (b2: float) (epsilon: float) : Transform =
        requireDecays b1 b2 epsilon

        Transform.withSlots true meanAndSquare (fun moment g slots _ ->
            let m, r = ema b1 slots[0] g, ema b2 slots[1] (g * g)
            let first = Transform.beside g (1.0 / correction b1 moment)
            let second = Transform.beside g (Expr.rsqrt (correction b2 moment))
            first * m / (second * sqrt r + epsilon), [ m; r ])

    /// Adam with the largest second moment so far in the place of the current one (Reddi et al. 2018).
    /// `Moments.amsgrad 0.9 0.999 1e-8`
    let amsgrad (b1: float) (b2: float) (epsilon: float) : Transform =
        requireDecays b1 b2 epsilon

        Transform.withSlots true (meanAndSquare @ [ "largest", 0.0 ]) (fun moment g slots _ ->
            let m, r = ema b1 slots[0] g, ema b2 slots[1] (g * g)
            let largest = Expr.maximum slots[2] r
            let first = Transform.beside g (1.0 / correction b1 moment)
            let second = Transform.beside g (Expr.rsqrt (correction b2 moment))
            first * m / (second * sqrt largest + epsilon), [ m; r; largest ])

    /// r ← αr + (1 − α)g²; u = g/(√r + ε); where centered, √(r − m²) with m ← αm + (1 − α)g (Tieleman and Hinton 2012;
    /// Graves 2013). `Moments.rmsProp 0.99 1e-8 false`
    let rmsProp (alpha: float) (epsilon: float) (centered: bool) : Transform =
        Transform.requireDecay "alpha" alpha
        Transform.requireNotNegative "epsilon" epsilon

        if centered then
            Transform.withSlots false meanAndSquare (fun _ g slots _ ->
                let m, r = ema alpha slots[0] g, ema alpha slots[1] (g * g)
                // A variance, which rounding alone makes negative.
                g / (sqrt (Expr.relu (r - m * m)) + epsilon), [ m; r ])
        else
            Transform.withSlots false [ "square", 0.0 ] (fun _ g slots _ ->
                let r = ema alpha slots.Head (g * g)
                g / (sqrt r + epsilon), [ r ])

    /// r ← r + g², from `initial`; u = g/((√r + ε)·(1 + (t − 1)·decay)) (Duchi et al. 2011).
    /// `Moments.adagrad 0.0 0.0 1e-10`
    let adagrad (initial: float) (rateDecay: float) (epsilon: float) : Transform =
        Transform.requireNotNegative "initial" initial
        Transform.requireNotNegative "rate decay" rateDecay
        Transform.requireNotNegative "epsilon" epsilon

        Transform.withSlots (rateDecay > 0.0) [ "sum", initial ] (fun moment g slots _ ->
            let r = slots.Head + g * g
            let u = g / (sqrt r + epsilon)

            (if rateDecay > 0.0 then
                 Transform.beside g (1.0 / (1.0 + rateDecay * moment.Step)) * u
             else
                 u),
            [ r ])

    /// r ← ρr + (1 − ρ)g²; u = g·√(a + ε)/√(r + ε); a ← ρa + (1 − ρ)u² (Zeiler 2012). `Moments.adadelta 0.9 1e-6`
    let adadelta (rho: float) (epsilon: float) : Transform =
        Transform.requireDecay "rho" rho
        Transform.requirePositive "epsilon" epsilon

        Transform.withSlots false [ "square", 0.0; "step", 0.0 ] (fun _ g slots _ ->
            let r = ema rho slots[0] (g * g)
            let u = sqrt (slots[1] + epsilon) / sqrt (r + epsilon) * g
            u, [ r; ema rho slots[1] (u * u) ])

    /// m ← β₁m + (1 − β₁)g; s ← max(β₂s, |g| + ε); u = m̂/s (Kingma and Ba 2015). `Moments.adamax 0.9 0.999 1e-8`
    let adamax (b1: float) (b2: float) (epsilon: float) : Transform =
        requireDecays b1 b2 epsilon

        Transform.withSlots true [ "mean", 0.0; "largest", 0.0 ] (fun moment g slots _ ->
            let m = ema b1 slots[0] g
            let s = Expr.maximum (b2 * slots[1]) (abs g + epsilon)
            Transform.beside g (1.0 / correction b1 moment) * m / s, [ m; s ])

    /// Adam with Nesterov's momentum: μₜ = β₁(1 − ½·0.96^(tψ)); u = ((1 − μₜ)/(1 − Πμ)·g + μₜ₊₁/(1 − Πμ·μₜ₊₁)·m)/(√r̂ + ε),
    /// the product running to t (Dozat 2016), as in PyTorch since 2.0. `Moments.nadam 0.9 0.999 1e-8 0.004`
    let nadam (b1: float) (b2: float) (epsilon: float) (psi: float) : Transform =
        requireDecays b1 b2 epsilon
        Transform.requireNotNegative "momentum decay" psi
        let mu (t: Expr) = b1 * (1.0 - 0.5 * Expr.Pow(0.96, t * psi))

        /// Without the product of the momenta, which is the moment's rate here.
        let direction =
            Transform.withSlots true meanAndSquare (fun moment g slots _ ->
                let m, r = ema b1 slots[0] g, ema b2 slots[1] (g * g)
                let t = moment.Step + 1.0
                let now, next, product = mu t, mu (t + 1.0), moment.Rate
                let ofG = Transform.beside g ((1.0 - now) / (1.0 - product))
                let ofM = Transform.beside g (next / (1.0 - product * next))
                let second = Transform.beside g (1.0 / correction b2 moment)
                (ofG * g + ofM * m) / (sqrt (second * r) + epsilon), [ m; r ])

        let product = "product"

        { direction with
            Init =
                fun parameters ->
                    Tree.append
                        (Tree.ofList [ product, Expr.scalar DType.F64 1.0 ])
                        (direction.Init parameters)
            Update =
                fun moment updates state parameters ->
                    let running = state[product] * mu (moment.Step + 1.0)

                    let updates, next =
                        direction.Update { moment with Rate = running } updates state parameters

                    updates, Tree.append (Tree.ofList [ product, running ]) next
        }

    /// Adam whose second moment waits until its variance can be told, ρₜ > 5, and is then rectified (Liu et al. 2020):
    /// u = m̂ before, m̂·rₜ·√(1 − β₂ᵗ)/(√r + ε) after. `Moments.radam 0.9 0.999 1e-8`
    let radam (b1: float) (b2: float) (epsilon: float) : Transform =
        requireDecays b1 b2 epsilon
        let longest = 2.0 / (1.0 - b2) - 1.0

        Transform.withSlots true meanAndSquare (fun moment g slots _ ->
            let m, r = ema b1 slots[0] g, ema b2 slots[1] (g * g)
            let t, second = moment.Step + 1.0, correction b2 moment
            let length = longest - 2.0 * t * Expr.Pow(b2, t) / second
            let isKnown = length .> 5.0
            // The branch that is not taken sees a length whose root is real.
            let known = Expr.where isKnown length (lit 6.0)

            let rectifier =
                (known - 4.0) * (known - 2.0) / known
                * (longest / ((longest - 4.0) * (longest - 2.0)))
                * second
                |> sqrt

            let mean = Transform.beside g (1.0 / correction b1 moment) * m
            let adaptive = mean * Transform.beside g rectifier / (sqrt r + epsilon)
            Expr.where isKnown adaptive mean, [ m; r ])

    /// Steps of its own for each element, by signs alone: `grow` times as long where the gradient keeps its sign, `shrink`
    /// times where it turns, and then no step; held between two sizes (Riedmiller and Braun 1993).
    /// `Moments.rpropWith 0.5 1.2 1e-6 50.0 0.01`
    let rpropWith
        (shrink: float)
        (grow: float)
        (smallest: float)
        (largest: float)
        (firstStep: float)
        : Transform =
        Transform.requirePositive "the first step" firstStep

        let isOrdered = 0.0 < shrink && shrink < 1.0 && 1.0 < grow && 0.0 < smallest && smallest <= largest

        if not (isOrdered && System.Double.IsFinite grow && System.Double.IsFinite largest) then
            Refuse.domain
                "Optimizer"
                $"Rprop with the factors {string shrink} and {string grow}, the sizes {string smallest} to {string largest}"
                "0 < shrink < 1 < grow, and sizes above 0 in order, all finite"
                "0.5 and 1.2, 1e-6 to 50 are usual"

        Transform.withSlots false [ "previous", 0.0; "size", firstStep ] (fun _ g slots _ ->
            let turn = g * slots[0]

            let factor =
                Expr.where (turn .> 0.0) (lit grow) (Expr.where (turn .< 0.0) (lit shrink) (lit 1.0))

            let size = Elementwise.clamp smallest largest (slots[1] * factor)
            let g = Expr.where (turn .< 0.0) (lit 0.0) g
            Expr.sign g * size, [ g; size ])

    /// `rpropWith` factors of 0.5 and 1.2, and sizes from 1e-6 to 50. `Moments.rprop 0.01`
    let rprop (firstStep: float) : Transform = rpropWith 0.5 1.2 1e-6 50.0 firstStep

    /// The sign of a mixture: u = sign(β₁m + (1 − β₁)g), then m ← β₂m + (1 − β₂)g (Chen et al. 2023).
    /// `Moments.lion 0.9 0.99`
    let lion (b1: float) (b2: float) : Transform =
        requireDecays b1 b2 0.0

        Transform.withSlots false [ "mean", 0.0 ] (fun _ g slots _ ->
            Expr.sign (ema b1 slots.Head g), [ ema b2 slots.Head g ])

    /// Averaged descent (Polyak and Juditsky 1992; Bottou 2010), as PyTorch's ASGD, with the rate inside: the rate falls as
    /// η = rate / (1 + λ·rate·t)^α, x ← x − η·(g + λ·x), and the mean of the parameters from update `start` on is kept in the state,
    /// before it the parameters themselves: `Wrap.averageOf` reads it. `Moments.asgd 1e-4 0.75 1e6`
    let asgd (lambda: float) (alpha: float) (start: float) : Transform =
        Transform.requireNotNegative "lambda" lambda
        Transform.requireNotNegative "alpha" alpha
        Transform.requireNotNegative "the start of the mean" start

        Transform.withSlots true [ "average", 0.0 ] (fun moment g slots x ->
            let rate = Transform.beside g (moment.Rate / (1.0 + lambda * moment.Rate * moment.Step) ** alpha)
            let share = Transform.beside g (1.0 / Expr.maximum (lit 1.0) (moment.Step - start))
            let update = rate * (g + lambda * x)
            let next, mean = x - update, slots.Head
            update, [ Expr.where (Expr.equal share (lit 1.0)) next (mean + (next - mean) * share) ])
