namespace DL1

open System
open System.Runtime.CompilerServices
open System.Text

/// Graphs made ready to run many times: elementwise nodes fused into single passes, products by packed kernels. The
/// values are those of `Eval` on the graph after `Rewrite.stable`: bit for bit, but for products of floats, whose
/// elements are chains of fused multiply-adds.
[<RequireQualifiedAccess>]
module Compile =
    let private planOf inputs roots = Plan.make RuntimeFeature.IsDynamicCodeSupported inputs roots

    let private check (inputs: Variable list) (values: Tensor list) =
        if values.Length <> inputs.Length then
            Refuse.domain
                "Compile"
                $"{values.Length} values"
                $"{inputs.Length}, one for each input"
                "give the values in the order of the inputs"

        for v, t in List.zip inputs values do
            if t.DType <> v.DType || t.Shape <> v.Shape then
                Refuse.shape
                    "Compile"
                    $"{t.DType} {t.Shape} for the variable {v.Name}"
                    $"{v.DType} {v.Shape}"
                    "cast or reshape the value, or build the graph for its shape"

    /// A function from the values of variables, in the order given, to the values of the roots. It may be called from
    /// many threads. A variable that is no input is a `DomainError`; a value of another type or shape a `ShapeError`.
    /// `let step = Compile.prepare [ w; x ] [ loss; gradient ]` then `step [ weights; data ]`
    let prepare (inputs: Variable list) (roots: Expr list) : Tensor list -> Tensor list =
        let plan = planOf inputs roots

        fun values ->
            check inputs values
            Plan.run plan (Array.ofList values)

    /// The steps of the plan for a graph, one a line: what is read, what is done, the type and shape of the result.
    /// `Compile.explain [ w; x ] [ loss ]`
    let explain (inputs: Variable list) (roots: Expr list) : string =
        let plan = planOf inputs roots
        let text = StringBuilder()
        let list (places: int[]) = String.Join(", ", places |> Array.map (fun p -> $"v{p}"))

        plan.Steps
        |> Array.iteri (fun i step ->
            let e = plan.Nodes[i]
            let side place isTurned = if isTurned then $"v{place}ᵀ" else $"v{place}"

            let what =
                match step with
                | PlanStep.Input n -> $"input {inputs[n].Name}"
                | PlanStep.Constant _ -> "constant"
                | PlanStep.View source -> $"v{source} in another shape"
                | PlanStep.Fused(group, _, _, sources) ->
                    let operations = group.Body.Steps.Length - group.Body.Inputs
                    $"one pass of {operations} operations over {list sources}"
                | PlanStep.Product(a, turnA, b, turnB) -> $"{side a turnA} @ {side b turnB}"
                | PlanStep.Sum(source, _) -> $"sum of v{source}"
                | PlanStep.Defined(_, sources) -> $"{Node.name e.Node} of {list sources}, by its definition"

            text.AppendLine $"v{i}: {e.DType} {e.Shape} = {what}" |> ignore)

        text.ToString()
