/// Expressions of every form, to be written as text and read back.
module DL1.Tests.ParseExamples

open System
open DL1
open Microsoft.FSharp.Reflection

let x, y = Expr.symbol "x", Expr.symbol "y"
let variable name dims = Expr.variable name DType.F32 dims
let named name dtype dims : Variable = { Name = name; DType = dtype; Shape = Shape.ofList dims }
let m = variable "m" [ 3; 4 ]
let image, kernel = variable "image" [ 2; 4; 7; 6 ], variable "kernel" [ 6; 2; 3; 2 ]

let sweep stride before after dilation =
    { Stride = stride; PadBefore = before; PadAfter = after; Dilation = dilation }

let sweeps = [ sweep 2 1 0 1; sweep 1 0 1 2 ]
let spec: ConvSpec = { Sweeps = sweeps; Groups = 2 }
let convolved = Expr.Make(Node.Conv(ConvRole.Forward, spec, image, kernel))
let window: Window = { Kernel = [ 2; 3 ]; Sweeps = [ sweep 2 1 0 1; sweep 1 0 1 1 ] }
let pooled = Expr.Make(Node.MaxPool(window, image))
let extents (e: Expr) = e.Shape.ToList() |> List.skip 2

let loop reversed : ScanCall<Expr> =
    let h, s, k = variable "h" [ 2 ], variable "a slice" [ 2 ], variable "k" []
    // The step shares a part, and its text is long enough to name it.
    let part = Seq.fold (fun e _ -> tanh (e + h * s)) s (seq { 1..12 })

    {
        Body =
            {
                Carries = [ named "h" DType.F32 [ 2 ] ]
                Slices = [ named "a slice" DType.F32 [ 2 ] ]
                Fixed = [ named "k" DType.F32 [] ]
                Next = [ part * part + k ]
                Outputs = [ part; Expr.sumAll part ]
            }
        Length = 5
        Reversed = reversed
        Initial = [ variable "h" [ 2 ] ]
        Sequences = [ variable "sequence" [ 5; 2 ] ]
        Fixed = [ variable "k" [] ]
    }

let rule: CustomVjp<Expr> =
    let u, g = Expr.variable "u" DType.F32 [ 3; 4 ], Expr.variable "g" DType.F32 []

    {
        Name = "a \"half\" square"
        Inputs = [ named "u" DType.F32 [ 3; 4 ] ]
        Value = Expr.sumAll (u * u) / 2.0
        Cotangent = named "g" DType.F32 []
        Gradients = [ u * g ]
    }

let constants =
    [
        Tensor.ofArray [ 2; 3 ] [| 0.1f; -0.0f; nanf; infinityf; -infinityf; 1e-38f |]
        Tensor.ofArray [ 3 ] [| BitConverter.UInt32BitsToSingle 0x7fc00001u; 1.17e-38f; 16777217.0f |]
        Tensor.ofArray [ 5 ] [| 0.1; -0.0; nan; -infinity; 4.9e-324 |]
        Tensor.ofArray [ 1 ] [| BitConverter.UInt64BitsToDouble 0x7ff8000000000000UL |]
        Tensor.ofArray [ 2 ] [| Int32.MinValue; 7 |]
        Tensor.ofArray [ 2 ] [| Int64.MaxValue; -9007199254740993L |]
        Tensor.ofArray [ 1; 2 ] [| true; false |]
        Tensor.ofArray [ 0; 2 ] ([||]: float32[])
        Tensor.scalar 0.5f
        Tensor.scalar -0.0
        Tensor.scalar nan
        Tensor.scalar -infinity
        Tensor.scalar -3L
        Tensor.scalar true
        Tensor.arange DType.F64 200
    ]
    |> List.map Expr.constant

