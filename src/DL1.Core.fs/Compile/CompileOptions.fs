namespace DL1

open System.Runtime.CompilerServices
open DL1.Compiler.Runtime

/// How a graph is compiled and run. The values are the same, bit for bit, whatever is chosen.
type CompileOptions =
    {
        /// On how many threads one run may be, its caller's among them: from 1 to 256.
        Threads: int
        /// Whether passes become machine code when a plan is made; otherwise they are interpreted. True is refused where
        /// the runtime makes no code.
        DynamicCode: bool
        /// Whether all inputs, and all that each kernel writes, are searched for NaN and ∞: the first one found is a
        /// `DomainError` that names the layer (or that it is the gradient of one), the formula, the variables that it reads
        /// and the place. Costs a pass over memory for each kernel, and more memory: nothing is written in place.
        CheckFinite: bool
    }

    /// `2 threads, dynamic code, no checks`.
    override this.ToString() =
        let code = if this.DynamicCode then "dynamic code" else "no dynamic code"
        let checks = if this.CheckFinite then "NaN and infinity refused" else "no checks"
        $"%d{this.Threads} threads, {code}, {checks}"

/// Options that mean something.
[<RequireQualifiedAccess>]
module internal Options =
    /// This machine's processors; emitted code where there may be any; no checks.
    let standard =
        {
            Threads = min 256 (max 1 WorkerPool.threads)
            DynamicCode = RuntimeFeature.IsDynamicCodeSupported
            CheckFinite = false
        }

    /// Refuses what cannot be.
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
