namespace DL1

open System.Numerics

/// A model for batches of one shape.
[<NoEquality; NoComparison>]
type private PreparedModel =
    {
        /// The names of its outputs.
        Outputs: Tree<unit>
        Run: Tensor list -> Tensor list
        /// Whether a row of the outputs depends on that row of the inputs alone.
        IsRowByRow: Lazy<bool>
    }

/// A model ready to run on batches of any shape, with what is made of targets and outputs where targets are given; the shapes
/// that were asked for last are kept ready. Where it draws, layers run as in training, with a key. `kept` are parameters and state
/// that never change: what is computed of them alone is computed once, and kernels pack them once. For many threads at once.
[<Sealed>]
type internal Predictor
    private
    (
        model: Layer<Tree<Expr>, Tree<Expr>>,
        measures: (int -> Tree<Expr> -> Tree<Expr> -> Expr list) option,
        draws: bool,
        kept: struct (Tree<Tensor> * Tree<Tensor>) voption
    ) =
    /// More than the sizes up to 256 rows that batches are filled up to, so that they stay.
    let prepared = LruCache<string, Once<PreparedModel>> 48

    /// The parameters and the state of `kept` by their variables.
    let frozen =
        lazy
            (match kept with
             | ValueSome(struct (parameters, state)) ->
                 let weights name tree =
                     List.map2
                         (fun e t -> Graph.variables [ e ] |> List.map (fun v -> v, t))
                         (Tree.values (Trace.tree name tree))
                         (Tree.values tree)
                     |> List.concat

                 Some(FrozenWeights(weights "parameters" parameters @ weights "state" state))
             | ValueNone -> None)

    let prepare
        (parameters: Tree<Tensor>)
        (state: Tree<Tensor>)
        (inputs: Tree<Tensor>)
        (targets: Tree<Tensor> voption)
        =
        let ps, ss = Trace.tree "parameters" parameters, Trace.tree "state" state
        let xs = Trace.setOf ValueNone Erased.inputs inputs
        let key = if draws then [ Expr.variable "key" DType.I32 [ 2 ] ] else []

        let mode =
            match key with
            | [ key ] -> Mode.Training key
            | _ -> Mode.Inference

        let outputs, _ =
            InputType.explained (Tree.values ps |> List.map _.DType) xs (fun () ->
                Layer.apply mode ps ss model xs)

        let ts =
            match targets with
            | ValueSome targets -> Trace.setOf ValueNone Erased.targets targets
            | ValueNone -> Tree.empty

        let measured =
            match measures with
            | Some measures when targets.IsSome -> measures (Tree.values xs).Head.Shape[0] ts outputs
            | Some _
            | None -> []

        let variables trees = trees |> List.collect (fun e -> Graph.variables [ e ])
        let weights = variables (Tree.values ps @ Tree.values ss)
        let given = variables (Tree.values xs @ Tree.values ts @ key)
        let roots = Tree.values outputs @ measured

        let rows =
            match Tree.values xs with
            | x :: _ when x.Shape.Rank > 0 -> x.Shape[0]
            | _ -> 0

        {
            Outputs = Tree.map ignore outputs
            Run =
                (match frozen.Value with
                 | Some weights -> Frozen.prepareShared Compile.standard weights given roots
                 | None -> Compile.prepare (weights @ given) roots)
            IsRowByRow = lazy (RowByRow.holds rows (variables (Tree.values xs)) (Tree.values outputs))
        }

    let shown (tree: Tree<Tensor>) =
        Tree.toList tree |> List.map (fun (path, t) -> $"{path} {t.DType} {t.Shape}") |> String.concat "; "

    let preparedFor parameters state (inputs: Tree<Tensor>) (targets: Tree<Tensor> voption) : PreparedModel =
        let shape =
            match targets with
            | ValueSome targets -> $"{shown inputs} | {shown targets}"
            | ValueNone -> shown inputs

        prepared.Get(shape, (fun () -> Once(fun () -> prepare parameters state inputs targets))).Value

    /// The weights, in the order of a plan that is given them; none where it keeps them.
    let weightsOf parameters state = if kept.IsSome then [] else Tree.values parameters @ Tree.values state

    /// For parameters and state that are given at each run.
    new(model, measures, draws) = Predictor(model, measures, draws, ValueNone)

    /// For parameters and state that never change.
    new(model, parameters, state) = Predictor(model, None, false, ValueSome(struct (parameters, state)))

    /// The number of rows that a batch is filled up to: itself up to 8, then the next of four numbers between a power of two
    /// and the next, so that less than a quarter is added.
    static member Filled(rows: int) : int =
        if rows <= 8 then
            rows
        else
            let step = 1 <<< (BitOperations.Log2(uint (rows - 1)) - 2)
            (rows + step - 1) / step * step

    /// The outputs for rows, by a plan for as many or a few more, where each row of the outputs depends on that row of the
    /// inputs alone: few plans serve batches of any size.
    member this.Predict
        (parameters: Tree<Tensor>, state: Tree<Tensor>, rows: int, inputs: Tree<Tensor>)
        : Tree<Tensor> =
        let exact () =
            let struct (outputs, _) = this.Run(parameters, state, ValueNone, inputs, ValueNone)
            outputs

        let filled = Predictor.Filled rows

        if filled = rows then
            exact ()
        else
            let places = Array.init filled (fun i -> min i (rows - 1))
            let more = Tree.map (Rows.take "Trained.Predict" places) inputs
            let model = preparedFor parameters state more ValueNone

            if model.IsRowByRow.Value then
                let results = model.Run(weightsOf parameters state @ Tree.values more)

                Tree.ofValues results model.Outputs
                |> Tree.map (fun t -> Rows.take "Trained.Predict" [| 0 .. t.Shape[0] / filled * rows - 1 |] t)
            else
                exact ()

    /// The outputs for a batch, and what is measured where targets are given too.
    member _.Run
        (
            parameters: Tree<Tensor>,
            state: Tree<Tensor>,
            key: Key voption,
            inputs: Tree<Tensor>,
            targets: Tree<Tensor> voption
        ) : struct (Tree<Tensor> * Tensor list) =
        let given = ValueOption.defaultValue Tree.empty targets

        let model = preparedFor parameters state inputs targets

        let keys =
            match key with
            | ValueSome key when draws -> [ Key.toTensor key ]
            | ValueSome _
            | ValueNone -> []

        let results = model.Run(weightsOf parameters state @ Tree.values inputs @ Tree.values given @ keys)

        let values, measured = List.splitAt model.Outputs.Count results
        struct (Tree.ofValues values model.Outputs, measured)
