/// The examples of layers: for each the shape of its result, and the shapes of what it asks for.
module DL1.Tests.NnExamples

open DL1
open DL1.Tests.Example

let private rows, sounds, images = data [ 2; 4 ], data [ 2; 4; 9 ], data [ 2; 4; 8; 8 ]
let private scans = data [ 2; 1; 5; 6; 6 ]
let private indices = Expr.variable "i" DType.I64 [ 2; 5 ]
let private key = Key.ofSeed 42L
let private x = rows
let private model = Dense.linear 3 => Activation.relu

/// What an initialiser is called, and what it draws for a matrix of two by two.
let private drawn (init: Initializer) = $"{init}: {init.Draw DType.F32 [ 2; 2 ] key}"

let private inits =
    [
        prints "zeros" "zeros: f32 [2, 2] [[0 0] [0 0]]" (fun () -> Init.zeros |> drawn)
        prints "ones" "ones: f32 [2, 2] [[1 1] [1 1]]" (fun () -> Init.ones |> drawn)
        prints "constant" "constant 0.25: f32 [2, 2] [[0.25 0.25] [0.25 0.25]]" (fun () ->
            Init.constant 0.25 |> drawn)
        prints
            "uniform"
            "uniform [-0.1, 0.1): f32 [2, 2] [[-0.077408 0.093717] [ 0.014646 0.068172]]"
            (fun () -> Init.uniform -0.1 0.1 |> drawn)
        prints "normal" "normal 0 0.02: f32 [2, 2] [[-0.009763 0.024493] [ 0.026000 0.036777]]" (fun () ->
            Init.normal 0.0 0.02 |> drawn)
        prints
            "truncatedNormal"
            "truncated normal 0 0.02: f32 [2, 2] [[-0.022474 0.032378] [ 0.003522 0.018719]]"
            (fun () -> Init.truncatedNormal 0.0 0.02 |> drawn)
        prints "fans" "(288, 576)" (fun () -> Init.fans [ 64; 32; 3; 3 ])
        prints "xavierUniform" "Xavier uniform 1: f32 [2, 2] [[-0.9481 1.1478] [ 0.1794 0.8349]]" (fun () ->
            Init.xavierUniform 1.0 |> drawn)
        prints "xavierNormal" "Xavier normal 1: f32 [2, 2] [[-0.3452 0.8660] [ 0.9193 1.3003]]" (fun () ->
            Init.xavierNormal 1.0 |> drawn)
        prints
            "kaimingUniform"
            "Kaiming uniform 1.4142135623730951: f32 [2, 2] [[-1.3407 1.6232] [ 0.2537 1.1808]]"
            (fun () -> Init.kaimingUniform Fan.In (sqrt 2.0) |> drawn)
        prints
            "kaimingNormal"
            "Kaiming normal 1.4142135623730951: f32 [2, 2] [[-0.4882 1.2246] [ 1.3000 1.8388]]"
            (fun () -> Init.kaimingNormal Fan.In (sqrt 2.0) |> drawn)
        prints "lecunNormal" "LeCun normal: f32 [2, 2] [[-0.3452 0.8660] [ 0.9193 1.3003]]" (fun () ->
            Init.lecunNormal |> drawn)
        prints "lecunUniform" "LeCun uniform: f32 [2, 2] [[-0.9481 1.1478] [ 0.1794 0.8349]]" (fun () ->
            Init.lecunUniform |> drawn)
        prints "standard" "standard: f32 [2, 2] [[-0.54736 0.66268] [ 0.10357 0.48205]]" (fun () ->
            Init.standard |> drawn)
        prints "orthogonal" "orthogonal 1: f32 [2, 2] [[-0.83533 0.54975] [ 0.54975 0.83533]]" (fun () ->
            Init.orthogonal 1.0 |> drawn)
        prints "parameters" "False" (fun () -> { Init.parameters with Bias = false }.Bias)
        prints "boundedBy" "within ±1/√128: f32 [2, 2] [[-0.068420 0.082835] [ 0.012946 0.060256]]" (fun () ->
            Init.boundedBy 128 |> drawn)
    ]

