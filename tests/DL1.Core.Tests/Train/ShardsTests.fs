/// Steps over shards of a batch.
module DL1.Tests.ShardsTests

open System
open DL1
open DL1.Tests.Law
open DL1.Tests.Learners
open Expecto
open FsCheck.FSharp

let private plain: Layer<Expr, Expr> = Dense.linear 8 => Activation.relu => Dense.linear 3

let private first (learner: Learner) (data: Dataset) seed = Step.startOn learner (Key.ofSeed seed) data

let private stepped (learner: Learner) (data: Dataset) seed shards (batches: int[] list) =
    let trainer = Trainer(learner, first learner data seed, false, shards, Ranks.alone)
    let losses = batches |> List.map (fun rows -> trainer.Step(Dataset.rows rows data))
    trainer.State, losses

let private near tolerance (a: Tree<Tensor>) (b: Tree<Tensor>) =
    Tree.map2
        (fun a b ->
            Array.forall2
                (fun (x: float) y -> abs (x - y) <= tolerance * (1.0 + abs x))
                (Tensor.toFloats a)
                (Tensor.toFloats b))
        a
        b
    |> Tree.values
    |> List.forall id

/// The graphs of a step before it was made of parts: it is composed to the same nodes.
let private composition =
    let data = Dataset(Tensor.full DType.F32 [ 8; 4 ] 0.5, Tensor.Of(Array.init 8 (fun i -> int64 (i % 3))))

    let digest watches (learner: Learner) =
        let start = Step.start learner (Key.ofSeed 1L) data.Inputs
        let roots = (Step.transitionWith watches true None None learner start data).Roots
        let text = roots |> List.map (fun e -> string e.Digest) |> String.concat " "
        let hash = Security.Cryptography.SHA256.HashData(Text.Encoding.UTF8.GetBytes text)
        (Convert.ToHexString hash).Substring(0, 16), roots.Length

    let penalized = Learner.penalized (Penalty.l2 1e-4 Penalty.weights)
    let gathering = { learner with Optimizer = Wrap.accumulate 4 (Optimizer.sgd 0.1) }

    [
        "as it is", false, learner, ("D2D365D47F10E4FA", 25)
        "with norms", true, learner, ("36594B4044CD664A", 31)
        "with a penalty", true, penalized learner, ("D29189DE3120E8B4", 31)
        "mixed", true, Learner.mixup 0.2 learner, ("7DF585AA36768D7D", 31)
        "gathered", true, gathering, ("7C3950315E6D7E1A", 26)
        "gathered, with a penalty", true, penalized gathering, ("FFCE180AC4E236AA", 26)
        "partly frozen",
        false,
        Learner.freeze (fun path -> path.StartsWith "0.") learner,
        ("39B2001A0D9D73BB", 21)
    ]
    |> List.map (fun (name, watches, learner, due) ->
        test $"a whole step has the graph that it always had: {name}" {
            Expect.equal (digest watches learner) due "the digest of its roots"
        })

let private losses: (string * (Expr -> Expr -> Expr)) list =
    [
        "a mean", Loss.crossEntropy Loss.classes
        "a sum", Loss.crossEntropy { Loss.classes with Reduction = Reduction.Sum }
        "a weighted mean",
        Loss.crossEntropy
            { Loss.classes with Weight = Some(Expr.constant (Tensor.Of [| 1.0f; 2.0f; 0.5f |])) }
        "a mean without some labels", Loss.crossEntropy { Loss.classes with Ignore = Some 2 }
    ]

let private optimizers =
    [
        Optimizer.sgd 0.1
        Optimizer.momentum 0.9 0.1
        Optimizer.sgd 0.1 |> Wrap.after (Transform.clipByGlobalNorm 0.5)
        Wrap.accumulate 2 (Optimizer.sgd 0.1)
    ]

type private Case = { Loss: int; Optimizer: int; Shards: int; Rows: int; Penalty: bool; Seed: int }

let private cases =
    gen {
        let! loss = Gen.choose (0, losses.Length - 1)
        let! optimizer = Gen.choose (0, optimizers.Length - 1)
        let! shards = Gen.elements [ 2; 3; 4; 5; 8 ]
        let! rows = Gen.choose (3, 20)
        let! penalty = Gen.elements [ true; false ]
        let! seed = Gen.choose (1, 1000)

        return
            {
                Loss = loss
                Optimizer = optimizer
                Shards = shards
                Rows = rows
                Penalty = penalty
                Seed = seed
            }
    }

let private few = { config with maxTest = 25 }

