// Takes functions of FSharp.Core that work by reflection out of an assembly, which a trimmed program lacks and which costs time
// when a program starts. The F# compiler writes `sprintf` for interpolated strings and for the texts of records and unions:
// interpolated strings become calls of `PlainText.interpolated`, with the same text; a record or a union keeps its text, and has
// another in trimmed programs. `lazy` and `Seq.init` become functions of `Deferred`.
module NoReflection

open System
open System.Text.RegularExpressions
open Mono.Cecil
open Mono.Cecil.Cil
open Mono.Cecil.Rocks

/// What `PlainText.interpolated` knows: `%%`, `%P(...)`, and integers, floats and texts with a width and a precision.
let private known = Regex @"^([^%]|%%|%P\([^)]*\)|%0?[0-9]*(\.[0-9]+)?[dxXgs]%P\(\))*$"

/// A module of the core, from here.
let private coreModule (m: ModuleDefinition) name : TypeReference =
    match m.GetType $"DL1.{name}" with
    | null -> TypeReference("DL1", name, m, m.AssemblyReferences |> Seq.find (fun r -> r.Name = "DL1.Core"))
    | here -> here

/// A function of `PlainText`.
let private own (m: ModuleDefinition) name (result: TypeReference) (parameters: TypeReference list) =
    let found = MethodReference(name, result, coreModule m "PlainText")

    for p in parameters do
        found.Parameters.Add(ParameterDefinition p)

    found

let private calls (name: string) (i: Instruction) =
    match i.Operand with
    | :? MethodReference as called -> called.Name = name
    | _ -> false

let private makesFormat (parameters: int) (i: Instruction) =
    match i.Operand with
    | :? MethodReference as made ->
        i.OpCode = OpCodes.Newobj
        && made.DeclaringType.Name.StartsWith "PrintfFormat"
        && made.Parameters.Count = parameters
    | _ -> false

let private interpolations (m: ModuleDefinition) =
    let text, objects = m.TypeSystem.String, ArrayType m.TypeSystem.Object
    let interpolated = own m "interpolated" text [ text; objects ]

    for t in m.GetTypes() do
        for method in t.Methods |> Seq.filter _.HasBody do
            let made = method.Body.Instructions |> Seq.filter (makesFormat 3) |> List.ofSeq

            for i in made do
                let mutable format = i.Previous

                while not (format.OpCode = OpCodes.Ldstr && (string format.Operand).Contains "%P(") do
                    format <- format.Previous

                if not (known.IsMatch(string format.Operand)) then
                    failwith
                        $"{t.FullName}.{method.Name}: PlainText does not know the format {format.Operand}"

                // The types of what is captured are for %A alone.
                if i.Previous.OpCode <> OpCodes.Ldnull then
                    failwith
                        $"{t.FullName}.{method.Name}: an interpolated string with types: {format.Operand}"

                let call = if i.Next.OpCode = OpCodes.Tail then i.Next.Next else i.Next

                if not (calls "PrintFormatToStringThen" call) then
                    failwith
                        $"{t.FullName}.{method.Name}: an interpolated string that makes no text: {format.Operand}"

                i.Previous.OpCode <- OpCodes.Nop
                i.OpCode <- OpCodes.Call
                i.Operand <- interpolated

                if i.Next.OpCode = OpCodes.Tail then
                    i.Next.OpCode <- OpCodes.Nop

                call.OpCode <- OpCodes.Nop
                call.Operand <- null

/// The fields of a record, or of one case of a union, in their order, with their getters.
let private fields (case: int option) (t: TypeDefinition) =
    [
        for p in t.Properties do
            for a in p.CustomAttributes do
                if a.AttributeType.Name = "CompilationMappingAttribute" && not (isNull p.GetMethod) then
                    let numbers = [ for c in a.ConstructorArguments -> unbox<int> c.Value ]

                    match case, numbers with
                    | None, [ 4; at ] -> at, p
                    | Some case, [ 4; number; at ] when number = case -> at, p
                    | Some 0, [ 4; at ] -> at, p
                    | _ -> ()
    ]
    |> List.sortBy fst
    |> List.map snd

