namespace DL1

/// Variables that stand for given values, by names that do not meet one another.
module internal Trace =
    let variable (name: string) (t: Tensor) : Expr = Expr.variable name t.DType (t.Shape.ToList())

    let tree (prefix: string) (values: Tree<Tensor>) : Tree<Expr> =
        Tree.mapPath (fun path -> variable $"{prefix} {path}") values

    /// The name of a variable for one of a set of named tensors; that of a tensor alone is its kind.
    let nameOf (kind: string) (path: string) : string = if path = kind then kind else $"{kind} {path}"

    /// Variables like the tensors of a set, with other numbers of rows where they are given.
    let setOf (rows: int voption) (kind: string) (values: Tree<Tensor>) : Tree<Expr> =
        values
        |> Tree.mapPath (fun path t ->
            let dims = t.Shape.ToList()

            let dims =
                match rows, dims with
                | ValueSome rows, _ :: tail -> rows :: tail
                | _ -> dims

            Expr.variable (nameOf kind path) t.DType dims)
