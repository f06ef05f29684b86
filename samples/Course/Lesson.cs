namespace Course;

/// <summary>
/// A lesson: the name to run it by, the class of the course that it belongs to, its title, what it does, and the file of
/// its code (its path below this project's folder), whose regions the chapter can show.
/// </summary>
internal sealed record Lesson(string Name, int Class, Words Title, Action<Chapter> Run, string Source);
