namespace DL1.Fuzzing;

/// <summary>Calls of members that take or give spans, with arrays in their place.</summary>
public static class SpanCalls
{
    public static double[] AsSpan(Tensor tensor) => Given(tensor).AsSpan<double>().ToArray();

    public static float[] AsSpanOfSingles(Tensor tensor) => Given(tensor).AsSpan<float>().ToArray();

    public static void CopyTo(Tensor tensor, double[] destination) => Given(tensor).CopyTo<double>(destination);

    public static void ConvertCopyTo(float[] destination, Tensor tensor) => ConvertModule.copyTo<float>(destination, tensor);

    public static Tensor OfSpan(int[] shape, float[] elements) =>
        ConvertModule.ofSpan<float>(Microsoft.FSharp.Collections.ListModule.OfArray(Given(shape)), elements);

    public static double[] Invoke(ScalarMap map, double[] point, double[] results)
    {
        Given(map)(point, results);
        return results;
    }

    // These stand for instance members, which cannot be called on null.
    private static T Given<T>(T value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value;
    }
}
