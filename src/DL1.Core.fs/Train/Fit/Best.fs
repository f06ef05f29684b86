namespace DL1

open System

/// The best epoch so far, and how long ago it was.
[<NoEquality; NoComparison>]
type internal Best =
    {
        Rule: EarlyStopping
        IsGain: bool
        Value: float
        Epoch: int
        Waits: int
        Parameters: Tree<Tensor>
        State: Tree<Tensor>
    }

[<RequireQualifiedAccess>]
module internal Best =
    /// Before the first epoch. A metric that is not measured is refused; parts of the loss are to be low.
    let start (parts: string list) (metrics: Metric list) (rule: EarlyStopping) : Best =
        if rule.Patience < 1 || not (rule.Tolerance >= 0.0) then
            Refuse.domain
                "Fit.run"
                $"patience %d{rule.Patience} and tolerance {string rule.Tolerance}"
                "patience of 1 or more, tolerance of 0 or more"
                "5 and 0 are a start"

        let isGain =
            match metrics |> List.tryFind (fun m -> m.Name = rule.Monitor) with
            | Some m -> m.IsGain
            | None when rule.Monitor = "" || List.contains rule.Monitor parts -> false
            | None ->
                let names = parts @ (metrics |> List.map _.Name) |> String.concat ", "

                Refuse.domain
                    "Fit.run"
                    $"the metric '{rule.Monitor}' to be watched"
                    $"one that is measured ({names}), or nothing for the loss"
                    "add it to Metrics"

        {
            Rule = rule
            IsGain = isGain
            Value = if isGain then Double.NegativeInfinity else Double.PositiveInfinity
            Epoch = 0
            Waits = 0
            Parameters = Tree.empty
            State = Tree.empty
        }

    /// Whether it goes by the loss on the training set, which is not that of the epoch's row: the row's is the mean over
    /// steps, while the parameters changed.
    let watchesTraining (hasValidation: bool) (b: Best option) : bool =
        b |> Option.exists (fun b -> b.Rule.Monitor = "" && not hasValidation)

    /// After an epoch, with the loss of the parameters that it ended with.
    let next (row: EpochRow) (loss: float option) (state: Lazy<TrainState>) (b: Best) : Best =
        let value =
            match row.Metrics |> List.tryFind (fun (name, _) -> name = b.Rule.Monitor) with
            | Some(_, value) -> value
            | None -> loss |> Option.defaultValue row.Loss

        let gained = if b.IsGain then value - b.Value else b.Value - value

        if gained > b.Rule.Tolerance then
            let now = state.Value

            { b with
                Value = value
                Epoch = row.Epoch
                Waits = 0
                Parameters = now.Parameters
                State = now.State
            }
        else
            { b with Waits = b.Waits + 1 }

    let private names = "best.parameters", "best.state", "best.numbers"

    /// What a checkpoint keeps of it.
    let toExtra (b: Best) : Tree<Tensor> =
        let parameters, state, numbers = names

        [
            Tree.under parameters b.Parameters
            Tree.under state b.State
            Tree.ofList [ numbers, Tensor.vector [ b.Value; float b.Epoch; float b.Waits ] ]
        ]
        |> List.reduce Tree.append

    let ofExtra (extra: Tree<Tensor>) (b: Best) : Best =
        let parameters, state, numbers = names

        match Tree.tryFind numbers extra with
        | Some t when t.DType = DType.F64 && t.Size = 3 ->
            let values = Tensor.toFloats t

            { b with
                Value = values[0]
                Epoch = int values[1]
                Waits = int values[2]
                Parameters = Tree.at parameters extra
                State = Tree.at state extra
            }
        | Some _
        | None -> b
