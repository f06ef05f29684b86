/// Networks for images, as their exporters write them: batch normalisation is part of the convolutions' weights, but in
/// ResNet18, where it stands apart.
module internal DL1.Bench.Onnx.Images

open DL1
open DL1.Onnx
open DL1.Bench.Onnx.Builder

/// A convolution with a bias; `pads` are those before the rows and the columns, then those after.
let private conv (b: Builder) outputs inputs groups kernel stride (pads: int list) (x: string) =
    let each = inputs / groups

    b.With(
        "Conv",
        [ x; b.Weight([ outputs; each; kernel; kernel ], each * kernel * kernel); b.Vector(0.0, outputs) ],
        [
            "kernel_shape", ints [ kernel; kernel ]
            "strides", ints [ stride; stride ]
            "pads", ints pads
            "group", int' groups
        ]
    )

let private even n = [ n; n; n; n ]
let private relu (b: Builder) (x: string) = b.Op("Relu", x)

let private maxPool (b: Builder) kernel stride pad ceil (x: string) =
    b.With(
        "MaxPool",
        [ x ],
        [
            "kernel_shape", ints [ kernel; kernel ]
            "strides", ints [ stride; stride ]
            "pads", ints (even pad)
            "ceil_mode", int' ceil
        ]
    )

/// SqueezeNet 1.1 (Iandola et al. 2016).
let squeezeNet side : Model =
    let b = Builder()

    let fire inputs squeezed each x =
        let s = x |> conv b squeezed inputs 1 1 1 (even 0) |> relu b
        let one = s |> conv b each squeezed 1 1 1 (even 0) |> relu b
        let three = s |> conv b each squeezed 1 3 1 (even 1) |> relu b
        b.With("Concat", [ one; three ], [ "axis", int' 1 ])

    let y =
        "input"
        |> conv b 64 3 1 3 2 (even 0)
        |> relu b
        |> maxPool b 3 2 0 1
        |> fire 64 16 64
        |> fire 128 16 64
        |> maxPool b 3 2 0 1
        |> fire 128 32 128
        |> fire 256 32 128
        |> maxPool b 3 2 0 1
        |> fire 256 48 192
        |> fire 384 48 192
        |> fire 384 64 256
        |> fire 512 64 256
        |> conv b 1000 512 1 1 1 (even 0)
        |> relu b

    let pooled = b.Op("GlobalAveragePool", y)
    let flat = b.With("Flatten", [ pooled ], [ "axis", int' 1 ])
    b.Model($"SqueezeNet %d{side}", [ "input", normal 1L [ 1; 3; side; side ] ], [ flat ])

/// MobileNetV2 (Sandler et al. 2018).
let mobileNet side : Model =
    let b = Builder()
    let relu6 (x: string) = b.Op("Clip", x, b.Number 0.0, b.Number 6.0)

    let residual inputs outputs stride expansion (x: string) =
        let hidden = inputs * expansion
        let wide = if expansion = 1 then x else x |> conv b hidden inputs 1 1 1 (even 0) |> relu6

        let y =
            wide
            |> conv b hidden hidden hidden 3 stride (even 1)
            |> relu6
            |> conv b outputs hidden 1 1 1 (even 0)

        if stride = 1 && inputs = outputs then b.Op("Add", x, y) else y

    let mutable x = "input" |> conv b 32 3 1 3 2 (even 1) |> relu6
    let mutable inputs = 32

    for expansion, outputs, count, stride in
        [
            1, 16, 1, 1
            6, 24, 2, 2
            6, 32, 3, 2
            6, 64, 4, 2
            6, 96, 3, 1
            6, 160, 3, 2
            6, 320, 1, 1
        ] do
        for i in 1..count do
            x <- residual inputs outputs (if i = 1 then stride else 1) expansion x
            inputs <- outputs

    let y = x |> conv b 1280 320 1 1 1 (even 0) |> relu6
    let pooled = b.Op("GlobalAveragePool", y)
    let flat = b.With("Flatten", [ pooled ], [ "axis", int' 1 ])

    let scores =
        b.With("Gemm", [ flat; b.Weight([ 1000; 1280 ], 1280); b.Vector(0.0, 1000) ], [ "transB", int' 1 ])

    b.Model($"MobileNetV2 %d{side}", [ "input", normal 1L [ 1; 3; side; side ] ], [ scores ])

/// ResNet18 (He et al. 2015), with batch normalisation as nodes of their own.
let resNet18 side : Model =
    let b = Builder()

    let normalised outputs inputs kernel stride pad (x: string) =
        let weight = b.Weight([ outputs; inputs; kernel; kernel ], inputs * kernel * kernel)

        let y =
            b.With(
                "Conv",
                [ x; weight ],
                [
                    "kernel_shape", ints [ kernel; kernel ]
                    "strides", ints [ stride; stride ]
                    "pads", ints (even pad)
                ]
            )

        b.Op(
            "BatchNormalization",
            y,
            b.Vector(1.0, outputs),
            b.Vector(0.0, outputs),
            b.Vector(0.0, outputs),
            b.Constant(Tensor.ones DType.F32 [ outputs ])
        )

    let block inputs outputs stride (x: string) =
        let y =
            x
            |> normalised outputs inputs 3 stride 1
            |> relu b
            |> normalised outputs outputs 3 1 1

        let short = if stride = 1 then x else normalised outputs inputs 1 stride 0 x
        b.Op("Add", y, short) |> relu b

    let y =
        "input"
        |> normalised 64 3 7 2 3
        |> relu b
        |> maxPool b 3 2 1 0
        |> block 64 64 1
        |> block 64 64 1
        |> block 64 128 2
        |> block 128 128 1
        |> block 128 256 2
        |> block 256 256 1
        |> block 256 512 2
        |> block 512 512 1

    let pooled = b.Op("GlobalAveragePool", y)
    let flat = b.With("Flatten", [ pooled ], [ "axis", int' 1 ])

    let scores =
        b.With("Gemm", [ flat; b.Weight([ 1000; 512 ], 512); b.Vector(0.0, 1000) ], [ "transB", int' 1 ])

    b.Model($"ResNet18 %d{side}", [ "input", normal 1L [ 1; 3; side; side ] ], [ scores ])

/// BlazeFace for the front camera (Bazarevsky et al. 2019), 128 by 128: padding as TensorFlow sets it, more after than before.
let blazeFace: unit -> Model =
    fun () ->
        let b = Builder()
        let zero = b.Number 0.0

        let block inputs outputs stride (x: string) =
            let pads = if stride = 1 then even 1 else [ 0; 0; 1; 1 ]

            let y =
                x
                |> conv b inputs inputs inputs 3 stride pads
                |> conv b outputs inputs 1 1 1 (even 0)

            let short = if stride = 1 then x else maxPool b 2 2 0 0 x

            let padded =
                if outputs = inputs then
                    short
                else
                    b.Op("Pad", short, b.Integers [ 0; 0; 0; 0; 0; outputs - inputs; 0; 0 ], zero)

            b.Op("Add", y, padded) |> relu b

        let chain (widths: (int * int) list) start x =
            ((start, x), widths)
            ||> List.fold (fun (inputs, x) (outputs, stride) -> outputs, block inputs outputs stride x)
            |> snd

        let first = b.With("Transpose", [ "input" ], [ "perm", ints [ 0; 3; 1; 2 ] ])
        let stem = first |> conv b 24 3 1 5 2 [ 1; 1; 2; 2 ] |> relu b

        let sixteen =
            stem
            |> chain
                [
                    24, 1
                    28, 1
                    32, 2
                    36, 1
                    42, 1
                    48, 2
                    56, 1
                    64, 1
                    72, 1
                    80, 1
                    88, 1
                ]
                24

        let eight = sixteen |> chain [ 96, 2; 96, 1; 96, 1; 96, 1; 96, 1 ] 88

        let head inputs anchors values (x: string) =
            let y = conv b (anchors * values) inputs 1 1 1 (even 0) x
            let last = b.With("Transpose", [ y ], [ "perm", ints [ 0; 2; 3; 1 ] ])
            b.Op("Reshape", last, b.Integers [ 1; -1; values ])

        let both values =
            b.With("Concat", [ head 88 2 values sixteen; head 96 6 values eight ], [ "axis", int' 1 ])

        let boxes, scores = both 16, both 1
        b.Model("BlazeFace 128", [ "input", normal 1L [ 1; 128; 128; 3 ] ], [ boxes; scores ])
