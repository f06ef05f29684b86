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

/// The cells of recurrent layers: one step of each kind.
[<RequireQualifiedAccess>]
module internal RecurrentCells =
    /// A kind of cell: how many gates it has, how many states, and one step from the input's products with their bias,
    /// the products of the hidden state with their bias kept apart, and the states.
    [<NoEquality; NoComparison>]
    type Cell =
        {
            Name: string
            Gates: int
            States: int
            /// The number of features that the hidden state is projected to; none without a projection.
            Projection: int voption
            Step: int -> Expr -> Expr -> Expr list -> Expr list
        }

    let private gate hidden i (x: Expr) = Expr.sliceAxis 1 (i * hidden) ((i + 1) * hidden) x

    let simple name activation =
        {
            Name = name
            Gates = 1
            States = 1
            Projection = ValueNone
            Step = fun _ ofInput ofHidden _ -> [ activation (ofInput + ofHidden) ]
        }

    let lstm =
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

    let gru =
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
