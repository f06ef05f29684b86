/// Single operations, value and gradient both written, the cotangent an input.
module DL1.Bench.Kernels

open DL1
open DL1.Bench.Step

let private graph (inputs: (Variable * Tensor) list) outputs : Step =
    let values = inputs |> List.map snd |> Array.ofList

    {
        State = []
        Next = []
        Inputs = List.map fst inputs
        Outputs = outputs
        Feed = fun _ -> values
    }

let private input name (t: Tensor) =
    let v = variable name t
    (v, t), Expr.ofVariable v

let private normal dims seed = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed seed)

/// The value of a function, and its derivatives by its arguments.
let private both (f: Expr list -> Expr) (arguments: (string * Tensor) list) =
    let inputs, xs = arguments |> List.map (fun (name, t) -> input name t) |> List.unzip
    let y = f xs
    let cotangent, g = input "cotangent" (normal (y.Shape.ToList()) 9L)
    graph (inputs @ [ cotangent ]) (y :: Grad.vjp [ y ] [ g ] xs)

let elementwise count =
    both (fun xs -> Expr.sigmoid (xs[0] * 0.7 + 0.1) * tanh xs[0]) [ "x", normal [ count ] 1L ]

/// The same with a weight and a bias for each element, and their gradients.
let elementwiseVectors count =
    both
        (fun xs -> Expr.sigmoid (xs[0] * xs[1] + xs[2]) * tanh xs[0])
        [ "x", normal [ count ] 1L; "w", normal [ count ] 2L; "b", normal [ count ] 3L ]

let gelu dims = both (fun xs -> Elementwise.gelu xs[0]) [ "x", normal dims 1L ]
let softmax dims = both (fun xs -> Expr.softmax -1 xs[0]) [ "x", normal dims 1L ]

let private convolve (xs: Expr list) = Convolution.conv Convolution.options xs[0] xs[1]

/// 32 to 64 channels, 3x3, over 26x26.
let private convArguments batch = [ "x", normal [ batch; 32; 26; 26 ] 1L; "w", normal [ 64; 32; 3; 3 ] 2L ]

let convForward batch =
    let inputs, xs = convArguments batch |> List.map (fun (name, t) -> input name t) |> List.unzip
    graph inputs [ convolve xs ]

let convBoth batch = both convolve (convArguments batch)
