using System.Diagnostics;
using DL1;
using DL1.Data;

namespace Serve;

/// <summary>
/// A saved pipeline behind HTTP. One <see cref="FittedPipeline"/> serves all callers at once: it is immutable. Requests are
/// checked field by field before anything is predicted, and answers are in the language of the request.
/// </summary>
public static partial class PredictionService
{
    /// <summary>The service, not yet started, by the options of a command line: `--pipeline FILE`, `--urls ...`.</summary>
    /// <exception cref="FormatError">No file is given, or it holds no pipeline; the message says how to make one.</exception>
    public static WebApplication Build(params string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var path = builder.Configuration["pipeline"];
        var pipeline = FittedPipeline.Load(Existing(path));

        builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = 64 * 1024);
        builder.Services.AddSingleton(pipeline).AddSingleton<Labels>().AddProblemDetails();
        builder.Services.AddHealthChecks().AddCheck<PipelineHealth>("pipeline");
        builder.Services.AddSingleton<PipelineHealth>();

        var app = builder.Build();
        app.UseExceptionHandler(new ExceptionHandlerOptions { StatusCodeSelector = e => e is BadHttpRequestException bad ? bad.StatusCode : 500 });
        app.UseStatusCodePages();
        app.MapHealthChecks("/health");
        app.MapGet("/fields", () => pipeline.Inputs.Select(field => new { field.Name, field.Categories, field.MayBeMissing }));
        app.MapPost("/predict", Predict);
        app.MapGet("/", Form);
        Loaded(app.Logger, path!, pipeline);
        return app;
    }

    private static string Existing(string? path) =>
        File.Exists(path) ? path : throw new FormatError(
            "Serve",
            path is null ? "no pipeline file" : $"no file {Path.GetFullPath(path)}",
            "a file that Save of a pipeline wrote: --pipeline FILE",
            "make one by `dotnet run -c Release --project samples/Course -- penguins-service`, then pass --pipeline out/course/penguins.pipeline");

    private static async Task<IResult> Predict(HttpRequest request, FittedPipeline pipeline, Labels labels, ILogger<FittedPipeline> logger)
    {
        var words = labels.For(request);
        if (!request.HasJsonContentType())
            return Results.Problem(words["Send JSON: Content-Type: application/json.", "Envíe JSON: Content-Type: application/json."], statusCode: 415);
        if (await JsonRow.Read(request) is not { } row)
            return Results.Problem(words["The body is not one JSON object, with each name once.", "El cuerpo no es un único objeto JSON, con cada nombre una sola vez."], statusCode: 400);
        if (pipeline.Check(row) is { Count: > 0 } problems)
        {
            Refused(logger, string.Join(", ", problems.Select(p => $"{p.Field.Name} {p.Fault}")));
            return Results.ValidationProblem(
                problems.ToDictionary(p => p.Field.Name, p => new[] { words.Explain(p) }),
                title: words["The values of some fields are not taken.", "Los valores de algunos campos no son válidos."]);
        }

        return Results.Ok(Timed(pipeline, row, logger));
    }

    private static IResult Form(HttpRequest request, HttpResponse response, FittedPipeline pipeline, Labels labels, ILogger<FittedPipeline> logger)
    {
        var words = labels.For(request);
        var isAsked = pipeline.Fields.Any(request.Query.ContainsKey);
        var row = pipeline.Inputs.ToDictionary(f => f.Name, f => Labels.Typed(f, request.Query[f.Name].ToString()));
        var problems = isAsked ? pipeline.Check(row) : [];
        var prediction = isAsked && problems.Count == 0 ? Timed(pipeline, row, logger) : null;
        response.Headers.ContentLanguage = words.Language;
        response.Headers.Vary = "Accept-Language";
        var page = FormPage.Of(pipeline, words, name => request.Query[name].ToString(), problems, prediction);
        return Results.Content(page, "text/html; charset=utf-8", statusCode: problems.Count > 0 ? 400 : 200);
    }

    private static Prediction Timed(FittedPipeline pipeline, object row, ILogger logger)
    {
        var start = Stopwatch.GetTimestamp();
        var prediction = pipeline.Predict(row);
        Predicted(logger, prediction, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return prediction;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Loaded {Path}: {Pipeline}")]
    private static partial void Loaded(ILogger logger, string path, FittedPipeline pipeline);

    [LoggerMessage(Level = LogLevel.Information, Message = "Predicted {Prediction} in {Milliseconds:0.000} ms")]
    private static partial void Predicted(ILogger logger, Prediction prediction, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Refused: {Problems}")]
    private static partial void Refused(ILogger logger, string problems);
}
