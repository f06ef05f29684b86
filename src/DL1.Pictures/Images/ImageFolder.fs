namespace DL1.Pictures

open System
open System.IO
open System.Runtime.InteropServices
open DL1
open SkiaSharp

/// Images by the folder that each class has, as data to learn from.
///
/// <example><code>
/// let images = ImageFolder.Read("photos", height = 64, width = 64)     // photos/cat/1.jpg, photos/dog/1.jpg
/// let classes = images.Classes.Count
/// </code></example>
[<Sealed>]
type ImageFolder private (data: Dataset, classes: string[], files: string[]) =
    static let kinds = [| ".png"; ".jpg"; ".jpeg"; ".bmp"; ".gif"; ".webp" |]

    static let isImage (file: string) =
        Array.contains ((Path.GetExtension file |> string).ToLowerInvariant()) kinds

    static let ordered (paths: seq<string>) =
        paths |> Seq.sortWith (fun a b -> String.CompareOrdinal(a, b)) |> Array.ofSeq

    static let requireSize operation height width channels =
        if height < 1 || width < 1 || (channels <> 1 && channels <> 3) then
            Refuse.domain
                operation
                $"images of %d{channels} channels, %d{height} by %d{width}"
                "1 channel (grey) or 3 (red, green, blue), and extents of 1 or more"
                "28 by 28 in grey is small, 224 by 224 in colour usual for photographs"

    static let requireRoom operation images height width channels =
        if float images * float channels * float height * float width > float Array.MaxLength then
            Refuse.domain
                operation
                $"%d{images} images of %d{channels} by %d{height} by %d{width}"
                $"at most %d{Array.MaxLength} numbers in one tensor"
                "scale them to less, or read fewer images at once"

    /// Decodes one image, scales it, and writes its channels one after another from a place on.
    static let decode operation (file: string) height width channels (target: float32[]) start =
        let refuse (what: string) =
            Refuse.format
                operation
                $"{file}, which {what}"
                "an image, whole"
                "write it anew, or move it elsewhere"

        use codec = SKCodec.Create file

        if isNull codec then
            refuse "cannot be decoded"

        use found = new SKBitmap(codec.Info)

        if codec.GetPixels(codec.Info, found.GetPixels()) <> SKCodecResult.Success then
            refuse "is damaged, or cut off"

        // How the camera was held: the first row may be stored as any side of the image.
        let origin = codec.EncodedOrigin
        let isAmong (origins: SKEncodedOrigin list) = List.contains origin origins
        let leftTop, rightTop = SKEncodedOrigin.LeftTop, SKEncodedOrigin.RightTop
        let leftBottom, rightBottom = SKEncodedOrigin.LeftBottom, SKEncodedOrigin.RightBottom
        let isTurned = isAmong [ leftTop; rightTop; leftBottom; rightBottom ]

        let fromRight =
            isAmong [ SKEncodedOrigin.TopRight; SKEncodedOrigin.BottomRight; leftBottom; rightBottom ]

        let fromBelow =
            isAmong [ SKEncodedOrigin.BottomLeft; SKEncodedOrigin.BottomRight; rightTop; rightBottom ]

        let across, down = if isTurned then height, width else width, height
        let info = SKImageInfo(across, down, SKColorType.Rgba8888, SKAlphaType.Unpremul)
        use scaled = found.Resize(info, SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear))

        if isNull scaled then
            refuse $"cannot be scaled to %d{height} by %d{width}"

        for row in 0 .. height - 1 do
            for column in 0 .. width - 1 do
                let x, y = if isTurned then row, column else column, row
                let x = if fromRight then across - 1 - x else x
                let y = if fromBelow then down - 1 - y else y
                let c = scaled.GetPixel(x, y)
                let r, g, b = float32 c.Red / 255f, float32 c.Green / 255f, float32 c.Blue / 255f
                let place = start + row * width + column

                if channels = 1 then
                    // Luma of ITU-R BT.601.
                    target[place] <- 0.299f * r + 0.587f * g + 0.114f * b
                else
                    target[place] <- r
                    target[place + height * width] <- g
                    target[place + 2 * height * width] <- b

    /// The folders of the classes, and the images in each.
    static let find operation (folder: string) : struct (string[] * string[][]) =
        let refuse given =
            Refuse.domain
                operation
                given
                "a folder for each class, with its images in it"
                "photos/cat/1.jpg, photos/dog/1.jpg is such a folder"

        if not (Directory.Exists folder) then
            refuse $"{folder}, which is no folder"

        let classes = Directory.GetDirectories folder |> ordered
        let inside = classes |> Array.map (Directory.GetFiles >> Seq.filter isImage >> ordered)

        if inside |> Array.forall Array.isEmpty then
            refuse $"{folder}, which has %d{classes.Length} folders and no image in them"

        struct (classes, inside)

    /// The folders of the classes of a folder, the images in each, and what decodes one of them into a place of an array.
    static member internal Find
        (operation: string, folder: string, height: int, width: int, channels: int)
        : struct (string[] * string[][] * (string -> float32[] -> int -> unit)) =
        requireSize operation height width channels
        let struct (classes, inside) = find operation folder
        let own = fun file target start -> decode operation file height width channels target start
        struct (classes, inside, own)

    static member internal RequireRoom(operation, images, height, width, channels) : unit =
        requireRoom operation images height width channels

    /// Inputs f32 `[images; channels; height; width]` from 0 to 1, targets i64 with the place of each image's class.
    member _.Data = data
    /// The names of the folders, in ordinal order: class 0 is the first.
    member _.Classes = Collections.Generic.List<string>(classes).AsReadOnly()
    /// Where each image came from, in the order of the rows.
    member _.Files = Collections.Generic.List<string>(files).AsReadOnly()

    /// Reads the images (PNG, JPEG, BMP, GIF, WebP) of a folder that has a folder for each class; other files are passed
    /// over. Each is scaled to one size. No folder, or one without images, is a `DomainError`; an image that cannot be
    /// decoded a `FormatError`. A camera's note on how it was held (EXIF) is followed.
    /// `channels` is 3 for red, green and blue, as it is by default, or 1 for grey.
    static member Read
        (folder: string, height: int, width: int, [<Optional; DefaultParameterValue(3)>] channels: int)
        : ImageFolder =
        let operation = "ImageFolder.Read"
        requireSize operation height width channels

        let struct (classes, inside) = find operation folder
        let files = Array.concat inside
        requireRoom operation files.Length height width channels
        let size = channels * height * width
        let pixels = Array.zeroCreate<float32>(files.Length * size)
        files |> Array.iteri (fun i file -> decode operation file height width channels pixels (i * size))

        let labels = inside |> Array.mapi (fun i some -> Array.create some.Length (int64 i)) |> Array.concat

        let names = classes |> Array.map (fun c -> string (Path.GetFileName c))

        ImageFolder(
            Dataset(Tensor.ofArray [ files.Length; channels; height; width ] pixels, Tensor.Of labels),
            names,
            files
        )

    /// Reads one image, f32 `[1; channels; height; width]` from 0 to 1, as `Read` does: for a prediction.
    static member ReadImage
        (file: string, height: int, width: int, [<Optional; DefaultParameterValue(3)>] channels: int)
        : Tensor =
        let operation = "ImageFolder.ReadImage"
        requireSize operation height width channels

        if not (File.Exists file) then
            Refuse.domain operation $"{file}, which is no file" "the path of an image" "check the path"

        requireRoom operation 1 height width channels
        let pixels = Array.zeroCreate<float32>(channels * height * width)
        decode operation file height width channels pixels 0
        Tensor.ofArray [ 1; channels; height; width ] pixels
