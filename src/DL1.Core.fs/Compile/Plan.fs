namespace DL1

// Products read and write tensors where they lie, by address.
#nowarn "9"

open System
open System.Collections.Generic
open System.Runtime.CompilerServices
open System.Threading.Tasks

/// What one step of a plan does.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal PlanStep =
    /// A value given when the plan runs.
    | Input of int
    | Constant of Tensor
    /// The same elements in another shape: nothing is done.
    | View of source: int
    /// A group of elementwise nodes in one pass.
    | Fused of FusedGroup * Walk * FusedPass * sources: int[]
    /// A product of matrices, each turned around or not.
    | Product of left: int * turnLeft: bool * right: int * turnRight: bool
    /// A sum over neighbouring axes, as (outer, reduced, inner).
    | Sum of source: int * struct (int * int * int)
    /// One node by its definition in Eval: what has no kernel yet.
    | Defined of (Tensor list -> Tensor list) * sources: int[]

/// A graph made ready to run: steps in order, each giving the value of one node.
[<NoEquality; NoComparison>]
type internal Plan = { Nodes: Expr[]; Steps: PlanStep[]; Outputs: int[]; Inputs: Variable list }

/// Planning and running.
[<RequireQualifiedAccess>]
module internal Plan =
    let private array (t: Tensor) : Array =
        match t.Elements with
        | Elements.F32 a -> a
        | Elements.F64 a -> a
        | Elements.I32 a -> a
        | Elements.I64 a -> a
        | Elements.Bool a -> a

    let private empty (dtype: DType) (count: int) : Elements =
        match dtype with
        | DType.F32 -> Elements.F32(GC.AllocateUninitializedArray count)
        | DType.F64 -> Elements.F64(GC.AllocateUninitializedArray count)
        | DType.I32 -> Elements.I32(GC.AllocateUninitializedArray count)
        | DType.I64 -> Elements.I64(GC.AllocateUninitializedArray count)
        | DType.Bool -> Elements.Bool(GC.AllocateUninitializedArray count)

    /// Whether a node only exchanges the last two axes.
    let private turned (e: Expr) =
        match e.Node with
        | Node.Transpose(permutation, x) when
            x.Shape.Rank >= 2
            && permutation = [ 0 .. x.Shape.Rank - 3 ] @ [ x.Shape.Rank - 1; x.Shape.Rank - 2 ]
            ->
            Some x
        | _ -> None

    let private isPlainProduct (e: Expr) = e.DType.IsFloat && e.Shape.Rank >= 2

    /// One node over operands that stand for themselves, by Eval's definition.
    let private defined (e: Expr) =
        let stand i (o: Expr) = Rebuild.fresh o.DType o.Shape
        let operands = Node.operands e.Node |> List.distinct
        let variables = operands |> List.mapi stand
        let by = dict [ for o, v in List.zip operands variables -> o.Digest, Expr.ofVariable v ]
        let alone = Expr.Make(Node.map (fun (o: Expr) -> by[o.Digest]) e.Node)
        operands, Eval.prepare variables [ alone ]

    /// Makes a plan for what the roots compute from the inputs.
    let make generates (inputs: Variable list) (roots: Expr list) : Plan =
        Eval.requireInputs "Compile.prepare" inputs (Graph.variables roots)
        let roots = Rewrite.stableAll roots
        let placed = Fuse.materialised roots
        let nodes = List<Expr>()
        let steps = List<PlanStep>()
        let places = Dictionary<Digest, int>()

        let rec place (e: Expr) : int =
            match places.TryGetValue e.Digest with
            | true, p -> p
            | false, _ ->
                let step =
                    match e.Node with
                    | Node.Variable v -> PlanStep.Input(List.findIndex ((=) v) inputs)
                    | Node.Constant value -> PlanStep.Constant value
                    | Node.Reshape(_, x) -> PlanStep.View(place x)
                    | Node.MatMul(a, b) when isPlainProduct e ->
                        let side (o: Expr) =
                            match turned o with
                            | Some x -> place x, true
                            | None -> place o, false

                        let a, turnA = side a
                        let b, turnB = side b
                        PlanStep.Product(a, turnA, b, turnB)
                    | Node.Reduce(ReduceOp.Sum, axes, x) when
                        x.DType.IsFloat && (SumKernel.neighbours x.Shape axes).IsSome
                        ->
                        match SumKernel.neighbours x.Shape axes with
                        | Some extents -> PlanStep.Sum(place x, extents)
                        | None -> PlanStep.View(place x)
                    | _ when Fuse.isFused e ->
                        let group = Fuse.group placed e
                        let walk = Walk.ofShape e.Shape (List.map snd group.Inputs)
                        let types = group.Inputs |> List.map (fun (x, _) -> x.DType) |> Array.ofList
                        let pass = FusedKernel.get generates group.Body types walk.Steps e.DType

                        PlanStep.Fused(
                            group,
                            walk,
                            pass,
                            group.Inputs |> List.map (fst >> place) |> Array.ofList
                        )
                    | _ ->
                        let operands, run = defined e
                        PlanStep.Defined(run, operands |> List.map place |> Array.ofList)

                nodes.Add e
                steps.Add step
                places[e.Digest] <- nodes.Count - 1
                nodes.Count - 1

        // Placed nodes in order, so that `place` never goes deeper than one group.
        for e in Graph.topological roots do
            if placed.Contains e.Digest && (turned e).IsNone then
                place e |> ignore

        let outputs = roots |> List.map place |> Array.ofList
        { Nodes = nodes.ToArray(); Steps = steps.ToArray(); Outputs = outputs; Inputs = inputs }

    // Work is cut by size alone.
    let private elementsAPart = 16384

    let private fused (walk: Walk) (pass: FusedPass) (inputs: Array[]) (result: Array) =
        let run firstRow lastRow firstColumn lastColumn =
            pass.Invoke(inputs, walk.Starts, result, walk.Columns, firstRow, lastRow, firstColumn, lastColumn)

        let cut count size =
            let parts = max 1 (min count (count * size / elementsAPart))

            parts,
            (fun part ->
                struct (int (int64 count * int64 part / int64 parts),
                        int (int64 count * int64 (part + 1) / int64 parts)))

        if walk.Rows > 1 then
            let parts, rows = cut walk.Rows walk.Columns

            Pool.run parts (fun part ->
                let struct (first, last) = rows part
                run first last 0 walk.Columns)
        else
            let parts, columns = cut walk.Columns 1

            Pool.run parts (fun part ->
                let struct (first, last) = columns part
                run 0 walk.Rows first last)

    let private matrix (t: Tensor) isTurned (data: nativeint) : Matrix =
        let rows, columns = t.Shape[t.Rank - 2], t.Shape[t.Rank - 1]

        {
            Data = data
            Row = (if isTurned then 1 else columns)
            Column = (if isTurned then columns else 1)
            Batch = rows * columns
        }

    let private product (shape: Shape) (a: Tensor) turnA (b: Tensor) turnB : Elements =
        let m, n = shape[shape.Rank - 2], shape[shape.Rank - 1]
        let k = if turnA then a.Shape[a.Rank - 2] else a.Shape[a.Rank - 1]
        let result = empty a.DType shape.Size

        let run (a': 'e[]) (b': 'e[]) (c': 'e[]) (multiply: Product -> unit) =
            use pa = a'.AsMemory().Pin()
            use pb = b'.AsMemory().Pin()
            use pc = c'.AsMemory().Pin()

            let address (h: Buffers.MemoryHandle) =
                NativeInterop.NativePtr.toNativeInt (NativeInterop.NativePtr.ofVoidPtr<byte> h.Pointer)

            multiply
                { Product.None with
                    M = m
                    N = n
                    K = k
                    Batch = (if m * n = 0 then 0 else shape.Size / (m * n))
                    A = matrix a turnA (address pa)
                    B = matrix b turnB (address pb)
                    C = { Data = address pc; Row = n; Column = 1; Batch = m * n }
                }

        match a.Elements, b.Elements, result with
        | Elements.F32 a, Elements.F32 b, Elements.F32 c -> run a b c (fun p -> Gemm.f32 &p)
        | Elements.F64 a, Elements.F64 b, Elements.F64 c -> run a b c (fun p -> Gemm.f64 &p)
        | _ ->
            Refuse.shape
                "matmul"
                $"{a.DType} and {b.DType}"
                "two tensors of f32 or of f64"
                "report this as a bug"

        result

    let private sum (shape: Shape) (struct (outer, reduced, inner)) (x: Tensor) : Elements =
        let result = empty x.DType shape.Size

        match x.Elements, result with
        | Elements.F32 source, Elements.F32 target -> SumKernel.f32 outer reduced inner source target
        | Elements.F64 source, Elements.F64 target -> SumKernel.f64 outer reduced inner source target
        | _ -> Refuse.shape "sum" $"{x.DType}" "f32 or f64" "report this as a bug"

        result

    /// Runs a plan on the values of its inputs.
    let run (plan: Plan) (inputs: Tensor[]) : Tensor list =
        let values: Tensor[] = Array.zeroCreate plan.Steps.Length

        for i in 0 .. plan.Steps.Length - 1 do
            let shape = plan.Nodes[i].Shape

            values[i] <-
                match plan.Steps[i] with
                | PlanStep.Input n -> inputs[n]
                | PlanStep.Constant value -> value
                | PlanStep.View source -> Tensor(shape, values[source].Elements)
                | PlanStep.Fused(_, walk, pass, sources) ->
                    let result = Tensor(shape, empty plan.Nodes[i].DType shape.Size)
                    fused walk pass (sources |> Array.map (fun s -> array values[s])) (array result)
                    result
                | PlanStep.Product(a, turnA, b, turnB) ->
                    Tensor(shape, product shape values[a] turnA values[b] turnB)
                | PlanStep.Sum(source, extents) -> Tensor(shape, sum shape extents values[source])
                | PlanStep.Defined(run, sources) -> run [ for s in sources -> values[s] ] |> List.head

        plan.Outputs |> Array.map (fun o -> values[o]) |> List.ofArray
