// Convolution on images, in F# Interactive: the twin of the lesson `convolution` of samples/Course. Filters by hand, weights that
// are shared, and how much of an image a unit sees, measured by its gradient.
//
//     dotnet build -c Release && .ci/packages                         packs into out/
//     dotnet fsi samples/lessons/convolution.fsx [--brief] [FOLDER]   writes filters.png and fields.png into the folder
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Data
open DL1.Pictures

let arguments = List.ofArray fsi.CommandLineArgs |> List.tail
let isBrief = List.contains "--brief" arguments

let folder =
    arguments |> List.tryFind (fun a -> a <> "--brief") |> Option.defaultValue (Path.GetTempPath())

/// 0 as middle grey, each map as bright as it can be.
let shades (maps: Expr) = 0.5 + maps / (2.0 * Reduce.keepDims Expr.max [ 2; 3 ] (abs maps) + 1e-9)

// Filters by hand, as weights [kernels; channels; height; width].
let struct (train, _) = Datasets.fashionMnistSmall ()
let images = train.Inputs |> Tensor.reshape [ 6000; 1; 28; 28 ] |> Expr.constant |> Expr.sliceAxis 0 0 4

let kernels =
    [|
        -1f
        0f
        1f
        -2f
        0f
        2f
        -1f
        0f
        1f // vertical edges
        -1f
        -2f
        -1f
        0f
        0f
        0f
        1f
        2f
        1f // horizontal edges
        0f
        1f
        0f
        1f
        -4f
        1f
        0f
        1f
        0f // Laplace
    |]
    |> Tensor.ofArray [ 3; 1; 3; 3 ]
    |> Expr.constant

let padded = { Convolution.options with Padding = [ 1 ] }
let maps = Convolution.conv padded images kernels
let grid = Expr.concat 1 [ images; shades maps ] |> Expr.reshape [ 16; 28; 28 ] |> Eval.run []

File.WriteAllBytes(
    Path.Combine(folder, "filters.png"),
    ImageGrid.Of(grid, low = 0.0, high = 1.0, columnNames = [ "image"; "edges |"; "edges —"; "Laplace" ]).Png
        780
)

// Shared weights: few of them, compared with a dense layer from one image to eight maps of its size.
let x = Expr.variable "x" DType.F32 [ 1; 1; 28; 28 ]
let shared = (Summary.ofLayer x (Conv.conv2dSame 8 3)).Parameters
let dense = (Summary.ofLayer x (Shaping.flatten => Dense.linear (8 * 28 * 28))).Parameters
printfn $"to eight maps: {shared} parameters by a convolution, {dense} by a dense layer"

/// The mean size of the gradient, by each pixel, of the units in the middle of the last maps, over images of noise.
let field (stack: Layer<Expr, Expr>) : Tensor =
    let noise =
        Key.normal 0.0 1.0 DType.F32 [ (if isBrief then 8 else 64); 1; 28; 28 ] (Key.ofSeed 1L)
        |> Expr.constant

    let parameters, state = Layer.init (Key.ofSeed 2L) noise stack

    let maps, _ =
        Layer.apply
            Mode.Inference
            (Tree.map Expr.constant parameters)
            (Tree.map Expr.constant state)
            stack
            noise

    let middle = maps.Shape[2] / 2
    let units = maps |> Expr.sliceAxis 2 middle (middle + 1) |> Expr.sliceAxis 3 middle (middle + 1)
    let slope = Grad.grad (Expr.sumAll units) [ noise ] |> List.head
    Compile.prepare [] [ Reduce.mean [ 0 ] (abs slope) ] [] |> List.head

/// How many columns of the image the gradient is not 0 in.
let extent (field: Tensor) =
    let columns =
        Tensor.toFloats field
        |> Seq.indexed
        |> Seq.filter (fun (_, v) -> v > 0.0)
        |> Seq.map (fun (i, _) -> i % 28)
        |> Seq.cache

    Seq.max columns - Seq.min columns + 1

let conv = Conv.conv2dSame 8 3 => Activation.relu

let stacks =
    [
        "3×3", conv, 3
        "3×3, twice", conv => conv, 5
        "with pooling", conv => Pooling.max 2 => conv => Pooling.max 2 => conv, 18
    ]

let fields = [ for _, stack, _ in stacks -> field stack ]

for (name, _, due), found in List.zip stacks fields do
    printfn $"{name}: a unit sees {extent found} pixels in each direction; by the formula {due}"

File.WriteAllBytes(
    Path.Combine(folder, "fields.png"),
    ImageGrid
        .Of(
            Expr.stack 0 (List.map Expr.constant fields) |> shades |> Eval.run [],
            labels = [ for name, _, _ in stacks -> name ]
        )
        .Png
        780
)

if List.map extent fields <> [ for _, _, due in stacks -> due ] || dense < 60000L * shared then
    eprintfn "this is not what was expected"
    exit 1
