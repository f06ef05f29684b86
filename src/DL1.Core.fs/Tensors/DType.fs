namespace DL1

/// The type of a tensor's elements.
[<RequireQualifiedAccess; Struct; StructuredFormatDisplay("{Name}")>]
type DType =
    /// 32-bit floating point: the default of tensors and networks.
    | F32
    /// 64-bit floating point: the default of scalar symbols.
    | F64
    /// 32-bit signed integers.
    | I32
    /// 64-bit signed integers: indices and classes.
    | I64
    /// Truth values.
    | Bool

    // C# has == and != where they are defined.
    static member op_Equality(a: DType, b: DType) = a.Equals b
    static member op_Inequality(a: DType, b: DType) = not (a.Equals b)

    /// The short name used in printed text: `f32`, `f64`, `i32`, `i64`, `bool`.
    member this.Name =
        match this with
        | F32 -> "f32"
        | F64 -> "f64"
        | I32 -> "i32"
        | I64 -> "i64"
        | Bool -> "bool"

    /// Whether the type is a floating-point type, and so has derivatives.
    member this.IsFloat =
        match this with
        | F32
        | F64 -> true
        | I32
        | I64
        | Bool -> false

    /// Whether the type holds whole numbers (truth values are not numbers).
    member this.IsInteger =
        match this with
        | I32
        | I64 -> true
        | F32
        | F64
        | Bool -> false

    /// The bytes of an element.
    member internal this.Bytes =
        match this with
        | F32
        | I32 -> 4
        | F64
        | I64 -> 8
        | Bool -> 1

    override this.ToString() = this.Name

/// Names of element types.
[<RequireQualifiedAccess>]
module DType =
    /// Every element type, in the order of the union.
    let all = [ DType.F32; DType.F64; DType.I32; DType.I64; DType.Bool ]

    /// The type with this short name, or `None`.
    let tryParse (name: string) = all |> List.tryFind (fun t -> t.Name = name)
