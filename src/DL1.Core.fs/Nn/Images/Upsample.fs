namespace DL1

/// Larger images as layers, by a whole factor for all spatial axes of data `[batch; channels; spatial...]`.
[<RequireQualifiedAccess>]
module Upsample =
    let private by (name: string) (factor: int) (resize: int list -> Expr -> Expr) : Layer<Expr, Expr> =
        if factor < 1 then
            Refuse.domain $"Upsample.{name}" $"the factor %d{factor}" "1 or more" "2 doubles height and width"

        Layer.sized (string factor)
        <| Layer.create "Upsample" (fun _ x ->
            let spatial = List.skip (min 2 x.Shape.Rank) (x.Shape.ToList())

            let size =
                spatial
                |> List.map (fun n ->
                    Shape.extent
                        "Upsample"
                        (fun () -> $"the factor %d{factor} for {Operand.text x}")
                        (int64 n * int64 factor))

            resize size x)

    /// Each element repeated. `Upsample.nearest 2`
    let nearest (factor: int) = by "nearest" factor Resize.nearest

    /// Straight lines between neighbours, bilinear for images, with or without aligned corners.
    /// `Upsample.linear false 2`
    let linear (alignCorners: bool) (factor: int) = by "linear" factor (Resize.linear alignCorners)

    /// Channels as parts of larger images: `[batch; channels·r²; height; width]` to `[batch; channels; height·r; width·r]`
    /// (Shi et al. 2016). `Upsample.pixelShuffle 2`
    let pixelShuffle (factor: int) =
        Layer.sized (string factor) (Layer.ofFunction "PixelShuffle" (Resize.pixelShuffle factor))