let private layers =
    [
        prints "create" "[2, 4] scale []" (fun () ->
            Layer.create "Scale" (fun scope x -> x * scope.Parameter("scale", [], Init.ones)) |> shaped rows)
        prints "createOf" "[2, 4]" (fun () ->
            Layer.createOf "Both" (fun _ x -> x, -x) |> Layer.map (fun (a: Expr, b) -> a + b) |> shaped rows)
        prints "ofFunction" "[2, 4]" (fun () -> Layer.ofFunction "Double" (fun x -> 2.0 * x) |> shaped rows)
        prints "identity" "[2, 4]" (fun () -> Layer.identity<Expr> |> shaped rows)
        prints "compose" "[2, 512] 0.weight [512, 4] 0.bias [512]" (fun () ->
            Layer.compose (Dense.linear 512) Activation.relu |> shaped rows)
        prints "sequential" "[2, 10] 0.weight [512, 4] 0.bias [512] 2.weight [10, 512] 2.bias [10]" (fun () ->
            Layer.sequential [ Dense.linear 512; Activation.relu; Dense.linear 10 ] |> shaped rows)
        prints "map" "[4, 2] weight [4, 4] bias [4]" (fun () ->
            Layer.map Expr.t (Dense.linear 4) |> shaped rows)
        prints "before" "[4, 4] weight [4, 2] bias [4]" (fun () ->
            Layer.before Expr.t (Dense.linear 4) |> shaped rows)
        prints "block" "[2, 2] 0.weight [2, 4] 0.bias [2]" (fun () ->
            let f, g = Dense.linear 2, Activation.relu in Layer.block (f => g) |> shaped rows)
        prints "numbered" "[2, 64] 0.weight [64, 4] 0.bias [64]" (fun () ->
            Layer.numbered (Dense.linear 64) |> shaped rows)
        prints "named" "[2, 64] encoder.weight [64, 4] encoder.bias [64]" (fun () ->
            Layer.named "encoder" (Dense.linear 64) |> shaped rows)
        prints "inInference" "[2, 64] backbone.weight [64, 4] backbone.bias [64]" (fun () ->
            Layer.inInference (Layer.named "backbone" (Dense.linear 64)) |> shaped rows)
        prints "residual" "[2, 4] weight [4, 4] bias [4]" (fun () ->
            Layer.residual (Dense.linear 4) |> shaped rows)
        prints
            "residualWith"
            "[2, 8] shortcut.weight [8, 4] shortcut.bias [8] branch.0.weight [8, 4] branch.0.bias [8]"
            (fun () -> Layer.residualWith (Dense.linear 8) (Dense.linear 8 => Activation.relu) |> shaped rows)
        prints "parallelBy" "[2, 12] 0.weight [4, 4] 0.bias [4] 1.weight [8, 4] 1.bias [8]" (fun () ->
            Layer.parallelBy (Expr.concat 1) [ Dense.linear 4; Dense.linear 8 ] |> shaped rows)
        prints "both" "[2, 12] 0.weight [4, 4] 0.bias [4] 1.weight [8, 4] 1.bias [8]" (fun () ->
            Layer.both (Dense.linear 4) (Dense.linear 8)
            |> Layer.map (fun (a, b) -> Expr.concat 1 [ a; b ])
            |> shaped rows)
        prints "initAs" "0.weight [3, 4] 0.bias [3]" (fun () ->
            let x = Expr.variable "x" DType.F64 [ 2; 4 ]
            let parameters, _ = Layer.initAs DType.F64 key x model
            listed parameters)
        prints "init" "0.weight [3, 4] 0.bias [3] 0" (fun () ->
            let parameters, state = Layer.init key x model in listed parameters + $" {state.Count}")
        prints "apply" "[2, 3] 0" (fun () ->
            let parameters, state = Tree.variables (fst (Layer.init key x model)), Tree.empty in
            let y, next = Layer.apply Mode.Inference parameters state model x in
            $"{y.Shape} {next.Count}")
        prints "outputs" "0: [2, 3]; 1: [2, 3]" (fun () ->
            let parameters, state = Tree.variables (fst (Layer.init key x model)), Tree.empty in
            let found = Layer.outputs Mode.Inference parameters state model x in
            found |> Tree.toList |> List.map (fun (path, y) -> $"{path}: {y.Shape}") |> String.concat "; ")
    ]

