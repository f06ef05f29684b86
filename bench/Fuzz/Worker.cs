using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace DL1.Fuzzing;

/// <summary>What became of the calls of each member, and the faults with the first episode of each.</summary>
public sealed class Tally
{
    public long Calls, Evaluated, Compiled;
    public readonly Dictionary<int, long[]> Members = [];
    public readonly Dictionary<Fault, (long Count, ulong Episode)> Faults = [];

    /// <summary>What members refuse: the member, the kind of error, and what it says was expected.</summary>
    public readonly Dictionary<(string Member, string Kind, string Expected), long> Refusals = [];

    public void Add((string Member, string Kind, string Expected) refusal, long count = 1) =>
        Refusals[refusal] = Refusals.GetValueOrDefault(refusal) + count;

    public void Add(int member, Outcome outcome)
    {
        if (outcome != Outcome.NotMade) Calls++;
        if (!Members.TryGetValue(member, out var counts)) Members[member] = counts = new long[5];
        counts[(int)outcome]++;
    }

    /// <summary>Faults that differ in their text alone are one.</summary>
    public void Add(Fault fault, ulong episode, long count = 1)
    {
        var same = Faults.Keys.FirstOrDefault(f => (f.Member, f.Kind, f.Frame) == (fault.Member, fault.Kind, fault.Frame)) ?? fault;
        Faults[same] = Faults.TryGetValue(same, out var known) ? (known.Count + count, Math.Min(known.Episode, episode)) : (count, episode);
    }

    public void Add(Tally other)
    {
        Calls += other.Calls;
        Evaluated += other.Evaluated;
        Compiled += other.Compiled;
        foreach (var (member, counts) in other.Members)
        {
            if (!Members.TryGetValue(member, out var own)) Members[member] = own = new long[5];
            for (var i = 0; i < own.Length; i++) own[i] += counts[i];
        }

        foreach (var (fault, (count, episode)) in other.Faults) Add(fault, episode, count);
        foreach (var (refusal, count) in other.Refusals) Add(refusal, count);
    }

    public void Write(string path, ulong episodes)
    {
        string Line(params object[] parts) => string.Join('\t', parts.Select(p => $"{p}".Replace('\t', ' ').Replace('\n', ' ').Replace('\r', ' ')));
        File.WriteAllLines(path + ".new",
        [
            Line("done", episodes, Calls, Evaluated, Compiled),
            .. Members.Select(m => Line("member", m.Key, string.Join(' ', m.Value))),
            .. Refusals.Select(e => Line("refusal", e.Value, e.Key.Member, e.Key.Kind, e.Key.Expected)),
            .. Faults.Select(f => Line("fault", f.Value.Count, f.Value.Episode, f.Key.Member, f.Key.Kind, f.Key.Frame, f.Key.Detail)),
        ]);
        File.Move(path + ".new", path, true);
    }

    public static (Tally Tally, ulong Episodes) Read(string path)
    {
        var tally = new Tally();
        ulong episodes = 0;
        if (!File.Exists(path)) return (tally, episodes);
        foreach (var parts in File.ReadLines(path).Select(l => l.Split('\t')))
        {
            switch (parts)
            {
                case ["done", var e, var calls, var evaluated, var compiled]:
                    (episodes, tally.Calls, tally.Evaluated, tally.Compiled) = (ulong.Parse(e), long.Parse(calls), long.Parse(evaluated), long.Parse(compiled));
                    break;
                case ["member", var member, var counts]:
                    tally.Members[int.Parse(member)] = [.. counts.Split(' ').Select(long.Parse)];
                    break;
                case ["refusal", var count, var member, var kind, var expected]:
                    tally.Refusals[(member, kind, expected)] = long.Parse(count);
                    break;
                case ["fault", var count, var episode, var member, var kind, var frame, var detail]:
                    tally.Faults[new Fault(member, kind, frame, detail)] = (long.Parse(count), ulong.Parse(episode));
                    break;
            }
        }

        return (tally, episodes);
    }
}

/// <summary>Where a worker stands, in memory that outlives it: the episode, the call and the member.</summary>
public sealed class Place(string path) : IDisposable
{
    private readonly MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, 24);
    private MemoryMappedViewAccessor? view;

    private MemoryMappedViewAccessor View => view ??= file.CreateViewAccessor();

    public void Set(ulong episode, int call, int member)
    {
        View.Write(0, episode);
        View.Write(8, call);
        View.Write(12, member);
    }

    public (ulong Episode, int Call, int Member) Get() => (View.ReadUInt64(0), View.ReadInt32(8), View.ReadInt32(12));

    public void Dispose()
    {
        view?.Dispose();
        file.Dispose();
    }
}

/// <summary>Runs episodes: some calls each, from a seed of its own, later ones fed by earlier ones.</summary>
public static class Worker
{
    public const int CallsOfEpisode = 25;

    private static readonly int[] weighted = [.. Members.All.SelectMany(m => Enumerable.Repeat(m.Number, m.Weight))];

    public static void Episode(ulong seed, ulong episode, Tally tally, Action<int, Member> begins, Action<string>? tell = null)
    {
        var rng = new Rng((seed << 32) ^ episode);
        // Two sequences of numbers that start near each other are far apart after the first.
        rng = rng.Fork();
        var generator = new Generator();
        var caller = new Caller(generator, tell);
        for (var i = 0; i < CallsOfEpisode; i++)
        {
            var member = Members.All[rng.Of(weighted)];
            var r = rng.Fork();
            begins(i, member);
            tell?.Invoke($"{i}: {member.Name}");
            var (outcome, fault) = caller.Call(member, r);
            if (caller.Refusal is { } refusal) tally.Add((member.Name, refusal.GetType().Name, refusal.Expected));
            tell?.Invoke($"  {outcome} {fault}");
            tally.Add(member.Number, outcome);
            if (fault is not null) tally.Add(fault, episode);
        }

        tally.Evaluated += caller.Evaluated;
        tally.Compiled += caller.Compiled;
    }

    /// <summary>Episodes from one on, in this process; what is known is written to a file now and then.</summary>
    public static void Run(ulong seed, ulong first, ulong count, double secondsOfCall, string file)
    {
        using var place = new Place(file + ".now");
        var tally = new Tally();
        var started = Stopwatch.GetTimestamp();
        var watch = new Thread(() =>
        {
            while (true)
            {
                Thread.Sleep(100);
                if (Stopwatch.GetElapsedTime(Interlocked.Read(ref started)).TotalSeconds > secondsOfCall) Process.GetCurrentProcess().Kill();
            }
        }) { IsBackground = true };
        watch.Start();
        // The smallest stack that the runtime gives a thread on any system.
        var calls = new Thread(() =>
        {
            for (var e = first; e < first + count; e++)
            {
                Episode(seed, e, tally, (call, member) =>
                {
                    Interlocked.Exchange(ref started, Stopwatch.GetTimestamp());
                    place.Set(e, call, member.Number);
                });
                if ((e - first) % 20 == 19 || e + 1 == first + count) tally.Write(file, e + 1 - first);
            }
        }, 1536 * 1024);
        calls.Start();
        calls.Join();
    }
}
