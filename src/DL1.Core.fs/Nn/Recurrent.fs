namespace DL1

/// The size and form of a recurrent layer; `Recurrent.options` is a start.
type RecurrentOptions =
    {
        /// Units of one direction of one layer.
        Hidden: int
        /// Layers, each over the outputs of the one before.
        Layers: int
        /// Whether a second pass goes from the end to the beginning; outputs of both stand side by side.
        Bidirectional: bool
        /// Whether there are biases.
        Bias: bool
        /// The probability of dropout between layers, in training.
        Dropout: float
        /// What the bias of the gate that keeps the state begins with, an LSTM's forget gate or a GRU's update gate; where it is not
        /// given, as the other biases. 1 lets a network keep from the beginning (Gers et al. 2000; Jozefowicz et al. 2015).
        ForgetBias: float option
    }

/// What a recurrent layer starts from, and what it ends with.
[<NoEquality; NoComparison>]
type RecurrentState =
    {
        /// `[layers·directions; batch; hidden]`.
        Hidden: Expr
        /// The cell of an LSTM, of the same shape; none for the others.
        Cell: Expr option
    }

/// What a recurrent layer gives.
[<NoEquality; NoComparison>]
type RecurrentResult =
    {
        /// The outputs of the last layer, `[batch; length; directions·hidden]`.
        Sequence: Expr
        /// The state that each layer and direction ends with.
        Final: RecurrentState
    }

