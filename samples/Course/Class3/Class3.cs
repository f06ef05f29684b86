namespace Course;

/// <summary>The lessons of class 3: the library itself.</summary>
internal static class Class3
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
    ];
}
