namespace DL1

open System
open System.Reflection
open System.Reflection.Emit
open System.Runtime.CompilerServices

/// Straight-line programs of scalars as IL: one local for each value, arithmetic as instructions, functions as the
/// very methods that Eval calls, so that the bits are the same.
[<RequireQualifiedAccess>]
module internal ScalarEmit =
    let private mathMethod name (parameters: int) : MethodInfo =
        match typeof<Math>.GetMethod(name, Array.create parameters typeof<float>) with
        | null ->
            Refuse.domain
                "compile scalars"
                $"System.Math.{name}"
                "a method of System.Math"
                "report this as a bug"
        | found -> found

    let ownMethod name : MethodInfo =
        let flags = BindingFlags.Static ||| BindingFlags.NonPublic ||| BindingFlags.Public

        // By a literal, which a linker reads, so that the module's functions are kept.
        match Type.GetType "DL1.Scalar" with
        | null ->
            Refuse.domain
                "compile scalars"
                "the module Scalar"
                "to find it in this assembly"
                "keep it from being trimmed"
        | scalar ->
            match scalar.GetMethod(name, flags) with
            | null ->
                Refuse.domain
                    "compile scalars"
                    $"Scalar.{name}"
                    "a function of Scalar"
                    "keep it from being trimmed"
            | found -> found

    /// Applies a unary operation to the value on the stack.
    let private unary (il: ILGenerator) op =
        let call (m: MethodInfo) = il.Emit(OpCodes.Call, m)
        let math name = call (mathMethod name 1)
        let own name = call (ownMethod name)

        match op with
        | UnaryOp.Neg -> il.Emit OpCodes.Neg
        | UnaryOp.Abs -> math "Abs"
        | UnaryOp.Floor -> math "Floor"
        | UnaryOp.Ceiling -> math "Ceiling"
        | UnaryOp.Round -> math "Round"
        | UnaryOp.Exp -> math "Exp"
        | UnaryOp.Log -> math "Log"
        | UnaryOp.Sqrt -> math "Sqrt"
        | UnaryOp.Sin -> math "Sin"
        | UnaryOp.Cos -> math "Cos"
        | UnaryOp.Tan -> math "Tan"
        | UnaryOp.Asin -> math "Asin"
        | UnaryOp.Acos -> math "Acos"
        | UnaryOp.Atan -> math "Atan"
        | UnaryOp.Sinh -> math "Sinh"
        | UnaryOp.Cosh -> math "Cosh"
        | UnaryOp.Tanh -> math "Tanh"
        | UnaryOp.Rsqrt ->
            let x = il.DeclareLocal typeof<float>
            math "Sqrt"
            il.Emit(OpCodes.Stloc, x)
            il.Emit(OpCodes.Ldc_R8, 1.0)
            il.Emit(OpCodes.Ldloc, x)
            il.Emit OpCodes.Div
        | UnaryOp.Reciprocal ->
            let x = il.DeclareLocal typeof<float>
            il.Emit(OpCodes.Stloc, x)
            il.Emit(OpCodes.Ldc_R8, 1.0)
            il.Emit(OpCodes.Ldloc, x)
            il.Emit OpCodes.Div
        | UnaryOp.Expm1 -> own "expm1"
        | UnaryOp.Log1p -> own "log1p"
        | UnaryOp.Erf -> own "erf"
        | UnaryOp.Sign -> own "signOf"
        | UnaryOp.Sigmoid -> own "sigmoid"
        | UnaryOp.Softplus -> own "softplus"
        | UnaryOp.Relu -> own "relu"
        | UnaryOp.Not ->
            il.Emit(OpCodes.Ldc_R8, 0.0)
            il.Emit OpCodes.Ceq
            il.Emit OpCodes.Conv_R8

    /// Applies a binary operation to the two values on the stack.
    let private binary (il: ILGenerator) op =
        match op with
        | BinaryOp.Add -> il.Emit OpCodes.Add
        | BinaryOp.Sub -> il.Emit OpCodes.Sub
        | BinaryOp.Mul -> il.Emit OpCodes.Mul
        | BinaryOp.Div -> il.Emit OpCodes.Div
        | BinaryOp.Pow -> il.Emit(OpCodes.Call, mathMethod "Pow" 2)
        | BinaryOp.Max -> il.Emit(OpCodes.Call, mathMethod "Max" 2)
        | BinaryOp.Min -> il.Emit(OpCodes.Call, mathMethod "Min" 2)
        // Truth values are 1 and 0: their product is both, their larger is either.
        | BinaryOp.And -> il.Emit OpCodes.Mul
        | BinaryOp.Or -> il.Emit(OpCodes.Call, mathMethod "Max" 2)

    /// Leaves 1.0 or 0.0 for a comparison of the two values on the stack. `clt.un` and `cgt.un` are true for NaN, so
    /// their negations are false for it.
    let private compare (il: ILGenerator) op =
        let negated (test: OpCode) =
            il.Emit test
            il.Emit OpCodes.Ldc_I4_0
            il.Emit OpCodes.Ceq

        match op with
        | CompareOp.Eq -> il.Emit OpCodes.Ceq
        | CompareOp.Ne -> negated OpCodes.Ceq
        | CompareOp.Lt -> il.Emit OpCodes.Clt
        | CompareOp.Gt -> il.Emit OpCodes.Cgt
        | CompareOp.Le -> negated OpCodes.Cgt_Un
        | CompareOp.Ge -> negated OpCodes.Clt_Un

        il.Emit OpCodes.Conv_R8

    /// The branch that is taken where a comparison of the two values on the stack holds.
    let private branch op =
        match op with
        | CompareOp.Eq -> OpCodes.Beq
        | CompareOp.Ne -> OpCodes.Bne_Un
        | CompareOp.Lt -> OpCodes.Blt
        | CompareOp.Le -> OpCodes.Ble
        | CompareOp.Gt -> OpCodes.Bgt
        | CompareOp.Ge -> OpCodes.Bge

    /// Emits all steps; `input` puts an input on the stack. Gives the locals of the values.
    let body (il: ILGenerator) (program: ScalarProgram.Program) (input: int -> unit) : LocalBuilder[] =
        let locals = program.Steps |> Array.map (fun _ -> il.DeclareLocal typeof<float>)
        let load (place: int) = il.Emit(OpCodes.Ldloc, locals[place])

        program.Steps
        |> Array.iteri (fun i (step, dtype) ->
            match step with
            | ScalarProgram.Step.Input n -> input n
            | ScalarProgram.Step.Number v -> il.Emit(OpCodes.Ldc_R8, v)
            | ScalarProgram.Step.Copy x -> load x
            | ScalarProgram.Step.Unary(op, x) ->
                load x
                unary il op
            | ScalarProgram.Step.Binary(op, x, y) ->
                load x
                load y
                binary il op
            | ScalarProgram.Step.Compare(op, x, y) ->
                load x
                load y
                compare il op
            | ScalarProgram.Step.Truth x ->
                load x
                il.Emit(OpCodes.Ldc_R8, 0.0)
                compare il CompareOp.Ne
            | ScalarProgram.Step.Select(c, x, y) ->
                let chosen, after = il.DefineLabel(), il.DefineLabel()

                // A comparison decides by itself, not by way of 1 and 0.
                match fst program.Steps[c] with
                | ScalarProgram.Step.Compare(op, a, b) ->
                    load a
                    load b
                    il.Emit(branch op, chosen)
                | _ ->
                    load c
                    il.Emit(OpCodes.Ldc_R8, 0.0)
                    il.Emit(OpCodes.Bne_Un, chosen)

                load y
                il.Emit(OpCodes.Br, after)
                il.MarkLabel chosen
                load x
                il.MarkLabel after

            if dtype = DType.F32 then
                il.Emit OpCodes.Conv_R4
                il.Emit OpCodes.Conv_R8

            il.Emit(OpCodes.Stloc, locals[i]))

        locals

    // Owned by the module, so that functions of this assembly can be called whatever their visibility.
    let private define name (result: Type) (parameters: Type[]) =
        // A program that is compiled ahead of time knows that this is false, and leaves the rest out.
        if RuntimeFeature.IsDynamicCodeSupported then
            DynamicMethod(name, result, parameters, typeof<ScalarProgram.Program>.Module, true)
        else
            Refuse.domain
                "compile scalars"
                "code to be made where the runtime makes none"
                "a runtime that compiles"
                "report this as a bug"

    /// A delegate of the given type from numbers to the first output.
    let ofNumbers<'d when 'd :> Delegate> (program: ScalarProgram.Program) : 'd =
        let m = define "dl1.scalar" typeof<float> (Array.create program.Inputs typeof<float>)
        let il = m.GetILGenerator()
        let locals = body il program (fun n -> il.Emit(OpCodes.Ldarg, int16 n))
        il.Emit(OpCodes.Ldloc, locals[program.Outputs[0]])
        il.Emit OpCodes.Ret
        m.CreateDelegate<'d>()

    /// A delegate of (point, results): reads inputs from the first span, writes the outputs to the second, whose
    /// lengths the caller has checked.
    let ofSpans (program: ScalarProgram.Program) : ScalarMap =
        // F# names no type that is instantiated with a span, so the delegate's own signature is asked for them.
        let spans =
            match typeof<ScalarMap>.GetMethod "Invoke" with
            | null -> [||]
            | invoke -> invoke.GetParameters() |> Array.map _.ParameterType

        let indexer place : MethodInfo =
            match spans[place].GetMethod "get_Item" with
            | null ->
                Refuse.domain
                    "compile scalars"
                    $"{spans[place].Name}.get_Item"
                    "the indexer of a span"
                    "report this as a bug"
            | found -> found

        let read, write = indexer 0, indexer 1
        let m = define "dl1.scalars" typeof<Void> spans
        let il = m.GetILGenerator()

        let locals =
            body il program (fun n ->
                il.Emit(OpCodes.Ldarga_S, 0uy)
                il.Emit(OpCodes.Ldc_I4, n)
                il.Emit(OpCodes.Call, read)
                il.Emit OpCodes.Ldind_R8)

        program.Outputs
        |> Array.iteri (fun k place ->
            il.Emit(OpCodes.Ldarga_S, 1uy)
            il.Emit(OpCodes.Ldc_I4, k)
            il.Emit(OpCodes.Call, write)
            il.Emit(OpCodes.Ldloc, locals[place])
            il.Emit OpCodes.Stind_R8)

        il.Emit OpCodes.Ret
        m.CreateDelegate<ScalarMap>()
