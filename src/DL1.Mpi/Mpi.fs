namespace DL1

open System
open System.Runtime.InteropServices
open DL1.MpiBinding

/// Ranks that are processes on one machine or many, started by `mpirun`, `srun` or an MPIJob, over the MPI library of the
/// machine: Open MPI, MPICH, and libraries with MPICH's ABI or that of MPI 5. The file that the variable `DL1_MPI` names goes before
/// those that are found. MPI is ended when the process ends: there is nothing to dispose.
[<AbstractClass; Sealed>]
type Mpi private () =
    static let operation = "Mpi.Start"
    static let gate = obj ()
    static let mutable started: struct (MpiRanks * string) voption = ValueNone
    static let mutable isKilled = false

    /// What is done when the process ends.
    static let ends (ranks: MpiRanks) =
        let ofProcess = AppDomain.CurrentDomain

        ofProcess.UnhandledException.Add(fun e ->
            match e.ExceptionObject with
            | :? DL1Error as error -> ranks.Abort error.Message
            | :? exn as error -> ranks.Abort $"{error}"
            | other -> ranks.Abort $"{other}")

        if not (OperatingSystem.IsWindows()) then
            // The launcher ends a job by this signal: nobody is waited for.
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, (fun _ -> isKilled <- true)) |> ignore

        ofProcess.ProcessExit.Add(fun _ ->
            if not isKilled then
                if Environment.ExitCode = 0 then
                    ranks.End()
                else
                    ranks.AbortWith(
                        Environment.ExitCode,
                        $"it ended with exit code %d{Environment.ExitCode}"
                    ))

    static let start () : struct (MpiRanks * string) =
        let struct (family, file) = Library.load ()
        let mutable isInitialized = 0
        Calls.MPI_Initialized(&isInitialized) |> ignore
        let mutable provided = family.Serialized

        if isInitialized = 0 then
            let code = Calls.MPI_Init_thread(0n, 0n, family.Serialized, &provided)

            if code <> 0 then
                Refuse.domain
                    operation
                    $"{file} did not start: error %d{code}"
                    "an MPI that can be started"
                    "try its own hello-world program under the same mpirun"

        if provided < family.Serialized then
            Refuse.domain
                operation
                $"{file} serves one thread alone"
                "MPI_THREAD_SERIALIZED: calls from any thread, one at a time"
                "use a build of MPI with threads, which is the default of Open MPI and MPICH"

        Calls.MPI_Comm_set_errhandler(family.World, family.Returns) |> ignore

        let mutable rank = 0
        let mutable size = 1
        Calls.MPI_Comm_rank(family.World, &rank) |> ignore
        Calls.MPI_Comm_size(family.World, &size) |> ignore

        match Library.launched () with
        | Some launched when launched <> size ->
            Refuse.domain
                operation
                $"%d{size} ranks in {file}, where the launcher started %d{launched}"
                "the library that the launcher belongs to"
                "use the mpirun of that library, or set DL1_MPI to the file of the launcher's library"
        | Some _
        | None -> ()

        let ranks = MpiRanks(family, rank, size)
        ends ranks

        if size > 1 then
            Processors.note rank (Library.launchedHere () |> Option.defaultValue 1)
            |> Option.iter (fun note -> Console.Error.Write $"{note}\n")

        struct (ranks, $"{family.Name}, {Library.version ()}, {file}")

    static let ensure () =
        lock gate (fun () ->
            match started with
            | ValueSome known -> known
            | ValueNone ->
                let now = start ()
                started <- ValueSome now
                now)

    /// Starts MPI, the first time, and gives the ranks of the job; in a process that no launcher started, one rank. Where the
    /// launcher bound this rank to some processors, a line on standard error says so. An exception that nobody catches, or an
    /// exit code that is not 0, ends all ranks with its message. No library, or another than the launcher's, is a `DomainError`.
    /// `let ranks = Mpi.Start()`
    static member Start() : Ranks =
        let struct (ranks, _) = ensure ()
        ranks

    /// The library that is used: its family, its own name and version, and its file. `Mpi.Library`
    static member Library: string =
        let struct (_, library) = ensure ()
        library

    static member internal Own: MpiRanks =
        let struct (ranks, _) = ensure ()
        ranks
