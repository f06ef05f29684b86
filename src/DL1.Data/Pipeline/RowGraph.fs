namespace DL1.Data

open System
open System.Collections.Concurrent
open System.Collections.Generic
open DL1

/// A function of one row, f64 `[1; columns]`, to outputs `[1; outputs]`, as a graph whose larger constants are named tensors:
/// what a file keeps, and what all predictions are made by, so that they are the same before and after.
[<Sealed>]
type internal RowGraph(root: Expr, constants: (string * Tensor) list, columns: int) =
    static let input = "inputs"

    let variable: Variable = { Name = input; DType = DType.F64; Shape = Shape.ofList [ 1; columns ] }
    let prepared = ConcurrentDictionary<int, Lazy<Tensor list -> Tensor list>>()

    /// The graph for many rows, `[rows; columns]` to `[rows; outputs]`.
    let batched (x: Expr) : Expr =
        let rows = x.Shape[0]

        let one (given: Expr list) = Rebuild.substitute [ variable, List.exactlyOne given ] [ root ]

        Grad.vmap one [ Expr.reshape [ rows; 1; columns ] x ]
        |> List.exactlyOne
        |> Expr.reshape [ rows; root.Shape[1] ]

    let prepare rows : Lazy<Tensor list -> Tensor list> =
        lazy
            (let x = Expr.variable input DType.F64 [ rows; columns ]

             let named =
                 constants |> List.map (fun (name, t) -> Expr.variable name t.DType (t.Shape.ToList()))

             Compile.prepare
                 (x :: named |> List.collect (fun e -> Graph.variables [ e ]))
                 [ Expr.cast DType.F64 (batched x) ])

    /// The most rows at a time; fewer are computed with some twice, so that there are few plans.
    let most = 256

    let run (x: Tensor) : Tensor =
        let rows = x.Shape[0]
        let mutable size = 1

        while size < rows do
            size <- size * 2

        let whole =
            if size = rows then
                x
            else
                Rows.take "Pipeline.Predict" (Array.init size (fun i -> min i (rows - 1))) x

        let y = prepared.GetOrAdd(size, prepare).Value(whole :: List.map snd constants) |> List.exactlyOne

        if size = rows then y else Rows.take "Pipeline.Predict" [| 0 .. rows - 1 |] y

    /// The graph of a function of rows.
    static member Of(f: Expr -> Expr, columns: int) : RowGraph =
        let x = Expr.variable input DType.F64 [ 1; columns ]
        let y = f x

        if y.Shape.Size < 1 || y.Shape.Rank < 1 || y.Shape[0] <> 1 then
            Refuse.shape
                "Pipeline.Fit"
                $"outputs {y.DType} {y.Shape} for one row"
                "[1; outputs]"
                "let the model keep the axis of the rows in front"

        let lifted = List<string * Tensor>()

        let lift (e: Expr) =
            match e.Node with
            | Node.Constant t when t.Size > 8 ->
                let name = $"constant.%d{lifted.Count}"
                lifted.Add((name, t))
                Expr.variable name t.DType (t.Shape.ToList())
            | _ -> e

        let root = Rebuild.bottomUp lift [ Expr.reshape [ 1; y.Shape.Size ] y ] |> List.exactlyOne
        RowGraph(root, List.ofSeq lifted, columns)

    /// The graph from its text and constants; another text is refused.
    static member OfText(text: string, constants: (string * Tensor) list, columns: int) : RowGraph =
        let refuse given expected : 'a =
            Refuse.format "Pipeline.Load" given expected "take the file that Save wrote"

        let root =
            try
                Parse.expr text
            with
            | :? ShapeError
            | :? DomainError as e ->
                refuse $"a graph that does not fit together ({e.Message})" "the text of a graph"

        let known = dict constants

        for v in Graph.variables [ root ] do
            match known.TryGetValue v.Name with
            | true, t when t.DType = v.DType && t.Shape = v.Shape -> ()
            | true, t -> refuse $"{v.Name} of {t.DType} {t.Shape}" $"{v.DType} {v.Shape}, as the graph has it"
            | false, _ ->
                if v.Name <> input || v.DType <> DType.F64 || v.Shape.ToList() <> [ 1; columns ] then
                    refuse
                        $"a graph of {v.Name}: {v.DType} {v.Shape}"
                        $"inputs f64 [1; %d{columns}], and constants that are there"

        if root.Shape.Rank <> 2 || root.Shape[0] <> 1 then
            refuse $"a graph of outputs {root.Shape}" "[1; outputs]"

        RowGraph(root, constants, columns)

    /// The graph as text that reads back as the same; a form that does not is refused.
    member _.Text: string =
        let text = Text.ascii root

        if (Parse.expr text).Digest <> root.Digest then
            Refuse.domain
                "Pipeline.Save"
                "a model whose graph does not read back from text as the same"
                "a graph of the operations of expressions"
                "leave out what is not one, or save the model's parameters alone"

        text

    /// The named constants.
    member _.Constants = constants
    /// How many outputs there are.
    member _.Outputs = root.Shape[1]

    /// The graph for many rows, with its constants in it.
    member _.Express(x: Expr) : Expr =
        Graphs.require "Pipeline" columns x
        let wide = if x.DType = DType.F64 then x else Expr.cast DType.F64 x

        let bindings =
            constants
            |> List.map (fun (name, t) -> { Name = name; DType = t.DType; Shape = t.Shape }, Expr.constant t)

        Rebuild.substitute bindings [ batched wide ] |> List.exactlyOne

    /// The graph with its outputs divided by a number.
    member _.DividedBy(divisor: float) : RowGraph =
        RowGraph(Expr.cast DType.F64 root / divisor, constants, columns)

    /// The outputs for rows, f64 `[rows; outputs]`.
    member _.Run(x: Tensor) : Tensor =
        let started = Telemetry.beginPrediction ()
        let rows = x.Shape[0]

        if rows = 0 then
            Tensor.zeros DType.F64 [ 0; root.Shape[1] ]
        else
            let outputs =
                [ for first in 0..most .. rows - 1 -> [| first .. min (first + most) rows - 1 |] ]
                |> List.map (fun chunk ->
                    run (if chunk.Length = rows then x else Rows.take "Pipeline.Predict" chunk x))
                |> Rows.stack "Pipeline.Predict"

            Telemetry.endPrediction started rows
            outputs
