/// Models in several safetensors files, and reading a part of them.
module DL1.Tests.SafetensorsFolderTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Weighing
open Expecto

let private a =
    Tree.ofList [ "embed.weight", Tensor.vector [ 1f; 2f ]; "0.weight", Tensor.vector [ 3f ] ]

let private b = Tree.ofList [ "1.weight", Tensor.vector [ 4f; 5f ]; "1.bias", Tensor.scalar 6L ]

/// A folder as Hugging Face has it, with an index that lists the second file's tensors first.
let private inModel (run: string -> unit) =
    inFolder (fun folder ->
        let at (name: string) = Path.Combine(folder, name)
        Safetensors.writeWith (Map [ "format", "pt" ]) (at "model-00001-of-00002.safetensors") a
        Safetensors.writeWith (Map [ "made by", "DL1" ]) (at "model-00002-of-00002.safetensors") b

        let rows =
            [
                for tree, n in [ b, 2; a, 1 ] do
                    for path in Tree.paths tree -> $"\"{path}\": \"model-0000{n}-of-00002.safetensors\""
            ]

        let map = String.Join(", ", rows)

        File.WriteAllText(
            at "model.safetensors.index.json",
            $"{{\"metadata\": {{\"total_size\": 1}}, \"weight_map\": {{{map}}}}}"
        )

        run folder)

let private index = "model.safetensors.index.json"

let private one dtype length =
    let header =
        $"""{{"w":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,{length}]}},"v":{{"dtype":"F32","shape":[1],"data_offsets":[{length},{length + 4}]}}}}"""

    let bytes = Encoding.UTF8.GetBytes header

    Array.concat
        [
            BitConverter.GetBytes(uint64 bytes.Length)
            bytes
            Array.zeroCreate length
            BitConverter.GetBytes 2f
        ]

let private reading =
    [
        test "a folder, and its index, in the index's order, with the texts of all files" {
            inModel (fun folder ->
                let tensors, texts = Safetensors.readWith folder
                Expect.equal tensors (Tree.append b a) "the folder"
                Expect.equal texts (Map [ "format", "pt"; "made by", "DL1" ]) "texts"
                Expect.equal (Safetensors.read (Path.Combine(folder, index))) (Tree.append b a) "the index"
                let contents = Safetensors.contents folder
                Expect.equal (string contents["1.weight"]) "F32 [2]" "contents")
        }
        test "a folder with one file" {
            inFolder (fun folder ->
                Safetensors.write (Path.Combine(folder, "model.safetensors")) a
                Expect.equal (Safetensors.read folder) a "")
        }
        test "some names are read, and files without them are not opened" {
            inModel (fun folder ->
                File.Delete(Path.Combine(folder, "model-00002-of-00002.safetensors"))
                let some = Safetensors.readSome (fun n -> n.StartsWith "embed.") folder
                Expect.equal (Tree.paths some) [ "embed.weight" ] ""
                let e = formatError (fun () -> Safetensors.read folder)
                Expect.stringContains e.Given "no file" "")
        }
        test "a choice of none names what is there" {
            inModel (fun folder ->
                let e = formatError (fun () -> Safetensors.readSome (fun n -> n = "head") folder)
                Expect.stringContains e.Given "none of 4 tensors" ""
                Expect.stringContains e.Expected "embed.weight" "")
        }
        test "of a large file one tensor is read in the memory of that tensor" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "large.safetensors")

                Safetensors.write
                    path
                    (Tree.ofList [ for i in 0..19 -> $"w%d{i}", Tensor.ones DType.F32 [ 100_000 ] ])

                let before = GC.GetAllocatedBytesForCurrentThread()
                let some = Safetensors.readSome (fun n -> n = "w7") path
                let allocated = GC.GetAllocatedBytesForCurrentThread() - before
                Expect.equal some["w7"] (Tensor.ones DType.F32 [ 100_000 ]) ""
                Expect.isLessThan allocated 600_000L "400 kB of the tensor, and the header")
        }
        test "16 and 8 bits" {
            let tree = Tree.ofList [ "w", Tensor.vector [ 1.5f; -2f ]; "n", Tensor.scalar 3L ]
            let f16 = Safetensors.toBytesAs FloatStorage.F16 Map.empty tree
            let bf16 = Safetensors.toBytesAs FloatStorage.BF16 Map.empty tree
            Expect.isTrue (sameTree (fst (Safetensors.ofBytes f16)) tree) "f16"
            Expect.isTrue (sameTree (fst (Safetensors.ofBytes bf16)) tree) "bf16"

            Expect.stringContains
                (Encoding.UTF8.GetString f16)
                "\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[8,12]"
                ""

            Expect.stringContains (Encoding.UTF8.GetString bf16) "\"dtype\":\"BF16\"" ""
            let found = fst (Safetensors.ofBytes (one "F8_E4M3" 2))
            Expect.equal (string found["w"]) "f32 [2]\n[0 0]" "f8"
        }
        test "a type that is not read hinders no other, and is refused with its own cure" {
            for dtype, length, cure in
                [
                    "U64", 16, "int64"
                    "C64", 16, "view_as_real"
                    "F8_E8M0", 2, "scales"
                    "F4", 1, "scales"
                    "F6_E2M3", 2, "scales"
                    "X9", 7, "float32 or bfloat16"
                ] do
                let bytes = one dtype length
                let e = formatError (fun () -> Safetensors.ofBytes bytes)
                Expect.stringContains e.Given $"the type '{dtype}' of w" dtype
                Expect.stringContains e.Cure cure dtype

                inFolder (fun folder ->
                    let path = Path.Combine(folder, "x.safetensors")
                    File.WriteAllBytes(path, bytes)

                    Expect.equal
                        (Safetensors.readSome (fun n -> n = "v") path)
                        (Tree.ofList [ "v", Tensor.vector [ 2f ] ])
                        dtype)

            refuses "the offsets [0, 15] of w" Safetensors.ofBytes (one "U64" 15)
        }
        test "a header whose length begins as gzip does" {
            let header = """{"w":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}"""
            let bytes = Encoding.UTF8.GetBytes(header.PadRight 0x8B1F)

            let file =
                Array.concat [ BitConverter.GetBytes(uint64 bytes.Length); bytes; [| 7uy; 0uy; 0uy; 0uy |] ]

            Expect.equal file[0..1] [| 0x1Fuy; 0x8Buy |] "as gzip"
            Expect.equal (fst (Safetensors.ofBytes file)) (Tree.ofList [ "w", Tensor.vector [ 7 ] ]) ""
        }
    ]

