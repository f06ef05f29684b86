namespace DL1

/// Sums of matrices in the form in which they are written: like terms are collected, common factors taken out.
[<RequireQualifiedAccess>]
module internal MatrixSum =
    let private zeroLike t =
        let struct (m, n) = MatrixTerm.shape t
        MatrixTerm.Zero(m, n)

    /// The terms of a product over sums, multiplied out; a sigmoid of −z is 1 − σ(z).
    let rec private expanded (t: MatrixTerm) : MatrixTerm list =
        let struct (m, n) = MatrixTerm.shape t

        let cartesian (combine: MatrixTerm -> MatrixTerm -> MatrixTerm) (ts: MatrixTerm list) =
            let all = List.map expanded ts

            if all |> List.fold (fun k (x: MatrixTerm list) -> k * x.Length) 1 > 64 then
                [ t ]
            else
                all
                |> List.reduce (fun xs ys ->
                    [
                        for x in xs do
                            for y in ys do
                                combine x y
                    ])

        match t with
        | MatrixTerm.Sum ts -> List.collect expanded ts
        | MatrixTerm.Hadamard ts -> cartesian MatrixProduct.hadamard ts
        | MatrixTerm.Product(r, scalars, matrices) ->
            match scalars @ matrices with
            | [] -> [ t ]
            | factors -> cartesian MatrixProduct.times factors |> List.map (MatrixProduct.scaled r)
        | MatrixTerm.Apply(MatrixFunction.Of UnaryOp.Sigmoid, z) ->
            match MatrixProduct.apart z with
            | r, _, _ when r.Top < 0.0 ->
                [
                    MatrixTerm.Ones(m, n)
                    MatrixProduct.negate (
                        MatrixTerm.Apply(MatrixFunction.Of UnaryOp.Sigmoid, MatrixProduct.negate z)
                    )
                ]
            | _ -> [ t ]
        | _ -> [ t ]

    let rec private isPermuted (xs: MatrixTerm list) (ys: MatrixTerm list) =
        match xs with
        | [] -> ys.IsEmpty
        | x :: rest ->
            match List.tryFindIndex (alike x) ys with
            | Some i -> isPermuted rest (List.removeAt i ys)
            | None -> false

    /// Whether two terms are the same whatever the order of their scalars and of their elementwise factors.
    and private alike a b =
        a = b
        || match a, b with
           | MatrixTerm.Hadamard xs, MatrixTerm.Hadamard ys -> isPermuted xs ys
           | MatrixTerm.Product(r, xs, ms), MatrixTerm.Product(q, ys, ns) ->
               r = q && ms.Length = ns.Length && List.forall2 alike ms ns && isPermuted xs ys
           | _ -> false

    /// Like terms added up.
    let private collected (ts: MatrixTerm list) =
        let add (known: struct (struct (int * int) * (Ratio * MatrixTerm list * MatrixTerm list)) list) term =
            let struct (shape, (r, scalars, matrices: MatrixTerm list)) = term

            let isLike (struct (_, (_, others: MatrixTerm list, ms: MatrixTerm list))) =
                matrices.Length = ms.Length && List.forall2 alike matrices ms && isPermuted scalars others

            match List.tryFindIndex isLike known with
            | Some i ->
                let struct (_, (q, others, ms)) = known[i]
                List.updateAt i (struct (shape, (Ratio.add q r, others, ms))) known
            | None -> known @ [ term ]

        ts
        |> List.filter (MatrixProduct.isZero >> not)
        |> List.map (fun t -> struct (MatrixTerm.shape t, MatrixProduct.apart t))
        |> List.fold add []
        |> List.filter (fun (struct (_, (r, _, _))) -> r.Top <> 0.0)
        |> List.map (fun (struct (shape, (r, scalars, matrices))) ->
            MatrixProduct.product shape r scalars matrices)

    let private flat (t: MatrixTerm) =
        match t with
        | MatrixTerm.Sum ts -> ts
        | MatrixTerm.Product(r, [], [ MatrixTerm.Sum ts ]) -> ts |> List.map (MatrixProduct.scaled r)
        | _ -> [ t ]

    /// The factor that all terms have at one end, and what is left of each.
    let private common
        (pick: MatrixTerm list -> MatrixTerm)
        (rest: MatrixTerm list -> MatrixTerm list)
        (ts: MatrixTerm list)
        =
        let all = List.map MatrixProduct.apart ts

        if all |> List.exists (fun (_, _, matrices) -> matrices.Length < 2) then
            None
        else
            let factor = pick (let _, _, m = all.Head in m)

            if all |> List.forall (fun (_, _, matrices) -> pick matrices = factor) then
                Some(
                    factor,
                    all
                    |> List.map (fun (r, scalars, matrices) ->
                        let left = rest matrices
                        MatrixProduct.product (MatrixTerm.shape (MatrixProduct.joined left)) r scalars left)
                )
            else
                None

    let private positiveFirst (ts: MatrixTerm list) =
        let isNegative t =
            let r, _, _ = MatrixProduct.apart t
            r.Top < 0.0

        match List.tryFindIndex (isNegative >> not) ts with
        | Some i when i > 0 -> ts[i] :: List.removeAt i ts
        | _ -> ts

    // Aᵀ after A.
    let private plainFirst (ts: MatrixTerm list) =
        ts
        |> List.sortBy (fun t ->
            match t with
            | MatrixTerm.Transposed _ -> 1
            | _ -> 0)

    let rec private written (ts: MatrixTerm list) : MatrixTerm =
        match ts with
        | [ one ] -> one
        | _ ->
            let ts = groups ts
            let all = List.map MatrixProduct.apart ts
            let r, scalars, _ = all.Head
            let shape = MatrixTerm.shape ts.Head
            let isSame = all |> List.forall (fun (q, _, _) -> abs q.Top = abs r.Top && q.Bottom = r.Bottom)
            let allNegative = all |> List.forall (fun (q, _, _) -> q.Top < 0.0)
            let front = if isSame then { r with Top = abs r.Top } else Ratio.one
            let front = if allNegative then Ratio.negate front else front

            let shared =
                scalars
                |> List.filter (fun s -> all |> List.forall (fun (_, others, _) -> List.contains s others))

            let left =
                all
                |> List.map2
                    (fun t (q, others, matrices) ->
                        let q = Ratio.times q (Ratio.power -1.0 front)

                        MatrixProduct.product
                            (MatrixTerm.shape t)
                            q
                            (others |> List.filter (fun s -> not (List.contains s shared)))
                            matrices)
                    ts
                |> positiveFirst

            let inner =
                match common List.last (fun ms -> List.take (ms.Length - 1) ms) left with
                | Some(factor, rests) ->
                    MatrixProduct.times (written (positiveFirst (plainFirst rests))) factor
                | None ->
                    match common List.head List.tail left with
                    | Some(factor, rests) ->
                        MatrixProduct.times factor (written (positiveFirst (plainFirst rests)))
                    | None -> MatrixTerm.Sum left

            if front = Ratio.one && shared.IsEmpty then
                inner
            else
                let r, s, m = MatrixProduct.apart inner
                MatrixProduct.product shape (Ratio.times front r) (shared @ s) m

    /// Some of the terms with all in common but one factor, as one: A·x + Aᵀ·x.
    and private groups (ts: MatrixTerm list) : MatrixTerm list =
        let alikeIn t =
            match MatrixProduct.apart t with
            | r, scalars, matrices when matrices.Length > 1 -> Some(r, scalars, List.last matrices)
            | _ -> None

        let together = ts |> List.groupBy alikeIn

        if together.Length = 1 then
            ts
        else
            together
            |> List.collect (fun (key, likes) ->
                if key.IsSome && likes.Length > 1 then [ written likes ] else likes)

    /// The sum of terms of one shape. It is multiplied out only where that makes it shorter.
    let sum (ts: MatrixTerm list) : MatrixTerm =
        let zero = zeroLike ts.Head
        let kept = ts |> List.collect flat |> collected
        let open' = ts |> List.collect expanded |> collected
        let cost (terms: MatrixTerm list) = terms |> List.sumBy MatrixTerm.size
        let best = if open'.IsEmpty || cost open' < cost kept then open' else kept
        if best.IsEmpty then zero else written best

    /// The product of elements, multiplied out where that makes it shorter: (y ⊘ p + 1) ⊙ p is y + p.
    let elementwise (a: MatrixTerm) (b: MatrixTerm) : MatrixTerm =
        let whole = MatrixProduct.hadamard a b

        let over (t: MatrixTerm) (other: MatrixTerm) =
            match flat t with
            | [ _ ] -> []
            | terms -> [ terms |> List.map (fun t -> MatrixProduct.hadamard t other) |> sum ]

        whole :: over a b @ over b a |> List.minBy MatrixTerm.size

    let add a b = sum [ a; b ]
    let subtract a b = sum [ a; MatrixProduct.negate b ]

    /// The sum of all elements.
    let total (t: MatrixTerm) : MatrixTerm =
        let struct (m, n) = MatrixTerm.shape t

        if m = 1 && n = 1 then
            t
        else
            let plain t =
                MatrixProduct.times (MatrixTerm.Ones(1, m)) (MatrixProduct.times t (MatrixTerm.Ones(n, 1)))

            let one t =
                match MatrixProduct.apart t with
                | r, scalars, [ core ] ->
                    let made =
                        match core with
                        | MatrixTerm.Power(x, 2.0) -> MatrixProduct.power 2.0 (MatrixTerm.Norm x)
                        | MatrixTerm.Hadamard(a :: rest) when n = 1 ->
                            MatrixProduct.times
                                (MatrixProduct.transpose a)
                                (if rest.Length = 1 then rest.Head else MatrixTerm.Hadamard rest)
                        | MatrixTerm.Hadamard [ a; b ] ->
                            MatrixTerm.Trace(MatrixProduct.times (MatrixProduct.transpose a) b)
                        | _ -> plain core

                    MatrixProduct.times (MatrixProduct.product (struct (1, 1)) r scalars []) made
                | _ -> plain t

            t |> flat |> List.map one |> sum
