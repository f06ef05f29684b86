namespace Course;

/// <summary>The lessons of class 1: likelihood, losses, units.</summary>
internal static class Class1
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
    ];
}
