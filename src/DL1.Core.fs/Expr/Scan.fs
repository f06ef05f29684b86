namespace DL1

/// Nodes that hold a closed graph: loops, and functions with a derivative of the user's own. Their bodies are traced
/// by calling an F# function on fresh variables; what it takes from outside becomes an input of the node; then all
/// variables are renamed by position, so that the same loop has the same digest wherever it was written.
[<RequireQualifiedAccess>]
module Scan =
    let private freshLike (es: Expr list) = es |> List.map (fun e -> Rebuild.fresh e.DType e.Shape)

    /// Renames variables to a role and a position.
    let private positional (role: string) (variables: Variable list) =
        variables |> List.mapi (fun i v -> { v with Name = $"{role}%d{i}" })

    let private close (groups: (Variable list * Variable list) list) (graphs: Expr list) =
        let bindings =
            groups
            |> List.collect (fun (from, target) -> List.map2 (fun v w -> v, Expr.ofVariable w) from target)

        Rebuild.substitute bindings graphs

    /// A loop from a body graph whose variables are those listed.
    let internal ofBody reversed length (body: ScanBody<Expr>) initial sequences fixed' =
        let carries = positional "carry" body.Carries
        let slices = positional "slice" body.Slices
        let constants = positional "fixed" body.Fixed

        let graphs =
            close
                [ body.Carries, carries; body.Slices, slices; body.Fixed, constants ]
                (body.Next @ body.Outputs)

        let next, outputs = List.splitAt body.Next.Length graphs

        let call =
            {
                Body =
                    { Carries = carries; Slices = slices; Fixed = constants; Next = next; Outputs = outputs }
                Length = length
                Reversed = reversed
                Initial = initial
                Sequences = sequences
                Fixed = fixed'
            }

        let result i = Expr.Make(Node.Scan(i, call))

        List.init next.Length result, List.init outputs.Length (fun i -> result (next.Length + i))

    /// A loop of a given number of steps over any number of carries and sequences `[length; ...]`. The body is given
    /// the carries and this step's slices, and gives the next carries and the outputs to be stacked; the result is
    /// the final carries and the stacked outputs. `reversed` goes from the last slice to the first. The body may use
    /// expressions from around it: they are the same at every step.
    /// `Scan.many false 3 [ a; b ] [] (fun c _ -> [ c[1]; c[0] + c[1] ], [ c[0] ])` gives Fibonacci's numbers.
    let many
        reversed
        length
        (initial: Expr list)
        (sequences: Expr list)
        (body: Expr list -> Expr list -> Expr list * Expr list)
        =
        if length < 0 then
            Refuse.domain "scan" $"%d{length} steps" "0 steps or more" "check the length that was computed"

        let carries = freshLike initial

        let slice (e: Expr) =
            if e.Shape.Rank < 1 || e.Shape[0] <> length then
                Refuse.shape
                    "scan"
                    $"the sequence {Operand.text e}"
                    $"a leading axis of %d{length} steps"
                    $"put the axis of time first: moveAxis, from 1 to 0, of {e.Label}"

            Rebuild.fresh e.DType (Shape.removeAxis 0 e.Shape)

        let slices = sequences |> List.map slice
        let next, outputs = body (List.map Expr.ofVariable carries) (List.map Expr.ofVariable slices)

        let captured =
            Graph.variables (next @ outputs)
            |> List.filter (fun v -> not (List.contains v carries || List.contains v slices))

        ofBody
            reversed
            length
            { Carries = carries; Slices = slices; Fixed = captured; Next = next; Outputs = outputs }
            initial
            sequences
            (List.map Expr.ofVariable captured)

    /// A loop over the leading axis of one sequence with one carry, to the final carry and the stacked outputs. The
    /// next carry has the type and shape of the first, else it is a `ShapeError`.
    /// `Scan.run (lit 0.0) xs (fun sum x -> let s = sum + x in s, s)` is the running sum of a vector.
    let run (initial: Expr) (sequence: Expr) (body: Expr -> Expr -> Expr * Expr) =
        if sequence.Shape.Rank < 1 then
            Refuse.shape
                "scan"
                $"the sequence {Operand.text sequence}"
                "a leading axis of steps"
                "give a sequence of one element or more: a vector has a number for each step"

        let step (carries: Expr list) (slices: Expr list) =
            match carries, slices with
            | [ h ], [ x ] ->
                let next, output = body h x
                [ next ], [ output ]
            | _ ->
                Refuse.shape
                    "scan"
                    $"%d{carries.Length} carries"
                    "one carry"
                    "take the loop over lists for several carries"

        let typed = Expr.Typed("scan", sequence, initial)
        let finals, outputs = many false sequence.Shape[0] [ typed ] [ sequence ] step
        List.head finals, List.head outputs

    /// A rule whose variables are those listed, applied to operands.
    let internal ofRule (rule: CustomVjp<Expr>) (operands: Expr list) =
        let inputs = positional "input" rule.Inputs
        let cotangent = { rule.Cotangent with Name = "cotangent" }

        let closed =
            close [ rule.Inputs, inputs; [ rule.Cotangent ], [ cotangent ] ] (rule.Value :: rule.Gradients)

        Expr.Make(
            Node.Custom(
                {
                    Name = rule.Name
                    Inputs = inputs
                    Value = List.head closed
                    Cotangent = cotangent
                    Gradients = List.tail closed
                },
                operands
            )
        )

    /// A function with a derivative of the user's own. `value` is given the inputs; `gradients` the inputs and the
    /// cotangent of the value, and gives the cotangent of each input, linear in it; another number of them is a
    /// `ShapeError`.
    /// `Scan.custom "clipped" (fun xs -> xs[0]) (fun _ dy -> [ Expr.minimum dy (lit 1.0) ]) [ x ]`
    let custom
        name
        (value: Expr list -> Expr)
        (gradients: Expr list -> Expr -> Expr list)
        (inputs: Expr list)
        =
        let inputs = Expr.Alike($"custom function {name}", inputs)
        let variables = freshLike inputs
        let operands = List.map Expr.ofVariable variables
        let result = value operands
        let cotangent = Rebuild.fresh result.DType result.Shape

        let back =
            Origin.within (Origin.gradient Making.Origin) (fun () ->
                gradients operands (Expr.ofVariable cotangent))

        if back.Length <> inputs.Length then
            Refuse.shape
                $"custom function {name}"
                $"%d{back.Length} gradients"
                $"%d{inputs.Length}, one for each input"
                "give zeros (zerosLike) where an input has no gradient"

        // What the functions take from outside is an input too, one that has no gradient.
        let captured =
            Graph.variables (result :: back)
            |> List.filter (fun v -> v <> cotangent && not (List.contains v variables))

        ofRule
            {
                Name = name
                Inputs = variables @ captured
                Value = result
                Cotangent = cotangent
                Gradients = back @ List.map (Expr.ofVariable >> Expr.zerosLike) captured
            }
            (inputs @ List.map Expr.ofVariable captured)
