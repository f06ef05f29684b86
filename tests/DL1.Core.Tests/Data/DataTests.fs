/// Data sets, batches, splits, scaling, categories, series and vocabularies.
module DL1.Tests.DataTests

open System
open DL1
open DL1.Tests.Reference
open Expecto

let private dataOf rows =
    Dataset(
        Tensor.ofArray [ rows; 2 ] [| 0 .. 2 * rows - 1 |],
        Tensor.ofArray [ rows ] (Array.init rows (fun i -> 10L * int64 i))
    )

let private key (seed: int) = Key.ofSeed (int64 seed)
let private bounded low high (n: int) = low + int (uint32 n % uint32 (high - low + 1))

let private table seed rows columns = Key.normal 3.0 2.0 DType.F64 [ rows; columns ] (key seed)

let private datasets =
    testList
        "Dataset"
        [
            test "rows are taken in their order, and may repeat" {
                let part = Dataset.rows [| 2; 0; 2 |] (dataOf 3)
                Expect.equal part.Inputs (Tensor.ofArray [ 3; 2 ] [| 4; 5; 0; 1; 4; 5 |]) "inputs"
                Expect.equal part.Targets (Tensor.vector [ 20L; 0L; 20L ]) "targets"
                Expect.equal (Dataset.truncate 2 (dataOf 3)).Count 2 "the first two"
                Expect.equal (Dataset.truncate 9 (dataOf 3)).Count 3 "all"
            }
            test "append puts rows below rows" {
                let both = Dataset.append (dataOf 2) (dataOf 1)
                Expect.equal both.Inputs (Tensor.ofArray [ 3; 2 ] [| 0; 1; 2; 3; 0; 1 |]) "inputs"
                Expect.equal both.Targets (Tensor.vector [ 0L; 10L; 0L ]) "targets"
            }
            test "mapInputs leaves the targets" {
                let mapped = Dataset.mapInputs (Tensor.cast DType.F64) (dataOf 2)
                Expect.equal mapped.Inputs.DType DType.F64 "inputs"
                Expect.equal mapped.Targets (dataOf 2).Targets "targets"
            }
            test "what does not fit is refused" {
                Expect.throwsT<ShapeError>
                    (fun () -> Dataset(Tensor.scalar 1, Tensor.vector [ 1 ]) |> ignore)
                    "a scalar"

                Expect.throwsT<ShapeError>
                    (fun () -> Dataset.create (Tensor.vector [ 1; 2 ]) (Tensor.vector [ 1 ]) |> ignore)
                    "rows"

                Expect.throwsT<DomainError> (fun () -> Dataset.rows [| 3 |] (dataOf 3) |> ignore) "a row"

                Expect.throwsT<ShapeError>
                    (fun () ->
                        Dataset.append (dataOf 1) (Dataset.mapInputs (Tensor.cast DType.F64) (dataOf 1))
                        |> ignore)
                    "types"
            }
        ]

let private batches =
    testList
        "Batch"
        [
            Law.law "batches cover each row once" (fun (size: int) (rows: int) (seed: int) epoch shuffle ->
                let size, rows = bounded 1 9 size, bounded 0 40 rows
                let options = { Batches.ofSize size with Shuffle = shuffle }
                let found = Batches.indices options (key seed) epoch rows

                Array.sort (Array.concat found) = [| 0 .. rows - 1 |]
                && found |> Array.forall (fun b -> b.Length <= size))
            Law.law
                "without the last, each batch is full, and fewer rows than a batch are left"
                (fun (size: int) (rows: int) (seed: int) ->
                    let size, rows = bounded 1 9 size, bounded 0 40 rows
                    let options = { Batches.ofSize size with DropLast = true }
                    let found = Batches.indices options (key seed) 0 rows
                    let covered = Array.concat found

                    found |> Array.forall (fun b -> b.Length = size)
                    && Array.length (Array.distinct covered) = covered.Length
                    && rows - covered.Length < size)
            Law.law "the same key and epoch give the same batches" (fun (seed: int) epoch ->
                let b () = Batches.indices (Batches.ofSize 3) (key seed) epoch 20
                b () = b ())
            test "epochs differ" {
                let b epoch = Batches.indices (Batches.ofSize 3) (key 1) epoch 20
                Expect.notEqual (b 0) (b 1) ""
            }
            test "an epoch's batches are rows of the data" {
                let data = dataOf 7
                let found = Batches.epoch (Batches.ofSize 3) (key 1) 2 data |> List.ofSeq
                Expect.equal (found |> List.map _.Count) [ 3; 3; 1 ] "sizes"
                let rows = found |> List.map (fun b -> Tensor.toFloats b.Targets) |> Array.concat
                Expect.equal (Array.sort rows) (Tensor.toFloats data.Targets) "all rows"
            }
            test "prefetching changes nothing" {
                Expect.equal (Batches.prefetched (fun i -> i * i) 5 |> List.ofSeq) [ 0; 1; 4; 9; 16 ] "items"
                Expect.isEmpty (Batches.prefetched id 0) "none"
                Expect.equal (Batches.prefetched id 100 |> Seq.truncate 2 |> List.ofSeq) [ 0; 1 ] "some"
            }
            test "a size below 1 is refused" {
                Expect.throwsT<DomainError>
                    (fun () -> Batches.indices (Batches.ofSize 0) (key 1) 0 5 |> ignore)
                    ""
            }
        ]

