namespace Course;

/// <summary>The lessons of class 7: representations, transfer, generation.</summary>
internal static class Class7
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("translation", 7, ("From one sequence to another, with attention", "De una secuencia a otra, con atención"), TranslationLesson.Run, "Class7/TranslationLesson.cs"),
        new("autoencoder", 7, ("Autoencoders: short codes, and images without their noise", "Autocodificadores: códigos cortos e imágenes sin ruido"), AutoencoderLesson.Run, "Class7/AutoencoderLesson.cs"),
        new("vae", 7, ("A variational autoencoder and its plane", "Un autocodificador variacional y su plano"), VaeLesson.Run, "Class7/VaeLesson.cs"),
        new("embeddings", 7, ("Words as vectors: counted and learned", "Palabras como vectores: contados y aprendidos"), EmbeddingsLesson.Run, "Class7/EmbeddingsLesson.cs"),
        new("transfer", 7, ("Transfer: what five classes teach about five others", "Transferencia: lo que cinco clases enseñan de otras cinco"), TransferLesson.Run, "Class7/TransferLesson.cs"),
        new("from-pytorch", 7, ("Weights from PyTorch", "Pesos que vienen de PyTorch"), FromPyTorchLesson.Run, "Class7/FromPyTorchLesson.cs"),
        new("gan", 7, ("Generator against discriminator: eight modes, and where they go", "Generador contra discriminador: ocho modos, y dónde se pierden"), GanLesson.Run, "Class7/GanLesson.cs"),
        new("dcgan", 7, ("Images from noise, and how to judge them", "Imágenes a partir de ruido, y cómo juzgarlas"), DcganLesson.Run, "Class7/DcganLesson.cs"),
        new("diffusion", 7, ("Diffusion: from noise to data, step by step", "Difusión: del ruido a los datos, paso a paso"), DiffusionLesson.Run, "Class7/DiffusionLesson.cs"),
        new("diffusion-digits", 7, ("Digits on request, by diffusion", "Dígitos por encargo, con difusión"), DiffusionDigitsLesson.Run, "Class7/DiffusionDigitsLesson.cs"),
    ];
}
