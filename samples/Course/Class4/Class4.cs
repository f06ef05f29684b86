namespace Course;

/// <summary>The lessons of class 4: gradients, initialization, normalization.</summary>
internal static class Class4
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("matrix-calculus", 4, ("Gradients as matrices", "Gradientes como matrices"), MatrixCalculusLesson.Run, "Class4/MatrixCalculusLesson.cs"),
        new("backpropagation", 4, ("Backpropagation", "Retropropagación"), BackpropagationLesson.Run, "Class4/BackpropagationLesson.cs"),
        new("initialization", 4, ("Initialization", "Inicialización"), InitializationLesson.Run, "Class4/InitializationLesson.cs"),
        new("batch-norm", 4, ("Batch normalization", "Normalización por lotes"), BatchNormLesson.Run, "Class4/BatchNormLesson.cs"),
        new("dropout", 4, ("Dropout", "Dropout"), DropoutLesson.Run, "Class4/DropoutLesson.cs"),
        new("momentum", 4, ("Momentum", "Momento"), MomentumLesson.Run, "Class4/MomentumLesson.cs"),
    ];
}
