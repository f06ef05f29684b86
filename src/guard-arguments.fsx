// Makes every public member of an assembly refuse a null that its signature does not allow: an `ArgumentNullException` with the
// name of the parameter, thrown at the door. What a signature allows is read from the annotations that the compilers of F# and
// C# write down (`Nullable`), so that no member can be forgotten, and none says it twice. The members that compilers write for
// records and unions, generic values and by-reference parameters are left as they are.
#load "no-reflection.fsx"

open System
open System.IO
open Mono.Cecil
open Mono.Cecil.Cil
open Mono.Cecil.Pdb

/// 0: nothing is said; 1: never null; 2: null is allowed.
let private annotation (name: string) (provider: ICustomAttributeProvider) =
    provider.CustomAttributes
    |> Seq.tryFind (fun a -> a.AttributeType.Name = name)
    |> Option.map (fun a ->
        match a.ConstructorArguments[0].Value with
        | :? byte as single -> single
        | :? (CustomAttributeArgument[]) as each when each.Length > 0 -> unbox<byte> each[0].Value
        | _ -> 0uy)

let rec private usualOf (t: TypeDefinition) =
    match annotation "NullableContextAttribute" t, t.DeclaringType with
    | Some usual, _ -> usual
    | None, null -> 0uy
    | None, outer -> usualOf outer

let private isNeverNull (m: MethodDefinition) (p: ParameterDefinition) =
    annotation "NullableAttribute" p
    |> Option.orElseWith (fun () -> annotation "NullableContextAttribute" m)
    |> Option.defaultWith (fun () -> usualOf m.DeclaringType)
    |> (=) 1uy

let rec private isSeen (t: TypeDefinition) =
    if t.IsNested then t.IsNestedPublic && isSeen t.DeclaringType else t.IsPublic

/// A type parameter without constraints may stand for a type that has null among its values.
let private isGuarded (p: ParameterDefinition) =
    match p.ParameterType with
    | :? GenericParameter as t -> t.HasConstraints && not t.HasNotNullableValueTypeConstraint
    | t -> not (t.IsValueType || t.IsByReference || t.IsPointer)

/// What compilers write for records, unions and extension blocks, and parts of emitted code.
let private isOwn (t: TypeDefinition) (m: MethodDefinition) =
    m.HasBody
    && m.IsPublic
    && not (t.FullName.Contains "<")
    && t.Namespace <> "DL1.Kernels"
    && not (Array.contains m.Name [| "Equals"; "CompareTo"; "GetHashCode"; "PrintMembers" |])

/// The modules of the core beside which the C# face has a class of its own (`Losses` beside `Loss`): C#'s editors do not offer
/// them. It is written here and not in the source, since F#'s editors follow that attribute too, in what the F# compiler
/// has recorded of an assembly, which stays as it is.
let private besideTheFace =
    [
        for name in
            [
                "Loss"
                "Likelihood"
                "Penalty"
                "Init"
                "Dense"
                "Activation"
                "Shaping"
                "Norm"
                "Conv"
                "Pooling"
                "Recurrent"
                "Attention"
                "Transformer"
                "Optimizer"
                "Wrap"
                "Moments"
                "Lbfgs"
                "Schedule"
                "Transform"
                "Metric"
                "Search"
                "Fit"
                "RateFinder"
                "Elementwise"
                "Special"
                "Reduce"
                "Axes"
                "Linear"
                "Convolution"
                "Classical"
            ] do
            $"DL1.{name}"
            $"DL1.{name}Module"
    ]
    |> set

/// Writes `EditorBrowsable(Never)` at those modules that have it not yet; how many there were.
let private hide (m: ModuleDefinition) =
    let library = m.TypeSystem.CoreLibrary
    let attribute = TypeReference("System.ComponentModel", "EditorBrowsableAttribute", m, library)
    let state = TypeReference("System.ComponentModel", "EditorBrowsableState", m, library, true)
    let constructor' = MethodReference(".ctor", m.TypeSystem.Void, attribute, HasThis = true)
    constructor'.Parameters.Add(ParameterDefinition state)

    let beside =
        m.Types
        |> Seq.filter (fun t ->
            t.IsAbstract
            && t.IsSealed
            && besideTheFace.Contains t.FullName
            && not (t.CustomAttributes |> Seq.exists (fun a -> a.AttributeType.Name = attribute.Name)))
        |> List.ofSeq

    for t in beside do
        let mark = CustomAttribute constructor'
        mark.ConstructorArguments.Add(CustomAttributeArgument(state, 1))
        t.CustomAttributes.Add mark

    beside.Length

let guard (path: string) =
    let read =
        ReaderParameters(InMemory = true, ReadSymbols = true, SymbolReaderProvider = PdbReaderProvider())

    use assembly = AssemblyDefinition.ReadAssembly(path, read)
    let m = assembly.MainModule
    let marked = "ArgumentsAreGuarded"

    let isDone =
        assembly.CustomAttributes
        |> Seq.exists (fun a ->
            a.HasConstructorArguments && Object.Equals(a.ConstructorArguments[0].Value, marked))

    if not isDone then
        let library = m.TypeSystem.CoreLibrary
        let argumentNull = TypeReference("System", "ArgumentNullException", m, library)
        let throwIfNull = MethodReference("ThrowIfNull", m.TypeSystem.Void, argumentNull)
        throwIfNull.Parameters.Add(ParameterDefinition m.TypeSystem.Object)
        throwIfNull.Parameters.Add(ParameterDefinition m.TypeSystem.String)

        for t in m.GetTypes() |> Seq.filter isSeen do
            for method in t.Methods |> Seq.filter (isOwn t) do
                let il = method.Body.GetILProcessor()
                let first = method.Body.Instructions[0]

                for p in method.Parameters |> Seq.filter (fun p -> isGuarded p && isNeverNull method p) do
                    il.InsertBefore(first, il.Create(OpCodes.Ldarg, p))

                    if p.ParameterType.IsGenericParameter then
                        il.InsertBefore(first, il.Create(OpCodes.Box, p.ParameterType))

                    il.InsertBefore(first, il.Create(OpCodes.Ldstr, p.Name))
                    il.InsertBefore(first, il.Create(OpCodes.Call, throwIfNull))

        let metadata = TypeReference("System.Reflection", "AssemblyMetadataAttribute", m, library)
        let constructor' = MethodReference(".ctor", m.TypeSystem.Void, metadata, HasThis = true)
        constructor'.Parameters.Add(ParameterDefinition m.TypeSystem.String)
        constructor'.Parameters.Add(ParameterDefinition m.TypeSystem.String)
        let mark = CustomAttribute constructor'
        mark.ConstructorArguments.Add(CustomAttributeArgument(m.TypeSystem.String, marked))
        mark.ConstructorArguments.Add(CustomAttributeArgument(m.TypeSystem.String, "true"))
        assembly.CustomAttributes.Add mark
        NoReflection.rewrite m

    let hidden = hide m

    if not isDone || hidden > 0 then
        assembly.Write(
            path,
            WriterParameters(
                WriteSymbols = true,
                SymbolWriterProvider = PdbWriterProvider(),
                DeterministicMvid = true
            )
        )

fsi.CommandLineArgs |> Array.skip 1 |> Array.iter guard
