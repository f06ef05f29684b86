namespace DL1.Onnx

open System
open DL1

/// A value while a graph is imported: an expression, the element type that ONNX gives it, and its numbers where they depend
/// on no input and on no weight.
[<NoComparison; NoEquality>]
type internal OnnxTerm = { Expr: Expr; Type: OnnxType; Known: Lazy<Tensor> voption }

/// Values of a graph.
[<RequireQualifiedAccess>]
module internal OnnxTerm =
    /// The type of ONNX for one of DL1's.
    let typeOf (dtype: DType) =
        match dtype with
        | DType.F32 -> OnnxType.Float
        | DType.F64 -> OnnxType.Double
        | DType.I32 -> OnnxType.Int32
        | DType.I64 -> OnnxType.Int64
        | DType.Bool -> OnnxType.Bool

    /// A value that depends on inputs or weights.
    let ofExpr kind (e: Expr) = { Expr = e; Type = kind; Known = ValueNone }

    /// A value that is known.
    let ofTensor kind (t: Tensor) = { Expr = Expr.constant t; Type = kind; Known = ValueSome(lazy t) }

    /// Known whole numbers as a vector i64.
    let ofInts (values: int64 seq) = ofTensor OnnxType.Int64 (Tensor.vector values)

    /// A scalar constant, or one that is stretched: small however many elements it has.
    let rec private isPlain (e: Expr) =
        match e.Node with
        | Node.Broadcast(_, x) -> isPlain x
        | Node.Constant t -> t.Size = 1
        | _ -> false

    /// Graphs of fewer elements are evaluated by their definitions: compiling them would take longer.
    let private few = 1 <<< 15

    /// The most elements, those of intermediate values among them, that are computed at import: a file of a few bytes can describe
    /// values that fill the memory. What has more stays an expression.
    let private most = 1L <<< 24

    let private elements (roots: Expr list) =
        Graph.topological roots |> Array.sumBy (fun e -> int64 e.Shape.Size)

    let private valuesOf (roots: Expr list) : Tensor list =
        if elements roots < int64 few then
            Eval.many [] roots
        else
            Compile.prepare [] roots []

    /// The numbers of a value that stays an expression, for a rule that cannot do without them.
    let private numbers (e: Expr) : Tensor =
        let count = elements [ e ]

        if count > most then
            Refuse.format
                "Onnx.import"
                $"a value that depends on no input, for which %d{count} numbers are computed"
                $"at most %d{most}"
                "check the shapes in the file, or store the value as a weight"

        List.head (Eval.many [] [ e ])

    /// Values computed now from values that are all known.
    let fold (values: OnnxTerm list) : OnnxTerm list =
        let waits (v: OnnxTerm) = v.Known.IsNone && not (isPlain v.Expr) && elements [ v.Expr ] <= most

        let waiting = values |> List.filter waits
        let results = if waiting.IsEmpty then [] else valuesOf (waiting |> List.map _.Expr)
        let found = List.zip waiting results

        values
        |> List.map (fun v ->
            if v.Known.IsSome then
                v
            else
                match found |> List.tryFind (fun (w, _) -> obj.ReferenceEquals(w, v)) with
                | Some(_, t) -> ofTensor v.Type t
                | None -> { v with Known = ValueSome(lazy numbers v.Expr) })

    /// `float [2, 3]`.
    let text (v: OnnxTerm) = $"{TensorData.nameOf v.Type} {v.Expr.Shape}"
