/// A loop is its steps written out; states are handed on; what is read from a result is where it says.
module DL1.Tests.RecurrentTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

let private sizes = Recurrent.options 3
let private input seed = normal seed [ 2; 5; 4 ]

/// One step of an LSTM as the paper has it, on parameters of f64.
let private lstmStep (p: Tree<Expr>) (h: Expr, c: Expr) (x: Expr) =
    let z =
        Expr.matmul x p["weight_ih_l0"].T
        + p["bias_ih_l0"]
        + Expr.matmul h p["weight_hh_l0"].T
        + p["bias_hh_l0"]

    let gate i = Expr.sliceAxis 1 (3 * i) (3 * i + 3) z
    let c = Expr.sigmoid (gate 1) * c + Expr.sigmoid (gate 0) * tanh (gate 2)
    Expr.sigmoid (gate 3) * tanh c, c

let private result seed options (kind: RecurrentOptions -> Layer<Expr, RecurrentResult>) (x: Tensor) =
    let layer = kind options
    let parameters, _ = drawn seed layer x

    fst (Layer.apply Mode.Inference (Tree.map Expr.constant parameters) Tree.empty layer (Expr.constant x)),
    parameters

let private value (e: Expr) = Eval.run [] e

let tests =
    testList
        "Recurrent"
        [
            law "an LSTM by a loop is the LSTM unrolled" (fun seed ->
                let x = input seed
                let found, parameters = result seed sizes Recurrent.lstm x
                let p, zero = Tree.map Expr.constant parameters, Expr.full DType.F64 [ 2; 3 ] 0.0
                let steps = List.init 5 (fun t -> Expr.item 1 t (Expr.constant x))
                let states = List.scan (lstmStep p) (zero, zero) steps |> List.tail
                let unrolled = states |> List.map fst |> Expr.stack 1
                close 1e-12 (value unrolled) (value found.Sequence))
            test "gradients of the loop are those of the steps, whatever expressions the parameters are" {
                let x = Expr.constant (input 1L)
                let like, _ = drawn 1L (Recurrent.lstm sizes) (input 1L)
                // Parameters that are expressions, not variables: the gradient must reach through the loop's body.
                let p = Tree.map (fun v -> 2.0 * Expr.sigmoid v) (Tree.variables like)

                let loop, _ =
                    Layer.apply Mode.Inference p Tree.empty (Recurrent.lstm sizes |> Recurrent.sequence) x

                let zero = Expr.full DType.F64 [ 2; 3 ] 0.0
                let steps = List.init 5 (fun t -> Expr.item 1 t x)
                let states = List.scan (lstmStep p) (zero, zero) steps |> List.tail
                let unrolled = states |> List.map fst |> Expr.stack 1
                let gradients e = Grad.grad (weighted e) (Tree.values p) |> Eval.many (Tree.toList like)

                for a, b in List.zip (gradients unrolled) (gradients loop) do
                    expectClose 1e-11 a b ""
            }
            law "from a state, the second half goes on as the whole" (fun seed ->
                let x = input seed
                let whole, parameters = result seed sizes Recurrent.lstm x
                let p = Tree.map Expr.constant parameters
                let part first last = Expr.sliceAxis 1 first last (Expr.constant x)
                let first, _ = Layer.apply Mode.Inference p Tree.empty (Recurrent.lstm sizes) (part 0 3)

                let second, _ =
                    Layer.apply
                        Mode.Inference
                        p
                        Tree.empty
                        (Recurrent.lstmFrom sizes)
                        (part 3 5, first.Final)

                close 1e-12 (value (Expr.sliceAxis 1 3 5 whole.Sequence)) (value second.Sequence)
                && close 1e-12 (value whole.Final.Hidden) (value second.Final.Hidden))
            law "the backward direction is the forward one on the sequence turned around" (fun seed ->
                let x = input seed
                let both, parameters = result seed { sizes with Bidirectional = true } Recurrent.gru x

                let backward =
                    parameters
                    |> Tree.filter (fun path -> path.EndsWith "_reverse")
                    |> Tree.toList
                    |> List.map (fun (path, t) -> path.Replace("_reverse", ""), Expr.constant t)
                    |> Tree.ofList

                let turned = Expr.reverse [ 1 ] (Expr.constant x)
                let alone, _ = Layer.apply Mode.Inference backward Tree.empty (Recurrent.gru sizes) turned
                let expected = Expr.reverse [ 1 ] alone.Sequence
                close 1e-12 (value expected) (value (Expr.sliceAxis 2 3 6 both.Sequence)))
            test "the last state, in one direction and two" {
                for kind in [ Recurrent.rnn; Recurrent.rnnRelu; Recurrent.gru; Recurrent.lstm ] do
                    let x = input 1L
                    let one, parameters = result 2L { sizes with Layers = 2 } kind x
                    let last = Recurrent.last (kind { sizes with Layers = 2 })
                    let found = applied Mode.Inference (parameters, Tree.empty) last x |> fst
                    expectClose 1e-12 (value (Expr.item 1 -1 one.Sequence)) found "one"
                    let two, parameters = result 2L { sizes with Bidirectional = true } kind x
                    let last = Recurrent.last (kind { sizes with Bidirectional = true })
                    let found = applied Mode.Inference (parameters, Tree.empty) last x |> fst

                    let ends =
                        [
                            Expr.sliceAxis 1 0 3 (Expr.item 1 -1 two.Sequence)
                            Expr.sliceAxis 1 3 6 (Expr.item 1 0 two.Sequence)
                        ]

                    expectClose 1e-12 (value (Expr.concat 1 ends)) found "two"
            }
            test "without biases; with dropout between layers" {
                let options = { sizes with Bias = false; Layers = 2; Dropout = 0.5 }
                let layer = Recurrent.rnn options |> Recurrent.sequence
                let parameters, state = drawn 1L layer (input 1L)

                Expect.equal
                    (Tree.paths parameters)
                    [ "weight_ih_l0"; "weight_hh_l0"; "weight_ih_l1"; "weight_hh_l1" ]
                    ""

                let run mode = applied mode (parameters, state) layer (input 1L) |> fst
                Expect.equal (run (training 1L)) (run (training 1L)) "the same key"
                Expect.notEqual (run (training 1L)) (run (training 2L)) "another key"
                Expect.equal (run Mode.Inference) (run Mode.Inference) "no key"
            }
            test "states of other kinds are handed on too" {
                for first, from in [ Recurrent.rnn, Recurrent.rnnFrom; Recurrent.gru, Recurrent.gruFrom ] do
                    let whole, parameters = result 1L sizes first (input 1L)
                    let p = Tree.map Expr.constant parameters
                    let start = { Hidden = Expr.full DType.F64 [ 1; 2; 3 ] 0.0; Cell = None }

                    let found, _ =
                        Layer.apply Mode.Inference p Tree.empty (from sizes) (Expr.constant (input 1L), start)

                    expectClose 1e-12 (value whole.Sequence) (value found.Sequence) ""

                    Expect.throwsT<ShapeError>
                        (fun () ->
                            let wrong = { start with Hidden = Expr.full DType.F64 [ 2; 2; 3 ] 0.0 }

                            Layer.apply
                                Mode.Inference
                                p
                                Tree.empty
                                (from sizes)
                                (Expr.constant (input 1L), wrong)
                            |> ignore)
                        "another shape"
            }
        ]
