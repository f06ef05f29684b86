using System.Globalization;
using DL1.Fuzzing;

// Generated calls of every public member. In this folder:
//   dotnet run -c Release -- --calls 1000000 --processes 2    faults as a table; exit code 1 where there are any
//   dotnet run -c Release -- --seed 1 --replay 42             prints the calls of one episode
//   dotnet run -c Release -- --time 60 --whole                as many as begin within a minute, with the members that never gave a value, and those left out
//   dotnet run -c Release -- --refusals refusals.tsv          and a file of what each member refused, and what it expected
if (args is ["worker", var workerSeed, var first, var count, var seconds, var file])
{
    Console.SetOut(TextWriter.Null);
    Values.WriteFiles();
    Worker.Run(ulong.Parse(workerSeed), ulong.Parse(first), ulong.Parse(count), double.Parse(seconds, CultureInfo.InvariantCulture), file);
    return 0;
}

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;
double Number(string name, double usual) => Option(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : usual;
var seed = ulong.Parse(Option("--seed") ?? "1");
if (Option("--replay") is { } episode)
{
    var work = Directory.CreateTempSubdirectory("dl1-fuzz-").FullName;
    Directory.SetCurrentDirectory(work);
    Values.WriteFiles();
    var thread = new Thread(() => Worker.Episode(seed, ulong.Parse(episode), new Tally(), (_, _) => { }, Console.WriteLine), 1536 * 1024);
    thread.Start();
    thread.Join();
    Directory.SetCurrentDirectory(Path.GetTempPath());
    Directory.Delete(work, true);
    return 0;
}

var driver = new Driver(
    seed, long.Parse(Option("--calls") ?? "20000"), Number("--time", 1e9), int.Parse(Option("--processes") ?? "2"), ulong.Parse(Option("--episodes") ?? "400"),
    Number("--seconds", 20));
var tally = driver.Run(Console.Error.WriteLine);
if (Option("--refusals") is { } refusals) Report.WriteRefusals(refusals, tally);
Report.Write(Console.Out, tally, seed, args.Contains("--whole"));
return tally.Faults.Count == 0 ? 0 : 1;