/// What a step over shards is, by the parts of a step and sums of tensors.
let private defined (learner: Learner) (start: TrainState) (batch: Dataset) shards =
    let rows = batch.Count
    let bounds = [ for s in 0..shards -> (s * rows + shards - 1) / shards ]
    let layerKey = start.Key.Fold 1

    let parts =
        [
            for s in 0 .. shards - 1 do
                let low, high = bounds[s], bounds[s + 1]

                if high > low then
                    let part = Dataset.rows [| low .. high - 1 |] batch
                    let values = Tree.map Expr.constant
                    let ps = Trace.tree "p" start.Parameters

                    let forward =
                        StepParts.forward
                            learner
                            ps
                            (values start.State)
                            (Draw.key (layerKey.Fold s))
                            (values part.NamedInputs)
                            (values part.NamedTargets)

                    let roots = Grad.grad forward.Data (Tree.values ps) @ Tree.values forward.Layers
                    let inputs = Tree.values ps |> List.collect (fun e -> Graph.variables [ e ])
                    float (high - low), Compile.prepare inputs roots (Tree.values start.Parameters)
        ]

    let mean i =
        parts
        |> List.map (fun (n, values) -> Tensor.toFloats values[i] |> Array.map (fun v -> n * v / float rows))
        |> List.reduce (Array.map2 (+))

    let count = start.Parameters.Count

    let moved =
        Tree.values start.Parameters
        |> List.mapi (fun i p ->
            Array.map2 (fun p g -> p - 0.1 * g) (Tensor.toFloats p) (mean i)
            |> Tensor.ofArray (p.Shape.ToList()))

    let layers =
        Tree.values start.State
        |> List.mapi (fun i t -> mean (count + i) |> Tensor.ofArray (t.Shape.ToList()))

    Tree.ofValues moved start.Parameters, Tree.ofValues layers start.State

let private laws =
    [
        testPropertyWithConfig few "shards give what the whole batch gives, within rounding"
        <| Prop.forAll (Arb.fromGen cases) (fun case ->
            let learner =
                { Learner.create plain (snd losses[case.Loss]) optimizers[case.Optimizer] with
                    Penalty = if case.Penalty then Some(Penalty.l2 0.01 Penalty.weights) else None
                }

            let data = clouds (int64 case.Seed) (2 * case.Rows)
            let batches = [ [| 0 .. case.Rows - 1 |]; [| case.Rows .. 2 * case.Rows - 1 |] ]
            let whole, losses = stepped learner data 3L 1 batches
            let cut, others = stepped learner data 3L case.Shards batches

            near 2e-5 whole.Parameters cut.Parameters
            && near 2e-5 whole.Optimizer cut.Optimizer
            && whole.Key = cut.Key
            && whole.Steps = cut.Steps
            && List.forall2 (fun (a: float) b -> abs (a - b) < 1e-4 * (1.0 + abs a)) losses others)

        testPropertyWithConfig few "with dropout and batch norm a step is its definition"
        <| Prop.forAll
            (Arb.fromGen (Gen.zip (Gen.elements [ 2; 3; 4 ]) (Gen.choose (8, 20))))
            (fun (shards, rows) ->
                let learner = { learner with Optimizer = Optimizer.sgd 0.1 }
                let data = clouds 4L rows
                let start = first learner data 9L
                let cut, _ = stepped learner data 9L shards [ [| 0 .. rows - 1 |] ]
                let moved, layers = defined learner start data shards
                near 1e-5 moved cut.Parameters && near 1e-5 layers cut.State)

        test "each shard draws its own dropout, and counters count steps" {
            let data = clouds 1L 16
            let two, _ = stepped learner data 2L 2 [ [| 0..15 |]; [| 0..15 |] ]
            let four, _ = stepped learner data 2L 4 [ [| 0..15 |]; [| 0..15 |] ]
            Expect.isFalse (Hostile.sameTree two.Parameters four.Parameters) "other shards, other training"

            let counter =
                Tree.toList four.State |> List.find (fun (path, _) -> path.EndsWith "tracked") |> snd

            Expect.equal (Tensor.toFloat counter) 2.0 "the counter"
        }
        test "fewer rows than shards leave shards empty" {
            let learner = Learner.create plain (Loss.crossEntropy Loss.classes) (Optimizer.sgd 0.1)
            let data = clouds 1L 3
            let whole, _ = stepped learner data 2L 1 [ [| 0; 1; 2 |] ]
            let cut, _ = stepped learner data 2L 8 [ [| 0; 1; 2 |] ]
            Expect.isTrue (near 1e-5 whole.Parameters cut.Parameters) "the same"
        }
    ]

let private refusals =
    [
        test "a loss that compares rows is refused" {
            let compares (_: Expr) (outputs: Expr) = Expr.sumAll (outputs * Expr.reverse [ 0 ] outputs)
            let learner = Learner.create plain compares (Optimizer.sgd 0.1)
            let data = clouds 1L 8
            let trainer = Trainer(learner, first learner data 1L, false, 2, Ranks.alone)
            Expect.throwsT<DomainError> (fun () -> trainer.Step data |> ignore) "refused"
        }
        test "no shards are refused" {
            let data = clouds 1L 8

            Expect.throwsT<DomainError>
                (fun () -> Trainer(learner, first learner data 1L, false, 0, Ranks.alone) |> ignore)
                "refused"
        }
        test "shards too small for a layer are refused before the first step" {
            let data = clouds 1L 16
            let options = { Fit.options (Key.ofSeed 1L) with Batch = Batches.ofSize 8; Shards = 8 }
            let error = Expect.throwsC (fun () -> Fit.run options learner data |> ignore) id
            Expect.stringContains error.Message "a shard of 1 rows" "what it says"
        }
    ]

