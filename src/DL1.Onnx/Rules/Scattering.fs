namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Elements put to places.
[<RequireQualifiedAccess>]
module internal ScatterRules =
    let private product (dims: int list) = List.fold (*) 1 dims

    /// Updates `[m; rest]` at places `[m]` among the rows of x `[n; rest]`.
    let private scatter (c: OnnxCall) (reduction: string) (places: Expr) (updates: Expr) (x: Expr) : Expr =
        let asNumber (e: Expr) = if e.DType = DType.Bool then Expr.cast DType.I32 e else e
        let back (e: Expr) = if x.DType = DType.Bool then Expr.cast DType.Bool e else e
        let sums (e: Expr) = Expr.scatterAdd 0 x.Shape[0] places e

        let hits () =
            Expr.scatterAdd 0 x.Shape[0] places (Expr.full DType.I32 [ places.Shape[0] ] 1.0)
            |> fun counts -> Expr.reshape (x.Shape[0] :: List.replicate (x.Shape.Rank - 1) 1) (counts .> 0.0)

        /// Each element by itself.
        let single (f: Expr -> Expr -> Expr -> Expr) =
            let width = product (x.Shape.ToList() |> List.tail)

            let each =
                Expr.expandDims 1 places * float width + Expr.expandDims 0 (Expr.arange places.DType width)

            f (Expr.reshape [ -1 ] each) (Expr.reshape [ -1 ] updates) (Expr.reshape [ -1 ] x)
            |> Expr.reshape (x.Shape.ToList())

        if places.Shape.Size = 0 then
            x
        else
            match reduction with
            | "none" -> back (Expr.where (hits ()) (sums (asNumber updates)) (asNumber x))
            | "add" -> back (asNumber x + sums (asNumber updates))
            | "max" -> single (Indexing.scatterMax 0)
            | "min" -> single (fun i u x -> -(Indexing.scatterMax 0 i -u -x))
            | "mul" ->
                if not (Graph.variables [ places ]).IsEmpty then
                    c.NotSupported(
                        "the reduction 'mul' at places that are not known",
                        "places that are given at import"
                    )

                let known = Eval.many [] [ Expr.cast DType.I64 places ] |> List.head |> Tensor.toArray<int64>
                let seen = System.Collections.Generic.Dictionary<int64, int>()

                // Rounds in which each place occurs once.
                let round place =
                    let n =
                        match seen.TryGetValue place with
                        | true, n -> n
                        | false, _ -> 0

                    seen[place] <- n + 1
                    n

                known
                |> Array.map round
                |> Array.indexed
                |> Array.groupBy snd
                |> Array.fold
                    (fun x (_, members) ->
                        let rows = members |> Array.map (fst >> int64)
                        let where = Expr.constant (Tensor.vector (rows |> Array.map (fun r -> known[int r])))
                        let factors = Expr.gather 0 (Expr.constant (Tensor.vector rows)) updates

                        let counts =
                            Expr.scatterAdd 0 x.Shape[0] where (Expr.full DType.I32 [ rows.Length ] 1.0)

                        let isHit =
                            Expr.reshape (x.Shape[0] :: List.replicate (x.Shape.Rank - 1) 1) (counts .> 0.0)

                        Expr.where isHit (x * Expr.scatterAdd 0 x.Shape[0] where factors) x)
                    x
            | other ->
                c.Refuse($"the reduction '{other}'", "none, add, mul, max or min", "export the model again")

    let private scatterND (c: OnnxCall) =
        let x, indices, updates = c.X 0, c.In 1, c.X 2
        let dims = x.Shape.ToList()
        let k = indices.Expr.Shape[indices.Expr.Shape.Rank - 1]

        if k > dims.Length then
            c.Refuse(
                $"%d{k} places in each index",
                "at most as many as the data has axes",
                "export the model again"
            )

        let inner, rest = List.splitAt k dims
        let places = Expr.reshape [ -1 ] (IndexRules.flat inner indices)

        scatter
            c
            (c.Text("reduction", "none"))
            places
            (Expr.reshape (places.Shape[0] :: rest) updates)
            (Expr.reshape (product inner :: rest) x)
        |> Expr.reshape dims

    let private scatterElements (c: OnnxCall) =
        let x, updates = c.X 0, c.X 2
        let dims = x.Shape.ToList()
        let axis = c.Axis(c.Int("axis", 0), dims.Length)
        let indices = IndexRules.fromEnd dims[axis] (c.In 1)
        let stride i = product (List.skip (i + 1) dims)

        let here =
            indices.Shape.ToList()
            |> List.mapi (fun i d ->
                if i = axis then
                    indices * float (stride i)
                else
                    Expr.arange indices.DType d * float (stride i)
                    |> Expr.reshape (indices.Shape.ToList() |> List.mapi (fun j d -> if i = j then d else 1)))

        let places = List.reduce (fun a b -> a + b) here |> Expr.reshape [ -1 ]

        scatter c (c.Text("reduction", "none")) places (Expr.reshape [ -1 ] updates) (Expr.reshape [ -1 ] x)
        |> Expr.reshape dims

    let private tensorScatter (c: OnnxCall) =
        let past, update = c.X 0, c.X 1
        let axis = c.Axis(c.Int("axis", -2), past.Shape.Rank)
        let extent, length = past.Shape[axis], update.Shape[axis]
        let along axis n = Expr.reshape (List.init past.Shape.Rank (fun i -> if i = axis then n else 1))
        let here = along axis extent (Expr.arange DType.I64 extent)

        let starts =
            match c.TryX 2 with
            | Some starts -> along 0 past.Shape[0] (Expr.cast DType.I64 starts)
            | None -> Expr.scalar DType.I64 0.0

        let places =
            match c.Text("mode", "linear") with
            | "linear" -> here - starts
            | "circular" -> Division.remainder (here - starts) (lit (float extent))
            | other -> c.Refuse($"the mode '{other}'", "linear or circular", "export the model again")

        let isNew = Expr.both (places .>= 0.0) (places .< float length)
        let inside = Expr.where isNew places (Expr.zerosLike places)
        let dims = inside.Shape.ToList()
        Expr.where isNew (Indexing.takeAlong axis (Expr.broadcastTo dims inside) update) past

    let rules: OnnxRule list =
        [
            OnnxRule.one "Scatter" [ 9; 11 ] 3 [ "axis" ] scatterElements
            OnnxRule.one "ScatterElements" [ 11; 13; 16; 18 ] 3 [ "axis"; "reduction" ] scatterElements
            OnnxRule.one "ScatterND" [ 11; 13; 16; 18 ] 3 [ "reduction" ] scatterND
            OnnxRule.one "TensorScatter" [ 24 ] 3 [ "axis"; "mode" ] tensorScatter
        ]
