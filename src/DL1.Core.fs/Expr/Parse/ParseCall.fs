namespace DL1

open System.Collections.Generic

/// What each name stands for.
module internal ParseCall =
    let private unaries =
        [
            UnaryOp.Neg
            UnaryOp.Abs
            UnaryOp.Sign
            UnaryOp.Floor
            UnaryOp.Ceiling
            UnaryOp.Round
            UnaryOp.Exp
            UnaryOp.Expm1
            UnaryOp.Log
            UnaryOp.Log1p
            UnaryOp.Sqrt
            UnaryOp.Rsqrt
            UnaryOp.Reciprocal
            UnaryOp.Sin
            UnaryOp.Cos
            UnaryOp.Tan
            UnaryOp.Asin
            UnaryOp.Acos
            UnaryOp.Atan
            UnaryOp.Sinh
            UnaryOp.Cosh
            UnaryOp.Tanh
            UnaryOp.Sigmoid
            UnaryOp.Softplus
            UnaryOp.Erf
            UnaryOp.Relu
            UnaryOp.Not
        ]

    let private binaries =
        [
            BinaryOp.Add
            BinaryOp.Sub
            BinaryOp.Mul
            BinaryOp.Div
            BinaryOp.Pow
            BinaryOp.Max
            BinaryOp.Min
            BinaryOp.And
            BinaryOp.Or
        ]

    let private compares =
        [ CompareOp.Eq; CompareOp.Ne; CompareOp.Lt; CompareOp.Le; CompareOp.Gt; CompareOp.Ge ]

    let private reductions = [ ReduceOp.Sum; ReduceOp.Prod; ReduceOp.Max; ReduceOp.Min ]

    // A node exactly as written: nothing is left out because it does nothing.
    let private make (node: Node<Expr>) = Expr.Make node

    let private sweeps (c: Call) (rank: int) : Sweep list =
        let each value = List.replicate (max 0 rank) value
        let stride = c.IntsOr("stride", each 1)
        let before = c.IntsOr("pad_before", each 0)
        let after = c.IntsOr("pad_after", each 0)
        let dilation = c.IntsOr("dilation", each 1)
        let lengths = [ before.Length; after.Length; dilation.Length ]

        if lengths |> List.exists ((<>) stride.Length) then
            c.Refuse(
                $"{c.Name} with lists of different lengths",
                "as many strides as paddings and dilations",
                "give one of each for every spatial axis"
            )

        [
            for i in 0 .. stride.Length - 1 ->
                { Stride = stride[i]; PadBefore = before[i]; PadAfter = after[i]; Dilation = dilation[i] }
        ]

    let private window (c: Call) : Window =
        let kernel = c.Ints "kernel"
        { Kernel = kernel; Sweeps = sweeps c kernel.Length }

    let private conv role (c: Call) =
        let x, y = c.Two
        let sweeps = sweeps c (x.Shape.Rank - 2)
        make (Node.Conv(role c, { Sweeps = sweeps; Groups = c.IntOr("groups", 1) }, x, y))

    let private reduce op (c: Call) =
        let x = c.One
        let axes = c.IntsOr("axes", [ 0 .. x.Shape.Rank - 1 ])
        make (Node.Reduce(op, axes |> List.map (fun a -> c.Axis(x, a)), x))

    let private alongAxis (form: int * Expr -> Node<Expr>) (c: Call) =
        let x = c.One
        make (form (c.Axis(x, c.Int "axis"), x))

    let private reshape (c: Call) =
        let x = c.One
        let dims = c.Ints "shape"

        if List.contains -1 dims then
            Expr.reshape dims x
        else
            make (Node.Reshape(Shape.ofList dims, x))

    let private slice (c: Call) =
        let x = c.One
        let starts, stops = c.Ints "start", c.Ints "stop"
        let steps = c.IntsOr("step", starts |> List.map (fun _ -> 1))

        if starts.Length <> stops.Length || starts.Length <> steps.Length then
            c.Refuse(
                "slice with lists of different lengths",
                "a start, a stop and a step for each axis",
                "write start=[0, 1], stop=[2, 3], step=[1, 1]"
            )

        let cut start stop step = { Start = start; Stop = stop; Step = step }
        make (Node.Slice(List.map3 cut starts stops steps, x))

    let private pad (number: int -> string -> float) (c: Call) =
        let x = c.One
        let before, after = c.Ints "before", c.Ints "after"
        let between = c.IntsOr("between", before |> List.map (fun _ -> 0))
        let at, value = c.Float "value"

        if before.Length <> after.Length || before.Length <> between.Length then
            c.Refuse(
                "pad with lists of different lengths",
                "edges before, after and between for each axis",
                "write before=[0, 1], after=[0, 1]"
            )

        let edge b a m = { Before = b; After = a; Between = m }
        make (Node.Pad(List.map3 edge before after between, number at value, x))

    let private scan (c: Call) =
        let carries, slices, fixed' = c.Variables "carries", c.Variables "slices", c.Variables "fixed"

        if c.All.Length <> carries.Length + slices.Length + fixed'.Length then
            c.Counted(
                "an operand for each carry, slice and fixed variable",
                "give the initial carries first, then the sequences, then what is fixed"
            )

        let initial, rest = List.splitAt carries.Length c.All
        let sequences, constants = List.splitAt slices.Length rest

        let body: ScanBody<Expr> =
            {
                Carries = carries
                Slices = slices
                Fixed = fixed'
                Next = c.Graphs "next"
                Outputs = c.Graphs "outputs"
            }

        let call: ScanCall<Expr> =
            {
                Body = body
                Length = c.Int "length"
                Reversed = c.Flag "reversed"
                Initial = initial
                Sequences = sequences
                Fixed = constants
            }

        make (Node.Scan(c.Int "result", call))

    let private custom (c: Call) =
        let one (key: string) (found: 'a list) =
            match found with
            | [ x ] -> x
            | _ ->
                c.Refuse(
                    $"custom with %d{found.Length} in {key}",
                    $"one in {key}",
                    $"give exactly one in {key}"
                )

        let rule: CustomVjp<Expr> =
            {
                Name = c.Text "name"
                Inputs = c.Variables "inputs"
                Value = one "value" (c.Graphs "value")
                Cotangent = one "cotangent" (c.Variables "cotangent")
                Gradients = c.Graphs "gradients"
            }

        make (Node.Custom(rule, c.All))

    /// Every function by name. Numbers inside attributes are read by the function given.
    let functions (number: int -> string -> float) : Dictionary<string, Call -> Expr> =
        let table = Dictionary<string, Call -> Expr>()
        let add name (build: Call -> Expr) = table[name] <- build

        for op in unaries do
            add (Node.unaryName op) (fun c -> Expr.unary op c.One)

        for op in binaries do
            add (Node.binaryName op) (fun c -> c.Two ||> Expr.binary op)

        for op in compares do
            add (Node.compareName op) (fun c -> c.Two ||> Expr.compare op)

        for op in reductions do
            add (Node.reduceName op) (reduce op)

        // Of two operands, the larger and the smaller by element.
        for reduction, op in [ ReduceOp.Max, BinaryOp.Max; ReduceOp.Min, BinaryOp.Min ] do
            add (Node.reduceName reduction) (fun c ->
                match c.All with
                | [ x; y ] -> Expr.binary op x y
                | _ -> reduce reduction c)

        // What is composed of primitives, by the names that users look for.
        for name, f in
            [
                "ceil", ceil
                "trunc", Elementwise.truncate
                "cbrt", (fun x -> Expr.unary UnaryOp.Sign x * Expr.Pow(abs x, 1.0 / 3.0))
                "log2", Special.log2
                "log10", Special.log10
                "exp2", Special.exp2
                "asinh", Special.asinh
                "acosh", Special.acosh
                "atanh", Special.atanh
                "erfc", Special.erfc
                "logit", Special.logit
                "sinc", Special.sinc
            ] do
            add name (fun c -> f c.One)

        add "atan2" (fun c -> c.Two ||> Special.atan2)

        add "log" (fun c ->
            match c.All with
            | [ x; numberBase ] -> log x / log numberBase
            | _ -> log c.One)

        add "clamp" (fun c ->
            let x, low, high = c.Three
            Expr.where (x .< low) low (Expr.where (x .> high) high x))

        add "where" (fun c -> c.Three |||> Expr.where)
        add "cast" (fun c -> make (Node.Cast(c.Type "type", c.One)))
        add "argmax" (alongAxis (fun (axis, x) -> Node.ArgReduce(ArgOp.Max, axis, x)))
        add "argmin" (alongAxis (fun (axis, x) -> Node.ArgReduce(ArgOp.Min, axis, x)))
        add "cumsum" (fun c -> alongAxis (fun (axis, x) -> Node.CumSum(axis, c.Flag "reversed", x)) c)
        add "argsort" (alongAxis Node.ArgSort)
        add "softmax" (alongAxis Node.Softmax)
        add "logsumexp" (alongAxis Node.LogSumExp)
        add "matmul" (fun c -> c.Two ||> Expr.matmul)
        add "broadcast" (fun c -> make (Node.Broadcast(Shape.ofList (c.Ints "shape"), c.One)))
        add "reshape" reshape
        add "transpose" (fun c -> make (Node.Transpose(c.Ints "permutation", c.One)))
        add "slice" slice
        add "pad" (pad number)
        add "concat" (fun c -> make (Node.Concat(c.Int "axis", c.All)))
        add "reverse" (fun c -> make (Node.Reverse(c.Ints "axes", c.One)))

        add "gather" (fun c ->
            let x, indices = c.Two
            make (Node.Gather(c.Axis(x, c.Int "axis"), x, indices)))

        add "scatter_add" (fun c ->
            let updates, indices = c.Two
            make (Node.ScatterAdd(c.Int "axis", c.Int "extent", updates, indices)))

        add "conv" (conv (fun _ -> ConvRole.Forward))
        add "conv_input_grad" (conv (fun c -> ConvRole.InputGrad(c.Ints "spatial")))
        add "conv_weight_grad" (conv (fun c -> ConvRole.WeightGrad(c.Ints "kernel")))
        add "max_pool" (fun c -> make (Node.MaxPool(window c, c.One)))

        add "max_pool_pick" (fun c ->
            let x, y = c.Two
            make (Node.MaxPoolPick(window c, x, y)))

        add "max_pool_scatter" (fun c ->
            let x, y = c.Two
            make (Node.MaxPoolScatter(window c, x, y)))

        add "avg_pool" (fun c -> make (Node.AvgPool(window c, c.One)))
        add "avg_pool_grad" (fun c -> make (Node.AvgPoolGrad(window c, c.Ints "spatial", c.One)))

        add "random_bits" (fun c ->
            make (Node.RandomBits(c.Int "stream", Shape.ofList (c.Ints "shape"), c.One)))

        add "scan" scan
        add "stop_gradient" (fun c -> make (Node.StopGradient c.One))
        add "custom" custom
        table
