namespace DL1.Compiler.Planning

open System.Collections.Generic
open DL1
open DL1.Compiler.Fusion
open DL1.Compiler.Execution
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

        let locations =
            values
            |> Array.mapi (fun p e ->
                match e.Node with
                | Node.Variable v -> Location.Input(List.findIndex ((=) v) inputs)
                | Node.Constant value -> Location.Constant value
                | _ when Array.contains p results ->
                    outputs[p] <- outputs.Count
                    Location.Output(outputs.Count - 1)
                | _ ->
                    // No step reads or writes values inside back-to-back products: they stay in the threads' scratch memory.
                    if last[p] >= 0 then
                        arena.Add p |> ignore

                    Location.Arena 0L)

        // For each buffer, the buffer whose memory it uses: itself, or the operand over which it is written.
        let memory = Array.init values.Length id

        if inPlace then
            for struct (source, target) in InPlace.pairs values first last arena.Contains steps do
                memory[target] <- memory[source]
                last[memory[source]] <- last[target]

        let own = arena |> Seq.filter (fun p -> memory[p] = p) |> Array.ofSeq

        let lives =
            own |> Array.map (fun p -> { Bytes = Memory.bytesOf values[p]; First = first[p]; Last = last[p] })

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

    /// Makes a plan that computes the roots from the inputs. `code` compiles a fused loop; with `inPlace`, fused loops may write
    /// over operands that no later step reads. The first `states` roots are the next values of the first `states` inputs.
    let rec makeFor states inPlace code (inputs: Variable list) (roots: Expr list) : Plan =
        Eval.requireInputs "Compile.prepare" inputs (Graph.variables roots)

        let bodyOf (body: ScanBody<Expr>) =
            makeFor 0 inPlace code (body.Carries @ body.Slices @ body.Fixed) (body.Next @ body.Outputs)

        let ordered = RootOrder.sorted roots
        let lowered = ordered |> Rewrite.stableAll |> Hoist.run |> Lower.run |> ChannelsLast.channelsLast
        let fusion = Fuse.run lowered
        let loweredOf = dict (List.zip (ordered |> List.map _.Digest) lowered)
        let roots = roots |> List.map (fun root -> loweredOf[root.Digest])
        let next = List.truncate states roots

        if states > 0 && inPlace then
            UpdateInPlace.order
                fusion
                (List.zip (List.truncate states inputs |> List.map Expr.ofVariable) next)

        let buffers = PlanBuffers(HashSet(next |> Seq.map (fun e -> (LowerReshapes.beneath e).Digest)))

        let steps =
            KernelJobs.schedule fusion.Groups |> Array.choose (PlanSteps.ofGroup bodyOf code fusion buffers)

        let results = roots |> List.map buffers.Of |> Array.ofList
        let values = buffers.Values

        steps
        |> ForwardOutputs.run values results
        |> FoldLayoutCopies.run values results
        |> BackToBackMatMul.run results
        |> fun steps -> placed inPlace inputs roots values steps results
