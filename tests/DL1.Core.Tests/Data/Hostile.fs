/// Damaged files: whole ones with bytes changed, cut, repeated or put in, the same ones in each run.
module DL1.Tests.Hostile

open System
open DL1
open Expecto

/// The numbers that readers of lengths fear most.
let private fearful =
    [|
        Int64.MaxValue
        Int64.MaxValue - 7L
        Int64.MinValue
        -1L
        int64 Int32.MaxValue
        int64 Int32.MinValue
        0xFFFFFFFFL
        1L <<< 40
        0L
    |]

/// Bytes with one to four changes.
let changed (random: Random) (whole: byte[]) : byte[] =
    let mutable bytes = Array.copy whole

    for _ in 0 .. random.Next 4 do
        if bytes.Length > 0 then
            let at = random.Next bytes.Length

            match random.Next 8 with
            | 0 -> bytes[at] <- byte (random.Next 256)
            | 1 -> bytes[at] <- bytes[at] ^^^ (1uy <<< random.Next 8)
            | 2 -> bytes <- Array.truncate at bytes
            | 3 -> bytes <- Array.append bytes (Array.sub bytes at (bytes.Length - at))
            | 4 ->
                let number = BitConverter.GetBytes fearful[random.Next fearful.Length]
                let width = min (if random.Next 2 = 0 then 4 else 8) (bytes.Length - at)
                Array.blit number 0 bytes at width
            | 5 ->
                bytes <-
                    Array.concat
                        [ Array.truncate at bytes; [| byte (random.Next 256) |]; Array.skip at bytes ]
            | 6 ->
                // A digit becomes another: lengths and extents in texts.
                let digits =
                    bytes |> Array.indexed |> Array.filter (fun (_, b) -> b >= byte '0' && b <= byte '9')

                if digits.Length > 0 then
                    bytes[fst digits[random.Next digits.Length]] <- byte '0' + byte (random.Next 10)
            | _ ->
                let text = Text.Encoding.ASCII.GetBytes "9223372036854775807"
                bytes <- Array.concat [ Array.truncate at bytes; text; Array.skip at bytes ]

    bytes

/// How often something is tried: more where DL1_LONG is set.
let often usual long =
    match Environment.GetEnvironmentVariable "DL1_LONG" with
    | null
    | "" -> usual
    | _ -> long

/// A reader gives a value or a `FormatError` for each of many damaged inputs, and allocates no more than a small
/// multiple of what it was given.
let survives (count: int) (reader: byte[] -> unit) (wholes: byte[] list) =
    let count = often count (100 * count)
    let random = Random 20261123
    let wholes = Array.ofList wholes
    let mutable refused = 0

    for _ in 1..count do
        let bytes = changed random wholes[random.Next wholes.Length]
        let before = GC.GetAllocatedBytesForCurrentThread()

        try
            reader bytes
        with :? FormatError ->
            refused <- refused + 1

        let allocated = GC.GetAllocatedBytesForCurrentThread() - before
        Expect.isLessThan allocated (4_000_000L + 100L * int64 bytes.Length) "nothing absurd is allocated"

    Expect.isGreaterThan refused (count / 4) "damage is seen"
    Expect.isLessThan refused count "some changes do no harm"

/// The `FormatError` that something ends with.
let formatError (run: unit -> 'a) : FormatError =
    try
        run () |> ignore
        failtest "no FormatError"
    with :? FormatError as e ->
        e

/// That a reader refuses bytes with a `FormatError` that says a thing.
let refuses (what: string) (reader: byte[] -> 'a) (bytes: byte[]) =
    let error = formatError (fun () -> reader bytes)
    Expect.stringContains error.Given what "the error says what was found"

/// A folder for the files of one test, removed afterwards.
let inFolder (run: string -> unit) =
    let folder = IO.Directory.CreateTempSubdirectory("dl1-").FullName

    try
        run folder
    finally
        IO.Directory.Delete(folder, true)

/// Tensors of every type, with numbers at their limits, a scalar and an empty one among them.
let samples =
    Tree.ofList
        [
            "0.weight", Key.normal 0.0 1.0 DType.F32 [ 3; 4 ] (Key.ofSeed 1L)
            "0.bias", Tensor.vector [ 0.0; -0.0; nan; infinity; Double.Epsilon ]
            "flags", Tensor.Of([| true; false; true |])
            "steps", Tensor.scalar Int64.MinValue
            "empty", Tensor.zeros DType.I32 [ 2; 0; 3 ]
            "números", Tensor.Of([| 1; -2; Int32.MaxValue; 4 |], 2, 2)
        ]

/// Whether trees have the same paths in the same order, and the same bits.
let sameTree (a: Tree<Tensor>) (b: Tree<Tensor>) =
    Tree.paths a = Tree.paths b && List.forall2 Tensor.sameBits (Tree.values a) (Tree.values b)

/// A generated tree of tensors of all types.
let treeOf (seed: int) : Tree<Tensor> =
    let random = Random seed

    Tree.ofList
        [
            for i in 0 .. random.Next 5 do
                let dims = List.init (random.Next 4) (fun _ -> random.Next 5)
                let dtype = DType.all[random.Next DType.all.Length]

                $"{random.Next 3}.part{i}",
                Tensor.cast dtype (Key.normal 0.0 100.0 DType.F64 dims (Key.ofSeed (int64 seed)))
        ]
