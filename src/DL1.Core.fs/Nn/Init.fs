namespace DL1

open System

/// A way to draw the first values of a parameter: from an element type, extents and a key.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Name}")>]
type Initializer =
    {
        /// What it is, for tables.
        Name: string
        /// Draws a tensor.
        Draw: DType -> int list -> Key -> Tensor
    }

    override this.ToString() = this.Name

/// Which of a weight's fans its variance is divided by.
[<RequireQualifiedAccess; Struct>]
type Fan =
    /// The inputs of one output: keeps the variance of what goes forward.
    | In
    /// The outputs of one input: keeps the variance of what comes back.
    | Out

/// Whether a layer has a bias, and how its parameters begin; `Init.parameters` is a start.
[<NoEquality; NoComparison>]
type ParameterOptions =
    {
        /// Whether there is a bias.
        Bias: bool
        /// How the weight begins.
        Weight: Initializer
        /// How the bias begins; `None` is PyTorch's default, uniform within ±1/√fanIn of the weight.
        BiasInit: Initializer option
    }

/// Initialisers. Weights are `[out; in; kernel...]`: the inputs of one output (fan-in) are in·kernel, the outputs of one
/// input (fan-out) out·kernel. The gain makes up for what the activation takes away: √2 for ReLU, 5/3 for tanh.
[<RequireQualifiedAccess>]
module Init =
    let private make name (draw: DType -> int list -> Key -> Tensor) =
        {
            Name = name
            Draw =
                fun dtype dims key ->
                    try
                        draw dtype dims key
                    with :? OutOfMemoryException ->
                        Allocation.failed "Init"
        }

    /// Zeros. `Init.zeros`
    let zeros = make "zeros" (fun dtype dims _ -> Tensor.zeros dtype dims)
    /// Ones. `Init.ones`
    let ones = make "ones" (fun dtype dims _ -> Tensor.ones dtype dims)

    let private requireFinite operation (what: string) (value: float) =
        if not (Double.IsFinite value) then
            Refuse.domain
                operation
                $"{what} {string value}"
                "a finite number"
                "look for the division that made it"

    let private requireGain operation (gain: float) =
        if not (gain > 0.0 && Double.IsFinite gain) then
            Refuse.domain
                operation
                $"the gain {string gain}"
                "a finite gain above 0"
                "1 for linear layers, the root of 2 for ReLU"

    let private requireNormal operation (mean: float) (deviation: float) =
        requireFinite operation "the mean" mean

        if not (deviation >= 0.0 && Double.IsFinite deviation) then
            Refuse.domain
                operation
                $"the deviation {string deviation}"
                "a finite standard deviation of 0 or more"
                "0.02 is common"

    /// One value everywhere. `Init.constant 0.25`
    let constant (value: float) =
        requireFinite "Init.constant" "the value" value
        make $"constant {string value}" (fun dtype dims _ -> Tensor.full dtype dims value)

    /// Uniform in [low, high). `Init.uniform -0.1 0.1`
    let uniform (low: float) (high: float) =
        requireFinite "Init.uniform" "the low bound" low
        requireFinite "Init.uniform" "the high bound" high
        // Joined, not formatted: F#'s formatting takes ten milliseconds at its first use, and every network begins here.
        make ("uniform [" + string low + ", " + string high + ")") (Key.uniform low high)

    /// Normal. `Init.normal 0.0 0.02`
    let normal (mean: float) (deviation: float) =
        requireNormal "Init.normal" mean deviation

        make $"normal {string mean} {string deviation}" (Key.normal mean deviation)

    /// Normal, restricted to two deviations on both sides. `Init.truncatedNormal 0.0 0.02`
    let truncatedNormal (mean: float) (deviation: float) =
        requireNormal "Init.truncatedNormal" mean deviation
        let reach = 2.0 * deviation

        make
            $"truncated normal {string mean} {string deviation}"
            (Key.truncatedNormal mean deviation (mean - reach) (mean + reach))

    /// Fan-in and fan-out of a weight `[out; in; kernel...]`; fewer than two axes are a `ShapeError`.
    /// `Init.fans [ 64; 32; 3; 3 ]`
    let fans (dims: int list) =
        match dims with
        | outputs :: inputs :: kernel ->
            // What is larger than any tensor is refused before it overflows.
            Shape.ofList dims |> ignore
            let field = List.fold (*) 1 kernel
            inputs * field, outputs * field
        | _ ->
            Refuse.shape
                "Init.fans"
                $"a parameter of extents {dims}"
                "a weight of two axes or more: [out; in; kernel...]"
                "give a vector another initialiser: zeros, or uniform"

    let private fanOf (fan: Fan) dims =
        let fanIn, fanOut = fans dims

        float (
            max
                1
                (match fan with
                 | Fan.In -> fanIn
                 | Fan.Out -> fanOut)
        )

    let private within bound dtype dims key = Key.uniform -bound bound dtype dims key

    /// Uniform within ±gain·√(6/(fanIn + fanOut)) (Glorot and Bengio 2010). `Init.xavierUniform 1.0`
    let xavierUniform (gain: float) =
        requireGain "Init.xavierUniform" gain

        make $"Xavier uniform {string gain}" (fun dtype dims key ->
            let fanIn, fanOut = fans dims
            within (gain * sqrt (6.0 / float (max 1 (fanIn + fanOut)))) dtype dims key)

    /// Normal of deviation gain·√(2/(fanIn + fanOut)) (Glorot and Bengio 2010). `Init.xavierNormal 1.0`
    let xavierNormal (gain: float) =
        requireGain "Init.xavierNormal" gain

        make $"Xavier normal {string gain}" (fun dtype dims key ->
            let fanIn, fanOut = fans dims
            Key.normal 0.0 (gain * sqrt (2.0 / float (max 1 (fanIn + fanOut)))) dtype dims key)

    /// Uniform within ±gain·√(3/fan) (He et al. 2015). `Init.kaimingUniform Fan.In (sqrt 2.0)`
    let kaimingUniform (fan: Fan) (gain: float) =
        requireGain "Init.kaimingUniform" gain

        make $"Kaiming uniform {string gain}" (fun dtype dims key ->
            within (gain * sqrt (3.0 / fanOf fan dims)) dtype dims key)

    /// Normal of deviation gain/√fan (He et al. 2015). `Init.kaimingNormal Fan.In (sqrt 2.0)`
    let kaimingNormal (fan: Fan) (gain: float) =
        requireGain "Init.kaimingNormal" gain

        make $"Kaiming normal {string gain}" (fun dtype dims key ->
            Key.normal 0.0 (gain / sqrt (fanOf fan dims)) dtype dims key)

    /// Normal of deviation 1/√fanIn (LeCun et al. 1998). `Init.lecunNormal`
    let lecunNormal = { kaimingNormal Fan.In 1.0 with Name = "LeCun normal" }
    /// Uniform of deviation 1/√fanIn (LeCun et al. 1998). `Init.lecunUniform`
    let lecunUniform = { kaimingUniform Fan.In 1.0 with Name = "LeCun uniform" }

    /// Uniform within ±1/√fanIn: PyTorch's default for weights of linear layers and convolutions. `Init.standard`
    let standard = { kaimingUniform Fan.In (sqrt (1.0 / 3.0)) with Name = "standard" }

    /// Orthonormal rows, or columns where they are fewer, times a gain (Saxe et al. 2014): the Q of a normal matrix, the
    /// axes behind the first folded together. `Init.orthogonal 1.0`
    let orthogonal (gain: float) =
        requireGain "Init.orthogonal" gain

        make $"orthogonal {string gain}" (fun dtype dims key ->
            fans dims |> ignore
            let rows, columns = dims.Head, List.fold (*) 1 dims.Tail
            let tall, narrow = max rows columns, min rows columns
            let qr = (Convert.toMatrix<float>(Key.normal 0.0 1.0 DType.F64 [ tall; narrow ] key)).QR()
            let q, r = qr.Q.SubMatrix(0, tall, 0, narrow), qr.R
            // With R's diagonal made positive, every orthogonal matrix is as likely as any other.
            let signs = Array.init narrow (fun i -> if r[i, i] < 0.0 then -gain else gain)

            let element row column =
                if rows >= columns then
                    signs[column] * q[row, column]
                else
                    signs[row] * q[column, row]

            Array.init (rows * columns) (fun i -> element (i / columns) (i % columns))
            |> Tensor.ofArray dims
            |> Tensor.cast dtype)

    /// A bias, and PyTorch's defaults. `{ Init.parameters with Bias = false }`
    let parameters = { Bias = true; Weight = standard; BiasInit = None }

    /// Uniform within ±1/√fan: PyTorch's default for biases, and for recurrent layers with the hidden units as the fan.
    /// `Init.boundedBy 128`
    let boundedBy (fan: int) =
        let bound = 1.0 / sqrt (float (max 1 fan))
        { uniform -bound bound with Name = "within ±1/√" + string fan }
