namespace DL1.Pictures

open System
open DL1
open SkiaSharp

/// Animated descents.
[<RequireQualifiedAccess>]
module Animation =
    /// How many points of the longest trail the i-th of n frames shows: more slowly at first, where most happens.
    let private pointsAt frames longest i =
        let part = float i / float (max 1 (frames - 1))
        1 + int (round (float (longest - 1) * part ** 1.6))

    /// `gif` with a note in each frame of one's own, from the step that it shows: in another language, or the value there.
    ///
    /// <example><code>
    /// Surface.HillsAndBasins |> Animation.gifNoting (Func<int, string>(fun step -> $"paso %d{step}")) View.Map 640 480 72 trails
    /// </code>
    /// In C#: <code>
    /// byte[] inSpanish = Animation.GifNoting(step => $"paso {step}", View.Map, 640, 480, 72, trails, Surface.HillsAndBasins);
    /// </code></example>
    [<CompiledName "GifNoting">]
    let gifNoting
        (note: Func<int, string>)
        (view: View)
        (width: int)
        (height: int)
        (frames: int)
        (trails: seq<Trail>)
        (surface: Surface)
        : byte[] =
        let trails = Refuse.nulls "trails" trails

        if frames < 2 || frames > 1000 || trails.Length = 0 then
            Refuse.domain
                "Animation.gif"
                $"%d{frames} frames of %d{trails.Length} trails"
                "2 to 1000 frames of at least one trail"
                "72 frames, which last for six seconds"

        let longest = trails |> Array.map _.Points.Count |> Array.max
        use backdrop = Overlay.backdrop view width height surface
        let margins = Overlay.margins backdrop trails
        use bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Premul)
        use canvas = new SKCanvas(bitmap)

        let drawn count =
            Overlay.draw canvas backdrop trails margins count (note.Invoke(count - 1))
            canvas.Flush()
            bitmap.Bytes

        // The palette is that of the last frame, which has every colour: none flickers.
        Gif.write
            width
            height
            (drawn longest)
            (seq {
                for i in 0 .. frames - 1 ->
                    struct (drawn (pointsAt frames longest i), (if i = frames - 1 then 250 else 8))
            })

    /// Optimizers descending a surface step by step, as an animated GIF that repeats for ever and holds its last
    /// frame; all trails are at the same step in each frame. The surface is drawn once. 72 frames of 640 by 480 take about
    /// three seconds and 600 kB.
    ///
    /// <example><code>
    /// Surface.HillsAndBasins |> Animation.gif View.Landscape 640 480 72 [ Trail.Of("SGD", a); Trail.Of("Adam", b) ]
    /// </code>
    /// In C#: <code>
    /// byte[] gif = Animation.Gif(View.Map, 640, 480, 72, trails, Surface.HillsAndBasins);
    /// </code></example>
    [<CompiledName "Gif">]
    let gif
        (view: View)
        (width: int)
        (height: int)
        (frames: int)
        (trails: seq<Trail>)
        (surface: Surface)
        : byte[] =
        gifNoting (Func<int, string>(fun step -> $"step %d{step}")) view width height frames trails surface

    /// Figures shown one after another, as an animated GIF that repeats for ever: each for `seconds`, the last for three
    /// times as long. Each is drawn at the width (200 to 4000), and all must come out equally high, else it is a `ShapeError`;
    /// seconds are from 0.02 to 60.
    ///
    /// <example><code>
    /// [ GraphPicture.Of first; GraphPicture.Of second ] |> Animation.ofFigures 780 0.8
    /// </code>
    /// In C#: <code>
    /// byte[] gif = Animation.OfFigures(780, 0.8, frames);
    /// </code></example>
    [<CompiledName "OfFigures">]
    let ofFigures (width: int) (seconds: float) (frames: seq<Figure>) : byte[] =
        let frames = Refuse.nulls "frames" frames

        if frames.Length < 2 || frames.Length > 1000 || not (seconds >= 0.02 && seconds <= 60.0) then
            Refuse.domain
                "Animation.ofFigures"
                $"%d{frames.Length} figures for {string seconds} seconds each"
                "2 to 1000 figures, each for 0.02 to 60 seconds"
                "0.8 seconds let a reader follow"

        let pixels (figure: Figure) =
            use drawn = SKBitmap.Decode(figure.Png width)
            use rgba = new SKBitmap(drawn.Width, drawn.Height, SKColorType.Rgba8888, SKAlphaType.Premul)
            use canvas = new SKCanvas(rgba)
            canvas.Clear SKColors.White
            canvas.DrawBitmap(drawn, 0f, 0f)
            canvas.Flush()
            struct (drawn.Height, rgba.Bytes)

        let pictures = Array.map pixels frames
        let struct (height, last) = Array.last pictures

        match pictures |> Array.tryFindIndex (fun (struct (h, _)) -> h <> height) with
        | Some i ->
            let struct (h, _) = pictures[i]

            Refuse.shape
                "Animation.ofFigures"
                $"figure %d{i} is %d{h} high, the last one %d{height}"
                "figures of one height"
                "give graphs notes of one length in all frames"
        | None -> ()

        let hundredths = max 2 (int (round (100.0 * seconds)))

        Gif.write
            width
            height
            last
            (pictures
             |> Seq.mapi (fun i (struct (_, frame)) ->
                 struct (frame, (if i = pictures.Length - 1 then 3 * hundredths else hundredths))))
