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
        | LaneKind.Float when single -> InterpretFloats.binary32 binary total x next
        | LaneKind.Float -> InterpretFloats.binary64 binary total x next
        | LaneKind.Whole
        | LaneKind.Truth when single -> InterpretIntegers.wholeBinary32 binary total x next
        | LaneKind.Whole
        | LaneKind.Truth -> InterpretIntegers.wholeBinary64 binary total x next

    /// Fills an accumulator with the value from which the reduction starts.
    let start single kind op (total: nativeint) =
        match kind with
        | LaneKind.Float when single -> fill total 4 (float32 (LoopSteps.startFloat op))
        | LaneKind.Float -> fill total 8 (LoopSteps.startFloat op)
        | LaneKind.Whole
        | LaneKind.Truth when single -> fill total 4 (LoopSteps.startWhole op)
        | LaneKind.Whole
        | LaneKind.Truth -> fill total 8 (int64 (LoopSteps.startWhole op))

    /// Combines the lanes of an accumulator, and fills all of them with the result.
    let combineLanes single kind op (total: nativeint) =
        match kind with
        | LaneKind.Float when single ->
            match op with
            | ReduceOp.Sum -> LanePairs.SumFloat32 total
            | ReduceOp.Prod -> LanePairs.ProdFloat32 total
            | ReduceOp.Max -> LanePairs.MaxFloat32 total
            | ReduceOp.Min -> LanePairs.MinFloat32 total
            |> fill total 4
        | LaneKind.Float ->
            match op with
            | ReduceOp.Sum -> LanePairs.SumFloat64 total
            | ReduceOp.Prod -> LanePairs.ProdFloat64 total
            | ReduceOp.Max -> LanePairs.MaxFloat64 total
            | ReduceOp.Min -> LanePairs.MinFloat64 total
            |> fill total 8
        | LaneKind.Whole
        | LaneKind.Truth when single ->
            match op with
            | ReduceOp.Sum -> LanePairs.SumWhole32 total
            | ReduceOp.Prod -> LanePairs.ProdWhole32 total
            | ReduceOp.Max -> LanePairs.MaxWhole32 total
            | ReduceOp.Min -> LanePairs.MinWhole32 total
            |> fill total 4
        | LaneKind.Whole
        | LaneKind.Truth ->
            match op with
            | ReduceOp.Sum -> LanePairs.SumWhole64 total
            | ReduceOp.Prod -> LanePairs.ProdWhole64 total
            | ReduceOp.Max -> LanePairs.MaxWhole64 total
            | ReduceOp.Min -> LanePairs.MinWhole64 total
            |> fun whole -> fill total 8 (int64 (int whole))
