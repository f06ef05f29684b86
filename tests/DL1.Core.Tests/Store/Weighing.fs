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

/// Runs a program of Python with arguments; `None` where Python or a module of it is not installed.
let python (modules: string) (program: string) (arguments: string list) : string option =
    let run (name: string) (code: string) (arguments: string list) =
        let info = ProcessStartInfo(name, "-c" :: code :: arguments)
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

    let has name =
        match run name $"import {modules}" [] with
        | Some(0, _, _) -> true
        | Some _
        | None -> false

    match List.tryFind has [ "python3"; "/usr/bin/python3" ] with
    | None -> None
    | Some name ->
        match run name program arguments with
        | Some(0, output, _) -> Some(output.TrimEnd())
        | Some(_, _, errors) -> failtest errors
        | None -> None

/// What a program of Python prints; the test is skipped where a module is not installed.
let printed modules program arguments : string =
    match python modules program arguments with
    | Some output -> output
    | None -> skiptest $"Python with {modules} is not installed here"

/// That a reader takes no more memory than twice the file, and a little for the reader itself.
let isFrugal (what: string) (reader: byte[] -> unit) (bytes: byte[]) =
    let before = GC.GetAllocatedBytesForCurrentThread()
    reader bytes
    let allocated = GC.GetAllocatedBytesForCurrentThread() - before
    Expect.isLessThan allocated (2_000_000L + 2L * int64 bytes.Length) what
