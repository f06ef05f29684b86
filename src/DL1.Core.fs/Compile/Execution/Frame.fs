namespace DL1.Compiler.Execution

open System
open System.Collections.Concurrent
open System.Numerics
open DL1.Compiler
open DL1.Compiler.Runtime

/// Arenas shared by plans that run occasionally, such as those of a service for batches of many sizes. A run borrows
/// one and returns it, so memory grows with the number of concurrent runs and not with the number of cached plans.
[<RequireQualifiedAccess>]
module internal SharedBuffers =
    let private idle = ConcurrentStack<Block>()

    /// A block of at least `bytes` bytes: a returned one, if it is large enough, or a new one whose size is a power of two.
    let borrow (bytes: int64) : Block =
        match idle.TryPop() with
        | true, block when block.Bytes >= bytes -> block
        // A returned block that is too small is dropped, so that the kept ones soon are large enough for every plan.
        | _ ->
            let size = BitOperations.RoundUpToPowerOf2(uint64 (max 4096L bytes))
            Block("Compile", "intermediate values", int64 size)

    /// Returns a block; at most one for each processor is kept.
    let giveBack (block: Block) : unit =
        if idle.Count < Environment.ProcessorCount then
            idle.Push block

/// The memory of one run: the arena and an address for each buffer. A plan may have several frames in use at once; each
/// belongs to one run at a time. `grain` is the least work of a task of a fused loop, in elements moved.
[<Sealed>]
type internal Frame(buffers: int, bytes: int64, grain: int64) =

    /// The address of each buffer, by its index in the plan.
    member val Addresses: nativeint[] = Array.zeroCreate buffers
    /// For each buffer, the array of its elements if they never change, so that kernels may keep packed copies; otherwise null.
    member val Frozen: (Array | null)[] = Array.zeroCreate buffers
    member _.Grain = grain
    /// The maximum number of threads of the current run.
    member val Threads = 1 with get, set

    /// The default grain: tasks of about ten microseconds.
    static member UsualGrain = int64 Tuning.TaskElements

    /// One block for all buffers of the arena. With guards, each buffer has a block of its own (`Executable`).
    member val Memory =
        Block("Compile", "intermediate values", (if Guard.IsOn then 0L else bytes)) with get, set

    /// The address of the arena's first byte, a multiple of 64.
    member this.Base = this.Memory.Address

/// A kernel bound to a frame. It allocates all memory that it needs when it is made, and none when it runs.
[<AbstractClass>]
type internal Kernel() =
    abstract Run: unit -> unit
    /// The bytes of working memory that it keeps between runs.
    abstract KeptBytes: int64
    default _.KeptBytes = 0L

/// A kernel whose work is numbered tasks, which threads share.
[<AbstractClass>]
type internal TaskKernel() =
    inherit Kernel()
    let mutable body: (int -> unit) | null = null
    abstract Task: number: int -> unit

    /// Runs tasks 0 to `count − 1` on at most `threads` threads. The function that threads call is made at the first run.
    member this.RunTasks(threads: int, count: int) =
        let body =
            match body with
            | null ->
                let made = fun number -> this.Task number
                body <- made
                made
            | known -> known

        WorkerPool.runOn threads count body
