/// Sources of rows: made of one another, from mapped files and from tar files.
module DL1.Tests.SourceTests

open System
open System.Collections.Generic
open System.Formats.Tar
open System.IO
open System.Text
open System.Threading
open DL1
open Expecto

let private key (seed: int) = Key.ofSeed (int64 seed)
let private bounded low high (n: int) = low + int (uint32 n % uint32 (high - low + 1))

/// Rows whose input is their number, with a second column, and whose target is its double.
let private numbered first rows : Dataset =
    let x = Array.init (2 * rows) (fun i -> float32 (first + i / 2) + (if i % 2 = 1 then 0.5f else 0f))
    Dataset(Tensor.ofArray [ rows; 2 ] x, Tensor.vector (Array.init rows (fun i -> int64 (2 * (first + i)))))

let private sourceOf (data: Dataset) : Source =
    Source.create data.Count data.Example (fun numbers -> Dataset.rows numbers data)

let private sameRows (a: Dataset) (b: Dataset) =
    Hostile.sameTree a.NamedInputs b.NamedInputs && Hostile.sameTree a.NamedTargets b.NamedTargets

let private orders =
    [
        Law.law
            "blocks: each row once, and rows of a window come from its blocks alone"
            (fun (seed: int) (rows: int) (size: int) (window: int) (batch: int) epoch ->
                let rows, size, window, batch =
                    bounded 0 60 rows, bounded 1 9 size, bounded 1 4 window, bounded 1 9 batch

                let options = { Batches.ofSize batch with Blocks = Some { Rows = size; Window = window } }
                let order = Batches.indices options (key seed) epoch rows |> Array.concat
                let counts = order |> Array.map (fun row -> row / size) |> Array.distinct

                // As windows follow one another, a window's blocks do not come back after it.
                let windows = Array.chunkBySize window counts

                Array.sort order = [| 0 .. rows - 1 |]
                && order = (Batches.indices options (key seed) epoch rows |> Array.concat)
                && (let mutable at = 0

                    windows
                    |> Array.forall (fun blocks ->
                        let own = order |> Array.filter (fun row -> Array.contains (row / size) blocks)
                        let here = order[at .. at + own.Length - 1]
                        at <- at + own.Length

                        window = 1 && own = here
                        || Array.sort own = Array.sort here
                        || blocks.Length < window)))
        test "blocks are read in another order in each epoch, and rows are mixed" {
            let options = { Batches.ofSize 100 with Blocks = Some { Rows = 10; Window = 4 } }
            let order epoch = Batches.indices options (key 1) epoch 100 |> Array.concat
            Expect.notEqual (order 0) (order 1) "epochs"
            let blocks = order 0 |> Array.truncate 40 |> Array.map (fun row -> row / 10) |> Array.distinct
            Expect.equal blocks.Length 4 "four blocks in the first window"

            Expect.notEqual
                (order 0 |> Array.truncate 10 |> Array.map (fun row -> row / 10) |> Array.distinct).Length
                1
                "mixed"
        }
        test "blocks below 1 are refused" {
            for blocks in [ { Rows = 0; Window = 1 }; { Rows = 1; Window = 0 } ] do
                Expect.throwsT<DomainError>
                    (fun () ->
                        Batches.indices { Batches.ofSize 2 with Blocks = Some blocks } (key 1) 0 5 |> ignore)
                    ""
        }
        test "blocks as large as numbers go are one block" {
            let options =
                { Batches.ofSize 2 with Blocks = Some { Rows = Int32.MaxValue; Window = Int32.MaxValue } }

            Expect.equal (Batches.indices options (key 1) 0 5 |> Array.concat |> Array.sort) [| 0..4 |] ""
        }
    ]

