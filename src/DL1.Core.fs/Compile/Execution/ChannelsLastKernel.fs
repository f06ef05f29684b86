namespace DL1.Compiler.Execution

open System
open DL1
open DL1.Compiler.Conv
open DL1.Compiler.Gemm
open DL1.Compiler.Pooling
open DL1.Compiler.Simd

/// The channels of a larger result that a convolution writes: the node of their value, the index of the first, and the number of
/// all channels of the larger result.
[<NoEquality; NoComparison>]
type internal ChannelsSlice = { Value: Expr; First: int; All: int }

/// A convolution or pooling over images with channels last, and the epilogue of a convolution.
[<NoEquality; NoComparison>]
type internal ChannelsLastJob =
    {
        /// The node, with the shapes of the graph.
        Node: Expr
        /// The buffers of the operands and of the result.
        Operands: int[]
        Result: int
        /// Says which of the operands and the result are in memory with channels first.
        ChannelsFirst: ConvFirst
        /// Where the result is a slice of a larger buffer (`ForwardOutputs`); else `None`.
        Slice: ChannelsSlice option
        Epilogue: EpilogueJob option
    }

/// Runs a convolution or pooling, with the epilogue of a convolution.
[<Sealed>]
type internal ChannelsLastKernel(frame: Frame, width: Width, job: ChannelsLastJob) =
    inherit Kernel()

    let e = job.Node
    let isDouble = e.DType = DType.F64
    let size = if isDouble then 8n else 4n

    /// The result's first channel in its buffer, and the number of all channels there.
    let first, all =
        match job.Slice with
        | Some slice -> slice.First, slice.All
        | None -> 0, e.Shape[1]

    let conv =
        match e.Node with
        | Node.Conv(role, spec, left, right) ->
            let make = if isDouble then ConvChoice.kernel<float> else ConvChoice.kernel<float32>
            let geometry = ConvChoice.geometry role spec left.Shape right.Shape e.Shape
            Some(make width role job.ChannelsFirst all geometry)
        | _ -> None

    let pooling =
        let make role window (data: Expr) (result: Expr) =
            let make = if isDouble then PoolingKernels.on<float> else PoolingKernels.on<float32>
            Some(make width role (PoolingGeometry.make window data.Shape result.Shape))

        match e.Node with
        | Node.MaxPool(window, x) -> make PoolingRole.Max window x e
        | Node.MaxPoolPick(window, x, _) -> make PoolingRole.MaxPick window x e
        | Node.MaxPoolScatter(window, x, dy) -> make PoolingRole.MaxScatter window x dy
        | Node.AvgPool(window, x) -> make PoolingRole.Avg window x e
        | Node.AvgPoolGrad(window, _, dy) -> make PoolingRole.AvgGrad window e dy
        | _ -> None

    /// Whether the second operand is weights that never change.
    let isFrozen () =
        match e.Node with
        | Node.Conv(role, _, _, _) -> not role.IsWeightGrad && not (isNull frame.Frozen[job.Operands[1]])
        | _ -> false

    /// The elements of a row of the result as the epilogue sees it: a pixel's channels, or the weights of one output.
    let rowLength =
        match e.Node with
        | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> nativeint (e.Shape.Size / max 1 e.Shape[0])
        | _ -> nativeint all

    /// Runs the epilogue on finished rows of the result. They are at `address`, which is not always their place in the
    /// result's buffer: a result with channels first is made in scratch memory.
    let epilogue: BlockEpilogue | null =
        match job.Epilogue with
        | None -> null
        | Some after ->
            BlockEpilogue(fun address row rows column columns ->
                let own = address - (nativeint row * rowLength + nativeint column) * size
                let at = { BufferAddresses.Of frame with One = job.Result; OneAt = own }
                EpilogueJob.run after &at Int32.MaxValue row rows column columns)

    override _.KeptBytes = conv |> Option.map _.KeptBytes |> Option.defaultValue 0L

    override _.Run() =
        let left = frame.Addresses[job.Operands[0]]
        let right = if job.Operands.Length > 1 then frame.Addresses[job.Operands[1]] else 0n
        let result = frame.Addresses[job.Result] + nativeint first * size

        match conv, pooling with
        | Some kernel, _ ->
            kernel.IsFrozen <- isFrozen ()
            kernel.Run(frame.Threads, left, right, result, epilogue)
        | None, Some kernel -> kernel.Run(frame.Threads, left, right, result)
        | None, None -> ()
