namespace Course;

/// <summary>The lessons of class 2: optimization, regularization, search.</summary>
internal static class Class2
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("descent", 2, ("Descent: three optimizers, one minimum", "Descenso: tres optimizadores, un mínimo"), DescentLesson.Run, "Class2/DescentLesson.cs"),
        new("valley", 2, ("A narrow valley: conditioning and momentum", "Un valle estrecho: condicionamiento y momento"), ValleyLesson.Run, "Class2/ValleyLesson.cs"),
        new("schedules", 2, ("Schedules of the learning rate", "Planes para la tasa de aprendizaje"), SchedulesLesson.Run, "Class2/SchedulesLesson.cs"),
        new("race", 2, ("A race of optimizers", "Una carrera de optimizadores"), RaceLesson.Run, "Class2/RaceLesson.cs"),
        new("orders", 2, ("Orders zero, one and two", "Órdenes cero, uno y dos"), OrdersLesson.Run, "Class2/OrdersLesson.cs"),
        new("clipping", 2, ("Exploding gradients and clipping", "Gradientes que explotan y su recorte"), ClippingLesson.Run, "Class2/ClippingLesson.cs"),
        new("regression", 2, ("Regression: why a right model can fit badly", "Regresión: por qué un modelo correcto puede ajustar mal"), RegressionLesson.Run, "Class2/RegressionLesson.cs"),
        new("scaling", 2, ("Scaling: the right model fits at last", "Escalado: el modelo correcto por fin ajusta"), ScalingLesson.Run, "Class2/ScalingLesson.cs"),
        new("regularization", 2, ("Regularization: six answers to overfitting", "Regularización: seis respuestas al sobreajuste"), RegularizationLesson.Run, "Class2/RegularizationLesson.cs"),
        new("penalty-path", 2, ("Coefficients along the path of a penalty", "Los coeficientes a lo largo de la penalización"), PenaltyPathLesson.Run, "Class2/PenaltyPathLesson.cs"),
        new("search", 2, ("Searching for hyper-parameters", "Búsqueda de hiperparámetros"), SearchLesson.Run, "Class2/SearchLesson.cs"),
        new("network", 2, ("A network on the same curve, and on real data", "Una red para la misma curva y para datos reales"), NetworkLesson.Run, "Class2/NetworkLesson.cs"),
    ];
}
