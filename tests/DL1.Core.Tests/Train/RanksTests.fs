/// Ranks that are threads: what they exchange, and how they end.
module DL1.Tests.RanksTests

open System
open DL1
open DL1.Tests.Law
open Expecto
open FsCheck.FSharp

/// The sum of some vectors in a balanced tree over their numbers, by its definition.
let rec private treeSum (add: 'n -> 'n -> 'n) (vectors: 'n[] list) : 'n[] =
    match vectors with
    | [ one ] -> one
    | _ ->
        let left, right = List.splitAt ((vectors.Length + 1) / 2) vectors
        Array.map2 add (treeSum add left) (treeSum add right)

let private counts = Gen.elements [ 1; 2; 3; 4; 5; 8 ]

let private few = { config with maxTest = 40 }

let private vectors =
    gen {
        let! count = counts
        let! length = Gen.elements [ 0; 1; 3; 7; 64; 1000 ]
        let! seed = Gen.choose (1, 100000)

        return
            [
                for r in 0 .. count - 1 ->
                    Key.normal 0.0 1.0 DType.F64 [ length ] (Key.fold r (Key.ofSeed (int64 seed)))
                    |> Tensor.toFloats
            ]
    }

let private bits32 (a: float32[]) = a |> Array.map BitConverter.SingleToInt32Bits
let private bits64 (a: float[]) = a |> Array.map BitConverter.DoubleToInt64Bits

let private exchanges =
    [
        testPropertyWithConfig few "Sum adds in a balanced tree over the ranks, on all of them"
        <| Prop.forAll (Arb.fromGen vectors) (fun given ->
            let singles = given |> List.map (Array.map float32)

            let found =
                Ranks.threads given.Length (fun ranks ->
                    let single, double = Array.copy singles[ranks.Rank], Array.copy given[ranks.Rank]
                    ranks.Sum(Span<float32> single)
                    ranks.Sum(Span<float> double)
                    bits32 single, bits64 double)

            let due = bits32 (treeSum (+) singles), bits64 (treeSum (+) given)
            found |> List.forall ((=) due))

        testPropertyWithConfig few "sums of neighbours, added over ranks, are the sum over all"
        <| Prop.forAll
            (Arb.fromGen (Gen.zip (Gen.elements [ 1; 2; 4; 8 ]) (Gen.elements [ 1; 2; 3; 5 ])))
            (fun (ranks, each) ->
                let all =
                    [
                        for s in 0 .. ranks * each - 1 ->
                            Tensor.toFloats (Key.normal 0.0 1.0 DType.F64 [ 9 ] (Key.fold s (Key.ofSeed 1L)))
                    ]

                let parts = List.chunkBySize each all |> List.map (treeSum (+))
                bits64 (treeSum (+) all) = bits64 (treeSum (+) parts))

        test "Gather gives the bytes of all in their order, Broadcast those of rank 0" {
            let found =
                Ranks.threads 4 (fun ranks ->
                    let own = Array.replicate ranks.Rank (byte ranks.Rank)
                    ranks.Gather own, ranks.Broadcast [| byte (10 + ranks.Rank) |], string ranks)

            for rank in 0..3 do
                let gathered, first, text = found[rank]
                Expect.equal gathered [| for r in 0..3 -> Array.replicate r (byte r) |] "gathered"
                Expect.equal first [| 10uy |] "of rank 0"
                Expect.equal text $"rank %d{rank} of 4" "text"
        }
        test "one rank alone changes nothing" {
            let values = [| 1.0; 2.0 |]
            Ranks.alone.Sum(Span<float> values)
            Expect.equal values [| 1.0; 2.0 |] "as they were"
            Expect.equal (Ranks.alone.Gather [| 1uy |]) [| [| 1uy |] |] "gathered"
            Expect.equal (Ranks.alone.Broadcast [| 1uy |]) [| 1uy |] "of rank 0"
            Expect.equal (Ranks.alone.Rank, Ranks.alone.Size) (0, 1) "its number"
        }
    ]

exception private Broken of int

let private wait (ranks: Ranks) = ranks.Sum(Span<float>(Array.zeroCreate<float> 4))

let private endings =
    [
        test "where a rank throws, its error is raised, and the others hear of it" {
            let heard = Array.create<string> 4 ""

            let run (ranks: Ranks) =
                wait ranks

                if ranks.Rank = 2 then
                    raise (Broken 2)

                try
                    wait ranks
                with :? RankError as error ->
                    heard[ranks.Rank] <- $"%d{error.Rank}"
                    reraise ()

            Expect.throwsT<Broken> (fun () -> Ranks.threads 4 run |> ignore) "the cause"
            Expect.equal heard [| "2"; "2"; ""; "2" |] "the others name it"
        }
        test "a rank that ends while others wait is an error" {
            let run (ranks: Ranks) =
                if ranks.Rank > 0 then
                    wait ranks

            Expect.throwsT<RankError> (fun () -> Ranks.threads 3 run |> ignore) "no endless waiting"
        }
        test "ranks that make different calls are told so" {
            let run (ranks: Ranks) = if ranks.Rank = 1 then ranks.Gather [||] |> ignore else wait ranks

            let error = Expect.throwsC (fun () -> Ranks.threads 2 run |> ignore) id

            Expect.stringContains
                error.Message
                "it called Gather where rank 0 called Sum of f64 of 4 numbers"
                ""
        }
        test "vectors of different lengths are refused" {
            let run (ranks: Ranks) = ranks.Sum(Span<float32>(Array.zeroCreate<float32>(4 + ranks.Rank)))
            let error = Expect.throwsC (fun () -> Ranks.threads 2 run |> ignore) id
            Expect.stringContains error.Message "Sum of f32 of 5 numbers" ""
        }
        test "Abort ends all who wait, with its message" {
            let run (ranks: Ranks) = if ranks.Rank = 1 then ranks.Abort "the disk is full" else wait ranks

            let error = Expect.throwsC (fun () -> Ranks.threads 3 run |> ignore) id
            Expect.stringContains error.Message "rank 1: the disk is full" ""
        }
        test "a number of threads that is out of range is refused" {
            Expect.throwsT<DomainError> (fun () -> Ranks.threads 0 ignore |> ignore) "0"
            Expect.throwsT<DomainError> (fun () -> Ranks.threads 65 ignore |> ignore) "65"
        }
    ]

let tests = testList "Ranks" (exchanges @ endings)
