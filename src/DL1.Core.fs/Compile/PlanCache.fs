namespace DL1

open System.Collections.Generic
open DL1.Compiler.FusedLoop
open DL1.Compiler.Planning
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// What makes two plans one; where layers are to be named, the layers of their nodes, too.
[<NoComparison>]
type internal PlanKey =
    {
        Inputs: Digest list
        Roots: Digest list
        Width: Width
        Generates: bool
        Layers: Digest voption
    }

/// Plans made before, the last ones used; a plan is the same for the same graphs, in the same order, on the same vectors.
[<RequireQualifiedAccess>]
module internal PlanCache =
    let private known = LruCache<PlanKey, Plan> 256

    /// What tells the layers of a graph's nodes, those in loops among them.
    let private layers (roots: Expr list) : Digest =
        let mixer = Digest.Mixer()
        let rest = Stack [ roots ]

        while rest.Count > 0 do
            for e in Graph.topological (rest.Pop()) do
                match e.Origin with
                | None -> mixer.Add 0
                | Some o ->
                    mixer.Add(if o.IsGradient then 2 else 1)
                    mixer.Add o.Path
                    mixer.Add o.Name

                for _, attribute in Attributes.ofNode e.Node do
                    match attribute with
                    | Attribute.Graphs inner -> rest.Push inner
                    | _ -> ()

        mixer.Finish()

    /// The plan for what the roots compute from the inputs. One that is `watched` for bad values has the layers of these
    /// very roots, and writes nothing over what a kernel reads: so it can be told where a value went bad.
    let plan
        (width: Width)
        (generates: bool)
        (watched: bool)
        (inputs: Variable list)
        (roots: Expr list)
        : Plan =
        let key =
            {
                Inputs = inputs |> List.map (fun v -> (Expr.ofVariable v).Digest)
                Roots = roots |> List.map _.Digest
                Width = width
                Generates = generates
                Layers = if watched then ValueSome(layers roots) else ValueNone
            }

        known.Get(key, (fun () -> Plan.makeWith (not watched) (CodeCache.get width generates) inputs roots))
