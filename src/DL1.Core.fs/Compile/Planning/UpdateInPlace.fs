namespace DL1.Compiler.Planning

open System.Collections.Generic
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Fusion
open DL1.Compiler.Lowering

/// Which variables of a session's state are written over by their next value, and the first step that does so.
[<NoEquality; NoComparison>]
type internal Updates = { InPlace: bool[]; First: int }

/// Updates of a session's state in place, where no kernel reads the old value, or can fail, after the update.
[<RequireQualifiedAccess>]
module internal UpdateInPlace =
    /// Whether an anchor's kernel can fail by its values: loops, nodes that `Eval` computes, indices not checked before.
    let private canFail (found: HashSet<struct (int * Digest)>) (e: Expr) =
        let checks bound i = found.Add(struct (bound, (LowerReshapes.beneath i).Digest))

        match e.Node with
        | Node.Gather(axis, x, i) -> checks x.Shape[axis] i
        | Node.ScatterAdd(_, extent, _, i) -> checks extent i
        | _ -> NodeKind.of' e = NodeKind.Other && (e.Node.IsScan || not (NodeClass.isStatic e))

    let private fails found (g: Group) = g.Anchor |> Option.exists (canFail found)

    /// Lets the group of each next value wait for readers of the current one, and for what can fail, where that is no cycle.
    let order (fusion: Fusion) (updates: (Expr * Expr) list) =
        let readers = Dictionary<Digest, List<Group>>()
        let scheduled = KernelJobs.schedule fusion.Groups
        let failing = scheduled |> Seq.filter (fails (HashSet())) |> List.ofSeq

        for g in scheduled do
            for source in Reads.ofGroup g do
                Reads.addReader readers g (LowerReshapes.beneath source)

        for current, next in updates do
            match fusion.Of.TryGetValue (LowerReshapes.beneath next).Digest with
            | true, writer ->
                let reading = Lookup.tryFind readers current.Digest |> Option.map List.ofSeq
                let before = Option.defaultValue [] reading @ failing |> List.filter (fun g -> g <> writer)

                if before |> List.forall (fun g -> not (g.Ancestors.Contains writer.Number)) then
                    before |> List.iter (fun g -> Group.Follow(fusion.Groups, writer, g))
            | false, _ -> ()

    /// Whether an epilogue reads each element of `source` where, and just before, it writes that of `target`.
    let private suits (job: EpilogueJob) source target =
        match InPlace.holding job.Buffers target with
        | [ w ] ->
            InPlace.holding job.Buffers source
            |> List.forall (fun r ->
                job.Along[r]
                && job.Along[w]
                && job.Sizes[r] = job.Sizes[w]
                && job.Offsets[r] = job.Offsets[w]
                && job.Rows[r] = job.Rows[w]
                && job.Starts[r] = job.Starts[w])
        | _ -> false

    /// Whether a step that reads `source` may write `target` over it.
    let private overwrites (values: Expr[]) (step: PlanStep) source target =
        match step.Work with
        | Work.FusedLoop job ->
            values[target].Shape.Size = job.Space.Points && InPlace.suits job source target
        | Work.Gemm({ Epilogue = Some epilogue } as job) ->
            job.C.Buffer <> target
            && job.A.Buffer <> source
            && job.B.Buffer <> source
            && suits epilogue source target
        | Work.Channels({ Epilogue = Some epilogue } as job) ->
            job.Result <> target && not (Array.contains source job.Operands) && suits epilogue source target
        | _ -> false

    /// The updates of a plan whose first inputs and roots are the current and the next state.
    let find (states: int) (plan: Plan) : Updates =
        let all = StepList plan.Steps
        let failing = plan.Steps |> Array.map (_.Group >> fails (HashSet()))
        let lastFailing = Array.tryFindIndexBack id failing

        let isFree (f: int) source target =
            let step = plan.Steps[f]

            lastFailing |> Option.forall (fun failing -> failing < f)
            && not (Array.contains source plan.Results)
            && all.Readers source
               |> List.forall (fun (r, _) -> r < f || (r = f && overwrites plan.Values step source target))

        let steps =
            List.truncate states plan.Inputs
            |> List.mapi (fun i v ->
                let source, target = plan.BufferOf v, plan.Results[i]

                match all.Writers target with
                // A variable that no step changes.
                | [] when source = target -> Some plan.Steps.Length
                | [ writer, _ ] when plan.IsDirect i && isFree writer source target -> Some writer
                | _ -> None)

        {
            InPlace = steps |> List.map Option.isSome |> Array.ofList
            First = List.choose id steps |> List.fold min plan.Steps.Length
        }
