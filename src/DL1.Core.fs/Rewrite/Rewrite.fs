namespace DL1

/// Rewriting of graphs by four tables: Exact, Stable, Algebra, and the laws of the logarithm for positive arguments.
[<RequireQualifiedAccess>]
module Rewrite =
    let private ignored (_: string) = ()
    let private one table (e: Expr) = Rule.run ignored table [ e ] |> List.head

    /// The same bits for every input, computed with less: `x * 1`, `--x`, constants folded.
    let exact (e: Expr) = one Exact.table e

    /// At least as accurate for every input: the logarithm of a softmax, exp(x) − 1, and their kin. Exact rows too.
    let stable (e: Expr) = one (Exact.table @ Stable.table) e

    /// Equal over the reals, as a mathematician would write it; rounding may differ.
    let simplify (e: Expr) = one (Exact.readable @ Algebra.table) e

    /// Logarithms of products as sums, and simplified: log(x·y) as log x + log y, log(xʸ) as y·log x, log ∏x as Σ log x. Equal
    /// where every argument of a logarithm is positive, as densities and probabilities are: so a likelihood becomes a
    /// log-likelihood. For other arguments the result may be NaN where the expression is not.
    /// `Rewrite.expandLog (log (x * exp (-x)))`, which is log x − x
    let expandLog (e: Expr) = simplify (one LogarithmLaws.table e)

    /// Several expressions at once by exact and stable rows, what they share kept shared: what a training step goes
    /// through before it is compiled.
    let stableAll (es: Expr list) = Rule.run ignored (Exact.table @ Stable.table) es

    /// The names of all rows, by table: `exact`, `stable`, `algebra`, `logarithm`.
    let rows =
        let names table = table |> List.map (fun (row: Rule) -> row.Name)

        [
            "exact", names Exact.table
            "stable", names Stable.table
            "algebra", names Algebra.table
            "logarithm", names LogarithmLaws.table
        ]
