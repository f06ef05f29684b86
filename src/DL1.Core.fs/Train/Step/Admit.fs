namespace DL1

open System
open System.Numerics

/// Data are looked at once before a model meets them. A number that is not finite, or a label that is no class, is a
/// `DomainError` that names its row: later, all that could be seen of it is a loss that is NaN.
[<RequireQualifiedAccess>]
module internal Admit =
    /// The place of the first element that is NaN or infinite, else −1.
    let private firstOf<'t
        when 't: struct and 't: (new: unit -> 't) and 't :> ValueType and 't :> INumberBase<'t>>
        (values: ReadOnlySpan<'t>)
        : int =
        let width = Vector<'t>.Count
        let mutable first, found = 0, -1

        while found < 0 && first < values.Length do
            let block = values.Slice(first, min 4096 (values.Length - first))
            // x − x is 0 of what is finite, and NaN of all else.
            let mutable sum = Vector<'t>.Zero
            let mutable i = 0

            while i + width <= block.Length do
                let x = Vector<'t>(block.Slice(i, width))
                sum <- sum + (x - x)
                i <- i + width

            if not (Vector.EqualsAll(sum, Vector<'t>.Zero)) then
                i <- 0

            while found < 0 && i < block.Length do
                if not ('t.IsFinite(block[i])) then
                    found <- first + i

                i <- i + 1

            first <- first + block.Length

        found

    let private firstNotFinite (t: Tensor) : int =
        match t.Elements with
        | Elements.F32 values -> firstOf (ReadOnlySpan<float32> values)
        | Elements.F64 values -> firstOf (ReadOnlySpan<float> values)
        | Elements.I32 _
        | Elements.I64 _
        | Elements.Bool _ -> -1

    /// A place among the elements, as a person looks for it; `numbers` are those of the rows in a source.
    let private place (numbers: int[] voption) (shape: Shape) (index: int) : string =
        let inside = shape.Size / shape[0]
        let row, rest = index / inside, index % inside

        let row =
            match numbers with
            | ValueSome numbers -> numbers[row]
            | ValueNone -> row

        match List.tail (shape.ToList()) with
        | [] -> $"in row %d{row}"
        | [ _ ] -> $"in row %d{row}, column %d{rest}"
        | dims ->
            let places, _ = List.mapFoldBack (fun extent rest -> rest % extent, rest / extent) dims rest
            $"in row %d{row}, at {places}"

    /// Refuses numbers that are not finite; what the tensor is stands in the message. Of rows of a source, `numbers` are theirs.
    let finiteRows operation (numbers: int[] voption) (what: string) (t: Tensor) : unit =
        match firstNotFinite t with
        | -1 -> ()
        | index ->
            let value = Tensor.toFloats t |> Seq.item index
            let name = if Double.IsNaN value then "NaN" else "an infinity"

            Refuse.domain
                operation
                $"{name} among the {what} {t.DType} {t.Shape}, {place numbers t.Shape index}, counted from 0"
                "finite numbers"
                (if Double.IsNaN value then
                     "fill missing values in with an imputer fitted on the training rows, or leave the row out"
                 else
                     "look where the number comes from, such as a division by 0 or a logarithm of 0")

    /// Refuses numbers that are not finite; what the tensor is stands in the message.
    let finite operation (what: string) (t: Tensor) : unit = finiteRows operation ValueNone what t

    /// Refuses inputs of data sets, by their names, that are not finite.
    let inputs operation (sets: (string * Dataset) list) : unit =
        for name, data in sets do
            for path, t in Tree.toList data.NamedInputs do
                finite operation $"{name}{Trace.nameOf Erased.inputs path}" t

    /// Refuses inputs and targets of data sets, by their names, that are not finite.
    let numbers operation (sets: (string * Dataset) list) : unit =
        for set in sets do
            inputs operation [ set ]
            let name, data = set

            for path, t in Tree.toList data.NamedTargets do
                finite operation $"{name}{Trace.nameOf Erased.targets path}" t

    /// The labels of a tensor for which a classification's loss has a number: a check of some rows, `numbers` where they are those
    /// of a source, of so many rows at a time.
    let private legal operation size path (target: Variable) (guard: LabelGuard) =
        let run = Compile.prepare [ target ] [ guard.IsLegal; guard.Labels ]

        fun (numbers: int[] voption) (name: string, data: Dataset) ->
            let targets = data.NamedTargets[path]
            // The graph is for batches of one size: a last one that is smaller is filled up from the beginning.
            let labels rows = run [ Rows.take operation rows targets ]

            let isLegal rows =
                let legal: bool[] = (labels rows).Head.ToArray<bool>()
                not (Array.contains false legal)

            for first in 0..size .. data.Count - 1 do
                let rows = Array.init size (fun i -> (first + i) % data.Count)

                if not (isLegal rows) then
                    let row = rows |> Array.find (fun row -> not (isLegal (Array.create size row)))
                    let found = labels (Array.create size row)
                    let index = Array.IndexOf(found.Head.ToArray<bool>(), false)
                    let label = Tensor.toFloats found[1] |> Seq.item index

                    let number =
                        match numbers with
                        | ValueSome numbers -> numbers[row]
                        | ValueNone -> row

                    Refuse.domain
                        operation
                        $"the label {string label} in row %d{number}, counted from 0, of the {name}{target.Name} {targets.DType} {targets.Shape}"
                        (if guard.Classes = 2 then
                             "labels 0 and 1: the model tells two classes apart"
                         else
                             $"labels from 0 to %d{guard.Classes - 1}: the model has %d{guard.Classes} outputs")
                        "give the last layer an output for each class, number the classes from 0, or tell the loss which label to ignore"

    /// What refuses labels of rows like an example's for which a classification's loss has no number; nothing where targets are
    /// no labels. `size` is that of a batch. The check is given the numbers of the rows where they are those of a source.
    let labelCheck
        operation
        (model: Layer<Tree<Expr>, Tree<Expr>>)
        (loss: Tree<Expr> -> Tree<Expr> -> Expr)
        (parameters: Tree<Tensor>, state: Tree<Tensor>)
        (size: int)
        (example: Dataset)
        : (int[] voption -> string * Dataset -> unit) list =
        let areLabels (t: Tensor) = t.DType = DType.I32 || t.DType = DType.I64

        if size > 0 && Tree.values example.NamedTargets |> List.exists areLabels then
            let set kind tensors = Trace.setOf (ValueSome size) kind tensors

            let inputs, targets =
                set Erased.inputs example.NamedInputs, set Erased.targets example.NamedTargets

            let ps, ss = Trace.tree "parameters" parameters, Trace.tree "state" state
            let types = Tree.values parameters |> List.map _.DType

            let outputs, _ =
                InputType.explained types inputs (fun () -> Layer.apply Mode.Inference ps ss model inputs)

            [
                for guard in LabelGuard.find (loss targets outputs) do
                    match Graph.variables [ guard.IsLegal ] with
                    | [ one ] ->
                        for path, t in Tree.toList example.NamedTargets do
                            if areLabels t && Trace.nameOf Erased.targets path = one.Name then
                                legal operation size path one guard
                    | _ -> ()
            ]
        else
            []

    /// Refuses labels of data sets, whose rows have one shape, for which a classification's loss has no number. `size` is that
    /// of a batch.
    let labels
        operation
        (model: Layer<Tree<Expr>, Tree<Expr>>)
        (loss: Tree<Expr> -> Tree<Expr> -> Expr)
        (parameters: Tree<Tensor>, state: Tree<Tensor>)
        (size: int)
        (sets: (string * Dataset) list)
        : unit =
        match sets with
        | (_, data) :: _ ->
            for check in labelCheck operation model loss (parameters, state) size data do
                for set in sets do
                    check ValueNone set
        | [] -> ()
