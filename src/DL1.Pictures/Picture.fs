namespace DL1.Pictures

open System
open System.Buffers.Binary
open DL1

/// What the first bytes of a picture tell.
[<RequireQualifiedAccess>]
module internal Picture =
    let private starts (signature: byte[]) (image: byte[]) =
        image.Length >= 24 && image.AsSpan(0, signature.Length).SequenceEqual(ReadOnlySpan signature)

    let private png = [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]

    /// `image/png` or `image/gif`; refuses anything else.
    let mediaType (image: byte[]) =
        if starts png image then
            "image/png"
        elif starts "GIF89a"B image || starts "GIF87a"B image then
            "image/gif"
        else
            let first = image |> Array.truncate 8 |> Convert.ToHexString

            Refuse.format
                "Section.Picture"
                $"%d{image.Length} bytes that begin with {first}"
                "a PNG or a GIF"
                "Plot.Png, DescentPicture.Png or Animation.Gif, which make them"

    /// Width and height in pixels.
    let size (image: byte[]) =
        if mediaType image = "image/png" then
            BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(image, 16, 4)),
            BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(image, 20, 4))
        else
            int (BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(image, 6, 2))),
            int (BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(image, 8, 2)))