let private dense =
    [
        prints "linearWith" "[2, 10] weight [10, 4]" (fun () ->
            Dense.linearWith { Init.parameters with Bias = false } 10 |> shaped rows)
        prints "linear" "[2, 10] weight [10, 4] bias [10]" (fun () -> Dense.linear 10 |> shaped rows)
        prints "bilinearWith" "[2, 10] weight [10, 4, 3]" (fun () ->
            Dense.bilinearWith { Init.parameters with Bias = false } 10 |> shaped (rows, data [ 2; 3 ]))
        prints "bilinear" "[2, 10] weight [10, 4, 3] bias [10]" (fun () ->
            Dense.bilinear 10 |> shaped (rows, data [ 2; 3 ]))
        prints "embedding" "[2, 5, 64] weight [1000, 64]" (fun () ->
            Dense.embedding 1000 64 |> shaped indices)
        prints "embeddingWith" "[2, 5, 64] weight [1000, 64]" (fun () ->
            Dense.embeddingWith (Init.normal 0.0 0.1) 1000 64 |> shaped indices)
        prints "embeddingPaddedWith" "[2, 5, 64] weight [1000, 64]" (fun () ->
            Dense.embeddingPaddedWith (Init.normal 0.0 0.1) 0 1000 64 |> shaped indices)
        prints "embeddingPadded" "[2, 5, 64] weight [1000, 64]" (fun () ->
            Dense.embeddingPadded 0 1000 64 |> shaped indices)
    ]

let private embeddings =
    [
        prints "bag" "[2, 64] weight [1000, 64]" (fun () ->
            Embedding.bag BagMode.Mean 1000 64 |> shaped indices)
        prints "bagPadded" "[2, 64] weight [1000, 64]" (fun () ->
            Embedding.bagPadded BagMode.Mean 0 1000 64 |> shaped indices)
        prints "bagWeighted" "[2, 64] weight [1000, 64]" (fun () ->
            Embedding.bagWeighted 1000 64 |> shaped (indices, data [ 2; 5 ]))
        prints "bounded" "[2, 5, 64] weight [1000, 64]" (fun () ->
            Embedding.bounded 1.0 1000 64 |> shaped indices)
        prints "skipGram" "[2, 5] words [1000, 64] contexts [1000, 64]" (fun () ->
            Embedding.skipGram 1000 64 |> shaped (Expr.variable "w" DType.I64 [ 2 ], indices))
        prints
            "tied"
            "[2, 5, 1000] embedding.weight [1000, 64] body.in_proj_weight [192, 64] b ..."
            (fun () -> Embedding.tied 1000 64 (Attention.self 4 true) |> shaped indices)
    ]

let private activations =
    [
        prints "relu" "[2, 4]" (fun () -> Activation.relu |> shaped rows)
        prints "leakyRelu" "[2, 4]" (fun () -> Activation.leakyRelu 0.01 |> shaped rows)
        prints "elu" "[2, 4]" (fun () -> Activation.elu 1.0 |> shaped rows)
        prints "selu" "[2, 4]" (fun () -> Activation.selu |> shaped rows)
        prints "gelu" "[2, 4]" (fun () -> Activation.gelu |> shaped rows)
        prints "silu" "[2, 4]" (fun () -> Activation.silu |> shaped rows)
        prints "mish" "[2, 4]" (fun () -> Activation.mish |> shaped rows)
        prints "hardtanh" "[2, 4]" (fun () -> Activation.hardtanh |> shaped rows)
        prints "softsign" "[2, 4]" (fun () -> Activation.softsign |> shaped rows)
        prints "softplus" "[2, 4]" (fun () -> Activation.softplus |> shaped rows)
        prints "sigmoid" "[2, 4]" (fun () -> Activation.sigmoid |> shaped rows)
        prints "logSigmoid" "[2, 4]" (fun () -> Activation.logSigmoid |> shaped rows)
        prints "tanh" "[2, 4]" (fun () -> Activation.tanh |> shaped rows)
        prints "softmax" "[2, 4]" (fun () -> Activation.softmax -1 |> shaped rows)
        prints "logSoftmax" "[2, 4]" (fun () -> Activation.logSoftmax -1 |> shaped rows)
        prints "relu6" "[2, 4]" (fun () -> Activation.relu6 |> shaped rows)
        prints "hardSigmoid" "[2, 4]" (fun () -> Activation.hardSigmoid |> shaped rows)
        prints "hardSwish" "[2, 4]" (fun () -> Activation.hardSwish |> shaped rows)
        prints "celu" "[2, 4]" (fun () -> Activation.celu 1.0 |> shaped rows)
        prints "geluTanh" "[2, 4]" (fun () -> Activation.geluTanh |> shaped rows)
        prints "hardShrink" "[2, 4]" (fun () -> Activation.hardShrink 0.5 |> shaped rows)
        prints "softShrink" "[2, 4]" (fun () -> Activation.softShrink 0.5 |> shaped rows)
        prints "tanhShrink" "[2, 4]" (fun () -> Activation.tanhShrink |> shaped rows)
        prints "threshold" "[2, 4]" (fun () -> Activation.threshold 0.1 20.0 |> shaped rows)
        prints "glu" "[2, 2]" (fun () -> Activation.glu -1 |> shaped rows)
        prints "prelu" "[2, 4] weight [1]" (fun () -> Activation.prelu false |> shaped rows)
    ]

