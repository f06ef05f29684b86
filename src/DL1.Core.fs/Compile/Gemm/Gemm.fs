namespace DL1.Compiler.Gemm

open DL1
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Matrix products at the speed of the processor: packed, blocked, in parallel, allocating nothing in the long run.
[<RequireQualifiedAccess>]
module internal Gemm =
    /// A product of f32 in vectors of a width, on at most so many threads.
    let f32On width threads (product: inref<GemmProblem>) =
        match width with
        | Width.Bits128 -> GemmDriver<F32x128, _, float32>.Own.Run(threads, &product)
        | Width.Bits256 -> GemmDriver<F32x256, _, float32>.Own.Run(threads, &product)
        | Width.Bits512 -> GemmDriver<F32x512, _, float32>.Own.Run(threads, &product)

    /// A product of f64 in vectors of a width, on at most so many threads.
    let f64On width threads (product: inref<GemmProblem>) =
        match width with
        | Width.Bits128 -> GemmDriver<F64x128, _, float>.Own.Run(threads, &product)
        | Width.Bits256 -> GemmDriver<F64x256, _, float>.Own.Run(threads, &product)
        | Width.Bits512 -> GemmDriver<F64x512, _, float>.Own.Run(threads, &product)

    /// One product on this thread alone, of an A whose rows are contiguous; f32.
    let rowsF32On width (product: inref<GemmProblem>) =
        let last = if product.N = 1 then product.M else product.N

        match width with
        | Width.Bits128 -> SmallGemm<F32x128, _, float32>.Run(&product, 0, 0, last)
        | Width.Bits256 -> SmallGemm<F32x256, _, float32>.Run(&product, 0, 0, last)
        | Width.Bits512 -> SmallGemm<F32x512, _, float32>.Run(&product, 0, 0, last)

    /// The same of f64.
    let rowsF64On width (product: inref<GemmProblem>) =
        let last = if product.N = 1 then product.M else product.N

        match width with
        | Width.Bits128 -> SmallGemm<F64x128, _, float>.Run(&product, 0, 0, last)
        | Width.Bits256 -> SmallGemm<F64x256, _, float>.Run(&product, 0, 0, last)
        | Width.Bits512 -> SmallGemm<F64x512, _, float>.Run(&product, 0, 0, last)

    /// A product of f32 in this machine's vectors, on the pool's threads.
    let f32 (product: inref<GemmProblem>) = f32On Simd.widest WorkerPool.threads &product

    /// A product of f64 in this machine's vectors, on the pool's threads.
    let f64 (product: inref<GemmProblem>) = f64On Simd.widest WorkerPool.threads &product
