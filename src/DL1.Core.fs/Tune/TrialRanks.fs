namespace DL1

/// Trials that ranks share out: that of number i runs on rank i modulo their number, and all ranks are given all results. Keys
/// follow from the numbers, so that results do not depend on the ranks.
[<RequireQualifiedAccess>]
module internal TrialRanks =
    /// Runs this rank's items, and gives those of all in their order: of other ranks' trials without what is not a trial's own, such as
    /// a model or a state.
    let run
        (ranks: Ranks)
        (inParallel: ('a -> 'b) -> 'a list -> 'b list)
        (number: 'a -> int)
        (trialOf: 'b -> Trial)
        (ofOther: 'a -> Trial -> 'b)
        (one: 'a -> 'b)
        (items: 'a list)
        : 'b list =
        if ranks.Size = 1 then
            inParallel one items
        else
            let isOwn item = number item % ranks.Size = ranks.Rank
            let own = items |> List.filter isOwn

            let results =
                try
                    inParallel one own
                with error ->
                    ranks.Abort $"{error.GetType().Name}: {error.Message}"
                    reraise ()

            let known = List.zip (List.map number own) results |> dict

            let others =
                ranks.Gather(results |> List.map trialOf |> StudyFile.toBytes)
                |> Seq.collect StudyFile.ofBytes
                |> Seq.map (fun t -> t.Number, t)
                |> dict

            items
            |> List.map (fun item ->
                match known.TryGetValue(number item) with
                | true, result -> result
                | false, _ -> ofOther item others[number item])
