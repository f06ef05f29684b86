namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// RNN, LSTM and GRU.
[<RequireQualifiedAccess>]
module internal RecurrentRules =
    let private attributes =
        [
            "activation_alpha"
            "activation_beta"
            "activations"
            "clip"
            "direction"
            "hidden_size"
            "layout"
        ]

    let private biasOf (c: OnnxCall) d = c.TryX 3 |> Option.map (Expr.item 0 d)
    let private half from count (b: Expr) = Expr.sliceAxis 0 from (from + count) b

    let private clipped (c: OnnxCall) : Expr -> Expr =
        match c.TryFloat "clip" with
        | Some limit when limit > 0.0 -> Elementwise.clamp -limit limit
        | _ -> id

    let private countOf (c: OnnxCall) = if c.Text("direction", "forward") = "bidirectional" then 2 else 1

    let private rnn (c: OnnxCall) =
        let x, hidden, state = CellLoop.operands c
        let activations = CellLoop.activationsOf c [ "Tanh" ] (countOf c)
        let clip = clipped c

        let cell d : CellLoop.Cell =
            {
                Hidden = hidden
                Gates = 1
                Initial = [ state 5 d ]
                Constants = [ Expr.item 0 d (c.X 2) ]
                InputBias = biasOf c d |> Option.map (fun b -> half 0 hidden b + half hidden hidden b)
                Step =
                    fun ofInput inner states ->
                        [ activations[d][0](clip (ofInput + Expr.matmul states.Head inner.Head.T)) ]
            }

        let outputs, finals = CellLoop.run c (c.TryX 4) cell x
        CellLoop.results c outputs finals

    let private lstm (c: OnnxCall) =
        let x, hidden, state = CellLoop.operands c
        let activations = CellLoop.activationsOf c [ "Sigmoid"; "Tanh"; "Tanh" ] (countOf c)
        let clip = clipped c
        let isCoupled = c.Flag "input_forget"

        let cell d : CellLoop.Cell =
            let f, g, h = activations[d][0], activations[d][1], activations[d][2]
            let peepholes = c.TryX 7 |> Option.map (Expr.item 0 d)

            {
                Hidden = hidden
                Gates = 4
                Initial = [ state 5 d; state 6 d ]
                Constants = Expr.item 0 d (c.X 2) :: Option.toList peepholes
                InputBias =
                    biasOf c d
                    |> Option.map (fun b -> half 0 (4 * hidden) b + half (4 * hidden) (4 * hidden) b)
                Step =
                    fun ofInput inner states ->
                        // Gates in the order input, output, forget, cell.
                        let all = ofInput + Expr.matmul states.Head inner.Head.T

                        let peep k (cell: Expr) (e: Expr) =
                            match inner.Tail with
                            | p :: _ -> e + half (k * hidden) hidden p * cell
                            | [] -> e

                        let before = states[1]
                        let input = f (clip (peep 0 before (CellLoop.gate hidden 0 all)))

                        let forget =
                            if isCoupled then
                                1.0 - input
                            else
                                f (clip (peep 2 before (CellLoop.gate hidden 2 all)))

                        let next = forget * before + input * g (clip (CellLoop.gate hidden 3 all))
                        let output = f (clip (peep 1 next (CellLoop.gate hidden 1 all)))
                        [ output * h next; next ]
            }

        let outputs, finals = CellLoop.run c (c.TryX 4) cell x
        CellLoop.results c outputs finals

    let private gru (c: OnnxCall) =
        let x, hidden, state = CellLoop.operands c
        let activations = CellLoop.activationsOf c [ "Sigmoid"; "Tanh" ] (countOf c)
        let clip = clipped c
        let isLinearFirst = c.Flag "linear_before_reset"

        let cell d : CellLoop.Cell =
            let f, g = activations[d][0], activations[d][1]
            let weights = Expr.item 0 d (c.X 2)

            // The biases of update and reset meet before the loop; the hidden one of the new state where it is reset too.
            let inputBias, hiddenBias =
                match biasOf c d with
                | None -> None, None
                | Some b when isLinearFirst ->
                    let gates = half 0 (2 * hidden) b + half (3 * hidden) (2 * hidden) b

                    Some(Expr.concat 0 [ gates; half (2 * hidden) hidden b ]),
                    Some(half (5 * hidden) hidden b)
                | Some b -> Some(half 0 (3 * hidden) b + half (3 * hidden) (3 * hidden) b), None

            {
                Hidden = hidden
                Gates = 3
                Initial = [ state 5 d ]
                Constants = weights :: Option.toList hiddenBias
                InputBias = inputBias
                Step =
                    fun ofInput inner states ->
                        let h, r = states.Head, inner.Head

                        if isLinearFirst then
                            let ofHidden = Expr.matmul h r.T

                            let update =
                                f (clip (CellLoop.gate hidden 0 ofInput + CellLoop.gate hidden 0 ofHidden))

                            let reset =
                                f (clip (CellLoop.gate hidden 1 ofInput + CellLoop.gate hidden 1 ofHidden))

                            let linear =
                                match inner.Tail with
                                | b :: _ -> CellLoop.gate hidden 2 ofHidden + b
                                | [] -> CellLoop.gate hidden 2 ofHidden

                            let fresh = g (clip (CellLoop.gate hidden 2 ofInput + reset * linear))
                            [ (1.0 - update) * fresh + update * h ]
                        else
                            let gates = Expr.matmul h (half 0 (2 * hidden) r).T

                            let update =
                                f (clip (CellLoop.gate hidden 0 ofInput + CellLoop.gate hidden 0 gates))

                            let reset =
                                f (clip (CellLoop.gate hidden 1 ofInput + CellLoop.gate hidden 1 gates))

                            let fresh =
                                g (
                                    clip (
                                        CellLoop.gate hidden 2 ofInput
                                        + Expr.matmul (reset * h) (half (2 * hidden) hidden r).T
                                    )
                                )

                            [ (1.0 - update) * fresh + update * h ]
            }

        let outputs, finals = CellLoop.run c (c.TryX 4) cell x
        CellLoop.results c outputs finals

    let rules: OnnxRule list =
        [
            OnnxRule.make "RNN" [ 7; 14; 22 ] 6 attributes rnn
            OnnxRule.make "LSTM" [ 7; 14; 22 ] 8 ("input_forget" :: attributes) lstm
            OnnxRule.make "GRU" [ 7; 14; 22 ] 6 ("linear_before_reset" :: attributes) gru
        ]
