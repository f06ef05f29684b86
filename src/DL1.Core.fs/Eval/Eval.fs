namespace DL1

open System
open System.Collections.Generic

/// The meaning of expressions: every node computed in its own type, one after the other, by its definition. Slow and
/// plain on purpose: it is the judge of everything faster.
[<RequireQualifiedAccess>]
module Eval =
    let private unary op (x: Tensor) =
        let elements =
            match x.Elements with
            | Elements.F32 a -> Elements.F32(Array.map (fun v -> float32 (Scalar.unary op (float v))) a)
            | Elements.F64 a -> Elements.F64(Array.map (Scalar.unary op) a)
            | Elements.I32 _
            | Elements.I64 _ ->
                Elements.toIntegers x.Elements
                |> Array.map (Scalar.unaryInteger op)
                |> Elements.ofIntegers x.DType
            | Elements.Bool _ ->
                Elements.toFloats x.Elements |> Array.map (Scalar.unary op) |> Elements.ofFloats x.DType

        Tensor(x.Shape, elements)

    let private binary op (x: Tensor) (y: Tensor) =
        let elements =
            match x.Elements, y.Elements with
            | Elements.F32 a, Elements.F32 b ->
                Elements.F32(Array.map2 (fun v w -> float32 (Scalar.binary op (float v) (float w))) a b)
            | Elements.F64 a, Elements.F64 b -> Elements.F64(Array.map2 (Scalar.binary op) a b)
            | a, b ->
                Array.map2 (Scalar.binaryInteger op) (Elements.toIntegers a) (Elements.toIntegers b)
                |> Elements.ofIntegers x.DType

        Tensor(x.Shape, elements)

    let private compare op (x: Tensor) (y: Tensor) =
        let truths =
            if x.DType.IsFloat then
                Array.map2 (fun (a: float) b -> Scalar.compare op a b) (Tensor.toFloats x) (Tensor.toFloats y)
            else
                Array.map2
                    (fun (a: int64) b -> Scalar.compare op a b)
                    (Elements.toIntegers x.Elements)
                    (Elements.toIntegers y.Elements)

        Tensor(x.Shape, Elements.Bool truths)

    let private select (condition: Tensor) (x: Tensor) (y: Tensor) =
        let places = Tensor.toFloats condition |> Array.mapi (fun i c -> if c <> 0.0 then i else x.Size + i)

        Tensor(x.Shape, Elements.take places (Elements.concat [ x.Elements; y.Elements ]))

    let private matmul (shape: Shape) (x: Tensor) (y: Tensor) =
        let rank = shape.Rank
        let m, n, k = shape[rank - 2], shape[rank - 1], x.Shape[rank - 1]
        let stack = if m * n = 0 then 0 else shape.Size / (m * n)

        // The same three loops for floats and for integers; rows of the result are computed side by side.
        let inline product (a: 'n[]) (b: 'n[]) : 'n[] =
            let result = Array.zeroCreate shape.Size

            let row r =
                for l in 0 .. k - 1 do
                    let left = a[r * k + l]
                    let from, target = (r / m * k + l) * n, r * n

                    for j in 0 .. n - 1 do
                        result[target + j] <- result[target + j] + left * b[from + j]

            Parallelism.forEach (stack * m) row
            result

        if x.DType.IsFloat then
            Tensor(shape, product (Tensor.toFloats x) (Tensor.toFloats y) |> Elements.ofFloats x.DType)
        else
            Tensor(
                shape,
                product (Elements.toIntegers x.Elements) (Elements.toIntegers y.Elements)
                |> Elements.ofIntegers x.DType
            )

    let private scatterAdd (shape: Shape) axis (updates: Tensor) (indices: Tensor) =
        let places = Strided.scatterPlaces shape axis indices
        let result = Array.zeroCreate shape.Size

        if updates.DType.IsFloat then
            Tensor.toFloats updates |> Array.iter2 (fun place u -> result[place] <- result[place] + u) places
            Tensor(shape, Elements.ofFloats updates.DType result)
        else
            let result = Array.zeroCreate shape.Size

            Elements.toIntegers updates.Elements
            |> Array.iter2 (fun place u -> result[place] <- result[place] + u) places

            Tensor(shape, Elements.ofIntegers updates.DType result)

    /// Evaluates graphs whose nodes were put in order before; loops and custom rules evaluate theirs in turn.
    let rec private runOrdered
        (order: Expr[])
        (roots: Expr list)
        (bindings: Dictionary<string, Tensor>)
        : Tensor list =
        let values = Dictionary<Digest, Tensor>()
        let loops = Dictionary<Digest, Tensor list>()
        let value (e: Expr) = values[e.Digest]

        for e in order do
            // What the plain definitions need for an element, between its operands and its result.
            Allocation.require
                "Eval"
                (fun () -> $"{Node.name e.Node} of {e.DType} {e.Shape}")
                (int64 e.Shape.Size * 64L)

            values[e.Digest] <-
                match e.Node with
                | Node.Constant tensor -> tensor
                | Node.Variable v -> lookUp bindings v
                | Node.Unary(op, x) -> unary op (value x)
                | Node.Binary(op, x, y) -> binary op (value x) (value y)
                | Node.Compare(op, x, y) -> compare op (value x) (value y)
                | Node.Select(c, x, y) -> select (value c) (value x) (value y)
                | Node.Cast(dtype, x) -> Tensor.cast dtype (value x)
                | Node.Reduce(op, axes, x) -> Along.reduce op e.Shape axes (value x)
                | Node.ArgReduce(op, axis, x) -> Along.argReduce op e.Shape axis (value x)
                | Node.CumSum(axis, reversed, x) -> Along.cumSum axis reversed (value x)
                | Node.ArgSort(axis, x) -> Along.argSort axis (value x)
                | Node.Softmax(axis, x) -> Along.softmax axis (value x)
                | Node.LogSumExp(axis, x) -> Along.logSumExp e.Shape axis (value x)
                | Node.MatMul(x, y) -> matmul e.Shape (value x) (value y)
                | Node.Broadcast(shape, x) -> Strided.broadcast shape (value x)
                | Node.Reshape(shape, x) -> Tensor(shape, (value x).Elements)
                | Node.Transpose(permutation, x) -> Strided.transpose e.Shape permutation (value x)
                | Node.Slice(cuts, x) -> Strided.slice e.Shape cuts (value x)
                | Node.Pad(edges, fill, x) -> Strided.pad e.Shape edges fill (value x)
                | Node.Concat(axis, xs) -> Strided.concat e.Shape axis (List.map value xs)
                | Node.Reverse(axes, x) -> Strided.reverse axes (value x)
                | Node.Gather(axis, x, i) -> Strided.gather e.Shape axis (value x) (value i)
                | Node.ScatterAdd(axis, _, u, i) -> scatterAdd e.Shape axis (value u) (value i)
                | Node.Conv(role, spec, x, y) -> Windows.conv e.Shape role spec (value x) (value y)
                | Node.MaxPool(window, x) -> Windows.maxPool e.Shape window (value x)
                | Node.MaxPoolPick(window, x, u) -> Windows.maxPoolPick e.Shape window (value x) (value u)
                | Node.MaxPoolScatter(window, x, u) -> Windows.maxPoolScatter window (value x) (value u)
                | Node.AvgPool(window, x) -> Windows.avgPool e.Shape window (value x)
                | Node.AvgPoolGrad(window, _, y) -> Windows.avgPoolGrad e.Shape window (value y)
                | Node.RandomBits(stream, shape, key) ->
                    Tensor(shape, Elements.I32(Key.bits stream shape.Size (Key.ofTensor (value key))))
                | Node.Scan(result, call) ->
                    let loop = Expr.Make(Node.Scan(0, call)).Digest

                    if not (loops.ContainsKey loop) then
                        loops[loop] <- scan value call

                    loops[loop][result]
                | Node.StopGradient x -> value x
                | Node.Custom(rule, xs) ->
                    List.head (
                        bind rule.Inputs (List.map value xs)
                        |> runOrdered (Graph.topological [ rule.Value ]) [ rule.Value ]
                    )

        List.map value roots

    and private lookUp (bindings: Dictionary<string, Tensor>) (v: Variable) =
        match bindings.TryGetValue v.Name with
        | true, t when t.DType = v.DType && t.Shape = v.Shape -> t
        | true, t ->
            Refuse.shape
                "Eval"
                $"{t.DType} {t.Shape} for the variable {v.Name}"
                $"{v.DType} {v.Shape}"
                "cast or reshape the value, or build the graph for its shape"
        | false, _ ->
            let known =
                if bindings.Count = 0 then
                    "nothing"
                else
                    bindings.Keys
                    |> Seq.sortWith (fun a b -> String.CompareOrdinal(a, b))
                    |> String.concat ", "

            Refuse.domain
                "Eval"
                $"no value for the variable {v.Name}; values were given for: {known}"
                $"a value of {v.DType} {v.Shape}"
                $"add (\"{v.Name}\", value) to what is given"

    and private bind (variables: Variable list) (values: Tensor list) =
        let bindings = Dictionary<string, Tensor>()
        List.iter2 (fun (v: Variable) t -> bindings[v.Name] <- t) variables values
        bindings

    and private scan (value: Expr -> Tensor) (call: ScanCall<Expr>) =
        let body = call.Body
        let roots = body.Next @ body.Outputs
        let order = Graph.topological roots
        let sequences = call.Sequences |> List.map value
        let fixed' = call.Fixed |> List.map value

        let at step (t: Tensor) =
            let shape = Shape.removeAxis 0 t.Shape
            Tensor(shape, Elements.take (Array.init shape.Size (fun i -> step * shape.Size + i)) t.Elements)

        let mutable carries = call.Initial |> List.map value
        // Of a loop without outputs, whose steps may be many, nothing is kept.
        let stacks = Array.create (if body.Outputs.IsEmpty then 0 else call.Length) []

        for number in 0 .. call.Length - 1 do
            let step = if call.Reversed then call.Length - 1 - number else number
            let given = carries @ List.map (at step) sequences @ fixed'

            let results = bind (body.Carries @ body.Slices @ body.Fixed) given |> runOrdered order roots

            carries <- List.take carries.Length results

            if stacks.Length > 0 then
                stacks[step] <- List.skip carries.Length results

        let stacked i (e: Expr) =
            let shape = Shape.insertAxis 0 call.Length e.Shape

            if call.Length = 0 then
                Tensor.zeros e.DType (shape.ToList())
            else
                let parts = stacks |> Array.map (fun outputs -> (List.item i outputs: Tensor).Elements)
                Tensor(shape, Elements.concat (List.ofArray parts))

        carries @ List.mapi stacked body.Outputs

    /// Each variable of the graph must be an input, and each input named once.
    let internal requireInputs operation (inputs: Variable list) (needed: Variable list) =
        let names = inputs |> List.map _.Name

        if (HashSet names).Count < names.Length then
            for name, times in List.countBy id names do
                if times > 1 then
                    Refuse.domain
                        operation
                        $"%d{times} inputs named {name}"
                        "a name of its own for each input"
                        "name an input once; where two trees of variables have the same paths, put another name before those of one"

        for v in needed do
            match inputs |> List.tryFind (fun i -> i.Name = v.Name) with
            | Some input when input = v -> ()
            | Some input ->
                Refuse.shape
                    operation
                    $"the input {v.Name}: {input.DType} {input.Shape}"
                    $"{v.DType} {v.Shape}, as the graph has it"
                    "make the variable once, and use it in both places"
            | None ->
                let given = if names.IsEmpty then "none" else String.concat ", " names

                Refuse.domain
                    operation
                    $"no input for the variable {v.Name}: {v.DType} {v.Shape}; the inputs are: {given}"
                    "every variable of the graph among the inputs"
                    $"add {v.Name} to the inputs"

    let private runNamed order roots bindings =
        try
            runOrdered order roots bindings
        with :? OutOfMemoryException ->
            Allocation.failed "Eval"

    /// A function from the values of variables, in the order given, to the values of the roots. The graph is put in
    /// order once. `let f = Eval.prepare inputs [ x * y ]` then `f [ Tensor.scalar 3.0; Tensor.scalar 4.0 ]`. Another
    /// number of values is a `DomainError`, and so is a variable that is not among the inputs.
    let prepare (inputs: Variable list) (roots: Expr list) : Tensor list -> Tensor list =
        requireInputs "Eval.prepare" inputs (Graph.variables roots)
        let order = Graph.topological roots

        fun values ->
            if values.Length <> inputs.Length then
                Refuse.domain
                    "Eval"
                    $"%d{values.Length} values"
                    $"%d{inputs.Length}, one for each input"
                    "give the values in the order of the inputs"

            runNamed order roots (bind inputs values)

    /// The values of variables among those given by name, in the order of the variables; refused as by `many`.
    let internal valuesOf (bindings: (string * Tensor) list) (variables: Variable list) : Tensor list =
        let values = Dictionary<string, Tensor>()

        for name, value in bindings do
            values[name] <- value

        variables |> List.map (lookUp values)

    /// The values of several expressions where the variables have the values given by name: a missing one is a
    /// `DomainError`, another type or shape a `ShapeError`. `Eval.many [ "x", Tensor.scalar 2.0 ] [ x; x * x ]`
    let many (bindings: (string * Tensor) list) (roots: Expr list) : Tensor list =
        Graph.variables roots |> ignore
        let values = Dictionary<string, Tensor>()

        for name, value in bindings do
            values[name] <- value

        runNamed (Graph.topological roots) roots values

    /// The value of an expression where the variables have the values given by name.
    /// `Eval.run [ "x", Tensor.scalar 2.0 ] (x * x)` is 4.
    let run (bindings: (string * Tensor) list) (root: Expr) : Tensor = List.head (many bindings [ root ])
