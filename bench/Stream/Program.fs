/// Training on a set larger than the memory that it is allowed: a file of bytes is made on the spot, mapped, trained on, and deleted.
/// What it needs of its own (not the system's file cache) and its rate are compared with training on rows in memory.
module DL1.Bench.Stream

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Text
open System.Threading
open DL1

let private help =
    """[--gigabytes 4] [--folder .] [--rows 512] [--steps 0]
writes a set of images, of the given size in gigabytes, each image of 3 by 64 by 64 bytes to the folder, trains on it for one epoch (or the given number of steps), prints
the peak of the process's own memory, then the rate of rows in memory and of the same rows from the file, and deletes the files"""

let private width = 3 * 64 * 64

let private argument (args: string[]) (name: string) (standard: string) =
    match Array.tryFindIndex ((=) name) args with
    | Some i when i + 1 < args.Length -> args[i + 1]
    | _ -> standard

/// An npy file of bytes that follow from their places; only a piece of it is in memory at a time.
let private write (path: string) (rows: int64) =
    use file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1048576)
    let text = $"{{'descr': '|u1', 'fortran_order': False, 'shape': (%d{rows}, %d{width}), }}"
    let padded = text.PadRight 117 + "\n"

    let header = Array.concat [ [| 0x93uy |]; "NUMPY"B; [| 1uy; 0uy; byte padded.Length; 0uy |] ]
    file.Write(header, 0, header.Length)
    let text = Encoding.ASCII.GetBytes padded
    file.Write(text, 0, text.Length)
    let piece = Array.zeroCreate<byte>(1024 * width)
    let random = Random 1

    for first in 0L .. 1024L .. rows - 1L do
        random.NextBytes piece
        file.Write(piece, 0, int (min 1024L (rows - first)) * width)

/// Memory of the process alone, in MB: what is mapped from files is the system's to keep or drop.
let private own () : float =
    if OperatingSystem.IsLinux() then
        File.ReadAllLines "/proc/self/status"
        |> Array.pick (fun line ->
            if line.StartsWith "RssAnon:" then
                Some(float (line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024.0)
            else
                None)
    else
        float (Process.GetCurrentProcess().PrivateMemorySize64) / 1048576.0

let private learner =
    Learner.create
        (Dense.linear 256 => Activation.relu => Dense.linear 10)
        (Loss.crossEntropy Loss.classes)
        (Optimizer.adam 0.001)

let private number (value: float) = value.ToString("F1", CultureInfo.InvariantCulture)

/// Trains, and gives rows a second after the first tenth of the steps, with the peak of the process's own memory.
let private trained (source: Source) (batch: int) (steps: int) (prefetch: Prefetch) =
    let watch = Stopwatch()
    let mutable made, timed, peak = 0, 0, 0.0
    use stop = new CancellationTokenSource()
    let all = (source.Count + batch - 1) / batch
    let last = if steps = 0 then all else min steps all

    let progress =
        { Progress.quiet with
            Step =
                fun _ _ _ _ ->
                    made <- made + 1

                    if watch.IsRunning then
                        timed <- timed + 1
                    elif made >= max 1 (last / 10) then
                        watch.Start()

                    if made % 8 = 0 then
                        peak <- max peak (own ())

                    if made = last then
                        watch.Stop()
                        stop.Cancel()
        }

    Fit.run
        { Fit.options (Key.ofSeed 1L) with
            Epochs = 1
            Batch = { Batches.ofSize batch with DropLast = true }
            Progress = progress
            Cancellation = stop.Token
            Prefetch = prefetch
        }
        learner
        source
    |> ignore

    struct (float (timed * batch) / watch.Elapsed.TotalSeconds, peak)

[<EntryPoint>]
let main args =
    if Array.contains "--help" args then
        printfn $"{help}"
        0
    else
        let value name standard = argument args name standard
        let gigabytes = Double.Parse(value "--gigabytes" "4", CultureInfo.InvariantCulture)
        let rows = int64 (gigabytes * 1e9) / int64 width
        let batch, steps = Int32.Parse(value "--rows" "512"), Int32.Parse(value "--steps" "0")
        let path = Path.Combine(value "--folder" ".", $"stream-%d{Environment.ProcessId}.npy")

        try
            write path rows
            printfn $"%d{rows} rows of %d{width} bytes, {number (float (FileInfo path).Length / 1e9)} GB"
            use images = MappedTensor.Npy path
            let scaled = images.Scaled(1.0 / 255.0)
            let labels (numbers: int[]) = Tensor.vector (numbers |> Array.map (fun i -> int64 (i % 10)))
            let read (numbers: int[]) = Dataset(scaled.Rows numbers, labels numbers)
            let source = Source.create images.Count (read [| 0 |]) read
            let ahead = { Batches = 4; Threads = 2 }
            let struct (rate, peak) = trained source batch steps ahead

            printfn
                $"all rows, mapped: {number rate} rows/s, {number peak} MB of memory of its own at the peak"

            // As many rows as fit in memory as f32, in turns; the last pair is reported.
            let few = Array.init (int (min rows 8192L)) id
            let inMemory = read few
            let again = Source.rows few source

            for _ in 1..2 do
                let struct (memory, _) = trained inMemory batch 0 Prefetch.one
                let struct (mapped, _) = trained again batch 0 ahead

                printfn
                    $"%d{few.Length} rows: {number memory} rows/s in memory, {number mapped} rows/s mapped, {number (100.0 * mapped / memory)} %%"

            0
        finally
            File.Delete path
