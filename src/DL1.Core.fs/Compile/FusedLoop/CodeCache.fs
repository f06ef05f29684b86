namespace DL1.Compiler.FusedLoop

open System
open System.Collections.Generic
open System.Runtime.CompilerServices
open DL1
open DL1.Compiler
open DL1.Compiler.Emit
open DL1.Compiler.Interpret
open DL1.Compiler.Simd

/// The key of compiled code: the structure of a fused loop, with numbers by their bits, the width of vectors, and
/// whether code is generated or interpreted. Hashed once.
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
        // Bits distinguish 0 from −0, and find NaN equal to itself.
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

/// Compiled fused loops by their structure: the same loop, built twice, is compiled once. The cache keeps what was
/// used last; the code of a plan lives as long as the plan.
[<RequireQualifiedAccess>]
module internal CodeCache =
    let private cache = LruCache<CodeKey, LoopBody> Tuning.LoopsKept
    let private missing = HashSet<string>()

    /// The methods that loops of this program could not be emitted without: it was trimmed of them, and those loops are interpreted.
    let missingMethods () : string list = lock missing (fun () -> List.sort (List.ofSeq missing))

    let private report (name: string) = lock missing (fun () -> missing.Add name |> ignore)

    /// Emitted code; where a method that it calls is missing, which is reported, an interpreter.
    let emitOr (report: string -> unit) (emit: StagedLoop -> LoopBody) (staged: StagedLoop) : LoopBody =
        try
            emit staged
        with :? MissingMethodException as error ->
            report error.Message
            Interpret.body staged

    /// The body of a fused loop: emitted code for vectors of a width, or where no code may or can be generated, an
    /// interpreter, which gives the same bits. The loop's arrays must not change afterwards. A `DomainError` says that a step
    /// combines values of two lane kinds, or that a value is stored to an operand of another kind, or to one that moves less often
    /// than the value changes.
    let get (width: Width) (generates: bool) (loop: FusedLoop) : LoopBody =
        let make () =
            let staged = Stages.plan loop

            // A program that is compiled ahead of time knows that the first condition is false, and leaves the emitter out.
            if not RuntimeFeature.IsDynamicCodeSupported then Interpret.body staged
            elif generates then emitOr report (EmitLoop.body width) staged
            else Interpret.body staged

        cache.Get(CodeKey(loop, width, generates), make)
