namespace Course;

/// <summary>The lessons of class 2: optimization, regularization, search.</summary>
internal static class Class2
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("descent", 2, ("Descent: three optimizers, one minimum", "Descenso: tres optimizadores, un mínimo"), DescentLesson.Run, "Class2/DescentLesson.cs"),
        new("regression", 2, ("Regression: why a right model can fit badly", "Regresión: por qué un modelo correcto puede ajustar mal"), RegressionLesson.Run, "Class2/RegressionLesson.cs"),
        new("scaling", 2, ("Scaling: the same fit in a fraction of the epochs", "Escalado: el mismo ajuste en una fracción de las épocas"), ScalingLesson.Run, "Class2/ScalingLesson.cs"),
        new("network", 2, ("A network on the same curve, and on real data", "Una red para la misma curva y para datos reales"), NetworkLesson.Run, "Class2/NetworkLesson.cs"),
    ];
}
