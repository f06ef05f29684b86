namespace DL1.Onnx.Rules

open System
open DL1
open DL1.Onnx

/// Tensors that are made: constants, ranges, unit matrices, triangles.
[<RequireQualifiedAccess>]
module internal FilledRules =
    let private constantOfShape (c: OnnxCall) =
        let dims = c.Ints 0 |> List.map c.Small

        match c.TryTensor "value" with
        | Some t ->
            let v = c.Tensor t
            [ OnnxTerm.ofExpr t.Type (Expr.broadcastTo dims (Expr.reshape [] v.Expr)) ]
        | None -> [ OnnxTerm.ofExpr OnnxType.Float (Expr.full c.Real dims 0.0) ]

    let private constant (c: OnnxCall) =
        let names = c.Node.Attributes |> List.map fst

        match names with
        | [ "value" ] -> [ c.Tensor(c.TryTensor "value" |> Option.get) ]
        | [ "value_int" ] ->
            [ OnnxTerm.ofTensor OnnxType.Int64 (Tensor.scalar (c.TryInt "value_int" |> Option.get)) ]
        | [ "value_ints" ] -> [ OnnxTerm.ofInts (c.TryInts "value_ints" |> Option.get) ]
        | [ "value_float" ] ->
            [ OnnxTerm.ofTensor OnnxType.Float (Tensor.full c.Real [] (c.Float("value_float", 0.0))) ]
        | [ "value_floats" ] ->
            let fs = c.TryFloats "value_floats" |> Option.get
            [ OnnxTerm.ofTensor OnnxType.Float (Tensor.vector fs |> Tensor.cast c.Real) ]
        | _ ->
            let shown = String.Join(", ", names)

            c.NotSupported(
                $"a constant by {shown}",
                "a constant by value, value_int, value_ints, value_float or value_floats"
            )

    let private range (c: OnnxCall) =
        let kind = c.Type 0

        if (c.X 0).DType.IsFloat then
            let start, limit, step =
                c.Numbers 0 |> Tensor.toFloat, c.Numbers 1 |> Tensor.toFloat, c.Numbers 2 |> Tensor.toFloat

            let count = int (max 0.0 (ceil ((limit - start) / step)))
            let values = Array.init count (fun i -> start + float i * step)
            [ OnnxTerm.ofTensor kind (Tensor.cast (c.X 0).DType (Tensor.vector values)) ]
        else
            let one i = c.Ints i |> List.head
            let start, limit, step = one 0, one 1, one 2

            if step = 0L then
                c.Refuse("the step 0", "a step other than 0", "export the model again")

            let count = max 0L ((limit - start + step - int64 (Math.Sign step)) / step)
            let values = Array.init (c.Small count) (fun i -> start + int64 i * step)
            [ OnnxTerm.ofTensor kind (Tensor.cast (c.X 0).DType (Tensor.vector values)) ]

    let private eyeLike (c: OnnxCall) =
        let x = c.X 0
        let kind = c.TryInt "dtype" |> Option.map (fun t -> enum (int t)) |> Option.defaultValue (c.Type 0)
        let k = c.Int("k", 0)

        match x.Shape.ToList() with
        | [ rows; columns ] ->
            let i = Expr.arange DType.I64 rows |> Expr.reshape [ rows; 1 ]
            let j = Expr.arange DType.I64 columns |> Expr.reshape [ 1; columns ]
            [ OnnxTerm.ofExpr kind (Expr.cast (c.Storage kind) (Expr.equal (i + float k) j)) ]
        | _ -> c.Refuse("an operand that is no matrix", "a matrix", "export the model again")

    let private trilu (c: OnnxCall) =
        let x = c.X 0
        let k = if c.Has 1 then c.Ints 1 |> List.head |> c.Small else 0
        let rank = x.Shape.Rank

        if rank < 2 then
            c.Refuse("an operand without matrices", "two axes or more", "export the model again")

        let i = Expr.arange DType.I64 x.Shape[rank - 2] |> Expr.expandDims 1
        let j = Expr.arange DType.I64 x.Shape[rank - 1] |> Expr.expandDims 0
        let isKept = if c.Int("upper", 1) <> 0 then j .>= (i + float k) else j .<= (i + float k)
        Expr.where isKept x (Expr.zerosLike x)

    let rules: OnnxRule list =
        [
            OnnxRule.make "ConstantOfShape" [ 9; 20; 21; 23; 24; 25 ] 1 [ "value" ] constantOfShape
            |> OnnxRule.numbers [ 0 ]
            OnnxRule.make
                "Constant"
                [ 1; 9; 11; 12; 13; 19; 21; 23; 24; 25 ]
                0
                [ "value"; "value_int"; "value_ints"; "value_float"; "value_floats" ]
                constant
            OnnxRule.make "Range" [ 11 ] 3 [] range |> OnnxRule.numbers [ 0; 1; 2 ]
            OnnxRule.make "EyeLike" [ 9; 22 ] 1 [ "dtype"; "k" ] eyeLike
            OnnxRule.one "Trilu" [ 14 ] 2 [ "upper" ] trilu |> OnnxRule.numbers [ 1 ]
        ]
