global using Words = (string English, string Spanish);

namespace Course;

/// <summary>The languages of the lessons. Numbers are written with a point in both.</summary>
internal enum Language
{
    English,
    Spanish,
}

/// <summary>Texts in the language that was asked for.</summary>
internal static class LanguageWords
{
    extension(Language language)
    {
        /// <summary>The language's tag: <c>en</c>, <c>es</c>.</summary>
        public string Tag => language == Language.English ? "en" : "es";

        /// <summary>The text in this language.</summary>
        public string Of(Words words) => language == Language.English ? words.English : words.Spanish;

        /// <summary>The text in this language.</summary>
        public string Of(string english, string spanish) => language.Of((english, spanish));
    }
}
