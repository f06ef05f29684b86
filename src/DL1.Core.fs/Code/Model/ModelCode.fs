namespace DL1

open System
open System.Globalization
open DL1.Compiler.Source

/// Trained models as C# that needs nothing but .NET: one static class that predicts one sample at a time, with preprocessing
/// inside, without a heap allocation, reflection or code made at run time. See the guide "A model without a runtime".
[<RequireQualifiedAccess>]
module ModelCode =
    let private operation = "ToCSharp"

    /// The newest C#, no namespace, drawn samples, up to 100,000 numbers as literals. `{ ModelCode.options with Namespace = "Shop" }`
    let options: ModelCodeOptions =
        {
            Namespace = ""
            Version = CSharpVersion.Current
            Samples = []
            Prepare = None
            Finish = None
            Classes = []
            Literals = 100_000
        }

    let private requireNames (options: ModelCodeOptions) (name: string) =
        if not (ProgramName.isFree name) then
            Refuse.domain
                operation
                $"the name '{name}'"
                "a name for a class: a letter, then letters and digits, no keyword and no name that the class uses inside"
                "take the name of what it predicts, such as Digits"

        if
            options.Namespace <> "" && not (options.Namespace.Split '.' |> Array.forall Literal.isIdentifier)
        then
            Refuse.domain
                operation
                $"the namespace '{options.Namespace}'"
                "identifiers with dots between"
                "take a namespace of your program, such as Shop.Models"

        if options.Literals < 0 then
            Refuse.domain operation $"%d{options.Literals} literals" "0 or more" "100000 is usual"

    /// The first rows of each input.
    let private rowsOf (inputs: (string * Variable) list) (samples: Tensor list) : Tensor list list =
        if samples.IsEmpty then
            let drawn (row: int) (v: Variable) =
                let dims = v.Shape.ToList()

                match v.DType with
                | DType.F32
                | DType.F64 -> Key.normal 0.0 1.0 v.DType dims (Key.fold row (Key.ofSeed 1L))
                | DType.I32
                | DType.I64
                | DType.Bool -> Tensor.zeros v.DType dims

            [ 0; 1 ] |> List.map (fun row -> inputs |> List.mapi (fun i (_, v) -> drawn (2 * i + row) v))
        else
            if samples.Length <> inputs.Length then
                Refuse.shape
                    operation
                    $"samples for %d{samples.Length} inputs"
                    $"%d{inputs.Length}: rows for each input"
                    "give a tensor of rows for each input, in their order"

            let rows = samples |> List.map (fun t -> if t.Rank = 0 then 0 else t.Shape[0]) |> List.min

            let behind (shape: Shape) = List.skip (min 1 shape.Rank) (shape.ToList())

            List.zip inputs samples
            |> List.iter (fun ((name, v), t) ->
                let isFit =
                    t.Rank = v.Shape.Rank && rows > 0 && t.DType = v.DType && behind t.Shape = behind v.Shape

                if not isFit then
                    let due = "rows" :: List.map string (behind v.Shape) |> String.concat ", "

                    Refuse.shape
                        operation
                        $"samples of {name}: {t.DType} {t.Shape}"
                        $"{v.DType} [{due}], one row or more"
                        "give rows as the model takes them")

            [ for row in 0 .. min 2 rows - 1 -> samples |> List.map (Rows.take operation [| row |]) ]

    /// An answer in fewer digits than a number has, so that the text does not depend on the machine that it was computed on.
    let private rounded (t: Tensor) : Tensor =
        let shortened (format: string) (value: float) =
            let invariant = CultureInfo.InvariantCulture
            Double.Parse(value.ToString(format, invariant), invariant)

        let change format =
            Tensor.toFloats t
            |> Array.map (shortened format)
            |> Tensor.ofArray (t.Shape.ToList())
            |> Tensor.cast t.DType

        match t.DType with
        | DType.F32 -> change "G6"
        | DType.F64 -> change "G12"
        | DType.I32
        | DType.I64
        | DType.Bool -> t

    let private write
        (options: ModelCodeOptions)
        (name: string)
        (notes: string list)
        (inputs: (string * Variable) list)
        (outputs: (string * Expr) list)
        : ModelSource =
        requireNames options name

        let scores =
            match outputs with
            | [ _, e ] -> e.Shape.Size
            | _ -> 0

        let isNamed =
            options.Classes.IsEmpty
            || options.Classes.Length = scores
            || (scores = 1 && options.Classes.Length = 2)

        if not isNamed then
            Refuse.domain
                operation
                $"%d{options.Classes.Length} names of classes"
                $"as many as there are outputs, %d{scores}, or none"
                "give a name for each class, in their order"

        let roots = List.map snd outputs
        let variables = List.map snd inputs
        let rows = rowsOf inputs options.Samples
        let run = Compile.prepare variables roots
        let samples = rows |> List.map (fun row -> row, run row |> List.map rounded)

        let isDouble = Graph.topological roots |> Array.forall (fun e -> e.DType <> DType.F32)

        let parts: ProgramParts =
            {
                Class = name
                Namespace = options.Namespace
                Notes = notes
                Inputs = []
                Outputs = []
                Samples = samples
                Tolerance = (if isDouble then 1e-9 else 1e-4)
                Classes = options.Classes
                IsPlain = (options.Version = CSharpVersion.CSharp9)
                Literals = int64 options.Literals
            }

        let struct (text, resource) = ModelProgram.write parts inputs outputs
        ModelSource(name, text, resource)

    /// Any graph of one sample as a class: its variables are the inputs, in their order, and each named expression an output.
    /// A variable whose value is not to be given is replaced by a constant before. Samples of the self-test are drawn.
    /// `ModelCode.ofGraph ModelCode.options "Norm" [ x ] [ "norm", sqrt (Expr.sumAll (x * x)) ]`
    let ofGraph
        (options: ModelCodeOptions)
        (name: string)
        (inputs: Expr list)
        (outputs: (string * Expr) list)
        : ModelSource =
        let variables =
            inputs
            |> List.map (fun e ->
                match e.Node with
                | Node.Variable v -> v
                | _ ->
                    Refuse.domain
                        operation
                        (Operand.text e)
                        "variables as inputs"
                        "give the variables of the graph")

        if outputs.IsEmpty then
            Refuse.domain operation "no outputs" "one at least" "name what is to be computed"

        for v in Graph.variables (List.map snd outputs) do
            if not (List.contains v variables) then
                Refuse.domain
                    operation
                    $"a graph of the variable {v}, which is no input"
                    "all variables among the inputs"
                    "add it to the inputs, or put a constant in its place"

        write
            { options with Samples = []; Prepare = None; Finish = None }
            name
            []
            (variables |> List.map (fun v -> v.Name, v))
            outputs

    /// A trained model as a class of a name, with options.
    /// `ModelCode.csharpWith { ModelCode.options with Samples = [ x ] } "Digits" trained`
    let csharpWith (options: ModelCodeOptions) (name: string) (trained: Trained) : ModelSource =
        let oneRow (dims: int list) =
            match dims with
            | [] -> []
            | _ :: rest -> 1 :: rest

        let given: (string * DType * int list) list =
            match trained.Example, options.Samples with
            | Some xs, _ ->
                Tree.toList xs |> List.map (fun (path, (x: Expr)) -> path, x.DType, oneRow (x.Shape.ToList()))
            | None, [ t ] when t.Rank > 0 -> [ Erased.inputs, t.DType, oneRow (t.Shape.ToList()) ]
            | None, _ ->
                Refuse.domain
                    operation
                    "a model that does not know what it takes"
                    "a model that was trained or loaded by data, or samples of its one input"
                    "give rows as Samples in the options"

        let variables =
            given
            |> List.map (fun (path, dtype, dims) ->
                (if path = Erased.inputs then "input" else path),
                { Name = $"input {path}"; DType = dtype; Shape = Shape.ofList dims })

        let raw = variables |> List.map (fun (_, v) -> Expr.ofVariable v)

        let one (what: string) (change: (Expr -> Expr) option) (es: Expr list) =
            match change, es with
            | None, es -> es
            | Some change, [ e ] -> [ change e ]
            | Some _, es ->
                Refuse.domain
                    operation
                    $"a function for one {what} of a model that has %d{es.Length}"
                    $"a model of one {what}"
                    "put it into the model as a layer"

        let inputs =
            List.zip (given |> List.map (fun (path, _, _) -> path)) (one "input" options.Prepare raw)
            |> Tree.ofList

        let outputs, _ =
            Layer.apply
                Mode.Inference
                (Tree.map Expr.constant trained.Parameters)
                (Tree.map Expr.constant trained.State)
                trained.Network
                inputs

        let named = Tree.toList outputs
        let finished = one "output" options.Finish (List.map snd named)
        let size = Tree.values trained.Parameters |> List.sumBy (fun p -> int64 p.Size)
        let notes = [ $"{trained.Network}: %d{size} parameters" ]
        write options name notes variables (List.zip (List.map fst named) finished)

    /// A trained model as a class of a name. A model that draws random numbers in inference, and a name that is no identifier,
    /// are a `DomainError`.
    /// `ModelCode.csharp "Digits" trained`
    let csharp (name: string) (trained: Trained) : ModelSource = csharpWith options name trained

    /// A function of one row as a class, for models that are more than a network.
    let internal ofRow
        (options: ModelCodeOptions)
        (name: string)
        (notes: string list)
        (row: Expr)
        (output: Expr)
        : ModelSource =
        match row.Node with
        | Node.Variable v -> write options name notes [ "input", v ] [ "output", output ]
        | _ -> Refuse.domain operation (Operand.text row) "a variable" "give the variable of the graph"
