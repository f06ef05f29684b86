namespace DL1.Data

open System
open System.Runtime.InteropServices
open DL1

/// What a pipeline predicts.
[<RequireQualifiedAccess; Struct>]
type PipelineTask =
    /// A number.
    | Regression
    /// One of some classes.
    | Classification

/// A model of a pipeline that is still to be fitted: a baseline, or a network with its training.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Estimator
    internal (name: string, tasks: PipelineTask list, fit: PipelineTask -> Dataset -> (Expr -> Expr)) =
    /// What it is fitted to: inputs f64 `[rows; columns]`, targets f64 `[rows; 1]` or labels i64 `[rows]`; it answers with
    /// what gives outputs `[rows; outputs]` for inputs.
    member internal _.Fit(task: PipelineTask, data: Dataset) : Expr -> Expr =
        if not (List.contains task tasks) then
            let wanted, other =
                match task with
                | PipelineTask.Regression -> "numbers", "Ridge, Neighbours or Network"
                | PipelineTask.Classification -> "classes", "Logistic, NaiveBayes, Neighbours or Network"

            Refuse.domain
                "Pipeline.Fit"
                $"{name} for {wanted}"
                $"a model that predicts {wanted}"
                $"take {other}"

        fit task data

    /// A model of one's own: from the task, inputs f64 `[rows; columns]` and targets (labels i64 `[rows]`, or numbers f64
    /// `[rows; 1]`) to a function of inputs, which gives a score for each class, one of two, or a number.
    /// `Estimator.Create("mean", fun task data -> Func<Expr, Expr>(fun x -> ...))`
    static member Create(name: string, fit: Func<PipelineTask, Dataset, Func<Expr, Expr>>) : Estimator =
        Estimator(
            name,
            [ PipelineTask.Regression; PipelineTask.Classification ],
            fun task data ->
                let answer = fit.Invoke(task, data)
                answer.Invoke
        )

    /// Ridge regression; without a penalty, least squares. `Estimator.Ridge 1.0`
    static member Ridge([<Optional; DefaultParameterValue(1.0)>] penalty: float) : Estimator =
        Estimator(
            "ridge regression",
            [ PipelineTask.Regression ],
            fun _ data -> (Ridge.Fit(data.Inputs, data.Targets, penalty)).Express
        )

    /// Logistic regression. `Estimator.Logistic 1.0`
    static member Logistic([<Optional; DefaultParameterValue(1.0)>] inversePenalty: float) : Estimator =
        Estimator(
            "logistic regression",
            [ PipelineTask.Classification ],
            fun _ data -> (Logistic.Fit(data.Inputs, data.Targets, inversePenalty)).Express
        )

    /// The nearest training rows. `Estimator.Neighbours 5`
    static member Neighbours
        (
            [<Optional; DefaultParameterValue(5)>] count: int,
            [<Optional; DefaultParameterValue(false)>] byDistance: bool
        ) : Estimator =
        Estimator(
            "nearest neighbours",
            [ PipelineTask.Regression; PipelineTask.Classification ],
            fun task data ->
                match task with
                | PipelineTask.Regression ->
                    (Neighbours.Regress(data.Inputs, data.Targets, count, byDistance)).Express
                | PipelineTask.Classification ->
                    (Neighbours.Classify(data.Inputs, data.Targets, count, byDistance)).Express
        )

    /// Naive Bayes with normal columns. `Estimator.NaiveBayes()`
    static member NaiveBayes() : Estimator =
        Estimator(
            "naive Bayes",
            [ PipelineTask.Classification ],
            fun _ data -> (NaiveBayes.Fit(data.Inputs, data.Targets)).Express
        )

    /// A network with its training. Targets are f32 `[rows; 1]` of a regression, i64 `[rows]` of a classification, so a
    /// classifier has an output for each class; inputs come in the type of the learner. With `holdOut` above 0 that part of
    /// the training rows is held out for validation in training, for early stopping.
    /// `Estimator.Network(learner, Fit.options (Key.ofSeed 1L))`
    static member Network
        (learner: Learner, options: FitOptions, [<Optional; DefaultParameterValue(0.0)>] holdOut: float)
        : Estimator =
        Estimator(
            string learner,
            [ PipelineTask.Regression; PipelineTask.Classification ],
            fun task data ->
                let targets =
                    match task with
                    | PipelineTask.Regression -> Tensor.cast learner.DType data.Targets
                    | PipelineTask.Classification -> data.Targets

                let all = Dataset(Tensor.cast learner.DType data.Inputs, targets)

                let options, train =
                    if holdOut = 0.0 then
                        options, all
                    else
                        let key = Key.fold 1 options.Key

                        let kept, held =
                            match task with
                            | PipelineTask.Regression -> Splits.holdOut holdOut key all.Count
                            | PipelineTask.Classification -> Splits.stratified holdOut key targets

                        { options with Validation = Some(Dataset.rows held all) }, Dataset.rows kept all

                let trained = (Fit.run options learner train).Trained

                fun x ->
                    let constants = Tree.mapPath (fun _ (t: Tensor) -> Expr.constant t)

                    Layer.apply
                        Mode.Inference
                        (constants trained.Parameters)
                        (constants trained.State)
                        trained.Model
                        (Expr.cast learner.DType x)
                    |> fst
        )

    /// What it is.
    override _.ToString() = name
    member internal this.Display = this.ToString()
