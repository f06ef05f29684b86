namespace DL1.Compiler.Inspection

open System.Collections.Generic
open DL1
open DL1.Compiler.Conv
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion
open DL1.Compiler.Gemm
open DL1.Compiler.Lowering
open DL1.Compiler.Movement
open DL1.Compiler.Planning

/// The work of a kernel: operations on floats, and bytes that are read and written. What is read twice counts once.
[<Struct>]
type internal Cost = { Flops: int64; Read: int64; Written: int64 }

/// The work of kernels, known from their shapes alone.
[<RequireQualifiedAccess>]
module internal Cost =
    let private bytesOf (plan: Plan) (step: PlanStep) (places: int seq) =
        places
        |> Seq.sumBy (fun p ->
            let e = step.PartOf p |> Option.defaultValue plan.Values[p]
            int64 e.Shape.Size * int64 (Memory.size e.DType))

    let zero = { Flops = 0L; Read = 0L; Written = 0L }

    let add (a: Cost) (b: Cost) =
        { Flops = a.Flops + b.Flops; Read = a.Read + b.Read; Written = a.Written + b.Written }

    /// What a group computes: its members, and what it makes again of values that stand nowhere.
    let private computed (plan: Plan) (g: Group) : int64 =
        let known = HashSet<Digest>(plan.Values |> Seq.map _.Digest)
        known.UnionWith(g.Members |> Seq.map _.Digest)

        let rec again (e: Expr) =
            Reads.of' e
            |> List.sumBy (fun r ->
                let source = r.Source

                if NodeKind.of' source = NodeKind.Elementwise && known.Add source.Digest then
                    Summary.costOf source + again source
                else
                    0L)

        g.Members |> Seq.sumBy (fun e -> Summary.costOf e + again e)

    /// The work of a kernel; of all steps, for a loop.
    let rec ofStep (plan: Plan) (step: PlanStep) : Cost =
        let members = computed plan step.Group
        let writes = Array.distinct step.Writes
        // What a kernel writes before it reads it is no reading.
        let reads = step.Reads |> Array.distinct |> Array.filter (fun p -> not (Array.contains p writes))

        let moved flops =
            { Flops = flops; Read = bytesOf plan step reads; Written = bytesOf plan step writes }

        match step.Work with
        | Work.FusedLoop _ -> moved members
        | Work.Gemm job -> moved (2L * int64 job.M * int64 job.N * int64 job.K * int64 job.Batch + members)
        | Work.Chain(_, steps) -> moved (steps |> List.sumBy (ofStep plan >> _.Flops))
        | Work.Static(e, _, _) ->
            let all = moved (Summary.costOf e)

            match e.Node with
            | Node.Gather(_, x, _) ->
                // Rows are read as they are picked, and no others.
                let whole = int64 x.Shape.Size * int64 (Memory.size x.DType)
                { all with Read = all.Read - max 0L (whole - all.Written) }
            | _ -> all
        | Work.Copy _ -> moved 0L
        | Work.Channels job ->
            let own =
                match job.Node.Node with
                | Node.Conv(role, spec, left, right) ->
                    let geometry = ConvKernels.geometry role spec left.Shape right.Shape job.Node.Shape

                    ConvKernels.operations role geometry (Memory.size job.Node.DType)
                | _ -> Summary.costOf job.Node

            moved (own + members)
        | Work.Scan(job, body) ->
            let once = ofPlan body
            let length = int64 job.Length

            {
                Flops = length * once.Flops
                Read = length * once.Read
                Written = length * once.Written
            }
        | Work.Defined(_, _, target) -> moved (Summary.costOf plan.Values[target])

    /// The work of all kernels of a plan.
    and ofPlan (plan: Plan) : Cost =
        plan.Steps |> Array.fold (fun sum step -> add sum (ofStep plan step)) zero
