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
        .. Class8.Lessons,
    ];
}
