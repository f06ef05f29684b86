namespace DL1.Compiler.Planning

open System.Collections.Generic
open DL1
open DL1.Compiler.Conv
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion
open DL1.Compiler.Gemm
open DL1.Compiler.Lowering
open DL1.Compiler.Scan

/// Makes plans: lowers a graph, fuses it into groups, and gives each group a kernel and each value a buffer.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Plan =
    /// Assigns memory to every buffer: computes lifetimes, shares memory in place, and places the rest in the arena.
    let private placed inPlace inputs roots (values: Expr[]) (steps: PlanStep[]) (results: int[]) : Plan =
        let first = Array.create values.Length System.Int32.MaxValue
        let last = Array.create values.Length -1

        steps
        |> Array.iteri (fun i step ->
            for p in step.Writes do
                first[p] <- min first[p] i
                last[p] <- max last[p] i

            for p in step.Reads do
                last[p] <- max last[p] i)

        let outputs = Dictionary<int, int>()
        let arena = HashSet<int>()
        // Values inside back-to-back products that no step reads or writes: they stay in the threads' scratch memory.
        let isHidden p = last[p] < 0

        let locations =
            values
            |> Array.mapi (fun p e ->
                match e.Node with
                | Node.Variable v -> Location.Input(List.findIndex ((=) v) inputs)
                | Node.Constant value -> Location.Constant value
                | _ when Array.contains p results ->
                    outputs[p] <- outputs.Count
                    Location.Output(outputs.Count - 1)
                | _ when isHidden p -> Location.Arena 0L
                | _ ->
                    arena.Add p |> ignore
                    Location.Arena 0L)

        // The buffer whose memory each buffer uses: its own, or that of the operand it is written over.
        let memory = Array.init values.Length id

        if inPlace then
            for struct (source, target) in InPlace.pairs values first last arena.Contains steps do
                memory[target] <- memory[source]
                last[memory[source]] <- last[target]

        let own =
            [|
                for p in arena do
                    if memory[p] = p then
                        p
            |]

        let lives =
            own
            |> Array.map (fun p ->
                {
                    Bytes = int64 values[p].Shape.Size * int64 (Memory.size values[p].DType)
                    First = first[p]
                    Last = last[p]
                })

        let offsets, bytes = Arena.place lives
        own |> Array.iteri (fun i p -> locations[p] <- Location.Arena offsets[i])

        for p in arena do
            locations[p] <- locations[memory[p]]

        {
            Inputs = inputs
            Roots = roots
            Values = values
            Locations = locations
            Steps = steps
            Results = results
            Outputs = outputs.Count
            Bytes = bytes
        }

    /// The graph after all rewriting, before fusion.
    let private lowered (roots: Expr list) =
        roots |> Rewrite.stableAll |> Hoist.run |> Lower.run |> ChannelsLast.channelsLast

    /// Makes a plan that computes the roots from the inputs. `code` compiles a fused loop; with `inPlace`, fused loops
    /// may write over operands that no later step reads.
    let rec makeWith
        (inPlace: bool)
        (code: FusedLoop -> LoopBody)
        (inputs: Variable list)
        (roots: Expr list)
        : Plan =
        Eval.requireInputs "Compile.prepare" inputs (Graph.variables roots)
        let ordered = RootOrder.sorted roots
        let walked = lowered ordered
        let fusion = Fuse.run walked
        let became = Dictionary<Digest, Expr>()
        List.iter2 (fun (root: Expr) e -> became[root.Digest] <- e) ordered walked
        let roots = roots |> List.map (fun root -> became[root.Digest])
        let values = List<Expr>()
        let buffers = Dictionary<Digest, int>()
        // Anchors whose result only the epilogue reads: they share the buffer of the epilogue's result, which
        // overwrites it.
        let sameAs = Dictionary<Digest, Expr>()

        /// The index of a node's buffer, which is added where there is none yet.
        let rec bufferOf (e: Expr) : int =
            let e = KernelJobs.withoutReshapes e

            match buffers.TryGetValue e.Digest with
            | true, p -> p
            | false, _ ->
                match sameAs.TryGetValue e.Digest with
                | true, other -> bufferOf other
                | false, _ ->
                    values.Add e
                    buffers[e.Digest] <- values.Count - 1
                    values.Count - 1

        let read = KernelJobs.operandBuffer bufferOf

        /// The step of a group; `None` where it has nothing to do, as a reshape.
        let step (g: Group) : PlanStep option =
            let pass = GroupProgram.make fusion g

            match g.Anchor, pass with
            | None, None -> None
            | None, Some p ->
                KernelJobs.fusedLoopJob code bufferOf g p
                |> Option.map (fun work ->
                    let loads = p.Places.Length - p.Stored.Length

                    {
                        Work = Work.FusedLoop work
                        Group = g
                        Reads =
                            p.Places[.. loads - 1]
                            |> Array.map read
                            |> Array.filter (fun buffer -> buffer >= 0)
                        Writes = p.Places[loads..] |> Array.map read
                    })
            | Some e, pass ->
                match NodeKind.of' e, e.Node with
                | NodeKind.MatMul, Node.MatMul(a, b) ->
                    let rank = e.Shape.Rank

                    match pass with
                    | Some p when not (fusion.Stored.Contains e.Digest) ->
                        p.Stored
                        |> Array.tryFind (fun s -> g.Roles[s.Digest] = Role.Along && s.DType = e.DType)
                        |> Option.iter (fun s -> sameAs[e.Digest] <- s)
                    | _ -> ()

                    let work =
                        {
                            Type = e.DType
                            M = e.Shape[rank - 2]
                            N = e.Shape[rank - 1]
                            K = a.Shape[rank - 1]
                            Batch = e.Shape.Size / (e.Shape[rank - 2] * e.Shape[rank - 1])
                            A = KernelJobs.matrix bufferOf a
                            B = KernelJobs.matrix bufferOf b
                            C = KernelJobs.result (bufferOf e) e.Shape
                            Slice = None
                            Epilogue = pass |> Option.map (KernelJobs.epilogueJob code bufferOf g e)
                        }

                    let others, stores =
                        match pass with
                        | Some p ->
                            let loads = p.Places.Length - p.Stored.Length
                            Array.map read p.Places[.. loads - 1], Array.map read p.Places[loads..]
                        | None -> [||], [||]

                    Some
                        {
                            Work = Work.Gemm work
                            Group = g
                            Reads = Array.append [| work.A.Buffer; work.B.Buffer |] others
                            Writes = Array.append [| work.C.Buffer |] stores |> Array.distinct
                        }
                | NodeKind.ChannelsLast(node, operands), _ ->
                    match pass with
                    | Some p when not (fusion.Stored.Contains e.Digest) ->
                        p.Stored
                        |> Array.tryFind (fun s -> g.Roles[s.Digest] = Role.Along && s.DType = e.DType)
                        |> Option.iter (fun s -> sameAs[e.Digest] <- s)
                    | _ -> ()

                    let reads = operands |> List.map bufferOf |> Array.ofList
                    let target = bufferOf e

                    let others, stores =
                        match pass with
                        | Some p ->
                            let loads = p.Places.Length - p.Stored.Length
                            Array.map read p.Places[.. loads - 1], Array.map read p.Places[loads..]
                        | None -> [||], [||]

                    Some
                        {
                            Work =
                                Work.Channels
                                    {
                                        Node = node
                                        Operands = reads
                                        Result = target
                                        ChannelsFirst = ConvFirst.None
                                        Epilogue =
                                            pass
                                            |> Option.map (KernelJobs.convEpilogueJob code bufferOf g node)
                                    }
                            Group = g
                            Reads = Array.append reads others
                            Writes = Array.append [| target |] stores |> Array.distinct
                        }
                | NodeKind.Other, Node.Scan(_, call) ->
                    let body =
                        makeWith
                            inPlace
                            code
                            (call.Body.Carries @ call.Body.Slices @ call.Body.Fixed)
                            (call.Body.Next @ call.Body.Outputs)

                    let job = KernelJobs.scanJob bufferOf g.Members call body

                    Some
                        {
                            Work = Work.Scan(job, body)
                            Group = g
                            Reads = Array.concat [ job.Initial; job.Sequences; job.OuterFixed ]
                            Writes = Array.append job.Final job.Stacks |> Array.filter (fun p -> p >= 0)
                        }
                | NodeKind.View, Node.Reshape _ -> None
                | NodeKind.View, _ ->
                    let r = StridedView.through e
                    let source, target = bufferOf r.Source, bufferOf e

                    Some
                        {
                            Work = Work.Copy(r, e.DType, e.Shape, source, target)
                            Group = g
                            Reads = [| source |]
                            Writes = [| target |]
                        }
                | _ when StaticKernel.serves e ->
                    let reads = Node.operands e.Node |> List.map bufferOf |> Array.ofList
                    let target = bufferOf e

                    Some
                        {
                            Work = Work.Static(e, reads, target)
                            Group = g
                            Reads = reads
                            Writes = [| target |]
                        }
                | _ ->
                    let operands, run = KernelJobs.defined e
                    let operands = operands |> List.map (fun o -> o, bufferOf o) |> Array.ofList
                    let target = bufferOf e

                    Some
                        {
                            Work = Work.Defined(run, operands, target)
                            Group = g
                            Reads = Array.map snd operands
                            Writes = [| target |]
                        }

        let steps = KernelJobs.schedule fusion.Groups |> Array.choose step
        let results = roots |> List.map bufferOf |> Array.ofList
        let values = values.ToArray()

        let steps =
            steps
            |> ForwardOutputs.run values results
            |> FoldLayoutCopies.run values results
            |> BackToBackMatMul.run results

        placed inPlace inputs roots values steps results
