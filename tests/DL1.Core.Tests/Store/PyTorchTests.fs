/// PyTorch's own files: what `torch.save` writes is read, what is written `torch.load` reads, and nothing of a file is run.
module DL1.Tests.PyTorchTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Weighing
open DL1.Tests.Pickles
open Expecto

let private reading =
    [
        test "a checkpoint with model, optimizer and numbers" {
            let tensors, texts = PyTorch.readWith (fixture "checkpoint.pt")
            isAsNumPySays "checkpoint.npz" tensors
            Expect.equal texts["epoch"] "3" ""
            Expect.equal texts["best"] "0.25" ""
            Expect.equal texts["name"] "número 1" ""
            Expect.equal texts["optimizer.param_groups.0.lr"] "0.01" ""
        }
        test "all types, and views by offset, strides, shared and expanded" {
            let tensors, texts = PyTorch.readWith (fixture "kinds.pt")
            isAsNumPySays "kinds.npz" tensors

            let expected =
                [
                    "kind", "torch.float16"
                    "nothing", "None"
                    "size", "[2, 3]"
                    "words", "text"
                    "yes", "True"
                ]

            Expect.equal (Map.toList texts) expected ""

            Expect.isTrue
                (Object.ReferenceEquals(tensors["whole"], tensors["tied"]))
                "tied weights are one tensor"
        }
        test "a part of a file, by name or by choice, and its contents without numbers" {
            let all = PyTorch.read (fixture "checkpoint.pt")
            Expect.equal (PyTorch.readAt "model" (fixture "checkpoint.pt")) (Tree.at "model" all) ""

            let some = PyTorch.readSome (fun p -> p.EndsWith ".bias") (fixture "checkpoint.pt")
            Expect.equal some (Tree.filter (fun p -> p.EndsWith ".bias") all) ""
            let contents = PyTorch.contents (fixture "kinds.pt")
            Expect.equal (string contents["bf16"]) "torch.bfloat16 [3]" ""
            Expect.equal (string contents["turned"]) "torch.float32 [4, 2, 3]" ""

            let e = formatError (fun () -> PyTorch.readAt "net" (fixture "checkpoint.pt"))
            Expect.stringContains e.Expected "model.0.weight" "the names that are there"
        }
        test "a type that is not read hinders no other tensor" {
            let bytes = fixtureBytes "complex.pt"
            let e = formatError (fun () -> read bytes)
            Expect.stringContains e.Given "ComplexFloatStorage of w" ""
            Expect.stringContains e.Cure "view_as_real" ""

            Expect.equal
                (string (PyTorch.contents (fixture "complex.pt")).["w"])
                "torch.ComplexFloatStorage [1]"
                ""
        }
        test "numbers of 8 bits and unsigned ones, as newer files have them" {
            let tensor dtype =
                Array.concat
                    [
                        globalOf "torch._utils _rebuild_tensor_v3"
                        tuple
                            [
                                storage "torch.storage UntypedStorage" 4
                                whole 0
                                tuple [ whole 2 ]
                                tuple [ whole 1 ]
                                [| 0x89uy |]
                                "N"B
                                globalOf $"torch {dtype}"
                            ]
                        "R"B
                    ]

            let value dtype =
                string (read (archive (named (tensor dtype)) [ [| 0x38uy; 0xB8uy; 0uy; 0x80uy |] ])).["w"]

            Expect.equal (value "float8_e4m3fn") "f32 [2]\n[ 1 -1]" ""
            Expect.equal (value "float8_e5m2") "f32 [2]\n[ 0.5 -0.5]" ""
            Expect.equal (value "uint16") "i32 [2]\n[47160 32768]" ""
            refuses "the type torch.uint64" read (archive (named (tensor "uint64")) [ Array.zeroCreate 4 ])
        }
        test "files with the big end first" {
            use memory = new MemoryStream()
            let big = sixFloats |> Array.chunkBySize 4 |> Array.collect Array.rev

            StoredZipWriter.write
                StoredZipWriter.limit
                [
                    "x/byteorder", (fun s -> s.Write(ReadOnlySpan "big"B))
                    "x/data.pkl", (fun s -> s.Write(ReadOnlySpan(named (view 6 0 [ 6 ] [ 1 ]))))
                    "x/data/0", (fun s -> s.Write(ReadOnlySpan big))
                ]
                memory

            Expect.equal (read (memory.ToArray())).["w"] (Tensor.vector [ 0f; 1f; 2f; 3f; 4f; 5f ]) ""
        }
        Law.law "a view has the elements that its offset and strides name" (fun (seed: int) ->
            let random = Random seed
            let rank = random.Next 4
            let size = List.init rank (fun _ -> 1 + random.Next 3)
            let stride = List.init rank (fun _ -> random.Next 3)
            let reach = List.fold2 (fun n d s -> n + (d - 1) * s) 0 size stride
            let offset = if reach >= 6 then 0 else random.Next(6 - reach)
            let bytes = one (view 6 offset size stride)

            if reach + offset >= 6 then
                (formatError (fun () -> read bytes)).Given.Contains "beyond its storage of 6"
            else
                let found = (read bytes).["w"]

                let rec places dims strides at =
                    match dims, strides with
                    | d :: dims, s :: strides ->
                        [
                            for i in 0 .. d - 1 do
                                yield! places dims strides (at + i * s)
                        ]
                    | _ -> [ float32 at ]

                found = Tensor.ofArray size (Array.ofList (places size stride offset)))
    ]

