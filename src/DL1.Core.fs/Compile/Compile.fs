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
        if values.Length <> inputs.Length then
            Refuse.domain
                "Compile"
                $"%d{values.Length} values"
                $"%d{inputs.Length}, one for each input"
                "give the values in the order of the inputs"

        let cure = "cast or reshape the value, or build the graph for its shape"
        List.iter2 (Given.check "Compile" cure) inputs values

    /// Runs a plan once. Concurrent runs each take an executable from `idle`, or make one.
    let private run
        (plan: Plan)
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

            plan.Locations
            |> Array.iteri (fun buffer location ->
                match location with
                | Location.Input n -> executable.Put(buffer, values[n].Elements)
                | Location.Output n ->
                    let e = plan.Values[buffer]
                    outputs[n] <- Memory.fresh e.DType e.Shape.Size
                    executable.Put(buffer, outputs[n])
                | _ -> ())

            try
                executable.Borrow()
                executable.Run threads
            with :? System.OutOfMemoryException ->
                Allocation.failed "Compile"

            List.map2
                (fun (root: Expr) buffer ->
                    match plan.Locations[buffer] with
                    | Location.Input n -> Tensor(root.Shape, values[n].Elements)
                    | Location.Constant value -> Tensor(root.Shape, value.Elements)
                    | Location.Output n -> Tensor(root.Shape, outputs[n])
                    | Location.Arena _ ->
                        Memory.read root.DType root.Shape executable.Frame.Addresses[buffer])
                plan.Roots
                (List.ofArray plan.Results)
        finally
            executable.Release()

            // More concurrent callers than processors are rare; their executables are dropped.
            if idle.Count < System.Environment.ProcessorCount then
                idle.Push executable

    /// Like `prepareWith`, for a given vector width; `grain` is the least work of a task, in elements moved.
    let internal prepareBy grain width (options: CompileOptions) (inputs: Variable list) (roots: Expr list) =
        Options.check options
        let plan = PlanCache.plan width options.DynamicCode options.CheckFinite inputs roots
        let idle = ConcurrentStack<Executable>()

        let make () =
            let executable = Executable(plan, width, grain, not options.CheckFinite)

            if options.CheckFinite then
                executable.Observe(fun observed -> [| FiniteObserver observed |])

            executable

        fun (values: Tensor list) ->
            check inputs values
            run plan idle make options.Threads (Array.ofList values)

    /// Like `prepareWith`, for a given vector width.
    let internal prepareAs width options inputs roots = prepareBy Frame.UsualGrain width options inputs roots

    /// Like `prepareWith`, for a given vector width, with compiled or interpreted loops, on at most `threads` threads.
    let internal prepareOn width generates threads (inputs: Variable list) (roots: Expr list) =
        let options = { Threads = threads; DynamicCode = generates; CheckFinite = false }
        prepareAs width options inputs roots

    /// The default options: one thread for each processor, machine code where the runtime can generate it, no checks.
    /// `{ Compile.standard with CheckFinite = true }`
    let standard: CompileOptions = Options.standard

    /// Like `prepare`, with options. Options out of range are a `DomainError`; with `CheckFinite` so is the first NaN
    /// or infinity of a run, with the layer and the formula that gave it.
    /// `let step = Compile.prepareWith { Compile.standard with Threads = 1 } [ w; x ] [ loss ]`
    let prepareWith (options: CompileOptions) (inputs: Variable list) (roots: Expr list) =
        prepareAs Simd.widest options inputs roots

    /// Compiles a function from the values of the inputs, in the order given, to the values of the roots. It may be
    /// called from several threads at once. A variable of the roots that is no input is a `DomainError`; a value of
    /// another type or shape is a `ShapeError`. `let step = Compile.prepare [ w; x ] [ loss; gradient ]` then
    /// `step [ weights; data ]`
    let prepare (inputs: Variable list) (roots: Expr list) : Tensor list -> Tensor list =
        prepareWith standard inputs roots

    /// The plan for a graph as a table: for each kernel its kind, the extents it goes over, its operations, the bytes
    /// that it reads and writes, and formulas of its results with their offsets in the arena; at the end the totals,
    /// and the most memory that the plan needs. `Session.Explain` adds times. `Compile.explain [ w; x ] [ loss ]`
    let explain (inputs: Variable list) (roots: Expr list) : string =
        PlanCache.plan Simd.widest standard.DynamicCode false inputs roots
        |> ExplainPlan.text standard.DynamicCode
