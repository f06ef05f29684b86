namespace DL1

open System.Runtime.CompilerServices
open DL1.Compiler.Runtime

/// How a graph is compiled and run. The options do not change the values: they are equal bit for bit.
[<StructuredFormatDisplay("{Display}")>]
type CompileOptions =
    {
        /// The most threads of one run, including its caller's: from 1 to 256.
        Threads: int
        /// Whether fused loops are compiled to machine code when a plan is made; otherwise they are interpreted. True
        /// is refused where the runtime cannot generate code.
        DynamicCode: bool
        /// Whether all inputs, and the results of each kernel, are searched for NaN and ∞. The first one found is a
        /// `DomainError` that names the layer (or says that it is in a layer's gradient), the formula, the variables
        /// that the formula reads and the indices of the element. The search costs a read of each kernel's results,
        /// and more memory, since nothing is written in place.
        CheckFinite: bool
    }

    /// `2 threads, dynamic code, no checks`.
    override this.ToString() =
        let code = if this.DynamicCode then "dynamic code" else "no dynamic code"
        let checks = if this.CheckFinite then "NaN and infinity refused" else "no checks"
        $"%d{this.Threads} threads, {code}, {checks}"

    member internal this.Display = this.ToString()

/// The standard options, and the check of options.
[<RequireQualifiedAccess>]
module internal Options =
    /// One thread for each processor; compiled code where the runtime can generate it; no checks.
    let standard =
        {
            Threads = min 256 (max 1 WorkerPool.threads)
            DynamicCode = RuntimeFeature.IsDynamicCodeSupported
            CheckFinite = false
        }

    /// Refuses options that are out of range or not supported here.
    let check (options: CompileOptions) =
        if options.Threads < 1 || options.Threads > 256 then
            Refuse.domain
                "CompileOptions"
                $"Threads = %d{options.Threads}"
                "from 1 to 256 threads"
                "start from the standard options, which have one for each processor"

        if options.DynamicCode && not RuntimeFeature.IsDynamicCodeSupported then
            Refuse.domain
                "CompileOptions"
                "DynamicCode = true where the runtime makes no code"
                "false"
                "start from the standard options"

/// Checks of the values that the caller passes to a run.
[<RequireQualifiedAccess>]
module internal Given =
    /// Refuses `given` values where `count` are needed. The message calls one place `each`, and all in order `order`.
    let count operation (given: int) (count: int) (each: string) (order: string) =
        if given <> count then
            Refuse.domain
                operation
                $"%d{given} values"
                $"%d{count}, one for each {each}"
                $"give the values in the order of the {order}"

    /// Refuses a value of another type or shape than its variable's.
    let check operation cure (v: Variable) (value: Tensor) =
        if value.DType <> v.DType || value.Shape <> v.Shape then
            Refuse.shape
                operation
                $"{value.DType} {value.Shape} for the variable {v.Name}"
                $"{v.DType} {v.Shape}"
                cure
