namespace DL1

open System
open System.Threading

/// How one run of some places is computed.
[<NoEquality; NoComparison>]
type private StepPlan =
    {
        /// What layers keep, in order.
        Names: string list
        NeedsCapacity: bool
        Most: int
        /// From parameters, state and context: what is kept before the first step, then what is the same at all steps.
        Start: Tensor list -> Tensor list
        /// From parameters, state, what `Start` gave as the same at all steps, position, what is kept, and the steps' values: the
        /// outputs, and what is kept after them.
        Step: Tensor list -> Tensor list
    }

/// A trained model that is run step by step: each step takes the next places of the sequences of a batch and gives the outputs
/// there, as the whole sequence would. Recurrent layers go on from their states, causal attention from the keys and values of
/// the places before, with the same parameters; what does not come from the steps, such as an encoder, is computed once.
/// Immutable, for many threads at once.
[<Sealed>]
type Stepper
    internal
    (
        network: Layer<Tree<Expr>, Tree<Expr>>,
        parameters: Tree<Tensor>,
        state: Tree<Tensor>,
        input: string,
        output: string
    ) =
    let operation = "Stepwise"
    /// How many shapes of batches, context and room are kept ready, those used last.
    let mostPlans = 32
    let plans = LruCache<string, StepPlan> mostPlans
    let mutable needsNoRoom = false
    let whole = Predictor(network, None, false)
    let constants = Tree.values parameters @ Tree.values state
    let mutable isChecked = false

    let pick (outputs: Tree<'t>) : 't =
        match Tree.toList outputs with
        | [ _, one ] when output = "" -> one
        | _ ->
            match Tree.tryFind output outputs with
            | Some one -> one
            | None ->
                let names = Tree.paths outputs |> String.concat ", "

                Refuse.domain
                    operation
                    (if output = "" then $"outputs {names}" else $"the output {output}, of {names}")
                    "the name of one output"
                    "name the output whose places are stepped through"

    let allInputs (context: Tree<'t>) (values: 't) : Tree<'t> =
        let name = if input = "" then Erased.inputs else input
        Tree.ofList (Tree.toList context @ [ name, values ])

    /// Of a graph, what comes from the context and not from the steps, and is read by what does.
    let sameAtAll (stepping: Stepping) (isContext: Variable -> bool) (roots: Expr list) : Expr list =
        let ofContext =
            roots
            |> Graph.fold (fun e (operands: bool list) ->
                match e.Node with
                | Node.Variable v -> isContext v
                | _ -> List.contains true operands)

        let isSame (e: Expr) = ofContext[e.Digest] && not (stepping.IsStep e)

        Graph.topological roots
        |> Seq.filter (fun e -> not (isSame e))
        |> Seq.collect (fun e -> Node.operands e.Node)
        |> Seq.append roots
        |> Seq.filter isSame
        |> Seq.distinctBy _.Digest
        |> List.ofSeq

    let prepare (context: Tree<Tensor>) (capacity: int) (values: Tensor) : StepPlan =
        let ps, ss = Trace.tree "parameters" parameters, Trace.tree "state" state
        let given = Tree.mapPath (fun path t -> Trace.variable $"context {path}" t) context
        let steps = Trace.variable "steps" values
        let stepping = Stepping("steps", values.Shape[0], values.Shape[1], capacity)
        let y = Layer.applyStep stepping ps ss network (allInputs given steps) |> pick

        if
            y.Shape.Rank < 2
            || y.Shape[0] <> values.Shape[0]
            || y.Shape[1] <> values.Shape[1]
            || not (stepping.IsStep y)
        then
            Refuse.shape
                operation
                $"outputs {Operand.text y} for steps {values.DType} {values.Shape}"
                $"outputs [%d{values.Shape[0]}; %d{values.Shape[1]}; ...], one for each place of each row"
                "let the model give scores for every place, not for the last one alone"

        let kept = stepping.Kept
        let roots = y :: (kept |> List.map _.Next)
        let isContext (v: Variable) = v.Name.StartsWith("context ", StringComparison.Ordinal)
        let same = sameAtAll stepping isContext roots

        let variablesOf (es: Expr list) = es |> List.collect (fun e -> Graph.variables [ e ])
        let own = variablesOf (Tree.values ps @ Tree.values ss)

        // What is the same at all steps becomes an input of the step.
        let stand =
            same
            |> List.mapi (fun i e -> { Name = $"same %d{i}"; DType = e.DType; Shape = e.Shape }: Variable)

        let table = Collections.Generic.Dictionary<Digest, Expr>()
        List.iter2 (fun (e: Expr) v -> table[e.Digest] <- Expr.ofVariable v) same stand

        {
            Names = kept |> List.map _.Name
            NeedsCapacity = stepping.NeedsCapacity
            Most = stepping.Most
            Start =
                Compile.prepare (own @ variablesOf (Tree.values given)) ((kept |> List.map _.Initial) @ same)
            Step =
                Compile.prepare
                    (own
                     @ stand
                     @ [ stepping.Position ]
                     @ (kept |> List.map _.Variable)
                     @ variablesOf [ steps ])
                    (Rebuild.fromTop table roots)
        }

    let planFor (context: Tree<Tensor>) (capacity: int) (values: Tensor) : StepPlan =
        let shown =
            Tree.toList context
            |> List.map (fun (path, t) -> $"{path} {t.DType} {t.Shape}")
            |> String.concat "; "

        let room = if Volatile.Read &needsNoRoom then 1 else capacity

        let plan =
            plans.Get(
                $"%d{room}: {values.DType} {values.Shape} | {shown}",
                (fun () -> prepare context room values)
            )

        // A model of recurrent layers needs no room: one plan serves any length.
        if not plan.NeedsCapacity then
            Volatile.Write(&needsNoRoom, true)

        plan

    /// The name of the input whose places are the steps; empty for the only one.
    member _.Input = input
    /// The name of the output that is given; empty for the only one.
    member _.Output = output
    member internal _.Parameters = parameters

    /// The step's outputs, and what is kept then.
    member internal _.Run
        (context, capacity, same: Tensor list, position: int, kept: Tensor list, values: Tensor)
        =
        let plan = planFor context capacity values

        let results = plan.Step(constants @ same @ [ Tensor.scalar position ] @ kept @ [ values ])

        struct (results.Head, results.Tail)

    /// What is kept before the first step, with its names, what is the same at all steps, and the most places there may be.
    member internal _.Begin(context: Tree<Tensor>, capacity: int, values: Tensor) =
        let plan = planFor context capacity values
        let kept, same = plan.Start(constants @ Tree.values context) |> List.splitAt plan.Names.Length
        struct (plan.Names, kept, same, plan.Most)

    /// Refuses a model whose steps do not give what the whole sequence gives: one with a layer that mixes places, such as a
    /// convolution along them. Looked at once, on a few places.
    member internal this.Check(context: Tree<Tensor>, values: Tensor) : unit =
        if not (Volatile.Read &isChecked) then
            let first = Tensor.compute (Expr.sliceAxis 1 0 1) values

            let other =
                match first.DType with
                | DType.Bool -> Tensor.compute Expr.not' first
                | DType.I32
                | DType.I64 -> Tensor.compute (fun x -> Expr.cast x.DType (Expr.equal x (lit 0.0))) first
                | DType.F32
                | DType.F64 -> Tensor.compute (fun x -> 1.0 - 0.5 * x) first

            let struct (_, kept, same, most) = this.Begin(context, 3, first)
            let places = [ first; other; first ] |> List.truncate most

            let struct (outputs, _) =
                whole.Run(parameters, state, ValueNone, allInputs context (Tensor.concat 1 places), ValueNone)

            let step kept (i, values) =
                let struct (y, next) = this.Run(context, 3, same, i, kept, values)
                y, next

            let due = pick outputs
            let found = List.indexed places |> List.mapFold step kept |> fst |> Tensor.concat 1
            let a, b = Tensor.toFloats due, Tensor.toFloats found
            let scale = a |> Array.fold (fun m x -> if Double.IsFinite x then max m (abs x) else m) 1.0
            let isNear (x: float) (y: float) = x = y || not (abs (x - y) > 1e-3 * scale)

            if due.Shape <> found.Shape || not (Array.forall2 isNear a b) then
                Refuse.domain
                    operation
                    "a model that gives other outputs step by step than for whole sequences"
                    "one whose result at a place needs the places before it only through recurrent layers or causal attention"
                    "leave out layers that mix places, such as convolutions and sums along them, or let your layer keep what it needs by scope.Kept"

            Volatile.Write(&isChecked, true)