let private ahead =
    [
        Law.law
            "items stay in order with any number ahead on any threads"
            (fun (count: int) (batches: int) (threads: int) ->
                let count, batches, threads = bounded 0 40 count, bounded 1 9 batches, bounded 1 6 threads

                Prefetch.run { Batches = batches; Threads = threads } (fun i -> i * i) count |> List.ofSeq =
                    [ for i in 0 .. count - 1 -> i * i ])
        test "no more are begun than are asked for ahead, and what is thrown is thrown in its turn" {
            let begun = ref 0

            let items =
                Prefetch.run
                    { Batches = 4; Threads = 2 }
                    (fun i ->
                        Interlocked.Increment begun |> ignore

                        if i = 5 then
                            raise (InvalidDataException "five")

                        i)
                    100

            use reader = items.GetEnumerator()

            for i in 0..4 do
                Expect.isTrue (reader.MoveNext()) "there"
                Expect.equal reader.Current i "in order"
                Expect.isLessThanOrEqual begun.Value (i + 5) "begun"

            Expect.throwsT<InvalidDataException> (fun () -> reader.MoveNext() |> ignore) "the sixth"
        }
        test "a reader that stops early leaves nothing running" {
            let running = ref 0

            let items =
                Prefetch.run
                    { Batches = 8; Threads = 4 }
                    (fun i ->
                        Interlocked.Increment running |> ignore
                        Thread.SpinWait 1000
                        Interlocked.Decrement running |> ignore
                        i)
                    1000

            Expect.equal (items |> Seq.truncate 3 |> List.ofSeq) [ 0; 1; 2 ] "the first"
            Expect.equal running.Value 0 "none goes on"
        }
    ]

let private composition =
    [
        Law.law "appended sources have the rows of appended data" (fun (lengths: int list) (seed: int) ->
            let lengths = lengths |> List.truncate 5 |> List.map (bounded 0 6)
            let lengths = if List.sum lengths = 0 then [ 1 ] else lengths
            let firsts = List.scan (+) 0 lengths |> List.truncate lengths.Length
            let parts = List.map2 numbered firsts lengths
            let whole = numbered 0 (List.sum lengths)
            let source = Source.append (parts |> List.map sourceOf)
            let asked = Key.integers 0 (List.sum lengths) DType.I64 [ 11 ] (key seed)
            let asked = (Tensor.toFloats asked) |> Array.map int

            source.Count = whole.Count
            && sameRows (source.Rows asked) (Dataset.rows asked whole)
            && sameRows (Source.toDataset source) whole)
        test "some rows of a source, and rows that a function changes" {
            let source = sourceOf (numbered 0 10)
            let some = Source.rows [| 7; 2; 2 |] source
            Expect.equal some.Count 3 "count"
            Expect.isTrue (sameRows (some.Rows [| 1; 0 |]) ((numbered 0 10).Rows [| 2; 7 |])) "rows"
            let doubled = Source.map (Dataset.mapInputs (fun x -> x * Tensor.scalar 2f)) source
            let expected = Dataset.mapInputs (fun x -> x * Tensor.scalar 2f) (numbered 0 10)
            Expect.isTrue (sameRows (Source.toDataset doubled) expected) "changed"
        }
        Law.law
            "what is drawn depends on the key and the row alone, not on the batch"
            (fun (seed: int) (asked: int list) ->
                let noisy =
                    sourceOf (numbered 0 9)
                    |> Source.augment (fun key row ->
                        row |> Dataset.mapInputs (fun x -> x + Key.uniform 0.0 1.0 DType.F32 [ 1; 2 ] key))

                let all = Source.append [ noisy; noisy ]
                let asked = asked |> List.map (bounded 0 17) |> Array.ofList
                let whole = all.Drawn(key seed, [| 0..17 |])

                asked.Length = 0
                || sameRows (all.Drawn(key seed, asked)) (Dataset.rows asked whole)
                   && sameRows (all.Rows asked) (Dataset.rows asked (Source.toDataset all)))
        test "weighted rows come as often as their weights say, anew in each epoch" {
            let weights = [| 0.0; 3.0; 1.0; 0.0 |]
            let source = Source.weighted (key 1) weights 4000 (sourceOf (numbered 0 4))
            let drawn seed = Tensor.toFloats (source.Drawn(key seed, [| 0..3999 |])).Targets
            let counts = drawn 3 |> Array.countBy id |> dict
            Expect.equal (counts.Keys |> Seq.sort |> List.ofSeq) [ 2.0; 4.0 ] "rows with a weight"
            // Five deviations of a binomial of 4,000 with chance 0.75.
            Expect.floatClose { absolute = 137.0; relative = 0.0 } (float counts[2.0]) 3000.0 "three of four"
            Expect.notEqual (drawn 3) (drawn 4) "epochs"
            Expect.equal (drawn 3) (drawn 3) "the same key"
            let part = Tensor.toFloats (source.Drawn(key 3, [| 10; 5 |])).Targets
            Expect.equal part [| (drawn 3)[10]; (drawn 3)[5] |] "of a part"

            Expect.equal
                (Tensor.toFloats (source.Rows [| 1 |]).Targets)
                (Tensor.toFloats (source.Rows [| 1 |]).Targets)
                "for validation"
        }
        test "a mixture draws from each source by its weight" {
            let source =
                Source.mixed (key 1) 4000 [ 1.0, sourceOf (numbered 0 2); 3.0, sourceOf (numbered 100 50) ]

            let found = Tensor.toFloats (source.Drawn(key 2, [| 0..3999 |])).Targets
            let few = found |> Array.filter (fun t -> t < 100.0) |> Array.length
            Expect.floatClose { absolute = 137.0; relative = 0.0 } (float few) 1000.0 "one of four"
        }
        test "what makes no source is refused" {
            let source = sourceOf (numbered 0 3)

            let refused (what: string) (f: unit -> Source) =
                Expect.throwsT<DomainError> (fun () -> f () |> ignore) what

            refused "negative" (fun () -> Source.create -1 (numbered 0 1) (fun _ -> numbered 0 1))
            refused "none" (fun () -> Source.append [])
            refused "weights" (fun () -> Source.weighted (key 1) [| 1.0 |] 3 source)
            refused "negative weight" (fun () -> Source.weighted (key 1) [| 1.0; -1.0; 1.0 |] 3 source)
            refused "NaN" (fun () -> Source.weighted (key 1) [| 1.0; nan; 1.0 |] 3 source)
            refused "zeros" (fun () -> Source.weighted (key 1) [| 0.0; 0.0; 0.0 |] 3 source)
            refused "a row" (fun () -> Source.rows [| 3 |] source)
            Expect.throwsT<DomainError> (fun () -> source.Rows [| 3 |] |> ignore) "row 3 of 3"
        }
    ]

