namespace DL1.Onnx

open System.Collections.Generic
open DL1

/// A walk over the versions of a graph, operands first, which writes each node once. Variables have the names that are bound.
[<Sealed>]
type internal GraphWalk(w: GraphWriter, bound: Dictionary<string, string>) =
    let names = Dictionary<struct (Digest * Digest * Digest), string>()
    let loops = Dictionary<struct (Digest * Digest * Digest), string list>()

    let randomBits () : 'a =
        Refuse.domain
            "Onnx.write"
            "a graph that draws random numbers"
            "a graph without draws"
            "export the model in inference, or leave dropout and noise out of what is trained elsewhere"

    let callOf (e: Expr) : ScanCall<Expr> voption =
        match e.Node with
        | Node.Scan(_, call) -> ValueSome call
        | _ -> ValueNone

    let dims (es: Versions) : OnnxDim list =
        Versions.extents es
        |> List.map (fun e -> if e.IsFixed then OnnxDim.Fixed(int64 e.Offset) else OnnxDim.Any)

    let value (name: string) (es: Versions) : OnnxValue =
        {
            Name = name
            Type = GraphWriter.TypeOf es[0].DType
            Dims = Some(dims es)
            IsTensor = true
        }

    /// All results of a loop, as one Scan. What is the same at every step is seen from around it.
    let scan (es: Versions) (calls: ScanCall<Expr>[]) (given: string list) : string list =
        let call = calls[0]
        let carries, slices = call.Initial.Length, call.Sequences.Length
        let length = es |> Versions.extent "loops" (fun e -> (callOf e).Value.Length)
        let initial, rest = List.splitAt carries given
        let sequences, around = List.splitAt slices rest

        let variables (pick: ScanBody<Expr> -> Variable list) : Versions list =
            List.init (List.length (pick calls[0].Body)) (fun i ->
                calls |> Array.map (fun c -> Expr.ofVariable (List.item i (pick c.Body))))

        let roots (pick: ScanBody<Expr> -> Expr list) : Versions list =
            List.init (List.length (pick calls[0].Body)) (fun i ->
                calls |> Array.map (fun c -> List.item i (pick c.Body)))

        let inner = Dictionary<string, string>()

        let parameters (stem: string) (pick: ScanBody<Expr> -> Variable list) : OnnxValue list =
            List.zip (pick call.Body) (variables pick)
            |> List.map (fun (v, es) ->
                let name = w.Fresh stem
                inner[v.Name] <- name
                value name es)

        let state = parameters "carry" _.Carries
        let steps = parameters "slice" _.Slices
        List.iter2 (fun (v: Variable) name -> inner[v.Name] <- name) call.Body.Fixed around

        // Scan has one sequence at least.
        let counter: (OnnxValue * string) list =
            if slices > 0 then
                []
            else
                [
                    { Name = w.Fresh "slice"; Type = OnnxType.Bool; Dims = Some []; IsTensor = true },
                    EmitMovement.fill w (Tensor.scalar false) [ length ]
                ]

        let results = roots _.Next @ roots _.Outputs

        let struct (outputs, nodes) =
            w.Body(fun () ->
                let found = GraphWalk(w, inner).Values results
                let free = w.Computed

                // An output is a value of the body's own, and each one another.
                found
                |> List.map (fun name -> if free.Remove name then name else w.Add("Identity", [ name ], [])))

        let body: OnnxGraph =
            {
                Name = "body"
                Nodes = nodes
                Initializers = []
                Inputs = state @ steps @ List.map fst counter
                Outputs = List.map2 value outputs results
            }

        let directions name count =
            if call.Reversed && count > 0 then
                [ Attributes.ints name (List.replicate count 1) ]
            else
                []

        w.AddMany(
            "Scan",
            initial @ sequences @ List.map snd counter,
            [ Attributes.graph "body" body; Attributes.int "num_scan_inputs" (slices + counter.Length) ]
            @ directions "scan_input_directions" (slices + counter.Length)
            @ directions "scan_output_directions" call.Body.Outputs.Length,
            results.Length
        )

    let loop (es: Versions) (operands: Versions list) : Work =
        let result =
            es
            |> Versions.same "the result" (fun e ->
                match e.Node with
                | Node.Scan(result, _) -> result
                | _ -> 0)

        let calls = es |> Array.map (fun e -> (callOf e).Value)
        let whole = calls |> Array.map (fun call -> Expr.Make(Node.Scan(0, call)))

        if calls |> Array.forall (fun call -> call.Length = 0) then
            // Its stacks are empty; its carries are as they came.
            Work.Through operands[result]
        else
            Work.Make(
                operands,
                fun given ->
                    let key = Versions.key whole

                    if not (loops.ContainsKey key) then
                        loops[key] <- scan es calls given

                    loops[key][result]
            )

    let workOf (es: Versions) : Work =
        let e = es[0]

        match e.Node with
        | Node.Variable v ->
            let name =
                es
                |> Versions.same "a variable" (fun e ->
                    match e.Node with
                    | Node.Variable v -> v.Name
                    | _ -> "")

            match bound.TryGetValue name with
            | true, value -> Work.Make([], fun _ -> value)
            | false, _ ->
                Refuse.domain
                    "Onnx.write"
                    $"the variable {v}, which is no input"
                    "every variable of the graph among the inputs"
                    $"add {v.Name} to the inputs"
        | _ when Versions.isEmpty es -> NodeWork.filled w es 0.0
        | Node.Constant _ ->
            let tensors =
                es
                |> Array.map (fun e ->
                    match e.Node with
                    | Node.Constant t -> t
                    | _ ->
                        Extent.refuse
                            "graphs that differ in form, at a constant"
                            "the same operations for all batches")

            Work.Make([], fun _ -> EmitMovement.constant w (Versions.extents es) tensors)
        | _ ->
            let operands = Versions.operands es

            match e.Node with
            | Node.StopGradient _ -> Work.Through operands.Head
            | Node.RandomBits _ -> randomBits ()
            | Node.Scan _ -> loop es operands
            | Node.Custom _ ->
                es
                |> Array.map (fun e ->
                    match e.Node with
                    | Node.Custom(rule, xs) ->
                        Rebuild.substitute (List.zip rule.Inputs xs) [ rule.Value ] |> List.head
                    | _ -> e)
                |> Work.Through
            | _ ->
                let known =
                    if operands |> List.exists Versions.isEmpty then
                        NodeWork.overNothing w es operands
                    else
                        ValueNone

                match known with
                | ValueSome work -> work
                | ValueNone ->
                    match es |> Array.map Composition.tryOf |> Array.choose ValueOption.toOption with
                    | [||] -> NodeWork.direct w es operands
                    | composed when composed.Length = es.Length -> Work.Through composed
                    | _ ->
                        Extent.refuse
                            $"graphs that differ in form, at {Node.name e.Node}"
                            "the same operations for all batches"

    /// The names of the values of graphs.
    member _.Values(roots: Versions list) : string list =
        let rest = Stack<struct (Versions * Work voption)>()

        for root in List.rev roots do
            rest.Push(struct (root, ValueNone))

        while rest.Count > 0 do
            let struct (es, opened) = rest.Pop()
            let key = Versions.key es

            if not (names.ContainsKey key) then
                match opened with
                | ValueNone ->
                    let work = workOf es
                    rest.Push(struct (es, ValueSome work))

                    let needed =
                        match work with
                        | Work.Through other -> [ other ]
                        | Work.Make(operands, _) -> operands

                    for o in List.rev needed do
                        if not (names.ContainsKey(Versions.key o)) then
                            rest.Push(struct (o, ValueNone))
                | ValueSome(Work.Through other) -> names[key] <- names[Versions.key other]
                | ValueSome(Work.Make(operands, make)) ->
                    names[key] <- make (operands |> List.map (fun o -> names[Versions.key o]))

        roots |> List.map (fun root -> names[Versions.key root])
