using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DL1.Data;
using Microsoft.AspNetCore.Builder;
using Serve;

namespace DL1.CSharp.Tests;

/// <summary>The sample service, started in this process on a free port of the loopback.</summary>
public sealed class ServeTests : IAsyncLifetime
{
    private readonly string path = Path.GetTempFileName();
    private readonly FittedPipeline pipeline = Pipeline.Classify("species").Inputs("island", "sex", "flipper_length_mm", "body_mass_g")
        .Impute(ColumnFill.Median, "flipper_length_mm").Scale(ColumnScaling.Standard).Model(Estimator.Logistic())
        .Fit(Tables.Penguins().Complete("body_mass_g"));
    private WebApplication service = null!;
    private HttpClient client = null!;

    public async Task InitializeAsync()
    {
        pipeline.Save(path);
        service = PredictionService.Build("--pipeline", path, "--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "Warning");
        await service.StartAsync();
        client = new HttpClient { BaseAddress = new Uri(service.Urls.Single()) };
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        await service.DisposeAsync();
        File.Delete(path);
    }

    private Task<HttpResponseMessage> Post(string json, string language = "en")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/predict") { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.AcceptLanguage.Add(new StringWithQualityHeaderValue(language));
        return client.SendAsync(request);
    }

    private static async Task<JsonElement> Json(HttpResponseMessage response) => (await response.Content.ReadFromJsonAsync<JsonElement>())!;

