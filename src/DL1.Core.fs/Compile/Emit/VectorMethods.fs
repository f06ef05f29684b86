namespace DL1.Compiler.Emit

open System
open System.Collections.Concurrent
open System.Reflection
open System.Runtime.Intrinsics
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// The vector types of one width and one float type, and the methods on them, found by reflection and cached.
[<Sealed>]
type internal VectorMethods private (width: Width, single: bool) =
    let holder, vector, bytes =
        match width with
        | Width.Bits128 -> typeof<Vector128>, typedefof<Vector128<float>>, 16
        | Width.Bits256 -> typeof<Vector256>, typedefof<Vector256<float>>, 32
        | Width.Bits512 -> typeof<Vector512>, typedefof<Vector512<float>>, 64

    let element kind =
        match kind with
        | LaneKind.Float -> if single then typeof<float32> else typeof<float>
        | LaneKind.Whole
        | LaneKind.Truth -> if single then typeof<int> else typeof<int64>

    let lanes (element: Type) = vector.MakeGenericType element
    let found = ConcurrentDictionary<struct (Type * string * Type), MethodInfo>()
    let flags = BindingFlags.Static ||| BindingFlags.Public ||| BindingFlags.NonPublic

    let need (name: string) (method: MethodInfo | null) : MethodInfo =
        match method with
        | null ->
            Refuse.domain
                "compile a fused loop"
                $"no method {name}"
                "a method of .NET or of DL1"
                "keep it from being trimmed"
        | method -> method

    static let all = ConcurrentDictionary<struct (Width * bool), VectorMethods>()

    /// The methods for a width, and for f32 where `single` is true, else f64.
    static member Get(width, single) =
        all.GetOrAdd(struct (width, single), (fun _ -> VectorMethods(width, single)))

    /// The bytes of a vector.
    member _.Bytes = bytes
    /// The bytes of a lane.
    member _.Size = if single then 4 else 8
    /// The lanes of a vector.
    member this.Lanes = bytes / this.Size
    /// The vectors of a block of 64 bytes.
    member _.Vectors = 64 / bytes
    /// The .NET type of a vector of lanes of a kind.
    member _.Vector kind = lanes (element kind)

    /// A class's generic method of this name, for lanes of a kind. Its parameters are vectors of this width, addresses and
    /// numbers.
    member _.Generic(owner: Type, name, kind) : MethodInfo =
        let element = element kind

        found.GetOrAdd(
            struct (owner, name, element),
            fun _ ->
                let suits (p: ParameterInfo) =
                    let t = p.ParameterType

                    if t.IsGenericType then
                        t.GetGenericTypeDefinition() = vector
                    else
                        not t.IsGenericParameter

                // DL1's are internal; those of .NET that are internal have no fixed meaning.
                owner.GetMethods(if owner = holder then flags &&& ~~~BindingFlags.NonPublic else flags)
                |> Array.tryFind (fun m ->
                    m.Name = name
                    && m.IsGenericMethodDefinition
                    && m.GetGenericArguments().Length = 1
                    && Array.forall suits (m.GetParameters()))
                |> Option.toObj
                |> need name
                |> _.MakeGenericMethod(element)
        )

    /// The generic method of .NET of this name on vectors of this width, for lanes of a kind.
    member this.Generic(name, kind) : MethodInfo = this.Generic(holder, name, kind)

    /// The method of this name with these parameters.
    member _.Of(owner: Type, name: string, parameters: Type[]) : MethodInfo =
        owner.GetMethod(name, flags, parameters) |> need name

    /// A method of .NET on vectors of this width with these parameters.
    member this.Plain(name, parameters) = this.Of(holder, name, parameters)

    /// The method that fills all lanes with one element.
    member this.Fill kind = this.Plain("Create", [| element kind |])

    /// The method that reinterprets lanes of one kind as lanes of another.
    member _.As(from, target) : MethodInfo =
        holder.GetMethods()
        |> Array.tryFind (fun m -> m.Name = "As" && m.GetGenericArguments().Length = 2)
        |> Option.toObj
        |> need "As"
        |> _.MakeGenericMethod(element from, element target)

    /// A static property of vectors of a kind: Zero, Indices.
    member _.Constant(name: string, kind) : MethodInfo =
        (lanes (element kind)).GetMethod("get_" + name) |> need name
