namespace DL1

/// The kernel for each piece of work.
[<RequireQualifiedAccess>]
module internal Bind =
    /// A value put in row-major order.
    [<Sealed>]
    type private CopyKernel
        (frame: Frame, reading: Reading, dtype: DType, shape: Shape, source: int, target: int) =
        inherit Kernel()

        let view = { Start = reading.Offset; Strides = List.ofArray reading.Strides }
        let copy = StridedCopy(Memory.size dtype, shape.ToList(), view, View.whole shape)

        override _.Run() = copy.Run(frame.Threads, frame.Addresses[source], frame.Addresses[target])

    /// Binds a piece of work to a frame; `nested` binds the plan of a loop's body.
    let kernel (nested: Plan -> IBound) (frame: Frame) (width: Width) (work: Work) : Kernel =
        match work with
        | Work.Pass pass when PassShares.Suits(frame, pass) -> PassShares(frame, pass)
        | Work.Pass pass -> PassKernel(frame, pass)
        | Work.Product product -> ProductKernel(frame, width, product)
        | Work.Channels job -> ChannelsKernel(frame, width, job)
        | Work.Chain(chain, _) -> ChainKernel(frame, width, chain)
        | Work.Copy(reading, dtype, shape, source, target) ->
            CopyKernel(frame, reading, dtype, shape, source, target)
        | Work.Static(e, reads, write) -> StaticKernel.bind frame e reads write
        | Work.Loop(job, body) -> LoopKernel(frame, nested body, job)
        | Work.Defined(run, operands, target) -> DefinedKernel(frame, run, operands, [| target |])
