namespace DL1.Data

open System.IO
open DL1

/// Named data sets, carried inside the assembly: no network, no paths. Sources and licences stand in `data/README.md`.
[<RequireQualifiedAccess>]
module Datasets =
    let private resource name =
        match typeof<Table>.Assembly.GetManifestResourceStream name with
        | null ->
            Refuse.format
                "Datasets"
                $"no resource {name} in DL1.Data"
                "the data set inside the assembly"
                "build it anew"
        | stream ->
            use reader = new StreamReader(stream)
            Csv.parse name (reader.ReadToEnd())

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
