/// The data sets that are carried.
module DL1.Tests.DatasetsTests

open System
open System.IO
open DL1
open DL1.Data
open DL1.Tests.Hostile
open Expecto

let private shape (table: Table) = table.RowCount, table.ColumnCount

/// An IDX file of bytes.
let private idx (dims: int list) (data: byte[]) =
    let extents = dims |> List.collect (fun d -> [ 0uy; 0uy; 0uy; byte d ])
    Array.concat [ [| 0uy; 0uy; 8uy; byte dims.Length |]; Array.ofList extents; data ]

let private inFashion (run: string -> unit) =
    inFolder (fun folder ->
        for part, rows in [ "train", 3; "t10k", 2 ] do
            let images = Array.init (rows * 4) (fun i -> byte (i * 20))
            File.WriteAllBytes(Path.Combine(folder, $"{part}-images-idx3-ubyte"), idx [ rows; 2; 2 ] images)

            File.WriteAllBytes(
                Path.Combine(folder, $"fashion-{part}-labels-idx1-ubyte.gz"),
                idx [ rows ] (Array.init rows byte)
            )

        run folder)

let tests =
    testList
        "Datasets"
        [
            test "tables have their rows and columns" {
                let found =
                    [
                        Datasets.iris ()
                        Datasets.wine ()
                        Datasets.breastCancer ()
                        Datasets.diabetes ()
                        Datasets.penguins ()
                        Datasets.digits ()
                    ]

                Expect.equal (List.map shape found) [ 150, 5; 178, 14; 569, 31; 442, 11; 344, 7; 1797, 65 ] ""
                Expect.isGreaterThan (Datasets.co2 ()).RowCount 740 "months"
            }
            test "tables become data sets" {
                let irises = Datasets.iris () |> Table.forClassification "species"
                Expect.equal (irises.Inputs.Shape.ToList()) [ 150; 4 ] "measures"

                Expect.equal
                    (irises.Targets.ToArray<int64>() |> Array.countBy id)
                    [| 0L, 50; 1L, 50; 2L, 50 |]
                    "species"

                let wines = (Datasets.wine ()).Labels "cultivar"

                Expect.equal
                    (wines.ToArray<int64>() |> Array.distinct |> Array.sort)
                    [| 0L; 1L; 2L |]
                    "numbers stay"

                let patients = Datasets.diabetes () |> Table.forRegression "progression"
                Expect.equal (patients.Targets.Shape.ToList()) [ 442; 1 ] "a column"
                let penguins = Datasets.penguins ()
                let islands = penguins.Inputs("island", "body_mass_g")
                Expect.equal (islands.Shape.ToList()) [ 344; 4 ] "three islands and a mass"
                let first = islands.ToArray<float32>()[..3]
                let island = (penguins.Texts "island")[0]

                let category =
                    (penguins.Categories "island").Names |> Seq.findIndex (fun name -> name = island)

                Expect.equal first[category] 1f "its island"
                Expect.equal (Array.sum first[..2]) 1f "and no other"

                Expect.throwsT<DomainError>
                    (fun () -> (Datasets.diabetes ()).Labels "bmi" |> ignore)
                    "no classes"

                Expect.throwsT<DomainError>
                    (fun () -> penguins.ForRegression "weight" |> ignore)
                    "no such column"
            }
            test "a table's rows are split, and errors keep their lines" {
                let penguins = Datasets.penguins ()
                let train, test = penguins |> Table.split 0.2 (Key.ofSeed 1L)
                Expect.equal (train.RowCount, test.RowCount) (275, 69) "counts"
                let few = Csv.parse "few" "a,b\n1,x\n2,y\n3,z\n" |> Table.rows [| 2; 0; 2 |]
                Expect.equal (few.Values "a", few.Texts "b") ([| 3.0; 1.0; 3.0 |], [| "z"; "x"; "z" |]) "rows"

                let message =
                    try
                        string (few.Values "b")
                    with :? FormatError as e ->
                        e.Given

                Expect.stringContains message "'z' in few, line 4" "the line of the file"
                Expect.throwsT<DomainError> (fun () -> few.Rows [| 3 |] |> ignore) "no such row"
            }
            test "10,000 damaged tables are read or refused" {
                let whole =
                    Text.Encoding.UTF8.GetBytes
                        "name,mass,\"of, two\"\r\nAda,1.5,x\r\n\"Bo \"\"b\"\"\",,y\r\nCy,NA,\r\n"

                let random = Random 20261123
                let mutable read, refused = 0, 0

                for _ in 1 .. often 10_000 1_000_000 do
                    let damaged: byte[] = changed random whole
                    let text = Text.Encoding.UTF8.GetString damaged

                    try
                        let table = Csv.parse "damaged" text

                        Expect.all
                            table.Names
                            (fun name -> table[name].Count = table.RowCount)
                            "whole columns"

                        read <- read + 1
                    with :? FormatError ->
                        refused <- refused + 1

                Expect.isGreaterThan (min read refused) 1_000 "some are read, and some refused"
            }
            test "an encoder knows the categories that it was fitted on, and no others" {
                let train = Csv.parse "train" "island,mass,sex\nB,1,f\nA,2,\nB,3,m\n"
                let encoder = train |> TableEncoder.fit [ "island"; "mass"; "sex" ]
                let names = [ "island=A"; "island=B"; "mass"; "sex=f"; "sex=m" ]
                Expect.equal (List.ofSeq encoder.Names) names "names"

                let apply text (encoder: TableEncoder) =
                    TableEncoder.apply encoder (Csv.parse "serve" ("sex,island,mass\n" + text))
                    |> Tensor.toFloats

                Expect.equal (apply "m,B,7" encoder) [| 0; 1; 7; 0; 1 |] "other columns, other categories"

                let refused =
                    try
                        string (apply "m,B,7\nf,C,8\n" encoder)
                    with :? DomainError as e ->
                        e.Given

                Expect.equal refused "'C' in serve, line 3, column 'island'" "unknown"

                Expect.equal
                    (apply "f,C,8" (TableEncoder.ignoringUnknown encoder))
                    [| 0; 0; 8; 1; 0 |]
                    "unknown and ignored"

                Expect.equal (apply ",A,9" encoder) [| 1; 0; 9; 0; 0 |] "missing"

                Expect.equal
                    (apply "m,B,7" (TableEncoder.Of encoder.Columns))
                    (apply "m,B,7" encoder)
                    "from what was kept"

                Expect.throwsT<DomainError> (fun () -> TableEncoder.fit [] train |> ignore) "no column"

                for wrong in
                    [
                        { Name = ""; Categories = [||] }
                        { Name = "island"; Categories = [| "A"; "" |] }
                        { Name = "island"; Categories = [| "A"; "A" |] }
                    ] do
                    Expect.throwsT<DomainError>
                        (fun () -> TableEncoder.Of [ wrong ] |> ignore)
                        "a column that no table has"

                Expect.throwsT<DomainError>
                    (fun () -> TableEncoder.fit [ "x" ] train |> ignore)
                    "no such column"

                Expect.throwsT<DomainError>
                    (fun () -> Csv.parse "empty" "a,b\n1,\n" |> TableEncoder.fit [ "b" ] |> ignore)
                    "no category"
            }
            test "an encoder gives the training rows what the table itself would" {
                let penguins = Datasets.penguins ()
                let columns = [| "island"; "body_mass_g"; "sex" |]
                let own, encoded = penguins.Inputs columns, TableEncoder.Fit(penguins, columns).Apply penguins

                Expect.isTrue
                    (Array.forall2
                        (fun a b -> a = b || Double.IsNaN a && Double.IsNaN b)
                        (Tensor.toFloats own)
                        (Tensor.toFloats encoded))
                    ""

                let train, test = penguins |> Table.split 0.2 (Key.ofSeed 1L)
                let encoder = train |> TableEncoder.fit [ "island"; "body_mass_g" ]

                let dims = (encoder.Apply test).Shape.ToList()
                Expect.equal dims [ 69; 4 ] "three islands, a mass"
            }
            test "values are read as what they are" {
                Expect.equal
                    ((Datasets.iris ()).Texts "species" |> Array.distinct)
                    [| "setosa"; "versicolor"; "virginica" |]
                    "iris"

                let penguins = Datasets.penguins ()
                let mass = penguins.Values "body_mass_g"
                Expect.equal (mass |> Array.filter Double.IsNaN |> Array.length) 2 "two are missing"
                let months = (Datasets.co2 ()).Values "CO2"
                Expect.equal months[0] 315.70 "the first month"

                Expect.equal
                    ((Datasets.digits ()).Values "digit" |> Array.distinct |> Array.sort)
                    [| 0.0 .. 9.0 |]
                    "digits"
            }
            test "the text is the novel's" {
                Expect.stringContains (Datasets.mobyDick ()) "Call me Ishmael." ""
            }
            test "Fashion-MNIST is read from its four files" {
                inFashion (fun folder ->
                    let struct (train, held) = Datasets.fashionMnistIn folder
                    Expect.equal (train.Count, held.Count) (3, 2) "images"
                    Expect.equal train.Inputs.Shape (Shape.ofList [ 3; 4 ]) "shape"
                    Expect.equal train.Inputs[1, 0] (float (80f / 255f)) "from 0 to 1"
                    Expect.equal held.Targets (Tensor.vector [ 0L; 1L ]) "labels")
            }
            test "the small Fashion-MNIST is the beginning of the whole" {
                let struct (train, held) = Datasets.fashionMnistSmall ()
                Expect.equal (train.Count, held.Count) (6000, 1000) "images"
                Expect.equal train.Inputs.Shape (Shape.ofList [ 6000; 784 ]) "shape"
                Expect.equal Datasets.fashionClasses[int train.Targets[0]] "ankle boot" "the first image"
                Expect.equal Datasets.fashionClasses[int held.Targets[1]] "pullover" "the second test image"
                let pixels = Tensor.toFloats held.Inputs
                Expect.equal (Array.min pixels, Array.max pixels) (0.0, 1.0) "from 0 to 1"
                Expect.equal ((Tensor.toFloats held.Targets |> Array.distinct).Length) 10 "ten classes"
            }
            test "a file that is not there says where to get it" {
                inFolder (fun folder ->
                    let error = formatError (fun () -> Datasets.fashionMnistIn folder)
                    Expect.stringContains error.Given "train-images-idx3-ubyte.gz" "the file"
                    Expect.stringContains error.Cure "zalandoresearch/fashion-mnist" "where")
            }
            test "the environment names the folder" {
                let before = Environment.GetEnvironmentVariable Datasets.FashionVariable

                try
                    Environment.SetEnvironmentVariable(Datasets.FashionVariable, null)
                    let error = formatError Datasets.fashionMnist
                    Expect.stringContains error.Given "DL1_FASHION" "the variable"

                    inFashion (fun folder ->
                        Environment.SetEnvironmentVariable(Datasets.FashionVariable, folder)
                        let struct (train, _) = Datasets.fashionMnist ()
                        Expect.equal train.Count 3 "images")
                finally
                    Environment.SetEnvironmentVariable(Datasets.FashionVariable, before)
            }
        ]
    |> testSequenced
