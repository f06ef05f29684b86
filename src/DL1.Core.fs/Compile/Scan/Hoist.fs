namespace DL1.Compiler.Scan

open System.Collections.Generic
open DL1

/// Moves out of scans whatever need not be in them; values stay the same, up to the order of sums. It moves loop-invariant
/// values; products of slices with a fixed matrix, which become one matmul for all steps; products that only outputs need; and
/// sums over the steps, such as gradients by the weights, which become one matmul over all steps.
[<RequireQualifiedAccess>]
module internal Hoist =
    /// Moves sums over the steps, and products that only outputs need, out of a scan.
    let private hoistSums (loop: ScanLoop) : ScanLoop =
        let lift = LoopInvariants loop

        let sums =
            loop.Carries |> List.choose (fun c -> StepSum.added loop c |> Option.map (fun terms -> c, terms))

        let isAmong (sums: (ScanCarry * Expr list) list) (c: ScanCarry) =
            sums |> List.exists (fun (s, _) -> s.Variable = c.Variable)

        // The elements of the largest slice, output or carry of a step; carries that are sums over the steps do not count.
        let usual =
            (loop.Slices |> List.map fst)
            @ (loop.Carries |> List.filter (isAmong sums >> not) |> List.map _.Variable)
            |> List.map _.Shape.Size
            |> List.append (loop.Outputs |> List.map (fun (_, e) -> e.Shape.Size))
            |> List.fold max 1

        let moved = sums |> List.filter (fun (_, terms) -> terms |> List.forall (StepSum.isSmall lift usual))
        let staying = loop.Carries |> List.filter (isAmong moved >> not)
        let needed = HashSet(Graph.topological (staying |> List.map _.Next) |> Seq.map _.Digest)
        let outside = SumHoisting(loop, lift, needed, usual)
        let totals = moved |> List.map (fun (c, terms) -> c.Final, outside.Sum(c, terms))
        let stacks = loop.Outputs |> List.map (fun (stack, e) -> stack, outside.All e)

        { ScanLoop.outside (totals @ stacks) loop with
            Carries = staying
            Outputs = outside.Stacks
        }

    /// Moves values out of a scan for its body to read: loop-invariant values, and products of slices with a fixed matrix.
    let private hoistInvariants (loop: ScanLoop) : ScanLoop =
        let lift = LoopInvariants loop
        let uses = Graph.uses loop.Graphs
        let table = Dictionary<Digest, Expr>()
        let slices, constants = List<Variable * Expr>(), List<Variable * Expr>()
        let products = HashSet<Digest>()

        let put (into: List<Variable * Expr>) (e: Expr) =
            let v = Rebuild.fresh e.DType e.Shape
            into.Add(v, e)
            table[e.Digest] <- Expr.ofVariable v

        /// Whether a node is a cheap function whose operands that depend on slices are moved already, and have no other reader.
        let follows (e: Expr) =
            lift.CanLift e
            && ScanLoop.follows products uses (fun o -> lift.Dependence o = Dependence.Slices) e

        for e in Graph.topological loop.Graphs do
            match lift.Dependence e with
            | Dependence.Carries -> ()
            | Dependence.Slices ->
                if lift.IsProduct e || follows e then
                    products.Add e.Digest |> ignore
                    put slices e
            | Dependence.Fixed ->
                match e.Node with
                // Reading these from outside would not be cheaper.
                | Node.Constant _
                | Node.Variable _
                | Node.Broadcast _
                | Node.Reshape _
                | Node.Transpose _
                | Node.StopGradient _ -> ()
                | _ -> put constants e

        let rebuilt = loop.WithGraphs(Rebuild.fromTop table loop.Graphs)
        let read = HashSet(Graph.variables rebuilt.Graphs |> List.map _.Name)

        let kept f (found: List<Variable * Expr>) =
            found
            |> Seq.filter (fun (v, _) -> read.Contains v.Name)
            |> Seq.map (fun (v, e) -> v, f e)
            |> List.ofSeq

        { rebuilt with
            Slices = loop.Slices @ kept lift.All slices
            Fixed = loop.Fixed @ kept lift.Once constants
        }

    /// A digest of a scan without its outputs: scans for which it is equal become one.
    let private loopOf (call: ScanCall<Expr>) =
        Expr.Make(Node.Scan(0, { call with Body = { call.Body with Outputs = [ lit 0.0 ] } })).Digest

    /// Makes one scan of scans that differ only in their outputs.
    let private join (roots: Expr list) =
        let outputs = Dictionary<Digest, List<Expr>>()

        for struct (_, call) in Rebuild.loops roots do
            let all = Lookup.orAdd outputs (loopOf call) List

            for e in call.Body.Outputs do
                if not (all.Contains e) then
                    all.Add e

        let change (was: ScanCall<Expr>) (call: ScanCall<Expr>) result =
            let all = outputs[loopOf was]
            let carries = call.Body.Next.Length

            let result =
                if result < carries then
                    result
                else
                    carries + all.IndexOf(List.item (result - carries) was.Body.Outputs)

            Expr.Make(Node.Scan(result, { call with Body = { call.Body with Outputs = List.ofSeq all } }))

        Rebuild.overLoops change roots

    let private moveOut (loop: ScanLoop) =
        let loop = loop |> ScanLoop.prune |> ScanLoop.tidy

        // In a scan of length 0 nothing of the body may be computed.
        if loop.Length = 0 then
            loop
        else
            loop
            |> SplitConcatMatMul.run
            |> hoistSums
            |> ScanLoop.prune
            |> hoistInvariants
            |> ScanLoop.prune
            |> ScanLoop.tidy

    let rec private sweep (roots: Expr list) : Expr list =
        let roots = join roots |> ReuseForwardValues.run
        let used = Dictionary<Digest, Set<int>>()

        for struct (result, call) in Rebuild.loops roots do
            let key = ReuseForwardValues.key call
            used[key] <- used.GetValueOrDefault(key, Set.empty).Add result

        let found = Dictionary<Digest, Map<int, Expr>>()

        let change (was: ScanCall<Expr>) (call: ScanCall<Expr>) result =
            let key = ReuseForwardValues.key was

            let results =
                Lookup.orAdd found key (fun () ->
                    let body = call.Body
                    let next, outputs = run (body.Next @ body.Outputs) |> List.splitAt body.Next.Length
                    let call = { call with Body = { body with Next = next; Outputs = outputs } }
                    ScanLoop.ofCall used[key] call |> moveOut |> ScanLoop.close |> Map.ofList)

            results[result]

        Rebuild.overLoops change roots

    /// Moves out of every scan, inner ones first, whatever need not be in it; drops values that no root needs; and joins scans
    /// that differ only in their outputs. The values of the roots stay the same, up to the order of sums.
    and run (roots: Expr list) : Expr list =
        // When a scan needs fewer values, the scans before it need not compute them: at most 6 sweeps, until nothing changes.
        let rec again sweeps (roots: Expr list) =
            let moved = sweep roots

            if sweeps = 1 || roots = moved then moved else again (sweeps - 1) moved

        if Graph.topological roots |> Array.exists _.Node.IsScan then
            again 6 roots
        else
            roots
