namespace DL1

open System.Collections.Generic

/// What an epoch that is being trained has come to: what its row of the history is made of, and what a checkpoint in its
/// middle keeps.
[<Sealed>]
type internal EpochProgress() =
    let told = List<struct (int * Tensor list)>()

    /// The steps made.
    member val Steps = 0 with get, set
    /// The rows of these steps.
    member val Rows = 0 with get, set
    /// The sum over the rows of their batches' losses.
    member val Sum = 0.0 with get, set
    /// The sum over the rows of penalties.
    member val Penalties = 0.0 with get, set
    /// The sums over the steps of the norms of gradients.
    member val Norms: Tree<float> = Tree.empty with get, set
    /// The seconds before the training was resumed.
    member val Seconds = 0.0 with get, set
    /// What was asked of each batch, or each shard, beside the loss, with its rows.
    member _.Told = told

    static member private Prefix = "epoch"

    /// What a checkpoint keeps.
    member this.ToExtra(seconds: float) : Tree<Tensor> =
        let numbers = [ float this.Steps; float this.Rows; this.Sum; this.Penalties; seconds ]

        let asked =
            match List.ofSeq told with
            | [] -> []
            | struct (_, first) :: _ as all ->
                ("told.rows", Tensor.Of [| for struct (rows, _) in all -> int64 rows |])
                :: [
                    for i in 0 .. first.Length - 1 ->
                        $"told.%d{i}",
                        all
                        |> List.map (fun (struct (_, ts)) -> Tensor.reshape (1 :: ts[i].Shape.ToList()) ts[i])
                        |> Rows.stack "Checkpoint"
                ]

        [
            "numbers", Tensor.vector numbers
            if this.Norms.Count > 0 then
                "norms", Tensor.vector (Tree.values this.Norms)
            yield! asked
        ]
        |> Tree.ofList
        |> Tree.under EpochProgress.Prefix

    /// What a checkpoint has; nothing made where it was written after an epoch.
    static member OfExtra(trained: Tree<Tensor>, extra: Tree<Tensor>) : EpochProgress =
        let progress = EpochProgress()
        let found = Tree.at EpochProgress.Prefix extra

        match Tree.tryFind "numbers" found with
        | Some t when t.DType = DType.F64 && t.Size = 5 ->
            let values = Tensor.toFloats t
            progress.Steps <- int values[0]
            progress.Rows <- int values[1]
            progress.Sum <- values[2]
            progress.Penalties <- values[3]
            progress.Seconds <- values[4]

            match Tree.tryFind "norms" found with
            | Some norms when norms.Size = trained.Count ->
                progress.Norms <- Tree.ofValues (List.ofArray (Tensor.toFloats norms)) trained
            | Some _
            | None -> ()

            match Tree.tryFind "told.rows" found with
            | Some rows ->
                let parts =
                    [
                        for i in 0 .. found.Count - 1 do
                            yield! Option.toList (Tree.tryFind $"told.%d{i}" found)
                    ]

                Tensor.toFloats rows
                |> Array.iteri (fun at rows ->
                    let one (t: Tensor) =
                        Rows.take "Checkpoint" [| at |] t |> Tensor.reshape (t.Shape.ToList().Tail)

                    progress.Told.Add(struct (int rows, parts |> List.map one)))
            | None -> ()
        | Some _
        | None -> ()

        progress
