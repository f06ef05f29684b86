namespace DL1.Compiler.Execution

open System
open DL1.Compiler.Runtime

/// The buffers of a scan, in the plan of its body and in the outer plan; −1 where a value is not used.
[<NoEquality; NoComparison>]
type internal ScanJob =
    {
        Length: int
        Reversed: bool
        /// Bytes of each carry, of a slice of each sequence, and of each output of a step.
        CarryBytes: int64[]
        SliceBytes: int64[]
        OutputBytes: int64[]
        /// Buffers of the body's inputs: carries, slices of the sequences, and operands that are the same at each step;
        /// then of its results: the next carries, followed by the outputs.
        Carries: int[]
        Slices: int[]
        Fixed: int[]
        Results: int[]
        /// For each result, whether the body's kernels write it where it belongs; otherwise it is copied.
        Direct: bool[]
        /// Buffers of the outer plan: initial carries, sequences and fixed operands; final carries and stacked outputs.
        Initial: int[]
        Sequences: int[]
        OuterFixed: int[]
        Final: int[]
        Stacks: int[]
    }

/// Runs a scan: for each step it sets the addresses of the body's inputs and results in the frame `inner`, and calls `run`,
/// which runs the body's plan on a number of threads.
[<Sealed>]
type internal ScanKernel(frame: Frame, inner: Frame, run: int -> unit, job: ScanJob) =
    inherit Kernel()

    let fresh bytes = Block("Compile", "what a loop carries", bytes)

    // Carries are in `even` and `odd`, which swap after each step; `unused` takes outputs that the outer plan does not use.
    let even = job.CarryBytes |> Array.map fresh
    let odd = job.CarryBytes |> Array.map fresh
    let unused = job.OutputBytes |> Array.map fresh
    let carries = job.CarryBytes.Length

    do
        for i in 0 .. job.Fixed.Length - 1 do
            if job.Fixed[i] >= 0 then
                inner.Frozen[job.Fixed[i]] <- frame.Frozen[job.OuterFixed[i]]

    let put buffer value =
        if buffer >= 0 then
            inner.Addresses[buffer] <- value

    /// The address to which a step writes result i. A member, since a closure in `Run` would be allocated at each step.
    member private _.Target(next: Block[], step: int, i: int) =
        if i < carries then
            next[i].Address
        else
            let j = i - carries

            if job.Stacks[j] < 0 then
                unused[j].Address
            else
                frame.Addresses[job.Stacks[j]] + nativeint step * nativeint (job.OutputBytes[j])

    override this.Run() =
        for i in 0 .. carries - 1 do
            Memory.copy frame.Addresses[job.Initial[i]] even[i].Address job.CarryBytes[i]

        for i in 0 .. job.Fixed.Length - 1 do
            put job.Fixed[i] frame.Addresses[job.OuterFixed[i]]

        for count in 0 .. job.Length - 1 do
            let step = if job.Reversed then job.Length - 1 - count else count
            let now = if count % 2 = 0 then even else odd
            let next = if count % 2 = 0 then odd else even

            for i in 0 .. carries - 1 do
                put job.Carries[i] now[i].Address

            for i in 0 .. job.Slices.Length - 1 do
                put
                    job.Slices[i]
                    (frame.Addresses[job.Sequences[i]] + nativeint step * nativeint (job.SliceBytes[i]))

            for i in 0 .. job.Results.Length - 1 do
                if job.Direct[i] then
                    put job.Results[i] (this.Target(next, step, i))

            run frame.Threads

            for i in 0 .. job.Results.Length - 1 do
                if not job.Direct[i] then
                    let bytes = if i < carries then job.CarryBytes[i] else job.OutputBytes[i - carries]
                    Memory.copy inner.Addresses[job.Results[i]] (this.Target(next, step, i)) bytes

        let last = if job.Length % 2 = 0 then even else odd

        for i in 0 .. carries - 1 do
            if job.Final[i] >= 0 then
                Memory.copy last[i].Address frame.Addresses[job.Final[i]] job.CarryBytes[i]

        // The body holds addresses, which do not keep the memory alive.
        GC.KeepAlive even
        GC.KeepAlive odd
        GC.KeepAlive unused
