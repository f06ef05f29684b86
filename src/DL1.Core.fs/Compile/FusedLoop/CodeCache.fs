namespace DL1.Compiler.FusedLoop

open System
open System.Collections.Generic
open System.Runtime.CompilerServices
open DL1
open DL1.Compiler
open DL1.Compiler.Emit
open DL1.Compiler.Interpret
open DL1.Compiler.Simd

/// The key of compiled code: the structure of a fused loop, in which numbers are compared by their bits, the width of
/// vectors, and whether code is generated or the loop is interpreted. The hash is computed once.
[<Sealed>]
type internal CodeKey(loop: FusedLoop, width: Width, generates: bool) =
    let hash =
        let mutable hash = HashCode()
        hash.Add loop.Type.Bytes
        hash.Add loop.Across

        for operand in loop.Operands do
            hash.Add operand

        for step in loop.Steps do
            hash.Add step

        for struct (step, operand) in loop.Stores do
            hash.Add step
            hash.Add operand

        hash.ToHashCode()

    static let sameStep x y =
        match x, y with
        // By its bits, 0 differs from −0, and a NaN is equal to itself.
        | LoopStep.Number v, LoopStep.Number w ->
            BitConverter.DoubleToInt64Bits v = BitConverter.DoubleToInt64Bits w
        | x, y -> x = y

    member _.Loop = loop
    member _.Width = width
    member _.Generates = generates
    override _.GetHashCode() = hash

    override _.Equals other =
        match other with
        | :? CodeKey as other ->
            let that = other.Loop

            other.GetHashCode() = hash
            && other.Width = width
            && other.Generates = generates
            && that.Type = loop.Type
            && that.Across = loop.Across
            && that.Operands = loop.Operands
            && that.Stores = loop.Stores
            && that.Steps.Length = loop.Steps.Length
            && Array.forall2 sameStep that.Steps loop.Steps
        | _ -> false

/// Compiled fused loops by their structure: the same loop, built twice, is compiled once. The cache keeps the
/// `Tuning.LoopsKept` loops that were used last; a plan keeps its own code alive.
[<RequireQualifiedAccess>]
module internal CodeCache =
    let private cache = LruCache<CodeKey, LoopBody> Tuning.LoopsKept
    let private missing = HashSet<string>()

    /// The names of methods that emitted code needs but trimming removed. Loops that need one are interpreted.
    let missingMethods () : string list = lock missing (fun () -> List.sort (List.ofSeq missing))

    let private report (name: string) = lock missing (fun () -> missing.Add name |> ignore)

    /// Emits a loop. If a method that the loop calls is missing, reports the method's name and returns an interpreter.
    let emitOr (report: string -> unit) (emit: StagedLoop -> LoopBody) (staged: StagedLoop) : LoopBody =
        try
            emit staged
        with :? MissingMethodException as error ->
            report error.Message
            Interpret.body staged

    /// Returns the body of a fused loop: emitted code for vectors of a width, or an interpreter, which gives the same
    /// bits, if code may not (`generates` is false) or cannot be generated. The loop's arrays must not change afterwards.
    /// Raises a `DomainError` if the loop is malformed: for example, if a step combines values of two lane kinds, or if a
    /// value is stored to an operand of another kind, or to one that moves less often than the value changes.
    let get (width: Width) (generates: bool) (loop: FusedLoop) : LoopBody =
        let make () =
            let staged = Stages.plan loop

            // In a program that is compiled ahead of time the first condition is known to be true, so the emitter is left out.
            if not RuntimeFeature.IsDynamicCodeSupported then Interpret.body staged
            elif generates then emitOr report (EmitLoop.body width) staged
            else Interpret.body staged

        cache.Get(CodeKey(loop, width, generates), make)
