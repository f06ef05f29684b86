namespace DL1.Compiler.Inspection

open System
open System.Globalization
open DL1
open DL1.Compiler.Conv
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Gemm
open DL1.Compiler.Planning
open DL1.Compiler.Runtime

/// A kernel as a row of the table, with the formulas below it. `Depth` is the nesting depth in scans.
[<NoEquality; NoComparison>]
type internal ExplainedKernel = { Depth: int; Cells: string list; Formulas: string list }

/// Writes plans as tables: `Compile.explain` and `Session.Explain`.
[<RequireQualifiedAccess>]
module internal ExplainPlan =
    let private number (value: float) = value.ToString("0.##", CultureInfo.InvariantCulture)

    /// A value with its unit, from 10 000 on in thousands (k), millions (M) or billions (G).
    let private scaled (one: string) (value: float) =
        if value < 1e4 then $"{number value} {one}"
        elif value < 1e6 then $"{number (value / 1e3)} k{one}"
        elif value < 1e9 then $"{number (value / 1e6)} M{one}"
        else $"{number (value / 1e9)} G{one}"

    let private flops (count: int64) = scaled "FLOP" (float count)
    let private bytes (count: int64) = scaled "B" (float count)

    let private seconds (value: float) =
        if value < 1e-3 then $"{number (value * 1e6)} µs"
        elif value < 1.0 then $"{number (value * 1e3)} ms"
        else $"{number value} s"

    /// The kernel's kind and the extents that it goes over: the second and third column.
    let private kind (plan: Plan) (step: PlanStep) =
        let isTransposed (m: MatrixBuffer) = m.Layout.Row = 1 && m.Layout.Column <> 1

        let product (job: GemmJob) =
            let mark m = if isTransposed m then "ᵀ" else ""
            $"[%d{job.M}, %d{job.K}]{mark job.A} @ [%d{job.K}, %d{job.N}]{mark job.B}"

        let stack (job: GemmJob) = if job.Batch > 1 then $"%d{job.Batch} of " else ""

        match step.Work with
        | Work.FusedLoop _ ->
            let g = step.Group
            let axes = g.Reduced |> Array.map string |> String.concat ", "
            let reduced = if g.Reduced.Length > 0 then $", reduces axes {axes}" else ""
            "fused loop", $"{Shape.Of g.Domain}{reduced}"
        | Work.Gemm job -> "product", stack job + product job
        | Work.BackToBack(job, _) ->
            "chain", $"{stack job.First}{product job.First}, along rows, {product job.Second}"
        | Work.Static(e, _, _) -> Node.name e.Node, $"{e.Shape}"
        | Work.Copy(_, _, shape, _, _) -> "copy", $"{shape}, layout made row-major"
        | Work.Channels job ->
            let isLast = job.ChannelsFirst = ConvFirst.None
            let turned = if isLast then "" else ", turned from channels first"
            Node.name job.Node.Node, $"{job.Node.Shape}, channels last{turned}"
        | Work.Scan(job, _) ->
            "loop", $"%d{job.Length} steps" + (if job.Reversed then ", from the last" else "")
        | Work.Defined(_, _, target) -> Node.name plan.Values[target].Node, "by its definition"

    /// A value that a step writes: its name, type, shape and memory, and its formula.
    let private formula (plan: Plan) (step: PlanStep) (target: int) =
        let e = plan.Values[target]

        let location =
            match plan.Locations[target] with
            | Location.Arena offset -> $"at %d{offset}"
            | Location.Output _ -> $"root %d{Array.IndexOf(plan.Results, target)}"
            | Location.Input _
            | Location.Constant _ -> ""

        let head = $"{KernelFormula.name plan target}: {e.DType} {e.Shape} {location} = "

        let text =
            match step.Work with
            | Work.Scan _ ->
                let names = step.Reads |> Array.distinct |> Array.map (KernelFormula.name plan)
                "loop over " + String.concat ", " names
            | _ -> KernelFormula.of' plan step target

        head + text.Replace("\n", "\n" + String(' ', 4))

    /// The type of a kernel's arithmetic: that of the first float that it writes.
    let private floatOf (plan: Plan) (step: PlanStep) =
        step.Writes
        |> Array.map (fun p -> plan.Values[p].DType)
        |> Array.tryFind _.IsFloat
        |> Option.defaultValue DType.F32

    /// The cells of a profiled kernel: time, GFLOP/s, GB/s, and the larger share of the machine's peak in percent.
    let private rate (peak: PeakFlops) dtype (cost: Cost) (time: float) =
        let flops, bytes = float cost.Flops / time, float (cost.Read + cost.Written) / time
        let share = max (flops / peak.FlopsOf dtype) (bytes / peak.Bytes)

        [
            seconds time
            number (flops / 1e9)
            number (bytes / 1e9)
            (100.0 * share).ToString("0", CultureInfo.InvariantCulture) + " %"
        ]

    /// The kernels of a plan; after each scan the kernels of its body, whose numbers begin with the scan's number.
    let rec private rows
        (profile: (Profile * PeakFlops) option)
        depth
        prefix
        (plan: Plan)
        : ExplainedKernel list =
        plan.Steps
        |> Array.indexed
        |> List.ofArray
        |> List.collect (fun (i, step) ->
            let cost = Cost.ofStep plan step
            let name, extents = kind plan step

            let times =
                match profile with
                | None -> []
                | Some(profile, peak) ->
                    match profile.TryFind plan |> Option.map _.Seconds(i) with
                    | Some(ValueSome time) when time > 0.0 -> rate peak (floatOf plan step) cost time
                    | _ -> [ ""; ""; ""; "" ]

            let own =
                {
                    Depth = depth
                    Cells =
                        [
                            String(' ', 2 * depth) + $"{prefix}%d{i}"
                            name
                            extents
                            flops cost.Flops
                            bytes cost.Read
                            bytes cost.Written
                        ]
                        @ times
                    Formulas = step.Writes |> Array.distinct |> Array.map (formula plan step) |> List.ofArray
                }

            match step.Work with
            | Work.Scan(_, body) -> own :: rows profile (depth + 1) $"{prefix}%d{i}." body
            | _ -> [ own ])

    let private titles = [ "#"; "kernel"; "over"; "work"; "read"; "written" ]
    let private timeTitles = [ "time"; "GFLOP/s"; "GB/s"; "of peak" ]

    /// The line of totals.
    let private total (profile: (Profile * PeakFlops) option) (plan: Plan) =
        let cost = Cost.ofPlan plan

        let work =
            $"%d{plan.Steps.Length} kernels: {flops cost.Flops}, {bytes cost.Read} read, {bytes cost.Written} written; "
            + $"arena %d{plan.Bytes} bytes"

        match profile with
        | None -> work
        | Some(profile, peak) ->
            let times =
                match profile.TryFind plan with
                | None -> 0.0
                | Some known ->
                    Seq.init plan.Steps.Length known.Seconds |> Seq.sumBy (ValueOption.defaultValue 0.0)

            $"{work}\n{seconds times} in kernels; this machine's peak is {number (peak.Flops / 1e9)} GFLOP/s (f32), "
            + $"{number (peak.Flops64 / 1e9)} GFLOP/s (f64) and "
            + $"{number (peak.Bytes / 1e9)} GB/s (memory; what caches hold is faster)"

    /// The line of memory. A session has its results twice, except for the bytes `once`, which it updates in place; `once` is
    /// `None` without a session. `kernels` is the number of bytes that kernels keep as working memory.
    let private memory (once: int64 option) (kernels: int64) (plan: Plan) =
        let need = PlanMemory.ofPlan plan

        let again, twice =
            match once with
            | None -> 0L, ""
            | Some 0L -> need.Results, ", now and next"
            | Some once ->
                need.Results - once,
                $", of which {bytes once} are updated in place and the rest are now and next"

        let results = need.Results + again
        let all = need.Between + need.Constants + results + kernels
        let own = if kernels > 0L then $", kernels' own {bytes kernels}" else ""

        $"memory {bytes all}: between kernels {bytes need.Between}, constants {bytes need.Constants}, "
        + $"results {bytes results}{twice}{own}; beside inputs of {bytes need.Inputs}"

    /// A note where loops are interpreted: all (`compiles` is false), or the loops that call `missing` methods; else empty.
    let interpreted compiles (missing: string list) : string =
        match compiles, missing with
        | false, _ ->
            "fused loops are interpreted, which is slower: DynamicCode is false, as in programs compiled ahead of time"
        | true, [] -> ""
        | true, _ ->
            let names = String.Join(", ", missing)
            $"fused loops of this program are interpreted, which is slower: it was trimmed of {names}"

    /// The whole text: the table with formulas below its rows, the totals, the line of memory and a note on interpreted loops.
    let private made compiles (profile: (Profile * PeakFlops) option) (memory: string) (plan: Plan) : string =
        let kernels = rows profile 0 "" plan
        let header = if profile.IsSome then titles @ timeTitles else titles
        let lines = Format.table 3 (header :: List.map _.Cells kernels)

        [
            lines.Head

            for line, kernel in List.zip lines.Tail kernels do
                line

                for formula in kernel.Formulas do
                    let indent = String(' ', 4 + 2 * kernel.Depth)
                    indent + formula.Replace("\n", "\n" + indent)

            total profile plan
            memory

            match interpreted compiles (CodeCache.missingMethods ()) with
            | "" -> ()
            | note -> note
        ]
        |> String.concat "\n"

    /// A plan as a table; `compiles` says whether its fused loops are machine code.
    let text compiles (plan: Plan) : string = made compiles None (memory None 0L plan) plan

    /// A session's plan as a table, with the times of its profile, if any; `once` is the bytes of state updated in place.
    let session
        compiles
        (profile: (Profile * PeakFlops) option)
        (once: int64)
        (executable: Executable)
        : string =
        let plan = executable.Plan

        made
            compiles
            profile
            $"{memory (Some once) executable.KeptBytes plan}, and {bytes Scratch.Total} in which all threads work for all plans"
            plan
