/// What the system refuses when a file is opened or written is told with its cure, the same for every reader and writer.
module DL1.Tests.FilesTests

open System
open System.IO
open System.IO.Compression
open DL1
open DL1.Data
open DL1.Tests.Hostile
open Expecto

/// Every reader of a file, by name.
let private readers: (string * (string -> unit)) list =
    [
        "npy", (fun path -> Npy.read path |> ignore)
        "npz", (fun path -> Npy.readAll path |> ignore)
        "safetensors", (fun path -> Safetensors.read path |> ignore)
        "safetensors with texts", (fun path -> Safetensors.readWith path |> ignore)
        "some of safetensors", (fun path -> Safetensors.readSome (fun _ -> true) path |> ignore)
        "PyTorch", (fun path -> PyTorch.read path |> ignore)
        "PyTorch at a name", (fun path -> PyTorch.readAt "model" path |> ignore)
        "TorchSharp", (fun path -> TorchSharpFile.read path |> ignore)
        "GGUF", (fun path -> Gguf.read path |> ignore)
        "checkpoint", (fun path -> Checkpoint.read path |> ignore)
        "IDX", (fun path -> Idx.read path |> ignore)
        "CSV", (fun path -> Csv.read path |> ignore)
        "encoder", (fun path -> TableEncoder.Load path |> ignore)
    ]

let private weights = Tree.ofList [ "w", Tensor.vector [ 1.0; 2.0 ] ]

/// Every writer of a file, by name.
let private writers: (string * (string -> unit)) list =
    let encoder = TableEncoder.Of [ { Name = "x"; Categories = [||] } ]

    [
        "npy", (fun path -> Npy.write path weights["w"])
        "npz", (fun path -> Npy.writeAll path weights)
        "safetensors", (fun path -> Safetensors.write path weights)
        "safetensors of bf16", (fun path -> Safetensors.writeAs FloatStorage.BF16 Map.empty path weights)
        "PyTorch", (fun path -> PyTorch.write path weights)
        "TorchSharp", (fun path -> TorchSharpFile.write path weights)
        "structure",
        (fun path -> Structure.write path (Expr.variable "x" DType.F32 [ 1; 2 ]) (Dense.linear 3))
        "encoder", encoder.Save
        "bytes", (fun path -> AtomicFile.writeBytes path [| 1uy |])
        "bytes later",
        (fun path ->
            AtomicFile.writeBytesAsync path [| 1uy |] Threading.CancellationToken.None
            |> _.GetAwaiter().GetResult())
    ]

let private told (given: string) (cure: string) (run: unit -> unit) =
    try
        run ()
        failtest "nothing is refused"
    with :? DL1Error as e ->
        Expect.stringContains e.Given given "what was found"
        Expect.stringContains e.Cure cure "what helps"

let private reading =
    [
        for name, read in readers do
            test $"{name}: what cannot be opened is told" {
                inFolder (fun folder ->
                    let at (file: string) = Path.Combine(folder, file)
                    let nowhere = at "nowhere"
                    told $"no file {folder}" "check the name" (fun () -> read (at "none.bin"))

                    told $"no file {nowhere}" $"the folder {nowhere} is not there" (fun () ->
                        read (Path.Combine(nowhere, "none.bin")))

                    File.WriteAllText(at "Data.txt", "x")
                    told "no file" "the name Data.txt" (fun () -> read (at "data.txt"))
                    told "no file" "the name Data.txt" (fun () -> read (at "data"))
                    told "the folder" "add the name of the file" (fun () -> read folder)
                    told "an empty path" "give the name of the file" (fun () -> read "")
                    told "an empty path" "give the name of the file" (fun () -> read " ")
                    told "the path" "correct the path" (fun () -> read "a\000b")
                    File.WriteAllBytes(at "empty.bin", [||])
                    told "which is empty" "write it anew" (fun () -> read (at "empty.bin"))

                    use held =
                        new FileStream(at "held.bin", FileMode.Create, FileAccess.Write, FileShare.None)

                    held.WriteByte 1uy
                    told "could not be opened" "close the program" (fun () -> read (at "held.bin")))
            }
    ]

