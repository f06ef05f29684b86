namespace Course;

/// <summary>The lessons of class 2: optimization, regularization, search.</summary>
internal static class Class2
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
    ];
}