let private inFolder (use': string -> 'a) : 'a =
    let folder = Directory.CreateTempSubdirectory().FullName

    try
        use' folder
    finally
        Directory.Delete(folder, true)

/// An npy file as NumPy writes it.
let private npy (descr: string) (order: bool) (dims: string) (data: byte[]) =
    let fortran = if order then "True" else "False"
    let text = $"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({dims}), }}"
    let padded = text.PadRight(117) + "\n"

    Array.concat
        [
            [| 0x93uy; byte 'N'; byte 'U'; byte 'M'; byte 'P'; byte 'Y'; 1uy; 0uy; byte padded.Length; 0uy |]
            Encoding.ASCII.GetBytes padded
            data
        ]

let private mapped =
    [
        Law.law
            "rows of a mapped npy file are those of the file that is read, in every type"
            (fun (seed: int) (asked: int list) ->
                inFolder (fun folder ->
                    let bytes = Key.bits 0 (7 * 3 * 8) (key seed) |> Array.map byte
                    let asked = asked |> List.map (bounded 0 6) |> Array.ofList

                    [
                        "<f2", 2
                        "<f4", 4
                        "<f8", 8
                        "|i1", 1
                        "|u1", 1
                        "<i2", 2
                        "<u2", 2
                        "<i4", 4
                        "<u4", 4
                        "<i8", 8
                    ]
                    |> List.forall (fun (descr, size) ->
                        let path = Path.Combine(folder, "a.npy")
                        File.WriteAllBytes(path, npy descr false "7, 3" (Array.truncate (21 * size) bytes))
                        use tensor = MappedTensor.Npy path
                        let rows, expected = tensor.Rows asked, Rows.take "test" asked (Npy.read path)

                        tensor.Count = 7
                        && rows.DType = tensor.DType
                        && Hostile.sameTree (Tree.ofList [ "a", rows ]) (Tree.ofList [ "a", expected ]))))
        test "rows of a mapped safetensors file are those of the file" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.safetensors")
                let x = Key.normal 0.0 1.0 DType.F32 [ 5; 2; 3 ] (key 1)

                let tensors = Tree.ofList [ "other", Tensor.vector [ 1L; 2L ]; "x", x ]
                Safetensors.writeAs FloatStorage.BF16 Map.empty path tensors
                use tensor = MappedTensor.Safetensors(path, "x")
                Expect.equal (tensor.Count, tensor.RowShape) (5, Shape.Of [ 2; 3 ]) "shape"

                Expect.equal
                    (tensor.Rows [| 4; 0 |])
                    (Rows.take "test" [| 4; 0 |] (Safetensors.read path).["x"])
                    "rows"

                Expect.throwsT<FormatError>
                    (fun () -> MappedTensor.Safetensors(path, "y") |> ignore)
                    "no such name")
        }
        test "bytes are scaled to f32" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.npy")
                File.WriteAllBytes(path, npy "|u1" false "2, 2" [| 0uy; 255uy; 51uy; 102uy |])
                use tensor = MappedTensor.Npy path
                let scaled = tensor.Scaled(1.0 / 255.0)
                let expected = [| 51uy; 102uy |] |> Array.map (fun b -> float32 b * float32 (1.0 / 255.0))
                Expect.equal (scaled.Rows [| 1 |]) (Tensor.ofArray [ 1; 2 ] expected) "scaled"
                Expect.equal scaled.DType DType.F32 "type")
        }
        test "a source of mapped files trains to the bits of the data in memory" {
            inFolder (fun folder ->
                let data = Learners.clouds 1L 40
                let x, y = Path.Combine(folder, "x.npy"), Path.Combine(folder, "y.npy")
                Npy.write x data.Inputs
                Npy.write y data.Targets
                use inputs = MappedTensor.Npy x
                use targets = MappedTensor.Npy y
                let source = MappedTensor.ToSource(inputs, targets)

                let options =
                    { Fit.options (key 1) with Epochs = 2; Prefetch = { Batches = 3; Threads = 2 } }

                let whole = Fit.run options Learners.learner data
                let streamed = Fit.run options Learners.learner source
                Expect.isTrue (Learners.sameState whole.State streamed.State) "bits")
        }
        test "files that cannot be mapped are refused" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.npy")

                let refused (what: string) (bytes: byte[]) =
                    File.WriteAllBytes(path, bytes)
                    Expect.throwsT<FormatError> (fun () -> (MappedTensor.Npy path).Dispose()) what

                refused "nothing" [||]
                refused "another file" [| 1uy; 2uy; 3uy |]
                refused "too short" (npy "<f4" false "7, 3" [| 1uy |])
                refused "a lie" (npy "<f4" false "2147483647, 100000" [| 1uy |])
                refused "too many rows" (npy "<f4" false "9223372036854775807, 1" [| 1uy |])
                refused "a number" (npy "<f4" false "" (Array.zeroCreate 4))
                refused "columns" (npy "<f4" true "1, 1" (Array.zeroCreate 4))
                refused "big end" (npy ">f4" false "1, 1" (Array.zeroCreate 4))
                refused "wide" (npy "|u1" false "1, 3000000000" (Array.zeroCreate 4))

                Expect.throwsT<FormatError>
                    (fun () -> MappedTensor.Npy(Path.Combine(folder, "none.npy")) |> ignore)
                    "no file"

                File.WriteAllBytes(path, npy "<f4" false "2, 1" (Array.zeroCreate 8))
                let tensor = MappedTensor.Npy path
                Expect.throwsT<DomainError> (fun () -> tensor.Rows [| 2 |] |> ignore) "row"
                Expect.throwsT<DomainError> (fun () -> tensor.Rows [| -1 |] |> ignore) "row"
                tensor.Dispose()
                tensor.Dispose()
                Expect.throwsT<DomainError> (fun () -> tensor.Rows [| 0 |] |> ignore) "closed")
        }
    ]

