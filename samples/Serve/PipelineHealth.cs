using DL1.Data;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Serve;

/// <summary>
/// Healthy where the pipeline predicts, for a row that is known, what it predicted when the service started. The first
/// prediction also compiles the pipeline, before a caller waits for it.
/// </summary>
public sealed class PipelineHealth : IHealthCheck
{
    private readonly FittedPipeline pipeline;
    private readonly Dictionary<string, object> row;
    private readonly string known;

    /// <summary>A row of first categories, with numbers missing where they may be, else 0, and what is predicted for it.</summary>
    public PipelineHealth(FittedPipeline pipeline)
    {
        this.pipeline = pipeline;
        row = pipeline.Inputs.ToDictionary(f => f.Name, f => f.Categories.Count > 0 ? f.Categories[0] : f.MayBeMissing ? double.NaN : (object)0.0);
        known = Predicted();
    }

    private string Predicted()
    {
        var prediction = pipeline.Predict(row);
        return $"{prediction.Class} {prediction.Value:R} {string.Join(' ', prediction.Probabilities.Select(p => $"{p.Probability:R}"))}";
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Predicted() is var now && now == known
            ? HealthCheckResult.Healthy(known)
            : HealthCheckResult.Unhealthy($"predicted {now} for a row for which it predicted {known} before"));
}
