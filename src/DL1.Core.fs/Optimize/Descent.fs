namespace DL1

open System
open System.Collections.Generic
open DL1.Notebooks

/// When a descent stops: after `MaxEpochs`, or once `Patience` epochs in a row each lowered the objective by less
/// than `Tolerance`.
[<StructuredFormatDisplay("{Display}")>]
type StopRule =
    {
        /// 0 or more.
        MaxEpochs: int
        /// 1 or more.
        Patience: int
        /// In units of the objective.
        Tolerance: float
    }

    /// `at most 5000 epochs, patience 50, tolerance 1E-08`.
    override this.ToString() =
        let tolerance = this.Tolerance.ToString("G5", Globalization.CultureInfo.InvariantCulture)
        $"at most %d{this.MaxEpochs} epochs, patience %d{this.Patience}, tolerance {tolerance}"

    member internal this.Display = this.ToString()

/// One epoch of a descent.
type DescentRow =
    {
        /// From 0.
        Epoch: int
        /// The parameters before the update, one number for each scalar parameter.
        Before: IReadOnlyList<float>
        /// The gradient there.
        Gradient: IReadOnlyList<float>
        /// The parameters after the update.
        After: IReadOnlyList<float>
        /// The objective after the update.
        Value: float
        /// How far the objective fell.
        Decrease: float
    }

