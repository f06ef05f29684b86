/// Step by step is the whole, with the same parameters: for recurrent layers, causal attention, transformers and decoders.
module DL1.Tests.StepwiseTests

open DL1
open DL1.Tests.Law
open Expecto

/// A model of language over 11 tokens with parameters drawn by a key, and scores for 6 places of 3 rows.
let private words = 11

let private tokens rows places seed =
    Key.ofSeed seed
    |> Key.integers 0 words DType.I64 [ rows; places ]

let private trainedOf (model: Layer<Expr, Expr>) seed =
    let x = Expr.variable "x" DType.I64 [ 3; 6 ]
    let parameters, state = Layer.init (Key.ofSeed seed) x model
    Trained.create model parameters state

let private embedded (inner: Layer<Expr, Expr>) =
    Dense.embedding words 8 => inner => Dense.linear words

let private options = { Transformer.options 2 16 with Causal = true; Dropout = 0.0 }

let private row (layer: Layer<Expr, RecurrentResult>) = Recurrent.sequence layer

let private recurrents: (string * Layer<Expr, Expr>) list =
    let two = { Recurrent.options 8 with Layers = 2 }

    [
        "rnn", Recurrent.rnn two |> row
        "rnn of ReLU", Recurrent.rnnRelu (Recurrent.options 8) |> row
        "lstm", Recurrent.lstm two |> row
        "gru", Recurrent.gru two |> row
        "gru without bias", Recurrent.gru { two with Bias = false } |> row
    ]

let private attentions: (string * Layer<Expr, Expr>) list =
    [
        "attention", Attention.self 2 true
        "encoder layers",
        Transformer.sinusoidalPositions
        => Transformer.encoderLayer options
        => Transformer.encoderLayer { options with NormFirst = true }
        "learned places", Transformer.learnedPositions 6 => Transformer.encoderLayer options
        "attention and a gru",
        Layer.residual (Attention.self 4 true) => (Recurrent.gru (Recurrent.options 8) |> row)
    ]

/// The outputs step by step, so many places at a time.
let private stepped (sizes: int list) (state: StepState) (values: Tensor) =
    let starts = List.scan (+) 0 sizes

    List.zip (List.take sizes.Length starts) sizes
    |> List.mapFold
        (fun state (start, size) ->
            Stepwise.step (Tensor.compute (Expr.sliceAxis 1 start (start + size)) values) state)
        state
    |> fst
    |> Tensor.concat 1

let private worst (a: Tensor) (b: Tensor) =
    Array.map2 (fun x y -> abs (x - y)) (Tensor.toFloats a) (Tensor.toFloats b) |> Array.max

let private cuts = [ List.replicate 6 1; [ 3; 1; 1; 1 ]; [ 2; 4 ]; [ 6 ] ]

let private probe =
    test "measured" {
        for name, inner in recurrents @ attentions do
            let trained = trainedOf (embedded inner) 5L
            let x = tokens 3 6 7L
            let whole = Trained.predict x trained

            for capacity in [ 6; 9; 64 ] do
                for sizes in cuts do
                    match
                        (try
                            Ok(stepped sizes (Stepwise.start capacity 3 (Stepwise.ofTrained trained)) x)
                         with e ->
                             Error(e.Message))
                    with
                    | Ok found ->
                        let d = worst found whole
                        let isSame = found = whole
                        printfn "%s capacity %d cuts %A: %g same %b" name capacity sizes d isSame
                    | Error e -> printfn "%s capacity %d: %s" name capacity e
    }

let tests = testList "Stepwise" [ probe ]
