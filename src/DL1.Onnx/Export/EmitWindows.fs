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

    let maxPool (w: GraphWriter) (p: Window) (x: string) : string = w.Add("MaxPool", [ x ], window p)

    /// The places of the maxima among all elements of the operand, i64.
    let private peaks (w: GraphWriter) (p: Window) (x: string) = (w.AddMany("MaxPool", [ x ], window p, 2))[1]

    let private flat (w: GraphWriter) (x: string) = w.Add("Reshape", [ x; w.Ints [ -1 ] ], [])

    /// What another operand has where the maxima are.
    let maxPoolPick (w: GraphWriter) (p: Window) (x: string) (u: string) : string =
        EmitMovement.gather w 0 (flat w u) (peaks w p x)

    /// Updates added where the maxima are.
    let maxPoolScatter
        (w: GraphWriter)
        (p: Window)
        (dtype: DType)
        (size: Extent)
        (extents: Extent list)
        (x: string)
        (u: string)
        =
        let zeros = EmitMovement.fill w (Tensor.full dtype [] 0.0) [ size ]

        let sums =
            w.Add(
                "ScatterElements",
                [ zeros; flat w (peaks w p x); flat w u ],
                [ Attributes.int "axis" 0; Attributes.text "reduction" "add" ]
            )

        EmitMovement.reshape w extents sums

    /// The mean of each window; padding counts as zeros.
    let avgPool (w: GraphWriter) (p: Window) (x: string) : string =
        let attributes = window p |> List.filter (fun (name, _) -> name <> "dilations")

        w.Add("AveragePool", [ x ], Attributes.int "count_include_pad" 1 :: attributes)