let private writing =
    [
        Law.law "write then read is the identity" (fun (seed: int) ->
            let tree = treeOf seed
            sameTree (read (PyTorch.toBytes tree)) tree)
        test "tensors of every type, in a file" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "model.pt")
                PyTorch.write path samples
                Expect.isTrue (sameTree (PyTorch.read path) samples) "as they are"
                PyTorch.writeAs FloatStorage.BF16 path samples
                let contents = PyTorch.contents path
                Expect.equal (string contents["0.weight"]) "torch.bfloat16 [3, 4]" ""
                Expect.equal (string contents["steps"]) "torch.int64 []" "")
        }
        test "storages begin at multiples of 64 bytes, and the archive is one that others read" {
            use zip = new Compression.ZipArchive(new MemoryStream(samplesFile))
            let names = [ for e in zip.Entries -> e.FullName ]
            Expect.equal (List.head names) "archive/data.pkl" ""
            Expect.equal (List.last names) "archive/version" ""
            use stream = new MemoryStream(samplesFile)

            for e in StoredZip.entries "test" stream do
                Expect.equal (StoredZip.place "test" stream e % 64L) 0L e.Name
        }
        test "more tensors than Python writes at a time, and long names" {
            let many =
                Tree.ofList [ for i in 0..2500 -> $"layer.%d{i}." + String('x', i % 300), Tensor.scalar i ]

            Expect.isTrue (sameTree (read (PyTorch.toBytes many)) many) ""
        }
        test "archives with places of 64 bits" {
            use memory = new MemoryStream()
            let pickle = named (view 6 0 [ 6 ] [ 1 ])

            StoredZipWriter.write
                0L
                [
                    "archive/data.pkl", (fun s -> s.Write(ReadOnlySpan pickle))
                    "archive/data/0", (fun s -> s.Write(ReadOnlySpan sixFloats))
                ]
                memory

            Expect.equal
                (read (memory.ToArray())).["w"]
                (Tensor.vector [ 0f; 1f; 2f; 3f; 4f; 5f ])
                "read here"

            memory.Position <- 0L
            use zip = new Compression.ZipArchive(memory)
            Expect.equal [ for e in zip.Entries -> e.Length ] [ int64 pickle.Length; 24L ] "read by .NET"
        }
    ]

let private opened =
    wherePythonHas "torch" "torch.load reads what is written" (fun printed ->
        inFolder (fun folder ->
            let path = Path.Combine(folder, "model.pt")
            PyTorch.write path samples
            let half = Path.Combine(folder, "half.pt")
            PyTorch.writeAs FloatStorage.BF16 half samples

            let program =
                "import sys, torch\n"
                + "a = torch.load(sys.argv[1], weights_only=True)\n"
                + "b = torch.load(sys.argv[2], weights_only=True)\n"
                + "for name, t in list(a.items()) + list(b.items()):\n"
                + "    print(name, str(t.dtype), tuple(t.shape), t.is_contiguous(), t.reshape(-1)[:2].tolist())"

            let lines = (printed program [ path; half ]).ReplaceLineEndings("\n").Split '\n' |> List.ofArray

            let w = samples["0.weight"].ToArray<float32>()
            let shown (x: float32) = (float x).ToString("R", Globalization.CultureInfo.InvariantCulture)
            Expect.equal lines.Length 12 ""
            Expect.equal lines[0] $"0.weight torch.float32 (3, 4) True [{shown w[0]}, {shown w[1]}]" ""
            Expect.equal lines[1] "0.bias torch.float64 (5,) True [0.0, -0.0]" ""
            Expect.equal lines[2] "flags torch.bool (3,) True [True, False]" ""
            Expect.equal lines[3] "steps torch.int64 () True [-9223372036854775808]" ""
            Expect.equal lines[4] "empty torch.int32 (2, 0, 3) True []" ""
            Expect.equal lines[5] "números torch.int32 (2, 2) True [1, -2]" ""
            Expect.stringStarts lines[6] "0.weight torch.bfloat16 (3, 4) True" ""))

let tests = testList "PyTorch" (reading @ writing @ opened)
