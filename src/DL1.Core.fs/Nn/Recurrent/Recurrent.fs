namespace DL1

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

    let private whole (x: Expr) : PaddedSequence = { Values = x; IsReal = None }

    let private sized (o: RecurrentOptions) layer = Layer.sized $"%d{o.Hidden}" layer

    let private layer (cell: RecurrentCells.Cell) o : Layer<Expr, RecurrentResult> =
        sized
            o
            (Layer.made cell.Name (fun scope x -> RecurrentPass.run cell o scope None (whole x)) (fun r ->
                Some r.Sequence))

    let private layerFrom (cell: RecurrentCells.Cell) o : Layer<Expr * RecurrentState, RecurrentResult> =
        sized o
        <| Layer.made
            cell.Name
            (fun scope (x, state) -> RecurrentPass.run cell o scope (Some state) (whole x))
            (fun r -> Some r.Sequence)

    let private padded (cell: RecurrentCells.Cell) o : Layer<PaddedSequence, RecurrentResult> =
        sized
            o
            (Layer.made cell.Name (fun scope x -> RecurrentPass.run cell o scope None x) (fun r ->
                Some r.Sequence))

    let private paddedFrom
        (cell: RecurrentCells.Cell)
        o
        : Layer<PaddedSequence * RecurrentState, RecurrentResult> =
        sized o
        <| Layer.made
            cell.Name
            (fun scope (x, state) -> RecurrentPass.run cell o scope (Some state) x)
            (fun r -> Some r.Sequence)

    /// The simple network of Elman (1990): h ← tanh(W·x + b + U·h + c), from 0. `Recurrent.rnn (Recurrent.options 32)`
    let rnn o = layer (RecurrentCells.simple "RNN" tanh) o

    /// `rnn` with ReLU in the place of tanh. `Recurrent.rnnRelu (Recurrent.options 32)`
    let rnnRelu o = layer (RecurrentCells.simple "RNN" Expr.relu) o

    /// Long short-term memory (Hochreiter and Schmidhuber 1997): gates i, f, g, o; c ← σ(f)·c + σ(i)·tanh(g); h ←
    /// σ(o)·tanh(c), from 0. `Recurrent.lstm (Recurrent.options 32)`
    let lstm o = layer RecurrentCells.lstm o

    /// The gated unit of Cho et al. (2014): r, z; n = tanh(W·x + b + r·(U·h + c)); h ← (1 − z)·n + z·h, from 0.
    /// `Recurrent.gru (Recurrent.options 32)`
    let gru o = layer RecurrentCells.gru o

    /// `rnn` from a state that is given. `Recurrent.rnnFrom (Recurrent.options 32)`
    let rnnFrom o = layerFrom (RecurrentCells.simple "RNN" tanh) o

    /// `lstm` from a state that is given, such as an encoder's. `Recurrent.lstmFrom (Recurrent.options 32)`
    let lstmFrom o = layerFrom RecurrentCells.lstm o

    /// `gru` from a state that is given, such as an encoder's. `Recurrent.gruFrom (Recurrent.options 32)`
    let gruFrom o = layerFrom RecurrentCells.gru o

    /// `rnnRelu` from a state that is given. `Recurrent.rnnReluFrom (Recurrent.options 32)`
    let rnnReluFrom o = layerFrom (RecurrentCells.simple "RNN" Expr.relu) o

    /// `rnn` over sequences with padding, which no state sees: at a place that is not real the states stay as they are and
    /// the output is 0, in both directions. So the final state is that of each row's last real place, or of its first in
    /// the backward direction, as PyTorch's packed sequences have it. `Recurrent.rnnPadded (Recurrent.options 32)`
    let rnnPadded o = padded (RecurrentCells.simple "RNN" tanh) o

    /// `rnnRelu` over sequences with padding: see `rnnPadded`. `Recurrent.rnnReluPadded (Recurrent.options 32)`
    let rnnReluPadded o = padded (RecurrentCells.simple "RNN" Expr.relu) o

    /// `lstm` over sequences with padding: see `rnnPadded`. `Recurrent.lstmPadded (Recurrent.options 32)`
    let lstmPadded o = padded RecurrentCells.lstm o

    /// `gru` over sequences with padding: see `rnnPadded`. `Recurrent.gruPadded (Recurrent.options 32)`
    let gruPadded o = padded RecurrentCells.gru o

    /// `rnnPadded` from a state that is given. `Recurrent.rnnPaddedFrom (Recurrent.options 32)`
    let rnnPaddedFrom o = paddedFrom (RecurrentCells.simple "RNN" tanh) o

    /// `lstmPadded` from a state that is given. `Recurrent.lstmPaddedFrom (Recurrent.options 32)`
    let lstmPaddedFrom o = paddedFrom RecurrentCells.lstm o

    /// `rnnReluPadded` from a state that is given. `Recurrent.rnnReluPaddedFrom (Recurrent.options 32)`
    let rnnReluPaddedFrom o = paddedFrom (RecurrentCells.simple "RNN" Expr.relu) o

    let private projecting (features: int) =
        Layer.requireSize "LSTM" "features of the projection" features
        { RecurrentCells.lstm with Projection = ValueSome features }

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
    let gruPaddedFrom o = paddedFrom RecurrentCells.gru o

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
