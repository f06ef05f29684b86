namespace DL1.Compiler.Planning

open System.Collections.Generic
open DL1
open DL1.Compiler.Conv
open DL1.Compiler.Execution
open DL1.Compiler.Fusion
open DL1.Compiler.Lowering

/// The buffers of a plan while it is made: one for each value that some kernel reads or writes.
[<Sealed>]
type internal PlanBuffers(updates: HashSet<Digest>) =
    let values = List<Expr>()
    let indices = Dictionary<Digest, int>()
    // For each anchor whose result only its epilogue reads, the result of the epilogue that overwrites it, in the same buffer.
    let shared = Dictionary<Digest, Expr>()

    /// Returns the index of the buffer of a node; adds a buffer where there is none yet.
    member this.Of(e: Expr) : int =
        let e = LowerReshapes.beneath e

        match indices.TryGetValue e.Digest, shared.TryGetValue e.Digest with
        | (true, index), _ -> index
        | _, (true, other) -> this.Of other
        | _ ->
            values.Add e
            indices[e.Digest] <- values.Count - 1
            values.Count - 1

    /// Whether a value is the next value of a state variable, which may be written over the current one.
    member _.IsUpdate(e: Expr) = updates.Contains e.Digest

    /// Gives the value `e` the buffer of `other`.
    member _.Share(e: Expr, other: Expr) = shared[e.Digest] <- other

    /// The node of each buffer, by the index of the buffer.
    member _.Values = values.ToArray()

/// Makes the step of each group: one function for each kind of kernel. `code` compiles a fused loop.
[<RequireQualifiedAccess>]
module internal PlanSteps =
    /// The buffers that a group's fused loop reads, and those that it writes.
    let private loopBuffers (buffers: PlanBuffers) (program: GroupProgram option) : int[] * int[] =
        match program with
        | None -> [||], [||]
        | Some p ->
            p.Operands
            |> Array.map (KernelJobs.operandBuffer buffers.Of)
            |> Array.splitAt (p.Operands.Length - p.Stored.Length)

    let private step work (g: Group) reads writes = { Work = work; Group = g; Reads = reads; Writes = writes }

    let private fusedLoop code (buffers: PlanBuffers) (g: Group) (program: GroupProgram) =
        let job = KernelJobs.fusedLoopJob code buffers.Of g program
        let reads, writes = loopBuffers buffers (Some program)
        step (Work.FusedLoop job) g (reads |> Array.filter (fun buffer -> buffer >= 0)) writes

    /// Lets the epilogue overwrite the result of its anchor, where nothing else reads that result.
    let private shareWithEpilogue (fusion: Fusion) (buffers: PlanBuffers) (g: Group) (anchor: Expr) program =
        match program with
        | Some p when not (fusion.Stored.Contains anchor.Digest) ->
            p.Stored
            |> Array.tryFind (fun s ->
                g.Roles[s.Digest] = Role.Along && s.DType = anchor.DType && not (buffers.IsUpdate s))
            |> Option.iter (fun s -> buffers.Share(anchor, s))
        | _ -> ()

    /// Makes the step of an anchor from its own `reads` and `result`, with the buffers that its epilogue reads and writes.
    let private anchored buffers g program work reads result =
        let others, stores = loopBuffers buffers program
        step work g (Array.append reads others) (Array.append [| result |] stores |> Array.distinct)

    let private gemm code (buffers: PlanBuffers) (g: Group) program (e: Expr) (a: Expr) (b: Expr) =
        let rank = e.Shape.Rank
        let m, n = e.Shape[rank - 2], e.Shape[rank - 1]

        let job =
            {
                Type = e.DType
                M = m
                N = n
                K = a.Shape[rank - 1]
                Batch = e.Shape.Size / (m * n)
                A = KernelJobs.matrix buffers.Of a
                B = KernelJobs.matrix buffers.Of b
                C = KernelJobs.result (buffers.Of e) e.Shape
                Slice = None
                Epilogue = program |> Option.map (KernelJobs.epilogueJob code buffers.Of g e)
            }

        anchored buffers g program (Work.Gemm job) [| job.A.Buffer; job.B.Buffer |] job.C.Buffer

    let private channelsLast code (buffers: PlanBuffers) (g: Group) program (e: Expr) node operands =
        let job =
            {
                Node = node
                Operands = operands |> List.map buffers.Of |> Array.ofList
                Result = buffers.Of e
                ChannelsFirst = ConvFirst.None
                Slice = None
                Epilogue = program |> Option.map (KernelJobs.convEpilogueJob code buffers.Of g node)
            }

        anchored buffers g program (Work.Channels job) job.Operands job.Result

    let private scan (buffers: PlanBuffers) (g: Group) (call: ScanCall<Expr>) (body: Plan) =
        let job = KernelJobs.scanJob buffers.Of g.Members call body
        let writes = Array.append job.Final job.Stacks |> Array.filter (fun p -> p >= 0)
        step (Work.Scan(job, body)) g (Array.concat [ job.Initial; job.Sequences; job.OuterFixed ]) writes

    let private copy (buffers: PlanBuffers) (g: Group) (e: Expr) =
        let view = StridedView.through e
        let source, target = buffers.Of view.Source, buffers.Of e
        step (Work.Copy(view, e.DType, e.Shape, source, target)) g [| source |] [| target |]

    let private precompiled (buffers: PlanBuffers) (g: Group) (e: Expr) =
        let reads = Node.operands e.Node |> List.map buffers.Of |> Array.ofList
        let target = buffers.Of e
        step (Work.Static(e, reads, target)) g reads [| target |]

    let private defined (buffers: PlanBuffers) (g: Group) (e: Expr) =
        let operands, run = KernelJobs.defined e
        let operands = operands |> List.map (fun o -> o, buffers.Of o) |> Array.ofList
        let target = buffers.Of e
        step (Work.Defined(run, operands, target)) g (Array.map snd operands) [| target |]

    /// Makes the step of a group; `None` for a reshape, or where the group stores nothing. `bodyOf` plans the body of a scan.
    let ofGroup bodyOf code (fusion: Fusion) (buffers: PlanBuffers) (g: Group) : PlanStep option =
        let program = GroupProgram.make fusion g

        match g.Anchor, program with
        | None, None -> None
        | None, Some p -> Some(fusedLoop code buffers g p)
        | Some e, _ ->
            shareWithEpilogue fusion buffers g e program

            match NodeKind.of' e, e.Node with
            | NodeKind.MatMul, Node.MatMul(a, b) -> Some(gemm code buffers g program e a b)
            | NodeKind.ChannelsLast(node, operands), _ ->
                Some(channelsLast code buffers g program e node operands)
            | NodeKind.Other, Node.Scan(_, call) -> Some(scan buffers g call (bodyOf call.Body))
            | NodeKind.View, Node.Reshape _ -> None
            | NodeKind.View, _ -> Some(copy buffers g e)
            | _ when NodeClass.isStatic e -> Some(precompiled buffers g e)
            | _ -> Some(defined buffers g e)
