/// Files from hostile hands: whatever the bytes are, reading ends in a file or in an error of DL1, and takes memory in
/// proportion to the bytes.
module DL1.Onnx.Tests.HostileTests

open System
open System.IO
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open DL1.Onnx.Tests.Mutations
open Expecto

let private refused (what: string) (words: string) (run: unit -> unit) =
    test what {
        try
            run ()
            failtest "it was not refused"
        with :? FormatError as e ->
            Expect.stringContains e.Message words "the error says what is wrong"
    }

/// A model whose weight stands in another file.
let private withExternal (location: string) offset length : byte[] =
    let g =
        graph [ value "x" OnnxType.Float [ 4 ] ] [ node "Add" [ "x"; "w" ] [ "y" ] [] ] [] [ output "y" ]

    let weight: OnnxTensor =
        {
            Name = "w"
            Type = OnnxType.Float
            Dims = [ 4L ]
            Bytes = TensorBytes.External { Location = location; Offset = offset; Length = length }
        }

    bytesOf (modelWith [] 17L { g with Initializers = [ weight ] })

/// A folder of its own, with the model in it.
let private inFolder (model: byte[]) (prepare: string -> unit) (use': string -> unit) =
    let root = Directory.CreateTempSubdirectory().FullName

    try
        let folder = Path.Combine(root, "model")
        Directory.CreateDirectory folder |> ignore
        File.WriteAllBytes(Path.Combine(folder, "m.onnx"), model)
        File.WriteAllBytes(Path.Combine(root, "outside.bin"), Array.zeroCreate 64)
        prepare folder
        use' (Path.Combine(folder, "m.onnx"))
    finally
        Directory.Delete(root, true)

let private weightsOf (path: string) = (Onnx.read path).Parameters |> ignore

let private external (what: string) words location offset length prepare =
    refused what words (fun () -> inFolder (withExternal location offset length) prepare weightsOf)

let private bytesIn name count (folder: string) =
    File.WriteAllBytes(Path.Combine(folder, name), Array.zeroCreate count)

let tests =
    testList
        "hostile files"
        [
            test $"%d{mutations} changed files end in a file or an error" {
                let random = Random 20240229

                for i in 1..mutations do
                    let seed = seeds.Value[i % seeds.Value.Length]
                    let mutable bytes = mutate random seed

                    if random.Next 3 = 0 then
                        bytes <- mutate random (if bytes.Length = 0 then seed else bytes)

                    try
                        digest bytes
                    with e ->
                        failtest $"change %d{i}: {e.GetType().Name}: {e.Message} {e.StackTrace}"
            }

            test "forged lengths and shapes reserve no memory" {
                // A tensor of 2³⁰ elements in four bytes, and lengths beyond the file.
                let forged =
                    bytesOf (
                        modelWith
                            []
                            17L
                            { graph [] [ node "Neg" [ "w" ] [ "y" ] [] ] [] [ output "y" ] with
                                Initializers =
                                    [
                                        {
                                            Name = "w"
                                            Type = OnnxType.Float
                                            Dims = [ 1073741824L ]
                                            Bytes =
                                                TensorBytes.Raw(
                                                    WireSpan.OfMemory(ReadOnlyMemory(Array.zeroCreate 4))
                                                )
                                        }
                                    ]
                            }
                    )

                digest forged
                let before = GC.GetAllocatedBytesForCurrentThread()
                digest forged
                digest [| 0x3Auy; 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 0x07uy |]

                Expect.isLessThan
                    (GC.GetAllocatedBytesForCurrentThread() - before)
                    1_000_000L
                    "bytes allocated"
            }

            test "a file and its weights take at most twice the bytes of the file" {
                let weights = Tensor.zeros DType.F32 [ 1_000_000 ]

                let g =
                    graph
                        [ value "x" OnnxType.Float [ 1 ] ]
                        [ node "Mul" [ "x"; "w" ] [ "y" ] [] ]
                        [ "w", weights ]
                        [ output "y" ]

                let bytes = bytesOf (modelWith [] 17L g)
                digest bytes
                let before = GC.GetAllocatedBytesForCurrentThread()
                (Onnx.ofBytes bytes).Parameters |> ignore
                let allocated = GC.GetAllocatedBytesForCurrentThread() - before
                // The bytes themselves are the other half.
                Expect.isLessThan allocated (int64 bytes.Length + 100_000L) "bytes allocated"
            }

            test "a constant without a result is computed for nothing" {
                graph
                    [ value "x" OnnxType.Float [ 1 ] ]
                    [
                        node
                            "Constant"
                            []
                            []
                            [
                                "value",
                                OnnxAttribute.Tensor(TensorData.ofTensor "" (Tensor.zeros DType.F32 [ 3 ]))
                            ]
                        node "Neg" [ "x" ] [ "y" ] []
                    ]
                    []
                    [ output "y" ]
                |> modelWith [] 17L
                |> bytesOf
                |> digest
            }

            test "a few bytes that describe 2³⁰ numbers are imported without them" {
                let shape = Tensor.vector [ 32768L; 32768L ]

                let file =
                    graph
                        [ value "x" OnnxType.Float [ 1 ] ]
                        [
                            node "ConstantOfShape" [ "shape" ] [ "zeros" ] []
                            node "Cos" [ "zeros" ] [ "ones" ] []
                            node "CumSum" [ "ones"; "axis" ] [ "sums" ] []
                            node "ReduceSum" [ "sums" ] [ "total" ] []
                            node "Add" [ "ones"; "x" ] [ "each" ] []
                            node "Add" [ "each"; "total" ] [ "y" ] []
                        ]
                        [ "shape", shape; "axis", Tensor.scalar 0L ]
                        [ output "y" ]
                    |> fileOf 17L

                let apply () = (Onnx.import [] file).Apply [ Expr.variable "x" DType.F32 [ 1 ] ]
                apply () |> ignore
                let before = GC.GetAllocatedBytesForCurrentThread()
                Expect.equal ((apply ()).Head.Shape.ToList()) [ 32768; 32768 ] "the value's shape"

                Expect.isLessThan
                    (GC.GetAllocatedBytesForCurrentThread() - before)
                    1_000_000L
                    "bytes allocated"
            }

            refused "a cycle" "cycle" (fun () ->
                graph [] [ node "Neg" [ "b" ] [ "a" ] []; node "Neg" [ "a" ] [ "b" ] [] ] [] [ output "a" ]
                |> fileOf 17L
                |> ignore)

            refused "two nodes that make one value" "two nodes" (fun () ->
                graph
                    [ value "x" OnnxType.Float [ 1 ] ]
                    [ node "Neg" [ "x" ] [ "a" ] []; node "Abs" [ "x" ] [ "a" ] [] ]
                    []
                    [ output "a" ]
                |> fileOf 17L
                |> ignore)

            refused "graphs nested without end" "deep" (fun () ->
                let rec nested depth =
                    let inner =
                        if depth = 0 then
                            []
                        else
                            [ "then_branch", OnnxAttribute.Graph(nested (depth - 1)) ]

                    graph [] [ node "If" [ "c" ] [ "y" ] inner ] [] [ output "y" ]

                fileOf 17L (nested 200) |> ignore)

            refused "a function that calls itself" "inside itself" (fun () ->
                let f: OnnxFunction =
                    {
                        Domain = "local"
                        Name = "F"
                        Inputs = [ "x" ]
                        Outputs = [ "y" ]
                        Attributes = []
                        Defaults = []
                        Nodes = [ nodeOf "local" "F" [ "x" ] [ "y" ] [] ]
                        Opsets = [ "", 17L; "local", 1L ]
                    }

                let g =
                    graph
                        [ value "x" OnnxType.Float [ 1 ] ]
                        [ nodeOf "local" "F" [ "x" ] [ "y" ] [] ]
                        []
                        [ output "y" ]

                let file = modelWith [ f ] 17L g |> bytesOf |> Onnx.ofBytes
                (Onnx.import [] file).Apply [ Expr.variable "x" DType.F32 [ 1 ] ] |> ignore)

            test "data in a file beside the model is read" {
                inFolder (withExternal "data.bin" 8L (Some 16L)) (bytesIn "data.bin" 24) (fun path ->
                    Expect.equal
                        (Tree.values (Onnx.read path).Parameters).Head
                        (Tensor.zeros DType.F32 [ 4 ])
                        "the weight")
            }

            external "data in the folder above" "not a path below" "../outside.bin" 0L None ignore
            external "data at a path from the root" "not a path below" "/etc/hostname" 0L None ignore
            external "data behind a link" "link" "data.bin" 0L (Some 16L) (fun folder ->
                File.CreateSymbolicLink(
                    Path.Combine(folder, "data.bin"),
                    Path.Combine(folder, "../outside.bin")
                )
                |> ignore)
            external "data behind a link to a folder" "link" "sub/outside.bin" 0L (Some 16L) (fun folder ->
                Directory.CreateSymbolicLink(Path.Combine(folder, "sub"), Path.Combine(folder, ".."))
                |> ignore)
            external "data with a second name" "hard link" "data.bin" 0L (Some 16L) (fun folder ->
                if OperatingSystem.IsLinux() then
                    let other, own = Path.Combine(folder, "../outside.bin"), Path.Combine(folder, "data.bin")
                    (Diagnostics.Process.Start("ln", [ other; own ])).WaitForExit()
                else
                    // Where the system does not tell, the words of the refusal are those of the test.
                    Refuse.format "test" "a hard link" "Linux" "run this there")
            external
                "data that is too short"
                "of which there are 8"
                "data.bin"
                0L
                (Some 16L)
                (bytesIn "data.bin" 8)
            external
                "data whose end overflows"
                "of which there are 24"
                "data.bin"
                9223372036854775800L
                (Some 16L)
                (bytesIn "data.bin" 24)
            external "data that is not there" "not there" "data.bin" 0L None ignore
        ]
