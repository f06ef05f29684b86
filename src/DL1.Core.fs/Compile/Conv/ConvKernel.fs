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

/// A convolution in one of its roles, ready to run; it serves one run at a time. `left` and `right` are the operands in the
/// graph: x and w for Forward, y and w for InputGrad, x and y for WeightGrad. Images have channels last or first. Each element of
/// the result is a sum of chains of fused multiply-adds, of the direct form or of Winograd's. Where chains end depends on the
/// extents alone, so that the bits are the same for every vector width and number of threads. Padding is multiplied like data, as
/// zeros: times an infinite or NaN factor it gives NaN.
[<AbstractClass>]
type internal ConvKernel() =
    let mutable isPacked = false

    /// Whether the weights never change, so that the kernel packs them once.
    member val IsFrozen = false with get, set

    /// Returns whether this run must pack the weights, and remembers that they are packed.
    member this.Packs() =
        let packs = not (this.IsFrozen && isPacked)
        isPacked <- true
        packs

    /// The operands of the current run.
    abstract Operands: ConvOperands
    /// What the kernel keeps between runs: packed weights, or partial sums.
    abstract Kept: Block
    /// The number of bytes that the kernel keeps between runs.
    abstract KeptBytes: int64
    default this.KeptBytes = this.Kept.Bytes
    /// Computes the result from the operands, on at most `threads` threads.
    abstract Compute: threads: int -> unit

    /// Runs on at most `threads` threads. Calls the epilogue on blocks, which together have each element of the result once.
    /// Their rows are those of the result as `[samples · height · width; channels]`, or for weights as `[outputs; all others]`.
    member this.Run(threads: int, left: nativeint, right: nativeint, result: nativeint, epilogue) =
        let o = this.Operands
        o.Left <- left
        o.Right <- right
        o.Result <- result
        o.Epilogue <- epilogue
        this.Compute threads
        o.Epilogue <- null
        this.Kept.Hold()