let private shapings =
    [
        prints "flatten" "[2, 256]" (fun () -> Shaping.flatten |> shaped images)
        prints "reshape" "[2, 1, 28, 28]" (fun () ->
            Shaping.reshape [ 1; 28; 28 ] |> shaped (data [ 2; 784 ]))
        prints "dropout" "[2, 4, 8, 8]" (fun () -> Shaping.dropout 0.5 |> shaped images)
        prints "gaussianNoise" "[2, 4, 8, 8]" (fun () -> Shaping.gaussianNoise 0.1 |> shaped images)
    ]

let private augmentations =
    let degrees = Expr.variable "d" DType.F32 [ 2 ]

    [
        prints "flipHorizontal" "[2, 4, 8, 8]" (fun () -> Augment.flipHorizontal 0.5 |> shaped images)
        prints "flipVertical" "[2, 4, 8, 8]" (fun () -> Augment.flipVertical 0.5 |> shaped images)
        prints "crop" "[2, 4, 8, 8]" (fun () -> Augment.crop 4 |> shaped images)
        prints "cropTo" "[2, 4, 6, 6]" (fun () -> Augment.cropTo 6 6 |> shaped images)
        prints "rotateBy" "[2, 4, 8, 8]" (fun () -> (Augment.rotateBy degrees images).Shape)
        prints "rotate" "[2, 4, 8, 8]" (fun () -> Augment.rotate 15.0 |> shaped images)
        prints "erasing" "0.5" (fun () -> { Augment.erasing with Value = 0.5 }.Value)
        prints "eraseWith" "[2, 4, 8, 8]" (fun () ->
            Augment.eraseWith { Augment.erasing with Value = 0.5 } |> shaped images)
        prints "erase" "[2, 4, 8, 8]" (fun () -> Augment.erase 0.25 |> shaped images)
    ]

let private norms =
    [
        prints "options" "0.001" (fun () -> { Norm.options with Epsilon = 1e-3 }.Epsilon)
        prints "batchNorm1dWith" "[2, 4] weight [4] bias [4]" (fun () ->
            Norm.batchNorm1dWith { Norm.options with Momentum = 0.01 } |> shaped rows)
        prints "batchNorm2dWith" "[2, 4, 8, 8] weight [4] bias [4]" (fun () ->
            Norm.batchNorm2dWith { Norm.options with Epsilon = 1e-3 } |> shaped images)
        prints "batchNorm1d" "[2, 4] weight [4] bias [4]" (fun () -> Norm.batchNorm1d |> shaped rows)
        prints "batchNorm2d" "[2, 4, 8, 8] weight [4] bias [4]" (fun () -> Norm.batchNorm2d |> shaped images)
        prints "layerNormWith" "[2, 4] weight [2, 4] bias [2, 4]" (fun () ->
            Norm.layerNormWith Norm.options 2 |> shaped rows)
        prints "layerNorm" "[2, 4] weight [4] bias [4]" (fun () -> Norm.layerNorm |> shaped rows)
        prints "layerNormUnshifted" "[2, 4] weight [4]" (fun () ->
            Norm.layerNormUnshifted Norm.options 1 |> shaped rows)
        prints "batchNormTracking" "[2, 4] weight [4] bias [4]" (fun () ->
            Norm.batchNormTracking NormTracking.Cumulative Norm.options |> shaped rows)
        prints "instanceNormTracking" "[2, 4, 9] weight [4] bias [4]" (fun () ->
            Norm.instanceNormTracking NormTracking.Moving Norm.options |> shaped sounds)
        prints "instanceNorm" "[2, 4, 9]" (fun () -> Norm.instanceNorm |> shaped sounds)
        prints "rmsNormWith" "[2, 4] weight [4]" (fun () ->
            Norm.rmsNormWith { Norm.options with Epsilon = 1e-6 } 1 |> shaped rows)
        prints "rmsNormOver" "[2, 4] weight [2, 4]" (fun () -> Norm.rmsNormOver 2 |> shaped rows)
        prints "rmsNorm" "[2, 4] weight [4]" (fun () -> Norm.rmsNorm |> shaped rows)
        prints "localResponseWith" "[2, 4, 8, 8]" (fun () ->
            Norm.localResponseWith 1e-4 0.75 1.0 5 |> shaped images)
        prints "localResponse" "[2, 4, 8, 8]" (fun () -> Norm.localResponse 5 |> shaped images)
        prints "groupNormWith" "[2, 4]" (fun () ->
            Norm.groupNormWith { Norm.options with Affine = false } 2 |> shaped rows)
        prints "groupNorm" "[2, 4] weight [4] bias [4]" (fun () -> Norm.groupNorm 2 |> shaped rows)
    ]

