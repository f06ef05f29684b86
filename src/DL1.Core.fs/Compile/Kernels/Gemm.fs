namespace DL1

/// Matrix products at the speed of the processor: packed, blocked, in parallel, allocating nothing in the long run.
[<RequireQualifiedAccess>]
module internal Gemm =
    /// A product of f32 in vectors of a width, on at most so many threads.
    let f32On width threads (product: inref<Product>) =
        match width with
        | Width.Bits128 -> Multiply<F32x128, _, float32>.Own.Run(threads, &product)
        | Width.Bits256 -> Multiply<F32x256, _, float32>.Own.Run(threads, &product)
        | Width.Bits512 -> Multiply<F32x512, _, float32>.Own.Run(threads, &product)

    /// A product of f64 in vectors of a width, on at most so many threads.
    let f64On width threads (product: inref<Product>) =
        match width with
        | Width.Bits128 -> Multiply<F64x128, _, float>.Own.Run(threads, &product)
        | Width.Bits256 -> Multiply<F64x256, _, float>.Own.Run(threads, &product)
        | Width.Bits512 -> Multiply<F64x512, _, float>.Own.Run(threads, &product)

    /// One product on this thread alone, of an A whose rows are contiguous; f32.
    let rowsF32On width (product: inref<Product>) =
        let last = if product.N = 1 then product.M else product.N

        match width with
        | Width.Bits128 -> Strip<F32x128, _, float32>.Run(&product, 0, 0, last)
        | Width.Bits256 -> Strip<F32x256, _, float32>.Run(&product, 0, 0, last)
        | Width.Bits512 -> Strip<F32x512, _, float32>.Run(&product, 0, 0, last)

    /// The same of f64.
    let rowsF64On width (product: inref<Product>) =
        let last = if product.N = 1 then product.M else product.N

        match width with
        | Width.Bits128 -> Strip<F64x128, _, float>.Run(&product, 0, 0, last)
        | Width.Bits256 -> Strip<F64x256, _, float>.Run(&product, 0, 0, last)
        | Width.Bits512 -> Strip<F64x512, _, float>.Run(&product, 0, 0, last)

    /// A product of f32 in this machine's vectors, on the pool's threads.
    let f32 (product: inref<Product>) = f32On Simd.widest Pool.threads &product

    /// A product of f64 in this machine's vectors, on the pool's threads.
    let f64 (product: inref<Product>) = f64On Simd.widest Pool.threads &product
