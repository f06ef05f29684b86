namespace DL1.Compiler.Planning

open System.Collections.Generic
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Fusion
open DL1.Compiler.Lowering

/// `InPlace`: for each variable of a session's state, whether its next value takes the memory of the current one. `First`: the
/// first step that writes such a value; the number of steps if none does.
[<NoEquality; NoComparison>]
type internal Updates = { InPlace: bool[]; First: int }

/// Updates a session's state in place, where no kernel reads the old value, and none can fail, after the new one is written.
[<RequireQualifiedAccess>]
module internal UpdateInPlace =
    /// Whether the kernel of an anchor can fail, depending on values: a scan, a node that `Eval` computes, or indices that no
    /// kernel before has checked. Adds the indices that it checks to `found`, with their bound.
    let private canFail (found: HashSet<struct (int * Digest)>) (e: Expr) =
        let checks bound i = found.Add(struct (bound, (LowerReshapes.beneath i).Digest))

        match e.Node with
        | Node.Gather(axis, x, i) -> checks x.Shape[axis] i
        | Node.ScatterAdd(_, extent, _, i) -> checks extent i
        | _ -> NodeKind.of' e = NodeKind.Other && (e.Node.IsScan || not (NodeClass.isStatic e))

    let private fails found (g: Group) = g.Anchor |> Option.exists (canFail found)

    /// Orders the group of each next value behind the groups that read the current value and the groups that can fail, unless
    /// one of these depends on it.
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

    /// Whether an epilogue writes each element of `target` at the very offset at which it has just read the element of `source`.
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

    /// Whether a step that reads the buffer `source` may write the buffer `target` over it.
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

    /// Finds the updates that a plan can do in place. Its first `states` inputs and roots are the current and the next state.
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
                // No step changes this variable.
                | [] when source = target -> Some plan.Steps.Length
                | [ writer, _ ] when plan.IsDirect i && isFree writer source target -> Some writer
                | _ -> None)

        {
            InPlace = steps |> List.map Option.isSome |> Array.ofList
            First = List.choose id steps |> List.fold min plan.Steps.Length
        }