let private convs =
    [
        prints "conv1dWith" "[2, 8, 9] weight [8, 4, 3] bias [8]" (fun () ->
            Conv.conv1dWith Init.parameters { Convolution.options with Padding = [ 1 ] } 8 3 |> shaped sounds)
        prints "conv2dWith" "[2, 8, 3, 3] weight [8, 4, 3, 3] bias [8]" (fun () ->
            Conv.conv2dWith Init.parameters { Convolution.options with Stride = [ 2 ] } 8 [ 3 ]
            |> shaped images)
        prints "conv1d" "[2, 8, 7] weight [8, 4, 3] bias [8]" (fun () -> Conv.conv1d 8 3 |> shaped sounds)
        prints "conv2d" "[2, 32, 6, 6] weight [32, 4, 3, 3] bias [32]" (fun () ->
            Conv.conv2d 32 3 |> shaped images)
        prints "conv1dSameWith" "[2, 8, 9] weight [8, 4, 3] bias [8]" (fun () ->
            Conv.conv1dSameWith Init.parameters Convolution.options 8 3 |> shaped sounds)
        prints "conv2dSameWith" "[2, 8, 4, 4] weight [8, 4, 3, 3] bias [8]" (fun () ->
            Conv.conv2dSameWith Init.parameters { Convolution.options with Stride = [ 2 ] } 8 [ 3 ]
            |> shaped images)
        prints "conv1dSame" "[2, 8, 9] weight [8, 4, 3] bias [8]" (fun () ->
            Conv.conv1dSame 8 3 |> shaped sounds)
        prints "conv2dSame" "[2, 32, 8, 8] weight [32, 4, 3, 3] bias [32]" (fun () ->
            Conv.conv2dSame 32 3 |> shaped images)
        prints "conv3dWith" "[2, 8, 2, 2, 2] weight [8, 1, 3, 3, 3] bias [8]" (fun () ->
            Conv.conv3dWith Init.parameters { Convolution.options with Stride = [ 2 ] } 8 [ 3 ]
            |> shaped scans)
        prints "conv3d" "[2, 8, 3, 4, 4] weight [8, 1, 3, 3, 3] bias [8]" (fun () ->
            Conv.conv3d 8 3 |> shaped scans)
        prints "conv3dSameWith" "[2, 8, 5, 6, 6] weight [8, 1, 3, 3, 3] bias [8]" (fun () ->
            Conv.conv3dSameWith Init.parameters Convolution.options 8 [ 3 ] |> shaped scans)
        prints "conv3dSame" "[2, 8, 5, 6, 6] weight [8, 1, 3, 3, 3] bias [8]" (fun () ->
            Conv.conv3dSame 8 3 |> shaped scans)
        prints "convTranspose1dWith" "[2, 8, 18] weight [4, 8, 2] bias [8]" (fun () ->
            Conv.convTranspose1dWith Init.parameters { Convolution.options with Stride = [ 2 ] } [] 8 2
            |> shaped sounds)
        prints "convTranspose1d" "[2, 8, 18] weight [4, 8, 2] bias [8]" (fun () ->
            Conv.convTranspose1d 8 2 2 |> shaped sounds)
        prints "convTranspose2dWith" "[2, 8, 16, 16] weight [4, 8, 2, 2] bias [8]" (fun () ->
            Conv.convTranspose2dWith Init.parameters { Convolution.options with Stride = [ 2 ] } [] 8 [ 2 ]
            |> shaped images)
        prints "convTranspose2d" "[2, 8, 16, 16] weight [4, 8, 2, 2] bias [8]" (fun () ->
            Conv.convTranspose2d 8 2 2 |> shaped images)
    ]

