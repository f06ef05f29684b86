namespace DL1.Compiler.Gemm

open DL1
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Matrix products (GEMM): packed, blocked and parallel. They allocate nothing once their buffers have grown.
[<RequireQualifiedAccess>]
module internal Gemm =
    /// Computes a product of f32 with vectors of a width, on at most `threads` threads.
    let f32On width threads (product: inref<GemmProblem>) =
        match width with
        | Width.Bits128 -> GemmDriver<F32x128, _, float32>.Own.Run(threads, &product)
        | Width.Bits256 -> GemmDriver<F32x256, _, float32>.Own.Run(threads, &product)
        | Width.Bits512 -> GemmDriver<F32x512, _, float32>.Own.Run(threads, &product)

    /// Computes a product of f64 with vectors of a width, on at most `threads` threads.
    let f64On width threads (product: inref<GemmProblem>) =
        match width with
        | Width.Bits128 -> GemmDriver<F64x128, _, float>.Own.Run(threads, &product)
        | Width.Bits256 -> GemmDriver<F64x256, _, float>.Own.Run(threads, &product)
        | Width.Bits512 -> GemmDriver<F64x512, _, float>.Own.Run(threads, &product)

    /// Computes a single product of f32 on this thread alone; the rows of A are contiguous.
    let rowsF32On width (product: inref<GemmProblem>) =
        let last = if product.N = 1 then product.M else product.N

        match width with
        | Width.Bits128 -> SmallGemm<F32x128, _, float32>.Run(&product, 0, 0, last)
        | Width.Bits256 -> SmallGemm<F32x256, _, float32>.Run(&product, 0, 0, last)
        | Width.Bits512 -> SmallGemm<F32x512, _, float32>.Run(&product, 0, 0, last)

    /// Computes a single product of f64 on this thread alone; the rows of A are contiguous.
    let rowsF64On width (product: inref<GemmProblem>) =
        let last = if product.N = 1 then product.M else product.N

        match width with
        | Width.Bits128 -> SmallGemm<F64x128, _, float>.Run(&product, 0, 0, last)
        | Width.Bits256 -> SmallGemm<F64x256, _, float>.Run(&product, 0, 0, last)
        | Width.Bits512 -> SmallGemm<F64x512, _, float>.Run(&product, 0, 0, last)
