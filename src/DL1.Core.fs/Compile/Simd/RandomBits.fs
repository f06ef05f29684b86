namespace DL1.Compiler.Simd

open DL1
open DL1.Compiler
open DL1.Compiler.Runtime

/// `Node.RandomBits`: draws `count` words of a stream, with a key of two words that is read from an address.
[<Sealed>]
type internal RandomBits(stream: uint32, count: int) =
    let mutable key, target = 0n, 0n

    let part number =
        let key0, key1 = At.read<uint32> key, At.read<uint32>(key + 4n)
        let first = number * Tuning.TaskElements
        let count, into = min Tuning.TaskElements (count - first), target + nativeint first * 4n
        RandomBlocks.Fill(stream, key0, key1, int64 first, count, into)

    let work: int -> unit = part

    /// Draws on at most `threads` threads, with the two words of the key at `from`, into memory at `into`.
    member _.Run(threads: int, from: nativeint, into: nativeint) =
        key <- from
        target <- into
        WorkerPool.runOn threads ((count + Tuning.TaskElements - 1) / Tuning.TaskElements) work
