namespace DL1.Compiler.Generic

open DL1
open DL1.Compiler
open DL1.Compiler.Simd

/// `Node.RandomBits`: draws `count` 32-bit words of a stream, with a key of two words, which is the source tensor.
[<Sealed>]
type internal RandomBits(stream: uint32, count: int) =
    inherit TaskedKernel()

    override _.Tasks = (count + Tuning.TaskElements - 1) / Tuning.TaskElements

    override _.Task(number, key, target) =
        let key0, key1 = At.read<uint32> key, At.read<uint32>(key + 4n)
        let first = number * Tuning.TaskElements
        let count, into = min Tuning.TaskElements (count - first), target + nativeint first * 4n
        RandomBlocks.Fill(stream, key0, key1, int64 first, count, into)
