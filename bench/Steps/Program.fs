/// Whole steps through the compiler, timed, beside another library's where its programs are given.
module DL1.Bench.Program

open System
open System.Diagnostics
open System.Globalization
open System.IO
open DL1.Bench
open DL1.Compiler.Gemm

let private help =
    """run CASE [--threads 2] [--reps 5]        checks a case against Eval, then times it
explain CASE [--steps N]                 prints the plans of a case, with the times of kernels in N steps
compare [CASES] [--peer run.sh] [--openblas PROGRAM] [--rounds 3] [--reps 5] [--threads 2] [--out FILE]
    in turns with the other library's programs; writes bench/RESULTS.md. run.sh takes a case, threads and repetitions,
    PROGRAM the threads; FASHION_MNIST names the folder of the images, which are random without it.
memory [CASES] [--steps 1000]            bytes allocated by steps, and the peak of the process
start [--program FILE] [--reps 7]        from process start to the first step's result. FILE is this program published:
    dotnet publish bench/Steps -c Release -r linux-x64 --self-contained true -p:PublishReadyToRun=true
        -p:NuGetLockFilePath=obj/published.lock.json -o FOLDER
large gpt|resnet18 [--steps 3]           seconds to the first result of a large model, and the peak of memory
steady MINUTES [CASE]                    trains, and prints the working set every 30 seconds
deep [--nodes 100000]                    compiles a chain of elementwise nodes
sizes [--reps 5]                         time per sample at batch 128 and 1024
scalar [--peer-us 28]                    compilation of a scalar gradient, and when it is won
    these write their figures to --out FILE, if given
cases: gemm """

/// Options by name, and what stands alone.
let rec private split (args: string list) : Map<string, string> * string list =
    match args with
    | name :: value :: rest when name.StartsWith "--" ->
        let options, alone = split rest
        Map.add name value options, alone
    | word :: rest ->
        let options, alone = split rest
        options, word :: alone
    | [] -> Map.empty, []

let private int (options: Map<string, string>) name standard =
    options |> Map.tryFind name |> Option.map Int32.Parse |> Option.defaultValue standard

let private float (text: string) = Double.Parse(text, CultureInfo.InvariantCulture)
let private names = Cases.all |> List.collect (fun c -> c.Rows |> List.map _.Name)
let private rowNames = names @ (Gemm.shapes |> List.map (fun s -> "gemm " + s))

let private chosen (wanted: string list) =
    match
        wanted
        |> List.filter (fun name -> name <> "gemm" && Cases.all |> List.forall (fun c -> c.Name <> name))
    with
    | [] -> Ok(Cases.all |> List.filter (fun c -> wanted.IsEmpty || List.contains c.Name wanted))
    | unknown -> Error("no case is named " + String.concat ", " unknown)

/// bench/RESULTS.md of the repository that this program was built in.
let private results = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../RESULTS.md"))

let private run options (c: Cases.Case) =
    match c.Check() with
    | Error e ->
        eprintfn "%s: %s" c.Name e
        1
    | Ok() ->
        for work in c.Works() do
            Timing.measure Environment.ProcessorCount (int options "--reps" 5) work
            |> Timing.line
            |> printfn "%s"

        0

let private compare options wanted (cases: Cases.Case list) =
    let out = options |> Map.tryFind "--out" |> Option.defaultValue results
    let threads, rounds = int options "--threads" 2, int options "--rounds" 3

    let record rows =
        for row in rows do
            printfn "%s" (String.concat " | " row)

        Results.write out rowNames rows []

    for c in cases do
        record (Compare.case (Map.tryFind "--peer" options) threads (int options "--reps" 5) rounds c)

    if List.isEmpty wanted || List.contains "gemm" wanted then
        record (Gemm.compare (Map.tryFind "--openblas" options) threads rounds)

    0

/// Writes figures to the file, if one is named.
let private keep options figures =
    match Map.tryFind "--out" options with
    | Some out ->
        let rows = figures |> List.map (fun (name, figure) -> [ name; figure; Results.stamp () ])
        Results.write out rowNames [] rows
    | None -> ()

    0

let private start options =
    let program = Map.tryFind "--program" options

    match
        Start.measure program (int options "--threads" Environment.ProcessorCount) (int options "--reps" 7)
    with
    | Some(first, other, same) ->
        let name = if program.IsSome then "start, published" else "start"

        let figure =
            $"{first} ms to the first step, {other} ms for another graph, {same} ms for the first again"

        printfn "%s: %s" name figure
        keep options [ name, figure ]
    | None -> 1

let private dispatch (args: string list) =
    let options, words = split args

    let each wanted action =
        match chosen wanted with
        | Ok cases -> action cases
        | Error e ->
            eprintfn "%s" e
            2

    match words with
    | [ "first"; started ] -> Start.first (Int64.Parse started)
    | [ "run"; name ] -> each [ name ] (List.fold (fun code c -> max code (run options c)) 0)
    | [ "explain"; name ] ->
        each [ name ] (fun cases ->
            for c in cases do
                for row, s in c.Steps() do
                    printfn "%s\n%s" row (Figures.explained (int options "--steps" 200) s)

            0)
    | "compare" :: wanted -> each wanted (compare options wanted)
    | "memory" :: wanted ->
        each wanted (List.collect (Figures.memory (int options "--steps" 1000)) >> keep options)
    | [ "start" ] -> start options
    | [ "large"; name ] -> Start.large name (int options "--steps" 3)
    | [ "steady"; minutes ] ->
        each [ "mlp1bn" ] (List.collect (Figures.steady (float minutes)) >> keep options)
    | [ "steady"; minutes; name ] ->
        each [ name ] (List.collect (Figures.steady (float minutes)) >> keep options)
    | [ "deep" ] -> Figures.deep (int options "--nodes" 100000) |> keep options
    | [ "sizes" ] -> Figures.sizes (int options "--reps" 5) |> keep options
    | [ "scalar" ] ->
        Figures.scalar (options |> Map.tryFind "--peer-us" |> Option.map float |> Option.defaultValue 28.0)
        |> keep options
    | _ ->
        let cases = Cases.all |> List.map _.Name
        printfn "%s%s" help (String.concat " " cases)
        2

[<EntryPoint>]
let main args =
    let args = List.ofArray args
    let threads = int (fst (split args)) "--threads" Environment.ProcessorCount

    // The number of threads is that of the processors that the run-time sees: asked for another one, start again.
    if threads <> Environment.ProcessorCount && List.tryHead args = Some "run" then
        let lines = Compare.runSelf threads args
        lines |> List.iter (printfn "%s")
        if lines.IsEmpty then 1 else 0
    else
        dispatch args
