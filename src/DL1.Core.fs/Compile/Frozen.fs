namespace DL1

open System.Collections.Generic
open DL1.Compiler.Execution
open DL1.Compiler.Simd

/// Graphs whose weights never change: what is computed of weights alone is computed once, such as scales of batch
/// normalisation and sums of biases, and kernels pack weights once.
[<RequireQualifiedAccess>]
module internal Frozen =
    /// Whether a node only arranges elements: kernels read them as they lie, so that a copy would cost memory and gain nothing.
    let private isArrangement (e: Expr) =
        match e.Node with
        | Node.Variable _
        | Node.Constant _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _
        | Node.Broadcast _ -> true
        | _ -> false

    /// The roots with what depends on weights alone as variables, and the values of those, beside the weights that are still
    /// needed.
    let private folded
        (weights: (Variable * Tensor) list)
        (roots: Expr list)
        : Expr list * (Variable * Tensor) list =
        let names = HashSet<string>()
        weights |> List.iter (fun (v, _) -> names.Add v.Name |> ignore)

        // Of each node: whether it depends on weights alone, and whether something is computed in it.
        let ofWeights, isComputed = HashSet<Digest>(), HashSet<Digest>()
        let found = Dictionary<Digest, Expr>()

        let meet (e: Expr) =
            if ofWeights.Contains e.Digest && isComputed.Contains e.Digest then
                found.TryAdd(e.Digest, e) |> ignore

        for e in Graph.topological roots do
            let operands = Node.operands e.Node

            let isOfWeights =
                match e.Node with
                | Node.Variable v -> names.Contains v.Name
                | Node.Constant _ -> true
                | _ -> not operands.IsEmpty && operands |> List.forall (fun o -> ofWeights.Contains o.Digest)

            if isOfWeights then
                ofWeights.Add e.Digest |> ignore

                if
                    not (isArrangement e) || operands |> List.exists (fun o -> isComputed.Contains o.Digest)
                then
                    isComputed.Add e.Digest |> ignore
            else
                List.iter meet operands

        List.iter meet roots

        if found.Count = 0 then
            let used = HashSet<string>(Graph.variables roots |> List.map _.Name)
            roots, weights |> List.filter (fun (v, _) -> used.Contains v.Name)
        else
            let parts = List.ofSeq found.Values
            let values = Compile.prepare (List.map fst weights) parts (List.map snd weights)

            let variables =
                parts |> List.mapi (fun i e -> { Name = $"⟨frozen %d{i}⟩"; DType = e.DType; Shape = e.Shape })

            let table = Dictionary<Digest, Expr>()
            List.iter2 (fun (e: Expr) v -> table[e.Digest] <- Expr.ofVariable v) parts variables
            let roots = Rebuild.fromTop table roots
            let used = HashSet<string>(Graph.variables roots |> List.map _.Name)
            roots, weights @ List.zip variables values |> List.filter (fun (v, _) -> used.Contains v.Name)

    /// Like `Compile.prepareWith`, where the weights have the same values in all calls.
    let prepare
        (options: CompileOptions)
        (weights: (Variable * Tensor) list)
        (inputs: Variable list)
        (roots: Expr list)
        : Tensor list -> Tensor list =
        let roots, kept = folded weights roots
        Compile.prepareFrozen Frame.UsualGrain Simd.widest options kept inputs roots
