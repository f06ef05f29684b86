namespace DL1.Compiler.Inspection

open DL1.Compiler.Execution
open DL1.Compiler.Planning

/// The bytes that a plan needs, by purpose.
[<Struct>]
type internal PlanMemory =
    {
        /// Arenas of the plan and of the bodies of scans, and the carries and unused outputs of scans.
        Between: int64
        Constants: int64
        Results: int64
        Inputs: int64
    }

/// Computes the memory of plans.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal PlanMemory =
    /// The memory that runs of a plan need, without the kernels' working memory. A scan needs two copies of the carries,
    /// one step's outputs, and its body's arena and constants.
    let rec ofPlan (plan: Plan) : PlanMemory =
        let mutable between, constants, inputs = plan.Bytes, 0L, 0L

        for i in 0 .. plan.Values.Length - 1 do
            match plan.Locations[i] with
            | Location.Constant _ -> constants <- constants + Memory.bytesOf plan.Values[i]
            | Location.Input _ -> inputs <- inputs + Memory.bytesOf plan.Values[i]
            | _ -> ()

        for step in plan.Steps do
            match step.Work with
            | Work.Scan(job, body) ->
                let inside = ofPlan body
                let carried = 2L * Array.sum job.CarryBytes + Array.sum job.OutputBytes
                between <- between + inside.Between + carried
                constants <- constants + inside.Constants
            | _ -> ()

        let results = plan.Roots |> List.sumBy Memory.bytesOf
        { Between = between; Constants = constants; Results = results; Inputs = inputs }
