namespace DL1.Compiler.Planning

open System
open System.Collections.Generic
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion
open DL1.Compiler.Gemm
open DL1.Compiler.Generic

/// What a kernel of a plan does.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal Work =
    /// Elementwise nodes and folds in one pass.
    | FusedLoop of FusedLoopJob
    /// A product of matrices, and the pass that follows it.
    | Gemm of GemmJob
    /// Products, a pass along their rows, and products of those rows, with the steps that they would be.
    | Chain of BackToBackJob * PlanStep list
    /// A node with a static kernel of its own.
    | Static of Expr * reads: int[] * write: int
    /// A value put in row-major order.
    | Copy of StridedView * DType * Shape * read: int * write: int
    /// A convolution or pooling, and the pass that follows it.
    | Channels of ChannelsLastJob
    /// A loop over a plan of its own.
    | Scan of ScanJob * body: Plan
    /// One node by Eval's definition: what has no kernel.
    | Defined of (Tensor list -> Tensor list) * operands: (Expr * int)[] * write: int

/// Where a value of a plan stands.
and [<RequireQualifiedAccess; NoEquality; NoComparison>] internal Where =
    | Input of int
    | Constant of Tensor
    /// At an offset of the arena.
    | Arena of int64
    /// In a tensor made for it.
    | Output of int

/// A kernel of a plan, the values that it computes, and the places that it reads and writes.
and [<NoEquality; NoComparison>] internal PlanStep =
    {
        Work: Work
        Group: Group
        Reads: int[]
        Writes: int[]
    }

    /// What it writes to a place that holds others beside it.
    member this.PartOf(place: int) : Expr option =
        match this.Work with
        | Work.Gemm job
        | Work.Chain({ Second = job }, _) when job.C.Place = place -> job.Part
        | _ -> None

/// A graph as kernels in order, over places in memory.
and [<NoEquality; NoComparison>] internal Plan =
    {
        Inputs: Variable list
        Roots: Expr list
        /// The value that each place holds first.
        Values: Expr[]
        Where: Where[]
        Steps: PlanStep[]
        /// The place of each root.
        Results: int[]
        /// How many places are outputs.
        Outputs: int
        /// Bytes of the arena.
        Bytes: int64
    }

    /// The place of an input; −1 where nothing reads it.
    member this.PlaceOf(v: Variable) =
        let n = List.findIndex ((=) v) this.Inputs

        Array.FindIndex(
            this.Where,
            fun where ->
                match where with
                | Where.Input i -> i = n
                | Where.Constant _
                | Where.Arena _
                | Where.Output _ -> false
        )

    /// Whether a kernel writes a root straight to its own memory: the first root of an output.
    member this.IsDirect(root: int) =
        match this.Where[this.Results[root]] with
        | Where.Output _ -> Array.IndexOf(this.Results, this.Results[root]) = root
        | Where.Input _
        | Where.Constant _
        | Where.Arena _ -> false
