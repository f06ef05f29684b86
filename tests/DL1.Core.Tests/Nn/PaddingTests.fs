/// Padding changes nothing: recurrent layers and transformers over padded sequences give, at the real places, what they
/// give for each sequence alone, and recurrent layers give what PyTorch gives for packed sequences.
module DL1.Tests.PaddingTests

open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open DL1.Tests.Run
open Expecto

/// Each case compiles a plan of its own, so there are fewer of them.
let private law name property = testPropertyWithConfig { config with maxTest = 25 } name property

let private kinds =
    [
        "RNN", Recurrent.rnn, Recurrent.rnnPadded
        "RNN of ReLU", Recurrent.rnnRelu, Recurrent.rnnReluPadded
        "LSTM", Recurrent.lstm, Recurrent.lstmPadded
        "GRU", Recurrent.gru, Recurrent.gruPadded
    ]

/// Outputs, hidden states and cells.
let private parts (r: RecurrentResult) = r.Sequence :: r.Final.Hidden :: Option.toList r.Final.Cell

let private check (case: JsonElement) =
    let a = Attributes case

    let options =
        { Recurrent.options 4 with
            Layers = a.Int("num_layers", 1)
            Bidirectional = a.Flag "bidirectional"
        }

    a.ExpectAllRead()
    let _, _, kind = kinds |> List.find (fun (n, _, _) -> n = name case)
    let parameters = Tree.ofList (tensors (case.GetProperty "state"))
    let input = tensor (case.GetProperty "input")
    let x, p = like "input" input, Tree.variables parameters
    let isReal = PaddingMask.mask 5 (Expr.constant (Tensor.vector (ints (case.GetProperty "lengths"))))

    let asked, _ =
        Layer.initAs DType.F64 (Key.ofSeed 1L) { Values = x; IsReal = Some isReal } (kind options)

    Expect.equal (Tree.paths asked) (Tree.paths parameters) "PyTorch's parameters"

    let result, _ =
        Layer.apply Mode.Inference p Tree.empty (kind options) { Values = x; IsReal = Some isReal }

    let outputs = parts result
    let cotangents = tensors (case.GetProperty "cotangents") |> List.map (snd >> Expr.constant)
    let grads = tensors (case.GetProperty "grads")
    let wrt = grads |> List.map (fun (path, _) -> if path = "input" then x else p[path])
    let roots = outputs @ Grad.vjp outputs cotangents wrt
    let found = Eval.many (("input", input) :: Tree.toList parameters) roots

    for (path, expected), g in List.zip (tensors (case.GetProperty "outputs") @ grads) found do
        expectClose 1e-10 expected g path

/// A batch of sequences of lengths up to five, with what stands in its padding.
let private batch seed filling (lengths: int list) =
    let x = Tensor.toFloats (normal seed [ lengths.Length; 5; 4 ])

    let values =
        x
        |> Array.mapi (fun i v -> if i / 4 % 5 < lengths[i / 20] then v else filling)
        |> Tensor.ofArray [ lengths.Length; 5; 4 ]

    let isReal =
        [|
            for n in lengths do
                yield! List.init 5 (fun t -> t < n)
        |]
        |> Tensor.ofArray [ lengths.Length; 5 ]

    values, isReal

let private real (values: Tensor, isReal: Tensor) =
    { Values = Expr.constant values; IsReal = Some(Expr.constant isReal) }

let private lengthsOf (a: uint8, b: uint8, c: uint8) = [ for n in [ a; b; c ] -> 1 + int n % 5 ]
let private wide = { Recurrent.options 3 with Layers = 2; Bidirectional = true }

