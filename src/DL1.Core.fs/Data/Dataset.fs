namespace DL1

open System
open System.Diagnostics

/// Rows of tensors: the slices along the first axis.
[<RequireQualifiedAccess>]
module internal Rows =
    /// The number of rows; a scalar has none and is refused.
    let count operation (t: Tensor) =
        if t.Rank = 0 then
            Refuse.shape operation "a scalar" "a tensor with rows: a first axis" "reshape it to [1]"

        t.Shape[0]

    /// Some rows, in the order of their numbers.
    let take operation (rows: int[]) (t: Tensor) : Tensor =
        let count = count operation t

        for row in rows do
            if row < 0 || row >= count then
                Refuse.domain
                    operation
                    $"row %d{row} of %d{count}"
                    $"a row from 0 to %d{count - 1}"
                    "count rows from 0"

        let shape = Shape.withAxis 0 rows.Length t.Shape
        let width = if count = 0 then 0 else t.Size / count

        let from (source: 'e[]) : 'e[] =
            let target = GC.AllocateUninitializedArray<'e>(shape.Size)

            for i in 0 .. rows.Length - 1 do
                Array.Copy(source, rows[i] * width, target, i * width, width)

            target

        let elements =
            match t.Elements with
            | Elements.F32 a -> Elements.F32(from a)
            | Elements.F64 a -> Elements.F64(from a)
            | Elements.I32 a -> Elements.I32(from a)
            | Elements.I64 a -> Elements.I64(from a)
            | Elements.Bool a -> Elements.Bool(from a)

        Tensor(shape, elements)

    /// Tensors of the same type and the same rows, one below another.
    let stack operation (parts: Tensor list) : Tensor =
        match parts with
        | [] -> Refuse.domain operation "no tensor" "one at least" "check that there are rows"
        | first :: _ ->
            let dims = first.Shape.ToList()

            for part in parts do
                if
                    part.DType <> first.DType
                    || part.Rank <> first.Rank
                    || part.Shape.ToList().Tail <> dims.Tail
                then
                    Refuse.shape
                        operation
                        $"{part.DType} {part.Shape} below {first.DType} {first.Shape}"
                        "the same type and the same extents but for the first"
                        "cast or reshape them"

            let rows = parts |> List.sumBy (fun p -> p.Shape[0])
            Tensor(Shape.withAxis 0 rows first.Shape, Elements.concat (parts |> List.map _.Elements))

/// Rows to learn from, by their numbers, from wherever they lie: memory, files, a generator. `Fit` takes one in the place of a
/// `Dataset`, which is one; `Source.create` makes one of a function, `Source.append`, `Source.weighted` and others make new
/// ones of old ones. Rows with the same number are the same each time, so that the batches of a training depend on its key alone,
/// whatever is read ahead, and after any resumption. Several threads may ask at once.
[<AbstractClass; StructuredFormatDisplay("{Display}")>]
type Source() =
    /// The number of rows.
    abstract Count: int
    /// One row or more like all others: only names, types and shapes of its tensors are looked at.
    abstract Example: Dataset
    /// Some rows, in the order of their numbers, counted from 0, which may repeat: for validation.
    abstract Rows: numbers: int[] -> Dataset

    /// The rows as an epoch of training is given them, with the key of the epoch: where nothing is drawn, `Rows`. What is drawn,
    /// such as how an image is cropped, depends on the key and the row's number alone.
    abstract Drawn: key: Key * numbers: int[] -> Dataset

    default this.Drawn(_, numbers) = this.Rows numbers

    /// The number of rows, and the shapes of one.
    override this.ToString() = $"source of %d{this.Count} rows like {this.Example}"
    member internal this.Display = Format.following (this.ToString())

/// Examples to learn from: inputs and their targets, one row each, `[rows; ...]`. Inputs and targets are one tensor each, or
/// several, each by its name. Another number of rows in one of them is a `ShapeError`.
and [<Sealed; DebuggerDisplay("{ToString(),nq}")>] Dataset
    private (inputs: Tree<Tensor>, targets: Tree<Tensor>) =
    inherit Source()

    do
        let first =
            match Tree.values inputs with
            | first :: _ -> first
            | [] ->
                Refuse.domain
                    "Dataset"
                    "no inputs"
                    "one tensor at least"
                    "name the tensors that are given to the model"

        if targets.Count = 0 then
            Refuse.domain
                "Dataset"
                "no targets"
                "one tensor at least"
                "name the tensors that are learnt, or take the inputs as targets"

        let rows = Rows.count "Dataset" first

        for path, t in Tree.toList inputs do
            if Rows.count "Dataset" t <> rows then
                Refuse.shape
                    "Dataset"
                    $"%d{rows} rows of inputs {first.Shape} with inputs {path} {t.Shape}"
                    "as many rows in each of the inputs"
                    "check how they were made"

        for path, t in Tree.toList targets do
            if Rows.count "Dataset" t <> rows then
                let named = if targets.Count = 1 then "" else $" {path}"

                Refuse.shape
                    "Dataset"
                    $"%d{rows} rows of inputs {first.Shape} with targets{named} {t.Shape}"
                    "as many rows of targets as of inputs"
                    "check how the two were made"

    let alone (kind: string) (tree: Tree<Tensor>) : Tensor =
        match Tree.values tree with
        | [ one ] -> one
        | _ ->
            let names = Tree.paths tree |> String.concat ", "

            Refuse.domain
                $"Dataset.{kind}"
                $"a data set with several {kind.ToLowerInvariant()}: {names}"
                $"a data set with one tensor of {kind.ToLowerInvariant()}"
                $"take one of them by its name, data.Named{kind}[\"{tree.Paths[0]}\"]"

    /// Inputs and targets, one tensor each.
    new(inputs: Tensor, targets: Tensor) =
        Dataset(Tree.ofList [ Erased.inputs, inputs ], Tree.ofList [ Erased.targets, targets ])

    static member internal OfTrees(inputs: Tree<Tensor>, targets: Tree<Tensor>) : Dataset =
        Dataset(inputs, targets)

    /// What the model is given, `[rows; ...]`. Where it is several tensors, each has its name: this is a `DomainError`, and
    /// `NamedInputs` has them.
    member _.Inputs: Tensor = alone "Inputs" inputs
    /// What it is to answer, `[rows; ...]`; several have their names in `NamedTargets`.
    member _.Targets: Tensor = alone "Targets" targets
    /// What the model is given by name; one tensor alone is named `inputs`, those of a tuple 1, 2, ...
    member _.NamedInputs = inputs
    /// What it is to answer by name; one tensor alone is named `targets`, those of a tuple 1, 2, ...
    member _.NamedTargets = targets
    /// The number of rows.
    override _.Count = (snd inputs.Leaves[0]).Shape[0]

    /// The same data by a function of each tensor, which is asked once for one that is there several times.
    member internal _.Mapped(f: Tensor -> Tensor) : Dataset =
        let known = HashIdentity.Reference |> System.Collections.Generic.Dictionary<Tensor, Tensor>
        let of' (t: Tensor) = Lookup.orAdd known t (fun () -> f t)

        Dataset(Tree.map of' inputs, Tree.map of' targets)

    /// Some rows, in the order of their numbers, which may repeat; one that is not there is a `DomainError`.
    override this.Rows(numbers) = this.Mapped(Rows.take "Dataset.rows" numbers)

    /// The first row, or none where there is none.
    override this.Example = if this.Count < 2 then this else this.Rows [| 0 |]

    /// The number of rows, and the shapes.
    override this.ToString() =
        let shown (kind: string) (tree: Tree<Tensor>) =
            match Tree.toList tree with
            | [ _, one ] -> $"{kind} {one.DType} {one.Shape}"
            | several ->
                let each =
                    several |> List.map (fun (path, t) -> $"{path} {t.DType} {t.Shape}") |> String.concat ", "

                $"{kind} {each}"

        $"%d{this.Count} rows: {shown Erased.inputs inputs}, {shown Erased.targets targets}"

/// Data sets of tensors.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Dataset =
    /// Inputs with their targets. `Dataset.create x y`
    let create (inputs: Tensor) (targets: Tensor) = Dataset(inputs, targets)

    /// Several inputs, or several targets, by name: what a model of a record or of a `Tree<Expr>` takes, a tensor for each
    /// member. Names are those of the record's members, in upper or lower case; their order makes no difference.
    /// `Dataset.named [ "word", words; "age", ages ] [ "price", prices ]`
    let named (inputs: (string * Tensor) list) (targets: (string * Tensor) list) : Dataset =
        Dataset.OfTrees(Tree.ofList inputs, Tree.ofList targets)

    /// Inputs and targets as tuples, records or trees of tensors, each `[rows; ...]`: the members of a tuple are named 1, 2,
    /// ..., those of a record as they are. A type that is not made of tensors is a `DomainError`.
    /// `Dataset.from (words, ages) prices`
    let from (inputs: 'a) (targets: 'b) : Dataset =
        let operation = "Dataset.from"

        Dataset.OfTrees(
            Composite<Tensor, 'a>.Of(operation, Erased.inputs).ToTree inputs,
            Composite<Tensor, 'b>.Of(operation, Erased.targets).ToTree targets
        )

    /// Inputs that are their own targets: for autoencoders. The tensors are held, and cut into batches, once.
    /// `Dataset.ofInputs x`
    let ofInputs (inputs: 'a) : Dataset =
        let composite = Composite<Tensor, 'a>.Of("Dataset.ofInputs", Erased.inputs)
        let inputs = composite.ToTree inputs

        match Tree.toList inputs with
        | [ path, one ] when path = Erased.inputs -> Dataset(one, one)
        | _ -> Dataset.OfTrees(inputs, inputs)

    /// Some rows, in the order of their numbers, which may repeat; one that is not there is a `DomainError`.
    /// `Dataset.rows [| 2; 0 |] data`
    let rows (numbers: int[]) (data: Dataset) : Dataset = data.Rows numbers

    /// The first rows, or all where there are fewer; none where the count is negative. `Dataset.truncate 2 data`
    let truncate (count: int) (data: Dataset) : Dataset =
        rows (Array.init (max 0 (min count data.Count)) id) data

    /// The targets as one number for each row.
    let private numbers operation (data: Dataset) : float[] =
        let targets = data.Targets

        if targets.Size <> data.Count then
            Refuse.shape
                operation
                $"targets {targets.DType} {targets.Shape}"
                "one number for each row, [rows] or [rows; 1]"
                "choose rows by their numbers instead"

        Tensor.toFloats targets

    /// The rows whose target, one number for each row, is as wanted. `Dataset.filter (fun label -> label < 2.0) data`
    let filter (wanted: float -> bool) (data: Dataset) : Dataset =
        let targets = numbers "Dataset.filter" data

        rows
            [|
                for i in 0 .. targets.Length - 1 do
                    if wanted targets[i] then
                        i
            |]
            data

    let private requireClasses operation (data: Dataset) =
        if not data.Targets.DType.IsInteger then
            Refuse.shape
                operation
                $"targets {data.Targets.DType} {data.Targets.Shape}"
                "labels of i32 or i64, one for each row"
                "cast them to whole numbers"

    /// The rows of some classes alone, which are numbered anew in the order in which they are named: 0, 1, ... Targets are labels,
    /// i32 or i64 `[rows]`. No class, one that is named twice, and one that no row has, are a `DomainError`.
    /// `Dataset.ofClasses [ 2; 0 ] data`
    let ofClasses (classes: int list) (data: Dataset) : Dataset =
        let operation = "Dataset.ofClasses"
        requireClasses operation data
        let shown () = classes |> List.map string |> String.concat ", "

        if classes.IsEmpty || (List.distinct classes).Length < classes.Length then
            Refuse.domain
                operation
                (if classes.IsEmpty then "no class" else $"the classes {shown ()}")
                "one class or more, each once"
                "name the classes that are kept"

        let numbered = dict [ for i, c in List.indexed classes -> float c, int64 i ]
        let targets = numbers operation data

        match classes |> List.tryFind (fun c -> not (Array.contains (float c) targets)) with
        | Some missing ->
            Refuse.domain
                operation
                $"the class %d{missing}"
                "a class that a row has"
                "check the labels of the data set"
        | None -> ()

        let kept = filter numbered.ContainsKey data

        let labels =
            numbers operation kept
            |> Array.map (fun label -> numbered[label])
            |> Tensor.vector
            |> Tensor.reshape (kept.Targets.Shape.ToList())
            |> Tensor.cast kept.Targets.DType

        Dataset.OfTrees(kept.NamedInputs, Tree.map (fun _ -> labels) kept.NamedTargets)

    /// The first rows of each class, or all where there are fewer, class after class in ascending order: few examples, of each the
    /// same number. Targets are labels, i32 or i64 `[rows]`. `Dataset.truncateEach 1 data`
    let truncateEach (count: int) (data: Dataset) : Dataset =
        let operation = "Dataset.truncateEach"
        requireClasses operation data

        let chosen =
            numbers operation data
            |> Array.indexed
            |> Array.groupBy snd
            |> Array.sortBy fst
            |> Array.collect (fun (_, own) -> Array.truncate (max 0 count) own |> Array.map fst)

        rows chosen data

    /// The same data with other inputs, made of the old ones; of several inputs by `mapInput`.
    /// `Dataset.mapInputs (Scale.apply scaler) data`
    let mapInputs (f: Tensor -> Tensor) (data: Dataset) : Dataset =
        let inputs = f data.Inputs
        Dataset.OfTrees(Tree.map (fun _ -> inputs) data.NamedInputs, data.NamedTargets)

    /// The same data with another tensor in the place of the input of a name, made of the old one; a name that is not there is
    /// a `DomainError`. `Dataset.mapInput "age" (Scale.apply scaler) several`
    let mapInput (name: string) (f: Tensor -> Tensor) (data: Dataset) : Dataset =
        Dataset.OfTrees(
            Tree.replace data.NamedInputs (Tree.ofList [ name, f data.NamedInputs[name] ]),
            data.NamedTargets
        )

    /// The rows of some data sets, one after another, of the same names, types and shapes.
    let internal stack operation (parts: Dataset list) : Dataset =
        match parts with
        | [ one ] -> one
        | [] -> Refuse.domain operation "no rows" "one row at least" "check that there are rows"
        | first :: _ ->
            let below (tree: Dataset -> Tree<Tensor>) =
                let all = parts |> List.map tree

                for other in all do
                    if (Tree.paths other |> List.sort) <> (Tree.paths (tree first) |> List.sort) then
                        let names (tree: Tree<Tensor>) = Tree.paths tree |> String.concat ", "

                        Refuse.domain
                            operation
                            $"rows with tensors named {names other} below {names (tree first)}"
                            "the same names"
                            "name the tensors of both alike"

                tree first
                |> Tree.mapPath (fun path _ ->
                    Rows.stack operation (all |> List.map (fun part -> part[path])))

            Dataset.OfTrees(below _.NamedInputs, below _.NamedTargets)

    /// The rows of one, then those of another, of the same names, types and shapes. `Dataset.append data data`
    let append (first: Dataset) (second: Dataset) : Dataset =
        let stack a b = Rows.stack "Dataset.append" [ a; b ]

        Dataset.OfTrees(
            Tree.map2 stack first.NamedInputs second.NamedInputs,
            Tree.map2 stack first.NamedTargets second.NamedTargets
        )
