namespace DL1

/// Poolings as layers, over the axes behind `[batch; channels]`: one or two, `max` and `average` also three.
[<RequireQualifiedAccess>]
module Pooling =
    let private sized (kernel: int list) layer =
        Layer.sized (kernel |> List.map (fun n -> $"%d{n}") |> String.concat "×") layer

    /// The maximum of each window, with options. `Pooling.maxWith { Convolution.options with Stride = [ 1 ] } [ 3 ]`
    let maxWith (options: WindowOptions) (kernel: int list) =
        sized kernel (Layer.ofFunction "MaxPool" (Convolution.maxPool kernel options))

    /// The maximum of each window of this extent, windows side by side. `Pooling.max 2`
    let max (kernel: int) = maxWith Convolution.options [ kernel ]

    /// The mean of each window, with options; padding counts as zeros.
    /// `Pooling.averageWith { Convolution.options with Stride = [ 1 ] } [ 3 ]`
    let averageWith (options: WindowOptions) (kernel: int list) =
        sized kernel (Layer.ofFunction "AvgPool" (Convolution.avgPool kernel options))

    /// The mean of each window of this extent, windows side by side. `Pooling.average 2`
    let average (kernel: int) = averageWith Convolution.options [ kernel ]

    /// The maximum of each window, with the padding that makes each extent `extent / stride`, rounded up; the stride is the
    /// kernel unless given. `Pooling.maxSameWith { Convolution.options with Stride = [ 1 ] } [ 3 ]`
    let maxSameWith (options: WindowOptions) (kernel: int list) =
        sized kernel (Layer.ofFunction "MaxPool" (Windowed.maxSame kernel options))

    /// The mean of each window over the elements that are there, with the padding that makes each extent
    /// `extent / stride`, rounded up. `Pooling.averageSameWith { Convolution.options with Stride = [ 1 ] } [ 3 ]`
    let averageSameWith (options: WindowOptions) (kernel: int list) =
        sized kernel (Layer.ofFunction "AvgPool" (Windowed.averageSame kernel options))

    /// The maximum over an axis, which is removed; the gradient goes to the first of several that are equal, as that of
    /// a pooling whose windows are even.
    let private firstMax (axes: int list) (x: Expr) =
        let axis = List.head axes
        let outer, extent, inner = Strided.about axis x.Shape

        Expr.reshape [ outer; 1; extent; inner ] x
        |> Convolution.maxPool [ extent; 1 ] Convolution.options
        |> Expr.reshape ((Shape.removeAxis axis x.Shape).ToList())

    /// Reduces windows that start at ⌊i·n/m⌋ and end at ⌈(i + 1)·n/m⌉ of an axis of n, for each i below m.
    let private adaptAxis reduce axis size (x: Expr) =
        let extent = x.Shape[axis]

        List.init size (fun i ->
            let at (product: int64) = int (product / int64 size)
            let start = at (int64 i * int64 extent)
            let stop = at ((int64 i + 1L) * int64 extent + int64 size - 1L)
            reduce [ axis ] (Expr.sliceAxis axis start stop x))
        |> Expr.stack axis

    let private adaptive name reduce pool (size: int list) : Layer<Expr, Expr> =
        sized size
        <| Layer.create name (fun _ x ->
            let spatial = x.Shape.ToList() |> List.skip (min 2 x.Shape.Rank)
            let size = if size.Length = 1 then List.map (fun _ -> size.Head) spatial else size

            if
                size.Length <> spatial.Length
                || spatial.IsEmpty
                || List.exists2 (fun s n -> s < 1 || s > n) size spatial
            then
                Refuse.shape
                    name
                    $"{size} windows over {Operand.text x}"
                    "one extent, or one for each axis behind [batch; channels], from 1 to the axis's own"
                    "ask for fewer windows"

            if List.forall2 (fun s n -> n % s = 0) size spatial && spatial.Length <= 2 then
                pool (List.map2 (fun s n -> n / s) size spatial) Convolution.options x
            else
                // From the last axis on, so that the first of equal elements is the first in row-major order.
                List.indexed size |> List.rev |> List.fold (fun x (i, s) -> adaptAxis reduce (i + 2) s x) x)

    /// The mean over a given number of windows, whatever the extents: `[1]` is the mean of all.
    /// `Pooling.adaptiveAverage [ 1 ]`
    let adaptiveAverage (size: int list) = adaptive "AdaptiveAvgPool" Reduce.mean Convolution.avgPool size

    /// The maximum over a given number of windows, whatever the extents. `Pooling.adaptiveMax [ 1 ]`
    let adaptiveMax (size: int list) = adaptive "AdaptiveMaxPool" firstMax Convolution.maxPool size