let private refused =
    [
        let withIndex name (json: string) (says: string) =
            test name {
                inModel (fun folder ->
                    File.WriteAllText(Path.Combine(folder, index), json)
                    let e = formatError (fun () -> Safetensors.read folder)
                    Expect.stringContains e.Given says "")
            }

        let mapped file = $"{{\"weight_map\": {{\"embed.weight\": \"{file}\"}}}}"
        withIndex "no JSON" "{" "which is no JSON object"
        withIndex "a list" "[]" "no weight_map"
        withIndex "no map" "{}" "no weight_map"
        withIndex "a map that is a list" """{"weight_map": []}""" "Array as the weight_map"
        withIndex "a file that is a number" """{"weight_map": {"w": 1}}""" "Number as the file of w"
        withIndex "a file in another folder" (mapped "../x.safetensors") "the file '../x.safetensors'"
        withIndex "an absolute path" (mapped "/etc/x.safetensors") "the file '/etc/x.safetensors'"
        withIndex "a path of Windows" (mapped "C:x.safetensors") "the file 'C:x.safetensors'"
        withIndex "a file of another kind" (mapped "x.bin") "the file 'x.bin'"
        withIndex "a file that is not there" (mapped "x.safetensors") "no file"

        withIndex
            "a tensor that its file does not have"
            (mapped "model-00002-of-00002.safetensors")
            "no tensor embed.weight in model-00002"

        withIndex
            "a tensor twice"
            """{"weight_map": {"w": "a.safetensors", "w": "b.safetensors"}}"""
            "which is no JSON object"

        test "a folder with two files and no index" {
            inModel (fun folder ->
                File.Delete(Path.Combine(folder, index))
                let e = formatError (fun () -> Safetensors.read folder)
                Expect.stringContains e.Given "0 indices and 2 safetensors files" "")
        }

        test "1,000 damaged indices" {
            inModel (fun folder ->
                let path = Path.Combine(folder, index)
                let whole = File.ReadAllBytes path

                let read (bytes: byte[]) =
                    File.WriteAllBytes(path, bytes)
                    Safetensors.read path |> ignore

                survives 1000 read [ whole ])
        }
    ]

let private opened =
    wherePythonHas "safetensors.torch" "safetensors of Python reads what is written" (fun printed ->
        inFolder (fun folder ->
            let path = Path.Combine(folder, "model.safetensors")
            Safetensors.writeAs FloatStorage.BF16 (Map [ "made by", "DL1" ]) path (Tree.append a b)

            let program =
                "import sys, safetensors.torch as s\nfor n, t in s.load_file(sys.argv[1]).items(): print(n, t.dtype, t.tolist())"

            let lines = printed program [ path ]
            Expect.stringContains lines "embed.weight torch.bfloat16 [1.0, 2.0]" ""))

let tests = testList "SafetensorsFolder" (reading @ opened @ [ testList "what is refused" refused ])
