namespace DL1

/// What `Augment.eraseWith` takes out; `Augment.erasing` is a start.
type EraseOptions =
    {
        /// The probability that an image loses a rectangle.
        Probability: float
        /// The smallest part of an image's area that is taken, above 0.
        Smallest: float
        /// The largest part, at most 1.
        Largest: float
        /// The flattest rectangle: height over width, above 0. The steepest is one over it.
        Flattest: float
        /// What stands where something was.
        Value: float
    }

/// Random changes of images `[batch; channels; height; width]` in training, so that a network sees each in many forms. Each
/// image is changed by numbers of its own, drawn from the scope's key: the same key gives the same images. In inference
/// nothing is changed.
[<RequireQualifiedAccess>]
module Augment =
    let private requireImages name (x: Expr) =
        Operand.requireRank name 4 "images [batch; channels; height; width]" x
        Operand.requireFloat name x

    let private requireProbability name (p: float) =
        if not (p >= 0.0 && p <= 1.0) then
            Refuse.domain
                name
                $"the probability {string p}"
                "a probability from 0 to 1"
                "0.5 is usual for flips"

    /// A change of images in training.
    let private inTraining name (change: Scope -> Expr -> Expr) : Layer<Expr, Expr> =
        Layer.create name (fun scope x ->
            requireImages name x
            if scope.IsTraining && x.Shape.Size > 0 then change scope x else x)

    /// Numbers of this range for each image, of the images' type.
    let private perImage low high (scope: Scope) (x: Expr) : Expr =
        Draw.uniform low high x.DType [ x.Shape[0] ] (scope.Key())

    let private flip name axis (p: float) : Layer<Expr, Expr> =
        requireProbability name p

        Layer.sized $"%g{p}"
        <| inTraining name (fun scope x ->
            let isTurned = Draw.bernoulli p [ x.Shape[0]; 1; 1; 1 ] (scope.Key())
            Expr.where isTurned (Expr.reverse [ axis ] x) x)

    /// Left and right change places with probability `p`. `Augment.flipHorizontal 0.5`
    let flipHorizontal (p: float) : Layer<Expr, Expr> = flip "FlipHorizontal" 3 p

    /// Top and bottom change places with probability `p`. `Augment.flipVertical 0.5`
    let flipVertical (p: float) : Layer<Expr, Expr> = flip "FlipVertical" 2 p

    /// Windows of extents, each image's beginning at a row and a column of its own.
    let private windows (height: int) (width: int) (rows: Expr) (columns: Expr) (x: Expr) : Expr =
        let batch = x.Shape[0]

        let places (start: Expr) extent dims =
            Expr.reshape [ batch; 1; 1; 1 ] (Expr.cast DType.I32 start)
            + Expr.reshape dims (Expr.arange DType.I32 extent)

        x
        |> Indexing.takeAlong 2 (places rows height [ 1; 1; height; 1 ])
        |> Indexing.takeAlong 3 (places columns width [ 1; 1; 1; width ])

    /// A whole number from 0 to `most` for each image.
    let private offsets (most: int) (scope: Scope) (x: Expr) = floor (perImage 0.0 (float most + 1.0) scope x)

    /// Each image moved by up to `padding` pixels along both axes, with zeros where nothing was: a window of its own extents
    /// in the image with zeros around it, as is usual for CIFAR. `Augment.crop 4`
    let crop (padding: int) : Layer<Expr, Expr> =
        if padding < 0 then
            Refuse.domain
                "Augment.crop"
                $"a padding of %d{padding}"
                "0 pixels or more"
                "4 is usual for images of 32 pixels"

        Layer.sized (string padding)
        <| inTraining "RandomCrop" (fun scope x ->
            if padding = 0 then
                x
            else
                let edges = [ 0; 0; padding; padding ]
                let padded = Expr.pad edges edges 0.0 x
                let rows, columns = offsets (2 * padding) scope x, offsets (2 * padding) scope x
                windows x.Shape[2] x.Shape[3] rows columns padded)

    /// Windows of these extents of the images: at a place of its own for each in training, in the middle in inference. Images
    /// that are smaller are a `ShapeError`. `Augment.cropTo 6 6`
    let cropTo (height: int) (width: int) : Layer<Expr, Expr> =
        Layer.requireSize "Augment.cropTo" "rows" height
        Layer.requireSize "Augment.cropTo" "columns" width

        Layer.sized $"%d{height}×%d{width}"
        <| Layer.create "RandomCrop" (fun scope x ->
            requireImages "cropTo" x
            let down, right = x.Shape[2] - height, x.Shape[3] - width

            if down < 0 || right < 0 then
                Refuse.shape
                    "cropTo"
                    (Operand.text x)
                    $"images of %d{height} by %d{width} pixels at least"
                    "resize them first, or crop to smaller extents"

            if scope.IsTraining && x.Shape.Size > 0 then
                let rows, columns = offsets down scope x, offsets right scope x
                windows height width rows columns x
            else
                x
                |> Expr.sliceAxis 2 (down / 2) (down / 2 + height)
                |> Expr.sliceAxis 3 (right / 2) (right / 2 + width))

    /// Images turned about their middles by angles `[batch]` in degrees, counter-clockwise, with straight lines between pixels
    /// and zeros where nothing was. `Augment.rotateBy degrees images`
    let rotateBy (degrees: Expr) (x: Expr) : Expr =
        requireImages "rotateBy" x
        let batch, channels, height, width = x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]

        if degrees.Shape <> Shape.ofList [ batch ] then
            Refuse.shape
                "rotateBy"
                (Operand.texts [ degrees; x ])
                $"an angle for each image, [%d{batch}]"
                "stretch one angle by broadcastTo"

        if x.Shape.Size = 0 then
            x
        else
            let angle = Expr.reshape [ batch; 1; 1 ] (Expr.cast x.DType degrees) * (System.Math.PI / 180.0)
            let centre extent = float (extent - 1) / 2.0

            let rows = Expr.reshape [ 1; height; 1 ] (Expr.arange x.DType height) - centre height

            let columns = Expr.reshape [ 1; 1; width ] (Expr.arange x.DType width) - centre width
            let cosine, sine = cos angle, sin angle
            // Where each pixel of the result comes from. Rows grow downwards.
            let fromRow = rows * cosine + columns * sine + centre height
            let fromColumn = columns * cosine - rows * sine + centre width
            let top, left = floor fromRow, floor fromColumn
            let flat = Expr.reshape [ batch; channels; height * width ] x

            let corner (row: Expr) (column: Expr) (weight: Expr) =
                let inside (e: Expr) extent = Expr.both (e .>= 0.0) (e .<= float (extent - 1))
                let isInside = Expr.both (inside row height) (inside column width)
                let place = Expr.where isInside (row * float width + column) (lit 0.0)
                let places = Expr.reshape [ batch; 1; height * width ] (Expr.cast DType.I32 place)

                let share = Expr.reshape [ batch; 1; height * width ] (Expr.where isInside weight (lit 0.0))

                share * Indexing.takeAlong 2 places flat

            let down, right = fromRow - top, fromColumn - left

            [
                corner top left ((1.0 - down) * (1.0 - right))
                corner top (left + 1.0) ((1.0 - down) * right)
                corner (top + 1.0) left (down * (1.0 - right))
                corner (top + 1.0) (left + 1.0) (down * right)
            ]
            |> List.reduce (+)
            |> Expr.reshape [ batch; channels; height; width ]

    /// Each image turned about its middle by an angle uniform in ±`degrees`, with straight lines between pixels and zeros where
    /// nothing was. `Augment.rotate 15.0`
    let rotate (degrees: float) : Layer<Expr, Expr> =
        if not (degrees >= 0.0 && degrees <= 180.0) then
            Refuse.domain "Augment.rotate" $"{string degrees} degrees" "0 to 180 degrees" "15 is usual"

        Layer.sized $"%g{degrees}°"
        <| inTraining "RandomRotation" (fun scope x ->
            if degrees = 0.0 then x else rotateBy (perImage -degrees degrees scope x) x)

    /// With probability 0.5 a rectangle of 2% to 33% of the image, at most 3.3 times as high as wide or as wide as high, becomes
    /// 0 (Zhong et al. 2020). `{ Augment.erasing with Value = 0.5 }`
    let erasing: EraseOptions =
        { Probability = 0.5; Smallest = 0.02; Largest = 0.33; Flattest = 1.0 / 3.3; Value = 0.0 }

    /// A rectangle of each image erased with a probability: its area, its form and its place are drawn for each image; one that
    /// would be larger than the image is cut. `Augment.eraseWith { Augment.erasing with Value = 0.5 }`
    let eraseWith (o: EraseOptions) : Layer<Expr, Expr> =
        requireProbability "Augment.erase" o.Probability
        let isArea = o.Smallest > 0.0 && o.Smallest < o.Largest && o.Largest <= 1.0

        if not (isArea && o.Flattest > 0.0 && o.Flattest < 1.0 && System.Double.IsFinite o.Value) then
            Refuse.domain
                "Augment.erase"
                $"areas from {string o.Smallest} to {string o.Largest}, a flattest form of {string o.Flattest}, the value {string o.Value}"
                "areas above 0 that grow, up to 1; a flattest form between 0 and 1; a finite value"
                "start from the usual options and change one"

        Layer.sized $"%g{o.Probability}"
        <| inTraining "RandomErasing" (fun scope x ->
            let height, width = x.Shape[2], x.Shape[3]
            let area = perImage o.Smallest o.Largest scope x * float (height * width)
            // As often high as wide.
            let form = exp (perImage (log o.Flattest) (-log o.Flattest) scope x)

            let within extent (e: Expr) =
                Expr.minimum (Expr.maximum (floor (e + 0.5)) (lit 1.0)) (lit (float extent))

            let rows, columns = within height (sqrt (area * form)), within width (sqrt (area / form))
            let start extent (size: Expr) = floor (perImage 0.0 1.0 scope x * (float extent - size + 1.0))
            let top, left = start height rows, start width columns
            let isChosen = Draw.bernoulli o.Probability [ x.Shape[0]; 1; 1; 1 ] (scope.Key())
            let each (e: Expr) = Expr.reshape [ x.Shape[0]; 1; 1; 1 ] e

            let within extent dims (first: Expr) (size: Expr) =
                let places = Expr.reshape dims (Expr.arange x.DType extent)
                Expr.both (places .>= each first) (places .< each (first + size))

            let isInside =
                Expr.both
                    (within height [ 1; 1; height; 1 ] top rows)
                    (within width [ 1; 1; 1; width ] left columns)

            Expr.where (Expr.both isChosen isInside) (lit o.Value) x)

    /// `eraseWith` the usual options and this probability. `Augment.erase 0.25`
    let erase (p: float) : Layer<Expr, Expr> = eraseWith { erasing with Probability = p }
