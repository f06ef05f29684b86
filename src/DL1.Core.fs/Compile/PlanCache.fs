namespace DL1

open System.Collections.Generic
open DL1.Compiler
open DL1.Compiler.FusedLoop
open DL1.Compiler.Inspection
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// The key of a cached plan. With `CheckFinite` errors name layers, so equal graphs that were made in different layers need
/// different plans: `Layers` then holds one digest of the layers of all nodes; otherwise it is empty.
[<NoComparison>]
type internal PlanKey =
    {
        Inputs: Digest list
        Roots: Digest list
        Width: Width
        Generates: bool
        Layers: Digest list
        States: int
    }

/// Keeps the plans that were used last: at most `Tuning.PlansKept`, whose constants have at most `Tuning.PlanBytesKept` bytes in
/// all. A plan is reused where all of its `PlanKey` is equal.
[<RequireQualifiedAccess>]
module internal PlanCache =
    let private known =
        let constants plan = (PlanMemory.ofPlan plan).Constants
        LruCache<PlanKey, Plan>(Tuning.PlansKept, Tuning.PlanBytesKept, constants)

    /// A digest of the layers of all nodes of a graph, including those in scans.
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

    /// The plan that computes the roots from the inputs, from the cache or new. `checksFinite` is for runs that search
    /// values for NaN and infinity: the plan then has the layers of these very nodes, and writes nothing in place, so that
    /// a kernel's operands still exist when a bad value is traced back. The first `states` roots are the next values of
    /// the first `states` inputs.
    let planFor states width generates checksFinite (inputs: Variable list) (roots: Expr list) : Plan =
        let key =
            {
                Inputs = inputs |> List.map (fun v -> (Expr.ofVariable v).Digest)
                Roots = roots |> List.map _.Digest
                Width = width
                Generates = generates
                Layers = if checksFinite then [ layers roots ] else []
                States = states
            }

        let make () =
            Plan.makeFor states (not checksFinite) (CodeCache.get width generates) inputs roots

        known.Get(key, make)
