namespace DL1

open DL1.Notebooks

/// The losses of a training, for notebooks.
[<RequireQualifiedAccess>]
module internal HistoryPicture =
    /// The losses of training, and of validation where there are some, over the epochs. Without two finite losses there is
    /// nothing to draw: the table.
    let svg (rows: EpochRow list) : string =
        let training = rows |> List.map (fun r -> float r.Epoch, r.Loss)

        let validation =
            rows |> List.choose (fun r -> r.ValidationLoss |> Option.map (fun loss -> float r.Epoch, loss))

        Curves.svg [ "training", training; "validation", validation ]
        |> Option.defaultWith (fun () -> Html.pre (History.table rows))
