using DL1.Data;

namespace Serve;

/// <summary>What `POST /predict` answers: the likeliest class with the probability of each, or the number of a regression.</summary>
public sealed record Answer(string? Class, double? Value, IReadOnlyDictionary<string, double>? Probabilities)
{
    /// <summary>The answer for a prediction.</summary>
    public static Answer Of(Prediction prediction) => prediction.Probabilities.Count == 0
        ? new(null, prediction.Value, null)
        : new(prediction.Class, null, prediction.Probabilities.ToDictionary(p => p.Class, p => p.Probability));
}
