/// Optimizers as PyTorch's documentation writes them, for one number, in plain F#: what the library's are compared with.
/// Nothing here uses the library.
module DL1.Tests.PlainOptimizers

/// The numbers after each gradient, from an update of the step (from 1), the gradient, the number and the state.
let private follow first update (x0: float) (gradients: float list) =
    ((x0, first, 1), gradients)
    ||> List.scan (fun (x, state, t) g ->
        let x, state = update (float t) g x state
        x, state, t + 1)
    |> List.tail
    |> List.map (fun (x, _, _) -> x)

let sgd rate momentum dampening nesterov decay =
    follow None (fun _ g x buffer ->
        let g = g + decay * x

        if momentum = 0.0 then
            x - rate * g, None
        else
            let b =
                match buffer with
                | None -> g
                | Some b -> momentum * b + (1.0 - dampening) * g

            x - rate * (if nesterov then g + momentum * b else b), Some b)

let adam rate b1 b2 eps decay decoupled amsgrad =
    follow (0.0, 0.0, 0.0) (fun t g x (m, v, largest) ->
        let x = if decoupled then x - rate * decay * x else x
        let g = if decoupled then g else g + decay * x
        let m, v = b1 * m + (1.0 - b1) * g, b2 * v + (1.0 - b2) * g * g
        let largest = max largest v
        let mean = m / (1.0 - b1 ** t)
        let square = (if amsgrad then largest else v) / (1.0 - b2 ** t)
        x - rate * mean / (sqrt square + eps), (m, v, largest))

let nadam rate b1 b2 eps decay psi =
    follow (0.0, 0.0, 1.0) (fun t g x (m, v, product) ->
        let mu t = b1 * (1.0 - 0.5 * 0.96 ** (t * psi))
        let g = g + decay * x
        let product = product * mu t
        let m, v = b1 * m + (1.0 - b1) * g, b2 * v + (1.0 - b2) * g * g

        let mean = mu (t + 1.0) * m / (1.0 - product * mu (t + 1.0)) + (1.0 - mu t) * g / (1.0 - product)

        x - rate * mean / (sqrt (v / (1.0 - b2 ** t)) + eps), (m, v, product))

let radam rate b1 b2 eps decay =
    follow (0.0, 0.0) (fun t g x (m, v) ->
        let g = g + decay * x
        let m, v = b1 * m + (1.0 - b1) * g, b2 * v + (1.0 - b2) * g * g
        let mean = m / (1.0 - b1 ** t)
        let longest = 2.0 / (1.0 - b2) - 1.0
        let length = longest - 2.0 * t * b2 ** t / (1.0 - b2 ** t)

        let step =
            if length > 5.0 then
                let r =
                    sqrt (
                        (length - 4.0) * (length - 2.0) * longest
                        / ((longest - 4.0) * (longest - 2.0) * length)
                    )

                mean * r * sqrt (1.0 - b2 ** t) / (sqrt v + eps)
            else
                mean

        x - rate * step, (m, v))

let rmsProp rate alpha eps centered momentum decay =
    follow (0.0, 0.0, 0.0) (fun _ g x (v, mean, buffer) ->
        let g = g + decay * x
        let v = alpha * v + (1.0 - alpha) * g * g
        let mean = if centered then alpha * mean + (1.0 - alpha) * g else 0.0
        let step = g / (sqrt (v - mean * mean) + eps)
        let buffer = momentum * buffer + step
        x - rate * buffer, (v, mean, buffer))

let adagrad rate rateDecay initial eps decay =
    follow initial (fun t g x sum ->
        let g = g + decay * x
        let sum = sum + g * g
        x - rate / (1.0 + (t - 1.0) * rateDecay) * g / (sqrt sum + eps), sum)

let adadelta rate rho eps decay =
    follow (0.0, 0.0) (fun _ g x (v, u) ->
        let g = g + decay * x
        let v = rho * v + (1.0 - rho) * g * g
        let delta = sqrt (u + eps) / sqrt (v + eps) * g
        x - rate * delta, (v, rho * u + (1.0 - rho) * delta * delta))

let adamax rate b1 b2 eps decay =
    follow (0.0, 0.0) (fun t g x (m, u) ->
        let g = g + decay * x
        let m, u = b1 * m + (1.0 - b1) * g, max (b2 * u) (abs g + eps)
        x - rate * m / ((1.0 - b1 ** t) * u), (m, u))

let rprop firstStep shrink grow smallest largest =
    follow (0.0, firstStep) (fun _ g x (previous, size) ->
        let turn = g * previous

        let factor =
            if turn > 0.0 then grow
            elif turn < 0.0 then shrink
            else 1.0

        let size = min largest (max smallest (size * factor))
        let g = if turn < 0.0 then 0.0 else g
        x - float (sign g) * size, (g, size))
