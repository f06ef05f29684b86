namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// What RNN, LSTM and GRU share: one loop for each direction; the products with the inputs are made for all steps at once,
/// before it.
[<RequireQualifiedAccess>]
module internal CellLoop =
    /// A loop over the leading axis whose body is given the states, the step's slices, and what is the same at every step.
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

    /// The activations of one direction: each takes its numbers from the lists in order, where it has some.
    let activationsOf (c: OnnxCall) (standard: string list) (directions: int) : (Expr -> Expr) list list =
        let names =
            c.TryTexts "activations"
            |> Option.defaultValue (List.replicate directions standard |> List.concat)

        if names.Length <> directions * standard.Length then
            c.Refuse(
                $"%d{names.Length} activations",
                $"%d{directions * standard.Length}",
                "export the model again"
            )

        let mutable alphas = c.TryFloats "activation_alpha" |> Option.defaultValue []
        let mutable betas = c.TryFloats "activation_beta" |> Option.defaultValue []

        let alpha standard =
            match alphas with
            | a :: rest ->
                alphas <- rest
                a
            | [] -> standard

        let beta standard =
            match betas with
            | b :: rest ->
                betas <- rest
                b
            | [] -> standard

        let activation (name: string) : Expr -> Expr =
            match name.ToLowerInvariant() with
            | "relu" -> Expr.relu
            | "tanh" -> tanh
            | "sigmoid" -> Expr.sigmoid
            | "softsign" -> Elementwise.softsign
            | "softplus" -> Expr.softplus
            | "affine" -> let a, b = alpha 1.0, beta 0.0 in fun x -> a * x + b
            | "leakyrelu" -> Elementwise.leakyRelu (alpha 0.01)
            | "thresholdedrelu" -> Elementwise.threshold (alpha 1.0) 0.0
            | "scaledtanh" -> let a, b = alpha 1.0, beta 1.0 in fun x -> a * tanh (b * x)
            | "hardsigmoid" ->
                let a, b = alpha 0.2, beta 0.5 in fun x -> Elementwise.clamp 0.0 1.0 (a * x + b)
            | "elu" -> Elementwise.elu (alpha 1.0)
            | _ -> c.NotSupported($"the activation '{name}'", "an activation of the standard")

        names |> List.map activation |> List.chunkBySize standard.Length

    let gate hidden i (x: Expr) = Expr.sliceAxis 1 (i * hidden) ((i + 1) * hidden) x

    /// What one direction of a cell needs.
    type Cell =
        {
            Hidden: int
            Gates: int
            /// The states that it begins with.
            Initial: Expr list
            /// Weights of the hidden state `[gates·hidden; hidden]`, and further constants.
            Constants: Expr list
            /// The bias that is added before the loop.
            InputBias: Expr option
            /// One step: the input's products, the constants, the states.
            Step: Expr -> Expr list -> Expr list -> Expr list
        }

    /// Runs the directions over `[length; batch; features]` and puts the results together as the standard has them.
    let run (c: OnnxCall) (lengths: Expr option) (cells: (int -> Cell)) (x: Expr) : Expr * Expr list =
        let steps, batch, features = x.Shape[0], x.Shape[1], x.Shape[2]
        let w = c.X 1

        let directions =
            match c.Text("direction", "forward") with
            | "forward" -> [ false ]
            | "reverse" -> [ true ]
            | "bidirectional" -> [ false; true ]
            | other ->
                c.Refuse(
                    $"the direction '{other}'",
                    "forward, reverse or bidirectional",
                    "export the model again"
                )

        if w.Shape.Rank <> 3 || w.Shape[0] <> directions.Length then
            c.Refuse(
                "weights that do not fit the directions",
                "weights [directions; gates·hidden; features]",
                "export the model again"
            )

        let isReal =
            lengths
            |> Option.map (fun lengths ->
                let here = Expr.arange DType.I64 steps |> Expr.reshape [ steps; 1; 1 ]
                here .< Expr.reshape [ 1; batch; 1 ] (Expr.cast DType.I64 lengths))

        let one d isReversed =
            let cell = cells d
            let products = Expr.matmul (Expr.reshape [ steps * batch; features ] x) (Expr.item 0 d w).T

            let products =
                match cell.InputBias with
                | Some b -> products + b
                | None -> products

            let sequence = Expr.reshape [ steps; batch; cell.Gates * cell.Hidden ] products

            let step (states: Expr list) (slices: Expr list) (inner: Expr list) =
                let next = cell.Step slices.Head inner states

                match slices.Tail with
                | [] -> next
                | real :: _ -> List.map2 (fun (n: Expr) s -> Expr.where real n s) next states

            let finals, outputs =
                loop isReversed cell.Initial (sequence :: Option.toList isReal) cell.Constants step

            let output = List.head outputs

            let output =
                match isReal with
                | Some real -> Expr.where real output (lit 0.0)
                | None -> output

            output, finals

        let results = directions |> List.mapi one
        let outputs = results |> List.map fst |> Expr.stack 1
        let finals = results |> List.map snd |> List.transpose |> List.map (Expr.stack 0)
        outputs, finals

    /// Operands of all three: the data with time first, and how results go back.
    let operands (c: OnnxCall) =
        let isBatchFirst = c.Flag "layout"
        let x = if isBatchFirst then Expr.transpose [ 1; 0; 2 ] (c.X 0) else c.X 0

        if x.Shape.Rank <> 3 then
            c.Refuse("data that is no sequence", "[length; batch; features]", "export the model again")

        let hidden = c.X(2).Shape[2]

        let first i =
            c.TryX i |> Option.map (fun e -> if isBatchFirst then Expr.transpose [ 1; 0; 2 ] e else e)

        let state i d =
            match first i with
            | Some e -> Expr.item 0 d e
            | None -> Expr.full x.DType [ x.Shape[1]; hidden ] 0.0

        x, hidden, state

    let results (c: OnnxCall) (outputs: Expr) (finals: Expr list) : OnnxTerm list =
        if c.Flag "layout" then
            c.Like 0 (Expr.transpose [ 2; 0; 1; 3 ] outputs)
            :: (finals |> List.map (fun e -> c.Like 0 (Expr.transpose [ 1; 0; 2 ] e)))
        else
            c.Like 0 outputs :: (finals |> List.map (c.Like 0))
