/// TorchSharp's files of weights.
module DL1.Tests.TorchSharpFileTests

open System
open System.IO
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Weighing
open Expecto

let private read (bytes: byte[]) = TorchSharpFile.ofBytes bytes
let private whole = TorchSharpFile.toBytes samples

let tests =
    testList
        "TorchSharpFile"
        [
            Law.law "write then read is the identity" (fun (seed: int) ->
                let tree = treeOf seed
                sameTree (read (TorchSharpFile.toBytes tree)) tree)
            test "any number of tensors, of which 256 begin as a pickle does" {
                for count in [ 0; 1; 127; 128; 256; 384; 512 ] do
                    let tree = Tree.ofList [ for i in 1..count -> $"w%d{i}", Tensor.scalar i ]
                    Expect.isTrue (sameTree (read (TorchSharpFile.toBytes tree)) tree) $"%d{count} tensors"
            }
            test "what TorchSharp's script writes is read" {
                isAsNumPySays "torchsharp.npz" (TorchSharpFile.read (fixture "torchsharp.dat"))
            }
            test "the bytes are the format's" {
                let tree =
                    Tree.ofList [ "w", Tensor.ofArray [ 200 ] (Array.init 200 int64); "b", Tensor.scalar 1f ]

                let expected =
                    Array.concat
                        [
                            [| 2uy; 1uy; byte 'w'; 4uy; 1uy; 0xC8uy; 1uy |]
                            Array.init 200 int64 |> Array.collect BitConverter.GetBytes
                            [| 1uy; byte 'b'; 6uy; 0uy; 0uy; 0uy; 0x80uy; 0x3Fuy |]
                        ]

                Expect.equal (TorchSharpFile.toBytes tree) expected ""
            }
            test "files are written and read, in 16 bits too" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "model.dat")
                    TorchSharpFile.write path samples
                    Expect.isTrue (sameTree (TorchSharpFile.read path) samples) ""
                    let tree = Tree.ofList [ "w", Tensor.vector [ 1.5f; -2f ] ]

                    for storage in [ FloatStorage.F16; FloatStorage.BF16 ] do
                        TorchSharpFile.writeAs storage path tree
                        Expect.equal (FileInfo(path).Length) (int64 (1 + 2 + 1 + 1 + 1 + 4)) ""
                        Expect.isTrue (sameTree (TorchSharpFile.read path) tree) "")
            }
            testList
                "what is refused"
                [
                    let cases =
                        [
                            "nothing", [||], "an end inside the number of tensors"
                            "a count beyond the file", [| 200uy; 1uy; 0uy |], "200 tensors announced"
                            "a count of 10 bytes",
                            Array.create 12 0xFFuy,
                            "the number of tensors of more than 8 bytes"
                            "a name beyond the file", [| 1uy; 9uy; byte 'w'; 6uy; 0uy |], "a name of 9 bytes"
                            "no name", [| 1uy; 0uy; 6uy; 0uy; 0uy; 0uy; 0uy; 0uy |], "the name '' of tensor 1"
                            "a type that is not read", [| 1uy; 1uy; byte 'w'; 9uy; 0uy |], "the type 9 of w"
                            "a rank beyond the file", [| 1uy; 1uy; byte 'w'; 6uy; 100uy |], "100 axes of w"
                            "numbers beyond the file",
                            [| 1uy; 1uy; byte 'w'; 6uy; 1uy; 2uy; 0uy |],
                            "1 bytes left for w of shape [2]"
                            "an extent near 2⁵⁶",
                            Array.concat
                                [ [| 1uy; 1uy; byte 'w'; 6uy; 1uy |]; Array.create 7 0xFFuy; [| 0x7Fuy |] ],
                            "w of shape [72057594037927935]"
                            "bytes behind the last", Array.append whole [| 0uy |], "1 bytes behind the last"
                            "a truth value of 2", [| 1uy; 1uy; byte 'w'; 11uy; 1uy; 1uy; 2uy |], "the byte 2"
                            "a file of torch.save", PyTorch.toBytes samples, "a zip archive"
                        ]

                    for name, bytes, says in cases do
                        test name { refuses says read bytes }
                ]
            test "10,000 damaged files" {
                survives 10_000 (read >> ignore) [ whole; File.ReadAllBytes(fixture "torchsharp.dat") ]
            }
        ]