    [Fact]
    public async Task ItPredictsWhatThePipelinePredicts_ForManyCallersAtOnce()
    {
        var birds = Tables.Penguins().Complete("body_mass_g", "sex");
        await Parallel.ForEachAsync(Enumerable.Range(0, birds.RowCount), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, cancellation) =>
        {
            var bird = birds.Row(i);
            var row = new { island = bird.Text("island"), sex = bird.Text("sex"), flipper_length_mm = bird.Number("flipper_length_mm"), body_mass_g = bird.Number("body_mass_g") };
            var answer = await (await client.PostAsJsonAsync("/predict", row, cancellation)).Content.ReadFromJsonAsync<Prediction>(cancellation);
            var expected = pipeline.Predict(row);
            Assert.Equal(expected.Class, answer!.Class);
            Assert.Equal(expected.Probabilities.Select(p => $"{p.Class} {p.Probability:R}"), answer.Probabilities.Select(p => $"{p.Class} {p.Probability:R}"));
        });
    }

    [Theory]
    [InlineData("""{"island":"Atlantis","sex":null,"flipper_length_mm":200,"body_mass_g":4000}""", "island", "'Atlantis' for 'island'. Allowed: one of: Biscoe, Dream, Torgersen, or null where it is not known.")]
    [InlineData("""{"island":"Dream","sex":[1],"flipper_length_mm":200,"body_mass_g":4000}""", "sex", "[1] for 'sex' is neither a number nor a text. Allowed: one of: FEMALE, MALE, or null where it is not known.")]
    [InlineData("""{"island":"Dream","sex":"MALE","flipper_length_mm":"long","body_mass_g":4000}""", "flipper_length_mm", "'long' for 'flipper_length_mm'. Allowed: a finite number, or null where it is not known.")]
    [InlineData("""{"island":"Dream","sex":"MALE","flipper_length_mm":1e999,"body_mass_g":4000}""", "flipper_length_mm", "'Infinity' for 'flipper_length_mm'. Allowed: a finite number, or null where it is not known.")]
    [InlineData("""{"island":"Dream","sex":"MALE","flipper_length_mm":null,"body_mass_g":null}""", "body_mass_g", "'body_mass_g' has no value. Allowed: a finite number.")]
    [InlineData("""{"island":"Dream","sex":"MALE","flipper_length_mm":200}""", "body_mass_g", "The field 'body_mass_g' is not there. Allowed: a finite number.")]
    public async Task AFieldThatIsNotTakenIsNamedWithWhatIsAllowed(string json, string field, string message)
    {
        var response = await Post(json);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var errors = (await Json(response)).GetProperty("errors").EnumerateObject().ToList();
        Assert.Equal([field], errors.Select(e => e.Name));
        Assert.Equal(message, errors[0].Value[0].GetString());
    }

    [Fact]
    public async Task AllFieldsAreCheckedAtOnce_InTheLanguageOfTheRequest()
    {
        var problem = await Json(await Post("""{"island":"Atlantis","flipper_length_mm":200,"body_mass_g":"heavy"}""", "es-AR"));
        Assert.Equal("Los valores de algunos campos no son válidos.", problem.GetProperty("title").GetString());
        var errors = problem.GetProperty("errors").EnumerateObject().ToDictionary(e => e.Name, e => e.Value[0].GetString());
        Assert.Equal(["body_mass_g", "island", "sex"], errors.Keys.Order());
        Assert.Equal("'Atlantis' para 'island'. Se admite: uno de: Biscoe, Dream, Torgersen, o null si no se conoce.", errors["island"]);
        Assert.Equal("Falta el campo 'sex'. Se admite: uno de: FEMALE, MALE, o null si no se conoce.", errors["sex"]);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("""{"island":"Dream","island":"Biscoe"}""")]
    public async Task ABodyThatIsNoObjectIsABadRequest(string body)
    {
        var response = await Post(body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("The body is not one JSON object, with each name once.", (await Json(response)).GetProperty("detail").GetString());
    }

    [Fact]
    public async Task OtherMediaTypesAndLongBodiesAreRefused()
    {
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await client.PostAsync("/predict", new StringContent("island=Dream"))).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Post($$"""{"island":"{{new string('x', 100_000)}}"}""")).StatusCode);
    }

    [Fact]
    public async Task ItIsHealthy_AndSaysItsFields()
    {
        Assert.Equal("Healthy", await client.GetStringAsync("/health"));
        var fields = await client.GetFromJsonAsync<JsonElement>("/fields");
        Assert.Equal(pipeline.Fields, fields.EnumerateArray().Select(f => f.GetProperty("name").GetString()!));
    }

    [Theory]
    [InlineData("es", "Predecir: especie", "masa corporal (g)", "hembra")]
    [InlineData("en", "Predict: species", "body mass (g)", "female")]
    public async Task TheFormIsInTheLanguageOfTheRequest(string language, params string[] texts)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.AcceptLanguage.ParseAdd($"fr, {language};q=0.8");
        var response = await client.SendAsync(request);
        Assert.Equal(language, response.Content.Headers.ContentLanguage.Single());
        var page = await response.Content.ReadAsStringAsync();
        Assert.All(texts, text => Assert.Contains(text, page));
        Assert.Equal(page, await client.GetStringAsync($"/?lang={language}"));
    }

    [Fact]
    public async Task TheFormShowsThePrediction_AndWhatIsWrong()
    {
        var page = await client.GetStringAsync("/?island=Biscoe&sex=&flipper_length_mm=220&body_mass_g=5200");
        var likeliest = pipeline.Predict(new { island = "Biscoe", sex = (string?)null, flipper_length_mm = 220, body_mass_g = 5200 }).Probabilities.MaxBy(p => p.Probability)!;
        Assert.Contains($"<h2>{likeliest.Class}</h2>", page);
        Assert.Contains(FormattableString.Invariant($"{likeliest.Class}: {100 * likeliest.Probability:0.0}%"), page);
        var wrong = await client.GetAsync("/?island=%3Cscript%3E&sex=MALE&flipper_length_mm=220&body_mass_g=heavy");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        var text = await wrong.Content.ReadAsStringAsync();
        Assert.Equal(2, text.Split("role=\"alert\"").Length - 1);
        Assert.DoesNotContain("<script>", text);
    }

    [Fact]
    public void WithoutAFileItSaysHowToMakeOne()
    {
        var error = Assert.Throws<FormatError>(() => PredictionService.Build());
        Assert.Contains("--project samples/Course -- penguins-service", error.Message);
        Assert.Throws<FormatError>(() => PredictionService.Build("--pipeline", path + ".none"));
    }
}
