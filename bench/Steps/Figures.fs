/// What is measured of this program alone: memory, long runs, deep graphs, batch sizes, scalar functions. Each function
/// prints what it finds and gives it as pairs of a name and a figure.
module DL1.Bench.Figures

open System
open System.Diagnostics
open System.Globalization
open DL1
open DL1.Bench.Step
open DL1.Bench.Timing

let private text (x: float) = x.ToString("G4", CultureInfo.InvariantCulture)

let private told name figure =
    printfn "%s: %s" name figure
    name, figure

let private megabytes (bytes: int64) = $"{text (float bytes / 1e6)} MB"

let private working () =
    use self = Process.GetCurrentProcess()
    self.WorkingSet64, self.PeakWorkingSet64

/// A step with some values kept ready, so that only the session's own work is seen.
let private ready (s: Step) =
    let session = session s
    let values = Array.init 64 s.Feed
    let mutable i = 0

    fun () ->
        session.Step values[i % values.Length]
        i <- i + 1

/// A step's plan as a table, with the times of its kernels in so many steps.
let explained (steps: int) (s: Step) =
    let session = session s

    for i in 0 .. steps - 1 do
        session.Step(s.Feed i)

    session.IsProfiling <- true

    for i in 0 .. steps - 1 do
        session.Step(s.Feed i)

    session.Explain()

let private allocatedBy run =
    let before = GC.GetTotalAllocatedBytes true
    run ()
    GC.GetTotalAllocatedBytes true - before

/// Bytes allocated over so many steps of each graph of a case, and the memory of the process.
let memory steps (c: Cases.Case) =
    [
        for name, s in c.Steps() do
            let once = ready s
            let start = Stopwatch.GetTimestamp()

            // Until the runtime has compiled again what is hot, which allocates a few kilobytes once.
            while Stopwatch.GetElapsedTime(start).TotalSeconds < 3.0 do
                once ()

            let run () =
                for _ in 1..steps do
                    once ()

            // Asking allocates too.
            let allocated = allocatedBy run - allocatedBy ignore
            let _, peak = working ()

            told
                $"memory {name}"
                $"{allocated} bytes allocated over {steps} steps; managed {megabytes (GC.GetTotalMemory true)}, peak working set {megabytes peak}"
    ]

/// Trains for so long, and tells the working set every 30 seconds.
let steady (minutes: float) (c: Cases.Case) =
    match c.Steps() with
    | [] -> []
    | (name, s) :: _ ->
        let once, clock = ready s, Stopwatch.StartNew()
        let mutable steps = 0L

        let seen =
            [
                for moment in 1 .. max 1 (int (minutes * 2.0)) do
                    while clock.Elapsed.TotalSeconds < 30.0 * float moment do
                        once ()
                        steps <- steps + 1L

                    let now, _ = working ()

                    printfn
                        "%4d s, %9d steps, working set %s, managed %s"
                        (30 * moment)
                        steps
                        (megabytes now)
                        (megabytes (GC.GetTotalMemory false))

                    now
            ]

        [
            told
                $"steady {name}"
                $"{text minutes} minutes, {steps} steps: working set {megabytes (List.min seen)} to {megabytes (List.max seen)}, {megabytes (List.last seen)} at the end"
        ]

/// The time to compile a chain of so many elementwise nodes, and its result against Eval's.
let deep nodes =
    let x = variable "x" (Tensor.linspace DType.F32 -1.0 1.0 1000)
    let mutable e = Expr.ofVariable x

    for i in 1..nodes do
        e <-
            match i % 4 with
            | 0 -> e * Expr.ofVariable x
            | 1 -> Expr.sigmoid e
            | 2 -> e + Expr.ofVariable x
            | _ -> tanh e

    let value = Tensor.linspace DType.F32 -1.0 1.0 1000
    let start = Stopwatch.GetTimestamp()
    let run = Compile.prepare [ x ] [ e ]
    let compiled = (Stopwatch.GetElapsedTime start).TotalSeconds
    let start = Stopwatch.GetTimestamp()
    let found = run [ value ]
    let ran = (Stopwatch.GetElapsedTime start).TotalSeconds
    let expected = Eval.prepare [ x ] [ e ] [ value ]
    let agrees = List.forall2 (Tensor.allClose 1e-3 1e-5) found expected
    let verdict = if agrees then "as Eval's" else "NOT as Eval's"

    [
        told $"deep {nodes}" $"{text compiled} s to compile, {text ran} s for the first run, result {verdict}"
    ]

/// Time per sample at two sizes of batch, in turns.
let sizes reps =
    [
        for name, make in [ "mlp1", Models.mlp1; "fmnist", Models.fmnist ] do
            let batches = [ 128; 1024 ]

            let works =
                [
                    for batch in batches ->
                        {
                            Name = name
                            Unit = "us"
                            Iterations = 51200 / batch
                            Once = ready (training (make batch Models.Size.Full))
                        }
                ]

            let rounds = [ for _ in 1..reps -> works |> List.map (fun w -> (measure 1 1 w).Median) ]

            let perSample =
                List.transpose rounds |> List.map2 (fun batch values -> median values / float batch) batches

            told
                $"sizes {name}"
                $"{text perSample[0]} us a sample at batch 128, {text perSample[1]} us at 1024: {text (perSample[1] / perSample[0])} of it"
    ]

/// What compiling a scalar gradient costs, and after how many evaluations that is won, beside a time of the other
/// library for one evaluation, in microseconds.
let scalar (other: float) =
    let first, again = Scalars.compilation ()

    let one =
        measure
            1
            5
            {
                Name = "scalar"
                Unit = "us"
                Iterations = 100
                Once = fun () -> Scalars.evaluate 10000
            }

    let each = one.Median / 10000.0
    let even milliseconds = ceil (milliseconds * 1000.0 / (other - each))

    [
        told
            "scalar"
            $"{text (1000.0 * each)} ns an evaluation; compiled in {text first} ms the first time, {text again} ms after: even with {text other} us an evaluation after {even first} and {even again} evaluations"
        for name, compiled, hand in Scalars.besideHand 21 do
            told
                $"scalar {name}"
                $"{text compiled} ns compiled, {text hand} ns by hand: {text (compiled / hand)} of it"
    ]
