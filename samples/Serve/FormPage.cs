using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using DL1.Data;

namespace Serve;

/// <summary>The page with the form: made from the fields of the pipeline, without scripts.</summary>
internal static class FormPage
{
    private const string Style = """
        :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
        body { max-width: 34rem; margin: 2rem auto; padding: 0 1rem }
        form { display: grid; gap: .8rem } label { display: grid; gap: .2rem }
        input, select, button { font: inherit; padding: .45rem .6rem; width: 100%; box-sizing: border-box }
        .problem { color: #c02020 } @media (prefers-color-scheme: dark) { .problem { color: #ff9a9a } }
        .result { margin-top: 1.5rem } .result h2 { margin: 0 0 .5rem } meter { width: 100% }
        nav { text-align: right }
        """;

    /// <summary>The page: what was typed, what is wrong with it, and the prediction where there is one.</summary>
    public static string Of(FittedPipeline pipeline, Words words, Func<string, string> typed, IReadOnlyList<FieldProblem> problems, Prediction? prediction)
    {
        var title = words[$"Predict: {words.Label(pipeline.Target)}", $"Predecir: {words.Label(pipeline.Target)}"];
        var other = words["es", "en"];
        var page = new StringBuilder($"""
            <!DOCTYPE html>
            <html lang="{words.Language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
            <title>{Text(title)}</title><style>{Style}</style></head><body>
            <nav><a href="/?lang={other}" lang="{other}">{words["Español", "English"]}</a></nav><h1>{Text(title)}</h1>
            <form method="get" action="/"><input type="hidden" name="lang" value="{words.Language}">

            """);
        foreach (var field in pipeline.Inputs)
        {
            page.Append($"<label>{Text(words.Label(field.Name))}").Append('\n');
            page.Append(field.Categories.Count == 0 ? Number(field, words, typed(field.Name)) : Choice(field, words, typed(field.Name))).Append('\n');
            foreach (var problem in problems.Where(p => p.Field.Name == field.Name))
                page.Append($"<span class=\"problem\" role=\"alert\">{Text(words.Explain(problem))}</span>").Append('\n');
            page.Append("</label>").Append('\n');
        }

        page.Append($"<button>{words["Predict", "Predecir"]}</button></form>").Append('\n');
        if (prediction is not null)
            page.Append(Result(prediction, words)).Append('\n');
        return page.Append("</body></html>\n").ToString();
    }

    private static string Number(PipelineField field, Words words, string value) =>
        $"<input name=\"{Text(field.Name)}\" type=\"number\" step=\"any\" value=\"{Text(value)}\" placeholder=\"{(field.MayBeMissing ? words["not known", "se desconoce"] : "")}\">";

    private static string Choice(PipelineField field, Words words, string value)
    {
        // What was asked for and is unknown stays to be seen, beside its error.
        var unknown = value == "" || field.Categories.Contains(value) ? [] : new[] { value };
        var options = field.Categories.Concat(unknown).Select(c => $"<option value=\"{Text(c)}\"{(c == value ? " selected" : "")}>{Text(words.Label(c))}</option>");
        return $"<select name=\"{Text(field.Name)}\"><option value=\"\">{words["not known", "se desconoce"]}</option>{string.Concat(options)}</select>";
    }

    private static string Result(Prediction prediction, Words words)
    {
        var rows = prediction.Probabilities.OrderByDescending(p => p.Probability)
            .Select(p => $"<div>{Text(words.Label(p.Class))}: {Percent(p.Probability)}<meter max=\"1\" value=\"{p.Probability.ToString("R", CultureInfo.InvariantCulture)}\"></meter></div>");
        var headline = prediction.Class == "" ? prediction.Value.ToString("G6", CultureInfo.InvariantCulture) : words.Label(prediction.Class);
        return $"<section class=\"result\" aria-live=\"polite\"><h2>{Text(headline)}</h2>{string.Concat(rows)}</section>";
    }

    private static string Percent(double p) => (100 * p).ToString("0.0", CultureInfo.InvariantCulture) + "%";

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);
}