/// Recurrent layers over `[batch; length; features]`, one loop for each layer and direction; the products with the
/// inputs are made for all steps at once, before the loop. Parameters are PyTorch's: `weight_ih_l0`, `weight_hh_l0`,
/// `bias_ih_l0`, `bias_hh_l0`, then with `_reverse`, then `l1`; uniform within ±1/√hidden.
[<RequireQualifiedAccess>]
module Recurrent =
    /// One layer, one direction, biases, no dropout. `{ Recurrent.options 32 with Layers = 2 }`
    let options (hidden: int) : RecurrentOptions =
        {
            Hidden = hidden
            Layers = 1
            Bidirectional = false
            Bias = true
            Dropout = 0.0
            ForgetBias = None
        }

    /// A kind of cell: how many gates it has, how many states, and one step from the input's products with their bias,
    /// the products of the hidden state with their bias kept apart, and the states.
    [<NoEquality; NoComparison>]
    type private Cell =
        {
            Name: string
            Gates: int
            States: int
            /// The number of features that the hidden state is projected to; none without a projection.
            Projection: int voption
            Step: int -> Expr -> Expr -> Expr list -> Expr list
        }

    let private gate hidden i (x: Expr) = Expr.sliceAxis 1 (i * hidden) ((i + 1) * hidden) x

    let private simple name activation =
        {
            Name = name
            Gates = 1
            States = 1
            Projection = ValueNone
            Step = fun _ ofInput ofHidden _ -> [ activation (ofInput + ofHidden) ]
        }

    let private lstmCell =
        {
            Name = "LSTM"
            Gates = 4
            States = 2
            Projection = ValueNone
            Step =
                fun hidden ofInput ofHidden states ->
                    let all = ofInput + ofHidden
                    let gate i = gate hidden i all
                    let cell = Expr.sigmoid (gate 1) * states[1] + Expr.sigmoid (gate 0) * tanh (gate 2)
                    [ Expr.sigmoid (gate 3) * tanh cell; cell ]
        }

    let private gruCell =
        {
            Name = "GRU"
            Gates = 3
            States = 1
            Projection = ValueNone
            Step =
                fun hidden ofInput ofHidden states ->
                    let reset = Expr.sigmoid (gate hidden 0 ofInput + gate hidden 0 ofHidden)
                    let update = Expr.sigmoid (gate hidden 1 ofInput + gate hidden 1 ofHidden)
                    let fresh = tanh (gate hidden 2 ofInput + reset * gate hidden 2 ofHidden)
                    [ (1.0 - update) * fresh + update * states[0] ]
        }

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
    let private width (cell: Cell) (o: RecurrentOptions) = ValueOption.defaultValue o.Hidden cell.Projection

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
        (cell: Cell)
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

    let private check (cell: Cell) (o: RecurrentOptions) (x: Expr) =
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

    let private run
        (cell: Cell)
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

    let private whole (x: Expr) : PaddedSequence = { Values = x; IsReal = None }

    let private sized (o: RecurrentOptions) layer = Layer.sized $"%d{o.Hidden}" layer

    let private layer (cell: Cell) o : Layer<Expr, RecurrentResult> =
        sized
            o
            (Layer.made cell.Name (fun scope x -> run cell o scope None (whole x)) (fun r -> Some r.Sequence))

    let private layerFrom (cell: Cell) o : Layer<Expr * RecurrentState, RecurrentResult> =
        sized o
        <| Layer.made cell.Name (fun scope (x, state) -> run cell o scope (Some state) (whole x)) (fun r ->
            Some r.Sequence)

    let private padded (cell: Cell) o : Layer<PaddedSequence, RecurrentResult> =
        sized o (Layer.made cell.Name (fun scope x -> run cell o scope None x) (fun r -> Some r.Sequence))

    let private paddedFrom (cell: Cell) o : Layer<PaddedSequence * RecurrentState, RecurrentResult> =
        sized o
        <| Layer.made cell.Name (fun scope (x, state) -> run cell o scope (Some state) x) (fun r ->
            Some r.Sequence)

    /// The simple network of Elman (1990): h ← tanh(W·x + b + U·h + c), from 0. `Recurrent.rnn (Recurrent.options 32)`
    let rnn o = layer (simple "RNN" tanh) o

    /// `rnn` with ReLU in the place of tanh. `Recurrent.rnnRelu (Recurrent.options 32)`
    let rnnRelu o = layer (simple "RNN" Expr.relu) o

    /// Long short-term memory (Hochreiter and Schmidhuber 1997): gates i, f, g, o; c ← σ(f)·c + σ(i)·tanh(g); h ←
    /// σ(o)·tanh(c), from 0. `Recurrent.lstm (Recurrent.options 32)`
    let lstm o = layer lstmCell o

    /// The gated unit of Cho et al. (2014): r, z; n = tanh(W·x + b + r·(U·h + c)); h ← (1 − z)·n + z·h, from 0.
    /// `Recurrent.gru (Recurrent.options 32)`
    let gru o = layer gruCell o

    /// `rnn` from a state that is given. `Recurrent.rnnFrom (Recurrent.options 32)`
    let rnnFrom o = layerFrom (simple "RNN" tanh) o

    /// `lstm` from a state that is given, such as an encoder's. `Recurrent.lstmFrom (Recurrent.options 32)`
    let lstmFrom o = layerFrom lstmCell o

    /// `gru` from a state that is given, such as an encoder's. `Recurrent.gruFrom (Recurrent.options 32)`
    let gruFrom o = layerFrom gruCell o

    /// `rnnRelu` from a state that is given. `Recurrent.rnnReluFrom (Recurrent.options 32)`
    let rnnReluFrom o = layerFrom (simple "RNN" Expr.relu) o

    /// `rnn` over sequences with padding, which no state sees: at a place that is not real the states stay as they are and
    /// the output is 0, in both directions. So the final state is that of each row's last real place, or of its first in
    /// the backward direction, as PyTorch's packed sequences have it. `Recurrent.rnnPadded (Recurrent.options 32)`
    let rnnPadded o = padded (simple "RNN" tanh) o

    /// `rnnRelu` over sequences with padding: see `rnnPadded`. `Recurrent.rnnReluPadded (Recurrent.options 32)`
    let rnnReluPadded o = padded (simple "RNN" Expr.relu) o

    /// `lstm` over sequences with padding: see `rnnPadded`. `Recurrent.lstmPadded (Recurrent.options 32)`
    let lstmPadded o = padded lstmCell o

    /// `gru` over sequences with padding: see `rnnPadded`. `Recurrent.gruPadded (Recurrent.options 32)`
    let gruPadded o = padded gruCell o

    /// `rnnPadded` from a state that is given. `Recurrent.rnnPaddedFrom (Recurrent.options 32)`
    let rnnPaddedFrom o = paddedFrom (simple "RNN" tanh) o

    /// `lstmPadded` from a state that is given. `Recurrent.lstmPaddedFrom (Recurrent.options 32)`
    let lstmPaddedFrom o = paddedFrom lstmCell o

    /// `rnnReluPadded` from a state that is given. `Recurrent.rnnReluPaddedFrom (Recurrent.options 32)`
    let rnnReluPaddedFrom o = paddedFrom (simple "RNN" Expr.relu) o

    let private projecting (features: int) =
        Layer.requireSize "LSTM" "features of the projection" features
        { lstmCell with Projection = ValueSome features }

    /// `lstm` whose hidden state is projected to fewer features after each step, h ← W·(σ(o)·tanh(c)), as PyTorch's
    /// `proj_size` (Sak et al. 2014): the outputs and the hidden state have `features` features, the cell has `Hidden`.
    /// Parameters as `lstm`, and `weight_hr_l0` `[features; hidden]`. `Recurrent.lstmProjected 8 (Recurrent.options 32)`
    let lstmProjected (features: int) o = layer (projecting features) o

    /// `lstmProjected` from a state that is given. `Recurrent.lstmProjectedFrom 8 (Recurrent.options 32)`
    let lstmProjectedFrom (features: int) o = layerFrom (projecting features) o

    /// `lstmProjected` over sequences with padding: see `rnnPadded`.
    /// `Recurrent.lstmProjectedPadded 8 (Recurrent.options 32)`
    let lstmProjectedPadded (features: int) o = padded (projecting features) o

    /// `gruPadded` from a state that is given. `Recurrent.gruPaddedFrom (Recurrent.options 32)`
    let gruPaddedFrom o = paddedFrom gruCell o

    /// The outputs of all steps, `[batch; length; directions·hidden]`.
    /// `Recurrent.sequence (Recurrent.lstm (Recurrent.options 32))`
    let sequence (layer: Layer<'a, RecurrentResult>) = Layer.map (fun r -> r.Sequence) layer

    /// What the last layer ends with, `[batch; directions·hidden]`: the forward pass at the last step, the backward one
    /// at the first. `Recurrent.last (Recurrent.gru (Recurrent.options 32))`
    let last (layer: Layer<'a, RecurrentResult>) =
        layer
        |> Layer.map (fun r ->
            let states, batch, hidden =
                r.Final.Hidden.Shape[0], r.Final.Hidden.Shape[1], r.Final.Hidden.Shape[2]

            let directions = r.Sequence.Shape[2] / hidden

            Expr.sliceAxis 0 (states - directions) states r.Final.Hidden
            |> Expr.moveAxis 0 1
            |> Expr.reshape [ batch; directions * hidden ])
