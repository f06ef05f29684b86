namespace Course;

/// <summary>The lessons of class 6: recurrent networks, attention, transformers.</summary>
internal static class Class6
{
    public static IReadOnlyList<Lesson> Lessons { get; } =
    [
        new("vanishing", 6, ("Vanishing gradients, and cells that remember", "Gradientes que se desvanecen y celdas que recuerdan"), VanishingLesson.Run, "Class6/VanishingLesson.cs"),
        new("forecasting", 6, ("Forecasting CO2: who beats last year's value?", "Pronosticar el CO2: ¿quién supera al valor del año pasado?"), ForecastingLesson.Run, "Class6/ForecastingLesson.cs"),
        new("characters", 6, ("A novel, character by character", "Una novela, carácter a carácter"), CharactersLesson.Run, "Class6/CharactersLesson.cs"),
        new("attention", 6, ("Attention from scratch", "La atención desde cero"), AttentionLesson.Run, "Class6/AttentionLesson.cs"),
        new("transformer", 6, ("A small transformer against the LSTM", "Un transformador pequeño frente a la LSTM"), TransformerLesson.Run, "Class6/TransformerLesson.cs"),
    ];
}
