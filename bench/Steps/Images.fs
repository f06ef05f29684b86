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

let private read folder (name: string) header =
    use file = new GZipStream(File.OpenRead(Path.Combine(folder, name)), CompressionMode.Decompress)
    use memory = new MemoryStream()
    file.CopyTo memory
    memory.ToArray()[header..]

let private bytes =
    lazy
        (match Environment.GetEnvironmentVariable "FASHION_MNIST" |> Option.ofObj with
         | Some folder ->
             read folder "train-images-idx3-ubyte.gz" 16, read folder "train-labels-idx1-ubyte.gz" 8
         | None ->
             let random, pixels = Random 1, Array.zeroCreate<byte>(Count * Pixels)
             random.NextBytes pixels
             pixels, Array.init Count (fun _ -> byte (random.Next 10)))

/// So many images from one on, each pixel from 0 to 1, and their labels; a file with fewer than all begins again.
let part first count : float32[] * int64[] =
    let pixels, labels = bytes.Value
    let place i = (first + i) % labels.Length

    Array.init (count * Pixels) (fun i -> float32 pixels[place (i / Pixels) * Pixels + i % Pixels] / 255.0f),
    Array.init count (fun i -> int64 labels[place i])
