global using Words = (string English, string Spanish);

namespace Course;

/// <summary>The languages of the lessons. Numbers are written with a point in both.</summary>
internal enum Language
{
    English,
    Spanish,
}
