namespace DL1

open System.Collections.Generic

/// A cotangent or a tangent on its way through a graph, and where a selection has made it 0. What is not selected has
/// no derivative, whatever its factors are: 0 times an infinite or undefined factor would be NaN. So a selection is not
/// applied at once. It travels as a mask beside the value, which the factors are multiplied into, and is applied last.
type internal Flow =
    {
        /// The derivative, where the mask holds.
        Value: Expr
        /// Truth values of the value's shape; the derivative is 0 where they are false. `None` is true everywhere.
        Mask: Expr option
        /// Whether the value is 0 wherever the mask is false, so that the mask matters to later factors alone.
        IsMasked: bool
        /// Whether the mask is kept through sums over several elements, where it says whether any was selected, and
        /// through products with other values. Masks of `where` are. Those of relu, maxima and powers serve chains of
        /// functions of one element alone: more would cost every network time and memory.
        PassesSums: bool
    }

/// Masks beside derivatives.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Flow =
    /// A derivative that no selection has touched.
    let plain (value: Expr) : Flow = { Value = value; Mask = None; IsMasked = true; PassesSums = false }

    let private (|Inverted|_|) (mask: Expr) =
        match mask.Node with
        | Node.Unary(UnaryOp.Not, c) -> Some c
        | _ -> None

    let private invert mask =
        match mask with
        | Inverted c -> c
        | _ -> Expr.not' mask

    /// The derivative as one expression: 0 where the mask is false.
    let settle (flow: Flow) : Expr =
        match flow.Mask with
        | Some mask when not flow.IsMasked ->
            match mask with
            | _ when Local.number flow.Value = Some 1.0 -> Local.indicator flow.Value mask
            | Inverted c -> Expr.where c (Expr.zerosLike flow.Value) flow.Value
            | _ -> Expr.where mask flow.Value (Expr.zerosLike flow.Value)
        | _ -> flow.Value

    let private both (mask: Expr) (other: Expr) =
        match mask, other with
        | _ when mask = other -> mask
        | Inverted c, Inverted d -> Expr.not' (Expr.either c d)
        | _ -> Expr.both mask other

    /// 0 where `mask` is false, too.
    let private narrowed passesSums (mask: Expr) (flow: Flow) : Flow =
        {
            Value = flow.Value
            Mask =
                match flow.Mask with
                | Some other -> Some(both other mask)
                | None -> Some mask
            IsMasked = false
            PassesSums = passesSums || flow.PassesSums
        }

    /// Whether a condition depends on random bits alone, as dropout's does. It cannot guard the domain of a function, so its
    /// mask ends where those of relu do. A condition of more nodes than a draw has is not looked through.
    let private isDrawn (condition: Expr) : bool =
        let rec visit budget hasBits pending =
            match pending with
            | [] -> hasBits
            | _ when budget = 0 -> false
            | (e: Expr) :: rest ->
                match e.Node with
                | Node.RandomBits _ -> visit (budget - 1) true rest
                | Node.Variable _ -> false
                | node -> visit (budget - 1) hasBits (Node.operands node @ rest)

        visit 64 false [ condition ]

    /// The flow through a `Select` to its first branch: that of the result, 0 where `condition` is false.
    let whereTrue condition flow = narrowed (not (isDrawn condition)) condition flow

    /// What flows through a selection to what is taken where the condition does not hold.
    let whereFalse condition flow = narrowed (not (isDrawn condition)) (invert condition) flow

    /// 0 where `mask` is false, a mask that ends at the next sum.
    let within mask flow = narrowed false mask flow

    /// A function that is linear in each element by itself.
    let scaled (f: Expr -> Expr) (flow: Flow) : Flow = { flow with Value = f flow.Value; IsMasked = false }

    let private isZero (e: Expr) = Local.number e = Some 0.0

    /// u·factor, and the factor itself where u is the 1 that a derivative begins with: what people read has no `1·`.
    let private product (factor: Expr) (u: Expr) : Expr =
        if u.Shape = factor.Shape && u.DType = factor.DType && Local.number u = Some 1.0 then
            factor
        else
            u * factor

    /// The flow times a local derivative. A factor that is 0 by a case (relu's, the loser's of a maximum, a power's at
    /// its guard) becomes a mask.
    let rec times (factor: Expr) (flow: Flow) : Flow =
        match factor.Node with
        | Node.Cast(_, c) when c.DType = DType.Bool -> within c flow
        | Node.Select(c, p, z) when isZero z -> flow |> times p |> within c
        | Node.Select(c, z, p) when isZero z -> flow |> times p |> within (invert c)
        | _ ->
            match Local.number factor with
            | Some 1.0 -> flow
            | Some -1.0 -> { flow with Value = -flow.Value }
            | Some n when System.Double.IsFinite n -> { flow with Value = product factor flow.Value }
            | _ -> flow |> scaled (product factor)

    /// The sum of two flows: 0 where both masks are false.
    let add (a: Flow) (b: Flow) : Flow =
        match a.Mask, b.Mask with
        | Some c, Some d when c = d ->
            { a with Value = a.Value + b.Value; IsMasked = a.IsMasked && b.IsMasked }
        | Some c, Some d when c = invert d ->
            match d with
            | Inverted _ -> plain (Expr.where c a.Value b.Value)
            | _ -> plain (Expr.where d b.Value a.Value)
        | Some c, Some d ->
            {
                Value = settle a + settle b
                Mask = Some(Expr.either c d)
                IsMasked = true
                PassesSums = a.PassesSums || b.PassesSums
            }
        | _ -> plain (settle a + settle b)

    /// Elements put in other places, or repeated, by a function of tensors of any type.
    let moved (move: Expr -> Expr) (flow: Flow) : Flow =
        { flow with Value = move flow.Value; Mask = Option.map move flow.Mask }

    let private asNumbers f (flow: Flow) (mask: Expr) = f (Local.indicator flow.Value mask) .> 0.0

    /// As `moved`, by a function of numbers alone, which may put zeros where there was nothing: no mask begins there.
    let movedNumbers (move: Expr -> Expr) (flow: Flow) : Flow =
        { flow with
            Value = move flow.Value
            Mask = flow.Mask |> Option.map (asNumbers move flow)
        }

    /// Elements added up by a linear function: a mask that passes sums holds where any of what was added was selected.
    let summed (sum: Expr -> Expr) (flow: Flow) : Flow =
        let value = sum (settle flow)

        match flow.Mask with
        | Some mask when flow.PassesSums ->
            { flow with Value = value; Mask = Some(asNumbers sum flow mask); IsMasked = true }
        | _ -> plain value

    /// What is multiplied by another value: a mask that ends at sums ends here, too.
    let endAtProduct (flow: Flow) : Flow = if flow.PassesSums then flow else plain (settle flow)

    /// By a function that is not elementwise: the mask is applied, and ends.
    let through (f: Expr -> Expr) (flow: Flow) : Flow = plain (f (settle flow))

    /// What a selection between two flows gives, either of which may be absent.
    let select (condition: Expr) (a: Flow option) (b: Flow option) : Flow option =
        match a, b with
        | None, None -> None
        | Some a, None -> Some(whereTrue condition a)
        | None, Some b -> Some(whereFalse condition b)
        | Some a, Some b ->
            let value = Expr.where condition (settle a) (settle b)

            match a.Mask, b.Mask with
            | None, None -> Some(plain value)
            | c, d ->
                let orTrue mask = Option.defaultWith (fun () -> Expr.full DType.Bool [] 1.0) mask

                // where(condition, c, d) of truth values.
                let mask =
                    Expr.either (Expr.both condition (orTrue c)) (Expr.both (invert condition) (orTrue d))

                Some
                    {
                        Value = value
                        Mask = Some mask
                        IsMasked = true
                        PassesSums = a.PassesSums || b.PassesSums
                    }

    /// Flows joined along an axis as their expressions are; where one is absent, there is no derivative.
    let concat axis (es: Expr list) (flows: Flow option list) : Flow option =
        if List.forall Option.isNone flows then
            None
        else
            let values =
                List.map2
                    (fun e flow ->
                        match flow with
                        | Some flow -> settle flow
                        | None -> Expr.zerosLike e)
                    es
                    flows

            let isMasked = flows |> List.exists (Option.exists _.Mask.IsSome)

            let mask () =
                List.map2
                    (fun (e: Expr) flow ->
                        let all v = Expr.full DType.Bool (e.Shape.ToList()) v

                        match flow with
                        | Some { Mask = Some mask } -> mask
                        | Some _ -> all 1.0
                        | None -> all 0.0)
                    es
                    flows
                |> Expr.concat axis

            Some
                {
                    Value = Expr.concat axis values
                    Mask = if isMasked then Some(mask ()) else None
                    IsMasked = true
                    PassesSums = List.forall (Option.exists _.PassesSums) flows
                }

    /// Whether each element of the gradients of a custom rule is made of its own element of the cotangent alone: then a
    /// mask goes through it as through a function of one element.
    let isElementwise (rule: CustomVjp<Expr>) : bool =
        let shape = rule.Cotangent.Shape
        let dependent = HashSet<Digest>([ (Expr.ofVariable rule.Cotangent).Digest ])

        let isOfElements (e: Expr) =
            match e.Node with
            | Node.Unary _
            | Node.Binary _
            | Node.Compare _
            | Node.Select _
            | Node.Cast _ -> e.Shape = shape
            | _ -> false

        Graph.topological rule.Gradients
        |> Array.forall (fun e ->
            if Node.operands e.Node |> List.exists (fun o -> dependent.Contains o.Digest) then
                dependent.Add e.Digest |> ignore
                isOfElements e
            else
                true)
