namespace DL1.Compiler.Gemm

open System
open System.Collections.Concurrent
open System.Runtime.CompilerServices
open DL1
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// The key of a packed matrix: its first element's index in the array, its strides in elements, its extents, the vector width.
[<Struct>]
type internal PackedKey = { Offset: int; Row: int; Column: int; K: int; N: int; Width: Width }

/// Packed copies of matrices B that never change, such as a trained model's weights. Each is packed once. A copy belongs to the
/// array that holds the matrix: all plans that read the matrix share the copy, and it is freed with the array.
[<AbstractClass; Sealed>]
type internal PackedMatrix private () =
    static let known = ConditionalWeakTable<Array, ConcurrentDictionary<PackedKey, Once<Block>>>()

    static member private Pack<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
        (key: PackedKey, data: nativeint)
        : Block =
        let size, wide = sizeof<'T>, 2 * 'S.Bytes
        let columns = wide / size
        let panels = (key.N + columns - 1) / columns
        let row, column = nativeint key.Row * nativeint size, nativeint key.Column * nativeint size
        let bytes = KBlocks.packed key.K panels wide (KBlocks.count key.K) 0
        let block = Block("Compile", "weights of a product", int64 bytes)

        for kBlock in 0 .. KBlocks.count key.K - 1 do
            let deep = nativeint (kBlock * KBlocks.length key.K)

            for panel in 0 .. panels - 1 do
                let first = panel * columns
                let k, used = KBlocks.at key.K kBlock, min columns (key.N - first)
                let from = data + deep * row + nativeint first * column
                let into = block.Address + KBlocks.packed key.K panels wide kBlock panel
                Pack<'S, 'V, 'T>.Panel(k, used, from, row, column, into)

        block

    static member private On<'T when 'T: unmanaged>(key: PackedKey, data: nativeint) : Block =
        match key.Width with
        | Width.Bits128 -> PackedMatrix.Pack<Simd128<'T>, _, 'T>(key, data)
        | Width.Bits256 -> PackedMatrix.Pack<Simd256<'T>, _, 'T>(key, data)
        | Width.Bits512 -> PackedMatrix.Pack<Simd512<'T>, _, 'T>(key, data)

    /// Returns the packed copy of a matrix in an array of f32 or f64. `data` is the present address of the matrix's first
    /// element. One thread makes the copy while others wait; if that fails, the next call tries again.
    static member Of(dtype: DType, key: PackedKey, array: Array, data: nativeint) : Block =
        let make () =
            match dtype with
            | DType.F64 -> PackedMatrix.On<float>(key, data)
            | _ -> PackedMatrix.On<float32>(key, data)

        let packed = known.GetOrCreateValue array
        packed.GetOrAdd(key, (fun _ -> Once make)).Value
