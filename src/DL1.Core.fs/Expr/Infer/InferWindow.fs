namespace DL1

/// Shapes of convolutions and poolings: windows that move over the spatial axes of `[N; C; spatial...]`.
[<RequireQualifiedAccess>]
module internal InferWindow =
    let private checkSweeps operation (sweeps: Sweep list) =
        for s in sweeps do
            if s.Stride < 1 || s.Dilation < 1 || s.PadBefore < 0 || s.PadAfter < 0 then
                Refuse.domain
                    operation
                    $"stride %d{s.Stride}, padding %d{s.PadBefore} and %d{s.PadAfter}, dilation %d{s.Dilation}"
                    "stride and dilation of at least 1, padding of at least 0"
                    "check the options given"

    /// How many elements a window reaches over, from its first to its last.
    let private reachOf (kernel: int) (s: Sweep) = int64 s.Dilation * (int64 kernel - 1L) + 1L

    /// The extent of a padded axis, which the axes of all kernels' work stay within.
    let private paddedOf (extent: int) (s: Sweep) = int64 extent + int64 s.PadBefore + int64 s.PadAfter

    /// How many places a window has along one axis.
    let places operation (x: #IOperand) (extent: int) (kernel: int) (s: Sweep) =
        let reach, padded = reachOf kernel s, paddedOf extent s

        if kernel < 1 || reach > padded then
            Refuse.shape
                operation
                $"a window of %d{kernel} (reaching over %d{reach} with dilation %d{s.Dilation}) on an axis of %d{extent} padded to %d{padded}, of {Operand.text x}"
                "a window of at least 1 that fits into the padded axis"
                "pad more, or take a smaller window"

        let places = (padded - reach) / int64 s.Stride + 1L
        // Kernels step at most one stride past the last place; the stride does not count where there is one place.
        let last = if places > 1L then padded + int64 s.Stride else padded

        if last > int64 Shape.MostElements then
            Refuse.shape
                operation
                $"an axis of %d{extent} padded by %d{s.PadBefore} and %d{s.PadAfter}, with stride %d{s.Stride}, of {Operand.text x}"
                $"a padded axis, and a stride beyond it, of at most %d{Shape.MostElements} elements"
                "pad less, or take a smaller stride"

        int places

    /// Refuses data that, padded, would be larger than any tensor.
    let private checkPadded
        operation
        (x: #IOperand)
        (channels: int)
        (extents: int list)
        (sweeps: Sweep list)
        =
        let padded = List.map2 paddedOf extents sweeps

        let size =
            (int64 (max 1 channels), padded)
            ||> List.fold (fun size extent ->
                if size > int64 Shape.MostElements then size else size * max 1L extent)

        if size > int64 Shape.MostElements then
            Refuse.shape
                operation
                $"%d{channels} channels of {extents}, padded to {padded}, of {Operand.text x}"
                $"at most %d{Shape.MostElements} elements in a padded sample"
                "pad less"

    let private spatial (shape: Shape) = shape.ToList() |> List.skip 2

    let private placesOf operation x (extents: int list) (kernel: int list) (sweeps: Sweep list) =
        List.map3 (places operation x) extents kernel sweeps

    let private requireSpatial operation (sweeps: 'a list) (layout: string) (e: #IOperand) =
        Operand.requireRank operation (List.length sweeps + 2) layout e

    let private mismatch operation given expected =
        let weights =
            if operation = "convTranspose" then
                "[in; out / groups; kernel...]"
            else
                "[out; in / groups; kernel...]"

        Refuse.shape
            operation
            given
            expected
            $"check the channels and groups; data is [batch; channels; spatial...], weights {weights}"

    /// The shape of a convolution's result, by role.
    let conv operation (role: ConvRole) (spec: ConvSpec) (a: #IOperand) (b: #IOperand) =
        let groups = spec.Groups
        checkSweeps operation spec.Sweeps
        Operand.requireFloat operation a
        Operand.requireSameType operation a b
        // Made only for an error: a name takes longer to write than a node to make.
        let given () = Operand.texts [ a; b ] + $", groups %d{groups}"

        if groups < 1 then
            Refuse.domain
                operation
                (given ())
                "at least 1 group"
                "leave groups at 1 for an ordinary convolution"

        let divides n =
            if n % groups <> 0 then
                mismatch operation (given ()) $"channels that %d{groups} groups divide"

        match role with
        | ConvRole.Forward ->
            requireSpatial operation spec.Sweeps "[batch; channels; spatial...]" a
            requireSpatial operation spec.Sweeps "[out; in / groups; kernel...]" b
            divides a.Shape[1]
            divides b.Shape[0]

            if int64 a.Shape[1] <> int64 b.Shape[1] * int64 groups then
                mismatch
                    operation
                    (given ())
                    $"weights over %d{a.Shape[1] / groups} channels a group, as the data has"

            let places = placesOf operation a (spatial a.Shape) (spatial b.Shape) spec.Sweeps
            checkPadded operation a a.Shape[1] (spatial a.Shape) spec.Sweeps
            Shape.ofList (a.Shape[0] :: b.Shape[0] :: places)
        | ConvRole.InputGrad extents ->
            requireSpatial operation spec.Sweeps "[batch; channels; spatial...]" a
            requireSpatial operation spec.Sweeps "[channels; out / groups; kernel...]" b
            divides a.Shape[1]

            if a.Shape[1] <> b.Shape[0] then
                mismatch operation (given ()) $"weights for %d{a.Shape[1]} channels, as the data has"

            if List.length extents <> List.length spec.Sweeps then
                mismatch operation (given ()) $"a spatial extent for each of %d{List.length spec.Sweeps} axes"

            if extents |> List.exists (fun d -> d < 0) then
                Refuse.shape
                    operation
                    (given ())
                    $"a result of 0 or more elements an axis, but its extents would be {extents}"
                    "take less padding: it is cut from the result"

            if placesOf operation a extents (spatial b.Shape) spec.Sweeps <> spatial a.Shape then
                mismatch operation (given ()) $"data that a convolution of {Shape.ofList extents} gives"

            let channels =
                Shape.extent operation (fun () -> Operand.texts [ a; b ]) (int64 b.Shape[1] * int64 groups)

            checkPadded operation a channels extents spec.Sweeps
            Shape.ofList (a.Shape[0] :: channels :: extents)
        | ConvRole.WeightGrad kernel ->
            requireSpatial operation spec.Sweeps "[batch; channels; spatial...]" a
            requireSpatial operation spec.Sweeps "[batch; out; spatial...]" b
            divides a.Shape[1]
            divides b.Shape[1]

            if a.Shape[0] <> b.Shape[0] then
                mismatch operation (given ()) "as many samples on both sides"

            if List.length kernel <> List.length spec.Sweeps then
                mismatch operation (given ()) $"a kernel extent for each of %d{List.length spec.Sweeps} axes"

            if placesOf operation a (spatial a.Shape) kernel spec.Sweeps <> spatial b.Shape then
                mismatch operation (given ()) $"a result that a kernel of {Shape.ofList kernel} gives"

            checkPadded operation a a.Shape[1] (spatial a.Shape) spec.Sweeps
            Shape.ofList (b.Shape[1] :: a.Shape[1] / groups :: kernel)

    let private checkWindow operation (w: Window) =
        checkSweeps operation w.Sweeps

        if w.Kernel.Length <> w.Sweeps.Length then
            Refuse.domain
                operation
                $"a window of %d{w.Kernel.Length} axes swept over %d{w.Sweeps.Length}"
                "a sweep for each axis of the window"
                "give the kernel one extent an axis"

    /// The shape of a pooling's result.
    let pool operation (w: Window) (x: #IOperand) =
        checkWindow operation w
        Operand.requireFloat operation x
        requireSpatial operation w.Sweeps "[batch; channels; spatial...]" x
        // A window that lies in the padding alone has no maximum and no mean of data.
        for k, s in List.zip w.Kernel w.Sweeps do
            let reach = reachOf k s

            if k < 1 then
                Refuse.domain operation $"a window of %d{k}" "a window of at least 1" "check the kernel given"

            if int64 s.PadBefore >= reach || int64 s.PadAfter >= reach then
                Refuse.domain
                    operation
                    $"padding %d{s.PadBefore} and %d{s.PadAfter} for a window that reaches over %d{reach}"
                    "padding smaller than the window"
                    "pad by at most half of the kernel"

        Shape.ofList (x.Shape[0] :: x.Shape[1] :: placesOf operation x (spatial x.Shape) w.Kernel w.Sweeps)

    /// The shape of what a pooled tensor is spread back to.
    let unpool operation (w: Window) (extents: int list) (y: #IOperand) =
        checkWindow operation w
        Operand.requireFloat operation y
        requireSpatial operation w.Sweeps "[batch; channels; spatial...]" y

        if
            extents.Length <> w.Sweeps.Length
            || placesOf operation y extents w.Kernel w.Sweeps <> spatial y.Shape
        then
            mismatch operation (Operand.text y) $"what pooling over {Shape.ofList extents} gives"

        Shape.ofList (y.Shape[0] :: y.Shape[1] :: extents)
