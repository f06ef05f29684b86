namespace DL1

open System

#nowarn "9" // An address into a pinned array.

/// Memory that a kernel works in: a few buffers a thread, kept from call to call, so that steady work allocates
/// nothing. A buffer's content is lost at the next call for the same purpose on the same thread.
[<AbstractClass; Sealed>]
type internal Scratch private () =
    [<Literal>]
    static let Alignment = 64

    [<ThreadStatic; DefaultValue>]
    static val mutable private buffers: byte[][] | null

    static let mutable total = 0L

    /// The bytes that all threads have.
    static member Total = Threading.Volatile.Read &total

    static member private Address(buffer: byte[]) =
        let start = Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0)
        (start + nativeint (Alignment - 1)) &&& ~~~(nativeint (Alignment - 1))

    /// So many bytes as a size; refused where there is no array as large.
    static member Bytes(bytes: int64) : int =
        if bytes > int64 (Array.MaxLength - Alignment) then
            Refuse.domain
                "Compile"
                $"%d{bytes} bytes for a kernel to work in"
                $"at most %d{Array.MaxLength - Alignment}"
                "use a smaller batch, or smaller images"

        int bytes

    /// The address, aligned to 64 bytes, of this thread's buffer number `purpose` with at least so many bytes.
    static member Get(purpose: int, bytes: int) : nativeint =
        let buffers =
            match Scratch.buffers with
            | null ->
                let fresh = Array.init 8 (fun _ -> Array.empty<byte>)
                Scratch.buffers <- fresh
                fresh
            | known -> known

        if buffers[purpose].Length < bytes + Alignment then
            let more = int64 (bytes + Alignment - buffers[purpose].Length)
            Threading.Interlocked.Add(&total, more) |> ignore
            buffers[purpose] <- GC.AllocateUninitializedArray<byte>(bytes + Alignment, pinned = true)

        Scratch.Address buffers[purpose]
