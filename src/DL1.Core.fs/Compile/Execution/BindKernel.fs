namespace DL1.Compiler.Execution

open DL1.Compiler.Movement
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// Makes the kernel object of each step of a plan.
[<RequireQualifiedAccess>]
module internal BindKernel =

    /// The kernel that does `work` on the buffers of `frame`; `nested` binds the plan of a scan's body to a frame of
    /// its own, and returns that frame and the function that runs the plan on a number of threads.
    let kernel (nested: Plan -> Frame * (int -> unit)) (frame: Frame) (width: Width) (work: Work) : Kernel =
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
        | Work.Scan(job, body) ->
            let inner, run = nested body
            ScanKernel(frame, inner, run, job)
        | Work.Defined(run, operands, target) -> DefinedKernel(frame, run, operands, target)
