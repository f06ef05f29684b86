/// Loaded by F# Interactive with the package. Values say by themselves what they look like there (`StructuredFormatDisplay`,
/// which goes before a printer): formulas as mathematics, tensors as aligned tables, trained models as their summary, layers as
/// their composition. Only a list has no form of its own.
module DL1.Interactive

#if INTERACTIVE
/// Every line as far in as the first, which follows `val it: ... =`.
let private lines (text: string) = text.Replace("\n", "\n  ")

fsi.AddPrinter(fun (rows: DL1.EpochRow list) -> lines (DL1.History.table rows))
#endif
