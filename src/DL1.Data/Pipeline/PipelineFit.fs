namespace DL1.Data

open System
open DL1

/// The recipe of a pipeline.
[<NoEquality; NoComparison>]
type internal Recipe =
    {
        Task: PipelineTask
        Target: string
        /// Columns of either kind, which the training rows tell; all but the target where it is an empty list.
        Inputs: string list option
        Numbers: string list
        Categories: string list
        IgnoresUnknown: bool
        Drops: DroppedCategory
        /// What is put in, for these columns, or for all where none is named; the last one counts.
        Fills: (ColumnFill * string list) list
        Indicates: bool
        Scalings: (ColumnScaling * string list) list
        Features: Feature list
        Model: Estimator option
    }

/// Fitting a recipe to the rows of a table.
[<RequireQualifiedAccess>]
module internal PipelineFit =
    let private operation = "Pipeline.Fit"

    /// What the last rule that speaks of a column says.
    let private ruleOf (rules: ('r * string list) list) (name: string) : 'r option =
        rules
        |> List.tryFindBack (fun (_, names) -> names.IsEmpty || List.contains name names)
        |> Option.map fst

    /// Refuses a rule for a column that there is not.
    let requireKnown operation (known: string list) (names: string list) =
        match names |> List.tryFind (fun name -> not (List.contains name known)) with
        | None -> ()
        | Some name ->
            let all = String.concat ", " known

            Refuse.domain
                operation
                $"the column '{name}'"
                $"one of the pipeline's: {all}"
                "add it to the inputs or the features first, or check the spelling"

    /// The inputs of either kind as numbers and categories, by the table.
    let private sorted (train: Table) (recipe: Recipe) : Recipe =
        match recipe.Inputs with
        | None -> recipe
        | Some names ->
            let known = recipe.Target :: recipe.Numbers @ recipe.Categories

            let names =
                match names with
                | [] -> List.ofSeq train.Names |> List.filter (fun name -> not (List.contains name known))
                | names -> names

            let isText (name: string) =
                match train[name] with
                | Column.Texts _ -> true
                | Column.Numbers _ -> false

            let texts, numbers = List.partition isText names
            names |> List.iter (fun name -> train.RequireClear(operation, name))

            { recipe with
                Inputs = None
                Numbers = recipe.Numbers @ numbers
                Categories = recipe.Categories @ texts
            }

    let private encoderOf (recipe: Recipe) (typed: Table) : TableEncoder =
        for name in recipe.Categories do
            match typed[name] with
            | Column.Texts _ -> ()
            | Column.Numbers _ ->
                Refuse.domain
                    operation
                    $"the column '{name}' of numbers among the categories"
                    "columns of texts"
                    "add it by Numbers, or make texts of it by mapTexts"

        let encoder =
            TableEncoder.Fit(typed, Array.ofList (recipe.Numbers @ recipe.Categories)).Dropping recipe.Drops

        if recipe.IgnoresUnknown then encoder.IgnoringUnknown() else encoder

    /// What is put into each column of numbers, by its place.
    let private fillsOf (recipe: Recipe) (train: Table) (columns: float[][]) : (int * float) list =
        let fill i (name: string) =
            let own = Tensor.ofArray [ columns[i].Length; 1 ] columns[i]

            match ruleOf recipe.Fills name with
            | Some ColumnFill.Mean -> Some(i, List.head (Impute.mean own))
            | Some ColumnFill.Median -> Some(i, List.head (Impute.median own))
            | Some ColumnFill.Commonest -> Some(i, List.head (Impute.commonest own))
            | Some(ColumnFill.Constant value) -> Some(i, value)
            | None ->
                match columns[i] |> Array.tryFindIndex Double.IsNaN with
                | Some row ->
                    Refuse.domain
                        operation
                        $"no number in {train.Place(name, row)}"
                        "numbers in all rows, or something to put in"
                        "add Impute to the pipeline, or leave these rows out by complete"
                | None -> None

        recipe.Numbers |> List.mapi fill |> List.choose id

    /// The numbers with the features, scaled: a function of the numbers, fitted on those of the training rows.
    let private scaledOf (recipe: Recipe) (train: Table) (featured: Expr -> Expr) (x: Tensor) : Expr -> Expr =
        let names = recipe.Numbers @ (recipe.Features |> List.map _.Name)
        let values = Prepare.run featured x
        let numbers = Tensor.toFloats values

        match numbers |> Array.tryFindIndex (fun v -> not (Double.IsFinite v)) with
        | Some at ->
            let row, column = at / names.Length, at % names.Length

            Refuse.domain
                operation
                $"{string numbers[at]} as '{names[column]}' of {train.Source}, line %d{train.Line row}"
                "finite numbers"
                "look at what the feature divides by or takes the logarithm of"
        | None -> ()

        let kinds =
            names
            |> List.map (fun name -> ruleOf recipe.Scalings name |> Option.defaultValue ColumnScaling.AsIs)

        featured >> Prepare.scaled kinds values

    let private require (recipe: Recipe) (train: Table) =
        if recipe.Numbers.IsEmpty && recipe.Categories.IsEmpty then
            Refuse.domain
                operation
                "a pipeline without inputs"
                "a column at least"
                "add columns by Inputs, Numbers or Categories"

        if recipe.Numbers.IsEmpty && not recipe.Features.IsEmpty then
            Refuse.domain operation "features of no numbers" "a number at least" "add columns by Numbers"

        if train.RowCount = 0 then
            Refuse.domain
                operation
                $"no rows of {train.Source}"
                "one at least"
                "check how the table was split"

        requireKnown "Pipeline.Impute" recipe.Numbers (recipe.Fills |> List.collect snd)

        requireKnown
            "Pipeline.Scale"
            (recipe.Numbers @ (recipe.Features |> List.map _.Name))
            (recipe.Scalings |> List.collect snd)

    /// From encoded inputs to what the model is given, fitted on the training rows.
    let private preparation (recipe: Recipe) (train: Table) (encoder: TableEncoder) (x: Tensor) =
        let count = recipe.Numbers.Length
        let columns = if count = 0 then [||] else Matrix.columns (Convert.toRows<float> x)
        let fills = fillsOf recipe train columns

        let indicated =
            if recipe.Indicates then
                [ 0 .. count - 1 ] |> List.filter (fun i -> Array.exists Double.IsNaN columns[i])
            else
                []

        let fill, indicators = Prepare.imputed fills indicated count
        let width = encoder.Names.Count
        let numbersOf (x: Expr) = Expr.sliceAxis 1 0 count x
        let featured (x: Expr) = numbersOf x |> fill |> Prepare.featured recipe.Numbers recipe.Features
        let scaled = if count = 0 then None else Some(scaledOf recipe train featured x)

        let prepared (x: Expr) : Expr =
            match
                [
                    match scaled with
                    | Some scaled -> scaled x
                    | None -> ()
                    yield! indicators (numbersOf x)
                    if width > count then
                        Expr.sliceAxis 1 count width x
                ]
            with
            | [ one ] -> one
            | many -> Expr.concat 1 many

        struct (prepared, fills |> List.map (fun (i, _) -> recipe.Numbers[i]) |> Set)

    /// Fits encoder, fills, scales and model to the rows of a table, and to nothing else.
    let run (recipe: Recipe) (train: Table) : FittedParts =
        let recipe = sorted train recipe
        require recipe train

        let model =
            match recipe.Model with
            | Some model -> model
            | None -> Refuse.domain operation "a pipeline without a model" "one at the end" "add one by Model"

        let classes =
            match recipe.Task with
            | PipelineTask.Regression -> []
            | PipelineTask.Classification -> PipelineInput.classes operation recipe.Target train

        let targets = PipelineInput.targets operation recipe.Task recipe.Target classes train

        // A column of numbers is one in any table, whatever it was read as.
        let typed =
            recipe.Numbers
            |> List.fold
                (fun (table: Table) name -> TableEdit.add name (Column.Numbers(table.Values name)) table)
                train

        let encoder = encoderOf recipe typed
        let x = encoder.Apply(typed, DType.F64)
        let struct (prepared, mayMiss) = preparation recipe train encoder x
        let answer = model.Fit(recipe.Task, Dataset(Prepare.run prepared x, targets))

        let outputs (x: Expr) : Expr =
            let y = answer (prepared x)

            match recipe.Task with
            // Two scores of two classes say no more than their difference.
            | PipelineTask.Classification when classes.Length = 2 && y.Shape.Rank = 2 && y.Shape[1] = 2 ->
                Prepare.column 1 y - Prepare.column 0 y
            | PipelineTask.Classification
            | PipelineTask.Regression -> y

        let graph = RowGraph.Of(outputs, encoder.Names.Count)

        let wanted =
            match classes.Length with
            | 0
            | 2 -> 1
            | many -> many

        if graph.Outputs <> wanted then
            Refuse.shape
                operation
                $"%d{graph.Outputs} outputs of the model"
                (if classes.IsEmpty then
                     "one, the number"
                 else
                     $"%d{wanted}, for %d{classes.Length} classes")
                "change the last layer of the model"

        let inputs = String.concat ", " (recipe.Numbers @ recipe.Categories)

        {
            Task = recipe.Task
            Target = recipe.Target
            Classes = classes
            Encoder = encoder
            MayMiss = mayMiss
            Graph = graph
            Notes = $"{recipe.Target} from {inputs} by {string model}"
        }