/// The parameters of a layer over the batches of these tests.
let private weightsOf seed (layer: Layer<Expr, 'b>) = drawn seed layer (normal 1L [ 3; 5; 4 ]) |> fst

let private inference weights (layer: Layer<'a, 'b>) (x: 'a) =
    Layer.apply Mode.Inference (Tree.map Expr.constant weights) Tree.empty layer x |> fst

/// A row of a tensor, for as long as it is real.
let private alone row length (values: Tensor) =
    Expr.constant values |> Expr.sliceAxis 0 row (row + 1) |> Expr.sliceAxis 1 0 length

let private recurrentLaws (name: string, kind, padded: RecurrentOptions -> Layer<PaddedSequence, _>) =
    [
        law $"{name}: what stands in padding changes no bit of values and gradients" (fun seed lengths ->
            let weights = weightsOf seed (kind wide: Layer<Expr, RecurrentResult>)
            let p = Tree.variables weights
            let inputs = Tree.values p |> List.collect (fun e -> Graph.variables [ e ])

            let rootsOf filling =
                let x = real (batch seed filling (lengthsOf lengths))
                let result, _ = Layer.apply Mode.Inference p Tree.empty (padded wide) x
                let loss = parts result |> List.map (fun e -> Expr.sumAll (e * e)) |> List.reduce (+)
                parts result @ Grad.grad loss (Tree.values p)

            let byEval filling = Eval.many (Tree.toList weights) (rootsOf filling)
            let compiled filling = Compile.prepare inputs (rootsOf filling) (Tree.values weights)

            List.forall2 Tensor.sameBits (byEval 0.0) (byEval nan)
            && List.forall2 Tensor.sameBits (compiled 0.0) (compiled nan))
        law $"{name}: a padded row gives what it gives alone, and 0 in its padding" (fun seed lengths ->
            let lengths = lengthsOf lengths
            let values, isReal = batch seed 7.0 lengths
            let weights = weightsOf seed (kind wide: Layer<Expr, RecurrentResult>)
            let found = inference weights (padded wide) (real (values, isReal))

            List.indexed lengths
            |> List.forall (fun (row, length) ->
                let expected = inference weights (kind wide) (alone row length values)
                let sequence = Expr.pad [ 0; 0; 0 ] [ 0; 5 - length; 0 ] 0.0 expected.Sequence

                let roots (r: RecurrentResult) sequence axis =
                    sequence
                    :: [ for e in r.Final.Hidden :: Option.toList r.Final.Cell -> Expr.item 1 axis e ]

                List.forall2
                    Tensor.sameBits
                    (Eval.many [] (roots expected sequence 0))
                    (Eval.many [] (roots found (Expr.sliceAxis 0 row (row + 1) found.Sequence) row))))
    ]

let private refusals =
    test "a mask of another shape or type is refused, and so are lengths that are no whole numbers" {
        let x = Expr.variable "x" DType.F32 [ 2; 5; 4 ]

        let init isReal () =
            Layer.init (Key.ofSeed 1L) { Values = x; IsReal = Some isReal } (Recurrent.gruPadded wide)
            |> ignore

        Expect.throwsT<ShapeError> (init (Expr.variable "m" DType.Bool [ 2; 4 ])) "shape"
        Expect.throwsT<ShapeError> (init (Expr.variable "m" DType.F32 [ 2; 5 ])) "type"

        Expect.throwsT<ShapeError>
            (fun () -> PaddingMask.mask 3 (Expr.variable "l" DType.F32 [ 2 ]) |> ignore)
            "lengths"
    }

let private fromStates =
    test "from a given state; the last state is that of the last real place" {
        let values, isReal = batch 1L 9.0 [ 2; 5; 3 ]

        for kind, from in
            [
                Recurrent.rnnPadded, Recurrent.rnnPaddedFrom
                Recurrent.lstmPadded, Recurrent.lstmPaddedFrom
                Recurrent.gruPadded, Recurrent.gruPaddedFrom
            ] do
            let x = real (values, isReal)
            let weights, _ = Layer.initAs DType.F64 (Key.ofSeed 3L) x (kind (Recurrent.options 3))
            let result = inference weights (kind (Recurrent.options 3)) x
            let zeros = Expr.full DType.F64 [ 1; 3; 3 ] 0.0
            let start = { Hidden = zeros; Cell = Option.map (fun _ -> zeros) result.Final.Cell }
            let again = inference weights (from (Recurrent.options 3)) (x, start)
            let last = inference weights (Recurrent.last (kind (Recurrent.options 3))) x

            let ends =
                [
                    for row, n in [ 0, 2; 1, 5; 2, 3 ] ->
                        Expr.item 0 row result.Sequence |> Expr.item 0 (n - 1)
                ]

            match Eval.many [] [ result.Sequence; again.Sequence; last; Expr.stack 0 ends ] with
            | [ one; two; last; ends ] ->
                Expect.isTrue (Tensor.sameBits one two) "from 0"
                Expect.isTrue (Tensor.sameBits ends last) "the last real place"
            | _ -> failtest "four values"
    }

let private reluFrom =
    test "a network of ReLU goes on from its own state" {
        let x = normal 1L [ 2; 5; 4 ]
        let weights, _ = drawn 1L (Recurrent.rnnRelu (Recurrent.options 3)) x
        let part first last = Expr.sliceAxis 1 first last (Expr.constant x)
        let whole = inference weights (Recurrent.rnnRelu (Recurrent.options 3)) (part 0 5)
        let first = inference weights (Recurrent.rnnRelu (Recurrent.options 3)) (part 0 3)
        let rest = inference weights (Recurrent.rnnReluFrom (Recurrent.options 3)) (part 3 5, first.Final)
        expectClose 1e-12 (Eval.run [] (Expr.sliceAxis 1 3 5 whole.Sequence)) (Eval.run [] rest.Sequence) ""
    }

let private attended =
    law "a transformer's encoder: padding changes nothing at the real places" (fun seed lengths ->
        let lengths = lengthsOf lengths
        let encoder = Transformer.encoder 2 { Transformer.options 2 8 with Dropout = 0.0 }

        let weights, _ = Layer.initAs DType.F64 (Key.ofSeed seed) (real (batch seed 0.0 lengths)) encoder

        let values, isReal = batch seed 50.0 lengths
        let found = inference weights encoder (real (values, isReal))

        List.indexed lengths
        |> List.forall (fun (row, length) ->
            let x = { Values = alone row length values; IsReal = None }
            let expected = (inference weights encoder x).Values
            let found = found.Values |> Expr.sliceAxis 0 row (row + 1) |> Expr.sliceAxis 1 0 length
            close 1e-12 (Eval.run [] expected) (Eval.run [] found)))

let private masks =
    test "masks of lengths and back" {
        let isReal = PaddingMask.mask 3 (Expr.constant (Tensor.vector [ 0; 2; 3; 9; -1 ]))
        let lengths = Eval.run [] (PaddingMask.lengths isReal)
        Expect.equal lengths (Tensor.vector [ 0L; 2L; 3L; 3L; 0L ]) ""
    }

let private all = cases "padded.json"

let tests =
    testList
        "Padding"
        [
            yield! List.collect recurrentLaws kinds
            attended
            masks
            refusals
            fromStates
            reluFrom
            test "all 9 cases are there" { Expect.equal all.Length 9 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) { check case }
        ]
