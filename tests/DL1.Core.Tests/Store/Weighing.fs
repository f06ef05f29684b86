/// Files of weights that others wrote, and Python where it is installed, to open what is written here.
module DL1.Tests.Weighing

open System
open System.Diagnostics
open System.IO
open DL1
open Expecto

/// A file of tests/fixtures/weights.
let fixture (name: string) = Path.Combine(AppContext.BaseDirectory, "fixtures", "weights", name)

/// That a tree has the tensors of an npz file by their paths, in its order, with the same bits; NaN count as one.
let isAsNumPySays (file: string) (found: Tree<Tensor>) =
    let expected = Npy.readAll (fixture file)
    Expect.equal (Tree.paths found) (Tree.paths expected) "the same paths"

    for path, t in Tree.toList expected do
        Expect.equal (found[path].DType, found[path].Shape) (t.DType, t.Shape) path
        Expect.isTrue (Tensor.sameBits found[path] t) $"{path}: {found[path]} for {t}"

/// Starts Python with a program and arguments; `None` where there is none.
let private run (python: string) (program: string) (arguments: string list) : (int * string * string) option =
    let info = ProcessStartInfo(python, "-c" :: program :: arguments)
    info.RedirectStandardOutput <- true
    info.RedirectStandardError <- true

    try
        match Process.Start info with
        | null -> None
        | started ->
            use running = started
            let errors = running.StandardError.ReadToEndAsync()
            let output = running.StandardOutput.ReadToEnd()
            running.WaitForExit()
            Some(running.ExitCode, output, errors.Result)
    with :? ComponentModel.Win32Exception ->
        None

/// The Python that has a module, if one is installed.
let private pythonWith (modules: string) : string option =
    let find = $"import importlib.util, sys; sys.exit(0 if importlib.util.find_spec('{modules}') else 1)"

    [ "python3"; "/usr/bin/python3" ]
    |> List.tryFind (fun python ->
        match run python find [] with
        | Some(0, _, _) -> true
        | Some _
        | None -> false)

/// A test of what a program of Python prints, where its module is installed; elsewhere no test, and a line that says so. The
/// test gets a function that runs a program with arguments.
let wherePythonHas
    (modules: string)
    (name: string)
    (body: (string -> string list -> string) -> unit)
    : Test list =
    match pythonWith modules with
    | None ->
        eprintfn "not tested: %s, since there is no Python with %s" name modules
        []
    | Some python ->
        let printed program arguments =
            match run python program arguments with
            | Some(0, output, _) -> output.TrimEnd()
            | Some(_, _, errors) -> failtest errors
            | None -> failtest $"{python} does not start"

        [ test name { body printed } ]

/// That a reader takes no more memory than twice the file, and a little for the reader itself.
let isFrugal (what: string) (reader: byte[] -> unit) (bytes: byte[]) =
    let before = GC.GetAllocatedBytesForCurrentThread()
    reader bytes
    let allocated = GC.GetAllocatedBytesForCurrentThread() - before
    Expect.isLessThan allocated (2_000_000L + 2L * int64 bytes.Length) what