let private poolings =
    [
        prints "maxWith" "[2, 4, 6, 6]" (fun () ->
            Pooling.maxWith { Convolution.options with Stride = [ 1 ] } [ 3 ] |> shaped images)
        prints "max" "[2, 4, 4, 4]" (fun () -> Pooling.max 2 |> shaped images)
        prints "averageWith" "[2, 4, 6, 6]" (fun () ->
            Pooling.averageWith { Convolution.options with Stride = [ 1 ] } [ 3 ] |> shaped images)
        prints "average" "[2, 4, 4, 4]" (fun () -> Pooling.average 2 |> shaped images)
        prints "maxSameWith" "[2, 4, 8, 8]" (fun () ->
            Pooling.maxSameWith { Convolution.options with Stride = [ 1 ] } [ 3 ] |> shaped images)
        prints "averageSameWith" "[2, 4, 8, 8]" (fun () ->
            Pooling.averageSameWith { Convolution.options with Stride = [ 1 ] } [ 3 ] |> shaped images)
        prints "adaptiveAverage" "[2, 4, 1, 1]" (fun () -> Pooling.adaptiveAverage [ 1 ] |> shaped images)
        prints "adaptiveMax" "[2, 4, 1, 1]" (fun () -> Pooling.adaptiveMax [ 1 ] |> shaped images)
    ]

let private summaries =
    [
        prints
            "ofLayer"
            "Layer Output shape Parameters FLOPs ------------------------------------------- 0 (Linear) [2, 3] 15 54 1 (ReLU) [2, 3] 0 6 ------------------------------------------- Parameters: 15 State: 0 FLOPs: 60"
            (fun () -> Summary.ofLayer x model)
    ]

let private upsamplings =
    [
        prints "nearest" "[2, 4, 16, 16]" (fun () -> Upsample.nearest 2 |> shaped images)
        prints "linear" "[2, 4, 16, 16]" (fun () -> Upsample.linear false 2 |> shaped images)
        prints "pixelShuffle" "[2, 1, 16, 16]" (fun () -> Upsample.pixelShuffle 2 |> shaped images)
    ]

let all =
    [
        { Module = moduleOf <@ Init.zeros @>; Rows = inits }
        { Module = moduleOf <@ Layer.ofFunction "" id @>; Rows = layers }
        { Module = moduleOf <@ Dense.linear 1 @>; Rows = dense }
        { Module = moduleOf <@ Embedding.bag BagMode.Sum 1 1 @>; Rows = embeddings }
        { Module = moduleOf <@ Activation.leakyRelu 1.0 @>; Rows = activations }
        { Module = moduleOf <@ Shaping.dropout 0.5 @>; Rows = shapings }
        { Module = moduleOf <@ Augment.crop 1 @>; Rows = augmentations }
        { Module = moduleOf <@ Norm.options @>; Rows = norms }
        { Module = moduleOf <@ Conv.conv1d 1 1 @>; Rows = convs }
        { Module = moduleOf <@ Pooling.max 1 @>; Rows = poolings }
        { Module = moduleOf <@ Upsample.nearest 1 @>; Rows = upsamplings }
        {
            Module = moduleOf <@ Recompute.layer model @>
            Rows =
                [
                    prints "layer" "[2, 64] 0.weight [64, 4] 0.bias [64]" (fun () ->
                        Recompute.layer (Dense.linear 64 => Activation.relu) |> shaped rows)
                ]
        }
        { Module = moduleOf <@ Summary.ofLayer rows model @>; Rows = summaries }
    ]
