using System.Text.Json;

namespace Serve;

/// <summary>The JSON object of a request as a row: names with numbers, texts, truth values and nulls.</summary>
internal static class JsonRow
{
    private static readonly JsonDocumentOptions options = new() { AllowDuplicateProperties = false };

    /// <summary>The row, or null where the body is no JSON object or has a name twice.</summary>
    public static async Task<Dictionary<string, object>?> Read(HttpRequest request)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, options, request.HttpContext.RequestAborted);
            return document.RootElement.ValueKind != JsonValueKind.Object ? null
                : document.RootElement.EnumerateObject().ToDictionary(field => field.Name, field => Value(field.Value)!);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static object? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
        _ => value.Clone(), // An object or a list: no field takes it, and the error names it.
    };
}
