namespace DL1

/// A source whose rows are checked when they are read.
[<Sealed>]
type private CheckedSource(source: Source, check: int[] -> Dataset -> Dataset) =
    inherit Source()
    override _.Count = source.Count
    override _.Example = source.Example
    override _.Rows(numbers) = source.Rows numbers |> check numbers
    override _.Drawn(key, numbers) = source.Drawn(key, numbers) |> check numbers

/// What training refuses of rows: those of a data set before the first step, those of another source when they are read.
[<RequireQualifiedAccess>]
module internal SourceChecks =
    let private operation = "Fit.run"

    /// A data set; nothing where a source is another one.
    let wholeOf (source: Source) : Dataset list =
        match source with
        | :? Dataset as data -> [ data ]
        | _ -> []

    /// Refuses rows of other names, types or shapes than the example's, or another number of them.
    let private requireLike (name: string) (example: Dataset) (count: int) (rows: Dataset) : unit =
        let compare kind (like: Tree<Tensor>) (found: Tree<Tensor>) =
            if List.sort (Tree.paths like) <> List.sort (Tree.paths found) then
                let names (tree: Tree<Tensor>) = Tree.paths tree |> String.concat ", "

                Refuse.domain
                    operation
                    $"rows of a source with {name}{kind} named {names found}"
                    $"{kind} named {names like}, as those of its example"
                    "give every row the names of the example"

            for path, t in Tree.toList found do
                let due = Shape.withAxis 0 count like[path].Shape

                if t.DType <> like[path].DType || t.Shape <> due then
                    Refuse.shape
                        operation
                        $"{name}{Trace.nameOf kind path} {t.DType} {t.Shape} for %d{count} rows of a source"
                        $"{like[path].DType} {due}, as its example has it"
                        "give the rows that are asked for, of the type and shape of the example"

        compare Erased.inputs example.NamedInputs rows.NamedInputs
        compare Erased.targets example.NamedTargets rows.NamedTargets

    /// A source whose rows may be learnt from: of a data set labels that are no class are refused here; the rows of another
    /// source are checked as they are read, and named by their numbers. `name` stands before what is refused; `size` is that of a
    /// batch.
    let admitted (learner: Learner) (start: TrainState) (size: int) (name: string) (source: Source) : Source =
        let example = source.Example

        let labels () =
            Admit.labelCheck
                operation
                learner.Network
                learner.Objective
                (start.Parameters, start.State)
                size
                example

        match source with
        | :? Dataset as data ->
            for check in labels () do
                check ValueNone (name, data)

            source
        | _ ->
            let labels = labels ()

            let check (numbers: int[]) (rows: Dataset) =
                requireLike name example numbers.Length rows

                let finite kind (path, t) =
                    Admit.finiteRows operation (ValueSome numbers) $"{name}{Trace.nameOf kind path}" t

                Tree.toList rows.NamedInputs |> List.iter (finite Erased.inputs)

                if not learner.MasksTargets then
                    Tree.toList rows.NamedTargets |> List.iter (finite Erased.targets)

                for check in labels do
                    check (ValueSome numbers) (name, rows)

                rows

            CheckedSource(source, check)
