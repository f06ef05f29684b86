namespace Course;

/// <summary>The lessons of class 1: likelihood, losses, units.</summary>
internal static class Class1
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("likelihood", 1, ("Losses from likelihoods", "De la verosimilitud a la función de pérdida"), LikelihoodLesson.Run, "Class1/LikelihoodLesson.cs"),
        new("units", 1, ("Hidden units and saturation", "Unidades ocultas y saturación"), UnitsLesson.Run, "Class1/UnitsLesson.cs"),
        new("output-units", 1, ("Output units and their likelihoods", "Unidades de salida y sus verosimilitudes"), OutputUnitsLesson.Run, "Class1/OutputUnitsLesson.cs"),
    ];
}
