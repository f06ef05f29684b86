/// Files of PyTorch from hostile hands: what is in them is refused by name, and nothing of it is run.
module DL1.Tests.PyTorchRefusalTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Weighing
open DL1.Tests.Pickles
open Expecto

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
    testList "PyTorchRefusal" (testList "what is refused, and by which name" refusals :: hostile)
