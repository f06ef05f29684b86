namespace DL1.Compiler.Runtime

open System
open System.Runtime.InteropServices
open System.Threading
open DL1
open DL1.Compiler.Simd

/// System calls for pages, used by `GuardedRegion` alone.
module internal GuardPages =
    [<DllImport("libc", SetLastError = true)>]
    extern nativeint mmap(
        nativeint address,
        unativeint length,
        int protection,
        int flags,
        int file,
        nativeint offset
    )

    [<DllImport("libc", SetLastError = true)>]
    extern int munmap(nativeint address, unativeint length)

    [<DllImport("libc", SetLastError = true)>]
    extern int mprotect(nativeint address, unativeint length, int protection)

/// A debug switch that finds kernels which read or write outside their buffers. With the environment variable
/// `DL1_GUARD=1`, on Linux, every buffer that kernels see is a region of its own that ends at an inaccessible page, so
/// that an access after the buffer ends the process at that instruction. The bytes before the buffer hold a pattern that
/// is checked after each kernel. Fresh buffers hold NaN. Without the variable nothing of this is done.
[<AbstractClass; Sealed>]
type internal Guard private () =
    static let isOn = Environment.GetEnvironmentVariable "DL1_GUARD" = "1" && OperatingSystem.IsLinux()

    /// Whether buffers are guarded.
    static member IsOn = isOn

    /// The pattern, 32 bits: NaN as f32 and, twice, as f64; as an index it is negative, so out of every range.
    static member Pattern = 0xFFFBFFFBu

    /// Fills memory with the pattern.
    static member Fill(address: nativeint, bytes: int64) =
        let mutable at = 0L

        while at < bytes do
            let count = min 1073741824L (bytes - at)
            let start = address + nativeint at
            Span<uint32>(start.ToPointer(), int (count / 4L)).Fill Guard.Pattern

            // Up to three last bytes, in a buffer of truth values.
            for i in count / 4L * 4L .. count - 1L do
                At.set<byte> start (int i) 0xFFuy

            at <- at + count

/// Memory of its own pages that ends at an inaccessible page. Its finaliser unmaps it.
[<Sealed>]
type internal GuardedRegion(operation: string, bytes: int64) =
    static let page = int64 Environment.SystemPageSize
    static let mutable count = 0

    // Linux: PROT_NONE; PROT_READ; PROT_READ | PROT_WRITE; MAP_PRIVATE | MAP_ANONYMOUS.
    static let none, readable, writable, flags = 0, 1, 3, 0x22

    let inner = max page ((bytes + page - 1L) / page * page)
    let length = unativeint (inner + 2L * page)

    // The runtime's memory limit does not count mapped pages, so it is checked here.
    do Allocation.require operation (fun () -> $"a buffer of %d{bytes} bytes") bytes

    let map () = GuardPages.mmap (0n, length, none, flags, -1, 0n)

    let whole =
        let first = map ()

        if first <> -1n then
            first
        else
            // The system limits the number of mappings: unmaps the regions that are no longer referenced, and tries again.
            GC.Collect()
            GC.WaitForPendingFinalizers()
            map ()

    let start = whole + nativeint page
    do Interlocked.Increment(&count) |> ignore

    do
        if whole = -1n || GuardPages.mprotect (start, unativeint inner, writable) <> 0 then
            Allocation.failed operation

        Guard.Fill(start, inner)

    let address = start + nativeint (inner - bytes)

    /// The first byte of the buffer; its last byte is followed by the inaccessible page.
    member _.Address = address
    member _.Bytes = bytes

    /// Fills the buffer with the pattern again.
    member _.Spoil() = Guard.Fill(address, bytes)

    /// Fills the buffer with zeros.
    member _.Clear() = NativeMemory.Clear(address.ToPointer(), unativeint bytes)

    /// Makes the buffer read-only.
    member _.Protect() = GuardPages.mprotect (start, unativeint inner, readable) |> ignore

    /// Whether something was written into the bytes before the buffer.
    member _.IsBroken =
        let words = ReadOnlySpan<byte>(start.ToPointer(), int (inner - bytes))

        // The pattern is aligned to the page's beginning.
        let whole = MemoryMarshal.Cast<byte, uint32>(words)
        let mutable broken = whole.IndexOfAnyExcept Guard.Pattern >= 0

        for i in whole.Length * 4 .. words.Length - 1 do
            broken <- broken || words[i] <> byte (Guard.Pattern >>> (8 * (i % 4)))

        broken

    /// Whether one more region may be mapped: the system allows some 65,000 mappings, and each region takes three of them.
    static member CanMap = Volatile.Read &count < 8000

    override _.Finalize() =
        if whole > 0n then
            Interlocked.Decrement(&count) |> ignore
            GuardPages.munmap (whole, length) |> ignore

