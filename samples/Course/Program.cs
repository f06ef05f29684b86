// The three exercises of a first course in deep learning: descend, differentiate, fit, and look at the result.
//   dotnet run -c Release --project samples/Course [-- --brief] [-- --out FOLDER]
using System.Diagnostics;
using Course;
using DL1.Pictures;

var brief = args.Contains("--brief");
var outAt = Array.IndexOf(args, "--out");
var folder = Path.GetFullPath(outAt >= 0 && outAt + 1 < args.Length ? args[outAt + 1] : Path.Combine("out", "course"));
Directory.CreateDirectory(folder);

var clock = Stopwatch.StartNew();
var page = new Page(folder);

DescentExercise.Run(page);
BackpropagationExercise.Run(page);
RegressionExercise.Run(page);
NetworkExercise.Run(page, brief);

Console.WriteLine();
Console.WriteLine("Results");
page.WriteResults();

var index = Path.Combine(folder, "index.html");
Report.Write(index, "DL1: a first course in deep learning", page.Sections);
Console.WriteLine();
Console.WriteLine($"All of it took {clock.Elapsed.TotalSeconds:0} seconds. The pictures are on one page:");
Console.WriteLine(index);
