/// Loaded by F# Interactive with the package: what DL1's values look like there. Formulas appear as mathematics, tensors and
/// histories as aligned tables, trained models as their summary, layers as their composition. Expressions, tensors, trees, layers
/// and trained models say by themselves how they look (`StructuredFormatDisplay`, which goes before a printer).
module DL1.Interactive

#if INTERACTIVE
/// Every line as far in as the first, which follows `val it: ... =`.
let private lines (text: string) = text.Replace("\n", "\n  ")

fsi.AddPrinter(fun (s: DL1.Shape) -> lines (string s))
fsi.AddPrinter(fun (k: DL1.Key) -> lines (string k))
fsi.AddPrinter(fun (s: DL1.Summary) -> lines (string s))
fsi.AddPrinter(fun (e: DL1.Explanation) -> lines (string e))
fsi.AddPrinter(fun (row: DL1.EpochRow) -> DL1.History.line row)
fsi.AddPrinter(fun (rows: DL1.EpochRow list) -> lines (DL1.History.table rows))
fsi.AddPrinter(fun (o: DL1.Optimizer) -> o.Name)
fsi.AddPrinter(fun (s: DL1.Schedule) -> s.Name)
fsi.AddPrinter(fun (m: DL1.Metric) -> m.Name)
fsi.AddPrinter(fun (d: DL1.Dataset) -> lines (string d))
#endif
