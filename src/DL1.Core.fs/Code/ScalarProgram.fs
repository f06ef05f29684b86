namespace DL1

open System
open System.Collections.Generic

/// From a point to some results, each in a span of its own.
type ScalarMap = delegate of point: ReadOnlySpan<float> * results: Span<float> -> unit

/// Graphs of scalars as straight-line programs: what both ways of running them share.
[<RequireQualifiedAccess>]
module internal ScalarProgram =
    /// One value of a program, computed from values before it. Truth values are 1 and 0; values of f32 are rounded.
    [<RequireQualifiedAccess; NoEquality; NoComparison>]
    type Step =
        | Input of int
        | Number of float
        | Unary of UnaryOp * int
        | Binary of BinaryOp * int * int
        | Compare of CompareOp * int * int
        | Select of int * int * int
        /// Not equal to 0.
        | Truth of int
        | Copy of int

    /// The steps in order, whether each is rounded to f32, and where the outputs stand.
    [<NoEquality; NoComparison>]
    type Program = { Steps: (Step * DType)[]; Outputs: int[]; Inputs: int }

    let private refuse (e: Expr) =
        Refuse.domain
            "compile scalars"
            (Operand.text e)
            "scalars of f32, f64 or bool, and elementwise operations on them"
            "evaluate graphs of tensors, or take the scalar out by item"

    /// Custom rules are replaced by their values: nothing is differentiated any more.
    let rec private inlineRules (roots: Expr list) =
        let change (e: Expr) =
            match e.Node with
            | Node.Custom(rule, xs) ->
                inlineRules (Rebuild.substitute (List.zip rule.Inputs xs) [ rule.Value ]) |> List.head
            | _ -> e

        Rebuild.bottomUp change roots

    /// A program that computes what is written, to the bits of Eval.
    let asWritten (inputs: Variable list) (roots: Expr list) : Program =
        let roots = inlineRules roots
        let places = Dictionary<Digest, int>()
        let steps = List<Step * DType>()
        let place (e: Expr) = places[e.Digest]

        for v in Graph.variables roots do
            if not (List.contains v inputs) then
                Refuse.domain
                    "compile scalars"
                    $"the variable {v.Name}, which is no input"
                    "every variable among the inputs"
                    $"add {v.Name} to the inputs"

        for e in Graph.topological roots do
            if not e.Shape.IsScalar || e.DType.IsInteger then
                refuse e

            let step =
                match e.Node with
                | Node.Constant value -> Step.Number((Tensor.toFloats value)[0])
                | Node.Variable v -> Step.Input(List.findIndex ((=) v) inputs)
                | Node.Unary(op, x) -> Step.Unary(op, place x)
                | Node.Binary(op, x, y) -> Step.Binary(op, place x, place y)
                | Node.Compare(op, x, y) -> Step.Compare(op, place x, place y)
                | Node.Select(c, x, y) -> Step.Select(place c, place x, place y)
                | Node.Cast(DType.Bool, x) -> Step.Truth(place x)
                | Node.Cast(_, x)
                | Node.Broadcast(_, x)
                | Node.Reshape(_, x)
                | Node.Transpose(_, x)
                | Node.StopGradient x -> Step.Copy(place x)
                | Node.Reduce _
                | Node.ArgReduce _
                | Node.CumSum _
                | Node.ArgSort _
                | Node.Softmax _
                | Node.LogSumExp _
                | Node.MatMul _
                | Node.Slice _
                | Node.Pad _
                | Node.Concat _
                | Node.Reverse _
                | Node.Gather _
                | Node.ScatterAdd _
                | Node.Conv _
                | Node.MaxPool _
                | Node.MaxPoolPick _
                | Node.MaxPoolScatter _
                | Node.AvgPool _
                | Node.AvgPoolGrad _
                | Node.RandomBits _
                | Node.Scan _
                | Node.Custom _ -> refuse e

            places[e.Digest] <- steps.Count
            steps.Add((step, e.DType))

        {
            Steps = steps.ToArray()
            Outputs = roots |> List.map place |> Array.ofList
            Inputs = inputs.Length
        }

    /// A program from the variables that it takes, in order, and what it computes, after the stable rewriting.
    let ofGraph (inputs: Variable list) (roots: Expr list) : Program =
        asWritten inputs (inlineRules roots |> Rewrite.stableAll)

    /// Runs a program step by step by the definitions of Scalar: where no code may be generated.
    let interpret (program: Program) (read: int -> float) (write: int -> float -> unit) =
        let values = Array.zeroCreate<float> program.Steps.Length

        program.Steps
        |> Array.iteri (fun i (step, dtype) ->
            let value =
                match step with
                | Step.Input n -> read n
                | Step.Number v -> v
                | Step.Unary(op, x) -> Scalar.unary op values[x]
                | Step.Binary(op, x, y) -> Scalar.binary op values[x] values[y]
                | Step.Compare(op, x, y) -> if Scalar.compare op values[x] values[y] then 1.0 else 0.0
                | Step.Select(c, x, y) -> if values[c] <> 0.0 then values[x] else values[y]
                | Step.Truth x -> if values[x] <> 0.0 then 1.0 else 0.0
                | Step.Copy x -> values[x]

            values[i] <- if dtype = DType.F32 then float (float32 value) else value)

        program.Outputs |> Array.iteri (fun k place -> write k values[place])
