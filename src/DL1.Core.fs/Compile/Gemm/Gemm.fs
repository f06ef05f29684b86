namespace DL1.Compiler.Gemm

open DL1.Compiler.Simd

/// Matrix products (GEMM): packed, blocked and parallel. They allocate nothing once their scratch buffers are large enough.
[<RequireQualifiedAccess>]
module internal Gemm =
    /// Computes a product of f32 or f64 with vectors of the given width, on at most `threads` threads.
    let on<'T when 'T: unmanaged> width threads (product: inref<GemmProblem>) =
        match width with
        | Width.Bits128 -> GemmDriver<Simd128<'T>, _, 'T>.Own.Run(threads, &product)
        | Width.Bits256 -> GemmDriver<Simd256<'T>, _, 'T>.Own.Run(threads, &product)
        | Width.Bits512 -> GemmDriver<Simd512<'T>, _, 'T>.Own.Run(threads, &product)

    /// Computes one product (`Batch` = 1) of f32 or f64 on the calling thread alone. Rows of A are contiguous (`A.Column` = 1).
    let rowsOn<'T when 'T: unmanaged> width (product: inref<GemmProblem>) =
        let last = if product.N = 1 then product.M else product.N

        match width with
        | Width.Bits128 -> SmallGemm<Simd128<'T>, _, 'T>.Run(&product, 0, 0, last)
        | Width.Bits256 -> SmallGemm<Simd256<'T>, _, 'T>.Run(&product, 0, 0, last)
        | Width.Bits512 -> SmallGemm<Simd512<'T>, _, 'T>.Run(&product, 0, 0, last)
