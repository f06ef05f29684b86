/// The images to train on: those of Fashion-MNIST where the environment variable FASHION_MNIST names a folder with the
/// files `train-images-idx3-ubyte.gz` and `train-labels-idx1-ubyte.gz`, else random ones of the same shapes.
module DL1.Bench.Images

open System
open System.IO
open System.IO.Compression

[<Literal>]
let Count = 60000

[<Literal>]
let Pixels = 784

let private read folder (name: string) header count =
    use file = new GZipStream(File.OpenRead(Path.Combine(folder, name)), CompressionMode.Decompress)
    let bytes = Array.zeroCreate<byte> (header + count)
    file.ReadExactly(bytes, 0, bytes.Length)
    bytes[header..]

let private bytes =
    lazy
        (match Environment.GetEnvironmentVariable "FASHION_MNIST" |> Option.ofObj with
         | Some folder ->
             read folder "train-images-idx3-ubyte.gz" 16 (Count * Pixels),
             read folder "train-labels-idx1-ubyte.gz" 8 Count
         | None ->
             let random, pixels = Random 1, Array.zeroCreate<byte> (Count * Pixels)
             random.NextBytes pixels
             pixels, Array.init Count (fun _ -> byte (random.Next 10)))

/// Whether the images are the real ones.
let areReal () = not (isNull (Environment.GetEnvironmentVariable "FASHION_MNIST"))

/// So many images from one on, each pixel from 0 to 1, and their labels.
let part first count : float32[] * int64[] =
    let pixels, labels = bytes.Value

    Array.init (count * Pixels) (fun i -> float32 pixels[first * Pixels + i] / 255.0f),
    Array.init count (fun i -> int64 labels[first + i])
