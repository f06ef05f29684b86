namespace DL1.MpiBinding

open System
open System.Globalization
open System.Runtime.InteropServices
open DL1

/// What MPI libraries differ in.
[<NoEquality; NoComparison>]
type internal Family =
    {
        Name: string
        World: nativeint
        Byte: nativeint
        Single: nativeint
        Sum: nativeint
        /// The handler that lets calls return their errors.
        Returns: nativeint
        /// Calls come from one thread at a time.
        Serialized: int
    }

/// The MPI library of the machine: found, loaded once, and told apart.
[<RequireQualifiedAccess>]
module internal Library =
    let private operation = "Mpi.Start"
    let private variable = "DL1_MPI"

    /// Open MPI's handles are addresses of what the library exports.
    let private openMpi (library: nativeint) : Family =
        let export name = NativeLibrary.GetExport(library, name)

        {
            Name = "Open MPI"
            World = export "ompi_mpi_comm_world"
            Byte = export "ompi_mpi_byte"
            Single = export "ompi_mpi_float"
            Sum = export "ompi_mpi_op_sum"
            Returns = export "ompi_mpi_errors_return"
            Serialized = 2
        }

    /// The ABI of MPICH, which Intel MPI, MVAPICH and Cray's share.
    let private mpich: Family =
        {
            Name = "MPICH"
            World = 0x44000000n
            Byte = 0x4c00010dn
            Single = 0x4c00040an
            Sum = 0x58000003n
            Returns = 0x54000001n
            Serialized = 2
        }

    /// The ABI of the standard, MPI 5.0.
    let private standard: Family =
        {
            Name = "MPI 5 ABI"
            World = 0x101n
            Byte = 0x247n
            Single = 0x210n
            Sum = 0x21n
            Returns = 0x142n
            Serialized = 2048
        }

    let private environment name =
        match Environment.GetEnvironmentVariable name with
        | null
        | "" -> None
        | value -> Some value

    let private number (names: string list) : int option =
        names
        |> List.tryPick environment
        |> Option.bind (fun text ->
            match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, size -> Some size
            | false, _ -> None)

    /// The number of ranks that the launcher says it has started.
    let launched () : int option = number [ "OMPI_COMM_WORLD_SIZE"; "PMI_SIZE" ]

    /// Those of them on this machine.
    let launchedHere () : int option = number [ "OMPI_COMM_WORLD_LOCAL_SIZE"; "MPI_LOCALNRANKS" ]

    let private isWindows = OperatingSystem.IsWindows()

    /// File names in the order in which they are tried: those of the launcher's own library first.
    let private candidates () =
        let openMpi = [ "libmpi.so.40"; "libmpi.so.80"; "libmpi.40.dylib" ]
        let mpich = [ "libmpich.so.12"; "libmpi.so.12"; "libmpi.12.dylib"; "libmpich.12.dylib" ]

        match environment variable with
        | Some file -> [ file ]
        | None when isWindows -> [ "impi.dll"; "msmpi.dll" ]
        | None when (environment "OMPI_COMM_WORLD_SIZE").IsSome -> openMpi @ [ "libmpi_abi.so.0" ]
        | None when (environment "PMI_SIZE").IsSome -> mpich @ [ "libmpi_abi.so.0" ]
        | None -> [ "libmpi_abi.so.0" ] @ openMpi @ mpich

    let private familyOf (file: string) (library: nativeint) : Family =
        let mutable address = 0n

        if NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", &address) then
            openMpi library
        elif file.Contains("mpi_abi", StringComparison.Ordinal) then
            standard
        else
            mpich

    /// UCX, which MPICH may use, takes the signal over by which .NET raises `NullReferenceException`.
    let private keepSignals () =
        if not isWindows then
            let set (name: string) =
                let name = Marshal.StringToCoTaskMemUTF8 name
                let value = Marshal.StringToCoTaskMemUTF8 ""
                Calls.setenv (name, value, 1) |> ignore
                Marshal.FreeCoTaskMem name
                Marshal.FreeCoTaskMem value

            set "UCX_ERROR_SIGNALS"

            // The same of PSM, Intel's and Cornelis' networks.
            for name in [ "IPATH_NO_BACKTRACE"; "HFI_NO_BACKTRACE" ] do
                let key = Marshal.StringToCoTaskMemUTF8 name
                let value = Marshal.StringToCoTaskMemUTF8 "1"
                Calls.setenv (key, value, 1) |> ignore
                Marshal.FreeCoTaskMem key
                Marshal.FreeCoTaskMem value

    /// Loads the library, and says which file it is; no library is a `DomainError` that names what was tried.
    let load () : struct (Family * string) =
        keepSignals ()
        let tried = candidates ()
        let mutable library = 0n

        match tried |> List.tryFind (fun file -> NativeLibrary.TryLoad(file, &library)) with
        | None ->
            let names = String.concat ", " tried

            Refuse.domain
                operation
                $"no MPI library: none of {names} could be loaded"
                "Open MPI, MPICH, or another library with the ABI of MPICH or of MPI 5"
                $"install one, such as openmpi-bin or mpich, or set {variable} to its file"
        | Some file ->
            let assembly = typeof<Family>.Assembly
            let found = library

            NativeLibrary.SetDllImportResolver(
                assembly,
                DllImportResolver(fun name _ _ -> if name = Calls.Mpi then found else 0n)
            )

            struct (familyOf file library, file)

    /// The text of an error code.
    let textOf (code: int) : string =
        let text = Marshal.AllocCoTaskMem 4096

        try
            let mutable length = 0

            if Calls.MPI_Error_string(code, text, &length) = 0 then
                Marshal.PtrToStringUTF8(text, length)
            else
                $"error %d{code}"
        finally
            Marshal.FreeCoTaskMem text

    /// The library's own name and version, its first line.
    let version () : string =
        let text = Marshal.AllocCoTaskMem 16384

        try
            let mutable length = 0
            Calls.MPI_Get_library_version(text, &length) |> ignore
            (Marshal.PtrToStringUTF8(text, length)).Split([| '\n'; '\000' |]).[0].Trim()
        finally
            Marshal.FreeCoTaskMem text
