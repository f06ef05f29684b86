namespace DL1

open System
open System.Collections.Concurrent
open System.Reflection.Emit

/// A fused pass over some rows and columns: inputs, the starts of their rows, the result, and the part to do.
type internal FusedPass =
    delegate of
        inputs: Array[] *
        starts: int[][] *
        result: Array *
        columns: int *
        firstRow: int *
        lastRow: int *
        firstColumn: int *
        lastColumn: int ->
            unit

/// Programs for one element as loops over tensors, emitted as IL and kept by formula: extents are arguments, so that a
/// new size needs no new code.
[<RequireQualifiedAccess>]
module internal FusedKernel =
    let private arrayType (dtype: DType) =
        match dtype with
        | DType.F32 -> typeof<float32[]>
        | DType.F64 -> typeof<float[]>
        | DType.I32 -> typeof<int[]>
        | DType.I64 -> typeof<int64[]>
        | DType.Bool -> typeof<bool[]>

    let private load (il: ILGenerator) (dtype: DType) =
        match dtype with
        | DType.F32 -> il.Emit OpCodes.Ldelem_R4
        | DType.F64 -> il.Emit OpCodes.Ldelem_R8
        | DType.I32 -> il.Emit OpCodes.Ldelem_I4
        | DType.I64 -> il.Emit OpCodes.Ldelem_I8
        | DType.Bool -> il.Emit OpCodes.Ldelem_U1

        il.Emit OpCodes.Conv_R8

    let private store (il: ILGenerator) (dtype: DType) =
        match dtype with
        | DType.F32 ->
            il.Emit OpCodes.Conv_R4
            il.Emit OpCodes.Stelem_R4
        | DType.F64 -> il.Emit OpCodes.Stelem_R8
        | DType.I32 ->
            il.Emit OpCodes.Conv_I4
            il.Emit OpCodes.Stelem_I4
        | DType.I64 ->
            il.Emit OpCodes.Conv_I8
            il.Emit OpCodes.Stelem_I8
        | DType.Bool ->
            il.Emit OpCodes.Conv_I4
            il.Emit OpCodes.Stelem_I1

    /// for counter = first to last − 1
    let private loop
        (il: ILGenerator)
        (first: unit -> unit)
        (last: unit -> unit)
        (body: LocalBuilder -> unit)
        =
        let counter = il.DeclareLocal typeof<int>
        let top, test = il.DefineLabel(), il.DefineLabel()
        first ()
        il.Emit(OpCodes.Stloc, counter)
        il.Emit(OpCodes.Br, test)
        il.MarkLabel top
        body counter
        il.Emit(OpCodes.Ldloc, counter)
        il.Emit OpCodes.Ldc_I4_1
        il.Emit OpCodes.Add
        il.Emit(OpCodes.Stloc, counter)
        il.MarkLabel test
        il.Emit(OpCodes.Ldloc, counter)
        last ()
        il.Emit(OpCodes.Blt, top)

    let private emit
        (program: ScalarProgram.Program)
        (inputs: DType[])
        (steps: int[])
        (result: DType)
        : FusedPass =
        let parameters =
            [|
                typeof<Array[]>
                typeof<int[][]>
                typeof<Array>
                typeof<int>
                typeof<int>
                typeof<int>
                typeof<int>
                typeof<int>
            |]

        let m = DynamicMethod("dl1.fused", typeof<Void>, parameters, typeof<FusedPass>.Module, true)
        let il = m.GetILGenerator()
        let argument (n: int) = il.Emit(OpCodes.Ldarg, int16 n)

        let arrays =
            inputs
            |> Array.mapi (fun i dtype ->
                let local = il.DeclareLocal(arrayType dtype)
                argument 0
                il.Emit(OpCodes.Ldc_I4, i)
                il.Emit OpCodes.Ldelem_Ref
                il.Emit(OpCodes.Castclass, arrayType dtype)
                il.Emit(OpCodes.Stloc, local)
                local)

        let target = il.DeclareLocal(arrayType result)
        argument 2
        il.Emit(OpCodes.Castclass, arrayType result)
        il.Emit(OpCodes.Stloc, target)
        let starts = inputs |> Array.map (fun _ -> il.DeclareLocal typeof<int>)
        let place = il.DeclareLocal typeof<int>

        loop il (fun () -> argument 4) (fun () -> argument 5) (fun row ->
            starts
            |> Array.iteri (fun i start ->
                argument 1
                il.Emit(OpCodes.Ldc_I4, i)
                il.Emit OpCodes.Ldelem_Ref
                il.Emit(OpCodes.Ldloc, row)
                il.Emit OpCodes.Ldelem_I4
                il.Emit(OpCodes.Stloc, start))

            il.Emit(OpCodes.Ldloc, row)
            argument 3
            il.Emit OpCodes.Mul
            il.Emit(OpCodes.Stloc, place)

            loop il (fun () -> argument 6) (fun () -> argument 7) (fun column ->
                let values =
                    ScalarEmit.body il program (fun n ->
                        il.Emit(OpCodes.Ldloc, arrays[n])
                        il.Emit(OpCodes.Ldloc, starts[n])

                        if steps[n] = 1 then
                            il.Emit(OpCodes.Ldloc, column)
                            il.Emit OpCodes.Add

                        load il inputs[n])

                il.Emit(OpCodes.Ldloc, target)
                il.Emit(OpCodes.Ldloc, place)
                il.Emit(OpCodes.Ldloc, column)
                il.Emit OpCodes.Add
                il.Emit(OpCodes.Ldloc, values[program.Outputs[0]])
                store il result))

        il.Emit OpCodes.Ret
        m.CreateDelegate<FusedPass>()

    /// The same pass step by step, where no code may be generated.
    let private interpret (program: ScalarProgram.Program) (steps: int[]) (result: DType) : FusedPass =
        FusedPass(fun inputs starts target columns firstRow lastRow firstColumn lastColumn ->
            let at (a: Array) (i: int) =
                match a with
                | :? (float32[]) as a -> float a[i]
                | :? (float[]) as a -> a[i]
                | :? (int[]) as a -> float a[i]
                | :? (int64[]) as a -> float a[i]
                | :? (bool[]) as a -> if a[i] then 1.0 else 0.0
                | _ -> nan

            for row in firstRow .. lastRow - 1 do
                for column in firstColumn .. lastColumn - 1 do
                    let read n = at inputs[n] (starts[n][row] + steps[n] * column)
                    let place = row * columns + column

                    ScalarProgram.interpret program read (fun _ v ->
                        match target with
                        | :? (float32[]) as t -> t[place] <- float32 v
                        | :? (float[]) as t -> t[place] <- v
                        | :? (bool[]) as t -> t[place] <- (v <> 0.0)
                        | _ ->
                            Refuse.shape
                                "compile"
                                $"a result of {result}"
                                "f32, f64 or bool"
                                "report this as a bug"))

    let private kept = ConcurrentDictionary<string, FusedPass>()

    /// The pass of a program over inputs of these types that move by these steps.
    let get
        generates
        (program: ScalarProgram.Program)
        (inputs: DType[])
        (steps: int[])
        (result: DType)
        : FusedPass =
        if generates then
            let formula = sprintf "%A" (program.Steps, program.Outputs, inputs, steps, result)
            kept.GetOrAdd(formula, (fun _ -> emit program inputs steps result))
        else
            interpret program steps result
