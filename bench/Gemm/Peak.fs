/// The most fused multiply-adds that this machine does: twelve chains at once, nothing read or written.
module DL1.Bench.Peak

open DL1
open DL1.Compiler.Inspection
open DL1.Compiler.Planning
open DL1.Compiler.Simd

[<AbstractClass; Sealed>]
type private Chains<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct> private () =
    static member Run(steps: int, start: nativeint, target: nativeint) =
        let x = 'S.Broadcast start
        let mutable a = x
        let mutable b = x
        let mutable c = x
        let mutable d = x
        let mutable e = x
        let mutable f = x
        let mutable g = x
        let mutable h = x
        let mutable i = x
        let mutable j = x
        let mutable k = x
        let mutable l = x

        for _ in 1..steps do
            a <- 'S.MultiplyAdd(a, x, x)
            b <- 'S.MultiplyAdd(b, x, x)
            c <- 'S.MultiplyAdd(c, x, x)
            d <- 'S.MultiplyAdd(d, x, x)
            e <- 'S.MultiplyAdd(e, x, x)
            f <- 'S.MultiplyAdd(f, x, x)
            g <- 'S.MultiplyAdd(g, x, x)
            h <- 'S.MultiplyAdd(h, x, x)
            i <- 'S.MultiplyAdd(i, x, x)
            j <- 'S.MultiplyAdd(j, x, x)
            k <- 'S.MultiplyAdd(k, x, x)
            l <- 'S.MultiplyAdd(l, x, x)

        let sum = 'S.Add('S.Add('S.Add(a, b), 'S.Add(c, d)), 'S.Add('S.Add(e, f), 'S.Add(g, h)))
        'S.Store('S.Add(sum, 'S.Add('S.Add(i, j), 'S.Add(k, l))), target)

/// The floating-point operations of `steps` steps of all chains, f32, in this machine's widest vectors.
let flops steps =
    let lanes =
        match Simd.widest with
        | Width.Bits128 -> 4
        | Width.Bits256 -> 8
        | Width.Bits512 -> 16

    2.0 * 12.0 * float lanes * float steps

/// Does `steps` steps; reads an element at `start` and leaves a vector at `target`.
let run (steps: int) (start: nativeint) (target: nativeint) =
    match Simd.widest with
    | Width.Bits128 -> Chains<Simd128<float32>, _, float32>.Run(steps, start, target)
    | Width.Bits256 -> Chains<Simd256<float32>, _, float32>.Run(steps, start, target)
    | Width.Bits512 -> Chains<Simd512<float32>, _, float32>.Run(steps, start, target)
