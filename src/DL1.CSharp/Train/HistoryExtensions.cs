namespace DL1;

/// <summary>The epochs of a training as text.</summary>
public static class HistoryExtensions
{
    extension(IEnumerable<Epoch> history)
    {
        /// <summary>The epochs as comma-separated values, with a header.</summary>
        /// <example><code>File.WriteAllText(path, result.History.ToCsv());</code></example>
        public string ToCsv() => History.toCsv(Interop.List(Interop.Whole(history).Select(epoch => epoch.ToRow())));

        /// <summary>The epochs as an aligned table.</summary>
        /// <example><code>Console.WriteLine(result.History.ToTable());</code></example>
        public string ToTable() => History.table(Interop.List(Interop.Whole(history).Select(epoch => epoch.ToRow())));
    }
}