/// At least one of every form, and of every operation in it.
let examples: Expr list =
    let unaries =
        [
            for case in FSharpType.GetUnionCases typeof<UnaryOp> do
                let op = FSharpValue.MakeUnion(case, [||]) :?> UnaryOp
                Expr.unary op (if op = UnaryOp.Not then x .> 0.0 else x)
        ]

    let binaries =
        [
            for case in FSharpType.GetUnionCases typeof<BinaryOp> do
                let op = FSharpValue.MakeUnion(case, [||]) :?> BinaryOp
                let isTruth = op = BinaryOp.And || op = BinaryOp.Or

                if isTruth then
                    Expr.binary op (x .> 0.0) (y .> 0.0)
                else
                    Expr.binary op x (y - 1.0)
        ]

    let compares =
        [
            for case in FSharpType.GetUnionCases typeof<CompareOp> ->
                Expr.compare (FSharpValue.MakeUnion(case, [||]) :?> CompareOp) x y
        ]

    let reductions =
        [
            for case in FSharpType.GetUnionCases typeof<ReduceOp> do
                let op = FSharpValue.MakeUnion(case, [||]) :?> ReduceOp
                Expr.reduce op [ 0; 1 ] m
                Expr.reduce op [ -1 ] m
        ]

    let indices = Expr.variable "i" DType.I64 [ 5 ]

    constants
    @ unaries
    @ binaries
    @ compares
    @ reductions
    @ [
        x
        m + 1.0
        m * variable "row" [ 4 ] - variable "column" [ 3; 1 ]
        variable "row" [ 4 ] + variable "column" [ 3; 1 ]
        Expr.where (x .> 0.0) x y
        Expr.where (m .> 0.0) m (lit 0.0)
        Expr.cast DType.I32 m
        Expr.argMax 1 m
        Expr.argMin 0 m
        Expr.cumSum 1 m
        Expr.Make(Node.CumSum(0, true, m))
        Expr.argSort 1 m
        Expr.softmax 1 m
        Expr.logSumExp 0 m
        Expr.matmul m m.T
        Expr.matmul (variable "p" [ 2; 3; 4 ]) (variable "q" [ 4; 5 ])
        Expr.broadcastTo [ 2; 3; 4 ] m
        Expr.reshape [ 2; 6 ] m
        Expr.transpose [ 2; 0; 1 ] (variable "p" [ 2; 3; 4 ])
        Expr.slice [ 0; 1 ] [ 3; 4 ] [ 2; 1 ] m
        Expr.pad [ 1; 0 ] [ -1; 2 ] -0.5 m
        Expr.padWith [ { Before = 0; After = 1; Between = 2 }; { Before = 0; After = 0; Between = 0 } ] nan m
        Expr.concat 1 [ m; m; variable "n" [ 3; 1 ] ]
        Expr.reverse [ 0; 1 ] m
        Expr.gather 1 indices m
        Expr.scatterAdd 1 9 indices (variable "updates" [ 3; 5 ])
        convolved
        Expr.Make(Node.Conv(ConvRole.InputGrad(extents image), spec, convolved, kernel))
        Expr.Make(Node.Conv(ConvRole.WeightGrad(extents kernel), spec, image, convolved))
        pooled
        Expr.Make(Node.MaxPoolPick(window, image, image + 1.0))
        Expr.Make(Node.MaxPoolScatter(window, image, pooled))
        Expr.Make(Node.AvgPool(window, image))
        Expr.Make(Node.AvgPoolGrad(window, extents image, pooled))
        Expr.randomBits 3 [ 2; 5 ] (Expr.variable "key" DType.I32 [ 2 ])
        Expr.Make(Node.Scan(0, loop false))
        Expr.Make(Node.Scan(1, loop true))
        Expr.Make(Node.Scan(2, loop false)) + 1.0
        Expr.stopGradient m
        Expr.Make(Node.Custom(rule, [ m ]))
        // Nodes that do nothing are nodes all the same.
        Expr.Make(Node.Reduce(ReduceOp.Sum, [], m))
        Expr.Make(Node.Reshape(m.Shape, m))
        Expr.Make(Node.Transpose([ 0; 1 ], m))
        Expr.Make(Node.Broadcast(m.Shape, m)) + m
        Expr.Make(Node.Cast(DType.F32, m))
        Expr.Make(Node.Concat(0, [ m ]))
        Expr.Make(Node.Reverse([], m))
        Expr.broadcastTo [ 5 ] (variable "one" [ 1 ]) + Expr.broadcastTo [ 5 ] (variable "two" [ 1 ])
        // What precedence, signs and names could get wrong.
        -(lit 2.0)
        -(lit -2.0)
        x - -(lit 2.0)
        -(x * y)
        -x * y
        (lit -2.0) ** x
        -((lit 2.0) ** x)
        x ** -y
        x ** (y ** 2.0)
        (x ** y) ** 2.0
        x - (y - x)
        x / (y / x)
        x / (y * x) * (x / y)
        Expr.equal (x .> 0.0) (y .> 0.0)
        Expr.both (Expr.both (x .> 0.0) (y .> 0.0)) (Expr.either (x .> 0.0) (y .> 0.0))
        Expr.both (x .> 0.0) (Expr.both (y .> 0.0) (x .> 0.0))
        Expr.symbol "sin" * (x + 1.0)
        Expr.symbol "let" + Expr.symbol "and" + Expr.symbol "nan" + Expr.symbol "f32" + Expr.symbol "tensor"
        Expr.symbol "α" * Expr.symbol "0.weight" * Expr.symbol "a \"b\" \\ \n" * Expr.symbol "fc1.weight"
    ]
