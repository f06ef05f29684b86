namespace DL1

/// Sums over neighbouring axes: a tensor seen as [outer; reduced; inner], summed in double in the order of the reduced
/// axis, as Eval does.
[<RequireQualifiedAccess>]
module internal SumKernel =
    /// The extents before, of and after the axes, where they stand side by side.
    let neighbours (shape: Shape) (axes: int list) : struct (int * int * int) option =
        let first, last = List.head axes, List.last axes

        if axes = [ first..last ] then
            let product from until = List.fold (fun n axis -> n * shape[axis]) 1 [ from .. until - 1 ]

            Some(struct (product 0 first, product first (last + 1), product (last + 1) shape.Rank))
        else
            None

    let inline private sum
        (outer: int)
        (reduced: int)
        (inner: int)
        ([<InlineIfLambda>] load: int -> float)
        ([<InlineIfLambda>] store: int -> float -> unit)
        =
        let sums = Array.zeroCreate<float> inner

        for o in 0 .. outer - 1 do
            System.Array.Clear sums

            for r in 0 .. reduced - 1 do
                let from = (o * reduced + r) * inner

                for i in 0 .. inner - 1 do
                    sums[i] <- sums[i] + load (from + i)

            for i in 0 .. inner - 1 do
                store (o * inner + i) sums[i]

    let f32 outer reduced inner (source: float32[]) (target: float32[]) =
        sum outer reduced inner (fun i -> float source[i]) (fun i v -> target[i] <- float32 v)

    let f64 outer reduced inner (source: float[]) (target: float[]) =
        sum outer reduced inner (fun i -> source[i]) (fun i v -> target[i] <- v)
