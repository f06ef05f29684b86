namespace DL1

/// The kernel for each piece of work.
[<RequireQualifiedAccess>]
module internal Bind =
    /// Binds a piece of work to a frame.
    let kernel (frame: Frame) (width: Width) (_generates: bool) (work: Work) : Kernel =
        match work with
        | Work.Pass pass -> PassKernel(frame, pass)
        | Work.Product product -> ProductKernel(frame, width, product)
        | Work.Copy(reading, dtype, shape, source, target) ->
            // Until a kernel moves it: element by element.
            ignore (reading, dtype, shape, source, target)
            Refuse.domain "compile" "a copy" "a kernel" "report this as a bug"
        | Work.Static(e, _, _) -> Refuse.domain "compile" (Node.name e.Node) "a kernel" "report this as a bug"
        | Work.Defined(run, operands, target) -> DefinedKernel(frame, run, operands, [| target |])
