namespace Course;

/// <summary>The lessons of class 8: end to end.</summary>
internal static class Class8
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
    ];
}
