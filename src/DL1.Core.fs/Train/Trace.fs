namespace DL1

/// Variables that stand for given values, by names that do not meet one another.
module internal Trace =
    let variable (name: string) (t: Tensor) : Expr = Expr.variable name t.DType (t.Shape.ToList())

    let tree (prefix: string) (values: Tree<Tensor>) : Tree<Expr> =
        Tree.mapPath (fun path -> variable $"{prefix} {path}") values
