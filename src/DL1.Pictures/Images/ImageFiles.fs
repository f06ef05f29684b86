namespace DL1.Pictures

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open DL1

/// Images by the folder that each class has, decoded when they are asked for: more of them than memory holds. Rows are those of
/// `ImageFolder.Read`, to the bit.
///
/// <example><code>
/// let images = ImageFiles.Open("photos", 64, 64)
/// let cropped = images.Source |> Source.augment (fun key row -> row)
/// let options = { options with Prefetch = { Batches = 4; Threads = 2 } }
/// </code></example>
[<Sealed; DebuggerDisplay("{ToString(),nq}"); StructuredFormatDisplay("{Display}")>]
type ImageFiles private (source: Source, classes: string[], files: string[]) =
    /// Inputs f32 `[images; channels; height; width]` from 0 to 1, targets i64 with the place of each image's class. Images are
    /// decoded by the threads that read ahead.
    member _.Source = source
    /// The names of the folders, in ordinal order: class 0 is the first.
    member _.Classes = Collections.Generic.List<string>(classes).AsReadOnly()
    /// Where each image lies, in the order of the rows.
    member _.Files = Collections.Generic.List<string>(files).AsReadOnly()

    /// Finds the images (PNG, JPEG, BMP, GIF, WebP) of a folder that has a folder for each class, as `ImageFolder.Read` does, and
    /// decodes none yet but the first. No folder, or one without images, is a `DomainError`; an image that cannot be decoded is a
    /// `FormatError` when it is read. `channels` is 3 for red, green and blue, as it is by default, or 1 for grey.
    static member Open
        (folder: string, height: int, width: int, [<Optional; DefaultParameterValue(3)>] channels: int)
        : ImageFiles =
        let operation = "ImageFiles.Open"
        let struct (folders, inside, decode) = ImageFolder.Find(operation, folder, height, width, channels)
        let files = Array.concat inside

        let labels = inside |> Array.mapi (fun i some -> Array.create some.Length (int64 i)) |> Array.concat

        ImageFolder.RequireRoom(operation, 1, height, width, channels)
        let size = channels * height * width

        let rows (numbers: int[]) =
            ImageFolder.RequireRoom(operation, numbers.Length, height, width, channels)
            let pixels = Array.zeroCreate<float32>(numbers.Length * size)
            numbers |> Array.iteri (fun i number -> decode files[number] pixels (i * size))

            Dataset(
                Tensor.ofArray [ numbers.Length; channels; height; width ] pixels,
                Tensor.ofArray [ numbers.Length ] (numbers |> Array.map (fun number -> labels[number]))
            )

        let names = folders |> Array.map (fun c -> string (Path.GetFileName c))
        ImageFiles(Source.create files.Length (rows [| 0 |]) rows, names, files)

    /// `1000 images of 10 classes`.
    override _.ToString() = $"%d{files.Length} images of %d{classes.Length} classes"
    member internal this.Display = this.ToString()
