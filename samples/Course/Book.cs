using DL1.Pictures;

namespace Course;

/// <summary>The page that holds all chapters: what it is, what came out, the chapters by class.</summary>
internal static class Book
{
    public static ReportPage Of(IReadOnlyList<(Lesson Lesson, Chapter Chapter)> chapters, Language language)
    {
        var results = chapters.SelectMany(c => c.Chapter.Results.Select(row => (string[])[language.Of(c.Lesson.Title), row[1], row[2]])).ToList();
        var opening = Section.Marked("").Paragraph(language.Of(
            "A course in deep learning that runs. Each chapter asks a question, writes down the formula, shows the code that answers it "
                + "and what came out: *every number, formula and picture on this page was made by the code beside it*, in C#, by the "
                + "library DL1, from fixed seeds, so that another run gives the same. Each chapter closes with questions; a click opens the answer.",
            "Un curso de aprendizaje profundo que se ejecuta. Cada capítulo plantea una pregunta, escribe la fórmula, muestra el código que "
                + "la responde y muestra lo que resultó: *cada número, fórmula e imagen de esta página salió del código que aparece al lado*, "
                + "en C#, con la biblioteca DL1 y con semillas fijas, de modo que otra ejecución da lo mismo. Cada capítulo termina con "
                + "preguntas; un clic muestra la respuesta."));

        if (results.Count > 0)
        {
            var table = Section.Marked(language.Of($"Results: {results.Count} numbers of this run", $"Resultados: {results.Count} números de esta ejecución"))
                .Table([language.Of("chapter", "capítulo"), language.Of("quantity", "magnitud"), language.Of("result", "resultado")], results);
            opening = results.Count > 16 ? opening.Folded(table) : opening.Add(table.Blocks[0]);
        }

        var page = ReportPage.Titled(language.Of("Deep learning, step by step", "Aprendizaje profundo, paso a paso"))
            .InLanguage(language.Tag)
            .Opening(opening);
        return chapters.GroupBy(c => c.Lesson.Class).Aggregate(page, (book, part) => book.Part(
            $"{language.Of("Class", "Clase")} {part.Key}. {language.Of(Lessons.TitleOf(part.Key))}", part.Select(c => c.Chapter.Section)));
    }
}
