namespace DL1.Onnx

open DL1

/// Products, convolutions and poolings as nodes of ONNX.
[<RequireQualifiedAccess>]
module internal EmitWindows =
    let private sweeps (all: Sweep list) =
        [
            Attributes.ints "strides" (all |> List.map _.Stride)
            Attributes.ints "dilations" (all |> List.map _.Dilation)
            Attributes.ints "pads" ((all |> List.map _.PadBefore) @ (all |> List.map _.PadAfter))
        ]

    /// A convolution, and the transposed one, whose extent is told by what is added at its end.
    let conv
        (w: GraphWriter)
        (role: ConvRole)
        (spec: ConvSpec)
        (kernel: int list)
        (y: int list)
        (a: string)
        (b: string)
        =
        let attributes =
            Attributes.ints "kernel_shape" kernel :: Attributes.int "group" spec.Groups :: sweeps spec.Sweeps

        match role with
        | ConvRole.Forward -> w.Add("Conv", [ a; b ], attributes)
        | ConvRole.InputGrad spatial ->
            let added =
                List.zip3 (List.zip spec.Sweeps kernel) y spatial
                |> List.map (fun ((s, k), places, extent) ->
                    extent - (s.Stride * (places - 1) + s.Dilation * (k - 1) + 1 - s.PadBefore - s.PadAfter))

            w.Add("ConvTranspose", [ a; b ], Attributes.ints "output_padding" added :: attributes)
        | ConvRole.WeightGrad _ ->
            Refuse.domain
                "Onnx.write"
                "a weights' gradient"
                "a convolution that is an operator of ONNX"
                "compose it of others"

    let private window (p: Window) = Attributes.ints "kernel_shape" p.Kernel :: sweeps p.Sweeps

    /// Windows that see no data, since dilation has them step over all of it: truth values of the places, where there are any.
    let private blind (p: Window) (spatial: int list) (places: int list) : Tensor voption =
        let along =
            List.zip (List.zip p.Kernel p.Sweeps) (List.zip spatial places)
            |> List.map (fun ((k, s), (extent, count)) ->
                Array.init count (fun i ->
                    let struct (first, last) = Sweep.inside s k extent i
                    first > last))

        let all =
            (along, [| false |])
            ||> List.foldBack (fun axis rest ->
                axis |> Array.collect (fun none -> rest |> Array.map (fun other -> none || other)))

        if Array.contains true all then
            ValueSome(Tensor.ofArray places all)
        else
            ValueNone

    /// Something else where windows see no data.
    let private instead (w: GraphWriter) (mask: Tensor voption) (value: Tensor) (x: string) : string =
        match mask with
        | ValueSome mask -> w.Add("Where", [ w.Constant mask; w.Constant value; x ], [])
        | ValueNone -> x

    let maxPool
        (w: GraphWriter)
        (p: Window)
        (dtype: DType)
        (spatial: int list)
        (places: int list)
        (x: string)
        : string =
        w.Add("MaxPool", [ x ], window p)
        |> instead w (blind p spatial places) (Tensor.full dtype [] -infinity)

    /// The places of the maxima among all elements of the operand, i64; 0 where there is none.
    let private peaks (w: GraphWriter) (p: Window) (mask: Tensor voption) (x: string) =
        (w.AddMany("MaxPool", [ x ], window p, 2))[1] |> instead w mask (Tensor.scalar 0L)

    let private flat (w: GraphWriter) (x: string) = w.Add("Reshape", [ x; w.Ints [ -1 ] ], [])

    /// What another operand has where the maxima are.
    let maxPoolPick
        (w: GraphWriter)
        (p: Window)
        (dtype: DType)
        (spatial: int list)
        (places: int list)
        (x: string)
        (u: string)
        =
        let mask = blind p spatial places

        EmitMovement.gather w 0 (flat w u) (peaks w p mask x) |> instead w mask (Tensor.full dtype [] 0.0)

    /// Updates added where the maxima are.
    let maxPoolScatter
        (w: GraphWriter)
        (p: Window)
        (dtype: DType)
        (places: int list)
        (size: Extent)
        (extents: Extent list)
        (x: string)
        (u: string)
        =
        let spatial = extents |> List.skip 2 |> List.map _.Offset
        let mask = blind p spatial places
        let zero = Tensor.full dtype [] 0.0

        let sums =
            w.Add(
                "ScatterElements",
                [
                    EmitMovement.fill w zero [ size ]
                    flat w (peaks w p mask x)
                    flat w (instead w mask zero u)
                ],
                [ Attributes.int "axis" 0; Attributes.text "reduction" "add" ]
            )

        EmitMovement.reshape w extents sums

    /// The mean of each window; padding counts as zeros.
    let avgPool (w: GraphWriter) (p: Window) (x: string) : string =
        let attributes = window p |> List.filter (fun (name, _) -> name <> "dilations")

        w.Add("AveragePool", [ x ], Attributes.int "count_include_pad" 1 :: attributes)
