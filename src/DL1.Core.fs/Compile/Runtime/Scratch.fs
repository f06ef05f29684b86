namespace DL1.Compiler.Runtime

open System
open DL1

#nowarn "9" // An address into a pinned array.

/// Memory that a kernel works in: a few buffers a thread, kept from call to call, so that steady work allocates
/// nothing. A buffer's content is lost at the next call for the same purpose on the same thread.
[<AbstractClass; Sealed>]
type internal Scratch private () =
    [<ThreadStatic; DefaultValue>]
    static val mutable private blocks: (Block | null)[] | null

    static let mutable total = 0L

    /// The bytes of scratch memory that all threads have together.
    static member Total = Threading.Volatile.Read &total

    /// Checks a size in bytes and converts it; refuses sizes beyond the longest array.
    static member Bytes(bytes: int64) : int =
        if bytes > int64 Array.MaxLength - Block.Alignment then
            Refuse.domain
                "Compile"
                $"%d{bytes} bytes for a kernel to work in"
                $"at most %d{int64 Array.MaxLength - Block.Alignment}"
                "use a smaller batch, or smaller images"

        int bytes

    /// The address, aligned to 64 bytes, of this thread's buffer number `purpose` with at least so many bytes; with
    /// guards, the last ones of it.
    static member Get(purpose: int, bytes: int64) : nativeint =
        let blocks =
            match Scratch.blocks with
            | null ->
                let fresh = Array.create<Block | null> 8 null
                Scratch.blocks <- fresh
                fresh
            | known -> known

        let fresh known =
            let block = Block("Compile", "what a kernel works in", bytes)
            Threading.Interlocked.Add(&total, bytes - known) |> ignore
            blocks[purpose] <- block
            block.Address

        match blocks[purpose] with
        | null -> fresh 0L
        | block when block.Bytes < bytes -> fresh block.Bytes
        // Ends the bytes asked for where the block ends, at the inaccessible page.
        | block when Guard.IsOn -> block.Address + nativeint (block.Bytes - bytes)
        | block -> block.Address

    /// The same, of a size that is known to be small.
    static member Get(purpose: int, bytes: int) : nativeint = Scratch.Get(purpose, int64 bytes)
