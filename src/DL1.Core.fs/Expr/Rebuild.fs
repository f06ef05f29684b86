namespace DL1

open System.Collections.Generic
open System.Threading

/// Graphs made anew from graphs.
[<RequireQualifiedAccess>]
module internal Rebuild =
    // Distinguishes variables while functions are traced, one inside another; no such name survives the tracing.
    let mutable private traced = 0

    /// A variable that no graph holds yet, to trace a function with.
    let fresh (dtype: DType) shape =
        { Name = $"⟨trace %d{Interlocked.Increment &traced}⟩"; DType = dtype; Shape = shape }

    /// A node over what its operands have become; itself, where they are the same.
    let over (results: Dictionary<Digest, Expr>) (e: Expr) : Expr =
        if Node.operands e.Node |> List.forall (fun o -> results[o.Digest].Digest = o.Digest) then
            e
        else
            Expr.Make(Node.map (fun (o: Expr) -> results[o.Digest]) e.Node)

    /// Rewrites every node once, operands first. `change` is given what the nodes before have become, and a node. What is
    /// made in the place of a node comes from where it came from.
    let private walk (change: Dictionary<Digest, Expr> -> Expr -> Expr) (roots: Expr list) : Expr list =
        let results = Dictionary<Digest, Expr>()

        for e in Graph.topological roots do
            results[e.Digest] <- Origin.within e.Origin (fun () -> change results e)

        roots |> List.map (fun root -> results[root.Digest])

    /// Rewrites every node once, operands first. `change` is given each node with its operands rewritten already.
    let bottomUp (change: Expr -> Expr) (roots: Expr list) : Expr list =
        walk (fun results e -> change (over results e)) roots

    /// Rewrites the nodes for which `change` returns another. It is given a function from an operand to what that has
    /// become, and a node as it was.
    let where (change: (Expr -> Expr) -> Expr -> Expr option) (roots: Expr list) : Expr list =
        walk
            (fun results e ->
                match change (fun o -> results[o.Digest]) e with
                | Some other -> other
                | None -> over results e)
            roots

    /// Puts expressions in the place of variables.
    let substitute (bindings: (Variable * Expr) list) (roots: Expr list) : Expr list =
        let bound = Dictionary<string, Expr>()

        for v, e in bindings do
            if e.DType <> v.DType || e.Shape <> v.Shape then
                Refuse.shape
                    "substitute"
                    (Operand.text e)
                    $"{v.DType} {v.Shape}, as the variable {v.Name} has"
                    "cast or reshape what is put in"

            bound[v.Name] <- e

        let change (e: Expr) =
            match e.Node with
            | Node.Variable v ->
                match bound.TryGetValue v.Name with
                | true, e -> e
                | false, _ -> e
            | _ -> e

        bottomUp change roots

    /// Rewrites nodes from the top: what is in the table is replaced whole, with all that it is made of.
    let fromTop (table: Dictionary<Digest, Expr>) (roots: Expr list) : Expr list =
        walk
            (fun results e ->
                match table.TryGetValue e.Digest with
                | true, other -> other
                | false, _ -> over results e)
            roots

    /// The results of loops that the roots need, operands first: the number of the result, and the call.
    let loops (roots: Expr list) : struct (int * ScanCall<Expr>) seq =
        Graph.topological roots
        |> Seq.choose (fun e ->
            match e.Node with
            | Node.Scan(result, call) -> Some(struct (result, call))
            | _ -> None)

    /// Rewrites results of loops: `change` is given the call as it was, the call over rewritten operands, and the
    /// result's number.
    let overLoops (change: ScanCall<Expr> -> ScanCall<Expr> -> int -> Expr) (roots: Expr list) : Expr list =
        walk
            (fun results e ->
                let rebuilt = over results e

                match e.Node, rebuilt.Node with
                | Node.Scan(result, was), Node.Scan(_, call) -> change was call result
                | _ -> rebuilt)
            roots
