namespace Course;

/// <summary>All lessons, in the order of the course.</summary>
internal static class Lessons
{
    public static IReadOnlyList<Lesson> All { get; } =
    [
        .. Class1.Lessons,
        .. Class2.Lessons,
        .. Class3.Lessons,
        .. Class4.Lessons,
        .. Class5.Lessons,
        .. Class6.Lessons,
        .. Class7.Lessons,
        .. Class8.Lessons,
    ];

    /// <summary>What runs where no lesson is named: the exercises of the course, with the race of optimizers as their animation.</summary>
    public static IReadOnlyList<Lesson> Exercises { get; } =
        [.. All.Where(lesson => lesson.Name is "descent" or "race" or "regression" or "scaling" or "network" or "backpropagation")];

    /// <summary>The title of a class.</summary>
    public static Words TitleOf(int number) => number switch
    {
        1 => ("Likelihood, losses, units", "Verosimilitud, pérdidas y unidades"),
        2 => ("Optimization, regularization, search", "Optimización, regularización y búsqueda"),
        3 => ("The library itself", "La biblioteca por dentro"),
        4 => ("Gradients, initialization, normalization", "Gradientes, inicialización y normalización"),
        5 => ("Networks for images", "Redes para imágenes"),
        6 => ("Recurrence and attention", "Recurrencia y atención"),
        7 => ("Representations, transfer, generation", "Representaciones, transferencia y generación"),
        8 => ("From end to end", "De principio a fin"),
        _ => throw new ArgumentOutOfRangeException(nameof(number), number, "The course has no class of this number."),
    };
}
