namespace DL1

open System.Collections.Concurrent
open DL1.Compiler.Execution
open DL1.Compiler.Inspection
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// Compiles graphs to run them many times: elementwise nodes, reductions and the epilogues of matrix products are fused
/// into single loops, and memory is planned ahead. The values are those of `Eval`: bit for bit for arithmetic and
/// movement (except that 0 may be −0 where padded blocks are summed), within the stated ulp for other functions, and
/// within rounding for sums and matrix products of floats. Their order of summation is fixed by the graph: the bits are
/// equal on any number of threads and any vector width.
[<RequireQualifiedAccess>]
module Compile =
    let private check (inputs: Variable list) (values: Tensor list) =
        Given.count "Compile" values.Length inputs.Length "input" "inputs"
        let cure = "cast or reshape the value, or build the graph for its shape"
        List.iter2 (Given.check "Compile" cure) inputs values

    /// Runs a plan once, on an executable from `idle`, or a new one where concurrent runs have taken all. `given` pairs the
    /// buffer of each input with the input's index in `values`; `results` are the buffers of the outputs.
    let private run
        (plan: Plan)
        (given: struct (int * int)[])
        (results: int[])
        (idle: ConcurrentStack<Executable>)
        make
        threads
        (values: Tensor[])
        : Tensor list =
        let executable =
            match idle.TryPop() with
            | true, e -> e
            | false, _ ->
                try
                    make ()
                with :? System.OutOfMemoryException ->
                    Allocation.failed "Compile"

        try
            let outputs: Elements[] = Array.zeroCreate plan.Outputs

            for struct (buffer, n) in given do
                executable.Put(buffer, values[n].Elements)

            for n in 0 .. results.Length - 1 do
                let e = plan.Values[results[n]]
                outputs[n] <- Memory.fresh e.DType e.Shape.Size
                executable.Put(results[n], outputs[n])

            try
                executable.Borrow()
                executable.Run threads
            with :? System.OutOfMemoryException ->
                Allocation.failed "Compile"

            plan.Roots
            |> List.mapi (fun i root ->
                match plan.Locations[plan.Results[i]] with
                | Location.Input n -> Tensor(root.Shape, values[n].Elements)
                | Location.Constant value -> Tensor(root.Shape, value.Elements)
                | Location.Output n -> Tensor(root.Shape, outputs[n])
                | Location.Arena _ ->
                    Memory.read root.DType root.Shape executable.Frame.Addresses[plan.Results[i]])
        finally
            executable.Release()

            // More concurrent callers than processors are rare; their executables are dropped.
            if idle.Count < System.Environment.ProcessorCount then
                idle.Push executable

    /// Like `prepareWith`, for a given vector width, where the variables of `frozen` have the same values in all calls, so
    /// that kernels pack them once; `grain` is the least work of a task, in elements moved.
    let internal prepareFrozen grain width options (frozen: (Variable * Tensor) list) inputs roots =
        Options.check options
        let all = inputs @ List.map fst frozen
        let plan = PlanCache.planFor 0 width options.DynamicCode options.CheckFinite all roots
        let idle = ConcurrentStack<Executable>()
        let kept = frozen |> List.map snd |> Array.ofList
        check (List.map fst frozen) (List.ofArray kept)

        let given, still =
            plan.Locations
            |> Array.indexed
            |> Array.choose (fun (buffer, location) ->
                match location with
                | Location.Input n -> Some(struct (buffer, n))
                | _ -> None)
            |> Array.partition (fun (struct (_, n)) -> n < inputs.Length)

        let still =
            still |> Array.map (fun (struct (buffer, n)) -> struct (buffer, kept[n - inputs.Length].Elements))

        // Outputs are numbered in the order of their buffers.
        let results =
            [| 0 .. plan.Locations.Length - 1 |]
            |> Array.filter (fun buffer -> plan.Locations[buffer].IsOutput)

        let make () =
            let executable = Executable(plan, width, grain, not options.CheckFinite, still)

            if options.CheckFinite then
                executable.Observe(fun observed -> [| FiniteObserver observed |])

            executable

        fun (values: Tensor list) ->
            check inputs values
            let values = Array.ofList values
            let values = if kept.Length = 0 then values else Array.append values kept
            run plan given results idle make options.Threads values

    /// The default options: one thread for each processor, machine code where the runtime can generate it, no checks.
    /// `{ Compile.standard with CheckFinite = true }`
    let standard: CompileOptions = Options.standard

    /// Like `prepare`, with options. Options out of range are a `DomainError`; with `CheckFinite` so is the first NaN
    /// or infinity of a run, with the layer and the formula that gave it.
    /// `let step = Compile.prepareWith { Compile.standard with Threads = 1 } [ w; x ] [ loss ]`
    let prepareWith (options: CompileOptions) (inputs: Variable list) (roots: Expr list) =
        prepareFrozen Frame.UsualGrain Simd.widest options [] inputs roots

    /// Compiles a function from the values of the inputs, in the order given, to the values of the roots. The function may be
    /// called from several threads at once. A variable of the roots that is no input is a `DomainError`; a value of
    /// another type or shape is a `ShapeError`. `let step = Compile.prepare [ w; x ] [ loss; gradient ]` then
    /// `step [ weights; data ]`
    let prepare (inputs: Variable list) (roots: Expr list) : Tensor list -> Tensor list =
        prepareWith standard inputs roots

    /// The plan for a graph as a table: for each kernel its kind, the extents it goes over, its operations, the bytes
    /// that it reads and writes, and formulas of its results with their offsets in the arena; at the end the totals,
    /// and the most memory that the plan needs. `Session.Explain` adds times. `Compile.explain [ w; x ] [ loss ]`
    let explain (inputs: Variable list) (roots: Expr list) : string =
        PlanCache.planFor 0 Simd.widest standard.DynamicCode false inputs roots
        |> ExplainPlan.text standard.DynamicCode