let private structures (m: ModuleDefinition) =
    let text, object' = m.TypeSystem.String, m.TypeSystem.Object
    let isTrimmed = own m "isTrimmed" m.TypeSystem.Boolean []
    let structured = own m "structured" text [ text; ArrayType text; ArrayType object' ]

    let isGenerated (method: MethodDefinition) =
        method.Name = "ToString"
        && method.HasBody
        && method.Body.Instructions.Count < 12
        && method.Body.Instructions |> Seq.exists (makesFormat 1)

    for t in m.GetTypes() do
        for method in t.Methods |> Seq.filter isGenerated do
            let body = method.Body
            let il = body.GetILProcessor()
            let whole = body.Instructions[0]
            let emit (i: Instruction) = il.InsertBefore(whole, i)

            /// A type with the type parameters of this one.
            let instance (part: TypeDefinition) : TypeReference =
                if part.HasGenericParameters then
                    let made = GenericInstanceType part

                    for p in t.GenericParameters do
                        made.GenericArguments.Add p

                    made
                else
                    part

            let getter (part: TypeDefinition) (get: MethodDefinition) =
                if part.HasGenericParameters then
                    MethodReference(get.Name, get.ReturnType, instance part, HasThis = true)
                else
                    get

            let array (element: TypeReference) (items: (unit -> unit) list) =
                emit (il.Create(OpCodes.Ldc_I4, items.Length))
                emit (il.Create(OpCodes.Newarr, element))

                items
                |> List.iteri (fun i item ->
                    emit (il.Create OpCodes.Dup)
                    emit (il.Create(OpCodes.Ldc_I4, i))
                    item ()
                    emit (il.Create OpCodes.Stelem_Ref))

            /// The text of one form of the value, and the end of the method.
            let say (case: string option) (part: TypeDefinition) (properties: PropertyDefinition list) =
                match case with
                | Some case -> emit (il.Create(OpCodes.Ldstr, case))
                | None -> emit (il.Create OpCodes.Ldnull)

                array text [ for p in properties -> fun () -> emit (il.Create(OpCodes.Ldstr, p.Name)) ]

                array
                    object'
                    [
                        for p in properties ->
                            fun () ->
                                emit (il.Create OpCodes.Ldarg_0)

                                if part <> t then
                                    emit (il.Create(OpCodes.Castclass, instance part))

                                emit (il.Create(OpCodes.Call, getter part p.GetMethod))

                                if p.PropertyType.IsValueType || p.PropertyType.IsGenericParameter then
                                    emit (il.Create(OpCodes.Box, p.PropertyType))
                    ]

                emit (il.Create(OpCodes.Call, structured))
                emit (il.Create OpCodes.Ret)

            let nested name = t.NestedTypes |> Seq.tryFind (fun n -> n.Name = name)
            let tag = t.Methods |> Seq.tryFind (fun g -> g.Name = "get_Tag")
            emit (il.Create(OpCodes.Call, isTrimmed))
            emit (il.Create(OpCodes.Brfalse, whole))

            match nested "Tags", tag, fields None t with
            | Some tags, Some tag, _ ->
                for f in tags.Fields do
                    let number = unbox<int> f.Constant
                    let after = il.Create OpCodes.Nop
                    emit (il.Create OpCodes.Ldarg_0)
                    emit (il.Create(OpCodes.Call, getter t tag))
                    emit (il.Create(OpCodes.Ldc_I4, number))
                    emit (il.Create(OpCodes.Bne_Un, after))
                    let part = nested f.Name |> Option.filter (fun n -> not n.IsEnum) |> Option.defaultValue t
                    say (Some f.Name) part (fields (Some number) part)
                    emit after

                say (Some t.Name) t []
            // A union of one case has its fields itself.
            | _, Some _, _ -> say (Some t.Name) t (fields (Some 0) t)
            | _, None, properties -> say None t properties

/// Generic functions of FSharp.Core, by type and name, and those of `Deferred` of the same signature.
let private deferred =
    dict
        [
            ("LazyExtensions", "Create"), "lazily"
            ("SeqModule", "Initialize"), "init"
            ("SeqModule", "InitializeInfinite"), "initInfinite"
        ]

let private deferrals (m: ModuleDefinition) =
    let replaced (called: GenericInstanceMethod) =
        match deferred.TryGetValue((called.DeclaringType.Name, called.Name)) with
        | true, name when called.DeclaringType.Namespace.StartsWith "Microsoft.FSharp" ->
            let generic = called.ElementMethod
            let made = MethodReference(name, generic.ReturnType, coreModule m "Deferred")

            for p in generic.GenericParameters do
                made.GenericParameters.Add(GenericParameter(p.Name, made))

            for p in generic.Parameters do
                made.Parameters.Add(ParameterDefinition p.ParameterType)

            let instance = GenericInstanceMethod made

            for argument in called.GenericArguments do
                instance.GenericArguments.Add argument

            Some instance
        | _ -> None

    for t in m.GetTypes() do
        if t.FullName <> "DL1.Deferred" then
            for method in t.Methods |> Seq.filter _.HasBody do
                for i in method.Body.Instructions do
                    match i.Operand with
                    | :? GenericInstanceMethod as called ->
                        replaced called |> Option.iter (fun made -> i.Operand <- made)
                    | _ -> ()

/// Functions that still call `sprintf`: each is a mistake, but for what debuggers show and the texts kept for whole programs.
let private left (m: ModuleDefinition) =
    [
        for t in m.GetTypes() do
            for method in t.Methods |> Seq.filter _.HasBody do
                let isKept =
                    method.Name = "__DebugDisplay"
                    || method.Body.Instructions |> Seq.exists (calls "isTrimmed")

                if
                    not isKept
                    && method.Body.Instructions |> Seq.exists (fun i -> makesFormat 1 i || makesFormat 3 i)
                then
                    $"{t.FullName}.{method.Name}"
    ]

let private usesFormats (m: ModuleDefinition) =
    m.GetTypeReferences() |> Seq.exists (fun t -> t.Name.StartsWith "PrintfFormat")

/// Rewrites a module that was not rewritten yet.
let rewrite (m: ModuleDefinition) =
    if usesFormats m then
        for t in m.GetTypes() do
            for method in t.Methods |> Seq.filter _.HasBody do
                method.Body.SimplifyMacros()

        interpolations m
        structures m
        deferrals m

        match left m with
        | [] -> ()
        | names -> failwith $"""sprintf in {String.Join(", ", names)}: take an interpolated string"""

        for t in m.GetTypes() do
            for method in t.Methods |> Seq.filter _.HasBody do
                method.Body.OptimizeMacros()
