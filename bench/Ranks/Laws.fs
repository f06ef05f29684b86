/// What must hold for ranks of any kind: exchanges by their definition, and trainings whose bits do not depend on the ranks. Each
/// line of the output is the same for any number of ranks.
module DL1.Bench.Ranks.Laws

open System
open System.Text
open DL1
open DL1.Bench.Ranks.Trainings
open DL1.MpiBinding

let private require (holds: bool) (what: string) =
    if not holds then
        invalidOp $"does not hold: {what}"

let rec private treeSum (add: 'n -> 'n -> 'n) (vectors: 'n[] list) : 'n[] =
    match vectors with
    | [ one ] -> one
    | _ ->
        let left, right = List.splitAt ((vectors.Length + 1) / 2) vectors
        Array.map2 add (treeSum add left) (treeSum add right)

/// Numbers of a rank, quickly made: products and remainders of odd numbers.
let private numbers rank length =
    Array.init length (fun i -> float ((i * 7919 + rank * 104729 + i * i % 9973) % 20011) / 977.0 - 10.0)

/// Sums of vectors of many lengths, those that need several chunks or do not divide among them.
let private sums (ranks: Ranks) =
    for length in [ 0; 1; 7; 64; 1000; 1021; 2048; 65536; 65537; 5_000_001 ] do
        let all = [ for rank in 0 .. ranks.Size - 1 -> numbers rank length ]
        let single, double = numbers ranks.Rank length |> Array.map float32, numbers ranks.Rank length
        ranks.Sum(Span<float32> single)
        ranks.Sum(Span<float> double)
        let due = all |> List.map (Array.map float32) |> treeSum (+)
        let bits (a: float32[]) = a |> Array.map BitConverter.SingleToInt32Bits
        require (bits single = bits due) $"the sum of %d{length} numbers of f32"
        let bits (a: float[]) = a |> Array.map BitConverter.DoubleToInt64Bits
        require (bits double = bits (treeSum (+) all)) $"the sum of %d{length} numbers of f64"

let private bytes (ranks: Ranks) =
    for length in [ 0; 1; 1000; 3_000_000 ] do
        let of' rank = Array.init (length * (rank + 1)) (fun i -> byte (i + rank))
        let gathered = ranks.Gather(of' ranks.Rank)
        require (gathered = Array.init ranks.Size of') $"Gather of %d{length} bytes"
        require (ranks.Broadcast(of' ranks.Rank) = of' 0) $"Broadcast of %d{length} bytes"

/// .NET's own signal handlers still work beside MPI.
let private signals () =
    let absent: string | null = Environment.GetEnvironmentVariable "DL1_NO_SUCH_VARIABLE"

    try
        require ((Unchecked.nonNull absent).Length < 0) "a null has no length"
    with :? NullReferenceException ->
        ()

/// Lists of processors as Linux writes them.
let private processors () =
    for list, count in [ "0", 1; "0-3", 4; "0-3,8\n", 5; "2,4-5", 3; "", 0 ] do
        require (Processors.count list = count) $"%d{count} processors in the list '{list}'"

let run (ranks: Ranks) =
    processors ()
    sums ranks
    bytes ranks
    signals ()

    let say (line: string) =
        if ranks.Rank = 0 then
            Console.Out.WriteLine line

    for shards, batch, seed in [ 4, 16, 1L; 8, 41, 2L; 8, 20, 3L; 4, 7, 4L ] do
        for name, learner in learners do
            // Batch norm needs two rows in each shard.
            if TreeSum.Divides(shards, ranks.Size) && (name <> "normed" || batch >= 2 * shards) then
                let rows = if name = "normed" then batch * 4 else 103
                let fitted = Fit.run (options shards batch seed ranks) learner (clouds 1L rows)
                let own = hash fitted
                let all = ranks.Gather(Encoding.ASCII.GetBytes own) |> Array.map Encoding.ASCII.GetString
                require (Array.forall ((=) own) all) $"the same bits on all ranks: {name}"
                say $"{name}, %d{shards} shards, batches of %d{batch}: {own}"
