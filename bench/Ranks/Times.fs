/// How fast ranks exchange, and how much faster two are than one.
module DL1.Bench.Ranks.Times

open System
open System.Diagnostics
open DL1

let private median (values: float list) =
    let sorted = List.sort values
    sorted[sorted.Length / 2]

/// Milliseconds of one call: the median of some rounds.
let private timed (ranks: Ranks) rounds calls (work: unit -> unit) =
    for _ in 1..3 do
        work ()

    let rounds =
        [
            for _ in 1..rounds do
                ranks.Gather [||] |> ignore
                let watch = Stopwatch.StartNew()

                for _ in 1..calls do
                    work ()

                watch.Elapsed.TotalMilliseconds / float calls
        ]

    median rounds, List.min rounds

/// Sums in the order of the tree beside the library's own all-reduce.
let exchange (ranks: Ranks) =
    let say (line: string) =
        if ranks.Rank = 0 then
            Console.Out.WriteLine line

    say $"%d{ranks.Size} ranks, {Mpi.Library}"
    say "| bytes | Sum, ms: median, least | MPI_Allreduce, ms: median, least |"
    say "|---|---|---|"

    for bytes, calls in [ 65536, 500; 1 <<< 20, 100; 1 <<< 26, 3 ] do
        let values = Array.create (bytes / 4) 1e-20f
        let own, least = timed ranks 9 calls (fun () -> ranks.Sum(Span<float32> values))
        let all, leastAll = timed ranks 9 calls (fun () -> Mpi.Own.AllReduce(Span<float32> values))
        say $"| %d{bytes} | %.3f{own}, %.3f{least} | %.3f{all}, %.3f{leastAll} |"

let private mse (t: Expr) o = Loss.mse Reduction.Mean t o

let private cases: (string * Learner * Dataset) list =
    let normal dims seed = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed seed)
    let mlp = Dense.linear 300 => Activation.relu => Dense.linear 300 => Activation.relu => Dense.linear 1

    let wide =
        Dense.linear 1000 => Activation.relu => Dense.linear 1000 => Activation.relu => Dense.linear 10

    let transformer = Transformer.encoderLayer { Transformer.options 4 512 with Dropout = 0.0 }
    let dims = [ 32; 64; 128 ]

    [
        "mlp 1-300-300-1, 128 rows",
        Learner.create mlp mse (Optimizer.adam 1e-3),
        Dataset(normal [ 128; 1 ] 1L, normal [ 128; 1 ] 2L)
        "mlp 1-300-300-1, 1024 rows",
        Learner.create mlp mse (Optimizer.adam 1e-3),
        Dataset(normal [ 1024; 1 ] 1L, normal [ 1024; 1 ] 2L)
        "mlp 784-1000-1000-10, 512 rows",
        Learner.create wide mse (Optimizer.adam 1e-3),
        Dataset(normal [ 512; 784 ] 1L, normal [ 512; 10 ] 2L)
        "transformer layer, 32 x 64 x 128",
        Learner.create transformer mse (Optimizer.adam 1e-3),
        Dataset(normal dims 1L, normal dims 2L)
    ]

/// A step of two shards on these ranks.
let steps (ranks: Ranks) =
    for name, learner, batch in cases do
        let trainer = Trainer(learner, Step.startOn learner (Key.ofSeed 1L) batch, false, 2, ranks)
        let once = timed ranks 1 20 (fun () -> trainer.Step batch |> ignore) |> fst
        // All ranks make as many calls as rank 0 asks for.
        let calls = BitConverter.ToInt32(ranks.Broadcast(BitConverter.GetBytes(max 3 (int (500.0 / once)))))
        let median, least = timed ranks 9 calls (fun () -> trainer.Step batch |> ignore)

        if ranks.Rank = 0 then
            Console.Out.WriteLine $"{name}: %.3f{median} ms, least %.3f{least}"

/// A step of which gradients are exchanged in buckets while others are computed, beside one whose gradients are exchanged after all,
/// in turns. Both have the same bits.
let overlap (rows: int) (ranks: Ranks) =
    let hidden = Dense.linear 2048 => Activation.relu

    let learner =
        Learner.create (hidden => hidden => hidden => Dense.linear 10) mse (Optimizer.momentum 0.9 1e-3)

    let normal dims seed = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed seed)
    let batch = Dataset(normal [ rows; 1024 ] 1L, normal [ rows; 10 ] 2L)

    let trainer bucketBytes =
        let start = Step.startOn learner (Key.ofSeed 1L) batch
        ShardedTrainer(learner, start, false, None, [], None, 2, ranks, bucketBytes)

    let after, during = trainer Int64.MaxValue, trainer Bucket.UsualBytes

    let step (trainer: ShardedTrainer) =
        ranks.Gather [||] |> ignore
        let watch = Stopwatch.StartNew()
        let loss = trainer.Step batch
        loss, watch.Elapsed.TotalMilliseconds

    let steps = [ for _ in 1..8 -> step after, step during ]

    if steps |> List.exists (fun ((a, _), (b, _)) -> a <> b) then
        invalidOp "the losses differ"

    if ranks.Rank = 0 then
        let measured = List.skip 2 steps

        let one, other =
            measured |> List.map (fst >> snd) |> median, measured |> List.map (snd >> snd) |> median

        Console.Out.WriteLine
            $"%d{rows} rows, 10.6 M parameters: %.0f{one} ms after all, %.0f{other} ms while others are computed, %.2f{other / one}"
