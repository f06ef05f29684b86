namespace DL1.Compiler.Interpret

open DL1.Compiler.Interpret.LaneBlock
open DL1
open DL1.Compiler.FusedLoop

/// Reductions on blocks of 64 bytes: lanes are f32 and 32-bit integers where the loop is `single`, else they have 64
/// bits.
[<RequireQualifiedAccess>]
module internal InterpretReduce =
    /// Combines the accumulator `total` with one more value in each lane, into `next`.
    let combine single kind op (x: nativeint) (total: nativeint) (next: nativeint) =
        let binary = LoopSteps.combining op

        match kind with
        | LaneKind.Float when single -> InterpretFloats.binary<float32> binary total x next
        | LaneKind.Float -> InterpretFloats.binary<float> binary total x next
        | LaneKind.Whole
        | LaneKind.Truth when single -> InterpretIntegers.wholeBinary<int> binary total x next
        | LaneKind.Whole
        | LaneKind.Truth -> InterpretIntegers.wholeBinary<int64> binary total x next

    /// Fills an accumulator with the value from which the reduction starts.
    let start single kind op (total: nativeint) =
        match kind with
        | LaneKind.Float when single -> fill total (float32 (LoopSteps.startFloat op))
        | LaneKind.Float -> fill total (LoopSteps.startFloat op)
        | LaneKind.Whole
        | LaneKind.Truth when single -> fill total (LoopSteps.startWhole op)
        | LaneKind.Whole
        | LaneKind.Truth -> fill total (int64 (LoopSteps.startWhole op))

    let private combined<'T when 'T: unmanaged and 'T: struct> op (total: nativeint) : 'T =
        match op with
        | ReduceOp.Sum -> LanePairs.Sum<'T> total
        | ReduceOp.Prod -> LanePairs.Prod<'T> total
        | ReduceOp.Max -> LanePairs.Max<'T> total
        | ReduceOp.Min -> LanePairs.Min<'T> total

    /// Combines the lanes of an accumulator, and fills all of them with the result.
    let combineLanes single kind op (total: nativeint) =
        match kind with
        | LaneKind.Float when single -> fill total (combined<float32> op total)
        | LaneKind.Float -> fill total (combined<float> op total)
        | LaneKind.Whole
        | LaneKind.Truth when single -> fill total (combined<int> op total)
        | LaneKind.Whole
        | LaneKind.Truth -> fill total (int64 (int (combined<int64> op total)))
