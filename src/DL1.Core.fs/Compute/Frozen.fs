namespace DL1

open System
open System.Collections.Generic
open DL1.Compiler.Execution
open DL1.Compiler.Simd

/// Weights that never change, and what was computed of them alone, by its formula: graphs for inputs of several shapes share it,
/// and with it the copies that kernels pack. A value lives as long as a graph that uses it: some belong to one length of inputs,
/// such as the first rows of an embedding of positions, and there is no end of lengths. For many threads at once.
[<Sealed>]
type internal FrozenWeights(weights: (Variable * Tensor) list) =
    let computed = Dictionary<Digest, WeakReference<Tensor>>()

    let find (e: Expr) : Tensor voption =
        match computed.TryGetValue e.Digest with
        | true, reference ->
            match reference.TryGetTarget() with
            | true, value -> ValueSome value
            | false, _ -> ValueNone
        | false, _ -> ValueNone

    /// The weights by their variables.
    member _.Weights = weights

    /// The number of values that were computed of weights alone and that graphs still use.
    member _.Computed =
        lock computed (fun () ->
            computed.Values |> Seq.filter (fun r -> fst (r.TryGetTarget())) |> Seq.length)

    /// The values of expressions of weights; each is computed once, by one thread.
    member _.ValuesOf(parts: Expr list) : Tensor list =
        lock computed (fun () ->
            let values = Dictionary<Digest, Tensor>()

            for e in parts do
                find e |> ValueOption.iter (fun value -> values[e.Digest] <- value)

            match parts |> List.filter (fun e -> not (values.ContainsKey e.Digest)) with
            | [] -> ()
            | missing ->
                for KeyValue(digest, reference) in List.ofSeq computed do
                    if not (fst (reference.TryGetTarget())) then
                        computed.Remove digest |> ignore

                let made = Compile.prepare (List.map fst weights) missing (List.map snd weights)

                for e, value in List.zip missing made do
                    computed[e.Digest] <- WeakReference<Tensor> value
                    values[e.Digest] <- value

            parts |> List.map (fun e -> values[e.Digest]))

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
    let private folded (frozen: FrozenWeights) (roots: Expr list) : Expr list * (Variable * Tensor) list =
        let weights = frozen.Weights
        let names = HashSet(weights |> Seq.map (fun (v, _) -> v.Name))

        /// Those of these variables that the roots read.
        let read (roots: Expr list) (known: (Variable * Tensor) list) =
            let used = HashSet(Graph.variables roots |> Seq.map _.Name)
            known |> List.filter (fun (v, _) -> used.Contains v.Name)

        // Of each node: whether it depends on weights and constants alone, and whether something is computed of weights in it. What is
        // computed of constants alone stays in the graph: a mask has the length of the inputs, and there is no end of lengths.
        let ofWeights, isComputed = HashSet<Digest>(), HashSet<Digest>()
        let hasWeight = HashSet<Digest>()
        let found = Dictionary<Digest, Expr>()

        // What arranges computed elements stays in the graph: its shape may be that of the inputs, and then it belongs to one graph.
        let rec meet (e: Expr) =
            if ofWeights.Contains e.Digest && isComputed.Contains e.Digest then
                if isArrangement e then
                    List.iter meet (Node.operands e.Node)
                else
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

                if e.Node.IsVariable || operands |> List.exists (fun o -> hasWeight.Contains o.Digest) then
                    hasWeight.Add e.Digest |> ignore

                    if
                        not (isArrangement e)
                        || operands |> List.exists (fun o -> isComputed.Contains o.Digest)
                    then
                        isComputed.Add e.Digest |> ignore
            else
                List.iter meet operands

        List.iter meet roots

        if found.Count = 0 then
            roots, read roots weights
        else
            let parts = List.ofSeq found.Values
            let values = frozen.ValuesOf parts

            let variables =
                parts |> List.mapi (fun i e -> { Name = $"⟨frozen %d{i}⟩"; DType = e.DType; Shape = e.Shape })

            let table = Dictionary<Digest, Expr>()
            List.iter2 (fun (e: Expr) v -> table[e.Digest] <- Expr.ofVariable v) parts variables
            let roots = Rebuild.fromTop table roots
            roots, read roots (weights @ List.zip variables values)

    /// Like `Compile.prepareWith`, where the weights have the same values in all calls. The bits are those of `prepareWith`.
    let prepareShared options (frozen: FrozenWeights) inputs roots : Tensor list -> Tensor list =
        let roots, kept = folded frozen roots
        Compile.prepareFrozen Frame.UsualGrain Simd.widest options kept inputs roots

    /// `prepareShared` for a single graph of the weights.
    let prepare options (weights: (Variable * Tensor) list) inputs roots : Tensor list -> Tensor list =
        prepareShared options (FrozenWeights weights) inputs roots
