namespace Course;

/// <summary>The lessons of class 3: the library itself.</summary>
internal static class Class3
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("tensors", 3, ("Tensors: shapes, broadcasting, keys", "Tensores: formas, broadcasting y claves"), TensorsLesson.Run, "Class3/TensorsLesson.cs"),
        new("expressions", 3, ("Expressions: formulas that know their derivatives", "Expresiones: fórmulas que conocen sus derivadas"), ExpressionsLesson.Run, "Class3/ExpressionsLesson.cs"),
        new("layers", 3, ("One network, written three times", "Una red, escrita tres veces"), LayersLesson.Run, "Class3/LayersLesson.cs"),
        new("pytorch", 3, ("The same program in PyTorch", "El mismo programa en PyTorch"), PyTorchLesson.Run, "Class3/PyTorchLesson.cs"),
    ];
}
