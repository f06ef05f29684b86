namespace DL1

open System
open System.Collections.Generic
open DL1.Notebooks

/// One way in which a value is used, and what comes back along it.
type ExplainedEdge =
    {
        /// The name of the value that uses this one.
        User: string
        /// What is differentiated, as written: `∂d/∂a`, or `∂(d·c)/∂c` where the result itself is the user.
        Factor: string
        /// The local derivative of the user by this value, between scalars: `e = −1`. Empty between tensors.
        Local: string
        /// The contribution as it is computed: `3·(−1)` between scalars, `xᵀ @ ∂loss/∂z` between tensors.
        Product: string
        /// What this use adds to the adjoint.
        Contribution: Tensor
    }

/// One value of a computation, as one would write it on paper.
type ExplainedStep =
    {
        /// The value's own node.
        Expr: Expr
        /// What it is called in the formulas.
        Name: string
        /// How it follows from the values before it; empty for a variable.
        Formula: string
        /// What it is where the variables have the values given.
        Value: Tensor
        /// The derivative of the result by this value; `None` where there is none.
        Adjoint: Tensor option
        /// Its uses: the contributions add up to the adjoint.
        Edges: ExplainedEdge list
    }

/// A computation step by step: forward values, then local derivatives and accumulated adjoints.
[<Sealed; StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type Explanation internal (result: string, steps: ExplainedStep list, notes: GraphNotes) =
    /// The values in the order in which they are computed.
    member _.Steps: IReadOnlyList<ExplainedStep> = List.toArray steps
    /// The name of the result.
    member _.Result = result
    /// Values on nodes and gradients on edges, for `Dot.ofGraph` and the drawings of DL1.Pictures.
    member _.Notes = notes

    static member internal Short(t: Tensor) =
        let number (v: float) = v.ToString("G6", Globalization.CultureInfo.InvariantCulture).Replace("-", "−")

        if t.Shape.IsScalar then
            number (Tensor.toFloat t)
        elif t.Size <= 6 && t.Rank = 1 then
            "[" + String.Join(", ", Tensor.toFloats t |> Array.map number) + "]"
        else
            $"{t.DType} {t.Shape}"

    /// The whole of it as text: forward, then backward.
    override _.ToString() =
        let lines = List<string>()
        lines.Add "Forward"

        for s in steps do
            if s.Formula = "" then
                lines.Add $"  {s.Name} = {Explanation.Short s.Value}"
            else
                lines.Add $"  {s.Name} = {s.Formula} = {Explanation.Short s.Value}"

        lines.Add "Backward"

        for s in List.rev steps do
            match s.Adjoint with
            | None -> ()
            | Some adjoint ->
                let name = $"∂{result}/∂{s.Name}"
                let value = Explanation.Short adjoint

                let join separator (f: ExplainedEdge -> string) =
                    s.Edges |> List.map f |> String.concat separator

                let products = join " + " _.Product
                // The first factor of the chain is 1 where the result itself is the user: it is left out.
                let direct = s.Edges |> List.forall (fun e -> e.User = result && e.Local <> "")

                match s.Edges with
                | [] -> lines.Add $"  {name} = {value}"
                | [ edge ] when direct -> lines.Add $"  {name} = {edge.Local}"
                | edges when edges |> List.forall (fun e -> e.Local <> "") ->
                    lines.Add("  " + join ",  " (fun e -> $"{e.Factor} = {e.Local}"))

                    let chain =
                        join " + " (fun e ->
                            if e.User = result then e.Factor else $"∂{result}/∂{e.User}·{e.Factor}")

                    lines.Add $"    {name} = {chain} = {products} = {value}"
                | _ -> lines.Add $"  {name} = {products} = {value}"

        String.Join("\n", lines)

    member internal this.Display = Format.following (this.ToString())

    interface INotebookValue with
        member this.Html = Html.pre (this.ToString())

/// Explains a computation as one would on paper.
[<RequireQualifiedAccess>]
module Explain =
    /// Names for all values: those given, variables by their own, the rest numbered.
    let private nameAll (names: (string * Expr) list) (order: Expr list) =
        let known = Dictionary<Digest, string>()

        for name, e in names do
            known[e.Digest] <- name

        let taken = HashSet<string>(Seq.map fst names)

        for e in order do
            match e.Node with
            | Node.Variable v ->
                known[e.Digest] <- v.Name
                taken.Add v.Name |> ignore
            | _ -> ()

        let mutable count = 0

        let rec next () =
            count <- count + 1
            let name = $"v%d{count}"
            if taken.Add name then name else next ()

        for e in order do
            if not (known.ContainsKey e.Digest) then
                known[e.Digest] <- next ()

        known

    let private isConstant (e: Expr) = Local.number e |> Option.isSome

    /// A node over named operands, printed: `d·e`. Constants stay as they are.
    let private formula (known: Dictionary<Digest, string>) (e: Expr) =
        let stand (o: Expr) =
            match known.TryGetValue o.Digest with
            | true, name -> Expr.variable name o.DType (o.Shape.ToList())
            | false, _ -> o

        match e.Node with
        | Node.Variable _ -> ""
        | node -> string (Expr.Make(Node.map stand node))

    /// Negative numbers as factors have parentheses.
    let private factor (text: string) = if text.StartsWith '−' then $"({text})" else text

    /// Between scalars: the local derivative of a node by one operand, and adjoint·derivative in numbers.
    let private scalarEdge
        (known: Dictionary<Digest, string>)
        value
        isResult
        (adjoint: Tensor)
        (e: Expr)
        place
        =
        match List.item place (Vjp.rule e (Expr.onesLike e)) with
        | None -> "0", "0"
        | Some d ->
            let d = Rewrite.simplify d
            let number = Explanation.Short(value d)

            let local =
                match known.TryGetValue d.Digest with
                | true, name -> $"{name} = {number}"
                | false, _ when isConstant d -> number
                | false, _ -> $"{formula known d} = {number}"

            let product =
                if isResult then
                    number
                else
                    $"{factor (Explanation.Short adjoint)}·{factor number}"

            local, product

    /// Between tensors: the vjp as a formula over names.
    let private tensorEdge (known: Dictionary<Digest, string>) (result: string) (e: Expr) place =
        let named (name: string) (e: Expr) = Expr.variable name e.DType (e.Shape.ToList())

        let stand (o: Expr) =
            match known.TryGetValue o.Digest with
            | true, name -> named name o
            | false, _ -> o

        let stood = Expr.Make(Node.map stand e.Node)
        let dy = named $"∂{result}/∂{known[e.Digest]}" e

        let back =
            match e.Node with
            | Node.Scan _ -> None
            | _ -> List.item place (Vjp.rule stood dy)

        match back with
        | None -> $"{Node.name e.Node}' applied to {dy}"
        | Some d ->
            // Where the rule uses the node's own value, it is called by its name.
            let itself (n: Expr) = if n = stood then stand e else n
            let text = Rebuild.bottomUp itself [ Rewrite.exact d ] |> List.head |> string
            // Names such as ∂Y/∂d are quoted in formulas; here they are all the names there are.
            text.Replace("\"", "")

    /// Explains a scalar where the variables have the values given. `names` gives names to values inside.
    /// Anything but a scalar of f32 or f64 is a `ShapeError`.
    /// `Explain.run [ "y", y ] [ "x", Tensor.scalar 2.0 ] y |> string`
    let run (names: (string * Expr) list) (bindings: (string * Tensor) list) (y: Expr) : Explanation =
        if not y.Shape.IsScalar || not y.DType.IsFloat then
            Refuse.shape
                "Explain.run"
                (Operand.text y)
                "a scalar of type f32 or f64"
                "reduce it first, for example to its sum"

        // Constants and the stretching of numbers are part of the formulas, not steps of their own.
        let inputs, computed =
            Graph.topological [ y ]
            |> List.ofArray
            |> List.filter (fun e -> not (isConstant e))
            |> List.partition (fun e -> (Node.operands e.Node).IsEmpty)

        let order = inputs @ computed
        let known = nameAll names order
        let result = if known.ContainsKey y.Digest then known[y.Digest] else "y"
        let wrt = order |> List.filter (fun e -> e.DType.IsFloat)
        let flowOf = Dictionary<Digest, Flow>()
        let adjointOf = Dictionary<Digest, Expr>()

        for e, flow in List.zip wrt (Reverse.flows [ y, Expr.onesLike y ] wrt) do
            match flow with
            | Some flow ->
                flowOf[e.Digest] <- flow
                adjointOf[e.Digest] <- Flow.settle flow
            | None -> ()

        // Every use of a value: the user, the operand's place, and what comes back along that edge.
        let edges =
            [
                for user in order do
                    match adjointOf.TryGetValue user.Digest with
                    | false, _ -> ()
                    | true, dy ->
                        let operands = Node.operands user.Node

                        let back =
                            match user.Node with
                            | Node.Scan _ -> Reverse.cotangents [ user, dy ] operands
                            | _ -> Vjp.flows user flowOf[user.Digest] |> List.map (Option.map Flow.settle)

                        for place, (o, d) in List.indexed (List.zip operands back) do
                            match d with
                            | Some d when adjointOf.ContainsKey o.Digest -> user, place, o, d
                            | _ -> ()
            ]

        let wanted = order @ List.ofSeq adjointOf.Values @ (edges |> List.map (fun (_, _, _, d) -> d))
        let values = Dictionary<Digest, Tensor>()

        for e, t in List.zip wanted (Eval.many bindings wanted) do
            values[e.Digest] <- t

        let value (e: Expr) =
            match values.TryGetValue e.Digest with
            | true, t -> t
            | false, _ -> Eval.run bindings e

        let usesOf = edges |> List.groupBy (fun (_, _, o, _) -> o.Digest) |> dict

        let step (e: Expr) =
            let uses =
                (match usesOf.TryGetValue e.Digest with
                 | true, uses -> uses
                 | false, _ -> [])
                |> List.map (fun (user, place, _, d) ->
                    let local, product =
                        match user.Node with
                        | Node.Unary _
                        | Node.Binary _ when user.Shape.IsScalar ->
                            scalarEdge known value (user = y) (value adjointOf[user.Digest]) user place
                        | _ -> "", tensorEdge known result user place

                    let name = known[user.Digest]
                    let differentiated = if user = y then $"({formula known user})" else name

                    {
                        User = name
                        Factor = $"∂{differentiated}/∂{known[e.Digest]}"
                        Local = local
                        Product = product
                        Contribution = value d
                    })

            {
                Expr = e
                Name = known[e.Digest]
                Formula = formula known e
                Value = value e
                Adjoint = Lookup.tryFind adjointOf e.Digest |> Option.map value
                Edges = uses
            }

        let backAlong =
            dict [ for user, place, _, d in edges -> (user.Digest, place), Explanation.Short(value d) ]

        let onEdge (user: Expr) place =
            match backAlong.TryGetValue((user.Digest, place)) with
            | true, text -> text
            | false, _ -> ""

        let onNode (e: Expr) =
            match known.TryGetValue e.Digest with
            | true, name -> $"{name} = {Explanation.Short(value e)}"
            | false, _ -> ""

        Explanation(result, List.map step order, { OfNode = onNode; OfEdge = onEdge })