/// A tar file of texts by their names.
let tar (path: string) (files: (string * string) list) =
    use stream = File.Create path
    use writer = new TarWriter(stream, TarEntryFormat.Pax, false)

    for name, text in files do
        let entry = PaxTarEntry(TarEntryType.RegularFile, name)
        entry.DataStream <- new MemoryStream(Encoding.UTF8.GetBytes text)
        writer.WriteEntry entry

let private decode (sample: TarSample) : Dataset =
    Dataset.create
        (Tensor.ofArray [ 1; 1 ] [| float32 (sample.Text "txt") |])
        (Tensor.vector [ int64 (sample.Text "cls") ])

let private shards =
    [
        test "samples are read in any order, across shards" {
            inFolder (fun folder ->
                let paths = [ for i in 0..1 -> Path.Combine(folder, $"%d{i}.tar") ]

                tar
                    paths[0]
                    [
                        for i in 0..2 do
                            $"train/%04d{i}.txt", $"%d{10 * i}"
                            $"train/%04d{i}.cls", $"%d{i}"
                    ]

                tar
                    paths[1]
                    [
                        for i in 3..4 do
                            $"train/%04d{i}.cls", $"%d{i}"
                            $"train/%04d{i}.TXT", $"%d{10 * i}"
                    ]

                use found = new TarShards(paths)
                Expect.equal found.Count 5 "samples"
                Expect.equal (found.Sample 3).Key "train/0003" "key"
                Expect.equal (List.ofSeq (found.Sample 3).Endings) [ "cls"; "txt" ] "endings"
                let source = found.ToSource decode
                let rows = source.Rows [| 4; 0; 2 |]
                Expect.equal (Tensor.toFloats rows.Inputs) [| 40.0; 0.0; 20.0 |] "inputs"
                Expect.equal (Tensor.toFloats rows.Targets) [| 4.0; 0.0; 2.0 |] "targets"
                Expect.throwsT<DomainError> (fun () -> (found.Sample 0)["jpg"] |> ignore) "no such ending"
                Expect.throwsT<DomainError> (fun () -> found.Sample 5 |> ignore) "no such sample"
                found.Dispose()
                Expect.throwsT<DomainError> (fun () -> found.Sample 0 |> ignore) "closed")
        }
        test "files that are no shards are refused" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.tar")

                let refused (what: string) =
                    Expect.throwsT<FormatError> (fun () -> (new TarShards([ path ])).Dispose()) what

                tar path [ "a.txt", "1"; "a.txt", "2" ]
                refused "twice"
                tar path [ "a.txt", String('x', 2000) ]
                let bytes = File.ReadAllBytes path
                // The texts are no longer whole.
                File.WriteAllBytes(path, bytes[.. bytes.Length / 2])
                refused "cut off"
                File.WriteAllBytes(path, Array.create 700 0x55uy)
                refused "no tar file"
                File.WriteAllBytes(path, [| 0x1Fuy; 0x8Buy; 8uy; 0uy |])
                refused "packed"
                Expect.throwsT<DomainError> (fun () -> new TarShards([]) |> ignore) "no files"
                tar path [ "README", "no ending" ]
                use none = new TarShards([ path ])
                Expect.throwsT<DomainError> (fun () -> none.ToSource decode |> ignore) "no samples")
        }
        Law.law "a damaged tar file is refused or read, never more" (fun (place: int) (value: byte) ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.tar")
                tar path [ "a.txt", "1"; "a.cls", "2"; "b.txt", "3" ]
                let bytes = File.ReadAllBytes path
                bytes[bounded 0 (bytes.Length - 1) place] <- value
                File.WriteAllBytes(path, bytes)

                try
                    use found = new TarShards([ path ])

                    for i in 0 .. found.Count - 1 do
                        found.Sample i |> ignore

                    true
                with :? FormatError ->
                    true))
    ]

let tests =
    testList
        "Source"
        [
            testList "order" orders
            testList "ahead" ahead
            testList "composition" composition
            testList "mapped" mapped
            testList "tar" shards
        ]
