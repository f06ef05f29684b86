/// Models in DL1 and in ONNX Runtime, in turns in one process:
/// `dotnet run -c Release --project bench/Onnx -- [NAMES] [--folder F] [--threads 1,2] [--rounds 15]`. `--folder` adds the
/// `.onnx` files of a folder. `--explain NAME` prints a model's plan with the time of each kernel; `--load FILE` times the
/// way from a file to its first answer, and reports the peak of memory.
module internal DL1.Bench.Onnx.Program

open System
open System.Diagnostics
open System.IO
open System.Threading
open DL1
open DL1.Onnx
open DL1.Bench.Onnx.Builder

/// Inputs for what a file declares: extents that are not fixed are 1, but for images, 64, and chunks of sound, 512.
let private ofFile (path: string) : Model =
    let bytes = File.ReadAllBytes path

    let input (v: OnnxValue) =
        let declared = v.Dims |> Option.defaultValue []

        let dims =
            declared
            |> List.mapi (fun i dim ->
                match dim with
                | OnnxDim.Fixed n when n > 0L -> int n
                | _ when i >= 2 -> 64
                | _ when i = 1 && declared.Length = 2 -> (if v.Type = OnnxType.Int64 then 16 else 512)
                | _ -> 1)

        v.Name,
        (if v.Name = "sr" then Tensor.scalar 16000L
         elif v.Type = OnnxType.Int64 then Tensor.ones DType.I64 dims
         else normal (int64 v.Name.Length) dims)

    {
        Name = string (Path.GetFileName path)
        Bytes = bytes
        Inputs = (Onnx.ofBytes bytes).Inputs |> Seq.map input |> List.ofSeq
    }

let private models: (unit -> Model) list =
    [
        fun () -> Sequences.wakeWord 32 1
        fun () -> Sequences.wakeWord 128 1
        fun () -> Sequences.wakeWord 128 32
        Images.blazeFace
        fun () -> Images.squeezeNet 96
        fun () -> Images.squeezeNet 224
        fun () -> Images.mobileNet 96
        fun () -> Images.mobileNet 224
        fun () -> Images.resNet18 224
        fun () -> Sequences.lstm 64 128 32 1
        fun () -> Sequences.lstm 64 128 32 16
        fun () -> Sequences.gru 64 128 32 1
        fun () -> Sequences.encoder 1 16
        fun () -> Sequences.encoder 8 64
    ]

/// Inputs that decide shapes or branches are given at import.
let private imported (m: Model) =
    let given, inputs = m.Inputs |> List.partition (fun (name, _) -> name = "sr")
    let model = Onnx.ofBytes m.Bytes |> Onnx.import (given |> List.map (fun (name, t) -> Onnx.given name t))
    model, inputs

/// Waits until no thread of the process computes. Threads of ONNX Runtime spin for tens of milliseconds after their last
/// task, and would take a core from what is timed next.
let private settle () =
    let used () = Environment.CpuUsage.TotalTime.TotalMilliseconds
    let mutable before = used ()
    let mutable isBusy = true
    let mutable waits = 0

    while isBusy && waits < 200 do
        Thread.Sleep 5
        let now = used ()
        isBusy <- now - before > 1.0
        before <- now
        waits <- waits + 1

let private times (rounds: int) (works: (unit -> unit) list) : float[] list =
    // Rounds of about 20 ms, once warm.
    let counts =
        works
        |> List.map (fun work ->
            let warm = Stopwatch.StartNew()
            let mutable n = 0

            while warm.ElapsedMilliseconds < 700L || n < 3 do
                work ()
                n <- n + 1

                // Time for methods that proved to be hot to be compiled anew.
                if n % 30 = 0 && n <= 90 then
                    Thread.Sleep 120

            let watch = Stopwatch.StartNew()
            work ()
            max 1 (int (20.0 / watch.Elapsed.TotalMilliseconds)))

    let found = works |> List.map (fun _ -> ResizeArray<float>())

    for _ in 1..rounds do
        for work, count, times in List.zip3 works counts found do
            settle ()
            let watch = Stopwatch.StartNew()

            for _ in 1..count do
                work ()

            times.Add(watch.Elapsed.TotalMicroseconds / float count)

    found |> List.map (Seq.sort >> Array.ofSeq)

/// The median, and the quarters of the times below and above it.
let private shown (times: float[]) =
    let at share = times[int (share * float (times.Length - 1))]
    $"%.5g{at 0.5} [%.5g{at 0.25}..%.5g{at 0.75}]"

