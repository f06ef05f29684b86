namespace DL1

/// Activation functions as layers: each element by itself, the shape stays.
[<RequireQualifiedAccess>]
module Activation =
    /// Printed with its number: `LeakyReLU(0.01)`.
    let private number (value: float) layer = Layer.sized $"%g{value}" layer
    /// Printed with its axis: `Softmax(axis -1)`.
    let private along (axis: int) layer = Layer.sized $"axis %d{axis}" layer

    /// max(x, 0). `Activation.relu`
    let relu = Layer.ofFunction "ReLU" Expr.relu
    /// x where positive, slope·x elsewhere. `Activation.leakyRelu 0.01`
    let leakyRelu (slope: float) = number slope (Layer.ofFunction "LeakyReLU" (Elementwise.leakyRelu slope))
    /// x where positive, α·(exp(x) − 1) elsewhere. `Activation.elu 1.0`
    let elu (alpha: float) = number alpha (Layer.ofFunction "ELU" (Elementwise.elu alpha))
    /// The self-normalising ELU. `Activation.selu`
    let selu = Layer.ofFunction "SELU" Elementwise.selu
    /// x·Φ(x). `Activation.gelu`
    let gelu = Layer.ofFunction "GELU" Elementwise.gelu
    /// x·σ(x). `Activation.silu`
    let silu = Layer.ofFunction "SiLU" Elementwise.silu
    /// x·tanh(softplus x). `Activation.mish`
    let mish = Layer.ofFunction "Mish" Elementwise.mish
    /// x held between −1 and 1. `Activation.hardtanh`
    let hardtanh = Layer.ofFunction "Hardtanh" Elementwise.hardtanh
    /// x / (1 + |x|). `Activation.softsign`
    let softsign = Layer.ofFunction "Softsign" Elementwise.softsign
    /// log(1 + exp x). `Activation.softplus`
    let softplus = Layer.ofFunction "Softplus" Expr.softplus
    /// 1 / (1 + exp(−x)). `Activation.sigmoid`
    let sigmoid = Layer.ofFunction "Sigmoid" Expr.sigmoid
    /// log σ(x). `Activation.logSigmoid`
    let logSigmoid = Layer.ofFunction "LogSigmoid" Elementwise.logSigmoid
    /// The hyperbolic tangent. `Activation.tanh`
    let tanh = Layer.ofFunction "Tanh" (fun x -> tanh x)
    /// exp(x) / Σ exp(x) along an axis. `Activation.softmax -1`
    let softmax (axis: int) = along axis (Layer.ofFunction "Softmax" (Expr.softmax axis))
    /// The logarithm of the softmax along an axis. `Activation.logSoftmax -1`
    let logSoftmax (axis: int) = along axis (Layer.ofFunction "LogSoftmax" (Reduce.logSoftmax axis))

    /// x held between 0 and 6. `Activation.relu6`
    let relu6 = Layer.ofFunction "ReLU6" Elementwise.relu6
    /// The sigmoid by straight lines: relu6(x + 3) / 6. `Activation.hardSigmoid`
    let hardSigmoid = Layer.ofFunction "Hardsigmoid" Elementwise.hardSigmoid
    /// x·relu6(x + 3) / 6. `Activation.hardSwish`
    let hardSwish = Layer.ofFunction "Hardswish" Elementwise.hardSwish
    /// x where positive, α·(exp(x/α) − 1) elsewhere. `Activation.celu 1.0`
    let celu (alpha: float) = number alpha (Layer.ofFunction "CELU" (Elementwise.celu alpha))
    /// x·Φ(x) by tanh, as GPT-2 has it. `Activation.geluTanh`
    let geluTanh = Layer.ofFunction "GELU" Elementwise.geluTanh

    /// x where |x| is above λ, else 0. `Activation.hardShrink 0.5`
    let hardShrink (lambda: float) =
        number lambda (Layer.ofFunction "Hardshrink" (Elementwise.hardShrink lambda))

    /// x drawn towards 0 by λ. `Activation.softShrink 0.5`
    let softShrink (lambda: float) =
        number lambda (Layer.ofFunction "Softshrink" (Elementwise.softShrink lambda))

    /// x − tanh x. `Activation.tanhShrink`
    let tanhShrink = Layer.ofFunction "Tanhshrink" Elementwise.tanhShrink

    /// x where it is above a limit, a value elsewhere. `Activation.threshold 0.1 20.0`
    let threshold (limit: float) (value: float) =
        Layer.sized $"%g{limit}, %g{value}" (Layer.ofFunction "Threshold" (Elementwise.threshold limit value))

    /// The first half of an axis times the sigmoid of the second half: the extent is halved. `Activation.glu -1`
    let glu (axis: int) = along axis (Layer.ofFunction "GLU" (Axes.glu axis))

    /// x where positive, a·x elsewhere, with a learnt slope that begins at 0.25 (He et al. 2015). Parameter `weight`:
    /// `[1]`, or `[channels]` for data `[batch; channels; ...]`. `Activation.prelu false`
    let prelu (perChannel: bool) : Layer<Expr, Expr> =
        Layer.create "PReLU" (fun scope x ->
            if perChannel && x.Shape.Rank < 2 then
                Refuse.shape
                    "prelu"
                    (Operand.text x)
                    "data [batch; channels; ...]"
                    "share one slope among the channels"

            let count = if perChannel then x.Shape[1] else 1
            let slope = scope.Parameter("weight", [ count ], Init.constant 0.25)

            let slope =
                if perChannel then
                    Expr.reshape (count :: List.replicate (x.Shape.Rank - 2) 1) slope
                else
                    slope

            Expr.where (x .> 0.0) x (slope * x))