let private resources =
    [
        test "a step over shards allocates nothing" {
            let data = clouds 1L 32
            let trainer = Trainer(learner, first learner data 1L, true, 4, Ranks.alone)
            let batch = Dataset.rows [| 0..31 |] data

            for _ in 1..200 do
                trainer.Step batch |> ignore

            let allocated () =
                let before = GC.GetAllocatedBytesForCurrentThread()

                for _ in 1..20 do
                    trainer.Step batch |> ignore

                GC.GetAllocatedBytesForCurrentThread() - before

            let least = List.init 20 (fun _ -> allocated ()) |> List.min

            Expect.equal least 0L "bytes in 20 steps"
        }
        test "memory of activations falls with the shards" {
            let wide =
                Dense.linear 256 => Activation.tanh => Dense.linear 256 => Activation.tanh => Dense.linear 3

            let learner = Learner.create wide (Loss.crossEntropy Loss.classes) (Optimizer.sgd 0.1)
            let data = clouds 1L 512

            let bytes shards =
                let trainer =
                    ShardedTrainer(
                        learner,
                        first learner data 1L,
                        false,
                        None,
                        [],
                        None,
                        shards,
                        Ranks.alone,
                        Bucket.UsualBytes
                    )

                trainer.Step data |> ignore
                trainer.ShardBytes

            Expect.isLessThan (3L * bytes 8) (bytes 2) "an eighth of the rows beside a half"
        }
    ]

/// Batch norm has a state that is summed, too, and needs two rows in each shard.
let private deep hasRows : Layer<Expr, Expr> =
    Dense.linear 8
    => (if hasRows then Norm.batchNorm1d else Norm.layerNorm)
    => Activation.relu
    => Dense.linear 8
    => Activation.tanh
    => Dense.linear 3

/// Three steps on these ranks, with buckets of at least `bucketBytes`.
let private exchanged bucketBytes shards (data: Dataset) (ranks: Ranks) =
    let learner =
        Learner.create
            (deep (data.Count >= 2 * shards))
            (Loss.crossEntropy Loss.classes)
            (Optimizer.adam 0.01)

    let start = first learner data 1L
    let trainer = ShardedTrainer(learner, start, true, None, [], None, shards, ranks, bucketBytes)
    let losses = [ for _ in 1..3 -> trainer.Step data ]
    trainer.State, losses

let private exchanges =
    [
        testPropertyWithConfig
            few
            "gradients exchanged while others are computed have the bits of one exchange"
        <| Prop.forAll
            (Arb.fromGen (
                Gen.zip
                    (Gen.elements [ 2, 2; 2, 4; 2, 6; 2, 10; 3, 3; 4, 4; 4, 8 ])
                    (Gen.zip (Gen.choose (1, 14)) (Gen.choose (1, 1000)))
            ))
            (fun ((count, shards), (rows, seed)) ->
                let data = clouds (int64 seed) rows
                let whole = exchanged Int64.MaxValue shards data Ranks.alone

                [ 1L; 300L; Int64.MaxValue ]
                |> List.collect (fun bytes -> Ranks.threads count (exchanged bytes shards data))
                |> List.forall (fun (state, losses) -> sameState state (fst whole) && losses = snd whole))
        test "gradients of the last layers are ready before the others" {
            let data = clouds 1L 16
            let learner = Learner.create (deep true) (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.01)
            let start = first learner data 1L
            let trainer = ShardedTrainer(learner, start, true, None, [], None, 2, Ranks.alone, 1L)
            trainer.Step data |> ignore
            let ready = trainer.ReadyAfter
            let step bucket = ready |> Array.findIndex (Array.contains bucket)
            // The state of layers comes after the gradients, and is known in the forward pass.
            let gradients = [ 2..9 ] |> List.map step
            Expect.isLessThan (List.min gradients) (List.max gradients) "the first and the last"
            Expect.equal (gradients |> List.last) (List.max gradients) "the first layer's come last"
        }
        test "an error on another rank ends a step that exchanges" {
            let data = clouds 1L 16

            let run () =
                Ranks.threads 2 (fun ranks ->
                    if ranks.Rank = 1 then
                        invalidOp "the other rank fails"

                    exchanged 1L 4 data ranks)

            Expect.throwsT<InvalidOperationException> (run >> ignore) "the cause"
        }
    ]

let tests = testList "Shards" (composition @ laws @ refusals @ resources @ exchanges)