let private partition rows (parts: int[] list) = Array.sort (Array.concat parts) = [| 0 .. rows - 1 |]

let private labelsOf (seed: int) rows = Key.integers 0 3 DType.I64 [ rows ] (key seed)

let private splits =
    testList
        "Splits"
        [
            Law.law "a hold-out is a partition" (fun (seed: int) (rows: int) (percent: int) ->
                let rows, part = bounded 2 60 rows, float (bounded 1 99 percent) / 100.0
                let kept, held = Splits.holdOut part (key seed) rows
                partition rows [ kept; held ] && abs (float held.Length - part * float rows) <= 1.0)
            test "what is no label is not split by its classes, and a part is told as it was given" {
                let numbers = Tensor.ofArray [ 4 ] [| 1.5f; 2.5f; 1.5f; 2.5f |]

                Expect.throwsT<ShapeError>
                    (fun () -> Splits.stratified 0.5 (key 1) numbers |> ignore)
                    "floats"

                Expect.throwsT<ShapeError>
                    (fun () -> Splits.stratifiedFolds 2 (key 1) numbers |> ignore)
                    "in folds"

                let error = Expect.throwsC (fun () -> Splits.holdOut 1.5 (key 1) 4 |> ignore) id
                Expect.stringContains error.Message "the part 1.5" "in every culture"
            }
            Law.law
                "a stratified hold-out is a partition with each class's share"
                (fun (seed: int) (rows: int) ->
                    let rows = bounded 6 60 rows
                    let labels = labelsOf seed rows
                    let kept, held = Splits.stratified 0.25 (key seed) labels

                    let of' (c: float) (parts: int[]) =
                        parts |> Array.filter (fun (r: int) -> labels[r] = c) |> Array.length |> float

                    partition rows [ kept; held ]
                    && [ 0.0; 1.0; 2.0 ]
                       |> List.forall (fun c ->
                           let n = of' c [| 0 .. rows - 1 |] in abs (of' c held - 0.25 * n) <= 1.0))
            Law.law
                "a stratified hold-out has the part asked for, and each class its share rounded down or up"
                (fun (seed: int) (classes: int) (percent: int) ->
                    // Classes of very different sizes, most of them of a few rows.
                    let sizes =
                        Key.integers 1 6 DType.I64 [ bounded 1 40 classes ] (key seed)
                        |> Tensor.toFloats
                        |> Array.mapi (fun i size -> if i % 7 = 3 then 10 * int size else int size)

                    let labels = sizes |> Array.mapi (fun c size -> Array.replicate size c) |> Array.concat
                    let part = float (bounded 1 99 percent) / 100.0
                    let kept, held = Splits.stratified part (key seed) (Tensor.vector labels)
                    let plain = Splits.holdOut part (key seed) labels.Length |> snd
                    let heldOf c = held |> Array.filter (fun r -> labels[r] = c) |> Array.length

                    partition labels.Length [ kept; held ]
                    && held.Length = plain.Length
                    && sizes
                       |> Array.indexed
                       |> Array.forall (fun (c, size) ->
                           // The only row of a part may be more than a class's share.
                           let share = part * float size
                           abs (float (heldOf c) - share) < 1.0 + 1e-9 || held.Length = 1))
            test "two rows of each of fifty classes" {
                let labels = Tensor.vector [ for i in 0..99 -> i / 2 ]

                for part, count in [ 0.1, 10; 0.5, 50; 0.9, 90; 0.01, 1; 0.25, 25 ] do
                    let kept, held = Splits.stratified part (key 3) labels
                    Expect.equal (kept.Length, held.Length) (100 - count, count) $"{part}"
                    let most = held |> Array.countBy (fun r -> r / 2) |> Array.map snd |> Array.max
                    Expect.equal most (if part > 0.5 then 2 else 1) "spread over the classes"
            }
            test "shares in the order of the parts are refused with the ones that were meant" {
                let error = Expect.throwsC (fun () -> Splits.three 0.8 0.1 (key 1) (dataOf 20) |> ignore) id

                Expect.stringContains error.Message "validation 0.1 and test 0.1" "the cure"
                let a, b, c = Splits.three (1.0 / 3.0) (1.0 / 3.0) (key 1) (dataOf 21)
                Expect.equal (a.Count, b.Count, c.Count) (7, 7, 7) "thirds"
            }
            Law.law "folds hold each row out once" (fun (seed: int) (k: int) (rows: int) ->
                let k = bounded 2 6 k
                let rows = bounded k 50 rows

                [ Splits.folds k (key seed) rows; Splits.stratifiedFolds k (key seed) (labelsOf seed rows) ]
                |> List.forall (fun folds ->
                    partition rows (List.map snd folds)
                    && folds |> List.forall (fun (kept, held) -> partition rows [ kept; held ])
                    && (let sizes = folds |> List.map (fun (_, held) -> held.Length) in
                        List.max sizes - List.min sizes <= 1)))
            Law.law "three parts are a partition" (fun (seed: int) ->
                let data = dataOf 20
                let a, b, c = Splits.three 0.2 0.1 (key seed) data
                let rows = [ a; b; c ] |> List.map (fun d -> Tensor.toFloats d.Targets) |> Array.concat
                Array.sort rows = Tensor.toFloats data.Targets && (a.Count, b.Count, c.Count) = (14, 4, 2))
            test "data are split by the same rows" {
                let a, b = Splits.data 0.25 (key 1) (dataOf 8)
                let kept, held = Splits.holdOut 0.25 (key 1) 8
                Expect.equal a.Targets (Dataset.rows kept (dataOf 8)).Targets "kept"
                Expect.equal b.Inputs (Dataset.rows held (dataOf 8)).Inputs "held"
            }
            test "parts and folds out of range are refused" {
                Expect.throwsT<DomainError> (fun () -> Splits.holdOut 1.0 (key 1) 8 |> ignore) "all"
                Expect.throwsT<DomainError> (fun () -> Splits.folds 1 (key 1) 8 |> ignore) "one fold"
                Expect.throwsT<DomainError> (fun () -> Splits.folds 9 (key 1) 8 |> ignore) "more than rows"

                Expect.throwsT<DomainError>
                    (fun () -> Splits.three 0.5 0.5 (key 1) (dataOf 8) |> ignore)
                    "nothing left"
            }
        ]

