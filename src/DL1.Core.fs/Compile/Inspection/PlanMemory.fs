namespace DL1.Compiler.Inspection

open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Planning

/// The bytes that a plan needs, by what they are for.
[<Struct>]
type internal PlanMemory =
    {
        /// Of values between kernels, those of loops among them, and of what loops carry.
        Between: int64
        Constants: int64
        Results: int64
        Inputs: int64
    }

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal PlanMemory =
    let private bytesOf (e: Expr) = int64 e.Shape.Size * int64 (Memory.size e.DType)

    /// The bytes of constants, and of inputs.
    let private given (plan: Plan) =
        let mutable constants, inputs = 0L, 0L

        for where, value in Seq.zip plan.Where plan.Values do
            match where with
            | Where.Constant _ -> constants <- constants + bytesOf value
            | Where.Input _ -> inputs <- inputs + bytesOf value
            | Where.Arena _
            | Where.Output _ -> ()

        struct (constants, inputs)

    /// Loops and the loops in them: the carries of two steps, outputs that no one wants, and the body's own.
    let rec private ofLoops (plan: Plan) : PlanMemory list =
        [
            for step in plan.Steps do
                match step.Work with
                | Work.Scan(job, body) ->
                    let carries = 2L * Array.sum job.CarryBytes
                    let outputs = Array.sum job.OutputBytes
                    let struct (constants, _) = given body

                    {
                        Between = body.Bytes + carries + outputs
                        Constants = constants
                        Results = 0L
                        Inputs = 0L
                    }

                    yield! ofLoops body
                | _ -> ()
        ]

    /// What runs of a plan need, beside what kernels work in.
    let ofPlan (plan: Plan) : PlanMemory =
        let loops = ofLoops plan
        let struct (constants, inputs) = given plan

        {
            Between = plan.Bytes + List.sumBy _.Between loops
            Constants = constants + List.sumBy _.Constants loops
            Results = plan.Roots |> List.sumBy bytesOf
            Inputs = inputs
        }
