namespace DL1

/// Derivatives of loops, which are loops again. Each is given the walk that it needs over the body: a body may hold
/// loops of its own.
[<RequireQualifiedAccess>]
module internal ScanRules =
    /// Cotangents of expressions, from those of outputs: what Reverse gives.
    type Reverse = (Expr * Expr) list -> Expr list -> Expr option list

    /// Tangents of outputs, from those of variables: what Forward gives.
    type Forward = (Expr * Expr) list -> Expr list -> Expr option list

    let private orZeros (e: Expr) (d: Expr option) = Option.defaultWith (fun () -> Expr.zerosLike e) d

    let private variables (vs: Variable list) = List.map Expr.ofVariable vs

    let private floats (es: Expr list) = es |> List.filter (fun e -> e.DType.IsFloat)

    /// One option for each of `all`, taken in order from `values` where the type is a float.
    let private atFloats (all: Expr list) (values: Expr list) =
        let mutable rest = values

        all
        |> List.map (fun e ->
            if e.DType.IsFloat then
                let d = List.head rest
                rest <- List.tail rest
                Some d
            else
                None)

    /// The cotangents of a loop's operands from those of its results. A first loop goes forward again and keeps the
    /// carries that each step was given; a second goes the other way, and carries the cotangents of the carries and
    /// the sums of those of the fixed operands.
    let vjp (reverse: Reverse) (call: ScanCall<Expr>) (cotangents: Expr option list) : Expr option list =
        let body = call.Body
        let finals, outputs = List.splitAt body.Next.Length cotangents

        let _, kept =
            Scan.ofBody
                call.Reversed
                call.Length
                { body with Outputs = variables body.Carries }
                call.Initial
                call.Sequences
                call.Fixed

        let carries, slices, fixed' = variables body.Carries, variables body.Slices, variables body.Fixed
        let fresh (es: Expr list) = es |> List.map (fun e -> Rebuild.fresh e.DType e.Shape)
        // What the backward loop carries: cotangents of carries, then sums for the fixed operands.
        let carryBar, fixedBar = fresh (floats carries), fresh (floats fixed')
        // Only outputs that have a cotangent are read by the backward loop.
        let read =
            List.zip body.Outputs outputs |> List.choose (fun (y, dy) -> dy |> Option.map (fun dy -> y, dy))

        let outputBar = fresh (List.map fst read)

        let seeds =
            List.zip (floats body.Next) (variables carryBar)
            @ List.zip (List.map fst read) (variables outputBar)

        let wrt = floats carries @ floats slices @ floats fixed'
        let found = List.map2 orZeros wrt (reverse seeds wrt)
        let toCarries, rest = List.splitAt carryBar.Length found
        let toSlices, toFixed = List.splitAt (floats slices).Length rest

        let backward =
            {
                Carries = carryBar @ fixedBar
                Slices = body.Carries @ body.Slices @ outputBar
                Fixed = body.Fixed
                Next = toCarries @ List.map2 (+) (variables fixedBar) toFixed
                Outputs = toSlices
            }

        let initial =
            (List.zip call.Initial finals
             |> List.filter (fun (e, _) -> e.DType.IsFloat)
             |> List.map (fun (e, d) -> orZeros e d))
            @ List.map Expr.zerosLike (variables fixedBar)

        let results, toSequences =
            Scan.ofBody
                (not call.Reversed)
                call.Length
                backward
                initial
                (kept @ call.Sequences @ List.map snd read)
                call.Fixed

        let toInitial, toFixed = List.splitAt carryBar.Length results
        atFloats carries toInitial @ atFloats slices toSequences @ atFloats fixed' toFixed

    /// The tangents of a loop's results from those of its operands: one loop over values and tangents side by side.
    let jvp (forward: Forward) (call: ScanCall<Expr>) (tangents: Expr option list) : Expr option list =
        let body = call.Body
        let operands = call.Initial @ call.Sequences @ call.Fixed

        let dense =
            List.map2
                (fun (e: Expr) d -> if e.DType.IsFloat then Some(orZeros e d) else None)
                operands
                tangents

        let count = body.Carries.Length
        let dInitial, rest = List.splitAt count dense
        let dSequences, dFixed = List.splitAt body.Slices.Length rest

        let dotted (vs: Variable list) =
            vs
            |> List.filter (fun v -> v.DType.IsFloat)
            |> List.map (fun v -> v, Rebuild.fresh v.DType v.Shape)

        let carries, slices, fixed' = dotted body.Carries, dotted body.Slices, dotted body.Fixed

        let seeds = carries @ slices @ fixed' |> List.map (fun (v, d) -> Expr.ofVariable v, Expr.ofVariable d)

        let next, outputs = floats body.Next, floats body.Outputs
        let found = List.map2 orZeros (next @ outputs) (forward seeds (next @ outputs))
        let dNext, dOutputs = List.splitAt next.Length found

        let both =
            {
                Carries = body.Carries @ List.map snd carries
                Slices = body.Slices @ List.map snd slices
                Fixed = body.Fixed @ List.map snd fixed'
                Next = body.Next @ dNext
                Outputs = body.Outputs @ dOutputs
            }

        let finals, stacked =
            Scan.ofBody
                call.Reversed
                call.Length
                both
                (call.Initial @ List.choose id dInitial)
                (call.Sequences @ List.choose id dSequences)
                (call.Fixed @ List.choose id dFixed)

        atFloats body.Next (List.skip count finals)
        @ atFloats body.Outputs (List.skip body.Outputs.Length stacked)
