namespace DL1.MpiBinding

open System.Runtime.InteropServices

/// The functions of MPI that are called, and some of the C library. Handles are passed as addresses: those of MPICH are integers of
/// 32 bits, of which the callee reads the low half of a register.
module internal Calls =
    /// The name that `Library` resolves to the file it found.
    [<Literal>]
    let Mpi = "dl1-mpi"

    [<DllImport(Mpi)>]
    extern int MPI_Init_thread(nativeint argc, nativeint argv, int required, int& provided)

    [<DllImport(Mpi)>]
    extern int MPI_Initialized(int& flag)

    [<DllImport(Mpi)>]
    extern int MPI_Finalized(int& flag)

    [<DllImport(Mpi)>]
    extern int MPI_Finalize()

    [<DllImport(Mpi)>]
    extern int MPI_Comm_rank(nativeint comm, int& rank)

    [<DllImport(Mpi)>]
    extern int MPI_Comm_size(nativeint comm, int& size)

    [<DllImport(Mpi)>]
    extern int MPI_Comm_set_errhandler(nativeint comm, nativeint handler)

    [<DllImport(Mpi)>]
    extern int MPI_Error_string(int code, nativeint text, int& length)

    [<DllImport(Mpi)>]
    extern int MPI_Get_library_version(nativeint text, int& length)

    [<DllImport(Mpi)>]
    extern int MPI_Abort(nativeint comm, int code)

    [<DllImport(Mpi)>]
    extern int MPI_Alltoall(
        nativeint send,
        int sendCount,
        nativeint sendType,
        nativeint receive,
        int receiveCount,
        nativeint receiveType,
        nativeint comm
    )

    [<DllImport(Mpi)>]
    extern int MPI_Allgather(
        nativeint send,
        int sendCount,
        nativeint sendType,
        nativeint receive,
        int receiveCount,
        nativeint receiveType,
        nativeint comm
    )

    [<DllImport(Mpi)>]
    extern int MPI_Bcast(nativeint buffer, int count, nativeint dtype, int root, nativeint comm)

    [<DllImport(Mpi)>]
    extern int MPI_Allreduce(
        nativeint send,
        nativeint receive,
        int count,
        nativeint dtype,
        nativeint operation,
        nativeint comm
    )

    // A request is written at an address of eight bytes, of which MPICH uses four.

    [<DllImport(Mpi)>]
    extern int MPI_Iallgather(
        nativeint send,
        int sendCount,
        nativeint sendType,
        nativeint receive,
        int receiveCount,
        nativeint receiveType,
        nativeint comm,
        nativeint request
    )

    [<DllImport(Mpi)>]
    extern int MPI_Isend(
        nativeint buffer,
        int count,
        nativeint dtype,
        int target,
        int tag,
        nativeint comm,
        nativeint request
    )

    [<DllImport(Mpi)>]
    extern int MPI_Irecv(
        nativeint buffer,
        int count,
        nativeint dtype,
        int source,
        int tag,
        nativeint comm,
        nativeint request
    )

    [<DllImport(Mpi)>]
    extern int MPI_Test(nativeint request, int& flag, nativeint status)

    /// Sleeps for a number of microseconds.
    [<DllImport("libc")>]
    extern int usleep(uint32 microseconds)

    /// Sets a variable that native code reads; that of .NET sets its own copy.
    [<DllImport("libc")>]
    extern int setenv(nativeint name, nativeint value, int overwrite)
