namespace DL1

open System
open System.Runtime.ExceptionServices
open System.Threading
open Microsoft.FSharp.NativeInterop

#nowarn "9" // Vectors of other ranks at addresses, which are pinned while they are added.

/// Another rank failed, ended, or made another call, so that what was waited for will not come.
[<Sealed>]
type RankError internal (rank: int, message: string) =
    inherit
        DL1Error(
            "Ranks",
            $"rank %d{rank}: {message}",
            "ranks that make the same calls, until all have ended",
            "mend the cause on that rank; all ranks run the same program"
        )

    /// The rank that was the cause.
    member _.Rank = rank

/// Processes or threads that train one model together, numbered from 0. All run the same program and make the same calls
/// in the same order. `Ranks.alone` is one rank; `Ranks.threads` runs several in this process; the package DL1.Mpi has
/// those of processes on one machine or many.
[<AbstractClass; StructuredFormatDisplay("{Display}")>]
type Ranks() =
    /// The number of this rank, from 0 to `Size − 1`. `ranks.Rank`
    abstract Rank: int
    /// How many ranks there are. `ranks.Size`
    abstract Size: int
    /// Replaces numbers by their sums over all ranks, added in a balanced binary tree over the ranks' numbers: the same bits on
    /// all ranks. Another length on another rank is a `RankError`. `ranks.Sum(gradients.AsSpan())`
    abstract Sum: values: Span<float32> -> unit
    /// `Sum` for f64. `ranks.Sum(losses.AsSpan())`
    abstract Sum: values: Span<float> -> unit
    /// The bytes of all ranks, in the order of their numbers; each may give another length. `ranks.Gather bytes`
    abstract Gather: bytes: byte[] -> byte[][]
    /// The bytes that rank 0 gives; what others give is not looked at. `ranks.Broadcast bytes`
    abstract Broadcast: bytes: byte[] -> byte[]
    /// Ends all ranks because of an error on this one, with its message. Ranks of this process that wait get a `RankError`;
    /// over processes the call does not return. `ranks.Abort "the disk is full"`
    abstract Abort: message: string -> unit
    /// `rank 1 of 4`.
    override this.ToString() = $"rank %d{this.Rank} of %d{this.Size}"
    member internal this.Display = this.ToString()

/// One rank: nothing is exchanged.
[<Sealed>]
type internal SingleRank() =
    inherit Ranks()
    override _.Rank = 0
    override _.Size = 1
    override _.Sum(_: Span<float32>) = ()
    override _.Sum(_: Span<float>) = ()

    override _.Gather bytes =
        ArgumentNullException.ThrowIfNull bytes
        [| bytes |]

    override _.Broadcast bytes =
        ArgumentNullException.ThrowIfNull bytes
        bytes

    override _.Abort message = ArgumentNullException.ThrowIfNull message

/// Where the threads of one process meet: each call waits until all ranks have made the same one.
[<Sealed>]
type internal Meeting(size: int) =
    let gate = obj ()
    let calls: struct (string * int)[] = Array.create size (struct ("", 0))
    let mutable arrived = 0
    let mutable round = 0L
    let mutable failure: struct (int * string) voption = ValueNone

    let fail rank message =
        if failure.IsNone then
            failure <- ValueSome(struct (rank, message))

        Monitor.PulseAll gate

    let check () =
        match failure with
        | ValueSome(struct (rank, message)) -> raise (RankError(rank, message))
        | ValueNone -> ()

    let shown (struct (call: string, length: int)) =
        if length < 0 then call else $"{call} of %d{length} numbers"

    /// What each rank gives in the call that is made.
    member val Addresses: nativeint[] = Array.zeroCreate size
    member val Bytes: byte[][] = Array.create size [||]

    /// Waits until all ranks have come here, with the same call and length; a negative length is any.
    member _.Wait(rank: int, call: string, length: int) : unit =
        lock gate (fun () ->
            check ()
            calls[rank] <- struct (call, length)
            arrived <- arrived + 1

            if arrived = size then
                match calls |> Array.tryFindIndex (fun other -> other <> calls[0]) with
                | Some other ->
                    fail other $"it called {shown calls[other]} where rank 0 called {shown calls[0]}"
                    check ()
                | None ->
                    arrived <- 0
                    round <- round + 1L
                    Monitor.PulseAll gate
            else
                let mine = round

                while round = mine && failure.IsNone do
                    Monitor.Wait gate |> ignore

                // Where all have come, a failure that followed does not concern this meeting: a rank may have ended since.
                if round = mine then
                    check ())

    /// Lets all who wait, and will wait, fail.
    member _.Fail(rank: int, message: string) : unit = lock gate (fun () -> fail rank message)

