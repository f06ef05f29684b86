namespace DL1

open System
open System.Collections.Generic

/// When a descent stops: after `MaxEpochs`, or once `Patience` epochs in a row each lowered the objective by less
/// than `Tolerance`.
type StopRule =
    {
        /// 0 or more.
        MaxEpochs: int
        /// 1 or more.
        Patience: int
        /// In units of the objective.
        Tolerance: float
    }

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
type Descent =
    {
        /// The optimizer's name.
        Name: string
        /// One row for each epoch, in order.
        Rows: IReadOnlyList<DescentRow>
        /// Whether the stop rule's patience ended it, rather than the last epoch.
        Converged: bool
    }

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
                $"{start.Length} start values for {parameters.Length} parameters"
                "a start value for each parameter"
                "give one number for each symbol"

        for p in parameters do
            Operand.requireRank "Descent.run" 0 "a scalar symbol" p

        if rule.MaxEpochs < 0 || rule.Patience < 1 then
            Refuse.domain
                "Descent.run"
                $"at most {rule.MaxEpochs} epochs, patience {rule.Patience}"
                "0 epochs or more, patience of 1 or more"
                "Descent.standard is a good start"

        let values = List.map2 (fun (p: Expr) v -> Tensor.full p.DType [] v) parameters start
        let state = optimizer.Init values

        let slots =
            state |> List.mapi (fun i t -> Expr.variable $"optimizer state {i}" t.DType (t.Shape.ToList()))

        let value, gradients = Grad.valueAndGrad objective parameters
        let next, nextState = optimizer.Update gradients slots parameters

        let variableOf (e: Expr) =
            match e.Node with
            | Node.Variable v -> v
            | _ ->
                Refuse.domain
                    "Descent.run"
                    (Operand.text e)
                    "a variable"
                    "make the parameters with Expr.symbol"

        let inputs = List.map variableOf (parameters @ slots)
        let step = Eval.prepare inputs (value :: gradients @ next @ nextState)
        let objectiveAt = Eval.prepare (List.map variableOf parameters) [ objective ]
        let floats (ts: Tensor list) = ts |> List.map Tensor.toFloat |> Array.ofList
        let count = parameters.Length
        let rows = List<DescentRow>()

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

                let refuse what value (at: Tensor list) =
                    let place = String.Join(", ", floats at)

                    Refuse.domain
                        "Descent.run"
                        $"{what} of {value} at ({place}), in epoch {epoch} of {optimizer.Name}"
                        "a finite objective and gradient all the way"
                        "lower the learning rate, or start elsewhere"

                if not (Double.IsFinite current) then
                    refuse "an objective" (string current) values

                if not (gradient |> floats |> Array.forall Double.IsFinite) then
                    refuse "a gradient" (String.Join(", ", floats gradient)) values

                if not (Double.IsFinite reached) then
                    refuse "an objective" (string reached) after

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
        let converged = descend 0 0 values state first

        { Name = optimizer.Name; Rows = rows; Converged = converged }
