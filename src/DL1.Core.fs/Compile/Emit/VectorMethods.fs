namespace DL1.Compiler.Emit

open System
open System.Collections.Concurrent
open System.Diagnostics.CodeAnalysis
open System.Reflection
open System.Runtime.Intrinsics
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// How methods are looked up by reflection: static ones, public or internal.
module internal Members =
    /// The members that a linker keeps of such a class when it trims a program.
    [<Literal>]
    let Methods =
        DynamicallyAccessedMemberTypes.PublicMethods ||| DynamicallyAccessedMemberTypes.NonPublicMethods

    /// A constant of the code, so that such a linker sees which of them are looked up.
    [<Literal>]
    let Any = BindingFlags.Static ||| BindingFlags.Public ||| BindingFlags.NonPublic

/// The vector types of one width and one float type, and the methods on them, found by reflection and cached by keys that are
/// classes: .NET has code for dictionaries of those. Types are written out
/// and parameters annotated, so that a linker that trims a program sees which methods are needed.
[<Sealed>]
type internal VectorMethods private (width: Width, single: bool) =
    let bytes = Simd.bytes width

    let element kind =
        match kind with
        | LaneKind.Float -> if single then typeof<float32> else typeof<float>
        | LaneKind.Whole
        | LaneKind.Truth -> if single then typeof<int> else typeof<int64>

    let found = ConcurrentDictionary<Type * string * Type, MethodInfo>()

    let add owner name element methods =
        found.GetOrAdd((owner, name, element), VectorMethods.Instance(width, methods, name, [| element |]))

    static let need (name: string) (method: MethodInfo | null) : MethodInfo =
        match method with
        // A program that is trimmed may lack it: `CodeCache` has the loop interpreted.
        | null -> raise (MissingMethodException name)
        | method -> method

    static let all = ConcurrentDictionary<Width * bool, VectorMethods>()

    static let isVector (width: Width) (t: Type) =
        match width with
        | Width.Bits128 -> t = typedefof<Vector128<float>>
        | Width.Bits256 -> t = typedefof<Vector256<float>>
        | Width.Bits512 -> t = typedefof<Vector512<float>>

    /// The class of .NET's methods on vectors of a width.
    [<return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)>]
    static member private Holder(width: Width) : Type =
        match width with
        | Width.Bits128 -> typeof<Vector128>
        | Width.Bits256 -> typeof<Vector256>
        | Width.Bits512 -> typeof<Vector512>

    static member private Public(width: Width) : MethodInfo[] =
        VectorMethods.Holder(width).GetMethods(BindingFlags.Static ||| BindingFlags.Public)

    // One function a width, since compiling a function loads all types that it names, some half a millisecond each.
    [<return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)>]
    static member private Vector128Of(single: bool, isFloat: bool) : Type =
        match single, isFloat with
        | true, true -> typeof<Vector128<float32>>
        | true, false -> typeof<Vector128<int>>
        | false, true -> typeof<Vector128<float>>
        | false, false -> typeof<Vector128<int64>>

    [<return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)>]
    static member private Vector256Of(single: bool, isFloat: bool) : Type =
        match single, isFloat with
        | true, true -> typeof<Vector256<float32>>
        | true, false -> typeof<Vector256<int>>
        | false, true -> typeof<Vector256<float>>
        | false, false -> typeof<Vector256<int64>>

    [<return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)>]
    static member private Vector512Of(single: bool, isFloat: bool) : Type =
        match single, isFloat with
        | true, true -> typeof<Vector512<float32>>
        | true, false -> typeof<Vector512<int>>
        | false, true -> typeof<Vector512<float>>
        | false, false -> typeof<Vector512<int64>>

    /// The type of vectors of a width, of floats or of integers.
    [<return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)>]
    static member private VectorOf(width: Width, single: bool, isFloat: bool) : Type =
        match width with
        | Width.Bits128 -> VectorMethods.Vector128Of(single, isFloat)
        | Width.Bits256 -> VectorMethods.Vector256Of(single, isFloat)
        | Width.Bits512 -> VectorMethods.Vector512Of(single, isFloat)

    /// The generic method among these whose parameters are vectors of a width, addresses and numbers, for these elements.
    [<UnconditionalSuppressMessage("Trimming",
                                   "IL2060",
                                   Justification = "Type parameters of methods on vectors ask for no members.")>]
    static member private Instance
        (width: Width, methods: MethodInfo[], name: string, elements: Type[])
        : MethodInfo =
        let suits (p: ParameterInfo) =
            let t = p.ParameterType

            if t.IsGenericType then
                isVector width (t.GetGenericTypeDefinition())
            else
                not t.IsGenericParameter

        let generic =
            methods
            |> Array.tryFind (fun m ->
                m.Name = name
                && m.IsGenericMethodDefinition
                && m.GetGenericArguments().Length = elements.Length
                && Array.forall suits (m.GetParameters()))
            |> Option.toObj
            |> need name

        generic.MakeGenericMethod elements

    /// The methods for a width, and for f32 where `single` is true, else f64.
    static member Get(width, single) = all.GetOrAdd((width, single), (fun _ -> VectorMethods(width, single)))

    /// The bytes of a vector.
    member _.Bytes = bytes
    /// The bytes of a lane.
    member _.Size = if single then 4 else 8
    /// The lanes of a vector.
    member this.Lanes = bytes / this.Size
    /// The vectors of a block of 64 bytes.
    member _.Vectors = 64 / bytes
    /// The .NET type of a vector of lanes of a kind.
    member _.Vector kind = VectorMethods.VectorOf(width, single, (kind = LaneKind.Float))

    /// A class's generic method of this name for lanes of a kind, whose parameters are such vectors, addresses and numbers.
    member _.Generic([<DynamicallyAccessedMembers(Members.Methods)>] owner: Type, name, kind) : MethodInfo =
        match found.TryGetValue((owner, name, element kind)) with
        | true, known -> known
        | false, _ -> add owner name (element kind) (owner.GetMethods Members.Any)

    /// The generic method of this name of `Vector128`, `Vector256` or `Vector512`, by this width, for lanes of a kind. Only public
    /// methods are searched: .NET may change its internal ones.
    member _.Generic(name, kind) : MethodInfo =
        match found.TryGetValue((typeof<Vector128>, name, element kind)) with
        | true, known -> known
        | false, _ -> add typeof<Vector128> name (element kind) (VectorMethods.Public width)

    /// The method of this name with these parameters.
    member _.Of
        ([<DynamicallyAccessedMembers(Members.Methods)>] owner: Type, name: string, parameters: Type[])
        =
        owner.GetMethod(name, Members.Any, parameters) |> need name

    /// A method of .NET on vectors of this width with these parameters.
    member _.Plain(name, parameters: Type[]) : MethodInfo =
        VectorMethods.Holder(width).GetMethod(name, BindingFlags.Static ||| BindingFlags.Public, parameters)
        |> need name

    /// The method that fills all lanes with one element.
    member this.Fill kind = this.Plain("Create", [| element kind |])

    /// The method that reinterprets lanes of one kind as lanes of another.
    member _.As(from, target) : MethodInfo =
        VectorMethods.Instance(width, VectorMethods.Public width, "As", [| element from; element target |])

    /// A static property of vectors of a kind: Zero, Indices.
    member _.Constant(name: string, kind) : MethodInfo =
        VectorMethods.VectorOf(width, single, (kind = LaneKind.Float)).GetMethod("get_" + name) |> need name
