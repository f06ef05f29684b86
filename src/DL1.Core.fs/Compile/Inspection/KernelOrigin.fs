namespace DL1.Compiler.Inspection

open System
open System.Collections.Generic
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Lowering
open DL1.Compiler.Planning

/// Finds the layer in which a value that a kernel wrote first became bad: NaN or infinite. `Eval` evaluates the kernel's
/// nodes, and a search goes from the bad element back to a node that is bad although its operands are finite. Runs only
/// when a value is refused.
[<RequireQualifiedAccess>]
module internal KernelOrigin =
    // Kernels of more floating-point operations are not evaluated again; this number takes about a second.
    let private mostWork = 200_000_000L
    // Kernels whose nodes have more elements in all are not evaluated either, since all values are held at once.
    let private mostElements = 20_000_000L

    /// The values, by digest, of the nodes that a kernel computes, evaluated from its buffers, and of conditions it reads.
    let private evaluated (plan: Plan) (frame: Frame) (walk: KernelWalk) : Dictionary<Digest, float[]> =
        let rebuilt = Dictionary<Digest, Expr>()
        let floats = Dictionary<Digest, float[]>()
        let inputs = List<Variable * Tensor>()

        for found in walk.Found do
            let struct (e, buffer) = found.Value

            rebuilt[found.Key] <-
                match plan.Locations[buffer] with
                | Location.Constant _ -> e
                | _ ->
                    let v = Rebuild.fresh e.DType e.Shape
                    let value = Memory.read e.DType e.Shape frame.Addresses[buffer]
                    inputs.Add(v, value)

                    // Conditions are needed to follow a `Select`; other values that are read were checked before.
                    if e.DType = DType.Bool then
                        floats[found.Key] <- Tensor.toFloats value

                    Expr.ofVariable v

        for e in walk.Computed do
            rebuilt[e.Digest] <- Rebuild.over rebuilt e

        let variables, tensors = List.ofSeq inputs |> List.unzip
        let roots = walk.Computed |> Seq.map (fun e -> rebuilt[e.Digest]) |> List.ofSeq
        let values = Eval.prepare variables roots tensors
        Seq.iter2 (fun (e: Expr) value -> floats[e.Digest] <- Tensor.toFloats value) walk.Computed values
        floats

    /// Follows a bad element of the root back to the node in which it arose; `None` if `Eval` finds the element finite.
    let private first (values: Dictionary<Digest, float[]>) (root: Expr) (index: int) : Expr option =
        let rec back (e: Expr) (at: int) =
            let bad (o: Expr) =
                match values.TryGetValue o.Digest with
                // The element depends only on elements of the operands with its own row-major index.
                | true, floats when e.Node.IsReshape || NodeClass.isElementwise e ->
                    if Double.IsFinite floats[at] then None else Some(o, at)
                | true, floats ->
                    floats |> Array.tryFindIndex (Double.IsFinite >> not) |> Option.map (fun at -> o, at)
                | false, _ -> None

            let reached =
                match e.Node with
                | Node.Select(c, x, y) ->
                    match values.TryGetValue c.Digest with
                    | true, chosen -> [ (if chosen[at] <> 0.0 then x else y) ]
                    | false, _ -> [ x; y ]
                | other -> Node.operands other

            match List.tryPick bad reached with
            | Some(o, at) -> back o at
            | None -> e

        let found = values[root.Digest]
        if Double.IsFinite found[index] then None else Some(back root index)

    /// Whether a node computes floats and so can make NaN or infinity from finite operands; movement cannot.
    let private mayBeFirst (e: Expr) =
        match NodeClass.of' e with
        | NodeClass.Leaf
        | NodeClass.View -> false
        // The padding value may itself be NaN or infinite.
        | NodeClass.Movement -> e.Node.IsPad && e.DType.IsFloat
        | _ -> not e.Node.IsGather && e.DType.IsFloat

    /// The layer of a bad element of a buffer, as text: all layers of the kernels that wrote the buffer (`steps`) where
    /// they cannot be distinguished; empty where none is known.
    let text (plan: Plan) (frame: Frame) (steps: PlanStep[]) (buffer: int) (index: int) : string =
        let walks = steps |> Array.map (fun step -> KernelFormula.walk plan step buffer)

        let among =
            walks
            |> Seq.collect (fun w -> w.Computed |> Seq.filter mayBeFirst |> Seq.map _.Origin)
            |> Seq.distinct
            |> List.ofSeq

        match among, walks with
        | _ :: _ :: _, [| walk |] when
            walk.Computed |> Seq.sumBy Summary.costOf <= mostWork
            && walk.Computed |> Seq.sumBy (fun e -> int64 e.Shape.Size) <= mostElements
            ->
            match first (evaluated plan frame walk) walk.Root index with
            | Some e -> Origin.text [ e.Origin ]
            | None -> Origin.text among
        | _ -> Origin.text among
