namespace DL1;

/// <content>
/// Random changes of images <c>[batch; channels; height; width]</c> in training. Each image is changed by numbers of its own,
/// drawn from the scope's key, so that one key gives the same images; in inference nothing is changed.
/// </content>
public static partial class Layers
{
    /// <summary>Left and right change places with a probability, in training.</summary>
    /// <param name="probability">The chance that an image is flipped, from 0 to 1.</param>
    /// <exception cref="DomainError">The probability is outside [0, 1].</exception>
    /// <example><code>Layers.FlipHorizontal()</code></example>
    public static Layer<Expr, Expr> FlipHorizontal(double probability = 0.5) => Augment.flipHorizontal(probability);

    /// <summary>Top and bottom change places with a probability, in training.</summary>
    /// <param name="probability">The chance that an image is flipped, from 0 to 1.</param>
    /// <exception cref="DomainError">The probability is outside [0, 1].</exception>
    /// <example><code>Layers.FlipVertical(0.2)</code></example>
    public static Layer<Expr, Expr> FlipVertical(double probability = 0.5) => Augment.flipVertical(probability);

    /// <summary>
    /// Each image moved by up to <paramref name="padding"/> pixels along both axes in training, with zeros where nothing was.
    /// </summary>
    /// <param name="padding">The most pixels by which an image moves along each axis, 0 or more.</param>
    /// <exception cref="DomainError">The padding is negative.</exception>
    /// <example><code>Layers.RandomCrop(padding: 4)</code></example>
    public static Layer<Expr, Expr> RandomCrop(int padding) => Augment.crop(padding);

    /// <summary>Windows of the images: at a place of its own for each in training, in the middle in inference.</summary>
    /// <param name="height">The height of the windows in pixels, at most that of the images.</param>
    /// <param name="width">The width of the windows in pixels, at most that of the images.</param>
    /// <exception cref="ShapeError">The images are smaller.</exception>
    /// <exception cref="DomainError">A number is below 1.</exception>
    /// <example><code>Layers.RandomCropTo(24, 24)</code></example>
    public static Layer<Expr, Expr> RandomCropTo(int height, int width) => Augment.cropTo(height, width);

    /// <summary>
    /// Each image turned about its middle by an angle uniform in ±<paramref name="degrees"/> in training, with straight lines
    /// between pixels and zeros where nothing was.
    /// </summary>
    /// <param name="degrees">The largest angle in degrees, from 0 to 180.</param>
    /// <exception cref="DomainError">The angle is outside [0, 180].</exception>
    /// <example><code>Layers.RandomRotation(15)</code></example>
    public static Layer<Expr, Expr> RandomRotation(double degrees) => Augment.rotate(degrees);

    /// <summary>
    /// A rectangle of an image erased with a probability in training (Zhong et al. 2020): its area, its form and its place are
    /// drawn for each image.
    /// </summary>
    /// <param name="probability">The probability that an image loses a rectangle.</param>
    /// <param name="smallest">The smallest part of the area that is taken.</param>
    /// <param name="largest">The largest part.</param>
    /// <param name="flattest">Height over width of the flattest rectangle; the steepest is one over it.</param>
    /// <param name="value">What stands where something was.</param>
    /// <exception cref="DomainError">A number is out of range.</exception>
    /// <example><code>Layers.RandomErasing(0.25)</code></example>
    public static Layer<Expr, Expr> RandomErasing(
        double probability = 0.5, double smallest = 0.02, double largest = 0.33, double flattest = 1 / 3.3, double value = 0) =>
        Augment.eraseWith(new EraseOptions(probability, smallest, largest, flattest, value));
}
