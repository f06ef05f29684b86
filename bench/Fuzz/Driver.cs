using System.Diagnostics;

namespace DL1.Fuzzing;

/// <summary>Starts workers, gathers what they found, and what ended them.</summary>
public sealed class Driver(ulong seed, long calls, double secondsOfRun, int processes, ulong episodesOfChild, double secondsOfCall)
{
    private readonly Tally total = new();
    private readonly string folder = Directory.CreateTempSubdirectory("dl1-fuzz-").FullName;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private ulong next;

    public Tally Run(Action<string> tell)
    {
        var threads = Enumerable.Range(0, processes).Select(i => new Thread(() =>
        {
            while (Take() is { } first)
            {
                Chunk(first, first + episodesOfChild, i);
                lock (total) tell($"{clock.Elapsed.TotalSeconds,6:F0} s: {total.Calls:N0} calls, {total.Faults.Count} kinds of fault");
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Directory.Delete(folder, true);
        return total;
    }

    private ulong? Take()
    {
        lock (total)
        {
            if (total.Calls >= calls || clock.Elapsed.TotalSeconds > secondsOfRun) return null;
            var first = next;
            next += episodesOfChild;
            return first;
        }
    }

    private void Chunk(ulong first, ulong end, int number)
    {
        while (first < end)
        {
            var file = Path.Combine(folder, $"{number}-{first}");
            var exit = Child(first, end - first, secondsOfCall, file);
            if (exit != 0 && !File.Exists(file + ".now")) throw new InvalidOperationException("A worker does not start; see --replay 0.");
            var (tally, episodes) = Tally.Read(file);
            lock (total) total.Add(tally);
            if (exit == 0) return;
            using var place = new Place(file + ".now");
            var (episode, _, member) = place.Get();
            if (exit == 137 && Child(episode, 1, 3 * secondsOfCall, file + "-again") == 0)
            {
                // It took long while the machine was busy, and ends by itself.
                first = episode + 1;
                continue;
            }

            var kind = exit switch { 137 => "no end within the time", 134 => "the process ended (abort)", 139 => "the process ended (memory)", _ => $"the process ended ({exit})" };
            lock (total) total.Add(new Fault(Members.All[member].Name, kind, "-", ""), episode);
            first = Math.Max(episode + 1, first + 1);
        }
    }

    private int Child(ulong first, ulong count, double seconds, string file)
    {
        var work = Directory.CreateDirectory(file + ".files").FullName;
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            WorkingDirectory = work,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath)!.Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(typeof(Driver).Assembly.Location);
        foreach (var argument in new object[] { "worker", seed, first, count, seconds, file }) start.ArgumentList.Add($"{argument}");
        // No call needs more memory than this; a larger request fails at once.
        start.Environment["DOTNET_GCHeapHardLimit"] = "0xC0000000";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        Directory.Delete(work, true);
        return process.ExitCode;
    }
}