/// A rank that is a thread.
[<Sealed>]
type internal ThreadRank(meeting: Meeting, rank: int, size: int) =
    inherit Ranks()

    /// Each rank adds its part of the vectors, and writes the sums to all.
    let sum (isDouble: bool) (address: nativeint) (length: int) =
        meeting.Addresses[rank] <- address
        meeting.Wait(rank, (if isDouble then "Sum of f64" else "Sum of f32"), length)
        let bytes = if isDouble then 8 else 4
        let first = int (int64 length * int64 rank / int64 size)
        let count = int (int64 length * int64 (rank + 1) / int64 size) - first
        let offset = nativeint (int64 bytes * int64 first)
        let parts = meeting.Addresses |> Array.map (fun a -> a + offset)
        TreeSum.Sum(isDouble, parts, 0, size, count)

        for other in 1 .. size - 1 do
            let bytes = int64 bytes * int64 count
            Buffer.MemoryCopy(parts[0].ToPointer(), parts[other].ToPointer(), bytes, bytes)

        meeting.Wait(rank, "Sum", -1)

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
        meeting.Bytes[rank] <- bytes
        meeting.Wait(rank, "Gather", -1)
        let all = Array.copy meeting.Bytes
        meeting.Wait(rank, "Gather", -1)
        all

    override _.Broadcast bytes =
        ArgumentNullException.ThrowIfNull bytes
        meeting.Bytes[rank] <- bytes
        meeting.Wait(rank, "Broadcast", -1)
        let first = meeting.Bytes[0]
        meeting.Wait(rank, "Broadcast", -1)
        first

    override _.Abort message = meeting.Fail(rank, message)

/// Ranks that train together.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Ranks =
    /// One rank, which exchanges nothing. `{ Fit.options key with Ranks = Ranks.alone }`
    let alone: Ranks = SingleRank()

    /// Runs a function on so many ranks, threads of this process, and gives their results in the order of the ranks. Where one
    /// throws, or ends while others wait for it, all the others end by a `RankError`, and its error is raised here. 1 to 64
    /// ranks; another number is a `DomainError`. `Ranks.threads 4 (fun ranks -> ranks.Rank * ranks.Rank)`
    let threads (count: int) (work: Ranks -> 'a) : 'a list =
        if count < 1 || count > 64 then
            Refuse.domain
                "Ranks.threads"
                $"%d{count} ranks"
                "1 to 64"
                "a rank for each core is the most that helps"

        let meeting = Meeting count
        let results: Result<'a, exn>[] = Array.create count (Error(OperationCanceledException()))

        let run rank () =
            try
                results[rank] <- Ok(work (ThreadRank(meeting, rank, count)))
                meeting.Fail(rank, "it has ended, and exchanges nothing more")
            with error ->
                results[rank] <- Error error
                meeting.Fail(rank, error.Message)

        let started =
            [
                for rank in 0 .. count - 1 do
                    let thread = Thread(run rank, 1 <<< 24, IsBackground = true, Name = $"DL1 rank %d{rank}")
                    thread.Start()
                    thread
            ]

        for thread in started do
            thread.Join()

        let errors =
            results
            |> Array.choose (function
                | Error error -> Some error
                | Ok _ -> None)

        // The cause, and not what followed from it on other ranks.
        let follows (error: exn) =
            match error, error.InnerException with
            | :? RankError, _ -> true
            | _, (:? RankError) -> true
            | _ -> false

        let cause = errors |> Array.tryFind (follows >> not) |> Option.orElse (Array.tryHead errors)

        match cause with
        | Some error -> ExceptionDispatchInfo.Capture(error).Throw()
        | None -> ()

        [
            for result in results do
                match result with
                | Ok value -> value
                | Error _ -> ()
        ]
