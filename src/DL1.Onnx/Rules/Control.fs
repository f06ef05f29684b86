namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Branches and loops.
[<RequireQualifiedAccess>]
module internal ControlRules =
    /// Rounds of a loop that are written out, at most.
    let private mostRounds = 4096

    let private branch (c: OnnxCall) =
        let condition = c.In 0

        match condition.Known with
        | ValueSome known ->
            let isTrue = Tensor.toFloats known.Value |> Array.exists ((<>) 0.0)
            c.Run (c.Graph(if isTrue then "then_branch" else "else_branch")) []
        | ValueNone ->
            let first = c.Run (c.Graph "then_branch") []
            let second = c.Run (c.Graph "else_branch") []

            if first.Length <> second.Length then
                c.Refuse(
                    "branches of different numbers of results",
                    "equal numbers",
                    "export the model again"
                )

            List.map2
                (fun (a: OnnxTerm) (b: OnnxTerm) ->
                    if a.Expr.Shape <> b.Expr.Shape || a.Expr.DType <> b.Expr.DType then
                        c.Numbers 0 |> ignore

                    OnnxTerm.ofExpr a.Type (Expr.where (Expr.reshape [] condition.Expr) a.Expr b.Expr))
                first
                second

    /// A loop of a known number of rounds, written out: shapes may change from one to the next.
    let private loop (c: OnnxCall) =
        let body = c.Graph "body"
        let most = if c.Has 0 then c.Ints 0 |> List.head else System.Int64.MaxValue

        let isTrue (v: OnnxTerm) =
            match v.Known with
            | ValueSome t -> Tensor.toFloats t.Value |> Array.exists ((<>) 0.0)
            | ValueNone ->
                c.NotSupported(
                    "a loop that ends by numbers of inputs",
                    "a number of rounds that is known when the model is imported"
                )

        let carried = c.Inputs.Length - 2
        let first = List.init carried (fun i -> c.In(i + 2))
        let scanned = body.Outputs.Length - 1 - carried

        if scanned < 0 then
            c.Refuse(
                $"%d{body.Outputs.Length} results of the body",
                "a condition, the state, and results",
                "export the model again"
            )

        let mutable going = if c.Has 1 then isTrue (c.In 1) else true
        let mutable state, round, stacked = first, 0L, []

        while going && round < most do
            if round >= int64 mostRounds then
                c.NotSupported($"a loop of more than %d{mostRounds} rounds", "fewer rounds, or Scan")

            let counter = OnnxTerm.ofTensor OnnxType.Int64 (Tensor.scalar round)
            let condition = OnnxTerm.ofTensor OnnxType.Bool (Tensor.scalar true)
            let results = c.Run body (counter :: condition :: state)
            going <- isTrue results.Head
            state <- results.Tail |> List.take carried
            stacked <- List.skip (1 + carried) results :: stacked
            round <- round + 1L

        let outputs =
            if scanned = 0 then
                []
            elif stacked.IsEmpty then
                c.NotSupported("a loop of no rounds with stacked results", "at least one round")
            else
                List.rev stacked
                |> List.transpose
                |> List.map (fun values ->
                    OnnxTerm.ofExpr values.Head.Type (values |> List.map _.Expr |> Expr.stack 0))

        state @ outputs

    /// A loop over sequences, as DL1's own.
    let private over
        (c: OnnxCall)
        (body: OnnxGraph)
        (states: OnnxTerm list)
        (sequences: OnnxTerm list)
        directions
        axes
        outDirections
        outAxes
        : OnnxTerm list =
        let at list i = list |> Option.bind (List.tryItem i) |> Option.defaultValue 0

        // All from the end: a scan that runs backwards.
        let backwards =
            List.init sequences.Length (at directions) |> List.forall ((=) 1)
            && List.init (body.Outputs.Length - states.Length) (at outDirections) |> List.forall ((=) 1)

        let isTurned list i = not backwards && at list i = 1

        let arranged =
            sequences
            |> List.mapi (fun i v ->
                let e = Expr.moveAxis (c.Axis(at axes i, v.Expr.Shape.Rank)) 0 v.Expr
                if isTurned directions i then Expr.reverse [ 0 ] e else e)

        let length = arranged.Head.Shape[0]
        let mutable kinds = []

        let step (carries: Expr list) (slices: Expr list) =
            let given =
                List.map2
                    (fun (v: OnnxTerm) e -> OnnxTerm.ofExpr v.Type e)
                    (states @ sequences)
                    (carries @ slices)

            let results = c.Run body given
            kinds <- results |> List.map _.Type
            results |> List.map _.Expr |> List.splitAt states.Length

        let finals, outputs = Scan.many backwards length (states |> List.map _.Expr) arranged step

        let placed i (e: Expr) =
            let e = if isTurned outDirections i then Expr.reverse [ 0 ] e else e
            Expr.moveAxis 0 (c.Axis(at outAxes i, e.Shape.Rank)) e

        List.map2 OnnxTerm.ofExpr kinds (finals @ List.mapi placed outputs)

    let private scan (c: OnnxCall) =
        let body = c.Graph "body"
        let count = c.Int("num_scan_inputs", 0)
        let given = List.init c.Inputs.Length id

        if c.Version < 9 then
            // Version 8 has a batch in front of all, and lengths.
            if c.Has 0 then
                c.NotSupported("lengths of sequences", "sequences of one length")

            let values = given.Tail |> List.map c.In
            let batch = values.Head.Expr.Shape[0]
            let directions = c.TrySmalls "directions"

            let one b =
                let parts = values |> List.map (fun v -> OnnxTerm.ofExpr v.Type (Expr.item 0 b v.Expr))
                let states, sequences = List.splitAt (parts.Length - count) parts
                over c body states sequences directions None None None

            List.init batch one
            |> List.transpose
            |> List.map (fun vs -> OnnxTerm.ofExpr vs.Head.Type (vs |> List.map _.Expr |> Expr.stack 0))
        else
            if count < 1 || count > given.Length then
                c.Refuse($"%d{count} sequences", "at least one", "export the model again")

            let states, sequences = given |> List.map c.In |> List.splitAt (given.Length - count)

            over
                c
                body
                states
                sequences
                (c.TrySmalls "scan_input_directions")
                (c.TrySmalls "scan_input_axes")
                (c.TrySmalls "scan_output_directions")
                (c.TrySmalls "scan_output_axes")

    let private opened rule = { rule with IsOpen = true }

    let rules: OnnxRule list =
        [
            OnnxRule.make "If" [ 1; 11; 13; 16; 19; 21; 23; 24; 25 ] 1 [ "then_branch"; "else_branch" ] branch
            |> opened
            OnnxRule.make "Loop" [ 1; 11; 13; 16; 19; 21; 23; 24; 25 ] -1 [ "body" ] loop |> opened
            OnnxRule.make
                "Scan"
                [ 8; 9; 11; 16; 19; 21; 23; 24; 25 ]
                -1
                [
                    "body"
                    "directions"
                    "num_scan_inputs"
                    "scan_input_axes"
                    "scan_input_directions"
                    "scan_output_axes"
                    "scan_output_directions"
                ]
                scan
            |> opened
        ]
