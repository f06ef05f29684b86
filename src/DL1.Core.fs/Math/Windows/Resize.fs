namespace DL1

/// Data `[batch; channels; spatial...]` of any number of spatial axes in other extents.
[<RequireQualifiedAccess>]
module Resize =
    let private sizesOf operation (size: int list) (x: Expr) =
        let spatial = max 0 (x.Shape.Rank - 2)

        let size =
            match size with
            | [ n ] -> List.replicate spatial n
            | ns -> ns

        if spatial = 0 || size.Length <> spatial then
            Refuse.shape
                operation
                $"extents {size} for {Operand.text x}"
                "one extent for all axes behind [batch; channels], or one for each"
                "add the missing axes by expandDims"

        for i, n in List.indexed size do
            if n < 1 || x.Shape[i + 2] < 1 then
                Refuse.domain
                    operation
                    $"from %d{x.Shape[i + 2]} to %d{n} elements"
                    "extents of at least 1"
                    "leave empty data out"

        // Before as many places are made.
        Operand.shape operation (x.Shape[0] :: x.Shape[1] :: size) |> ignore
        size

    let private taken axis (places: int64[]) (x: Expr) =
        Expr.gather axis (Expr.constant (Tensor.ofArray [ places.Length ] places)) x

    /// Each element of the result from the place ⌊i·from/to⌋, as PyTorch's `nearest`: one extent for all spatial axes, or
    /// one for each. `Resize.nearest [ 2 ] images`
    let nearest (size: int list) (x: Expr) : Expr =
        sizesOf "Resize.nearest" size x
        |> List.indexed
        |> List.fold
            (fun x (i, n) ->
                let from = x.Shape[i + 2]

                if n = from then
                    x
                else
                    taken (i + 2) (Array.init n (fun k -> int64 k * int64 from / int64 n)) x)
            x

    /// Straight lines between neighbours along each spatial axis: bilinear for images. Elements are squares whose middles are
    /// mapped; where corners are aligned, the first and last middles stay where they are. As PyTorch's `bilinear`.
    /// `Resize.linear false [ 6 ] images`
    let linear (alignCorners: bool) (size: int list) (x: Expr) : Expr =
        Operand.requireFloat "Resize.linear" x

        let along (x: Expr) (i, n) =
            let axis, from = i + 2, x.Shape[i + 2]

            let place k =
                if alignCorners then
                    if n = 1 then 0.0 else float k * float (from - 1) / float (n - 1)
                else
                    max 0.0 ((float k + 0.5) * float from / float n - 0.5)

            if n = from then
                x
            else
                let places = Array.init n place
                let low = places |> Array.map (fun p -> min (int64 from - 1L) (int64 p))
                let high = low |> Array.map (fun p -> min (int64 from - 1L) (p + 1L))
                let weights = Array.map2 (fun p l -> p - float l) places low

                let weight =
                    Tensor.ofArray (n :: List.replicate (x.Shape.Rank - 1 - axis) 1) weights
                    |> Tensor.cast x.DType
                    |> Expr.constant

                (1.0 - weight) * taken axis low x + weight * taken axis high x

        sizesOf "Resize.linear" size x |> List.indexed |> List.fold along x

    let private requireImages operation factor (fits: bool) (wanted: string) (x: Expr) =
        if factor < 1 then
            Refuse.domain operation $"the factor %d{factor}" "1 or more" "2 doubles height and width"

        if x.Shape.Rank <> 4 || not fits then
            Refuse.shape operation $"{Operand.text x} by %d{factor}" wanted "check the factor"

    /// Channels as parts of larger images: `[batch; channels·r²; height; width]` to `[batch; channels; height·r; width·r]`
    /// (Shi et al. 2016). `Resize.pixelShuffle 1 images`
    let pixelShuffle (factor: int) (x: Expr) : Expr =
        let fits = x.Shape.Rank = 4 && int64 x.Shape[1] % max 1L (int64 factor * int64 factor) = 0L
        requireImages "pixelShuffle" factor fits "images [batch; channels·r²; height; width]" x
        let r, d = factor, x.Shape.ToList()
        let channels = d[1] / (r * r)

        Expr.reshape [ d[0]; channels; r; r; d[2]; d[3] ] x
        |> Expr.transpose [ 0; 1; 4; 2; 5; 3 ]
        |> Expr.reshape [ d[0]; channels; d[2] * r; d[3] * r ]

    /// The inverse of `pixelShuffle`: `[batch; channels; height·r; width·r]` to `[batch; channels·r²; height; width]`.
    /// `Resize.pixelUnshuffle 3 images`
    let pixelUnshuffle (factor: int) (x: Expr) : Expr =
        let fits = x.Shape.Rank = 4 && x.Shape[2] % max 1 factor = 0 && x.Shape[3] % max 1 factor = 0
        requireImages "pixelUnshuffle" factor fits "images [batch; channels; height·r; width·r]" x
        let r, d = factor, x.Shape.ToList()

        Expr.reshape [ d[0]; d[1]; d[2] / r; r; d[3] / r; r ] x
        |> Expr.transpose [ 0; 1; 3; 5; 2; 4 ]
        |> Expr.reshape [ d[0]; d[1] * r * r; d[2] / r; d[3] / r ]
