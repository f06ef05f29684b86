/// Animated GIFs, decoded by Skia.
module DL1.Tests.GifTests

open System
open System.IO
open DL1.Pictures
open Expecto
open SkiaSharp

/// The frames of a GIF, as RGBA, each with its milliseconds.
let private decoded width height (gif: byte[]) =
    use codec = SKCodec.Create(new MemoryStream(gif))
    Expect.equal codec.RepetitionCount -1 "it repeats for ever"
    let info = SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul)

    [
        for i, frame in Array.indexed codec.FrameInfo ->
            use bitmap = new SKBitmap(info)
            let result = codec.GetPixels(info, bitmap.GetPixels(), SKCodecOptions i)
            Expect.equal result SKCodecResult.Success $"frame %d{i}"
            bitmap.Bytes, frame.Duration
    ]

/// A picture of random pixels of some colours; a part of them only where a picture is given.
let private picture (random: Random) width height (colors: int) (before: byte[] option) =
    let pixels =
        match before with
        | Some before -> Array.copy before
        | None -> Array.create (4 * width * height) 255uy

    let left, top =
        (if before.IsSome then random.Next width else 0), (if before.IsSome then random.Next height else 0)

    for y in top .. height - 1 do
        for x in left .. width - 1 do
            let color = random.Next colors * 7919
            let at = 4 * (y * width + x)
            pixels[at] <- byte color
            pixels[at + 1] <- byte (color >>> 8)
            pixels[at + 2] <- byte (color >>> 16)

    pixels

let private written width height (frames: byte[] list) =
    let sample = Array.concat frames
    Gif.write width height sample (frames |> Seq.mapi (fun i frame -> struct (frame, 5 + i)))

let private tests' =
    [
        for width, height, colors in [ 1, 1, 1; 7, 5, 2; 64, 48, 40; 301, 203, 250; 120, 80, 3 ] do
            test $"frames of %d{width} by %d{height} in at most %d{colors} colours are decoded as they were" {
                let random = Random(width + colors)
                let first = picture random width height colors None

                let frames =
                    first :: List.init 4 (fun _ -> picture random width height colors (Some first))
                    @ [ first; first ]

                let found = decoded width height (written width height frames)

                Expect.equal
                    (List.map snd found)
                    [ for i in 0 .. frames.Length - 1 -> 10 * (5 + i) ]
                    "durations"

                for i, (frame, (pixels, _)) in List.indexed (List.zip frames found) do
                    Expect.isTrue (frame.AsSpan().SequenceEqual(ReadOnlySpan pixels)) $"frame %d{i}"
            }
        test "one colour compresses to a few bytes" {
            let gif =
                written 500 500 [ Array.create (4 * 500 * 500) 200uy; Array.create (4 * 500 * 500) 200uy ]

            Expect.isLessThan gif.Length 3000 "bytes"
            Expect.equal (List.length (decoded 500 500 gif)) 2 "frames"
        }
        test "more colours than the palette has become near ones, and the commonest stays" {
            let width, height = 128, 128
            let frame = Array.create (4 * width * height) 255uy

            for y in 0..63 do
                for x in 0 .. width - 1 do
                    let at = 4 * (y * width + x)
                    frame[at] <- byte (2 * x)
                    frame[at + 1] <- byte (4 * y)
                    frame[at + 2] <- byte (x + y)

            let pixels, _ = decoded width height (written width height [ frame; frame ]) |> List.head
            let errors = Array.map2 (fun (a: byte) (b: byte) -> abs (int a - int b)) frame pixels
            Expect.isLessThan (Array.max errors) 24 "the largest error of a channel"

            Expect.equal
                pixels[4 * width * 100 .. 4 * width * 100 + 3]
                [| 255uy; 255uy; 255uy; 255uy |]
                "paper"
        }
    ]

let tests = testList "Gif" tests'
