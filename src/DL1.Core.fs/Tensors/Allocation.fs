namespace DL1

open System
open System.Runtime.InteropServices

/// Large memory in pages of 2 MB, where Linux offers them to those who ask: each page that is touched for the first time costs
/// some microseconds, and a model of a gigabyte has 260,000 small ones.
module internal LargePages =
    [<DllImport("libc")>]
    extern int private madvise(nativeint address, unativeint length, int advice)

    /// Smaller blocks are not worth a call.
    let private least = 1048576L

    /// Asks for large pages for the memory at an address. A system that has none leaves it as it is.
    let ask (address: nativeint) (bytes: int64) =
        if bytes >= least && OperatingSystem.IsLinux() then
            let page = nativeint Environment.SystemPageSize
            let first = (address + page - 1n) / page * page
            let last = (address + nativeint bytes) / page * page
            // 14 is MADV_HUGEPAGE.
            madvise (first, unativeint (last - first), 14) |> ignore

/// Refuses what needs more memory than the process can have, before it is asked for, and names what the runtime could
/// not give.
[<RequireQualifiedAccess>]
module internal Allocation =
    /// Smaller requests are not looked at: asking the collector takes a microsecond.
    let private small = 67108864L

    let private text (bytes: int64) =
        (float bytes / 1e9).ToString("0.##", Globalization.CultureInfo.InvariantCulture) + " GB"

    let private refuse operation (what: string) (bytes: int64) (available: int64) : 'a =
        Refuse.domain
            operation
            $"{what}, which needs {text bytes} of memory"
            $"at most {text available}, what this process can have"
            "use a smaller batch or a smaller size, or a machine with more memory"

    /// Refuses an amount of memory above what the process can have: the machine's, or the limit that it was given.
    /// `what` describes the request.
    let require operation (what: unit -> string) (bytes: int64) =
        if bytes > small then
            let available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes

            if bytes > available then
                refuse operation (what ()) bytes available

    /// Refuses a number of elements, given the bytes of one, that no array holds or that exceeds the memory available.
    let requireElements operation (count: int) (bytesEach: int) =
        require operation (fun () -> $"%d{count} elements") (int64 count * int64 bytesEach)

    /// What the runtime could not give, as an error of ours.
    let failed operation : 'a =
        Refuse.domain
            operation
            "more memory than there was left"
            $"less than {text (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)}, what this process can have"
            "use a smaller batch or a smaller size, or drop tensors that are no longer needed"

    /// An array of zeros; a large one in large pages, which takes no memory of the machine before it is written.
    let zeroed<'e when 'e: unmanaged> (count: int) : 'e[] =
        let array = Array.zeroCreate<'e> count

        if count > 0 then
            LargePages.ask (Marshal.UnsafeAddrOfPinnedArrayElement(array, 0)) (int64 count * int64 sizeof<'e>)

        array

    let private pinnedBy (make: int -> byte[]) operation (what: string) (bytes: int64) : byte[] =
        if bytes > int64 Array.MaxLength then
            Refuse.domain
                operation
                $"%d{bytes} bytes of {what}"
                $"at most %d{Array.MaxLength} bytes in one piece"
                "use a smaller batch, or cut the graph in two"

        require operation (fun () -> what) bytes

        try
            let array = make (int bytes)
            LargePages.ask (Marshal.UnsafeAddrOfPinnedArrayElement(array, 0)) bytes
            array
        with :? OutOfMemoryException ->
            failed operation

    /// An uninitialised array that the collector does not move, of at most the bytes that an array holds.
    let pinned operation (what: string) (bytes: int64) : byte[] =
        pinnedBy (fun count -> GC.AllocateUninitializedArray<byte>(count, pinned = true)) operation what bytes

    /// The same with zeros: of a large one most takes no memory of the machine before it is written.
    let pinnedZeros operation (what: string) (bytes: int64) : byte[] =
        pinnedBy (fun count -> GC.AllocateArray<byte>(count, pinned = true)) operation what bytes
