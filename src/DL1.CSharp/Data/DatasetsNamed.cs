using DL1.Data;

namespace DL1;

/// <content>Data sets by name, ready to learn from. <c>Tables</c> has the same with the names of their columns.</content>
public static partial class Datasets
{
    /// <summary>The environment variable that names the folder of Fashion-MNIST.</summary>
    public const string FashionVariable = DatasetsModule.FashionVariable;

    /// <summary>
    /// 1,797 hand-written digits: 64 grey pixels from 0 to 1, row by row, f32 <c>[1797; 64]</c>, and the digit, i64
    /// <c>[1797]</c>.
    /// </summary>
    /// <example><code>var digits = Datasets.Digits();</code></example>
    public static Dataset Digits()
    {
        var data = Tables.Digits().ForClassification("digit");
        return data.WithInputs(Tensor.Of([.. data.Inputs.ToArray<float>().Select(p => p / 16)], [.. data.Inputs.Shape]));
    }

    /// <summary>150 irises: four measures in centimetres, and one of three species, in alphabetical order (Fisher 1936).</summary>
    /// <example><code>var irises = Datasets.Iris();</code></example>
    public static Dataset Iris() => Tables.Iris().ForClassification("species");

    /// <summary>178 wines: thirteen chemical measures in their units, and one of three growers.</summary>
    /// <example><code>var wines = Datasets.Wine();</code></example>
    public static Dataset Wine() => Tables.Wine().ForClassification("cultivar");

    /// <summary>569 tumours: thirty measures of their cells' nuclei; 0 is benign, 1 malignant.</summary>
    /// <example><code>var tumours = Datasets.BreastCancer();</code></example>
    public static Dataset BreastCancer() => Tables.BreastCancer().ForClassification("diagnosis");

    /// <summary>
    /// 442 patients: ten measures in their units, and the progression of the disease a year later (Efron et al. 2004).
    /// </summary>
    /// <example><code>var patients = Datasets.Diabetes();</code></example>
    public static Dataset Diabetes() => Tables.Diabetes().ForRegression("progression");

    /// <summary>
    /// 344 penguins: four measures, NaN where they are missing, and one of three species, in alphabetical order.
    /// </summary>
    /// <example><code>var penguins = Datasets.Penguins();</code></example>
    public static Dataset Penguins()
    {
        var table = Tables.Penguins();
        return table.ForClassification("species", [.. table.NamesBut("species", "island", "sex")]);
    }

    /// <summary>
    /// Monthly CO2 at Mauna Loa from March 1958, in parts per million, f32 <c>[months; 1]</c>. Months without a measurement have no row, so
    /// that windows over all rows would take a gap for one month: June and October 1958, and February to April 1964. From May 1964 on every month is there:
    /// <c>Tables.Co2().Where(row =&gt; string.CompareOrdinal(row.Text("Date"), "1964-05") &gt; 0)</c>.
    /// </summary>
    /// <example><code>Tensor co2 = Datasets.Co2();</code></example>
    public static Tensor Co2() => Tables.Co2().Numbers("CO2");

    /// <summary>Chapters 1 to 30 of Moby-Dick, by Herman Melville (1851).</summary>
    /// <example><code>string novel = Datasets.MobyDick();</code></example>
    public static string MobyDick() => DatasetsModule.MobyDick();

    /// <summary>
    /// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): grey images of ten kinds of clothing from 0 to 1, f32 <c>[images; 784]</c>,
    /// with labels i64, from the four IDX files in a folder; that which <c>DL1_FASHION</c> names, unless given.
    /// </summary>
    /// <param name="folder">The folder of the four IDX files; that which <c>DL1_FASHION</c> names, unless given.</param>
    /// <exception cref="FormatError">A file is not there; the message says where to get it.</exception>
    /// <example><code>var (clothes, heldClothes) = Datasets.FashionMnist(folder);</code></example>
    public static (Dataset Train, Dataset Test) FashionMnist(string? folder = null) =>
        folder is null ? DatasetsModule.FashionMnist() : DatasetsModule.FashionMnistIn(folder);

    /// <summary>
    /// The first 6,000 training images and the first 1,000 test images of Fashion-MNIST, carried inside the package, as
    /// <c>FashionMnist</c> gives them all.
    /// </summary>
    /// <example><code>var (someClothes, otherClothes) = Datasets.FashionMnistSmall();</code></example>
    public static (Dataset Train, Dataset Test) FashionMnistSmall() => DatasetsModule.FashionMnistSmall();

    /// <summary>The names of the ten kinds of clothing of Fashion-MNIST, in the order of their labels.</summary>
    /// <example><code>string boot = Datasets.FashionClasses[9];</code></example>
    public static IReadOnlyList<string> FashionClasses => DatasetsModule.FashionClasses;
}

/// <summary>
/// Tables of named columns: read from comma-separated values, or carried inside the package. A table makes tensors
/// (<c>Numbers</c>, <c>Inputs</c>, <c>Labels</c>) and data sets (<c>ForRegression</c>, <c>ForClassification</c>).
/// </summary>
public static class Tables
{
    /// <summary>Reads a table from a file in UTF-8, whose first row names the columns.</summary>
    /// <param name="path">A file in UTF-8.</param>
    /// <exception cref="FormatError">The file is not there, or damaged; the message names line and column.</exception>
    /// <example><code>var table = Tables.ReadCsv(path);</code></example>
    public static Table ReadCsv(string path) => Csv.Read(path);

