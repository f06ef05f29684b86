namespace Course;

/// <summary>The lessons of class 5: networks for images.</summary>
internal static class Class5
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("convolution", 5, ("Convolution: small filters, shared by all places", "Convolución: filtros pequeños, los mismos en todas partes"), ConvolutionLesson.Run, "Class5/ConvolutionLesson.cs"),
        new("lenet", 5, ("LeNet against a dense network of its size", "LeNet contra una red densa de su tamaño"), LeNetLesson.Run, "Class5/LeNetLesson.cs"),
        new("resnet", 5, ("Depth, shortcuts and augmentation", "Profundidad, atajos y aumento de datos"), ResNetLesson.Run, "Class5/ResNetLesson.cs"),
        new("saliency", 5, ("Which pixels speak for a class?", "¿Qué píxeles hablan por una clase?"), SaliencyLesson.Run, "Class5/SaliencyLesson.cs"),
        new("adversarial", 5, ("Misled by one gradient step", "Engañada por un paso del gradiente"), AdversarialLesson.Run, "Class5/AdversarialLesson.cs"),
    ];
}
