namespace DL1.Compiler.Conv

open System.Runtime.InteropServices
open DL1.Compiler.Runtime

/// A table of machine words at a fixed address: offsets for the micro-kernels.
[<Sealed>]
type internal ConvTable(words: nativeint[]) =
    let block =
        Block("Compile", "offsets of a convolution", int64 (max 1 words.Length) * int64 sizeof<nativeint>)

    do Marshal.Copy(words, 0, block.Address, words.Length)

    /// The address of entry number i.
    member _.Address(i: int) = block.Address + nativeint i * nativeint sizeof<nativeint>
