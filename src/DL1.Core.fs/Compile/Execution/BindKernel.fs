namespace DL1.Compiler.Execution

open DL1.Compiler.Movement
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// Makes the kernel object of each step of a plan.
[<RequireQualifiedAccess>]
module internal BindKernel =

    /// The kernel that does `work` on the buffers of `frame`; `nested` binds the plan of a scan's body to a frame of
    /// its own.
    let kernel (nested: Plan -> IBound) (frame: Frame) (width: Width) (work: Work) : Kernel =
        match work with
        | Work.FusedLoop job when SplitReductionKernel.Suits(frame, job) -> SplitReductionKernel(frame, job)
        | Work.FusedLoop job -> FusedLoopKernel(frame, job)
        | Work.Gemm product -> GemmKernel(frame, width, product)
        | Work.Channels job -> ChannelsLastKernel(frame, width, job)
        | Work.BackToBack(job, _) -> BackToBackKernel(frame, width, job)
        | Work.Copy(view, dtype, shape, source, target) ->
            let from = { Start = view.Offset; Strides = List.ofArray view.Strides }
            let copy = StridedCopy(dtype.Bytes, shape.ToList(), from, View.whole shape)

            let run threads (from: nativeint[]) into = copy.Run(threads, from[0], into)
            CallKernel(frame, run, [| source |], target)
        | Work.Static(e, reads, write) -> StaticKernel.bind frame e reads write
        | Work.Scan(job, body) -> ScanKernel(frame, nested body, job)
        | Work.Defined(run, operands, target) -> DefinedKernel(frame, run, operands, target)
