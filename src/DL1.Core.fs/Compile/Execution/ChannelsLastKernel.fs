namespace DL1.Compiler.Execution

open System
open DL1
open DL1.Compiler.Conv
open DL1.Compiler.Gemm
open DL1.Compiler.Pooling
open DL1.Compiler.Simd

/// A convolution or pooling, channels last, and the pass that follows a convolution.
[<NoEquality; NoComparison>]
type internal ChannelsLastJob =
    {
        /// The node as it stands in the graph.
        Node: Expr
        Operands: int[]
        Result: int
        /// Which of them have channels first.
        First: ConvFirst
        Finish: EpilogueJob option
    }

/// Runs a convolution or pooling.
[<Sealed>]
type internal ChannelsLastKernel(frame: Frame, width: Width, job: ChannelsLastJob) =
    inherit Kernel()

    let e = job.Node

    let conv =
        match e.Node with
        | Node.Conv(role, spec, left, right) ->
            let geometry = ConvKernels.geometry role spec left.Shape right.Shape e.Shape

            Some(
                (if e.DType = DType.F64 then ConvKernels.f64On else ConvKernels.f32On)
                    width
                    role
                    job.First
                    geometry
            )
        | _ -> None

    let pooling =
        let make role window (data: Expr) (result: Expr) =
            let geometry = PoolingGeometry.make window data.Shape result.Shape

            Some(
                (if e.DType = DType.F64 then PoolingKernels.f64On else PoolingKernels.f32On)
                    width
                    role
                    geometry
            )

        match e.Node with
        | Node.MaxPool(window, x) -> make PoolingRole.Max window x e
        | Node.MaxPoolPick(window, x, _) -> make PoolingRole.MaxPick window x e
        | Node.MaxPoolScatter(window, x, dy) -> make PoolingRole.MaxScatter window x dy
        | Node.AvgPool(window, x) -> make PoolingRole.Avg window x e
        | Node.AvgPoolGrad(window, _, dy) -> make PoolingRole.AvgGrad window e dy
        | _ -> None

    let mutable finish: BlockEpilogue | null = null

    /// `address` is where whole rows of the result are made, which is not always where they come to stand.
    member private _.After(pass: EpilogueJob, address: nativeint, row, rows, columns) =
        let bytes = columns * (if e.DType = DType.F64 then 8 else 4)
        let own = address - nativeint row * nativeint bytes
        let at = { Whereabouts.Of frame with One = job.Result; OneAt = own }
        EpilogueJob.run pass &at Int32.MaxValue row rows 0 columns

    override _.KeptBytes =
        match conv with
        | Some kernel -> kernel.KeptBytes
        | None -> 0L

    override this.Run() =
        match finish, job.Finish with
        | null, Some pass ->
            finish <-
                BlockEpilogue(fun address row rows _ columns -> this.After(pass, address, row, rows, columns))
        | _ -> ()

        let left = frame.Addresses[job.Operands[0]]
        let right = if job.Operands.Length > 1 then frame.Addresses[job.Operands[1]] else 0n
        let result = frame.Addresses[job.Result]

        match conv, pooling with
        | Some kernel, _ -> kernel.Run(frame.Threads, left, right, result, finish)
        | None, Some kernel -> kernel.Run(frame.Threads, left, right, result)
        | None, None -> ()
