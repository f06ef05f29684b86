namespace DL1

/// What makes two plans one.
[<NoComparison>]
type internal PlanKey = { Inputs: Digest list; Roots: Digest list; Width: Width; Generates: bool }

/// Plans made before, the last ones used; a plan is the same for the same graphs, in the same order, on the same vectors.
[<RequireQualifiedAccess>]
module internal Cache =
    let private known = Recent<PlanKey, Plan> 256

    /// The plan for what the roots compute from the inputs.
    let plan (width: Width) (generates: bool) (inputs: Variable list) (roots: Expr list) : Plan =
        let key =
            {
                Inputs = inputs |> List.map (fun v -> (Expr.ofVariable v).Digest)
                Roots = roots |> List.map _.Digest
                Width = width
                Generates = generates
            }

        known.Get(key, (fun () -> Plan.make (PassCode.get width generates) inputs roots))
