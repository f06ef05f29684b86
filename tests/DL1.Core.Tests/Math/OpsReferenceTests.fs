/// Every case of the reference operations, computed by PyTorch in float64: values and all gradients, to 1e-10.
module DL1.Tests.OpsReferenceTests

open System
open System.IO
open System.Text.Json
open DL1
open DL1.Tests.Numbers
open Expecto

let private path = Path.Combine(AppContext.BaseDirectory, "fixtures", "ops.json")

let private cases =
    use document = JsonDocument.Parse(File.ReadAllText path)
    [ for case in document.RootElement.GetProperty("cases").EnumerateArray() -> case.Clone() ]

let private ints (e: JsonElement) = [ for v in e.EnumerateArray() -> v.GetInt32() ]

let private tensor (e: JsonElement) =
    let dims = ints (e.GetProperty "shape")
    let data = [| for v in e.GetProperty("data").EnumerateArray() -> v.GetDouble() |]
    Tensor.ofArray dims data

/// The attributes of a case. Each one that is read is noted, so that none is overlooked.
type private Attributes(case: JsonElement) =
    let attrs = case.GetProperty "attrs"
    let read = Collections.Generic.HashSet<string>()

    let find (name: string) =
        read.Add name |> ignore

        match attrs.TryGetProperty name with
        | true, e -> Some e
        | false, _ -> None

    member _.Int name = (find name).Value.GetInt32()
    member _.IntOr(name, standard) = find name |> Option.map _.GetInt32() |> Option.defaultValue standard
    member _.Float name = (find name).Value.GetDouble()
    member _.Flag name = (find name).Value.GetBoolean()
    member _.Ints name = ints (find name).Value

    /// Says a thing that is so here in any case.
    member _.Known names =
        for name in names do
            find name |> ignore

    member _.Unread =
        [
            for p in attrs.EnumerateObject() do
                if not (read.Contains p.Name) then
                    p.Name
        ]

let private window (a: Attributes) =
    a.Known [ "layout" ]

    { Convolution.options with
        Stride = [ a.IntOr("stride", 1) ]
        Padding = [ a.IntOr("padding", 0) ]
        Dilation = [ a.IntOr("dilation", 1) ]
        Groups = a.IntOr("groups", 1)
    }

