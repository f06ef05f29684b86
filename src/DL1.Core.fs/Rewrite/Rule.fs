namespace DL1

open System.Collections.Generic

/// One row of a table: a name that says what it does, the forms of node it may apply to, and the rewriting.
type Rule =
    internal
        {
            Name: string
            /// Names of forms, as Node.name gives them.
            Roots: string list
            Rewrite: Expr -> Expr option
        }

/// Rewriting by tables of rules.
[<RequireQualifiedAccess>]
module internal Rule =
    /// A row: `rule "x * 1 -> x" [ "mul" ] (function Mul(x, One) -> Some x | _ -> None)`.
    let rule name roots rewrite = { Name = name; Roots = roots; Rewrite = rewrite }

    let private everyRoot = "*"

    /// A row that may apply to any form.
    let anywhere name rewrite = rule name [ everyRoot ] rewrite

    // A rule that undid another would go on for ever; no real table needs nearly as many steps.
    let private mostSteps = 100
    let private mostPasses = 20

    /// Rewrites graphs until no row of the tables applies. `fired` is told the name of each row that did.
    let run (fired: string -> unit) (table: Rule list) (roots: Expr list) : Expr list =
        let byRoot = Dictionary<string, Rule list>()
        let rowsFor root = Lookup.tryFind byRoot root |> Option.defaultValue []

        for row in List.rev table do
            for root in row.Roots do
                byRoot[root] <- row :: rowsFor root

        /// The first row that changes the node.
        let tryStep (e: Expr) =
            let apply (row: Rule) =
                match row.Rewrite e with
                | Some e' when e' <> e ->
                    fired row.Name
                    Some e'
                | _ -> None

            match List.tryPick apply (rowsFor (Node.name e.Node)) with
            | Some e' -> Some e'
            | None -> List.tryPick apply (rowsFor everyRoot)

        let rec settle steps (e: Expr) =
            if steps = 0 then
                e
            else
                match tryStep e with
                | Some e' -> settle (steps - 1) e'
                | None -> e

        // What a row puts together may hold new matches below its root: another pass finds them.
        let rec pass count (roots: Expr list) =
            let rewritten = Rebuild.bottomUp (settle mostSteps) roots

            if count = 0 || List.forall2 (=) rewritten roots then
                rewritten
            else
                pass (count - 1) rewritten

        pass mostPasses roots
