namespace Course;

/// <summary>The lessons of class 8: end to end.</summary>
internal static class Class8
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("penguins", 8, ("End to end, 1: explore a table", "De principio a fin, 1: explorar una tabla"), PenguinsLesson.Run, "Class8/PenguinsLesson.cs"),
        new("penguins-models", 8, ("End to end, 2: baselines and a search", "De principio a fin, 2: modelos de referencia y búsqueda"), PenguinsModelsLesson.Run, "Class8/PenguinsModelsLesson.cs"),
        new("penguins-test", 8, ("End to end, 3: the test, once", "De principio a fin, 3: la prueba, una sola vez"), PenguinsTestLesson.Run, "Class8/PenguinsTestLesson.cs"),
        new("penguins-service", 8, ("End to end, 4: errors, importances, a service", "De principio a fin, 4: errores, importancias y un servicio"), PenguinsServiceLesson.Run, "Class8/PenguinsServiceLesson.cs"),
        new("fashion", 8, ("Fashion-MNIST, part 1: from raw files to a network", "Fashion-MNIST, parte 1: de los archivos en bruto a una red"), FashionLesson.Run, "Class8/FashionLesson.cs"),
        new("fashion-test", 8, ("Fashion-MNIST, part 2: the report", "Fashion-MNIST, parte 2: el informe"), FashionTestLesson.Run, "Class8/FashionTestLesson.cs"),
    ];
}
