/// PyTorch's own files: what `torch.save` writes is read, what is written `torch.load` reads, and nothing of a file is run.
module DL1.Tests.PyTorchTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Weighing
open Expecto

let private read bytes = PyTorch.ofBytes bytes |> fst
let private fixtureBytes name = File.ReadAllBytes(fixture name)

/// An archive with a pickle of one's own, and storages.
let private archive (pickle: byte[]) (storages: byte[] list) =
    use memory = new MemoryStream()

    StoredZipWriter.write
        StoredZipWriter.limit
        [
            "archive/data.pkl", (fun s -> s.Write(ReadOnlySpan pickle))
            for i, storage in List.indexed storages do
                $"archive/data/%d{i}", (fun s -> s.Write(ReadOnlySpan storage))
        ]
        memory

    memory.ToArray()

let private utf8 (text: string) = Encoding.UTF8.GetBytes text
let private globalOf (name: string) = utf8 ("c" + name.Replace(' ', '\n') + "\n")
let private text (s: string) = Array.concat [ "X"B; BitConverter.GetBytes(utf8(s).Length); utf8 s ]
let private whole (n: int) = Array.concat [ "J"B; BitConverter.GetBytes n ]
let private tuple (items: byte[] list) = Array.concat [ "("B; Array.concat items; "t"B ]

let private storage kind length =
    Array.concat [ tuple [ text "storage"; globalOf kind; text "0"; text "cpu"; whole length ]; "Q"B ]

/// A tensor of f32 by its parts.
let private view length offset (size: int list) (stride: int list) =
    Array.concat
        [
            globalOf "torch._utils _rebuild_tensor_v2"
            tuple
                [
                    storage "torch FloatStorage" length
                    whole offset
                    tuple (List.map whole size)
                    tuple (List.map whole stride)
                    [| 0x89uy |]
                    "N"B
                ]
            "R"B
        ]

let private pickle (parts: byte[] list) = Array.concat [ [| 0x80uy; 2uy |]; Array.concat parts; "."B ]

/// A dictionary with one value.
let private named value = pickle [ "}"B; text "w"; value; "s"B ]

let private sixFloats =
    [| 0f; 1f; 2f; 3f; 4f; 5f |] |> Array.collect (fun (x: float32) -> BitConverter.GetBytes x)

let private one value = archive (named value) [ sixFloats ]
let private samplesFile = PyTorch.toBytes samples

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
        test "torch.load reads what is written" {
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

                let lines =
                    (printed "torch" program [ path; half ]).ReplaceLineEndings("\n").Split '\n'
                    |> List.ofArray

                let w = samples["0.weight"].ToArray<float32>()
                let shown (x: float32) = (float x).ToString("R", Globalization.CultureInfo.InvariantCulture)
                Expect.equal lines.Length 12 ""
                Expect.equal lines[0] $"0.weight torch.float32 (3, 4) True [{shown w[0]}, {shown w[1]}]" ""
                Expect.equal lines[1] "0.bias torch.float64 (5,) True [0.0, -0.0]" ""
                Expect.equal lines[2] "flags torch.bool (3,) True [True, False]" ""
                Expect.equal lines[3] "steps torch.int64 () True [-9223372036854775808]" ""
                Expect.equal lines[4] "empty torch.int32 (2, 0, 3) True []" ""
                Expect.equal lines[5] "números torch.int32 (2, 2) True [1, -2]" ""
                Expect.stringStarts lines[6] "0.weight torch.bfloat16 (3, 4) True" "")
        }
    ]

