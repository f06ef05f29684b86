using DL1.Onnx;
using Microsoft.FSharp.Collections;

namespace DL1.Fuzzing;

/// <summary>ONNX files, whole and damaged, and what is imported from them.</summary>
public static partial class Values
{
    /// <summary>A product, a bias and a hyperbolic tangent over <c>[batch; 3]</c>, with its weights.</summary>
    private static readonly Lazy<byte[]> onnx = new(() =>
    {
        var x = V("x", DType.F32, 4, 3);
        var y = Functions.Tanh(x.MatMul(C(DType.F32, 3, 2)) + C(DType.F32, 2));
        return OnnxExport.graphToBytes(List(x), List(Tuple.Create("y", y)));
    });

    private static FSharpList<T> List<T>(params T[] values) => ListModule.OfArray(values);

    private static void OnnxModels()
    {
        Add(_ => (byte[])onnx.Value.Clone());
        Add(_ => OnnxFile.OfBytes(onnx.Value));
        Add(_ => OnnxFile.OfBytes(onnx.Value).Import());
        Add(_ => DL1.Onnx.Onnx.given("x", Floats(DType.F32, 4, 3)));
    }
}
