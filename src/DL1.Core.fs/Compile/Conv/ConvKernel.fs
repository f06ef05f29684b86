namespace DL1.Compiler.Conv

open DL1
open DL1.Compiler.Gemm

/// Which of a convolution's operands and result, if they are data, have channels first, as the graph has them: a kernel
/// turns them part by part, in the nearest caches. Else channels are last.
[<Struct>]
type internal ConvFirst =
    {
        Left: bool
        Right: bool
        Result: bool
    }

    /// Channels are last everywhere.
    static member None = { Left = false; Right = false; Result = false }

/// A convolution ready to run, in one of its roles; it serves one run at a time. Operands are as in the graph, but
/// for data, whose channels are last or first: Forward x w; InputGrad y w; WeightGrad x y.
/// Each element of the result is made of chains of fused multiply-adds, of places or of Winograd's tiles, cut at places
/// that depend on the extents alone: the same bits for every width and number of threads. Padding takes part as zeros, so that an infinite or
/// NaN factor of it is NaN.
[<AbstractClass>]
type internal ConvKernel() =
    /// The bytes that it keeps: packed weights, or the sums of parts.
    abstract KeptBytes: int64

    /// On at most so many threads. The finish is called once for each element: on rows of the result seen as
    /// `[samples · height · width; channels]`, or for weights as `[outputs; all others]`.
    abstract Run:
        threads: int * left: nativeint * right: nativeint * result: nativeint * finish: BlockEpilogue | null ->
            unit
