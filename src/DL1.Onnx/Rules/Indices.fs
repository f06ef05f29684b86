namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Elements taken from places.
[<RequireQualifiedAccess>]
module internal IndexRules =
    /// Places that count from the end where they are negative, along an axis of this extent.
    let fromEnd (extent: int) (v: OnnxTerm) : Expr =
        match v.Known with
        | ValueSome t ->
            let places = t.Value |> Tensor.cast DType.I64 |> Tensor.toArray<int64>
            let n = int64 extent
            let wrapped = places |> Array.map (fun p -> if p < 0L then p + n else p)
            Expr.constant (Tensor.ofArray (v.Expr.Shape.ToList()) wrapped)
        | ValueNone -> Expr.where (v.Expr .< 0.0) (v.Expr + float extent) v.Expr

    let private product (dims: int list) = List.fold (*) 1 dims

    let private gather (c: OnnxCall) =
        let x = c.X 0
        let axis = c.Axis(c.Int("axis", 0), x.Shape.Rank)
        Expr.gather axis (fromEnd x.Shape[axis] (c.In 1)) x

    let private gatherElements (c: OnnxCall) =
        let x = c.X 0
        let axis = c.Axis(c.Int("axis", 0), x.Shape.Rank)
        let indices = fromEnd x.Shape[axis] (c.In 1)

        if indices.Shape.Rank <> x.Shape.Rank then
            c.Refuse("indices of another rank", "as many axes as the data has", "export the model again")

        // Other axes of the indices may be shorter.
        let x =
            [ 0 .. x.Shape.Rank - 1 ]
            |> List.fold
                (fun (x: Expr) i ->
                    if i <> axis && indices.Shape[i] < x.Shape[i] then
                        Expr.sliceAxis i 0 indices.Shape[i] x
                    else
                        x)
                x

        Indexing.takeAlong axis indices x

    /// Places `[...; k]` in the first k axes as places among all of them.
    let flat (extents: int list) (v: OnnxTerm) : Expr =
        let rank = v.Expr.Shape.Rank
        let last = rank - 1

        extents
        |> List.mapi (fun i extent ->
            let stride = product (List.skip (i + 1) extents)

            let part =
                match v.Known with
                | ValueSome _ ->
                    OnnxTerm.fold [ { v with Expr = Expr.item last i v.Expr; Known = ValueNone } ]
                    |> List.head
                | ValueNone -> { v with Expr = Expr.item last i v.Expr }

            fromEnd extent part * float stride)
        |> List.reduce (fun a b -> a + b)

    let private gatherND (c: OnnxCall) =
        let x, indices = c.X 0, c.In 1
        let batches = c.Int("batch_dims", 0)
        let dims = x.Shape.ToList()
        let k = indices.Expr.Shape[indices.Expr.Shape.Rank - 1]

        if batches < 0 || batches + k > dims.Length || batches >= indices.Expr.Shape.Rank then
            c.Refuse(
                $"%d{k} places in each index, beside %d{batches} batch axes",
                "at most as many as the data has axes",
                "export the model again"
            )

        let batch, inner, rest =
            List.take batches dims, dims |> List.skip batches |> List.take k, List.skip (batches + k) dims

        let places =
            if k = 0 then
                Expr.full
                    DType.I64
                    (indices.Expr.Shape.ToList() |> List.take (indices.Expr.Shape.Rank - 1))
                    0.0
            else
                flat inner indices

        let count, extent = product batch, product inner

        let starts =
            Expr.arange places.DType count * float extent
            |> Expr.reshape (batch @ List.replicate (places.Shape.Rank - batches) 1)

        let places = if batches = 0 then places else places + starts
        Expr.reshape (count * extent :: rest) x |> Expr.gather 0 places

    let private oneHot (c: OnnxCall) =
        let indices = c.In 0
        let depth = c.Numbers 1 |> Tensor.toFloats |> Array.head |> int
        let rank = indices.Expr.Shape.Rank + 1
        let axis = c.Axis(c.Int("axis", -1), rank)
        let values = c.X 2
        let whole = Expr.cast DType.I64 indices.Expr
        let places = Expr.where (whole .< 0.0) (whole + float depth) whole |> Expr.expandDims axis

        let here =
            Expr.arange DType.I64 depth
            |> Expr.reshape (List.init rank (fun i -> if i = axis then depth else 1))

        let off, on = Expr.item 0 0 values, Expr.item 0 1 values
        [ c.Like 2 (Expr.where (Expr.equal places here) on off) ]

    let private compress (c: OnnxCall) =
        let kept =
            c.Numbers 1
            |> Tensor.toFloats
            |> Array.indexed
            |> Array.filter (fun (_, b) -> b <> 0.0)
            |> Array.map (fst >> int64)

        let take axis (x: Expr) = Expr.gather axis (Expr.constant (Tensor.ofArray [ kept.Length ] kept)) x
        let x = c.X 0

        match c.TryInt "axis" with
        | Some axis -> take (c.Axis(c.Small axis, x.Shape.Rank)) x
        | None -> take 0 (Expr.reshape [ -1 ] x)

    let private nonZero (c: OnnxCall) =
        let x = c.Numbers 0
        let dims = x.Shape.ToList()

        let found =
            Tensor.toFloats x |> Array.indexed |> Array.filter (fun (_, v) -> v <> 0.0) |> Array.map fst

        let rows =
            dims
            |> List.mapi (fun i d ->
                let stride = product (List.skip (i + 1) dims)
                found |> Array.map (fun p -> int64 (p / stride % d)))

        [
            OnnxTerm.ofTensor
                OnnxType.Int64
                (Tensor.ofArray [ dims.Length; found.Length ] (Array.concat rows))
        ]

    let private reverseSequence (c: OnnxCall) =
        let x = c.X 0
        let time, batch = c.Int("time_axis", 0), c.Int("batch_axis", 1)

        if time = batch || time > 1 || batch > 1 || x.Shape.Rank < 2 then
            c.Refuse("the axes of time and batch", "0 and 1, or 1 and 0", "export the model again")

        let lengths = Expr.cast DType.I64 (c.X 1)
        let along axis n = Expr.reshape (List.init x.Shape.Rank (fun i -> if i = axis then n else 1))
        let lengths = along batch x.Shape[batch] lengths
        let here = along time x.Shape[time] (Expr.arange DType.I64 x.Shape[time])
        let places = Expr.where (here .< lengths) (lengths - 1.0 - here) here
        let dims = x.Shape.ToList() |> List.mapi (fun i d -> if i = time || i = batch then d else 1)
        Indexing.takeAlong time (Expr.broadcastTo dims places) x

    let private featureExtractor (c: OnnxCall) =
        let x = c.X 0
        let places = Expr.reshape [ -1 ] (c.X 1)
        let y = Expr.gather (x.Shape.Rank - 1) places x
        if x.Shape.Rank = 1 then Expr.expandDims 0 y else y

    let rules: OnnxRule list =
        [
            OnnxRule.one "Gather" [ 1; 11; 13 ] 2 [ "axis" ] gather
            OnnxRule.one "GatherElements" [ 11; 13 ] 2 [ "axis" ] gatherElements
            OnnxRule.one "GatherND" [ 11; 12; 13 ] 2 [ "batch_dims" ] gatherND
            OnnxRule.make "OneHot" [ 9; 11 ] 3 [ "axis" ] oneHot |> OnnxRule.numbers [ 1; 2 ]
            OnnxRule.one "Compress" [ 9; 11 ] 2 [ "axis" ] compress |> OnnxRule.numbers [ 1 ]
            OnnxRule.make "NonZero" [ 9; 13 ] 1 [] nonZero
            OnnxRule.one "ReverseSequence" [ 10 ] 2 [ "time_axis"; "batch_axis" ] reverseSequence
            { OnnxRule.one "ArrayFeatureExtractor" [ 1 ] 2 [] featureExtractor with
                Domain = "ai.onnx.ml"
            }
        ]
