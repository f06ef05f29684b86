/// Files that stay on the disk, and from which the weights are read when they are needed.
module DL1.Onnx.Tests.StoredTests

open System
open System.IO
open System.Threading.Tasks
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open DL1.Onnx.Tests.Mutations
open Expecto

let private inFolder (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory().FullName

    try
        run (Path.Combine(folder, "m.onnx"))
    finally
        Directory.Delete(folder, true)

/// All of a file that is read without running it, or the error.
let private read (file: unit -> OnnxFile) : string * Tree<Tensor> option =
    try
        let file = file ()
        let parameters = file.Parameters
        let text = string file
        text.Substring(text.IndexOf ':'), Some parameters
    with :? DL1Error as e ->
        e.Message, None

let private withWeights (elements: int) =
    graph
        [ value "x" OnnxType.Float [ 1 ] ]
        [ node "Mul" [ "x"; "w" ] [ "y" ] [] ]
        [ "w", Tensor.ones DType.F32 [ elements ] ]
        [ output "y" ]
    |> modelWith [] 17L
    |> bytesOf

/// The same model with its weights as numbers of a field, packed, in place of raw bytes.
let private withFields (elements: int) =
    let model = (Onnx.ofBytes (withWeights elements)).Model

    let fields (t: OnnxTensor) =
        let values = Array.init elements (fun i -> float32 i / 8.0f)
        use stream = new MemoryStream()
        use writer = new BinaryWriter(stream)
        writer.Write 0x22uy
        writer.Write7BitEncodedInt(4 * elements)
        values |> Array.iter writer.Write
        writer.Flush()
        { t with Bytes = TensorBytes.Fields(WireSpan.OfMemory(ReadOnlyMemory(stream.ToArray()))) }

    let graph = { model.Graph with Initializers = List.map fields model.Graph.Initializers }
    (WriteModel.model { model with Graph = graph }).ToArray()

let tests =
    testList
        "files on the disk"
        [
            test "numbers of a field are read by blocks, from many threads at once" {
                inFolder (fun path ->
                    let bytes = withFields 300_001
                    File.WriteAllBytes(path, bytes)
                    let expected = (Tree.values (Onnx.ofBytes bytes).Parameters).Head
                    let numbers = Tensor.toFloats expected
                    Expect.equal numbers[300_000] 37500.0 "the last one"

                    for _ in 1..5 do
                        let file = Onnx.read path
                        let before = GC.GetAllocatedBytesForCurrentThread()

                        Expect.isTrue
                            (Tensor.sameBits expected (Tree.values file.Parameters).Head)
                            "the same"

                        let allocated = GC.GetAllocatedBytesForCurrentThread() - before
                        Expect.isLessThan allocated (4L * int64 bytes.Length) "bytes allocated"
                        let shared = Onnx.read path

                        Parallel.For(
                            0,
                            8,
                            fun _ ->
                                if not (Tensor.sameBits expected (Tree.values shared.Parameters).Head) then
                                    failtest "other bits"
                        )
                        |> ignore)
            }

            test "a file, whole or changed, is read as from memory" {
                let random = Random 7

                inFolder (fun path ->
                    for i in 0..1500 do
                        let seed = seeds.Value[i % seeds.Value.Length]
                        let bytes = if i < seeds.Value.Length then seed else mutate random seed
                        File.WriteAllBytes(path, bytes)
                        let stored = read (fun () -> OnnxFile.OfPath(path, 0))
                        let inMemory = read (fun () -> Onnx.ofBytes bytes)
                        Expect.equal stored inMemory $"change %d{i}")
            }

            test "weights are in memory once" {
                inFolder (fun path ->
                    let bytes = withWeights 1_000_000
                    File.WriteAllBytes(path, bytes)
                    (Onnx.read path).Parameters |> ignore
                    let before = GC.GetAllocatedBytesForCurrentThread()
                    (Onnx.read path).Parameters |> ignore
                    let allocated = GC.GetAllocatedBytesForCurrentThread() - before
                    Expect.isLessThan allocated (int64 bytes.Length + 300_000L) "bytes allocated")
            }

            test "another file of the name changes nothing, and one that is written to is refused" {
                inFolder (fun path ->
                    File.WriteAllBytes(path, withWeights 300_000)
                    File.SetLastWriteTimeUtc(path, DateTime(2020, 1, 1))
                    let first = Onnx.read path
                    AtomicFile.writeBytes path (withWeights 5)
                    Expect.equal (Tree.values first.Parameters).Head.Size 300_000 "the file that was opened"
                    Expect.equal (Tree.values (Onnx.read path).Parameters).Head.Size 5 "the new one"
                    File.WriteAllBytes(path, withWeights 300_000)
                    File.SetLastWriteTimeUtc(path, DateTime(2020, 1, 1))
                    let third = Onnx.read path
                    File.WriteAllBytes(path, withWeights 300_001)
                    Expect.throwsT<FormatError> (fun () -> third.Parameters |> ignore) "written to")
            }
        ]
