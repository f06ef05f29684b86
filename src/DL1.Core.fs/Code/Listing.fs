namespace DL1

/// A program of scalars as code would be written: which values get a name of their own, and which are written where they are
/// used. What is used twice has a name, and so has what would otherwise be nested too deep.
[<NoEquality; NoComparison>]
type internal Listing =
    {
        Program: ScalarProgram.Program
        /// The inputs, in their order.
        Inputs: Variable list
        /// Whether the value of a step is named.
        IsNamed: bool[]
    }

    /// The place of the result.
    member this.Result = this.Program.Outputs[0]

    /// The places of the named values, in their order; the result is none of them.
    member this.Named =
        [ 0 .. this.Program.Steps.Length - 1 ] |> List.filter (fun place -> this.IsNamed[place])

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Listing =
    /// Operations within one another in one line.
    let private deepest = 12

    /// The places that a step reads.
    let operands (step: ScalarProgram.Step) : int list =
        match step with
        | ScalarProgram.Step.Input _
        | ScalarProgram.Step.Number _ -> []
        | ScalarProgram.Step.Unary(_, x)
        | ScalarProgram.Step.Truth x
        | ScalarProgram.Step.Copy x -> [ x ]
        | ScalarProgram.Step.Binary(_, x, y)
        | ScalarProgram.Step.Compare(_, x, y) -> [ x; y ]
        | ScalarProgram.Step.Select(c, x, y) -> [ c; x; y ]

    /// The listing of a scalar expression over inputs; other inputs than scalar variables, an input named twice, and graphs of
    /// tensors are refused.
    let ofExpr (operation: string) (inputs: Expr list) (f: Expr) : Listing =
        let variables = inputs |> List.map ScalarFunction.variableOf

        match variables |> List.countBy _.Name |> List.tryFind (fun (_, n) -> n > 1) with
        | Some(name, n) ->
            Refuse.domain operation $"%d{n} inputs named {name}" "each input once" "leave out the others"
        | None -> ()

        let program = ScalarProgram.asWritten variables [ f ]
        let count = program.Steps.Length

        let uses, depths, isNamed =
            Array.zeroCreate<int> count, Array.zeroCreate<int> count, Array.zeroCreate<bool> count

        for step, _ in program.Steps do
            for place in operands step do
                uses[place] <- uses[place] + 1

        for place in 0 .. count - 1 do
            match fst program.Steps[place] with
            | ScalarProgram.Step.Input _
            | ScalarProgram.Step.Number _ -> ()
            | step ->
                depths[place] <- 1 + (operands step |> List.map (fun o -> depths[o]) |> List.fold max 0)

                if place <> program.Outputs[0] && (uses[place] > 1 || depths[place] >= deepest) then
                    isNamed[place] <- true
                    depths[place] <- 0

        { Program = program; Inputs = variables; IsNamed = isNamed }
