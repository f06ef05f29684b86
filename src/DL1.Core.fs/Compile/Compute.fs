namespace DL1

open System.Collections.Generic
open DL1.Compiler.Runtime

/// Expressions computed at once: each is compiled for its types and shapes when it is met first, and kept, so that the next
/// tensors of that kind are computed without planning. Values are those of `Compile`, to the bit.
[<RequireQualifiedAccess>]
module Compute =
    /// How many elements, of all values of a graph together, are not worth machine code of their own.
    let private few = 1L <<< 14

    /// How many graphs are kept ready, the last ones used.
    let private kept = 256

    /// From how many elements on a constant is an input of what is compiled, which then serves other numbers too.
    let private lifts = 2

    let private known = LruCache<struct (Digest list * Digest list), Tensor list -> Tensor list> kept

    let private optionsFor (roots: Expr list) : CompileOptions =
        let elements = Graph.topological roots |> Array.sumBy (fun e -> int64 e.Shape.Size)

        if elements <= few then
            { Compile.standard with DynamicCode = false; Threads = 1 }
        else
            Compile.standard

    let private ready (inputs: Variable list) (roots: Expr list) : Tensor list -> Tensor list =
        let key =
            struct (inputs |> List.map (fun v -> (Expr.ofVariable v).Digest), roots |> List.map _.Digest)

        known.Get(key, (fun () -> Compile.prepareWith (optionsFor roots) inputs roots))

    /// The values of several functions of tensors, as expressions. `Compute.many (fun xs -> [ Expr.sumAll xs[0] ]) [ t ]`
    let many (f: Expr list -> Expr list) (tensors: Tensor list) : Tensor list =
        let variables =
            tensors
            |> List.mapi (fun i (t: Tensor) -> { Name = $"tensor%d{i}"; DType = t.DType; Shape = t.Shape })

        ready variables (f (List.map Expr.ofVariable variables)) tensors

    /// Constants of several elements, each as a variable with a name that no other can have, with their values.
    let private lifted (roots: Expr list) : struct (Expr list * (Variable * Tensor) list) =
        let table, values = Dictionary<Digest, Expr>(), List<Variable * Tensor>()

        for e in Graph.topological roots do
            match e.Node with
            | Node.Constant t when t.Size >= lifts ->
                let v = { Name = $"⟨constant %d{values.Count}⟩"; DType = t.DType; Shape = t.Shape }
                values.Add((v, t))
                table[e.Digest] <- Expr.ofVariable v
            | _ -> ()

        struct ((if table.Count = 0 then roots else Rebuild.fromTop table roots), List.ofSeq values)

    /// The values of expressions where the variables have the values given by name: a missing one is a `DomainError`, another
    /// type or shape a `ShapeError`. Expressions of scalars alone are computed by `Eval`, to the bits of functions that are
    /// compiled from them. `Compute.values [ "x", Tensor.scalar 2.0 ] [ x; x * x ]`
    let values (bindings: (string * Tensor) list) (roots: Expr list) : Tensor list =
        if Graph.topological roots |> Array.forall _.Shape.IsScalar then
            Eval.many bindings roots
        else
            let variables = Graph.variables roots
            let found = Eval.valuesOf bindings variables
            let struct (roots, constants) = lifted roots
            ready (variables @ List.map fst constants) roots (found @ List.map snd constants)

    /// The value of an expression where the variables have the values given by name, as by `values`.
    /// `Compute.value [ "x", Tensor.vector [ 2.0; 3.0 ] ] (x * x)`
    let value (bindings: (string * Tensor) list) (root: Expr) : Tensor = List.head (values bindings [ root ])
