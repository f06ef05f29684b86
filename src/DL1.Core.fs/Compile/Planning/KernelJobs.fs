namespace DL1.Compiler.Planning

open System.Collections.Generic
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion

/// Translates groups into jobs: the operands of each kernel as buffers, offsets and strides.
[<RequireQualifiedAccess>]
module internal KernelJobs =
    /// Groups in topological order; among those that are ready, the group made first comes first.
    let schedule (groups: Group[]) : Group[] =
        let waiting =
            groups
            |> Array.map (fun g ->
                Array.sumBy (fun (h: Group) -> if g.Ancestors.Contains h.Number then 1 else 0) groups)

        let next _ =
            let g = groups |> Array.find (fun g -> waiting[g.Number] = 0)
            waiting[g.Number] <- -1

            for h in groups do
                if h.Ancestors.Contains g.Number then
                    waiting[h.Number] <- waiting[h.Number] - 1

            g

        Array.map next groups

    /// The index of the buffer of an operand; for random words, of the buffer of their key; for spill memory −1.
    let operandBuffer (bufferOf: Expr -> int) (p: ProgramOperand) =
        match p with
        | ProgramOperand.Value(e, _) -> bufferOf e
        | ProgramOperand.Random(_, key) -> bufferOf key
        | ProgramOperand.Spill -> -1

    /// The offset of the operand's first element in its buffer, in elements; 0 for random words and spill memory.
    let offsetOf (p: ProgramOperand) =
        match p with
        | ProgramOperand.Value(_, offset) -> offset
        | ProgramOperand.Random _
        | ProgramOperand.Spill -> 0

    /// The job of a group without an anchor: its fused loop over its iteration space.
    let fusedLoopJob code bufferOf (g: Group) (p: GroupProgram) : FusedLoopJob =
        {
            Loop = p.Loop
            Body = code p.Loop
            Space = p.Space
            Reduces = g.Reduced.Length > 0
            Weight = LoopSteps.weight p.Loop
            Sizes = p.Loop.Operands |> Array.map _.Type.Bytes
            Buffers = Array.map (operandBuffer bufferOf) p.Operands
            Offsets = Array.map offsetOf p.Operands
            Streams =
                p.Operands
                |> Array.map (function
                    | ProgramOperand.Random(stream, _) -> stream
                    | ProgramOperand.Value _
                    | ProgramOperand.Spill -> -1)
            BlockColumns = if p.Loop.Type = DType.F64 then 8 else 16
        }

    /// Makes the job of an epilogue. From the strides of an operand, `starts` computes the offset of each matrix of the stack,
    /// `row` the stride of a row, both in elements, and `isAlong` whether the operand has an element for each column.
    let private epilogue code bufferOf (p: GroupProgram) starts row isAlong : EpilogueJob =
        {
            Body = code p.Loop
            Sizes = p.Loop.Operands |> Array.map _.Type.Bytes
            Buffers = Array.map (operandBuffer bufferOf) p.Operands
            Offsets = Array.map offsetOf p.Operands
            Starts = Array.map starts p.Strides
            Rows = Array.map row p.Strides
            Along = Array.map isAlong p.Strides
        }

    /// The epilogue of a matrix product. `anchor` is the product.
    let epilogueJob code bufferOf (g: Group) (anchor: Expr) (p: GroupProgram) : EpilogueJob =
        // The domain has the axes of the stack, then row and column, without axes of extent 1.
        let rank = anchor.Shape.Rank
        let rows, columns = anchor.Shape[rank - 2], anchor.Shape[rank - 1]
        let last = g.Domain.Length - 1
        let rowAxis = if columns = 1 then last else last - 1
        let hasRows = rows > 1
        let stack = if hasRows then g.Domain[.. rowAxis - 1] else g.Domain[..rowAxis]
        let starts (strides: int[]) = IterationSpace.offsets stack strides[.. stack.Length - 1]
        let row (strides: int[]) = if hasRows then strides[rowAxis] else 0
        epilogue code bufferOf p starts row (fun strides -> columns > 1 && strides[last] <> 0)

    /// The epilogue of a convolution.
    let convEpilogueJob code bufferOf (g: Group) (node: Expr) (p: GroupProgram) : EpilogueJob =
        let isAlong (strides: int[]) = strides.Length > 0 && Array.last strides <> 0
        epilogue code bufferOf p (fun _ -> [| 0 |]) (AnchorMatrix.row node g.Domain) isAlong

    /// An operand of a matrix product, as a view into its source's buffer.
    let matrix (bufferOf: Expr -> int) (e: Expr) : MatrixBuffer =
        let r = MatrixOperand.reading e
        let rank = e.Shape.Rank
        let struct (outer, batch, inner) = MatrixOperand.stack e r |> Option.defaultValue (struct (0, 0, 1))

        // The stride of an axis of extent 1 is arbitrary; a product requires that one of the two strides is 1.
        let row, column = r.Strides[rank - 2], r.Strides[rank - 1]

        let row, column =
            if row = 1 || column = 1 then row, column
            elif e.Shape[rank - 1] = 1 then row, 1
            else 1, column

        {
            Buffer = bufferOf r.Source
            Offset = r.Offset
            Layout = { Data = 0n; Row = row; Column = column; Batch = batch; Inner = inner; Outer = outer }
        }

    /// The result of a matrix product: contiguous and row-major, from the beginning of its buffer.
    let result (buffer: int) (shape: Shape) : MatrixBuffer =
        let m, n = shape[shape.Rank - 2], shape[shape.Rank - 1]

        {
            Buffer = buffer
            Offset = 0
            Layout = { Data = 0n; Row = n; Column = 1; Batch = m * n; Inner = 0; Outer = 0 }
        }

    /// Returns the distinct operands of a node, and a function that computes the node from their values by `Eval`.
    let defined (e: Expr) =
        let operands = Node.operands e.Node |> List.distinctBy _.Digest
        let variables = operands |> List.map (fun o -> Rebuild.fresh o.DType o.Shape)
        let by = dict [ for o, v in List.zip operands variables -> o.Digest, Expr.ofVariable v ]
        let alone = Expr.Make(Node.map (fun (o: Expr) -> by[o.Digest]) e.Node)
        operands, Eval.prepare variables [ alone ]

    /// The job of a scan, whose results are `members`, with the plan of its body.
    let scanJob (bufferOf: Expr -> int) (members: Expr seq) (call: ScanCall<Expr>) (body: Plan) : ScanJob =
        let variableBytes (v: Variable) = Memory.bytes v.DType v.Shape.Size
        let carries = call.Body.Next.Length

        // For each result of the scan that is used, by number, its buffer.
        let wanted = Dictionary<int, int>()

        for e in members do
            match e.Node with
            | Node.Scan(result, _) -> wanted[result] <- bufferOf e
            | _ -> ()

        let resultBuffer i = wanted.GetValueOrDefault(i, -1)

        {
            Length = call.Length
            Reversed = call.Reversed
            CarryBytes = call.Body.Carries |> List.map variableBytes |> Array.ofList
            SliceBytes = call.Body.Slices |> List.map variableBytes |> Array.ofList
            OutputBytes = call.Body.Outputs |> List.map Memory.bytesOf |> Array.ofList
            Carries = call.Body.Carries |> List.map body.BufferOf |> Array.ofList
            Slices = call.Body.Slices |> List.map body.BufferOf |> Array.ofList
            Fixed = call.Body.Fixed |> List.map body.BufferOf |> Array.ofList
            Results = body.Results
            Direct = Array.init body.Results.Length body.IsDirect
            Initial = call.Initial |> List.map bufferOf |> Array.ofList
            Sequences = call.Sequences |> List.map bufferOf |> Array.ofList
            OuterFixed = call.Fixed |> List.map bufferOf |> Array.ofList
            Final = Array.init carries resultBuffer
            Stacks = Array.init call.Body.Outputs.Length (fun j -> resultBuffer (carries + j))
        }
