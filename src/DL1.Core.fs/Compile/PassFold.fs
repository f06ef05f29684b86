namespace DL1

open DL1.PassBlock

/// What folds do with their lanes: blocks of 64 bytes, of f32 and numbers of 32 bits where a pass is `single`, else of 64.
[<RequireQualifiedAccess>]
module internal PassFold =
    /// A fold's lanes with one more value in each, in `next`.
    let combine single kind op (x: nativeint) (total: nativeint) (next: nativeint) =
        let binary = PassSteps.folding op

        match kind with
        | LaneKind.Float when single -> PassFloats.binary32 binary total x next
        | LaneKind.Float -> PassFloats.binary64 binary total x next
        | LaneKind.Whole
        | LaneKind.Truth when single -> PassWholes.wholeBinary32 binary total x next
        | LaneKind.Whole
        | LaneKind.Truth -> PassWholes.wholeBinary64 binary total x next

    /// What a fold begins with, in each lane.
    let start single kind op (total: nativeint) =
        match kind with
        | LaneKind.Float when single -> fill total 4 (float32 (PassSteps.startFloat op))
        | LaneKind.Float -> fill total 8 (PassSteps.startFloat op)
        | LaneKind.Whole
        | LaneKind.Truth when single -> fill total 4 (PassSteps.startWhole op)
        | LaneKind.Whole
        | LaneKind.Truth -> fill total 8 (int64 (PassSteps.startWhole op))

    /// A fold's lanes joined, in each lane.
    let join single kind op (total: nativeint) =
        match kind with
        | LaneKind.Float when single ->
            match op with
            | ReduceOp.Sum -> PassJoin.SumFloat32 total
            | ReduceOp.Prod -> PassJoin.ProdFloat32 total
            | ReduceOp.Max -> PassJoin.MaxFloat32 total
            | ReduceOp.Min -> PassJoin.MinFloat32 total
            |> fill total 4
        | LaneKind.Float ->
            match op with
            | ReduceOp.Sum -> PassJoin.SumFloat64 total
            | ReduceOp.Prod -> PassJoin.ProdFloat64 total
            | ReduceOp.Max -> PassJoin.MaxFloat64 total
            | ReduceOp.Min -> PassJoin.MinFloat64 total
            |> fill total 8
        | LaneKind.Whole
        | LaneKind.Truth when single ->
            match op with
            | ReduceOp.Sum -> PassJoin.SumWhole32 total
            | ReduceOp.Prod -> PassJoin.ProdWhole32 total
            | ReduceOp.Max -> PassJoin.MaxWhole32 total
            | ReduceOp.Min -> PassJoin.MinWhole32 total
            |> fill total 4
        | LaneKind.Whole
        | LaneKind.Truth ->
            match op with
            | ReduceOp.Sum -> PassJoin.SumWhole64 total
            | ReduceOp.Prod -> PassJoin.ProdWhole64 total
            | ReduceOp.Max -> PassJoin.MaxWhole64 total
            | ReduceOp.Min -> PassJoin.MinWhole64 total
            |> fun whole -> fill total 8 (int64 (int whole))
