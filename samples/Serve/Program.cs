// Serves the predictions of a pipeline that a program of DL1 has saved: POST /predict, a form at /, GET /fields, GET /health.
//   dotnet run -c Release --project samples/Serve -- --pipeline out/course/penguins.pipeline [--urls http://localhost:5080]
using DL1;
using Serve;

try
{
    using var service = PredictionService.Build(args);
    service.Run();
    return 0;
}
catch (DL1Error error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
