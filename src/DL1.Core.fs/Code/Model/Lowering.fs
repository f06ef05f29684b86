namespace DL1.Compiler.Source

open System.Collections.Generic
open DL1

/// Each form of a graph as steps of a program.
module internal Lowering =
    let private refuse (what: string) (cure: string) : 'a =
        Refuse.domain "ToCSharp" what "a graph of which C# can be written" cure

    let private number (scope: GraphScope) (target: View) (value: float) =
        scope.Fill(
            "Clear",
            "",
            target.Dims,
            target,
            Scalar.Number(target.DType, Literal.number target.DType value)
        )

        target

    let rec private heavy
        (loops: Dictionary<Digest, View list>)
        (scope: GraphScope)
        (e: Expr)
        (target: View)
        : View =
        match e.Node with
        | Node.Reduce(op, axes, x) -> AxisSteps.reduce scope e op axes x target
        | Node.ArgReduce(op, axis, x) -> AxisSteps.argReduce scope e op axis x target
        | Node.CumSum(axis, reversed, x) -> AxisSteps.cumSum scope e axis reversed x target
        | Node.ArgSort(axis, x) -> AxisSteps.argSort scope e axis x target
        | Node.MatMul(x, y) -> ProductSteps.matmul scope e x y target
        | Node.Conv(ConvRole.Forward, spec, x, w) -> ProductSteps.conv scope e spec x w target
        | Node.MaxPool(window, x) -> WindowSteps.maxPool scope e window x target
        | Node.AvgPool(window, x) -> WindowSteps.avgPool scope e window x target
        | Node.MaxPoolPick(window, x, u) -> WindowSteps.maxPoolPick scope e window x u target
        | Node.MaxPoolScatter(window, x, u) -> WindowSteps.maxPoolScatter scope e window x u target
        | Node.Gather(axis, x, indices) -> MovementSteps.gather scope e axis x indices target
        | Node.ScatterAdd(axis, extent, u, indices) ->
            MovementSteps.scatterAdd scope e axis extent u indices target
        | Node.Pad(edges, value, x) -> MovementSteps.pad scope e edges value x target
        | Node.Concat(axis, xs) -> MovementSteps.concat scope axis xs target
        | Node.Scan(result, call) -> (loop loops scope e call)[result]
        // Others were rewritten, but for those over nothing.
        | Node.Conv _
        | Node.AvgPoolGrad _
        | Node.Softmax _ -> number scope target 0.0
        | Node.LogSumExp _ -> number scope target -infinity
        | Node.RandomBits _ ->
            refuse
                "a model that draws random numbers"
                "write the model in inference, where dropout draws nothing, or give the numbers as an input"
        | Node.Constant _
        | Node.Variable _
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.Cast _
        | Node.Broadcast _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _
        | Node.Reverse _
        | Node.StopGradient _
        | Node.Custom _ ->
            scope.CopyTo(e, target)
            target

    /// A loop: the carries are buffers that a step reads, and that are written when it has computed all of the next ones.
    and private loop
        (loops: Dictionary<Digest, View list>)
        (scope: GraphScope)
        (e: Expr)
        (call: ScanCall<Expr>)
        : View list =
        let key = Expr.Make(Node.Scan(0, call)).Digest

        match loops.TryGetValue key with
        | true, found -> found
        | false, _ ->
            let builder = scope.Builder
            let body = call.Body

            let carries =
                call.Initial
                |> List.map (fun x ->
                    let carry = builder.Buffer(x.DType, x.Shape.ToList())
                    scope.CopyTo(x, carry)
                    carry)

            let sequences = call.Sequences |> List.map scope.View

            // Constants are put into the body, where more can be computed now: a transposed matrix, for one.
            let known, given =
                List.zip body.Fixed call.Fixed |> List.partition (fun (_, e) -> Prepare.isConstant e)

            let constants = given |> List.map (fun (_, e) -> scope.View e)
            let roots = Rebuild.substitute known (body.Next @ body.Outputs) |> Prepare.run
            let next, outputs = List.splitAt body.Next.Length roots

            let stacks =
                outputs |> List.map (fun o -> builder.Buffer(o.DType, call.Length :: o.Shape.ToList()))

            if call.Length > 0 then
                builder.Loop(
                    call.Length,
                    call.Reversed,
                    fun counter ->
                        let variables = Dictionary<string, View>()

                        let bind (names: Variable list) (views: View list) =
                            List.iter2 (fun (v: Variable) view -> variables[v.Name] <- view) names views

                        bind body.Carries carries
                        bind body.Slices (sequences |> List.map (View.step counter))
                        bind (List.map fst given) constants
                        let inner = GraphScope(heavy (Dictionary()), builder, variables, roots)

                        for o, stack in List.zip outputs stacks do
                            inner.Root(o, View.step counter stack)

                        let found =
                            List.zip next carries
                            |> List.map (fun (n, carry) ->
                                let view = inner.View n

                                // A carry that is handed on as another is overwritten before that one reads it.
                                if
                                    List.exists (fun (c: View) -> c.Slot = view.Slot && c <> carry) carries
                                then
                                    let copy = builder.Buffer(view.DType, view.Dims)
                                    inner.CopyTo(n, copy)
                                    copy
                                else
                                    view)

                        for view, carry in List.zip found carries do
                            if view <> carry then
                                let axes = view.Dims.Length

                                let index =
                                    List.init axes (fun i ->
                                        {
                                            Base = 0
                                            Factors = List.init axes (fun j -> if i = j then 1 else 0)
                                        })

                                // A turned or shifted view of a carry onto itself needs a copy between.
                                let view =
                                    if view.Slot = carry.Slot then
                                        let copy = builder.Buffer(view.DType, view.Dims)

                                        inner.Fill(
                                            "Copy",
                                            "",
                                            view.Dims,
                                            copy,
                                            Scalar.Read(View.at index axes view)
                                        )

                                        copy
                                    else
                                        view

                                inner.Fill("Copy", "", view.Dims, carry, Scalar.Read(View.at index axes view))
                )

            loops[key] <- carries @ stacks
            loops[key]

    /// Writes a graph: each root into its output.
    let run
        (builder: ProgramBuilder)
        (variables: IReadOnlyDictionary<string, View>)
        (roots: Expr list)
        : unit =
        let scope = GraphScope(heavy (Dictionary()), builder, variables, roots)

        roots
        |> List.iteri (fun i root ->
            scope.Root(root, View.whole (Slot.Result i) root.DType (root.Shape.ToList())))
