/// Loaded by F# Interactive with the package: what DL1's values look like there. Formulas appear as mathematics, tensors and
/// histories as aligned tables, trained models as their summary, layers as their composition.
module DL1.Interactive

#if INTERACTIVE
fsi.AddPrinter(fun (e: DL1.Expr) -> string e)
fsi.AddPrinter(fun (t: DL1.Tensor) -> string t)
fsi.AddPrinter(fun (s: DL1.Shape) -> string s)
fsi.AddPrinter(fun (k: DL1.Key) -> string k)
fsi.AddPrinter(fun (t: DL1.Tree<DL1.Tensor>) -> string t)
fsi.AddPrinter(fun (t: DL1.Tree<DL1.Expr>) -> string t)
fsi.AddPrinter(fun (l: DL1.Layer<DL1.Expr, DL1.Expr>) -> string l)
fsi.AddPrinter(fun (s: DL1.Summary) -> string s)
fsi.AddPrinter(fun (e: DL1.Explanation) -> string e)
fsi.AddPrinter(fun (t: DL1.Trained) -> string t)
fsi.AddPrinter(fun (f: DL1.Fitted) -> string f)
fsi.AddPrinter(fun (row: DL1.EpochRow) -> DL1.History.line row)
fsi.AddPrinter(fun (rows: DL1.EpochRow list) -> DL1.History.table rows)
fsi.AddPrinter(fun (d: DL1.Dataset) -> string d)
#endif
