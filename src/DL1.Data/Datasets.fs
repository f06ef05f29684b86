namespace DL1.Data

open System
open System.Collections.Generic
open System.IO
open System.IO.Compression
open DL1

/// Named data sets, carried inside the assembly: no network, no paths. Sources and licences stand in `data/README.md`.
/// C# has them by `DL1.Tables` and `DL1.Datasets` of DL1.CSharp.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Datasets =
    let private openResource (name: string) : Stream =
        match typeof<Table>.Assembly.GetManifestResourceStream name with
        | null ->
            Refuse.format
                "Datasets"
                $"no resource {name} in DL1.Data"
                "the data set inside the assembly"
                "build it anew"
        | stream -> stream

    /// The text of a resource, unpacked where its name says so.
    let private text (name: string) : string =
        let stream = openResource name

        use whole =
            if name.EndsWith(".gz", StringComparison.Ordinal) then
                new GZipStream(stream, CompressionMode.Decompress) :> Stream
            else
                stream

        use reader = new StreamReader(whole)
        reader.ReadToEnd()

    let private resource name = Csv.parse name (text name)

    /// 442 patients: ten measures (`age`, `sex`, `bmi`, `blood_pressure`, `tc`, `ldl`, `hdl`, `tch`, `ltg`, `glucose`)
    /// in their natural units, and `progression`, a measure of the disease a year later. No value is missing.
    /// Efron, Hastie, Johnstone and Tibshirani, "Least angle regression", Annals of Statistics 32 (2004).
    ///
    /// <example><code>
    /// let patients = Datasets.diabetes ()
    /// let x = patients |> Table.numbers (Table.namesBut [ "progression" ] patients)   // [442; 10]
    /// let y = patients |> Table.numbers [ "progression" ]                             // [442; 1]
    /// </code></example>
    [<CompiledName "Diabetes">]
    let diabetes () : Table = resource "diabetes.csv"

    /// 150 irises: four measures in centimetres, and `species`, of three. Fisher (1936).
    ///
    /// <example><code>
    /// let irises = Datasets.iris ()
    /// let x = irises |> Table.numbers (Table.namesBut [ "species" ] irises)   // [150; 4]
    /// </code></example>
    [<CompiledName "Iris">]
    let iris () : Table = resource "iris.csv"

    /// 178 wines: thirteen chemical measures, and `cultivar`, 0 to 2.
    ///
    /// <example><code>
    /// let wines = Datasets.wine ()
    /// let x = wines |> Table.numbers (Table.namesBut [ "cultivar" ] wines)   // [178; 13]
    /// </code></example>
    [<CompiledName "Wine">]
    let wine () : Table = resource "wine.csv"

    /// 569 tumours: thirty measures of their cells' nuclei, and `diagnosis`, `malignant` or `benign`.
    ///
    /// <example><code>
    /// let tumours = Datasets.breastCancer ()
    /// let x = tumours |> Table.numbers (Table.namesBut [ "diagnosis" ] tumours)   // [569; 30]
    /// </code></example>
    [<CompiledName "BreastCancer">]
    let breastCancer () : Table = resource "breast_cancer.csv"

    /// 344 penguins of three `species`: `island`, four measures and `sex`, some of them missing.
    ///
    /// <example><code>
    /// let penguins = Datasets.penguins ()
    /// let x = penguins |> Table.numbers [ "beak_length_mm"; "body_mass_g" ]   // [344; 2], NaN where missing
    /// </code></example>
    [<CompiledName "Penguins">]
    let penguins () : Table =
        Csv.parseWith (CsvOptions.Default.WithMissing ".") "penguins.csv" (text "penguins.csv")

    /// 1,797 hand-written digits: 64 grey pixels from 0 to 16, row by row, and `digit`.
    ///
    /// <example><code>
    /// let digits = Datasets.digits ()
    /// let x = digits |> Table.numbers (Table.namesBut [ "digit" ] digits)   // [1797; 64]
    /// </code></example>
    [<CompiledName "Digits">]
    let digits () : Table = resource "digits.csv.gz"

    /// Monthly CO2 at Mauna Loa from March 1958, in parts per million: `Date`, `CO2`, and `adjusted CO2`, the seasons taken
    /// out.
    ///
    /// <example><code>
    /// let series = Datasets.co2 () |> Table.numbers [ "CO2" ]   // [months; 1]
    /// </code></example>
    [<CompiledName "Co2">]
    let co2 () : Table = resource "co2.csv"

    /// Chapters 1 to 30 of Moby-Dick, by Herman Melville (1851).
    ///
    /// <example><code>
    /// let vocabulary = Vocabulary.characters (Datasets.mobyDick ())
    /// </code></example>
    [<CompiledName "MobyDick">]
    let mobyDick () : string = text "moby_dick.txt.gz"

    /// The environment variable that names the folder of Fashion-MNIST.
    [<Literal>]
    let FashionVariable = "DL1_FASHION"

    /// Images as f32 from 0 to 1, `[images; 784]`, row by row, and their labels, i64 `[images]`.
    let private fashionOf (images: Tensor) (labels: Tensor) : Dataset =
        if images.Rank <> 3 || images.DType <> DType.I32 || labels.Rank <> 1 then
            Refuse.format
                "Datasets.fashionMnist"
                $"images {images.Shape} and labels {labels.Shape}"
                "images [count; 28; 28] of bytes, labels [count]"
                "check that the files are those of Fashion-MNIST"

        let scaled = images.AsSpan<int>().ToArray() |> Array.map (fun p -> float32 p / 255f)
        let rows = images.Shape[0]

        Dataset(
            Tensor.ofArray [ rows; images.Shape[1] * images.Shape[2] ] scaled,
            Tensor.cast DType.I64 labels
        )

    /// A part of the images with their labels, from the files of a folder.
    let private fashionPart (folder: string) (part: string) : Dataset =
        let file (kind: string) =
            let names =
                [ $"{part}-{kind}-ubyte.gz"; $"fashion-{part}-{kind}-ubyte.gz"; $"{part}-{kind}-ubyte" ]

            // What is no path has no full form.
            let shown =
                if folder = "" || folder.Contains '\000' then
                    $"'{folder}'"
                else
                    Path.GetFullPath folder

            match names |> List.map (fun n -> Path.Combine(folder, n)) |> List.tryFind File.Exists with
            | Some path -> Idx.read path
            | None ->
                Refuse.format
                    "Datasets.fashionMnist"
                    $"no file {names.Head} in {shown}"
                    "the four IDX files of Fashion-MNIST, as published (gz) or unpacked"
                    "get them from https://github.com/zalandoresearch/fashion-mnist (folder data/fashion), or install Debian's dataset-fashion-mnist"

        let images = file "images-idx3"
        let labels = file "labels-idx1"

        fashionOf images labels

    /// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 28 by 28 grey images of ten kinds of clothing, f32 from 0 to 1,
    /// `[images; 784]`, with labels i64, as a training set and a test set, from the four IDX files in a folder. The names
    /// may begin with `fashion-`. A file that is not there is a `FormatError` that says where to get it.
    ///
    /// <example><code>
    /// let struct (train, test) = Datasets.fashionMnistIn "data/fashion"
    /// </code></example>
    [<CompiledName "FashionMnistIn">]
    let fashionMnistIn (folder: string) : struct (Dataset * Dataset) =
        struct (fashionPart folder "train", fashionPart folder "t10k")

    /// Fashion-MNIST from the folder that the environment variable `DL1_FASHION` names.
    ///
    /// <example><code>
    /// let struct (train, test) = Datasets.fashionMnist ()
    /// </code></example>
    [<CompiledName "FashionMnist">]
    let fashionMnist () : struct (Dataset * Dataset) =
        match Environment.GetEnvironmentVariable FashionVariable with
        | null
        | "" ->
            Refuse.format
                "Datasets.fashionMnist"
                $"no folder: the environment variable {FashionVariable} is not set"
                "the folder of the four IDX files"
                $"set {FashionVariable} to a folder with the files of https://github.com/zalandoresearch/fashion-mnist (folder data/fashion), or install Debian's dataset-fashion-mnist"
        | folder -> fashionMnistIn folder

    /// The names of the ten kinds of clothing of Fashion-MNIST, in the order of their labels.
    ///
    /// <example><code>
    /// let name = Datasets.fashionClasses[9]   // "ankle boot"
    /// </code></example>
    [<CompiledName "FashionClasses">]
    let fashionClasses: IReadOnlyList<string> =
        [
            "T-shirt"
            "trouser"
            "pullover"
            "dress"
            "coat"
            "sandal"
            "shirt"
            "sneaker"
            "bag"
            "ankle boot"
        ]

    /// The first 6,000 training images and the first 1,000 test images of Fashion-MNIST, as `fashionMnistIn` gives them all,
    /// from IDX files inside the assembly: enough for lessons and tests.
    ///
    /// <example><code>
    /// let struct (train, test) = Datasets.fashionMnistSmall ()   // [6000; 784] and [1000; 784]
    /// </code></example>
    [<CompiledName "FashionMnistSmall">]
    let fashionMnistSmall () : struct (Dataset * Dataset) =
        let read (name: string) =
            use stream = openResource $"fashion-{name}-ubyte.gz"
            use bytes = new MemoryStream()
            stream.CopyTo bytes
            Idx.ofBytes (bytes.ToArray())

        let part (name: string) = fashionOf (read $"{name}-images-idx3") (read $"{name}-labels-idx1")
        struct (part "train", part "t10k")
