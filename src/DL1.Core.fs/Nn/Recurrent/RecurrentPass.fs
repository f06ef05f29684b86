namespace DL1

/// Recurrent cells over sequences: one loop for each layer and direction.
[<RequireQualifiedAccess>]
module internal RecurrentPass =
    /// A loop whose body is given the states, the step's slices, and what is the same at every step.
    let private loop isReversed (initial: Expr list) (sequences: Expr list) (constants: Expr list) step =
        let like (e: Expr) = Rebuild.fresh e.DType e.Shape
        let carries, inner = List.map like initial, List.map like constants

        let slices = sequences |> List.map (fun s -> Rebuild.fresh s.DType (Shape.removeAxis 0 s.Shape))

        let expr = Expr.ofVariable
        let next: Expr list = step (List.map expr carries) (List.map expr slices) (List.map expr inner)

        Scan.ofBody
            isReversed
            sequences.Head.Shape[0]
            {
                Carries = carries
                Slices = slices
                Fixed = inner
                Next = next
                Outputs = [ next.Head ]
            }
            initial
            sequences
            constants

    /// The features of the hidden state.
    let private width (cell: RecurrentCells.Cell) (o: RecurrentOptions) =
        ValueOption.defaultValue o.Hidden cell.Projection

    /// How the biases of the input and of the hidden state begin: where the gate that keeps has a bias of its own, the first
    /// has it whole and the second is 0 there. The gate is the second one of an LSTM and of a GRU.
    let private biasInits (o: RecurrentOptions) : Initializer * Initializer =
        let usual = Init.boundedBy o.Hidden

        let held (value: float) =
            { usual with
                Name = $"{usual.Name}, %s{string value} for what keeps"
                Draw =
                    fun dtype dims key ->
                        usual.Draw dtype dims key
                        |> Tensor.toFloats
                        |> Array.mapi (fun i v -> if i / o.Hidden = 1 then value else v)
                        |> Tensor.ofArray dims
                        |> Tensor.cast dtype
            }

        match o.ForgetBias with
        | None -> usual, usual
        | Some value -> held value, held 0.0

    /// One direction of one layer over `[length; batch; features]`: its outputs and its last states. At places that are
    /// not real, `[length; batch; 1]`, the states stay and the output is 0.
    let private pass
        (scope: Scope)
        (o: RecurrentOptions)
        (cell: RecurrentCells.Cell)
        (suffix: string)
        isReversed
        initial
        (isReal: Expr option)
        (x: Expr)
        =
        let init = Init.boundedBy o.Hidden
        let inputInit, hiddenInit = biasInits o
        let rows = cell.Gates * o.Hidden
        let length, batch, features = x.Shape[0], x.Shape[1], x.Shape[2]
        let ofInput = scope.Parameter($"weight_ih_{suffix}", [ rows; features ], init)
        let ofHidden = scope.Parameter($"weight_hh_{suffix}", [ rows; width cell o ], init)
        let products = Expr.matmul (Expr.reshape [ length * batch; features ] x) ofInput.T

        let products, constants =
            if o.Bias then
                let inputBias = scope.Parameter($"bias_ih_{suffix}", [ rows ], inputInit)
                products + inputBias, [ ofHidden; scope.Parameter($"bias_hh_{suffix}", [ rows ], hiddenInit) ]
            else
                products, [ ofHidden ]

        let constants =
            match cell.Projection with
            | ValueSome features ->
                constants @ [ scope.Parameter($"weight_hr_{suffix}", [ features; o.Hidden ], init) ]
            | ValueNone -> constants

        let step (states: Expr list) (slices: Expr list) (inner: Expr list) =
            let product = Expr.matmul states.Head inner.Head.T

            let product = if o.Bias then product + inner[1] else product
            let next = cell.Step o.Hidden slices.Head product states

            let next =
                if cell.Projection.IsSome then
                    Expr.matmul next.Head (List.last inner).T :: next.Tail
                else
                    next

            match slices.Tail with
            | [] -> next
            | real :: _ -> List.map2 (Expr.where real) next states

        let states, outputs =
            loop
                isReversed
                initial
                (Expr.reshape [ length; batch; rows ] products :: Option.toList isReal)
                constants
                step

        let outputs = List.head outputs

        match isReal with
        | None -> outputs, states
        | Some real -> Expr.where real outputs (lit 0.0), states

    let private check (cell: RecurrentCells.Cell) (o: RecurrentOptions) (x: Expr) =
        let name = cell.Name

        if x.Shape.Rank <> 3 then
            Refuse.shape
                name
                (Operand.text x)
                "data [batch; length; features]"
                (if x.Shape.Rank < 3 then
                     "add the missing axis by expandDims: the batch, or one feature"
                 else
                     "reshape further axes into the features")

        if o.Hidden < 1 || o.Layers < 1 then
            Refuse.domain
                name
                $"%d{o.Hidden} hidden units, %d{o.Layers} layers"
                "1 or more of each"
                "check the options"

        // A weight has rows for up to four gates.
        if o.Hidden > Shape.MostElements / 4 || o.Layers > Layer.mostByNumber then
            Refuse.domain
                name
                $"%d{o.Hidden} hidden units, %d{o.Layers} layers"
                $"at most %d{Shape.MostElements / 4} hidden units and %d{Layer.mostByNumber} layers"
                "check the options"

        if not (o.Dropout >= 0.0 && o.Dropout < 1.0) then
            Refuse.domain
                name
                $"dropout {string o.Dropout} between layers"
                "a probability from 0 up to, but not including, 1"
                "0 leaves it out"

        match o.ForgetBias with
        | Some value when cell.Gates = 1 || not o.Bias || not (System.Double.IsFinite value) ->
            Refuse.domain
                name
                (if cell.Gates = 1 then
                     "a bias for the gate that keeps the state, which this layer does not have"
                 elif not o.Bias then
                     "a bias for the gate that keeps the state, of a layer without biases"
                 else
                     $"the bias {string value} for the gate that keeps the state")
                "an LSTM or a GRU with biases, and a finite number"
                "1 is usual; leave it out to begin as the other biases"
        | _ -> ()

    /// All layers and directions over a batch, from a state or from 0.
    let run
        (cell: RecurrentCells.Cell)
        (o: RecurrentOptions)
        (scope: Scope)
        (start: RecurrentState option)
        (input: PaddedSequence)
        =
        let x = input.Values
        check cell o x
        let batch, directions = x.Shape[0], (if o.Bidirectional then 2 else 1)
        let shapeOf features = [ o.Layers * directions; batch; features ]

        // The hidden state, then the cell, which no projection changes.
        let shapes = [ for i in 0 .. cell.States - 1 -> shapeOf (if i = 0 then width cell o else o.Hidden) ]

        let starts =
            match start with
            | None -> shapes |> List.map (fun shape -> Expr.full x.DType shape 0.0)
            | Some state ->
                let given = state.Hidden :: Option.toList state.Cell

                if
                    given.Length <> cell.States
                    || List.exists2 (fun (e: Expr) shape -> e.Shape <> Shape.ofList shape) given shapes
                then
                    Refuse.shape
                        cell.Name
                        $"a state of {Operand.texts given}"
                        (let due = shapes |> List.map (Shape.ofList >> string) |> String.concat ", "
                         $"%d{cell.States} tensors of shape {due}")
                        "take the Final of a layer of the same options"

                given

        let starts = StepwiseLayers.states scope cell.Name o.Bidirectional x starts
        let isReal = input.IsReal |> Option.map (PaddingMask.inside cell.Name x)

        let layer (x: Expr, finals: Expr list list) k =
            let outputs, last =
                [
                    for d in 0 .. directions - 1 do
                        let suffix = if d = 0 then $"l%d{k}" else $"l%d{k}_reverse"
                        let initial = starts |> List.map (Expr.item 0 (k * directions + d))
                        pass scope o cell suffix (d = 1) initial isReal x
                ]
                |> List.unzip

            let y = Expr.concat 2 outputs
            // A part of the layer, not one of its own: it has no number.
            let isLast = k = o.Layers - 1
            (if isLast then y else (Shaping.dropout o.Dropout).RunIn scope.Inner y), finals @ last

        let first = Expr.moveAxis 1 0 x

        // What stands in padding takes part in no product, so that not even a NaN there reaches a gradient.
        let first =
            match isReal with
            | None -> first
            | Some real -> Expr.where real first (lit 0.0)

        let y, finals = List.fold layer (first, []) [ 0 .. o.Layers - 1 ]
        let final i = finals |> List.map (fun (states: Expr list) -> states[i]) |> Expr.stack 0
        StepwiseLayers.keepStates scope x (List.init cell.States final)

        {
            Sequence = Expr.moveAxis 0 1 y
            Final = { Hidden = final 0; Cell = (if cell.States = 2 then Some(final 1) else None) }
        }
