namespace DL1.CSharp;

/// <summary>Tensors from .NET values, for C#.</summary>
public static class Tensors
{
    /// <summary>A vector of f64, of shape <c>[values.Length]</c>.</summary>
    /// <example><code>var x = Tensors.Vector(1.0, 2.0, 3.0);</code></example>
    public static Tensor Vector(params double[] values) => TensorModule.vector(values);
}
