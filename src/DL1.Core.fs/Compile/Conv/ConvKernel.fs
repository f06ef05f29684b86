namespace DL1.Compiler.Conv

open DL1.Compiler.Gemm
open DL1.Compiler.Runtime

/// The addresses of a run's operands and result, and its epilogue.
[<Sealed>]
type internal ConvOperands() =
    member val Left = 0n with get, set
    member val Right = 0n with get, set
    member val Result = 0n with get, set
    member val Epilogue: BlockEpilogue | null = null with get, set

/// A convolution in one of its roles, ready to run; it serves one run at a time. Operands are as in the graph, but data
/// has its channels last or first: Forward x w; InputGrad y w; WeightGrad x y. Each element of the result is a sum of
/// chains of fused multiply-adds, over pixels or over Winograd's tiles. Where the chains end depends on the extents
/// alone: the bits are the same for every width and number of threads. Padding takes part as zeros, so that an infinite
/// or NaN factor of it gives NaN.
[<AbstractClass>]
type internal ConvKernel() =
    let mutable isPacked = false

    /// Whether the weights never change, so that the kernel packs them once.
    member val IsFrozen = false with get, set

    /// Whether a run has to pack the weights.
    member this.Packs() =
        let packs = not (this.IsFrozen && isPacked)
        isPacked <- true
        packs

    /// The operands of the current run.
    abstract Operands: ConvOperands
    /// What the kernel keeps between runs: packed weights, or partial sums.
    abstract Kept: Block
    /// The bytes of it.
    abstract KeptBytes: int64
    default this.KeptBytes = this.Kept.Bytes
    /// Computes the result from the operands, on at most `threads` threads.
    abstract Compute: threads: int -> unit

    /// Runs on at most `threads` threads. Calls the epilogue on blocks of rows, which together contain each element of the result
    /// exactly once: rows of the result seen as `[samples · height · width; channels]`, or for weights as `[outputs; all others]`.
    member this.Run(threads: int, left: nativeint, right: nativeint, result: nativeint, epilogue) =
        let o = this.Operands
        o.Left <- left
        o.Right <- right
        o.Result <- result
        o.Epilogue <- epilogue
        this.Compute threads
        o.Epilogue <- null
        this.Kept.Hold()
