namespace DL1.Compiler.Inspection

open System
open System.Collections.Generic
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Movement
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// In which layer a value that a kernel wrote first went bad: its nodes are evaluated by definition, and followed from
/// the bad element back to one that is bad though all that it is made of is finite. Asked only when a value is refused.
[<RequireQualifiedAccess>]
module internal KernelOrigin =
    // More operations than these are not made again: a second or so.
    let private mostWork = 200_000_000L
    // Nor are more elements held.
    let private mostElements = 20_000_000L

    let private isFinite (v: float) = Double.IsFinite v

    /// Whether what is wrong with an element is wrong with the same element of an operand.
    let private keepsPlace (e: Expr) =
        match e.Node with
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.Cast _
        | Node.Reshape _ -> true
        | Node.Constant _
        | Node.Variable _
        | Node.Reduce _
        | Node.ArgReduce _
        | Node.CumSum _
        | Node.ArgSort _
        | Node.Softmax _
        | Node.LogSumExp _
        | Node.MatMul _
        | Node.Broadcast _
        | Node.Transpose _
        | Node.Slice _
        | Node.Pad _
        | Node.Concat _
        | Node.Reverse _
        | Node.Gather _
        | Node.ScatterAdd _
        | Node.Conv _
        | Node.MaxPool _
        | Node.MaxPoolPick _
        | Node.MaxPoolScatter _
        | Node.AvgPool _
        | Node.AvgPoolGrad _
        | Node.RandomBits _
        | Node.Scan _
        | Node.StopGradient _
        | Node.Custom _ -> false

    /// The values of what a kernel computes, from what stands in memory.
    let private evaluated (plan: Plan) (frame: Frame) (walk: KernelWalk) : Dictionary<Digest, float[]> =
        let stands = Dictionary<Digest, Expr>()
        let floats = Dictionary<Digest, float[]>()
        let inputs = List<struct (Variable * Tensor)>()

        for found in walk.Found do
            let struct (e, place) = found.Value

            stands[found.Key] <-
                match plan.Where[place] with
                | Where.Constant _ -> e
                | _ ->
                    let v = Rebuild.fresh e.DType e.Shape
                    let value = Memory.read e.DType e.Shape frame.Addresses[place]
                    inputs.Add(struct (v, value))

                    // What is selected by; other values that were read are finite.
                    if e.DType = DType.Bool then
                        floats[found.Key] <- Tensor.toFloats value

                    Expr.ofVariable v

        for e in walk.Computed do
            stands[e.Digest] <- Rebuild.over stands e

        let variables = [ for struct (v, _) in inputs -> v ]
        let tensors = [ for struct (_, t) in inputs -> t ]
        let roots = walk.Computed |> Seq.map (fun e -> stands[e.Digest]) |> List.ofSeq
        let values = Eval.prepare variables roots tensors
        Seq.iter2 (fun (e: Expr) value -> floats[e.Digest] <- Tensor.toFloats value) walk.Computed values
        floats

    /// The first node that is bad by itself on the way to a bad element, if evaluation finds that bad, too.
    let private first (values: Dictionary<Digest, float[]>) (root: Expr) (index: int) : Expr option =
        let rec back (e: Expr) (at: int) =
            let bad (o: Expr) =
                match values.TryGetValue o.Digest with
                | true, floats when keepsPlace e -> if isFinite floats[at] then None else Some(o, at)
                | true, floats ->
                    floats |> Array.tryFindIndex (isFinite >> not) |> Option.map (fun at -> o, at)
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
        if isFinite found[index] then None else Some(back root index)

    /// What computes something that may be bad.
    let private mayBeFirst (e: Expr) =
        match e.Node with
        | Node.Constant _
        | Node.Broadcast _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _
        | Node.Reverse _
        | Node.Gather _
        | Node.Concat _ -> false
        | _ -> e.DType.IsFloat

    /// The layer of a bad element of a place, in words; several, where they cannot be told apart; none, if none is known.
    let text (plan: Plan) (frame: Frame) (steps: PlanStep[]) (place: int) (index: int) : string =
        let walks = steps |> Array.map (fun step -> KernelFormula.walk plan step place)

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
