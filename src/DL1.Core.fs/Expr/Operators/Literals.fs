namespace DL1

open System.Collections.Generic

/// Untyped numbers, such as `lit 2.0`, and expressions of untyped numbers alone: an operation converts them to the type of its
/// other operand.
[<RequireQualifiedAccess>]
module internal Literals =
    /// Whether a node is made of nothing but numbers without a type, beside conditions and indices.
    let isMadeOf (node: Node<'e>) (dtype: DType) : bool when 'e :> IExpression<'e> =
        match node with
        | Node.Cast _
        | Node.Scan _ -> false
        | _ when dtype = DType.F64 ->
            let numbers = Node.operands node |> List.filter (fun o -> o.DType = DType.F64)
            not numbers.IsEmpty && numbers |> List.forall _.IsLiteral
        | _ -> false

    let private typedConstant operation (other: 'e) (value: Tensor) : 'e :> IExpression<'e> =
        let dtype = other.DType
        let typed = Tensor.cast dtype value

        if not dtype.IsFloat && (dtype = DType.Bool || Tensor.toFloats typed <> Tensor.toFloats value) then
            Refuse.shape
                operation
                $"the number {string (Tensor.toFloat value)} beside {Operand.text other}"
                $"a value of {dtype}"
                $"cast {other.Label} to f32 first"

        'e.Make(Node.Constant typed)

    /// Converts an untyped expression to the type of the other operand; returns a typed expression unchanged.
    let typed operation (other: 'e) (e: 'e) : 'e :> IExpression<'e> =
        if not e.IsLiteral || other.IsLiteral || other.DType = DType.F64 then
            e
        else
            let results = Dictionary<Digest, 'e>()
            let rest = Stack<'e>()
            rest.Push e

            // A node is left until its operands have their types.
            while rest.Count > 0 do
                let e = rest.Peek()

                let waiting =
                    Node.operands e.Node
                    |> List.filter (fun o -> o.IsLiteral && not (results.ContainsKey o.Digest))

                if waiting.IsEmpty then
                    rest.Pop() |> ignore

                    results[e.Digest] <-
                        match e.Node with
                        | Node.Constant value -> typedConstant operation other value
                        // The rule is written for f64: its result takes the type.
                        | Node.Custom _ when other.DType.IsFloat -> 'e.Make(Node.Cast(other.DType, e))
                        | node ->
                            'e
                                .Make(
                                    Node.map
                                        (fun (o: 'e) -> if o.IsLiteral then results[o.Digest] else o)
                                        node
                                )
                else
                    List.iter rest.Push waiting

            results[e.Digest]

    /// Operands of which those made of literals take the type of the first that is not.
    let alike operation (es: 'e list) : 'e list when 'e :> IExpression<'e> =
        match es |> List.tryFind (fun e -> not e.IsLiteral) with
        | Some other -> es |> List.map (typed operation other)
        | None -> es
