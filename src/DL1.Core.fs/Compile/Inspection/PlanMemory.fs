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
    /// The bytes of a plan's constants and of its inputs.
    let private constantsAndInputs (plan: Plan) =
        let mutable constants, inputs = 0L, 0L

        for location, value in Seq.zip plan.Locations plan.Values do
            match location with
            | Location.Constant _ -> constants <- constants + Memory.bytesOf value
            | Location.Input _ -> inputs <- inputs + Memory.bytesOf value
            | _ -> ()

        struct (constants, inputs)

    /// The memory of each scan, nested ones included: two copies of the carries, one step's outputs, and the body's
    /// arena and constants.
    let rec private ofLoops (plan: Plan) : PlanMemory list =
        [
            for step in plan.Steps do
                match step.Work with
                | Work.Scan(job, body) ->
                    let carries = 2L * Array.sum job.CarryBytes
                    let outputs = Array.sum job.OutputBytes
                    let struct (constants, _) = constantsAndInputs body

                    {
                        Between = body.Bytes + carries + outputs
                        Constants = constants
                        Results = 0L
                        Inputs = 0L
                    }

                    yield! ofLoops body
                | _ -> ()
        ]

    /// The memory that runs of a plan need, without the kernels' working memory.
    let ofPlan (plan: Plan) : PlanMemory =
        let loops = ofLoops plan
        let struct (constants, inputs) = constantsAndInputs plan

        {
            Between = plan.Bytes + List.sumBy _.Between loops
            Constants = constants + List.sumBy _.Constants loops
            Results = plan.Roots |> List.sumBy Memory.bytesOf
            Inputs = inputs
        }
