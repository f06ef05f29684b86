/// Trainings that end before their time: a rank that throws, ends, or trains something else, and one that is killed and goes on.
module DL1.Bench.Ranks.Endings

open System
open System.IO
open System.Threading
open DL1
open DL1.Bench.Ranks.Trainings

let private learner = snd learners[1]
let private data = clouds 1L 203

/// A training that writes a checkpoint after every third step, and goes on from it where there is one. It is slowed down, so that it can
/// be killed; its last line is the hash of what it came to.
let resumed (path: string) (pause: int) (ranks: Ranks) =
    File.WriteAllText($"{path}.%d{ranks.Rank}.pid", string Environment.ProcessId)
    // All ranks read the file before rank 0 writes the next one.
    let from = if File.Exists path then Some(Checkpoint.read path) else None

    let options =
        { options 4 20 7L ranks with
            Epochs = 40
            Saving = Some { Path = path; Every = 1 }
            SavingSteps = Some 3
            Resume = from
            Progress =
                { Progress.quiet with
                    Step =
                        fun _ _ _ _ ->
                            if pause > 0 then
                                Thread.Sleep pause
                }
        }

    let fitted = Fit.run options learner data

    if ranks.Rank = 0 then
        Console.Out.WriteLine $"trained: {hash fitted}"

/// A rank whose metric throws.
let throws (ranks: Ranks) =
    let mutable calls = 0

    let metric =
        Metric.create "fails" true (fun _ _ ->
            calls <- calls + 1

            if ranks.Rank = ranks.Size - 1 && calls = 3 then
                raise (IOException "no scores today")

            1.0)

    Fit.run { options 4 20 7L ranks with Metrics = [ metric ] } learner data |> ignore

/// A rank with another optimizer.
let differs (ranks: Ranks) =
    let own =
        if ranks.Rank = 1 then
            { learner with Optimizer = Optimizer.sgd 0.2 }
        else
            learner

    Fit.run (options 4 20 7L ranks) own data |> ignore

/// A rank that ends while the others still train.
let leaves (ranks: Ranks) =
    if ranks.Rank <> 1 then
        Fit.run (options 4 20 7L ranks) learner data |> ignore

/// A rank that ends with an exit code of its own.
let exits (ranks: Ranks) =
    if ranks.Rank = 1 then
        exit 5

    Fit.run (options 4 20 7L ranks) learner data |> ignore
