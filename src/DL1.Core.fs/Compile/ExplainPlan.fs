namespace DL1

open System.Text

/// Plans as text.
[<RequireQualifiedAccess>]
module internal ExplainPlan =
    let private place (plan: Plan) (p: int) =
        match plan.Where[p], plan.Values[p].Node with
        | Where.Input _, Node.Variable v -> v.Name
        | Where.Constant value, _ when value.Size = 1 -> $"{Tensor.toFloat value}"
        | _ -> $"v{p}"

    /// A plan, one kernel a line.
    let text (plan: Plan) : string =
        let out = StringBuilder()

        let names (places: int[]) =
            System.String.Join(", ", places |> Array.distinct |> Array.map (place plan))

        plan.Steps
        |> Array.iteri (fun i step ->
            let what =
                match step.Work with
                | Work.Pass work ->
                    let folds = if work.Folds then " with folds" else ""
                    $"pass over {Shape.Of step.Group.Domain}{folds}: {step.Group.Members.Count} nodes"
                | Work.Product work ->
                    let after = if work.Finish.IsSome then $", then {step.Group.Members.Count} nodes" else ""
                    $"product {work.Batch}x[{work.M}, {work.K}]@[{work.K}, {work.N}]{after}"
                | Work.Static(e, _, _) -> Node.name e.Node
                | Work.Copy _ -> "copy"
                | Work.Channels job ->
                    let after = if job.Finish.IsSome then $", then {step.Group.Members.Count} nodes" else ""
                    $"{Node.name job.Node.Node}, channels last{after}"
                | Work.Loop(job, body) -> $"{job.Length} steps of {body.Steps.Length} kernels"
                | Work.Defined(_, _, target) -> $"{Node.name plan.Values[target].Node} by its definition"

            let of' = step.Group.Members |> Seq.map (fun e -> Node.name e.Node)
            let nodes = System.String.Join(" ", of')
            out.AppendLine $"{i}: {names step.Writes} = {what} of {names step.Reads}  ({nodes})" |> ignore)

        out.AppendLine $"arena: {plan.Bytes} bytes" |> ignore
        out.ToString()
