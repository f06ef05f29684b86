namespace DL1

open System.Collections.Generic

/// Computes expressions at once. An expression is compiled for its types and shapes at the first call and kept, so that
/// later calls with equal types and shapes need no planning. The values are those of `Compile`, bit for bit.
[<RequireQualifiedAccess>]
module Compute =
    /// Graphs whose values have at most this many elements in all are interpreted on one thread: compiling them would
    /// not pay.
    let private few = 1L <<< 14

    /// The number of compiled graphs that are kept: those used last.
    let private kept = 256

    /// Constants of at least this many elements become inputs, so that the compiled graph serves other values too.
    let private lifts = 2

    let private known = LruCache<struct (Digest list * Digest list), Tensor list -> Tensor list> kept

    let private optionsFor (roots: Expr list) : CompileOptions =
        let elements = Graph.topological roots |> Array.sumBy (fun e -> int64 e.Shape.Size)

        if elements <= few then
            { Compile.standard with DynamicCode = false; Threads = 1 }
        else
            Compile.standard

    /// The compiled function of a graph, from the cache or new.
    let private ready (inputs: Variable list) (roots: Expr list) : Tensor list -> Tensor list =
        let key =
            struct (inputs |> List.map (fun v -> (Expr.ofVariable v).Digest), roots |> List.map _.Digest)

        known.Get(key, (fun () -> Compile.prepareWith (optionsFor roots) inputs roots))

    /// The values of several functions of tensors, given as a function of expressions.
    /// `Compute.many (fun xs -> [ Expr.sumAll xs[0] ]) [ t ]`
    let many (f: Expr list -> Expr list) (tensors: Tensor list) : Tensor list =
        let variables =
            tensors
            |> List.mapi (fun i (t: Tensor) -> { Name = $"tensor%d{i}"; DType = t.DType; Shape = t.Shape })

        ready variables (f (List.map Expr.ofVariable variables)) tensors

    /// Replaces each constant of several elements by a variable with a reserved name. Returns the new roots, and the
    /// variables with their values.
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

    /// The values of expressions, with the values of their variables given by name. A variable without a value is a
    /// `DomainError`, a value of another type or shape a `ShapeError`. Expressions of scalars alone are computed by
    /// `Eval`, which gives the bits of the functions that are compiled from them.
    /// `Compute.values [ "x", Tensor.scalar 2.0 ] [ x; x * x ]`
    let values (bindings: (string * Tensor) list) (roots: Expr list) : Tensor list =
        if Graph.topological roots |> Array.forall _.Shape.IsScalar then
            Eval.many bindings roots
        else
            let variables = Graph.variables roots
            let found = Eval.valuesOf bindings variables
            let struct (roots, constants) = lifted roots
            ready (variables @ List.map fst constants) roots (found @ List.map snd constants)

    /// The value of an expression, with the values of its variables given by name, as for `values`.
    /// `Compute.value [ "x", Tensor.vector [ 2.0; 3.0 ] ] (x * x)`
    let value (bindings: (string * Tensor) list) (root: Expr) : Tensor = List.head (values bindings [ root ])
