namespace DL1.Compiler.Inspection

open System.Collections.Generic
open DL1
open DL1.Pattern
open DL1.Compiler.Conv
open DL1.Compiler.Execution
open DL1.Compiler.Fusion
open DL1.Compiler.Lowering
open DL1.Compiler.Planning

/// The work of a kernel: floating-point operations, bytes read and bytes written. Each buffer counts once; a buffer that the
/// kernel also writes does not count as read.
[<Struct>]
type internal Cost = { Flops: int64; Read: int64; Written: int64 }

/// Computes the work of kernels from their shapes.
[<RequireQualifiedAccess>]
module internal Cost =
    /// The bytes that a step reads or writes in these buffers; where it writes a slice of a buffer, only the slice counts.
    let private bytesOf (plan: Plan) (step: PlanStep) (buffers: int seq) =
        buffers
        |> Seq.sumBy (fun p -> step.SliceOf p |> Option.defaultValue plan.Values[p] |> Memory.bytesOf)

    /// The floating-point operations of a group: for its members, and for the values that it rematerialises.
    let private computed (plan: Plan) (g: Group) : int64 =
        let known = HashSet<Digest>(plan.Values |> Seq.map _.Digest)
        known.UnionWith(g.Members |> Seq.map _.Digest)

        let rec recomputed (e: Expr) =
            Reads.of' e
            |> List.sumBy (fun r ->
                let source = r.Source

                if NodeKind.of' source = NodeKind.Elementwise && known.Add source.Digest then
                    Summary.costOf source + recomputed source
                else
                    0L)

        g.Members |> Seq.sumBy (fun e -> Summary.costOf e + recomputed e)

    /// The work of one step of a plan; for a scan, the work of all its iterations.
    let rec ofStep (plan: Plan) (step: PlanStep) : Cost =
        let members = computed plan step.Group
        let writes = Array.distinct step.Writes
        // A buffer that the kernel itself writes is in the cache when it is read.
        let reads = step.Reads |> Array.distinct |> Array.filter (fun p -> not (Array.contains p writes))

        let moved flops =
            { Flops = flops; Read = bytesOf plan step reads; Written = bytesOf plan step writes }

        match step.Work with
        | Work.FusedLoop _ -> moved members
        | Work.Gemm job -> moved (2L * int64 job.M * int64 job.N * int64 job.K * int64 job.Batch + members)
        | Work.BackToBack(_, steps) -> moved (steps |> List.sumBy (ofStep plan >> _.Flops))
        // A gather reads only the rows that it picks.
        | Work.Static((Form(Node.Gather(_, x, _)) as e), _, _) ->
            let all = moved (Summary.costOf e)
            { all with Read = all.Read - max 0L (Memory.bytesOf x - all.Written) }
        | Work.Static(e, _, _) -> moved (Summary.costOf e)
        | Work.Copy _ -> moved 0L
        | Work.Channels job ->
            let own =
                match job.Node.Node with
                | Node.Conv(role, spec, left, right) ->
                    let geometry = ConvChoice.geometry role spec left.Shape right.Shape job.Node.Shape
                    ConvChoice.operations role geometry job.Node.DType.Bytes
                | _ -> Summary.costOf job.Node

            moved (own + members)
        | Work.Scan(job, body) ->
            let once, times = ofPlan body, int64 job.Length
            { Flops = times * once.Flops; Read = times * once.Read; Written = times * once.Written }
        | Work.Defined(_, _, target) -> moved (Summary.costOf plan.Values[target])

    /// The work of all steps of a plan.
    and ofPlan (plan: Plan) : Cost =
        let costs = plan.Steps |> Array.map (ofStep plan)

        {
            Flops = Array.sumBy _.Flops costs
            Read = Array.sumBy _.Read costs
            Written = Array.sumBy _.Written costs
        }
