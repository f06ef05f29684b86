namespace DL1.Fuzzing;

/// <summary>The table at the end of a run.</summary>
public static class Report
{
    /// <summary>What each member refuses, most often first, separated by tabs: what its documentation should say.</summary>
    public static void WriteRefusals(string path, Tally tally) => File.WriteAllLines(
        path,
        tally.Refusals.OrderBy(r => r.Key.Member, StringComparer.Ordinal).ThenByDescending(r => r.Value)
            .Select(r => $"{r.Key.Member}\t{r.Key.Kind}\t{r.Value}\t{r.Key.Expected}"));

    public static void Write(TextWriter to, Tally tally, ulong seed, bool whole)
    {
        var called = Members.All.Where(m => tally.Members.ContainsKey(m.Number)).ToList();
        var succeeded = called.Where(m => tally.Members[m.Number][(int)Outcome.Value] > 0).ToList();
        to.WriteLine($"seed {seed}: {tally.Calls:N0} calls of {called.Count:N0} members of {Members.All.Count:N0}; "
            + $"{Sum(Outcome.Value):N0} gave a value, {Sum(Outcome.Refused):N0} an error with its cure, {Sum(Outcome.Passed):N0} passed on what "
            + $"was thrown by a function that was given or a cancelled token, {Sum(Outcome.Fault):N0} a fault.");
        to.WriteLine($"{tally.Evaluated:N0} expressions evaluated, {tally.Compiled:N0} of them compiled as well.");
        to.WriteLine($"{succeeded.Count:N0} members ({100.0 * succeeded.Count / Members.All.Count:F1} %) gave a value at least once.");
        if (whole)
        {
            foreach (var member in Members.All.Except(succeeded)) to.WriteLine($"  never a value: {member.Name} ({Counts(member)})");
            foreach (var group in Members.Excluded.GroupBy(e => e.Why)) to.WriteLine($"{group.Count()} members not called: {group.Key}");
            foreach (var (part, name, cap) in Extremes.Work) to.WriteLine($"  {part}* {name}: at most {cap}, since it is work");
        }

        to.WriteLine($"{tally.Faults.Count} kinds of fault:");
        foreach (var (fault, (count, episode)) in tally.Faults.OrderBy(f => f.Key.Kind).ThenBy(f => f.Key.Frame).ThenBy(f => f.Key.Member))
            to.WriteLine($"{count,6}  {fault.Kind} | {fault.Frame} | {fault.Member} | {fault.Detail} | --seed {seed} --replay {episode}");

        long Sum(Outcome outcome) => tally.Members.Values.Sum(c => c[(int)outcome]);
        string Counts(Member m) => tally.Members.TryGetValue(m.Number, out var c)
            ? string.Join(", ", Enum.GetValues<Outcome>().Where(o => c[(int)o] > 0).Select(o => $"{o} {c[(int)o]}")) : "not called";
    }
}
