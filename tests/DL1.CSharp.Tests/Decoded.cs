using SkiaSharp;

namespace DL1.CSharp.Tests;

/// <summary>The pixels of a decoded picture, by rows.</summary>
internal sealed class Decoded
{
    private readonly SKColor[] pixels;

    private Decoded(SKBitmap bitmap) => (Width, Height, pixels) = (bitmap.Width, bitmap.Height, bitmap.Pixels);

    public int Width { get; }

    public int Height { get; }

    public SKColor this[int x, int y] => pixels[y * Width + x];

    public IEnumerable<(int X, int Y, SKColor Color)> Pixels => pixels.Select((color, i) => (i % Width, i / Width, color));

    public int Colors => pixels.Distinct().Count();

    public static Decoded Of(byte[] picture)
    {
        using var bitmap = SKBitmap.Decode(picture);
        Assert.NotNull(bitmap);
        return new Decoded(bitmap);
    }

    /// <summary>The frames of an animation as they are shown, how many milliseconds each, and how often it repeats: −1 without end.</summary>
    public static (IReadOnlyList<(Decoded Picture, int Duration)> Frames, int Repeats) Animation(byte[] gif)
    {
        using var codec = SKCodec.Create(new SKMemoryStream(gif));
        Assert.NotNull(codec);
        var shown = new List<(Decoded, int)>();
        for (var i = 0; i < codec.FrameCount; i++)
        {
            using var bitmap = new SKBitmap(codec.Info.WithAlphaType(SKAlphaType.Premul));
            Assert.Equal(SKCodecResult.Success, codec.GetPixels(bitmap.Info, bitmap.GetPixels(), new SKCodecOptions(i)));
            shown.Add((new Decoded(bitmap), codec.FrameInfo[i].Duration));
        }

        return (shown, codec.RepetitionCount);
    }

    /// <summary>The root of the mean of squared differences over pixels and channels, of which white and black are 1 apart.</summary>
    public double DistanceTo(Decoded other)
    {
        Assert.Equal((Width, Height), (other.Width, other.Height));
        static double Square(int a, int b) => (a - b) * (a - b) / (255.0 * 255.0);
        return Math.Sqrt(pixels.Zip(other.pixels, (a, b) => (Square(a.Red, b.Red) + Square(a.Green, b.Green) + Square(a.Blue, b.Blue)) / 3).Average());
    }

    /// <summary>A colour as #RRGGBB.</summary>
    public static string Hex(SKColor color) => $"#{color.Red:X2}{color.Green:X2}{color.Blue:X2}";
}