    /// <summary>Reads a table from a file by options: separator, decimal comma, marks of missing values, types of columns.</summary>
    /// <param name="path">A file in UTF-8.</param>
    /// <param name="options">The separator, the decimal mark, the marks of missing values, the types of columns.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or not as the options say; the message names line and column.</exception>
    /// <exception cref="DomainError">The separator and the decimal mark are the same, or one is that of groups.</exception>
    /// <example><code>var german = Tables.ReadCsv(path, CsvOptions.Default.WithSeparator(',').WithMissing("n/a"));</code></example>
    public static Table ReadCsv(string path, CsvOptions options) => Csv.ReadWith(options, path);

    /// <summary>A table from text; the source is what errors call it.</summary>
    /// <param name="text">Lines of fields, of which the first names the columns.</param>
    /// <param name="source">What errors call the text.</param>
    /// <exception cref="FormatError">The text is damaged; the message names line and column.</exception>
    /// <example><code>var scoresTable = Tables.FromCsv("name,score\nAda,9.5\nBob,7\n");</code></example>
    public static Table FromCsv(string text, string source = "the text") => Csv.Parse(source, text);

    /// <summary>A table from text by options.</summary>
    /// <param name="text">Lines of fields, of which the first names the columns.</param>
    /// <param name="options">The separator, the decimal mark, the marks of missing values, the types of columns.</param>
    /// <param name="source">What errors call the text.</param>
    /// <exception cref="FormatError">The text is damaged, or not as the options say; the message names line and column.</exception>
    /// <exception cref="DomainError">The separator and the decimal mark are the same, or one is that of groups.</exception>
    /// <example><code>var shops = Tables.FromCsv("zip;rent\n01067;12,5\n", CsvOptions.Default.WithSeparator(';').WithDecimalComma().WithColumn("zip", ColumnType.Text));</code></example>
    public static Table FromCsv(string text, CsvOptions options, string source = "the text") =>
        Csv.ParseWith(options, source, text);

    /// <summary><c>ReadCsv</c> that holds no thread while the disk works.</summary>
    /// <param name="path">A file in UTF-8.</param>
    /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
    /// <exception cref="FormatError">The text is damaged; the message names line and column.</exception>
    /// <example><code>var tableLater = await Tables.ReadCsvAsync(path);</code></example>
    public static Task<Table> ReadCsvAsync(string path, CancellationToken cancellation = default) =>
        Interop.Read(
            path, Csv.Read, bytes => Csv.OfBytes(CsvOptions.Default, path, bytes), cancellation);

    extension(Table table)
    {
        /// <summary>Two tables that share no row, drawn at random: the first has this part of the rows.</summary>
        /// <param name="part">Above 0 and below 1.</param>
        /// <param name="seed">The same seed gives the same parts.</param>
        /// <exception cref="DomainError">The part is not above 0 and below 1.</exception>
        /// <example><code>var (known, later) = Tables.Penguins().Split(0.8, seed: 1);</code></example>
        public (Table First, Table Second) Split(double part, long seed = 0) =>
            TableModule.split(Interop.Held(part), Key.OfSeed(seed), table).ToValueTuple();

        /// <summary>
        /// What turns these columns into inputs, fitted on the rows of this table: numbers as they are, texts as a column of 0 and 1
        /// for each category. <c>Apply</c> gives the same columns for any other table, and refuses a category that was not met;
        /// that of <c>IgnoringUnknown()</c> gives zeros for it.
        /// </summary>
        /// <param name="columns">Names of columns.</param>
        /// <exception cref="DomainError">A column is not there, or has no value.</exception>
        /// <example><code>TableEncoder encoder = known.Encoder("island", "body_mass_g");</code></example>
        public TableEncoder Encoder(params string[] columns) => TableEncoder.Fit(table, columns);
    }

    /// <summary>442 patients: ten measures in their units, and <c>progression</c>.</summary>
    /// <example><code>Table diabetes = Tables.Diabetes();</code></example>
    public static Table Diabetes() => DatasetsModule.Diabetes();

    /// <summary>150 irises: four measures in centimetres, and <c>species</c>.</summary>
    /// <example><code>Table iris = Tables.Iris();</code></example>
    public static Table Iris() => DatasetsModule.Iris();

    /// <summary>178 wines: thirteen chemical measures, and <c>cultivar</c>, 0 to 2.</summary>
    /// <example><code>Table wine = Tables.Wine();</code></example>
    public static Table Wine() => DatasetsModule.Wine();

    /// <summary>569 tumours: thirty measures, and <c>diagnosis</c>, <c>malignant</c> or <c>benign</c>.</summary>
    /// <example><code>Table breastCancer = Tables.BreastCancer();</code></example>
    public static Table BreastCancer() => DatasetsModule.BreastCancer();

    /// <summary>344 penguins: <c>species</c>, <c>island</c>, four measures and <c>sex</c>, some of them missing.</summary>
    /// <example><code>Table penguinTable = Tables.Penguins();</code></example>
    public static Table Penguins() => DatasetsModule.Penguins();

    /// <summary>1,797 digits: 64 grey pixels from 0 to 16, row by row, and <c>digit</c>.</summary>
    /// <example><code>Table digitTable = Tables.Digits();</code></example>
    public static Table Digits() => DatasetsModule.Digits();

    /// <summary>
    /// Monthly CO2 at Mauna Loa: <c>Date</c>, <c>CO2</c>, and <c>adjusted CO2</c>, the seasons taken out. Months without a measurement have
    /// no row; from May 1964 on every month is there.
    /// </summary>
    /// <example><code>Table months = Tables.Co2();</code></example>
    public static Table Co2() => DatasetsModule.Co2();
}
