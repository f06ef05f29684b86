namespace DL1.Compiler.Interpret

open System.Runtime.Intrinsics
open DL1.Compiler.Interpret.LaneBlock
open DL1
open DL1.Compiler.FusedLoop

/// Reductions on blocks of 64 bytes: lanes have 32 bits where the loop is `single`, else 64 bits.
[<RequireQualifiedAccess>]
module internal InterpretReduce =
    let private combining<'T when 'T: unmanaged> op blocks x total =
        Hot.loop ()

        match op with
        | ReduceOp.Sum -> fold<'T> (fun v w -> Vector128.Add(v, w)) blocks x total
        | ReduceOp.Prod -> fold<'T> (fun v w -> Vector128.Multiply(v, w)) blocks x total
        | ReduceOp.Max -> fold<'T> (fun v w -> Vector128.Max(v, w)) blocks x total
        | ReduceOp.Min -> fold<'T> (fun v w -> Vector128.Min(v, w)) blocks x total

    /// Combines `blocks` whole blocks at x, one after another, with the accumulator at `total`.
    let combine single (kind: LaneKind) op blocks x total =
        match kind.IsFloat, single with
        | true, true -> combining<float32> op blocks x total
        | true, false -> combining<float> op blocks x total
        | false, true -> combining<int> op blocks x total
        | false, false ->
            // Integers are 32-bit integers even in lanes of 64 bits: each result is wrapped.
            let binary = LoopSteps.combining op

            for i in 0 .. blocks - 1 do
                InterpretIntegers.wholeBinary<int64> binary 64n total (x + 64n * nativeint i) total

    /// Fills an accumulator with the value from which the reduction starts.
    let start single (kind: LaneKind) op total =
        match kind.IsFloat, single with
        | true, true -> fill 64n total (float32 (LoopSteps.startFloat op))
        | true, false -> fill 64n total (LoopSteps.startFloat op)
        | false, true -> fill 64n total (LoopSteps.startWhole op)
        | false, false -> fill 64n total (int64 (LoopSteps.startWhole op))

    let private combined<'T when 'T: unmanaged> op total : 'T =
        match op with
        | ReduceOp.Sum -> LanePairs.Sum<'T> total
        | ReduceOp.Prod -> LanePairs.Prod<'T> total
        | ReduceOp.Max -> LanePairs.Max<'T> total
        | ReduceOp.Min -> LanePairs.Min<'T> total

    /// Combines the lanes of an accumulator, and fills all of them with the result.
    let combineLanes single (kind: LaneKind) op total =
        match kind.IsFloat, single with
        | true, true -> fill 64n total (combined<float32> op total)
        | true, false -> fill 64n total (combined<float> op total)
        | false, true -> fill 64n total (combined<int> op total)
        | false, false -> fill 64n total (int64 (int (combined<int64> op total)))