let private scalers = [ "standard", Scale.standard; "minmax", Scale.minMax; "robust", Scale.robust ]
let private rowsOf (t: Tensor) numbers = Rows.take "test" numbers t

let private scaling =
    let case = cases "metrics.json" |> List.find (fun c -> name c = "scaling")

    let matrix (field: string) =
        Convert.ofRows [ for row in case.GetProperty(field).EnumerateArray() -> floats row ]

    testList
        "Scale"
        [
            for name, scaler in scalers do
                test $"{name} is that of the reference" {
                    let x = matrix "x"
                    Expect.isTrue (Tensor.allClose 1e-10 1e-12 (Scale.apply (scaler x) x) (matrix name)) ""
                }

                Law.law $"{name} never sees the rows of validation" (fun (seed: int) (other: int) ->
                    let x = table seed 12 3
                    let kept, held = Splits.holdOut 0.3 (key seed) 12
                    let changed = table other 12 3
                    // Other rows of validation, the same rows of training.
                    let y = Rows.stack "test" [ rowsOf x kept; rowsOf changed held ]
                    let a, b = scaler (rowsOf x kept), scaler (rowsOf y [| 0 .. kept.Length - 1 |])
                    let scaled = Scale.apply a (rowsOf x kept)

                    a.Shift = b.Shift
                    && a.Divisor = b.Divisor
                    && Tensor.sameBits scaled (Scale.apply b (rowsOf x kept)))

                Law.law $"{name} is undone" (fun (seed: int) ->
                    let x = table seed 9 2
                    let s = scaler x
                    Tensor.allClose 1e-12 1e-12 (Scale.invert s (Scale.apply s x)) x)

                test $"{name} leaves missing values out, and a constant column finite" {
                    let x = Convert.ofRows [ [ 1.0; 5.0 ]; [ nan; 5.0 ]; [ 3.0; 5.0 ] ]
                    let y = Scale.apply (scaler x) x
                    let without = scaler (rowsOf x [| 0; 2 |])
                    Expect.equal (scaler x).Shift without.Shift "as without the row"
                    Expect.isTrue (Double.IsNaN y[1, 0]) "the value is still missing"
                    Expect.equal y[1, 1] 0.0 "constant"
                }
            test "the standard scaler gives mean 0 and deviation 1, in the table's type" {
                let x = Tensor.cast DType.F32 (table 3 50 2)
                let y = Scale.apply (Scale.standard x) x
                Expect.equal y.DType DType.F32 "type"
                let column = Scale.columns "test" y |> Array.head
                Expect.floatClose Accuracy.medium (Array.average column) 0.0 "mean"
                Expect.floatClose Accuracy.medium (column |> Array.averageBy (fun v -> v * v)) 1.0 "variance"
            }
            test "imputation takes what the training rows have" {
                let x = Convert.ofRows [ [ 1.0; 2.0 ]; [ nan; 2.0 ]; [ 4.0; 9.0 ]; [ 4.0; nan ] ]
                Expect.equal (Impute.mean x) [ 3.0; 13.0 / 3.0 ] "mean"
                Expect.equal (Impute.median x) [ 4.0; 2.0 ] "median"
                Expect.equal (Impute.commonest x) [ 4.0; 2.0 ] "commonest"
                let filled = Impute.apply (Impute.median x) x
                Expect.equal (Tensor.toFloats filled) [| 1.0; 2.0; 4.0; 2.0; 4.0; 9.0; 4.0; 2.0 |] "filled"
            }
            test "what does not fit is refused" {
                let x = table 1 4 2

                Expect.throwsT<ShapeError>
                    (fun () -> Scale.apply (Scale.standard x) (table 1 4 3) |> ignore)
                    "columns"

                Expect.throwsT<ShapeError> (fun () -> Scale.standard (Tensor.vector [ 1.0 ]) |> ignore) "rank"

                Expect.throwsT<DomainError>
                    (fun () -> Scale.minMax (Convert.ofRows [ [ nan ] ]) |> ignore)
                    "no value"

                Expect.throwsT<ShapeError> (fun () -> Impute.apply [ 1.0 ] x |> ignore) "values"
            }
        ]