let private compare (rounds: int) (threads: int) (m: Model) =
    let model, inputs = imported m
    let options = { Compile.standard with Threads = threads }
    let own = model.Prepare(options, inputs)
    let values = List.map snd inputs
    use peer = new Peer.Peer(m.Bytes, m.Inputs, threads)

    // Both give the same numbers.
    let expected = peer.Output()
    let found = own values |> List.head |> Tensor.toArray<float32>
    let largest = expected |> Array.fold (fun most v -> max most (abs v)) 0.0f
    let worst = Array.map2 (fun (a: float32) b -> abs (a - b)) found expected |> Array.fold max 0.0f

    if found.Length <> expected.Length || not (worst <= 1e-6f + 2e-5f * largest) then
        invalidOp $"{m.Name}: the outputs differ by %g{worst}; the largest is %g{largest}"

    match times rounds [ (fun () -> own values |> ignore); peer.Run ] with
    | [ mine; others ] ->
        let ratio = others[rounds / 2] / mine[rounds / 2]
        printfn $"| {m.Name} | %d{threads} | {shown mine} | {shown others} | %.2f{ratio} |"
    | _ -> ()

/// The plan with the time of each kernel.
let private explain (threads: int) (m: Model) =
    let model, inputs = imported m
    let variables = inputs |> List.map (fun (name, t) -> { Name = name; DType = t.DType; Shape = t.Shape })
    let roots = model.Apply(variables |> List.map Expr.ofVariable)

    let session = Session.With({ Compile.standard with Threads = threads }, [], [], variables, roots)

    let values = inputs |> List.map snd |> Array.ofList
    let warm = Stopwatch.StartNew()

    while warm.ElapsedMilliseconds < 1000L do
        session.Step values

    session.IsProfiling <- true

    for _ in 1..30 do
        session.Step values

    printfn $"{session.Explain()}"

/// From a file to its first answer, in a process that has imported another model before; and the peak of memory.
let private load (path: string) =
    let once (m: Model) =
        let model, inputs = imported m
        model.Run inputs |> ignore

    for m in [ Sequences.encoder 1 16; Images.blazeFace () ] do
        once m

    GC.Collect()
    let m = ofFile path
    let size = m.Bytes.LongLength
    GC.Collect()
    let before = Process.GetCurrentProcess().WorkingSet64
    let watch = Stopwatch.StartNew()
    let file = Onnx.read path
    let model = Onnx.import [] file
    model.Run m.Inputs |> ignore
    let elapsed = watch.Elapsed.TotalMilliseconds
    let peak = Process.GetCurrentProcess().PeakWorkingSet64

    printfn
        $"{m.Name}: %.0f{elapsed} ms to the first answer; file %.1f{float size / 1e6} MB, peak %.1f{float peak / 1e6} MB, of which %.1f{float before / 1e6} MB before"

[<EntryPoint>]
let main arguments =
    let options, names =
        let rec read options names rest =
            match rest with
            | (option: string) :: value :: rest when option.StartsWith "--" ->
                read (Map.add option value options) names rest
            | name :: rest -> read options (name :: names) rest
            | [] -> options, List.rev names

        read Map.empty [] (List.ofArray arguments)

    let threads = (Map.tryFind "--threads" options |> Option.defaultValue "1,2").Split ',' |> Array.map int

    let rounds = Map.tryFind "--rounds" options |> Option.map int |> Option.defaultValue 15

    let files =
        match Map.tryFind "--folder" options with
        | Some folder ->
            Directory.GetFiles(folder, "*.onnx", SearchOption.AllDirectories)
            |> Array.sort
            |> Array.map (fun path () -> ofFile path)
            |> List.ofArray
        | None -> []

    let chosen (name: string) (m: Model) = m.Name.Contains(name, StringComparison.OrdinalIgnoreCase)

    match Map.tryFind "--load" options, Map.tryFind "--explain" options with
    | Some path, _ -> load path
    | None, Some name ->
        for make in models @ files do
            let m = make ()

            if chosen name m then
                explain threads[0] m
    | None, None ->
        printfn "| model | threads | DL1, µs: median [quartiles] | ONNX Runtime, µs | ratio |"
        printfn "|---|---|---|---|---|"

        for make in models @ files do
            let m = make ()

            if names.IsEmpty || names |> List.exists (fun name -> chosen name m) then
                for threads in threads do
                    compare rounds threads m

    0
