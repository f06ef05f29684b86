using DL1.Pictures;
using SkiaSharp;
using Xunit;

namespace DL1.CSharp.Tests;

/// <summary>Images by the folder of their class.</summary>
public sealed class ImageFolderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dl1-").FullName;

    public void Dispose() => Directory.Delete(folder, true);

    private void Paint(string file, SKColor colour, int width = 4, int height = 6)
    {
        var path = Path.Combine(folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(width, height);
        bitmap.Erase(colour);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, data.ToArray());
    }

    [Fact]
    public void Images_become_rows_and_folders_classes()
    {
        Paint("red/b.png", new SKColor(255, 51, 0));
        Paint("red/a.PNG", new SKColor(255, 0, 0), 9, 9);
        Paint("blue/only.png", new SKColor(0, 0, 255));
        File.WriteAllText(Path.Combine(folder, "red", "notes.txt"), "no image");

        var images = ImageFolder.Read(folder, height: 2, width: 3);

        Assert.Equal(["blue", "red"], images.Classes);
        Assert.Equal(["only.png", "a.PNG", "b.png"], images.Files.Select(f => Path.GetFileName(f)!));
        Assert.Equal([3, 3, 2, 3], images.Data.Inputs.Shape.ToArray());
        Assert.Equal([0L, 1L, 1L], images.Data.Targets.ToArray<long>());
        var pixels = images.Data.Inputs.ToArray<float>();
        Assert.Equal(Enumerable.Repeat(0f, 12).Concat(Enumerable.Repeat(1f, 6)), pixels[..18]);
        Assert.All(pixels[42..48], green => Assert.Equal(0.2f, green));
    }

    [Fact]
    public void Images_that_are_decoded_when_asked_for_are_the_same_rows()
    {
        for (var i = 0; i < 6; i++)
            Paint($"{(i % 2 == 0 ? "even" : "odd")}/{i}.png", new SKColor((byte)(40 * i), (byte)(255 - 40 * i), 7), 5 + i, 9);
        var whole = ImageFolder.Read(folder, 4, 3);
        var lazily = ImageFiles.Open(folder, 4, 3);
        Assert.Equal(whole.Classes, lazily.Classes);
        Assert.Equal(whole.Files, lazily.Files);
        Assert.Equal(whole.Data.Inputs, lazily.Source.ToDataset().Inputs);
        Assert.Equal(whole.Data.Targets, lazily.Source.ToDataset().Targets);
        Assert.Equal(whole.Data.Rows([4, 1, 1]).Inputs, lazily.Source.Rows([4, 1, 1]).Inputs);

        var learner = Layers.Flatten().Then(Layers.Linear(2)).Learner(Losses.CrossEntropy, Optimizers.Adam());
        var options = new TrainingOptions(Epochs: 2, BatchSize: 4);
        var prefetched = options with { Prefetch = new Prefetch(3, 2) };
        Assert.Equal(
            learner.Fit(whole.Data, options).Trained.Parameters.Values, learner.Fit(lazily.Source, prefetched).Trained.Parameters.Values);

        File.WriteAllText(Path.Combine(folder, "odd", "5.png"), "no image");
        Assert.Throws<FormatError>(() => lazily.Source.Rows([5]));
        Assert.Throws<DomainError>(() => ImageFiles.Open(Path.Combine(folder, "none"), 4, 3));
        Assert.Throws<DomainError>(() => ImageFiles.Open(folder, 4, 3, channels: 2));
    }

    [Fact]
    public void One_channel_is_grey()
    {
        Paint("a/x.png", new SKColor(255, 0, 0));
        var grey = ImageFolder.ReadImage(Path.Combine(folder, "a", "x.png"), 2, 2, channels: 1);
        Assert.Equal([1, 1, 2, 2], grey.Shape.ToArray());
        Assert.All(grey.ToArray<float>(), value => Assert.Equal(0.299f, value));
        Assert.Equal(grey, ImageFolder.Read(folder, 2, 2, channels: 1).Data.Inputs);
    }

    [Theory]
    [InlineData(1, "RGBW")]
    [InlineData(2, "GRWB")]
    [InlineData(3, "WBGR")]
    [InlineData(4, "BWRG")]
    [InlineData(5, "RBGW")]
    [InlineData(6, "BRWG")]
    [InlineData(7, "WGBR")]
    [InlineData(8, "GWRB")]
    public void A_cameras_note_on_how_it_was_held_is_followed(byte orientation, string corners)
    {
        using var bitmap = new SKBitmap(32, 16);
        for (var (x, y) = (0, 0); y < 16; (x, y) = x == 31 ? (0, y + 1) : (x + 1, y))
        {
            bitmap.SetPixel(x, y, (x < 16, y < 8) switch
            {
                (true, true) => SKColors.Red,
                (false, true) => SKColors.Lime,
                (true, false) => SKColors.Blue,
                (false, false) => SKColors.White,
            });
        }

        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 100);
        var jpeg = data.ToArray();
        // One entry of EXIF, of the tag 0x0112, behind the first mark of the file.
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*\0\0\0\b"u8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
        ];
        var path = Path.Combine(folder, "held.jpg");
        File.WriteAllBytes(path, [.. jpeg[..2], .. exif, .. jpeg[2..]]);
        var (height, width) = orientation < 5 ? (16, 32) : (32, 16);

        var image = ImageFolder.ReadImage(path, height, width).ToArray<float>();

        char At(int row, int column)
        {
            var channels = Enumerable.Range(0, 3).Select(c => image[c * height * width + row * width + column] > 0.5f).ToArray();
            return (channels[0], channels[1], channels[2]) switch
            {
                (true, false, false) => 'R',
                (false, true, false) => 'G',
                (false, false, true) => 'B',
                (true, true, true) => 'W',
                _ => '?',
            };
        }

        Assert.Equal(corners, string.Concat(At(1, 1), At(1, width - 2), At(height - 2, 1), At(height - 2, width - 2)));
    }

    [Fact]
    public void What_is_no_image_is_refused()
    {
        var nowhere = Path.Combine(folder, "nowhere");
        Assert.Contains("no folder", Assert.Throws<DomainError>(() => ImageFolder.Read(nowhere, 2, 2)).Message);
        Assert.Contains("no image", Assert.Throws<DomainError>(() => ImageFolder.Read(folder, 2, 2)).Message);
        Directory.CreateDirectory(Path.Combine(folder, "a"));
        File.WriteAllText(Path.Combine(folder, "a", "broken.png"), "no picture at all");
        Assert.Contains("broken.png", Assert.Throws<FormatError>(() => ImageFolder.Read(folder, 2, 2)).Message);
        File.Delete(Path.Combine(folder, "a", "broken.png"));
        Paint("a/cut.png", new SKColor(1, 2, 3), 400, 400);
        var cut = Path.Combine(folder, "a", "cut.png");
        var whole = File.ReadAllBytes(cut);
        File.WriteAllBytes(cut, whole[..(whole.Length / 2)]);
        Assert.Contains("cut off", Assert.Throws<FormatError>(() => ImageFolder.Read(folder, 2, 2)).Message);
        Assert.Throws<DomainError>(() => ImageFolder.Read(folder, 2, 2, channels: 2));
        Assert.Throws<DomainError>(() => ImageFolder.ReadImage(nowhere, 2, 2));
    }
}
