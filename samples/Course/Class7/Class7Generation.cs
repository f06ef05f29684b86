namespace Course;

/// <summary>The second half of class 7: transfer, and networks that generate.</summary>
internal static class Class7Generation
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("transfer", 7, ("Transfer: what five classes teach about five others", "Transferencia: lo que cinco clases enseñan de otras cinco"), TransferLesson.Run, "Class7/TransferLesson.cs"),
        new("from-pytorch", 7, ("Weights from PyTorch", "Pesos que vienen de PyTorch"), FromPyTorchLesson.Run, "Class7/FromPyTorchLesson.cs"),
        new("gan", 7, ("Generator against discriminator: eight modes, and where they go", "Generador contra discriminador: ocho modos, y dónde se pierden"), GanLesson.Run, "Class7/GanLesson.cs"),
        new("dcgan", 7, ("Images from noise, and how to judge them", "Imágenes a partir de ruido, y cómo juzgarlas"), DcganLesson.Run, "Class7/DcganLesson.cs"),
        new("diffusion", 7, ("Diffusion: from noise to data, step by step", "Difusión: del ruido a los datos, paso a paso"), DiffusionLesson.Run, "Class7/DiffusionLesson.cs"),
        new("diffusion-digits", 7, ("Digits on request, by diffusion", "Dígitos por encargo, con difusión"), DiffusionDigitsLesson.Run, "Class7/DiffusionDigitsLesson.cs"),
    ];
}