let private categories =
    testList
        "Category"
        [
            test "labels and columns are numbered by name" {
                let c = Category.fit [ "b"; ""; "a"; "b" ]
                Expect.equal (List.ofSeq c.Names) [ "a"; "b" ] "names"
                Expect.equal (Category.labels c [ "b"; "a" ]) (Tensor.vector [ 1L; 0L ]) "labels"
                let expected = Convert.ofRows [ [ 0f; 1f ]; [ 0f; 0f ]; [ 0f; 0f ] ]
                Expect.equal (Category.oneHot c [ "b"; ""; "other" ]) expected "one-hot"
                Expect.throwsT<DomainError> (fun () -> Category.labels c [ "other" ] |> ignore) "not met"
                Expect.throwsT<DomainError> (fun () -> Category.labels c [ "" ] |> ignore) "missing"
            }
            test "tables stand beside one another" {
                let x = Convert.ofRows [ [ 1f; 2f ]; [ 3f; 4f ] ]
                let y = Convert.ofRows [ [ 5.0 ]; [ 6.0 ] ]
                Expect.equal (Category.beside [ x; y ]) (Convert.ofRows [ [ 1f; 2f; 5f ]; [ 3f; 4f; 6f ] ]) ""

                Expect.throwsT<ShapeError>
                    (fun () -> Category.beside [ x; Tensor.vector [ 1f ] ] |> ignore)
                    "rank"
            }
        ]