let private refusals =
    [
        let cases =
            [
                "a program of os.system", fixtureBytes "evil.pt", "the name posix.system"
                "a whole module", fixtureBytes "module.pt", "the name torch.nn.modules.linear.Linear"
                "a file before 1.6", fixtureBytes "legacy.pt", "a file of PyTorch before 1.6"
                "a program of TorchScript", fixtureBytes "script.pt", "a program of TorchScript"
                "an npz file", Npy.allToBytes samples, "a zip archive with 0 entries data.pkl"
                "a safetensors file", Safetensors.toBytes Map.empty samples, "a safetensors file"
                "text", utf8 (String('x', 100)), "without the directory"
                "nothing", [||], "without the directory"
                "a name that is nearly right",
                one (globalOf "torch FloatStoragee"),
                "the name torch.FloatStoragee"
                "eval", one (globalOf "builtins eval"), "the name builtins.eval"
                "protocol 4", archive [| 0x80uy; 4uy; byte '.' |] [], "a pickle of protocol 4"
                "STACK_GLOBAL", archive (pickle [ [| 0x93uy |] ]) [], "0x93 (STACK_GLOBAL)"
                "INST", archive (pickle [ "(ios\nsystem\n"B ]) [], "0x69 (INST)"
                "an opcode that nobody has", archive (pickle [ [| 0xFFuy |] ]) [], "the opcode 0xFF"
                "no end", archive [| 0x80uy; 2uy; byte '}' |] [], "1 bytes announced where 0 are left"
                "bytes behind the end",
                archive (Array.append (named (view 6 0 [ 6 ] [ 1 ])) "."B) [ sixFloats ],
                "1 bytes behind"
                "two values", archive (pickle [ "NN"B ]) [], "1 values"
                "no value", archive (pickle []) [], "a value that is missing"
                "a text beyond the pickle",
                archive (pickle [ "X"B; BitConverter.GetBytes -1 ]) [],
                "a text of 4294967295 bytes"
                "a memo that was never filled", archive (pickle [ "h\005"B ]) [], "the value 5 of the memo"
                "a memo with a hole",
                archive (pickle [ "Nr"B; BitConverter.GetBytes -1 ]) [],
                "the place 4294967295 of a memo of 0"
                "deep nesting",
                archive (pickle [ Array.create 10000 (byte '('); "."B ]) [],
                "more than 200 containers"
                "a list in itself", archive (pickle [ "]q\000h\000a"B ]) [], "more than 64 dictionaries"
                "items for a dictionary", archive (pickle [ "}Na"B ]) [], "items for something else"
                "half a pair", archive (pickle [ "}(Nu"B ]) [], "keys and values"
                "a state for a list", archive (pickle [ "]Nb"B ]) [], "an object with a state"
                "a call of a text",
                archive (pickle [ text "print"; ")R"B ]) [],
                "a call of something without a name"
                "a call of a storage",
                one (Array.append (globalOf "torch FloatStorage") ")R"B),
                "0 arguments for torch.FloatStorage"
                "too many arguments",
                one (Array.append (globalOf "torch._utils _rebuild_tensor_v2") ")R"B),
                "0 arguments"
                "a storage alone", one (storage "torch FloatStorage" 6), "a storage outside of a tensor"
                "a key that is a tuple", archive (pickle [ "})Ns"B ]) [], "a key that is no text"
                "two of a name",
                archive (pickle [ "}("B; text "w"; "N"B; text "w"; "Nu"B ]) [],
                "two values at w"
                "a storage that is not there",
                archive (named (view 6 0 [ 6 ] [ 1 ])) [],
                "no entry for the storage 0"
                "a storage that is too short",
                archive (named (view 6 0 [ 6 ] [ 1 ])) [ sixFloats[..19] ],
                "a storage of 20 bytes"
                "a storage that says to be longer",
                one (view 7 0 [ 6 ] [ 1 ]),
                "a storage of 24 bytes for the 7"
                "a storage of 2³¹ − 1 elements",
                one (view Int32.MaxValue 0 [ 6 ] [ 1 ]),
                "a storage of 24 bytes"
                "a shape beyond the storage", one (view 6 0 [ 7 ] [ 1 ]), "beyond its storage of 6"
                "an offset beyond the storage", one (view 6 6 [ 1 ] [ 1 ]), "beyond its storage of 6"
                "a negative offset", one (view 6 -1 [ 1 ] [ 1 ]), "an offset that is no whole number"
                "a negative stride", one (view 6 5 [ 2 ] [ -1 ]), "strides that is no whole number"
                "a stride near 2³¹",
                one (view 6 0 [ 2; 2 ] [ Int32.MaxValue; Int32.MaxValue ]),
                "beyond its storage"
                "a stride too few", one (view 6 0 [ 2; 2 ] [ 1 ]), "1 strides for the shape [2, 2]"
                "an extent near 2³¹",
                one (view 6 0 [ Int32.MaxValue; Int32.MaxValue ] [ 0; 0 ]),
                "of shape [2147483647"
                "numbers repeated a billion times", one (view 6 0 [ 30000; 30000 ] [ 0; 0 ]), "repeat numbers"
                "a negated view",
                one (
                    Array.concat
                        [
                            globalOf "torch._utils _rebuild_tensor_v2"
                            tuple
                                [
                                    storage "torch FloatStorage" 6
                                    whole 0
                                    tuple [ whole 6 ]
                                    tuple [ whole 1 ]
                                    "N"B
                                    "N"B
                                    Array.concat [ "}"B; text "neg"; [| 0x88uy |]; "s"B ]
                                ]
                            "R"B
                        ]
                ),
                "a negated or conjugated view"
            ]

        for name, bytes, says in cases do
            test name { refuses says read bytes }

        test "a memo bomb: dictionaries that hold the one before twice, sixty deep" {
            let level n =
                Array.concat
                    [
                        "}"B
                        [| byte 'q'; byte (n + 1) |]
                        "("B
                        text "a"
                        [| byte 'h'; byte n |]
                        text "b"
                        [| byte 'h'; byte n |]
                        "u"B
                    ]

            let levels = Array.concat (List.init 60 level)
            let bomb = pickle [ "("B; "}q\000"B; text "w"; view 6 0 [ 6 ] [ 1 ]; "s"B; levels; "t"B ]

            isFrugal
                "the bomb takes little memory"
                (refuses "repeat themselves" read)
                (archive bomb [ sixFloats ])
        }

        test "many small containers" {
            let bomb = pickle [ "("B; Array.create 100_000 (byte '}'); "t"B ]
            isFrugal "many dictionaries" (refuses "lists and dictionaries" read) (archive bomb [])
        }

        test "entries that share bytes" {
            let bytes = Array.copy samplesFile
            let at = ReadOnlySpan(bytes).LastIndexOf(ReadOnlySpan "PK\001\002"B)
            let length = BitConverter.GetBytes bytes.Length
            Array.blit length 0 bytes (at + 20) 4
            Array.blit length 0 bytes (at + 24) 4
            refuses "entries longer together than the file" read bytes
        }

        test "entries that are compressed" {
            use memory = new MemoryStream()

            let fill () =
                use zip = new Compression.ZipArchive(memory, Compression.ZipArchiveMode.Create, true)
                use entry = (zip.CreateEntry("a/data.pkl", Compression.CompressionLevel.Optimal)).Open()
                entry.Write(ReadOnlySpan(Array.create 1000 (byte '}')))

            fill ()

            refuses "which is compressed (method 8)" read (memory.ToArray())
        }
    ]

let private hostile =
    [
        test "10,000 damaged archives" {
            survives
                10_000
                (read >> ignore)
                [ samplesFile; fixtureBytes "kinds.pt"; fixtureBytes "checkpoint.pt" ]
        }
        test "10,000 damaged pickles" {
            let storages = List.init 20 (fun _ -> sixFloats)

            let wholes =
                [
                    named (view 6 1 [ 2; 2 ] [ 2; 1 ])
                    PickleWriter.stateDict
                        FloatStorage.AsIs
                        [ for i in 0..9 -> $"w%d{i}", Tensor.ones DType.F32 [ 6 ] ]
                ]

            survives 10_000 (fun bytes -> read (archive bytes storages) |> ignore) wholes
        }
        test "a file is read within twice its length" {
            let large =
                PyTorch.toBytes (
                    Tree.ofList [ "w", Key.normal 0.0 1.0 DType.F32 [ 1000; 1000 ] (Key.ofSeed 1L) ]
                )

            isFrugal "4 MB of f32" (read >> ignore) large
        }
    ]

let tests =
    testList
        "PyTorch"
        (reading @ writing @ [ testList "what is refused, and by which name" refusals ] @ hostile)
