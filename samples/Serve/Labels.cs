using System.Globalization;
using DL1.Data;

namespace Serve;

/// <summary>The words of the service in English and in Spanish; what fields and categories are called stands in appsettings.json.</summary>
public sealed class Labels(IConfiguration configuration)
{
    private readonly Words english = new("en", configuration), spanish = new("es", configuration);

    /// <summary>The words of a request: by `?lang=es` or `?lang=en`, else by the Accept-Language header, else English.</summary>
    public Words For(HttpRequest request)
    {
        var asked = request.Query["lang"].ToString();
        var accepted = request.GetTypedHeaders().AcceptLanguage.OrderByDescending(l => l.Quality ?? 1).Select(l => l.Value.ToString());
        var chosen = accepted.Prepend(asked).Select(l => l.Split('-')[0].ToLowerInvariant()).FirstOrDefault(l => l is "en" or "es");
        return chosen == "es" ? spanish : english;
    }

    /// <summary>The text of a form's field as a value: a number where the field takes one and the text is one, else the text.</summary>
    public static object Typed(PipelineField field, string text) =>
        field.Categories.Count == 0 && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : text;
}

/// <summary>The words of one language.</summary>
public sealed class Words(string language, IConfiguration configuration)
{
    /// <summary>`en` or `es`.</summary>
    public string Language => language;

    /// <summary>The text of the language.</summary>
    public string this[string english, string spanish] => language == "es" ? spanish : english;

    /// <summary>What a field or a category is called.</summary>
    public string Label(string name) => configuration[$"Labels:{language}:{name}"] ?? name;

    /// <summary>What is wrong with a field: its name, the value, and what is allowed.</summary>
    public string Explain(FieldProblem problem)
    {
        var name = problem.Field.Name;
        var value = problem.Value.Length > 40 ? problem.Value[..40] + "…" : problem.Value;
        var given = problem.Fault switch
        {
            { IsAbsent: true } => this[$"The field '{name}' is not there", $"Falta el campo '{name}'"],
            { IsMissing: true } => this[$"'{name}' has no value", $"'{name}' no tiene valor"],
            { IsUnreadable: true } => this[$"{value} for '{name}' is neither a number nor a text", $"{value} para '{name}' no es ni un número ni un texto"],
            _ => this[$"'{value}' for '{name}'", $"'{value}' para '{name}'"],
        };
        var allowed = problem.Field.Categories.Count > 0
            ? this["one of: ", "uno de: "] + string.Join(", ", problem.Field.Categories)
            : this["a finite number", "un número finito"];
        var missing = problem.Field.MayBeMissing ? this[", or null where it is not known", ", o null si no se conoce"] : "";
        return $"{given}. {this["Allowed", "Se admite"]}: {allowed}{missing}.";
    }
}