let private series =
    testList
        "TimeSeries"
        [
            Law.law
                "each window is times in a row, its target the times after"
                (fun (length: int) (horizon: int) (stride: int) ->
                    let length, horizon, stride = bounded 1 4 length, bounded 1 3 horizon, bounded 1 3 stride

                    let times =
                        Tensor.cast DType.F64 (Tensor.arange DType.I64 12) |> Tensor.reshape [ 12; 1 ]

                    let d = TimeSeries.windows length horizon stride times

                    d.Count = (12 - length - horizon) / stride + 1
                    && List.forall
                        (fun w ->
                            List.forall
                                (fun t -> d.Inputs[w, t, 0] = float (w * stride + t))
                                [ 0 .. length - 1 ]
                            && List.forall
                                (fun t -> d.Targets[w, t, 0] = float (w * stride + length + t))
                                [ 0 .. horizon - 1 ])
                        [ 0 .. d.Count - 1 ])
            test "a split is by time" {
                let a, b = TimeSeries.split 0.25 (Tensor.arange DType.I32 8)
                Expect.equal (a, b) (Tensor.vector [ 0..5 ], Tensor.vector [ 6; 7 ]) ""
            }
            test "what does not fit is refused" {
                let s = Tensor.zeros DType.F32 [ 4; 1 ]
                Expect.throwsT<DomainError> (fun () -> TimeSeries.windows 4 1 1 s |> ignore) "too short"
                Expect.throwsT<DomainError> (fun () -> TimeSeries.windows 0 1 1 s |> ignore) "no length"

                Expect.throwsT<ShapeError>
                    (fun () -> TimeSeries.windows 1 1 1 (Tensor.vector [ 1f; 2f ]) |> ignore)
                    "rank"

                Expect.throwsT<DomainError> (fun () -> TimeSeries.split 0.0 s |> ignore) "no part"
            }
        ]

let private vocabularies =
    testList
        "Vocabulary"
        [
            Law.law "characters are decoded to the same text" (fun (pieces: char list) ->
                let text = System.String(Array.ofList pieces)

                // Halves of a pair of surrogates are no characters.
                let whole = text.EnumerateRunes() |> Seq.map string |> String.concat ""
                let v = Vocabulary.characters whole
                v.Decode(v.Encode whole) = whole)
            test "words are numbered by how often they are met" {
                let v = Vocabulary.words 3 "the cat, the dog's dish; the cat"
                Expect.equal (List.ofSeq v.Pieces) [ "�"; "the"; "cat"; "," ] "pieces"
                Expect.equal (v.Encode "the dog, the cat") (Tensor.vector [ 1L; 0L; 3L; 1L; 2L ]) "encoded"
                Expect.equal (v.Decode(Tensor.vector [ 1L; 2L; 0L ])) "the cat �" "decoded"
                Expect.throwsT<DomainError> (fun () -> v.Decode(Tensor.vector [ 4L ]) |> ignore) "no piece"
                Expect.throwsT<DomainError> (fun () -> Vocabulary.words 0 "a" |> ignore) "no words"
            }
            test "examples follow one another" {
                let d = Vocabulary.examples 3 (Tensor.arange DType.I64 8)
                Expect.equal d.Inputs (Tensor.ofArray [ 2; 3 ] [| 0L .. 5L |]) "inputs"
                Expect.equal d.Targets (Tensor.ofArray [ 2; 3 ] [| 1L .. 6L |]) "targets"

                Expect.throwsT<DomainError>
                    (fun () -> Vocabulary.examples 8 (Tensor.arange DType.I64 8) |> ignore)
                    "short"
            }
        ]

let tests = testList "Data" [ datasets; batches; splits; scaling; categories; series; vocabularies ]