/// Memory for kernels at a fixed address: in a pinned array, or a guarded region. It is uninitialised, or holds zeros. Code that
/// passes the address on keeps the memory alive with `Hold`.
[<Sealed>]
type internal Block private (region: GuardedRegion | null, array: byte[], offset: int64, bytes: int64) =
    /// The most bytes of the blocks in one array; a larger block has an array to itself.
    static let most = 1073741824L

    static let aligned (address: int64) = (address + Block.Alignment - 1L) &&& ~~~(Block.Alignment - 1L)

    let address =
        match region with
        | null ->
            nativeint (aligned (int64 (Marshal.UnsafeAddrOfPinnedArrayElement(array, 0)))) + nativeint offset
        | region -> region.Address

    /// Uninitialised memory.
    new(operation, what, bytes) =
        if Block.IsGuarded then
            Block(GuardedRegion(operation, bytes), [||], 0L, bytes)
        else
            Block(null, Allocation.pinned operation what (bytes + Block.Alignment), 0L, bytes)

    /// Whether the next block gets a region of its own: once the system allows no more mappings, blocks have no guards.
    static member private IsGuarded = Guard.IsOn && GuardedRegion.CanMap

    /// Makes blocks of zeros, of the given sizes in bytes. They lie side by side in few arrays, which large pages cover except at
    /// their ends. Most pages of a large array take no physical memory before they are written.
    static member Zeros(operation: string, what: string, sizes: int64[]) : Block[] =
        let sideBySide (sizes: int64 list) =
            let offsets = sizes |> List.scan (fun offset bytes -> offset + aligned bytes) 0L
            let array = Allocation.pinnedZeros operation what (List.last offsets + Block.Alignment)

            List.map2
                (fun offset bytes -> Block(null, array, offset, bytes))
                (List.take sizes.Length offsets)
                sizes

        /// Divides sizes, in their order, into runs that fit into one array each.
        let rec runs (sizes: int64 list) =
            match sizes with
            | [] -> []
            | _ ->
                let ends = sizes |> List.scan (fun offset bytes -> offset + aligned bytes) 0L |> List.tail
                let count = max 1 (ends |> List.takeWhile (fun last -> last <= most) |> List.length)
                List.take count sizes :: runs (List.skip count sizes)

        if Block.IsGuarded then
            sizes
            |> Array.map (fun bytes ->
                let region = GuardedRegion(operation, bytes)
                region.Clear()
                Block(region, [||], 0L, bytes))
        else
            List.ofArray sizes |> runs |> List.collect sideBySide |> Array.ofList

    /// The alignment of blocks without guards, in bytes: a cache line.
    static member Alignment = 64L

    /// Memory that a kernel keeps between its runs.
    static member Kept(bytes: int64) = Block("Compile", "what a kernel works in", bytes)

    member _.Address = address
    member _.Bytes = bytes
    /// The guarded region, if this block is guarded; otherwise null.
    member _.Region: GuardedRegion | null = region

    /// Keeps the memory alive until this call.
    member _.Hold() =
        GC.KeepAlive array
        GC.KeepAlive region