/// What a name of the reference is called here. A name that is not listed fails its case.
let private apply (name: string) (a: Attributes) (xs: Map<string, Expr>) : Expr =
    let x = xs["x"]
    let y () = xs["y"]

    let reduced (reduction: int list -> Expr -> Expr) =
        let axes = [ a.Int "axis" ]
        if a.Flag "keepdims" then Reduce.keepDims reduction axes x else reduction axes x

    match name with
    | "exp" -> exp x
    | "log" -> log x
    | "log1p" -> Expr.log1p x
    | "expm1" -> Expr.expm1 x
    | "sin" -> sin x
    | "cos" -> cos x
    | "tan" -> tan x
    | "tanh" -> tanh x
    | "sigmoid" -> Expr.sigmoid x
    | "sqrt" -> sqrt x
    | "rsqrt" -> Expr.rsqrt x
    | "abs" -> abs x
    | "neg" -> -x
    | "reciprocal" -> Expr.reciprocal x
    | "erf" -> Expr.erf x
    | "softplus" -> Expr.softplus x
    | "relu" -> Expr.relu x
    | "leaky_relu" -> Elementwise.leakyRelu (a.Float "negative_slope") x
    | "elu" -> Elementwise.elu 1.0 x
    | "selu" -> Elementwise.selu x
    | "gelu" -> Elementwise.gelu x
    | "silu" -> Elementwise.silu x
    | "mish" -> Elementwise.mish x
    | "hardtanh" -> Elementwise.hardtanh x
    | "softsign" -> Elementwise.softsign x
    | "sinh" -> sinh x
    | "cosh" -> cosh x
    | "atan" -> atan x
    | "square" -> Elementwise.square x
    | "add" -> x + y ()
    | "sub" -> x - y ()
    | "mul" -> x * y ()
    | "div" -> x / y ()
    | "maximum" -> Expr.maximum x (y ())
    | "minimum" -> Expr.minimum x (y ())
    | "pow" -> x ** y ()
    | "sum" -> reduced Expr.sum
    | "mean" -> reduced Reduce.mean
    | "amax" -> reduced Expr.max
    | "amin" -> reduced Expr.min
    | "prod" -> reduced Expr.prod
    | "logsumexp" -> reduced (fun axes x -> Expr.logSumExp (List.exactlyOne axes) x)
    | "var" -> reduced (Reduce.variance (a.Int "ddof"))
    | "std" -> reduced (Reduce.deviation (a.Int "ddof"))
    | "softmax" -> Expr.softmax (a.Int "axis") x
    | "log_softmax" -> Reduce.logSoftmax (a.Int "axis") x
    | "cumsum" -> Expr.cumSum (a.Int "axis") x
    | "matmul" ->
        a.Known [ "batched"; "broadcast" ]
        Expr.matmul x (y ())
    | "transpose" -> Expr.transpose (a.Ints "perm") x
    | "reshape" -> Expr.reshape (a.Ints "shape") x
    | "slice" -> Expr.slice (a.Ints "starts") (a.Ints "stops") (a.Ints "steps") x
    | "concat" -> Expr.concat (a.Int "axis") [ x; y () ]
    | "stack" -> Expr.stack (a.Int "axis") [ x; y () ]
    | "pad" -> Expr.pad (a.Ints "before") (a.Ints "after") (a.Float "value") x
    | "where" ->
        a.Known [ "condition" ]
        Expr.where (x .> 0.0) x (y ())
    | "gather_rows" -> Expr.gather 0 (Expr.cast DType.I64 xs["index"]) x
    | "flip" -> Expr.reverse [ a.Int "axis" ] x
    | "conv1d"
    | "conv2d" -> Convolution.conv (window a) x xs["w"] |> Convolution.addBias xs["b"]
    | "conv_transpose2d" ->
        Convolution.convTranspose (window a) [ a.Int "output_padding" ] x xs["w"]
        |> Convolution.addBias xs["b"]
    | "max_pool2d" -> Convolution.maxPool [ a.Int "kernel" ] (window a) x
    | "avg_pool2d" -> Convolution.avgPool [ a.Int "kernel" ] (window a) x
    | other -> failtest $"the reference operation {other} has no counterpart"

let private check (case: JsonElement) =
    let inputs = [ for p in case.GetProperty("inputs").EnumerateObject() -> p.Name, tensor p.Value ]

    let variables =
        inputs |> List.map (fun (name, t) -> name, Expr.variable name DType.F64 (t.Shape.ToList()))

    let attributes = Attributes case
    let output = apply (string (case.GetProperty "name")) attributes (Map.ofList variables)
    Expect.isEmpty attributes.Unread "every attribute is used"
    let grads = [ for p in case.GetProperty("grads").EnumerateObject() -> p.Name, tensor p.Value ]
    let wrt = grads |> List.map (fun (name, _) -> (Map.ofList variables)[name])
    let cotangent = Expr.constant (tensor (case.GetProperty "cotangent"))
    let found = Eval.many inputs (output :: Grad.vjp [ output ] [ cotangent ] wrt)
    expectClose 1e-10 (tensor (case.GetProperty "output")) found.Head "the value"
    Expect.isNonEmpty grads "there are gradients"

    for (name, expected), g in List.zip grads found.Tail do
        expectClose 1e-10 expected g $"the gradient of {name}"

/// `conv2d x [2, 4, 6, 7] w [6, 4, 3, 3] b [6] stride 2 padding 1 ...`
let private title number (case: JsonElement) =
    let shapes =
        [ for p in case.GetProperty("inputs").EnumerateObject() -> $"{p.Name} {(tensor p.Value).Shape}" ]

    let attrs = [ for p in case.GetProperty("attrs").EnumerateObject() -> $"{p.Name} {p.Value}" ]
    let words = string (case.GetProperty "name") :: shapes @ attrs
    $"%03d{number} " + String.Join(" ", words)

let tests =
    testList
        "reference operations"
        [
            test "all 111 cases are there" { Expect.equal cases.Length 111 "the number of cases" }
            for number, case in List.indexed cases do
                test (title number case) { check case }
        ]
