namespace DL1.Compiler.Execution

open System
open DL1
open DL1.Compiler.Planning
open DL1.Compiler.Runtime

/// A plan bound to a frame of its own, as a loop runs it.
type internal IBound =
    abstract Frame: Frame
    abstract Run: threads: int -> unit

/// What a loop reads and writes, by place: of the body's plan, and of the plan that the loop stands in; −1 for what is
/// not wanted there.
[<NoEquality; NoComparison>]
type internal ScanJob =
    {
        Length: int
        Reversed: bool
        /// Bytes of each carry, of a slice of each sequence, and of each output of a step.
        CarryBytes: int64[]
        SliceBytes: int64[]
        OutputBytes: int64[]
        /// In the body: carries, slices, what is fixed, then what comes next and the outputs.
        Carries: int[]
        Slices: int[]
        Fixed: int[]
        Results: int[]
        /// Whether the body's kernels write a result straight to where it is wanted.
        Direct: bool[]
        /// In the plan about it.
        Initial: int[]
        Sequences: int[]
        Given: int[]
        Final: int[]
        Stacks: int[]
    }

/// Runs a loop: one frame for its body, whose operands move from step to step.
[<Sealed>]
type internal ScanKernel(frame: Frame, body: IBound, job: ScanJob) =
    inherit Kernel()

    let fresh bytes = Block("Compile", "what a loop carries", bytes)

    let address (b: Block) = b.Address

    // Carries change places with what comes next; outputs that no one wants go to waste.
    let even = job.CarryBytes |> Array.map fresh
    let odd = job.CarryBytes |> Array.map fresh
    let waste = job.OutputBytes |> Array.map fresh
    let carries = job.CarryBytes.Length

    let copy (source: nativeint) (target: nativeint) (count: int64) =
        Buffer.MemoryCopy(source.ToPointer(), target.ToPointer(), count, count)

    let put place value =
        if place >= 0 then
            body.Frame.Addresses[place] <- value

    /// Where a step writes a result: a function in `Run` would be allocated anew at each step.
    member private _.Target(next: Block[], step: int, i: int) =
        if i < carries then
            address next[i]
        else
            let j = i - carries

            if job.Stacks[j] < 0 then
                address waste[j]
            else
                frame.Addresses[job.Stacks[j]] + nativeint step * nativeint (job.OutputBytes[j])

    override this.Run() =
        for i in 0 .. carries - 1 do
            copy frame.Addresses[job.Initial[i]] (address even[i]) job.CarryBytes[i]

        for i in 0 .. job.Fixed.Length - 1 do
            put job.Fixed[i] frame.Addresses[job.Given[i]]

        for count in 0 .. job.Length - 1 do
            let step = if job.Reversed then job.Length - 1 - count else count
            let now = if count % 2 = 0 then even else odd
            let next = if count % 2 = 0 then odd else even

            for i in 0 .. carries - 1 do
                put job.Carries[i] (address now[i])

            for i in 0 .. job.Slices.Length - 1 do
                put
                    job.Slices[i]
                    (frame.Addresses[job.Sequences[i]] + nativeint step * nativeint (job.SliceBytes[i]))

            for i in 0 .. job.Results.Length - 1 do
                if job.Direct[i] then
                    put job.Results[i] (this.Target(next, step, i))

            body.Run frame.Threads

            for i in 0 .. job.Results.Length - 1 do
                if not job.Direct[i] then
                    let bytes = if i < carries then job.CarryBytes[i] else job.OutputBytes[i - carries]
                    copy body.Frame.Addresses[job.Results[i]] (this.Target(next, step, i)) bytes

        let last = if job.Length % 2 = 0 then even else odd

        for i in 0 .. carries - 1 do
            if job.Final[i] >= 0 then
                copy (address last[i]) frame.Addresses[job.Final[i]] job.CarryBytes[i]

        // What the body knows are addresses alone.
        GC.KeepAlive even
        GC.KeepAlive odd
        GC.KeepAlive waste