let private writing =
    [
        for name, write in writers do
            test $"{name}: what cannot be written is told, and nothing is left behind" {
                inFolder (fun folder ->
                    let at (file: string) = Path.Combine(folder, file)

                    told "a folder that is not there" "make the folder first" (fun () ->
                        write (at "nowhere/x.bin"))

                    told "the folder" "add the name of a file" (fun () -> write folder)
                    told "an empty path" "give the name of the file" (fun () -> write "")
                    File.WriteAllText(at "file", "x")
                    told "which is a file" "correct the path" (fun () -> write (at "file/x.bin"))

                    Expect.equal
                        (Directory.GetFileSystemEntries folder)
                        [| at "file" |]
                        "nothing is left behind"

                    write (at "whole.bin")
                    Expect.isTrue (File.Exists(at "whole.bin")) "and where it can be written, it is")
            }
    ]

let private formats =
    test "a file of another format is told by its name, and who reads it" {
        let npy, npz = Npy.toBytes weights["w"], Npy.allToBytes weights
        let safetensors = Safetensors.toBytes Map.empty weights
        let idx = [| 0uy; 0uy; 8uy; 1uy; 0uy; 0uy; 0uy; 1uy; 7uy |]

        let all =
            [
                "an npy file", npy
                "a zip archive", npz
                "a safetensors file", safetensors
                "an IDX file", idx
                "a GGUF file", Array.append "GGUF"B (Array.zeroCreate 40)
            ]

        for other, bytes in all do
            let says (read: byte[] -> unit) = refuses other read bytes

            if other <> "an npy file" then
                says (Npy.ofBytes >> ignore)

            if other <> "a zip archive" then
                says (Npy.allOfBytes >> ignore)

            if other <> "a safetensors file" then
                says (Safetensors.ofBytes >> ignore)
                says (Checkpoint.ofBytes >> ignore)

            if other <> "a zip archive" then
                says (PyTorch.ofBytes >> ignore)

            if other <> "a GGUF file" then
                says (Gguf.ofBytes >> ignore)

            says (TorchSharpFile.ofBytes >> ignore)

            if other <> "an IDX file" then
                says (Idx.ofBytes >> ignore)

            says (Csv.ofBytes CsvOptions.Default "given" >> ignore)

        refuses
            "a pickle of Python"
            Safetensors.ofBytes
            (Array.append [| 0x80uy; 2uy |] (Array.create 40 0uy))

        refuses "an image" Idx.ofBytes [| 0x89uy; byte 'P'; byte 'N'; byte 'G'; 13uy; 10uy; 26uy; 10uy; 0uy |]
    }

/// What gzip makes of bytes.
let private packed (bytes: byte[]) =
    use memory = new MemoryStream()

    (use stream = new GZipStream(memory, CompressionLevel.Optimal, true)
     stream.Write(ReadOnlySpan bytes))

    memory.ToArray()

let private gzip =
    Law.law "packed data are read whole, and cut or changed at any place refused" (fun (seed: int) ->
        let random = Random seed
        let values = Array.init (random.Next 300) (fun _ -> random.Next 256)
        let t = Tensor.Of values
        let bytes = packed (Npy.toBytes t)
        let cut = Array.truncate (2 + random.Next(bytes.Length - 2)) bytes
        let at = bytes.Length - 8 + random.Next 8
        let changed = bytes |> Array.mapi (fun i b -> if i = at then b ^^^ 1uy else b)
        let isRefused (b: byte[]) = (formatError (fun () -> Npy.ofBytes b)).Given <> ""
        Tensor.sameBits (Npy.ofBytes bytes) t && isRefused cut && isRefused changed)

let tests = testList "Files" (reading @ writing @ [ formats; gzip ])
