namespace DL1.MpiBinding

open System
open System.Runtime.InteropServices
open System.Threading
open Microsoft.FSharp.NativeInterop
open DL1

#nowarn "9" // Buffers at addresses, which this type keeps or pins.

/// What a rank is about to do: compared by all before they do it.
type internal Call =
    | SumSingle = 1L
    | SumDouble = 2L
    | Gather = 3L
    | Broadcast = 4L
    | End = 5L

/// Ranks that are processes under MPI. Each exchange begins with a comparison of what ranks are about to do, so that one that
/// ends, or does something else, is an error and not an endless waiting.
[<Sealed>]
type internal MpiRanks(family: Family, rank: int, size: int) =
    inherit Ranks()

    let gate = obj ()
    /// The most bytes of an exchange at a time: counts of MPI have 32 bits, and this bounds the buffers.
    let chunkBytes = 16L <<< 20
    /// Up to this number of bytes, each rank gets the vectors of all ranks in one call instead of two.
    let smallBytes = 4096L

    let block (bytes: int64) =
        NativePtr.toNativeInt (NativePtr.ofVoidPtr<byte>(NativeMemory.AlignedAlloc(unativeint bytes, 64un)))

    /// Vectors of this many bytes or more are sent piece by piece between ranks, which sleep while they wait.
    let largeBytes = 1L <<< 20

    let control = block 16L
    let controls = block (16L * int64 size)
    let mutable received = block (max chunkBytes (smallBytes * int64 size) + 64L * int64 size)
    let mutable padded = block (chunkBytes + 64L * int64 size)
    let pieces: nativeint[] = Array.zeroCreate size
    /// What is under way, and a status that nobody reads.
    let requests = block (16L * int64 size)
    let status = block 64L

    let require (call: string) (code: int) =
        if code <> 0 then
            raise (RankError(rank, $"{call}: {Library.textOf code}"))

    let copy (source: nativeint) (target: nativeint) (bytes: int64) =
        Buffer.MemoryCopy(source.ToPointer(), target.ToPointer(), bytes, bytes)

    /// Waits for requests 0 to count − 1. First it asks again and again; then it sleeps in between, so that the processor is free for
    /// the computation beside which gradients are exchanged.
    let wait (count: int) =
        let mutable turns = 0

        for i in 0 .. count - 1 do
            let mutable isDone = 0

            while isDone = 0 do
                Calls.MPI_Test(requests + nativeint (8 * i), &isDone, status) |> require "MPI_Test"
                turns <- turns + 1

                if isDone = 0 && turns > 1000 then
                    if OperatingSystem.IsWindows() then
                        Thread.Sleep 0
                    else
                        Calls.usleep 50u |> ignore

    /// Sends a piece to each other rank, and receives one of each. Pieces begin where the first does and steps further on: one for each
    /// rank, or the same for all where the step is 0.
    let swap
        (send: nativeint)
        (sendStep: nativeint)
        (receive: nativeint)
        (receiveStep: nativeint)
        (piece: int)
        =
        let mutable count = 0

        for step in 1 .. size - 1 do
            let source = (rank - step + size) % size
            let at = receive + receiveStep * nativeint source
            let request = requests + nativeint (8 * count)

            Calls.MPI_Irecv(at, piece, family.Byte, source, 1, family.World, request) |> require "MPI_Irecv"

            count <- count + 1

        for step in 1 .. size - 1 do
            let target = (rank + step) % size
            let at = send + sendStep * nativeint target
            let request = requests + nativeint (8 * count)

            Calls.MPI_Isend(at, piece, family.Byte, target, 1, family.World, request) |> require "MPI_Isend"

            count <- count + 1

        wait count

    let shown (call: Call) (length: int64) =
        match call with
        | Call.SumSingle -> $"Sum of f32 of %d{length} numbers"
        | Call.SumDouble -> $"Sum of f64 of %d{length} numbers"
        | Call.Gather -> "Gather"
        | Call.Broadcast -> "Broadcast"
        | Call.End -> "its end"
        | other -> $"call %d{int64 other}"

    let callOf other : Call = LanguagePrimitives.EnumOfValue(Marshal.ReadInt64(controls, 16 * other))
    let lengthOf other = Marshal.ReadInt64(controls, 16 * other + 8)

    /// Tells the others what comes, and hears what they are about to do.
    let meet (call: Call) (length: int64) =
        Marshal.WriteInt64(control, int64 call)
        Marshal.WriteInt64(control, 8, length)

        let byteType = family.Byte

        Calls.MPI_Iallgather(control, 16, byteType, controls, 16, byteType, family.World, requests)
        |> require "MPI_Iallgather"

        wait 1

    /// `meet`, where all must do the same; sums also over as many numbers.
    let agree (call: Call) (length: int64) =
        meet call length
        let hasLength = call = Call.SumSingle || call = Call.SumDouble

        for other in 0 .. size - 1 do
            if callOf other <> call || (hasLength && lengthOf other <> length) then
                let does = shown (callOf other) (lengthOf other)

                raise (
                    RankError(
                        other,
                        (if callOf other = Call.End then
                             "it has ended, and exchanges nothing more"
                         else
                             $"it called {does} where rank %d{rank} called {shown call length}")
                    )
                )

    /// Adds the pieces of all ranks that lie one behind another in `received`, into the first.
    let add isDouble (pieceBytes: int64) (count: int) =
        for other in 0 .. size - 1 do
            pieces[other] <- received + nativeint (pieceBytes * int64 other)

        TreeSum.Sum(isDouble, pieces, 0, size, count)

    let sumChunk isDouble (address: nativeint) (count: int) =
        let bytes = if isDouble then 8L else 4L
        let whole = bytes * int64 count
        let byteType, world = family.Byte, family.World

        if whole <= smallBytes then
            Calls.MPI_Allgather(address, int whole, byteType, received, int whole, byteType, world)
            |> require "MPI_Allgather"

            add isDouble whole count
            copy received address whole
        else
            // Each rank adds one piece; the vector is filled up to as many equal pieces.
            let each = (count + size - 1) / size
            let piece = bytes * int64 each
            let isEven = each * size = count
            let source = if isEven then address else padded

            if not isEven then
                NativeMemory.Clear(
                    (padded + nativeint whole).ToPointer(),
                    unativeint (piece * int64 size - whole)
                )

                copy address padded whole

            let step = nativeint piece
            let own = nativeint rank * step

            if whole < largeBytes then
                Calls.MPI_Alltoall(source, int piece, byteType, received, int piece, byteType, world)
                |> require "MPI_Alltoall"
            else
                swap source step received step (int piece)
                copy (source + own) (received + own) piece

            add isDouble piece each

            if whole < largeBytes then
                Calls.MPI_Allgather(received, int piece, byteType, source, int piece, byteType, world)
                |> require "MPI_Allgather"
            else
                swap received 0n source step (int piece)
                copy received (source + own) piece

            if not isEven then
                copy padded address whole

    let sum isDouble (address: nativeint) (length: int) =
        lock gate (fun () ->
            agree (if isDouble then Call.SumDouble else Call.SumSingle) (int64 length)
            let bytes = if isDouble then 8L else 4L
            let most = int (chunkBytes / bytes) / size * size
            let mutable first = 0

            while first < length do
                let count = min most (length - first)
                sumChunk isDouble (address + nativeint (bytes * int64 first)) count
                first <- first + count)

    /// The bytes of a rank, to all.
    let broadcast (root: int) (bytes: byte[]) =
        let pin = GCHandle.Alloc(bytes, GCHandleType.Pinned)

        try
            let mutable first = 0L

            while first < bytes.LongLength do
                let count = int (min (1L <<< 28) (bytes.LongLength - first))

                Calls.MPI_Bcast(
                    pin.AddrOfPinnedObject() + nativeint first,
                    count,
                    family.Byte,
                    root,
                    family.World
                )
                |> require "MPI_Bcast"

                first <- first + int64 count
        finally
            pin.Free()

    override _.Rank = rank
    override _.Size = size

    override _.Sum(values: Span<float32>) =
        use pin = fixed values
        sum false (NativePtr.toNativeInt pin) values.Length

    override _.Sum(values: Span<float>) =
        use pin = fixed values
        sum true (NativePtr.toNativeInt pin) values.Length

    override _.Gather bytes =
        ArgumentNullException.ThrowIfNull bytes

        lock gate (fun () ->
            agree Call.Gather bytes.LongLength
            let lengths = Array.init size lengthOf

            Array.init size (fun other ->
                let own = if other = rank then bytes else Array.zeroCreate (int lengths[other])
                broadcast other own
                own))

    override _.Broadcast bytes =
        ArgumentNullException.ThrowIfNull bytes

        lock gate (fun () ->
            agree Call.Broadcast bytes.LongLength
            let own = if rank = 0 then bytes else Array.zeroCreate (int (lengthOf 0))
            broadcast 0 own
            own)

    override this.Abort message = this.AbortWith(1, message)

    /// `Abort` with an exit code for the launcher.
    member _.AbortWith(code: int, message: string) : unit =
        // One write, so that lines of several ranks do not mix.
        Console.Error.Write $"rank %d{rank} of %d{size}: {message}\n"
        Console.Error.Flush()
        // A launcher may drop what it has not read when it ends a job: MPICH's does.
        Thread.Sleep 250
        Calls.MPI_Abort(family.World, code) |> ignore

    /// The same sum by the library's own all-reduce, whose order is the library's: for comparisons of speed.
    member _.AllReduce(values: Span<float32>) =
        use pin = fixed values
        let address = NativePtr.toNativeInt pin
        let most = 1 <<< 28
        let mutable first = 0

        while first < values.Length do
            let count = min most (values.Length - first)
            let source = address + nativeint (4L * int64 first)
            // In place: 1 for Open MPI and the standard, −1 for MPICH.
            let inPlace = if family.Name = "MPICH" then -1n else 1n

            Calls.MPI_Allreduce(inPlace, source, count, family.Single, family.Sum, family.World)
            |> require "MPI_Allreduce"

            first <- first + count

    /// Waits until all ranks have ended, and ends MPI; a rank that still exchanges makes it an error.
    member this.End() =
        let wait () =
            meet Call.End 0L
            [ 0 .. size - 1 ] |> List.tryFind (fun other -> callOf other <> Call.End)

        if Monitor.TryEnter gate then
            match wait () with
            | None -> Calls.MPI_Finalize() |> ignore
            | Some other ->
                this.Abort
                    $"this rank has ended, while rank %d{other} makes {shown (callOf other) (lengthOf other)}; all ranks make the same calls"
