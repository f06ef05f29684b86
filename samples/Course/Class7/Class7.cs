namespace Course;

/// <summary>The lessons of class 7: representations, transfer, generation.</summary>
internal static class Class7
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("translation", 7, ("From one sequence to another, with attention", "De una secuencia a otra, con atención"), TranslationLesson.Run, "Class7/TranslationLesson.cs"),
        new("autoencoder", 7, ("Autoencoders: short codes, and images without their noise", "Autocodificadores: códigos cortos e imágenes sin ruido"), AutoencoderLesson.Run, "Class7/AutoencoderLesson.cs"),
        new("vae", 7, ("A variational autoencoder and its plane", "Un autocodificador variacional y su plano"), VaeLesson.Run, "Class7/VaeLesson.cs"),
        new("embeddings", 7, ("Words as vectors: counted and learnt", "Palabras como vectores: contados y aprendidos"), EmbeddingsLesson.Run, "Class7/EmbeddingsLesson.cs"),
    ];
}
