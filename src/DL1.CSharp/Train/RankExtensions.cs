namespace DL1;

/// <summary>Ranks that train together, in this process.</summary>
public static class RankExtensions
{
    extension(Ranks)
    {
        /// <summary>One rank, which exchanges nothing.</summary>
        /// <example><code>var options = new TrainingOptions(Shards: 8, Ranks: Ranks.Alone);</code></example>
        public static Ranks Alone => RanksModule.alone;

        /// <summary>
        /// Runs a function on several ranks, threads of this process, and gives their results in the order of the ranks. Where one throws, or
        /// ends while others wait for it, all the others end by a <c>RankError</c>, and its error is raised here.
        /// </summary>
        /// <param name="count">How many ranks, 1 to 64.</param>
        /// <param name="work">What each rank does; all make the same calls of their ranks.</param>
        /// <exception cref="DomainError">The count is not from 1 to 64.</exception>
        /// <exception cref="RankError">The ranks made different calls, or one ended before the others.</exception>
        /// <example><code>var squares = Ranks.Threads(4, ranks => ranks.Rank * ranks.Rank);</code></example>
        public static IReadOnlyList<T> Threads<T>(int count, Func<Ranks, T> work) =>
            RanksModule.threads(count, Interop.Function(work));
    }
}
