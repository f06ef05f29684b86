namespace DL1.Compiler.Emit

open System
open System.Collections.Concurrent
open System.Diagnostics.CodeAnalysis
open System.Reflection
open System.Runtime.Intrinsics
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Flags by which static methods, public or internal, are looked up by reflection.
module internal Members =
    /// The members of a class that a linker must keep when it trims a program, because this code looks them up: all methods.
    [<Literal>]
    let Methods =
        DynamicallyAccessedMemberTypes.PublicMethods ||| DynamicallyAccessedMemberTypes.NonPublicMethods

    /// The flags of a lookup; a literal, so that a linker that trims a program sees which methods are looked up.
    [<Literal>]
    let Any = BindingFlags.Static ||| BindingFlags.Public ||| BindingFlags.NonPublic

/// The vector types of one width and one float type, and the methods on them, found by reflection and cached by keys of a
/// reference type, since .NET comes with compiled code for dictionaries with such keys. Types are written out and
/// parameters annotated, so that a linker that trims a program sees which methods are needed.
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
        // A trimmed program may lack the method: `CodeCache` then has the loop interpreted.
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

    // One function for each width, since compiling a function loads all types that it names, some half a millisecond each.
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

    /// The type of vectors of a width, of floats or of integers; lanes have 4 bytes where `single` is true, else 8.
    [<return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)>]
    static member private VectorOf(width: Width, single: bool, isFloat: bool) : Type =
        match width with
        | Width.Bits128 -> VectorMethods.Vector128Of(single, isFloat)
        | Width.Bits256 -> VectorMethods.Vector256Of(single, isFloat)
        | Width.Bits512 -> VectorMethods.Vector512Of(single, isFloat)

    /// Finds, among `methods`, the generic method `name` whose parameters are vectors of a width or of a fixed type
    /// (addresses, numbers), and instantiates it for the types `elements`.
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

    /// The number of bytes of a vector.
    member _.Bytes = bytes
    /// The number of bytes of a lane.
    member _.Size = if single then 4 else 8
    /// The number of lanes of a vector.
    member this.Lanes = bytes / this.Size
    /// The number of vectors in a block of 64 bytes.
    member _.Vectors = 64 / bytes
    /// The .NET type of a vector of lanes of a kind.
    member _.Vector kind = VectorMethods.VectorOf(width, single, (kind = LaneKind.Float))

    /// The generic method of this name in class `owner`, for lanes of a kind; its vector parameters have this width.
    member _.Generic([<DynamicallyAccessedMembers(Members.Methods)>] owner: Type, name, kind) : MethodInfo =
        match found.TryGetValue((owner, name, element kind)) with
        | true, known -> known
        | false, _ -> add owner name (element kind) (owner.GetMethods Members.Any)

    /// The generic method of this name in `Vector128`, `Vector256` or `Vector512`, whichever has this width, for lanes of
    /// a kind. Only public methods are searched: .NET may change its internal ones.
    member _.Generic(name, kind) : MethodInfo =
        match found.TryGetValue((typeof<Vector128>, name, element kind)) with
        | true, known -> known
        | false, _ -> add typeof<Vector128> name (element kind) (VectorMethods.Public width)

    /// The static method of this name in the class `owner`, with these parameter types.
    member _.Of
        ([<DynamicallyAccessedMembers(Members.Methods)>] owner: Type, name: string, parameters: Type[])
        =
        owner.GetMethod(name, Members.Any, parameters) |> need name

    /// The method of .NET on vectors of this width that has this name and these parameter types.
    member _.Plain(name, parameters: Type[]) : MethodInfo =
        VectorMethods.Holder(width).GetMethod(name, BindingFlags.Static ||| BindingFlags.Public, parameters)
        |> need name

    /// The method that fills all lanes with one element.
    member this.Fill kind = this.Plain("Create", [| element kind |])

    /// The method that reinterprets lanes of one kind as lanes of another.
    member _.As(from, target) : MethodInfo =
        VectorMethods.Instance(width, VectorMethods.Public width, "As", [| element from; element target |])

    /// The getter of a static property of vectors of a kind, such as Zero or Indices.
    member _.Constant(name: string, kind) : MethodInfo =
        VectorMethods.VectorOf(width, single, (kind = LaneKind.Float)).GetMethod("get_" + name) |> need name
