namespace DL1

open System
open DL1.Notebooks

/// One layer of a summary.
type SummaryRow =
    {
        /// Where it is in the model; empty for a model of one layer.
        Path: string
        /// What it is: `Linear`.
        Layer: string
        /// How deep it lies in other layers, from 0.
        Depth: int
        /// The shape of its result; none where that is not one expression.
        Output: Shape option
        /// The elements of its parameters, those of the layers inside it among them.
        Parameters: int64
        /// Additions, multiplications and functions of elements in one run, the layers inside it among them.
        Flops: int64
    }

/// A model as a table; it prints itself as Keras does.
[<Sealed; StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type Summary internal (rows: SummaryRow list, parameters: int64, state: int64, flops: int64) =
    /// The layers, those of a row in their order, each followed by what is inside it.
    member _.Rows = rows
    /// The elements of all parameters.
    member _.Parameters = parameters
    /// The elements of all state.
    member _.State = state
    /// The work of one run.
    member _.Flops = flops

    /// The header, and what stands for each layer.
    member private _.Table: string list list =
        let number (n: int64) = n.ToString("N0", Globalization.CultureInfo.InvariantCulture)

        let cells (r: SummaryRow) =
            let name = if r.Path = "" then r.Layer else $"{r.Path} ({r.Layer})"
            let indent = String.replicate (max 0 (r.Depth - 1)) "  "

            [
                indent + name
                r.Output |> Option.map string |> Option.defaultValue "-"
                number r.Parameters
                number r.Flops
            ]

        [ "Layer"; "Output shape"; "Parameters"; "FLOPs" ] :: List.map cells rows

    member private _.Totals =
        let number (n: int64) = n.ToString("N0", Globalization.CultureInfo.InvariantCulture)
        $"Parameters: {number parameters}   State: {number state}   FLOPs: {number flops}"

    member internal this.Display = Format.following (this.ToString())

    interface INotebookValue with
        member this.Html = Html.table this.Totals this.Table.Head (Seq.map Seq.ofList this.Table.Tail)

    override this.ToString() =
        let lines = Format.table 2 this.Table
        let rule = String('-', lines |> List.map String.length |> List.max)
        String.concat "\n" [ lines.Head; rule; yield! lines.Tail; rule; this.Totals ]

/// Tables of models.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Summary =
    /// The operations of one node on its elements: two for each pair of a product or a convolution, one for each element
    /// of a function, a sum or a comparison; none for what only moves.
    let rec internal costOf (e: Expr) : int64 =
        let size (x: Expr) = int64 x.Shape.Size

        match e.Node with
        | Node.Constant _
        | Node.Variable _
        | Node.Cast _
        | Node.Broadcast _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _
        | Node.Pad _
        | Node.Concat _
        | Node.Reverse _
        | Node.Gather _
        | Node.StopGradient _ -> 0L
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.RandomBits _ -> size e
        | Node.Reduce(_, _, x)
        | Node.ArgReduce(_, _, x)
        | Node.CumSum(_, _, x) -> size x
        | Node.ArgSort(axis, x) ->
            size x * int64 (System.Numerics.BitOperations.Log2(uint32 x.Shape[axis]) + 1)
        // A maximum, a difference, an exponential, a sum, and a quotient or a logarithm.
        | Node.Softmax(_, x)
        | Node.LogSumExp(_, x) -> 5L * size x
        | Node.MatMul(a, _) -> 2L * size e * int64 a.Shape[a.Shape.Rank - 1]
        | Node.ScatterAdd(_, _, updates, _) -> size updates
        | Node.Conv(role, _, a, b) ->
            // Every element of the result of the forward form meets a kernel: which operand is which depends on the role.
            let perOutput (w: Shape) = int64 (w.Size / max 1 w[0])

            match role with
            | ConvRole.Forward -> 2L * size e * perOutput b.Shape
            | ConvRole.InputGrad _ -> 2L * size a * perOutput b.Shape
            | ConvRole.WeightGrad _ -> 2L * size b * perOutput e.Shape
        | Node.MaxPool(w, _)
        | Node.AvgPool(w, _) -> size e * int64 (List.fold (*) 1 w.Kernel)
        | Node.MaxPoolPick(w, x, _)
        | Node.MaxPoolScatter(w, x, _) -> size x * int64 (List.fold (*) 1 w.Kernel)
        | Node.AvgPoolGrad(w, _, x) -> size x * int64 (List.fold (*) 1 w.Kernel)
        | Node.Scan(_, call) -> int64 call.Length * total (call.Body.Next @ call.Body.Outputs)
        | Node.Custom(rule, _) -> total [ rule.Value ]

    and private total (roots: Expr list) =
        Graph.topological roots |> Seq.distinctBy workOf |> Seq.sumBy costOf

    /// What tells the work of one node from that of another: a loop has a node for each of its results, and runs once.
    and private workOf (e: Expr) : Digest =
        match e.Node with
        | Node.Scan(result, call) when result > 0 -> Expr.Make(Node.Scan(0, call)).Digest
        | _ -> e.Digest

    /// The table of a model on an example of its input, of which only shape and type matter: layers, the shapes of their
    /// results, elements of parameters, and work. `Summary.ofLayer x model`
    let ofLayer (x: 'a) (layer: Layer<'a, 'b>) : Summary =
        let seen = Collections.Generic.HashSet<Digest>()
        let mutable done' = 0L

        let addWork (e: Expr) =
            for node in Graph.topological [ e ] do
                if seen.Add(workOf node) then
                    done' <- done' + costOf node

            done'

        let _, ledger = Layer.asking DType.F32 (Some addWork) x layer
        let ran = List.ofSeq ledger.Rows |> List.choose id
        let elements (asked: seq<Asked>) = asked |> Seq.sumBy (fun a -> int64 (List.fold (*) 1 a.Dims))

        // What a layer did is what was done when it ended, less what was done when it began.
        let rec table (before: int64) (rest: Ran list) : SummaryRow list =
            match rest with
            | [] -> []
            | row :: after ->
                let inside = after |> List.takeWhile (fun r -> r.Depth > row.Depth)
                let ended = row :: inside |> List.map _.Cost |> List.max

                let own =
                    {
                        Path = row.Path
                        Layer = row.Name
                        Depth = row.Depth
                        Output = row.Output |> Option.map _.Shape
                        Parameters = row.Needs |> Seq.distinctBy _.Path |> elements
                        Flops = max 0L (ended - before)
                    }

                own :: table before inside @ table (max before ended) (List.skip inside.Length after)

        Summary(table 0L ran, elements ledger.Parameters, elements ledger.State, done')
