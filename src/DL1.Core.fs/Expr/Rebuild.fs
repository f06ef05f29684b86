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
        { Name = $"⟨trace {Interlocked.Increment &traced}⟩"; DType = dtype; Shape = shape }

    /// Rewrites every node once, operands first. `change` is given each node with its operands rewritten already.
    let bottomUp (change: Expr -> Expr) (roots: Expr list) : Expr list =
        let results = Dictionary<Digest, Expr>()

        for e in Graph.topological roots do
            let unchanged = Node.operands e.Node |> List.forall (fun o -> results[o.Digest].Digest = o.Digest)

            let e' =
                if unchanged then
                    e
                else
                    Expr.Make(Node.map (fun (o: Expr) -> results[o.Digest]) e.Node)

            results[e.Digest] <- change e'

        roots |> List.map (fun root -> results[root.Digest])

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
