namespace DL1

/// Shapes of the nodes that hold closed graphs: loops, and functions with a derivative of the user's own.
[<RequireQualifiedAccess>]
module internal InferBody =
    let scan (result: int) (call: ScanCall<'e>) : DType * Shape when 'e :> IOperand =
        let refuse given expected =
            Refuse.shape "scan" given expected "make the body give back what the loop hands it"

        let body = call.Body

        let check (what: string) (several: string) (variables: Variable list) (given: (DType * Shape) list) =
            if variables.Length <> given.Length then
                refuse $"%d{given.Length} {several}" $"%d{variables.Length} {several}"

            for place, (v, (dtype, shape)) in List.indexed (List.zip variables given) do
                if v.DType <> dtype || v.Shape <> shape then
                    refuse $"{what} %d{place} is {dtype} {shape}" $"{v.DType} {v.Shape}, as the body takes it"

        let known (e: 'e) = e.DType, e.Shape

        let slice (e: 'e) =
            if e.Shape.Rank < 1 || e.Shape[0] <> call.Length then
                refuse $"the sequence {Operand.text e}" $"a leading axis of %d{call.Length} steps"

            e.DType, Shape.removeAxis 0 e.Shape

        if call.Length < 0 then
            Refuse.domain
                "scan"
                $"%d{call.Length} steps"
                "0 steps or more"
                "check the length that was computed"

        check "initial carry" "initial carries" body.Carries (List.map known call.Initial)
        check "slice" "slices" body.Slices (List.map slice call.Sequences)
        check "fixed value" "fixed values" body.Fixed (List.map known call.Fixed)
        check "next carry" "next carries" body.Carries (List.map known body.Next)

        if result >= 0 && result < body.Next.Length then
            known body.Next[result]
        elif result >= 0 && result < body.Next.Length + body.Outputs.Length then
            let e = body.Outputs[result - body.Next.Length]
            e.DType, Shape.insertAxis 0 call.Length e.Shape
        else
            refuse $"result %d{result}" $"a result from 0 to %d{body.Next.Length + body.Outputs.Length - 1}"

    let custom (rule: CustomVjp<'e>) (xs: 'e list) : DType * Shape when 'e :> IOperand =
        let refuse given expected =
            Refuse.shape
                $"custom function {rule.Name}"
                given
                expected
                "make the graphs of the rule agree with its inputs"

        if rule.Inputs.Length <> xs.Length || rule.Gradients.Length <> xs.Length then
            refuse
                $"%d{xs.Length} operands, %d{rule.Gradients.Length} gradients"
                $"%d{rule.Inputs.Length} of each"

        for place, (v, x, g) in List.indexed (List.zip3 rule.Inputs xs rule.Gradients) do
            if v.DType <> x.DType || v.Shape <> x.Shape then
                refuse (Operand.text x) $"{v.DType} {v.Shape} for input %d{place}"

            if g.DType <> v.DType || g.Shape <> v.Shape then
                refuse
                    $"gradient %d{place} is {g.DType} {g.Shape}"
                    $"{v.DType} {v.Shape}, as input %d{place} has"

        if rule.Cotangent.DType <> rule.Value.DType || rule.Cotangent.Shape <> rule.Value.Shape then
            refuse
                $"a cotangent of {rule.Cotangent.DType} {rule.Cotangent.Shape}"
                $"{rule.Value.DType} {rule.Value.Shape}, as the value has"

        rule.Value.DType, rule.Value.Shape
