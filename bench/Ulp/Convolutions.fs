/// Errors of 3×3 convolutions, in Winograd's tiles and direct, against the definition in f64.
module DL1.Bench.Convolutions

open DL1

let private samples, channels, outputs, extent = 8, 32, 64, 22

/// A convolution and its gradients for some samples, in f32 or f64.
let private graph dtype samples =
    let x = Expr.variable "x" dtype [ samples; channels; extent; extent ]
    let w = Expr.variable "w" dtype [ outputs; channels; 3; 3 ]
    let dy = Expr.variable "dy" dtype [ samples; outputs; extent - 2; extent - 2 ]
    let y = Convolution.conv Convolution.options x w
    let gradient = Grad.grad (Expr.sumAll (y * dy)) [ x; w ]

    let variable (e: Expr) : Variable = { Name = e.Label; DType = e.DType; Shape = e.Shape }

    List.map variable [ x; w; dy ], y :: gradient

let private errors name (found: Tensor list) (exact: Tensor list) =
    for role, found, exact in List.zip3 [ "forward"; "input gradient"; "weight gradient" ] found exact do
        let found, exact = Tensor.toFloats found, Tensor.toFloats exact
        let rms (values: float[]) = sqrt (Array.averageBy (fun v -> v * v) values)
        let errors = Array.map2 (-) found exact
        let worst = errors |> Array.map abs |> Array.max
        let size = rms exact
        printfn $"{name, -8} {role, -15} rms error {rms errors / size:E2}, greatest {worst / size:E2}"

/// Normal places and cotangents, weights by He; errors by the root mean square of the results.
let report () =
    let key = Key.ofSeed 1L
    let normal n scale dims = Key.normal 0.0 scale DType.F32 dims (Key.fold n key)
    let x = normal 0 1.0 [ samples; channels; extent; extent ]
    let w = normal 1 (sqrt (2.0 / float (9 * channels))) [ outputs; channels; 3; 3 ]
    let dy = normal 2 1.0 [ samples; outputs; extent - 2; extent - 2 ]
    let inputs, roots = graph DType.F64 samples
    let exact = Eval.prepare inputs roots ([ x; w; dy ] |> List.map (Tensor.cast DType.F64))
    let inputs, roots = graph DType.F32 samples
    errors "in tiles" (Compile.prepare inputs roots [ x; w; dy ]) exact
    // One sample has too few tiles.
    let inputs, roots = graph DType.F32 1
    let one = Compile.prepare inputs roots

    let part i (t: Tensor) =
        let each = t.Shape.Size / samples
        let values = Tensor.toFloats t |> Array.skip (i * each) |> Array.truncate each
        Tensor.ofArray (1 :: List.tail (t.Shape.ToList())) (Array.map float32 values)

    let parts = [ for i in 0 .. samples - 1 -> one [ part i x; w; part i dy ] ]

    let joined role =
        let values = parts |> List.map (List.item role >> Tensor.toFloats) |> Array.concat
        Tensor.ofArray (exact[role].Shape.ToList()) (Array.map float32 values)

    // Gradients of weights are sums over the samples.
    let sum = parts |> List.map (List.item 2 >> Tensor.toFloats) |> List.reduce (Array.map2 (+))
    let sum = Tensor.ofArray (exact[2].Shape.ToList()) (Array.map float32 sum)
    errors "direct" [ joined 0; joined 1; sum ] exact
