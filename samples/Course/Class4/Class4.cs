namespace Course;

/// <summary>The lessons of class 4: gradients, initialization, normalisation.</summary>
internal static class Class4
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
    ];
}
