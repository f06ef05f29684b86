using System.Net.Http.Json;
using DL1.Data;
using Microsoft.AspNetCore.Builder;

namespace DL1.CSharp.Tests.Programs;

public class TableService
{
    #region program
    public sealed record Bird(string Island, string Sex, double flipper_length_mm, double body_mass_g);
    #endregion

    [Fact]
    public async Task Run()
    {
        #region program
        var birds = Tables.Penguins().Complete("species", "body_mass_g");
        var (train, test) = birds.SplitStratified("species", 0.8, seed: 1);
        var pipeline = Pipeline.Classify("species").Numbers("flipper_length_mm", "body_mass_g").Categories("island", "sex")
            .Impute(ColumnFill.Median).Scale(ColumnScaling.Standard).Model(Estimator.Logistic());
        Console.WriteLine(pipeline.CrossValidate(train, folds: 5, seed: 1, Metrics.Accuracy));
        pipeline.Fit(train).Save("birds.pipeline");
        var service = FittedPipeline.Load("birds.pipeline");
        var app = WebApplication.Create(["--urls", "http://127.0.0.1:0"]);
        app.MapPost("/predict", (Bird bird) => service.Predict(bird));
        await app.StartAsync();
        #endregion

        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var bird = new { island = "Biscoe", sex = "MALE", flipper_length_mm = 220, body_mass_g = 5200 };
        var text = await (await client.PostAsJsonAsync("/predict", bird)).Content.ReadAsStringAsync();
        Assert.StartsWith("""{"class":"Gentoo","probabilities":{"Adelie":""", text);
        var answer = await (await client.PostAsJsonAsync("/predict", bird)).Content.ReadFromJsonAsync<Prediction>();
        Assert.Equal("Gentoo", answer!.Class);
        Assert.True(service.Evaluate(test, Metrics.Accuracy)[0].Value > 0.7);
        await app.DisposeAsync();
        File.Delete("birds.pipeline");
    }
}
