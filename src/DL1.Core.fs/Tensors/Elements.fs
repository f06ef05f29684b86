namespace DL1

open System
open System.Runtime.InteropServices

/// The elements of a tensor, row-major, one array for each element type. An array is written once, before the
/// tensor that holds it is handed out, and never again.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal Elements =
    | F32 of float32[]
    | F64 of float[]
    | I32 of int[]
    | I64 of int64[]
    | Bool of bool[]

/// The element types of .NET that a tensor can hold, and how they lie in it.
module internal Elements =
    /// The type of the elements.
    let dtype elements =
        match elements with
        | Elements.F32 _ -> DType.F32
        | Elements.F64 _ -> DType.F64
        | Elements.I32 _ -> DType.I32
        | Elements.I64 _ -> DType.I64
        | Elements.Bool _ -> DType.Bool

    /// The number of elements.
    let length elements =
        match elements with
        | Elements.F32 a -> a.Length
        | Elements.F64 a -> a.Length
        | Elements.I32 a -> a.Length
        | Elements.I64 a -> a.Length
        | Elements.Bool a -> a.Length

    /// Wraps an array without copying it; refuses an element type that tensors do not have.
    let wrap (operation: string) (array: 'e[]) =
        match box array with
        | :? (float32[]) as a when typeof<'e> = typeof<float32> -> Elements.F32 a
        | :? (float[]) as a when typeof<'e> = typeof<float> -> Elements.F64 a
        | :? (int[]) as a when typeof<'e> = typeof<int> -> Elements.I32 a
        | :? (int64[]) as a when typeof<'e> = typeof<int64> -> Elements.I64 a
        | :? (bool[]) as a when typeof<'e> = typeof<bool> -> Elements.Bool a
        | _ ->
            Refuse.shape
                operation
                $"elements of type {typeof<'e>.Name}"
                "float32, float, int, int64 or bool"
                "convert the array first, to float32 for one"

    /// The elements as an array of .NET, not a copy.
    let array elements : Array =
        match elements with
        | Elements.F32 a -> a
        | Elements.F64 a -> a
        | Elements.I32 a -> a
        | Elements.I64 a -> a
        | Elements.Bool a -> a

    /// The array itself, not a copy: for reading alone. Refuses another element type than the elements have.
    let read<'e> (operation: string) elements : 'e[] =
        let own = array elements

        match box own with
        // The runtime lets an int[] pass for a uint32[]; the types must be the same.
        | :? ('e[]) as a when own.GetType() = typeof<'e[]> -> a
        | _ ->
            let dtype = dtype elements

            Refuse.shape
                operation
                $"a tensor of {dtype} read as {typeof<'e>.Name}"
                $"the .NET type of {dtype}"
                "cast the tensor first"

    /// One element as a double.
    let toFloat offset elements =
        match elements with
        | Elements.F32 a -> float a[offset]
        | Elements.F64 a -> a[offset]
        | Elements.I32 a -> float a[offset]
        | Elements.I64 a -> float a[offset]
        | Elements.Bool a -> if a[offset] then 1.0 else 0.0

    /// The elements as doubles: exact for every type but i64 beyond 2⁵³; truth values are 0 and 1.
    let toFloats elements =
        match elements with
        | Elements.F32 a -> Array.map float a
        | Elements.F64 a -> Array.copy a
        | Elements.I32 a -> Array.map float a
        | Elements.I64 a -> Array.map float a
        | Elements.Bool a -> Array.map (fun b -> if b then 1.0 else 0.0) a

    /// The elements as 64-bit integers: floats are cut towards zero, NaN gives 0.
    let toIntegers elements =
        match elements with
        | Elements.F32 a -> Array.map int64 a
        | Elements.F64 a -> Array.map int64 a
        | Elements.I32 a -> Array.map int64 a
        | Elements.I64 a -> Array.copy a
        | Elements.Bool a -> Array.map (fun b -> if b then 1L else 0L) a

    /// Elements of a type from doubles: rounded to f32, cut towards zero to integers, true where not 0.
    let ofFloats dtype (values: float[]) =
        match dtype with
        | DType.F32 -> Elements.F32(Array.map float32 values)
        | DType.F64 -> Elements.F64 values
        | DType.I32 -> Elements.I32(Array.map int values)
        | DType.I64 -> Elements.I64(Array.map int64 values)
        | DType.Bool -> Elements.Bool(Array.map (fun v -> v <> 0.0) values)

    /// Elements of a type from as many doubles as a function makes; refused before it is called where memory would not
    /// hold both.
    let create dtype count (make: int -> float[]) =
        Allocation.requireElements "Tensor" count 16
        ofFloats dtype (make count)

    /// Elements of a type from integers, wrapping around where i32 is too narrow.
    let ofIntegers dtype (values: int64[]) =
        match dtype with
        | DType.F32 -> Elements.F32(Array.map float32 values)
        | DType.F64 -> Elements.F64(Array.map float values)
        | DType.I32 -> Elements.I32(Array.map int values)
        | DType.I64 -> Elements.I64 values
        | DType.Bool -> Elements.Bool(Array.map (fun v -> v <> 0L) values)

    /// New elements, each copied from the source's element at the given offset.
    let take (offsets: int[]) elements =
        let from (a: 'e[]) = Array.map (fun i -> a[i]) offsets

        match elements with
        | Elements.F32 a -> Elements.F32(from a)
        | Elements.F64 a -> Elements.F64(from a)
        | Elements.I32 a -> Elements.I32(from a)
        | Elements.I64 a -> Elements.I64(from a)
        | Elements.Bool a -> Elements.Bool(from a)

    let private copies<'e when 'e: unmanaged and 'e: struct and 'e: (new: unit -> 'e) and 'e :> ValueType>
        (count: int)
        (a: 'e[])
        : 'e[] =
        let result = Allocation.zeroed count
        let bytes = MemoryMarshal.AsBytes(ReadOnlySpan<'e>(a, 0, 1))

        if bytes.IndexOfAnyExcept 0uy >= 0 then
            Array.Fill(result, a[0])

        result

    /// The first element, `count` times.
    let repeat count elements =
        match elements with
        | Elements.F32 a -> Elements.F32(copies count a)
        | Elements.F64 a -> Elements.F64(copies count a)
        | Elements.I32 a -> Elements.I32(copies count a)
        | Elements.I64 a -> Elements.I64(copies count a)
        | Elements.Bool a -> Elements.Bool(copies count a)

    /// The elements of several tensors of one type, one after the other.
    let concat (parts: Elements list) =
        let pick chooser = parts |> List.choose chooser |> Array.concat

        match parts with
        | Elements.F32 _ :: _ ->
            Elements.F32(
                pick (function
                    | Elements.F32 a -> Some a
                    | _ -> None)
            )
        | Elements.F64 _ :: _ ->
            Elements.F64(
                pick (function
                    | Elements.F64 a -> Some a
                    | _ -> None)
            )
        | Elements.I32 _ :: _ ->
            Elements.I32(
                pick (function
                    | Elements.I32 a -> Some a
                    | _ -> None)
            )
        | Elements.I64 _ :: _ ->
            Elements.I64(
                pick (function
                    | Elements.I64 a -> Some a
                    | _ -> None)
            )
        | Elements.Bool _ :: _ ->
            Elements.Bool(
                pick (function
                    | Elements.Bool a -> Some a
                    | _ -> None)
            )
        | [] -> Elements.F32 [||]

    /// Whether all bits are the same: unlike equality, tells 0 from −0.
    let sameBits a b =
        match a, b with
        | Elements.F32 x, Elements.F32 y ->
            x.Length = y.Length
            && Array.forall2
                (fun p q -> BitConverter.SingleToInt32Bits p = BitConverter.SingleToInt32Bits q)
                x
                y
        | Elements.F64 x, Elements.F64 y ->
            x.Length = y.Length
            && Array.forall2
                (fun p q -> BitConverter.DoubleToInt64Bits p = BitConverter.DoubleToInt64Bits q)
                x
                y
        | Elements.I32 x, Elements.I32 y -> x = y
        | Elements.I64 x, Elements.I64 y -> x = y
        | Elements.Bool x, Elements.Bool y -> x = y
        | _ -> false
