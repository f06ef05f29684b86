using DL1;
using DL1.Data;
using static DL1.Functions;

namespace Course;

/// <summary>The task of the lesson on attention: letters with digits, asked for in another order.</summary>
internal static class LookUpTask
{
    public const int Letters = 26, Digits = 10, Pairs = 8;

    #region task
    public sealed record Lookup(Expr Letters, Expr Digits, Expr Asked);

    // Eight different letters, each with a digit; the letters are asked for in another order.
    public static Dataset Drawn(int rows, long seed)
    {
        var (first, second, third) = (Key.OfSeed(seed).Fold(1), Key.OfSeed(seed).Fold(2), Key.OfSeed(seed).Fold(3));
        var letters = first.Uniform(0, 1, rows, Letters).Compute(u => u.ArgSort()).Slice(1, ..Pairs);
        var digits = second.Uniform(0, Digits, rows, Pairs).Compute(Floor).Cast(DType.I64);
        var order = third.Uniform(0, 1, rows, Pairs).Compute(u => u.ArgSort());
        Tensor Asked(Tensor rows) => rows.Compute(order, (x, places) => x.TakeAlong(places));
        return Dataset.Named([("Letters", letters), ("Digits", digits), ("Asked", Asked(letters))], [("Answers", Asked(digits))]);
    }
    #endregion
}