/// A descent as data: every epoch, and what it ended with.
[<StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type Descent =
    {
        /// The optimizer's name.
        Name: string
        /// One row for each epoch, in order.
        Rows: IReadOnlyList<DescentRow>
        /// Whether it came to rest: the stop rule's patience ended it, and none of the last epochs moved the objective,
        /// down or up, by `Tolerance` or more.
        Converged: bool
    }

    /// The optimizer, and how the descent ended.
    override this.ToString() =
        let number (value: float) = value.ToString("G6", Globalization.CultureInfo.InvariantCulture)
        let rest = if this.Converged then "came to rest" else "did not come to rest"

        match Seq.tryLast this.Rows with
        | None -> $"{this.Name}: no epochs"
        | Some last ->
            let point = last.After |> Seq.map number |> String.concat ", "
            $"{this.Name}: {rest} after %d{this.Rows.Count} epochs at ({point}): {number last.Value}"

    member internal this.Display = this.ToString()

    interface INotebookValue with
        member this.Html =
            // More points than pixels show nothing more.
            let every = max 1 (this.Rows.Count / 400)

            let points =
                [
                    for i in 0 .. this.Rows.Count - 1 do
                        if i % every = 0 || i = this.Rows.Count - 1 then
                            float this.Rows[i].Epoch, this.Rows[i].Value
                ]

            Html.pre (this.ToString()) + (Curves.svg [ "objective", points ] |> Option.defaultValue "")

/// Descending an objective of scalar parameters by an optimizer.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Descent =
    /// 5,000 epochs at most, patience 50, tolerance 1e-8. `{ Descent.standard with MaxEpochs = 100 }`
    let standard = { MaxEpochs = 5000; Patience = 50; Tolerance = 1e-8 }

    /// Descends from a start until the rule stops it. One graph holds objective, gradient and update; each epoch is
    /// one evaluation of it. An objective or gradient that is not finite ends the descent with a `DomainError`; so do
    /// parameters that are not scalar variables with a start value each.
    /// `Descent.run Descent.standard (Optimizer.sgd 0.1) ((x - 2.0) ** 2.0) [ x ] [ 0.0 ]`
    let run
        (rule: StopRule)
        (optimizer: Optimizer)
        (objective: Expr)
        (parameters: Expr list)
        (start: float list)
        : Descent =
        if parameters.Length <> start.Length || parameters.IsEmpty then
            Refuse.domain
                "Descent.run"
                $"%d{start.Length} start values for %d{parameters.Length} parameters"
                "a start value for each parameter"
                "give one number for each symbol"

        for p in parameters do
            if not p.Shape.IsScalar then
                Refuse.shape
                    "Descent.run"
                    (Operand.text p)
                    "scalar symbols"
                    "descend tensors by a training step of your own: the loss, its gradients, and the optimizer's update"

        let isTolerance = rule.Tolerance >= 0.0 && Double.IsFinite rule.Tolerance

        if rule.MaxEpochs < 0 || rule.Patience < 1 || not isTolerance then
            Refuse.domain
                "Descent.run"
                (string rule)
                "0 epochs or more, patience of 1 or more, a finite tolerance of 0 or more"
                "5000 epochs, a patience of 50 and a tolerance of 1e-8 are a good start"

        let values = List.map2 (fun (p: Expr) v -> Tensor.full p.DType [] v) parameters start

        let variableOf (e: Expr) =
            match e.Node with
            | Node.Variable v -> v
            | _ -> Refuse.domain "Descent.run" (Operand.text e) "a variable" "make the parameters as symbols"

        let variables = List.map variableOf parameters
        let tree = variables |> List.map _.Name |> (fun names -> Tree.ofList (List.zip names parameters))
        let state = Optimizer.start optimizer (Tree.ofValues values tree)

        let slots =
            state |> Tree.mapPath (fun path t -> Expr.variable $"state {path}" t.DType (t.Shape.ToList()))

        let value, gradients = Grad.valueAndGrad objective parameters
        let next, nextState = optimizer.Update (Tree.ofValues gradients tree) slots tree

        for v in Graph.variables [ objective ] do
            if parameters |> List.forall (fun p -> p.Label <> v.Name) then
                Refuse.domain
                    "Descent.run"
                    $"no start for the variable {v.Name} of the objective"
                    "a start value for each variable"
                    $"add {v.Name} to the parameters, or put a number in its place"

        let inputs = variables @ List.map variableOf (Tree.values slots)
        let step = Eval.prepare inputs (value :: gradients @ Tree.values next @ Tree.values nextState)
        let objectiveAt = Eval.prepare variables [ objective ]
        let floats (ts: Tensor list) = ts |> List.map Tensor.toFloat |> Array.ofList
        let count = parameters.Length
        let rows = List<DescentRow>()

        let requireFinite (what: string) (found: float[]) (at: Tensor list) (place: string) =
            if not (Array.forall Double.IsFinite found) then
                let listed (numbers: float[]) = numbers |> Array.map string |> String.concat ", "
                let found, at = listed found, listed (floats at)

                Refuse.domain
                    "Descent.run"
                    $"{what} of {found} at ({at}), {place}"
                    "a finite objective and gradient all the way"
                    "lower the learning rate, or start elsewhere"

        let rec descend epoch calm (values: Tensor list) state current =
            if calm >= rule.Patience then
                true
            elif epoch >= rule.MaxEpochs then
                false
            else
                let results = step (values @ state) |> List.tail
                let gradient, rest = List.splitAt count results
                let after, state = List.splitAt count rest
                let reached = objectiveAt after |> List.head |> Tensor.toFloat

                let epochOf = $"in epoch %d{epoch} of {optimizer.Name}"
                requireFinite "a gradient" (floats gradient) values epochOf
                requireFinite "an objective" [| reached |] after epochOf

                rows.Add
                    {
                        Epoch = epoch
                        Before = floats values
                        Gradient = floats gradient
                        After = floats after
                        Value = reached
                        Decrease = current - reached
                    }

                let calm = if current - reached < rule.Tolerance then calm + 1 else 0
                descend (epoch + 1) calm after state reached

        let first = objectiveAt values |> List.head |> Tensor.toFloat
        requireFinite "an objective" [| first |] values "where it starts"
        let stopped = descend 0 0 values (Tree.values state) first
        let last = Seq.skip (max 0 (rows.Count - rule.Patience)) rows

        {
            Name = optimizer.Name
            Rows = rows
            Converged = stopped && last |> Seq.forall (fun row -> abs row.Decrease < rule.Tolerance)
        }
