namespace DL1

/// Where the numbers of one shard lie in a vector that is added over shards: those of f32, and those of f64.
[<NoEquality; NoComparison>]
type internal ShardLayout =
    {
        /// For each summed value: whether it is f64, and its place among the numbers of its type.
        Places: struct (bool * int64)[]
        Singles: int64
        Doubles: int64
    }

/// What a shard computes.
[<NoEquality; NoComparison>]
type internal ShardGraph =
    {
        /// The parameters and the state of layers, the key, and the batch's tensors.
        Inputs: Variable list
        /// What is summed over shards, in the order of `ShardGraphs.summed`.
        Sums: Expr list
        /// What is asked of each shard by itself, f64.
        Told: Expr list
        /// The state of layers in whole numbers, f64.
        Counters: Expr list
        /// Whether the loss is a sum over rows.
        IsSum: bool
    }

/// The two graphs of a step over shards. What a shard gives is summed over shards; the update is made once, of the sums.
[<RequireQualifiedAccess>]
module internal ShardGraphs =
    let private weight, private loss, private rows = "weight", "loss", "rows"
    let private key: Variable = { Name = "key"; DType = DType.I32; Shape = Shape.ofList [ 2 ] }

    let private variable name dtype (shape: Shape) : Variable = { Name = name; DType = dtype; Shape = shape }

    /// Parameters and the state of layers, as both graphs read them.
    let private reads (start: TrainState) : Tree<Variable> =
        Tree.append (Tree.under Step.parameters start.Parameters) (Tree.under Step.layers start.State)
        |> Tree.mapPath (fun path t -> variable $"state {path}" t.DType t.Shape)

    /// What is summed over shards, by name and type: gradients, floating-point state of layers, loss and weight.
    let summed (learner: Learner) (start: TrainState) : Tree<Variable> =
        let number (name: string) = name, variable $"sum {name}" DType.F64 Shape.Scalar

        [
            Tree.under "gradient" (Tree.filter learner.Trains start.Parameters)
            Tree.under Step.layers start.State
            |> Tree.toList
            |> List.filter (fun (_, t) -> t.DType.IsFloat)
            |> Tree.ofList
        ]
        |> List.reduce Tree.append
        |> Tree.mapPath (fun path t -> variable $"sum {path}" t.DType t.Shape)
        |> fun tree -> Tree.append tree (Tree.ofList [ number loss; number weight ])

    /// The state of layers in whole numbers, such as counters: it is that of the first shard.
    let counted (start: TrainState) : Tree<Tensor> =
        Tree.under Step.layers start.State
        |> Tree.toList
        |> List.filter (fun (_, t) -> not t.DType.IsFloat)
        |> Tree.ofList

    /// The places of what is summed: each at a multiple of 64 bytes.
    let layout (summed: Tree<Variable>) : ShardLayout =
        let mutable singles, doubles = 0L, 0L

        let places =
            [|
                for v in Tree.values summed do
                    let size = int64 v.Shape.Size

                    if v.DType = DType.F64 then
                        struct (true, doubles)
                        doubles <- doubles + (size + 7L) / 8L * 8L
                    else
                        struct (false, singles)
                        singles <- singles + (size + 15L) / 16L * 16L
            |]

        { Places = places; Singles = singles; Doubles = doubles }

    /// What a shard of `count` rows computes, of a batch like this one.
    let shard
        (learner: Learner)
        (tells: (int -> Tree<Expr> -> Tree<Expr> -> Expr list) option)
        (start: TrainState)
        (count: int)
        (batch: Dataset)
        : ShardGraph =
        let reads = reads start
        let state = Tree.map Expr.ofVariable reads
        let ps, layers = Tree.at Step.parameters state, Tree.at Step.layers state

        let given kind (tree: Tree<Tensor>) =
            tree
            |> Tree.mapPath (fun path t ->
                variable (Trace.nameOf kind path) t.DType (Shape.withAxis 0 count t.Shape))

        let inputs, targets = given Erased.inputs batch.NamedInputs, given Erased.targets batch.NamedTargets

        let forward =
            StepParts.forward
                learner
                ps
                layers
                (Expr.ofVariable key)
                (Tree.map Expr.ofVariable inputs)
                (Tree.map Expr.ofVariable targets)

        for path, e in Tree.toList forward.Layers do
            Operand.requireSameType "Transition" layers[path] e
            Operand.requireSameShape "Transition" layers[path] e

        let calls = learner.Optimizer.Accumulation |> Option.map _.Calls |> Option.toValueOption
        let share = StepParts.share "Shards" learner calls count forward
        let float64 (e: Expr) = Expr.cast DType.F64 e
        let weighed (e: Expr) = e * Expr.cast e.DType (Expr.stopGradient share.Weight)
        let gradients = StepParts.gradients learner ps (weighed share.Data)
        let shareWeight = float64 share.Weight

        let sums =
            [
                Tree.under "gradient" gradients
                Tree.under Step.layers forward.Layers
                |> Tree.toList
                |> List.filter (fun (_, e) -> e.DType.IsFloat)
                |> List.map (fun (path, e) -> path, float count * e)
                |> Tree.ofList
                Tree.ofList [ loss, float64 forward.Data * shareWeight; weight, shareWeight ]
            ]
            |> List.reduce Tree.append

        let told =
            match tells with
            | Some tells -> forward.Over(fun targets -> tells count targets forward.Outputs)
            | None -> []

        let counters =
            Tree.under Step.layers forward.Layers
            |> Tree.toList
            |> List.filter (fun (_, e) -> not e.DType.IsFloat)
            |> List.map snd

        {
            Inputs = Tree.values reads @ [ key ] @ Tree.values inputs @ Tree.values targets
            Sums = Tree.values sums
            Told = told |> List.map float64
            Counters = counters |> List.map float64
            IsSum = share.IsSum
        }

    /// The update from the sums over shards, as a session: its state is that of the training without the key, its inputs are the
    /// sums, the first shard's state in whole numbers, and the rows; its outputs are the loss, the norms of gradients,
    /// the penalty, and the learning rates.
    let update
        (learner: Learner)
        (watches: bool)
        (rates: bool)
        (scale: (Expr -> Schedule -> Schedule) option)
        (isSum: bool)
        (start: TrainState)
        : struct (Tree<Tensor> * Tree<Variable> * Tree<Expr> * Variable list * Expr list) =
        let first =
            [
                Tree.under Step.parameters start.Parameters
                Tree.under Step.layers start.State
                Tree.under Step.optimizer start.Optimizer
                (if scale.IsSome then
                     Tree.ofList [ Step.factor, Tensor.scalar 1.0 ]
                 else
                     Tree.empty)
            ]
            |> List.reduce Tree.append

        let variables = first |> Tree.mapPath (fun path t -> variable $"state {path}" t.DType t.Shape)
        let state = Tree.map Expr.ofVariable variables
        let summed = summed learner start

        let counters =
            counted start |> Tree.mapPath (fun path t -> variable $"first {path}" DType.F64 t.Shape)

        let rows = variable rows DType.F64 Shape.Scalar
        let sums = Tree.map Expr.ofVariable summed
        let ps, slots = Tree.at Step.parameters state, Tree.at Step.optimizer state

        let by =
            match scale with
            | Some scale -> learner.Optimizer.MapRate(scale state[Step.factor])
            | None -> learner.Optimizer

        // Where nothing counts the sums are 0, too.
        let divisor =
            if isSum then
                lit 1.0
            else
                Expr.where (Expr.equal sums[weight] (lit 0.0)) (lit 1.0) sums[weight]

        let mean (e: Expr) = if isSum then e else e / Expr.cast e.DType divisor
        let penalty = learner.Penalty |> Option.map (fun penalty -> penalty ps)
        let data = Tree.at "gradient" sums |> Tree.map mean

        let gradients =
            match penalty with
            | Some penalty ->
                Tree.map2 (fun (g: Expr) own -> g + own) data (StepParts.gradients learner ps penalty)
            | None -> data

        let gathered =
            by.Accumulation
            |> Option.map (fun _ -> if isSum then Expr.scalar DType.F64 1.0 else sums[weight])
            |> Option.toValueOption

        let moved, nextOptimizer = StepParts.update learner by gathered gradients slots ps

        let layers =
            Tree.under Step.layers start.State
            |> Tree.mapPath (fun path t ->
                if t.DType.IsFloat then
                    let sum = sums[path]
                    sum / Expr.cast sum.DType (Expr.ofVariable rows)
                else
                    Expr.cast t.DType (Expr.ofVariable counters[path]))

        let next =
            [
                Tree.under Step.parameters (Tree.replace ps moved)
                layers
                Tree.under Step.optimizer nextOptimizer
                (if scale.IsSome then
                     Tree.ofList [ Step.factor, state[Step.factor] ]
                 else
                     Tree.empty)
            ]
            |> List.reduce Tree.append

        let total =
            match penalty with
            | Some penalty -> sums[loss] / divisor + Expr.cast DType.F64 penalty
            | None -> sums[loss] / divisor

        let outputs =
            [
                total
                if watches then
                    yield! StepParts.norms gradients
                yield! Option.toList penalty
                if rates then
                    yield! by.Rates slots |> List.map snd
            ]

        struct (first, variables, next, Tree.values summed @ Tree.values counters @ [ rows ], outputs)
