namespace DL1.Compiler.Planning

open System
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Fusion

/// The work of one kernel of a plan, by kind. Buffers are given by their index in `Plan.Values`.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal Work =
    /// Elementwise nodes and reductions in one fused loop.
    | FusedLoop of FusedLoopJob
    /// A matrix product with its epilogue.
    | Gemm of GemmJob
    /// A stack of matrix products, a fused loop along the rows of their results, and a second stack of products whose left
    /// operand is these rows, as in attention; and the three separate steps that were joined, for `Cost`.
    | BackToBack of BackToBackJob * PlanStep list
    /// A node computed by a precompiled kernel (`StaticKernel`).
    | Static of Expr * reads: int[] * write: int
    /// A strided view copied into row-major order.
    | Copy of StridedView * DType * Shape * read: int * write: int
    /// A convolution or pooling with channels last; a convolution may have an epilogue.
    | Channels of ChannelsLastJob
    /// A scan, with the plan of its body.
    | Scan of ScanJob * body: Plan
    /// A node without a kernel, computed by `Eval`: the function, the operands and their buffers, the result's buffer.
    | Defined of (Tensor list -> Tensor list) * operands: (Expr * int)[] * write: int

/// The memory of one buffer of a plan.
and [<RequireQualifiedAccess; NoEquality; NoComparison>] internal Location =
    /// The tensor given for the input with this index.
    | Input of int
    | Constant of Tensor
    /// The arena, from this byte offset on.
    | Arena of int64
    /// The tensor of the output with this index, allocated apart from the arena.
    | Output of int

/// One kernel of a plan: its work, the group of nodes that it computes, and the buffers that it reads and writes.
and [<NoEquality; NoComparison>] internal PlanStep =
    {
        Work: Work
        Group: Group
        Reads: int[]
        Writes: int[]
    }

    /// The value that this step writes as a slice of a buffer; `None` where it does not write the buffer, or writes all of it.
    member this.SliceOf(buffer: int) : Expr option =
        match this.Work with
        | Work.Gemm job
        | Work.BackToBack({ Second = job }, _) when job.C.Buffer = buffer -> job.Slice
        | Work.Channels job when job.Result = buffer -> job.Slice |> Option.map _.Value
        | _ -> None

    /// The step with other work, and with the buffer `target` in the place of `buffer`.
    member this.Redirect(work: Work, buffer: int, target: int) : PlanStep =
        let other = Array.map (fun p -> if p = buffer then target else p)
        { this with Work = work; Reads = other this.Reads; Writes = other this.Writes }

/// A graph as a sequence of kernels in the order of execution, over numbered buffers.
and [<NoEquality; NoComparison>] internal Plan =
    {
        Inputs: Variable list
        Roots: Expr list
        /// For each buffer, the node whose value it holds.
        Values: Expr[]
        Locations: Location[]
        Steps: PlanStep[]
        /// The buffer of each root.
        Results: int[]
        /// The number of buffers whose location is an `Output`.
        Outputs: int
        /// The size of the arena in bytes.
        Bytes: int64
    }

    /// The buffer of an input; −1 if it has none: no kernel reads it, and no root is this input.
    member this.BufferOf(v: Variable) =
        let n = List.findIndex ((=) v) this.Inputs

        this.Locations
        |> Array.tryFindIndex (function
            | Location.Input i -> i = n
            | _ -> false)
        |> Option.defaultValue -1

    /// Whether a kernel writes this root into an output tensor of its own; of roots that share a buffer, only the first has one.
    member this.IsDirect(root: int) =
        this.Locations[this.Results[root]].IsOutput
        && Array.IndexOf(this.Results, this.Results[root]) = root

/// The steps of a plan while a pass replaces some and removes others. A step keeps its index.
[<Sealed>]
type internal StepList(steps: PlanStep[]) =
    let left = Array.map Some steps

    let having (buffers: PlanStep -> int[]) buffer =
        [
            for i in 0 .. left.Length - 1 do
                match left[i] with
                | Some step when Array.contains buffer (buffers step) -> i, step
                | _ -> ()
        ]

    /// A step; `None` where it was removed.
    member _.Item
        with get (i: int) = left[i]
        and set i (step: PlanStep option) = left[i] <- step

    /// The steps that read a buffer, with their indices.
    member _.Readers(buffer: int) = having _.Reads buffer
    /// The steps that write a buffer, with their indices.
    member _.Writers(buffer: int) = having _.Writes buffer
    /// The steps that are left.
    member _.Left = Array.choose id left
