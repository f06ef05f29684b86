namespace DL1

/// A step of named tensors as one graph: what each becomes, from all of them and the step's inputs, and what else is
/// wanted of the step. It may be run purely, or in place by a session, to the same bits. What trains two players in turn,
/// or anything else that `Fit` does not know, is such a transition.
[<Sealed>]
type Transition internal (state: Tree<Variable>, next: Tree<Expr>, inputs: Variable list, outputs: Expr list)
    =
    let order = Tree.values state
    let roots = Tree.values next @ outputs
    let run = lazy Compile.prepare (order @ inputs) roots

    let ordered (values: Tree<Tensor>) =
        Tree.map2 (fun (_: Variable) (value: Tensor) -> value) state values |> Tree.values

    /// The next state and the outputs, from a state and the inputs. What it is given stays as it is.
    member _.Run(values: Tree<Tensor>, given: Tensor list) : Tree<Tensor> * Tensor list =
        let results = run.Value(ordered values @ given)
        let next, outputs = List.splitAt order.Length results
        Tree.ofValues next state, outputs

    /// A session that begins at a state, and advances in place.
    member _.Start(values: Tree<Tensor>) : Session =
        Session.Of(List.zip order (ordered values), Tree.values next, inputs, outputs)

    /// The next state and the outputs.
    member internal _.Roots = roots

    /// Values of a state in the order of its sessions.
    member internal _.Ordered(values: Tree<Tensor>) : Tensor list = ordered values

    /// The state of one of its sessions.
    member _.StateOf(session: Session) : Tree<Tensor> = Tree.ofValues session.State state

/// Inputs of another floating-point type than a model's parameters: the commonest slip, told in its own words and not in
/// those of the first product that meets both.
[<RequireQualifiedAccess>]
module internal InputType =
    /// What a function gives; a `ShapeError` of it names the types, where the parameters are all of one other than the
    /// input's.
    let explained (parameters: DType list) (inputs: Tree<Expr>) (apply: unit -> 'r) : 'r =
        try
            apply ()
        with :? ShapeError as error ->
            match parameters |> List.filter _.IsFloat |> List.distinct with
            | [ dtype ] ->
                match
                    Tree.values inputs
                    |> List.tryFind (fun input -> input.DType.IsFloat && input.DType <> dtype)
                with
                | Some input ->
                    Refuse.shape
                        error.Operation
                        (Operand.text input)
                        $"{dtype}, as the model's parameters are"
                        $"cast the inputs to {dtype}"
                | None -> reraise ()
            | _ -> reraise ()

/// Steps of one's own.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Transition =
    let private variable name (t: Tensor) : Variable = { Name = name; DType = t.DType; Shape = t.Shape }

    /// `create`, the inputs named for errors.
    let internal named
        (advance: Tree<Expr> -> Expr list -> Tree<Expr> * Expr list)
        (state: Tree<Tensor>)
        (inputs: (string * Tensor) list)
        : Transition =
        let variables = Tree.mapPath (fun path t -> variable $"state {path}" t) state
        let given = inputs |> List.map (fun (name, t) -> variable name t)
        let next, outputs = advance (Tree.map Expr.ofVariable variables) (List.map Expr.ofVariable given)
        let next = Tree.map2 (fun (_: Variable) e -> e) variables next

        for path, e in Tree.toList next do
            Operand.requireSameType "Transition" (Expr.ofVariable variables[path]) e
            Operand.requireSameShape "Transition" (Expr.ofVariable variables[path]) e

        Transition(variables, next, given, outputs)

    /// A transition from a function of the state and the inputs to the next state, of the same paths, types and shapes,
    /// and the outputs. The tensors are examples, of which only type and shape matter.
    /// `Transition.create (fun state inputs -> Tree.map (fun w -> w + inputs.Head) state, []) weights [ Tensor.scalar 1.0 ]`
    let create
        (advance: Tree<Expr> -> Expr list -> Tree<Expr> * Expr list)
        (state: Tree<Tensor>)
        (inputs: Tensor list)
        : Transition =
        named advance state (inputs |> List.mapi (fun i t -> $"input %d{i}", t))
