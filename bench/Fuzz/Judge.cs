using Microsoft.FSharp.Collections;

namespace DL1.Fuzzing;

/// <summary>A result on which evaluation and compiled code differ.</summary>
public sealed class Disagreement(string text) : Exception(text);

/// <summary>Evaluates an expression and runs it compiled, where that is little work; both must give the same.</summary>
public static class Judge
{
    /// <summary>Whether it was little enough work to run.</summary>
    public static bool Run(Expr e, Rng r, bool compiles, Action<string> begins)
    {
        if (!IsLittle(e)) return false;
        var roots = ListModule.OfArray([e]);
        var variables = ListModule.ToArray(Graph.variables(roots));
        if (variables.Sum(v => (double)v.Shape.Size) > 1e6) return false;
        var values = variables.Select(v => Values.Floats(v.DType, [.. v.Shape])).ToArray();
        begins("Eval");
        var judged = Eval.prepare(ListModule.OfArray(variables), roots).Invoke(ListModule.OfArray(values)).Head;
        Check(e, judged, "Eval");
        if (!compiles) return true;
        begins("Compile");
        var options = new CompileOptions(1 + r.Below(2), r.Chance(0.7), r.Chance(0.2));
        Tensor ran;
        try
        {
            ran = Compile.prepareWith(options, ListModule.OfArray(variables), roots).Invoke(ListModule.OfArray(values)).Head;
        }
        catch (DomainError) when (options.CheckFinite)
        {
            // It is asked to refuse values that are not finite.
            return true;
        }

        Check(e, ran, "Compile");
        Compare(e, judged, ran);
        return true;
    }

    private static void Check(Expr e, Tensor value, string by)
    {
        if (!value.Shape.Equals(e.Shape) || value.DType != e.DType)
            throw new Disagreement($"{by} gives {value.DType} {value.Shape} for an expression of {e.DType} {e.Shape}");
    }

    private static void Compare(Expr e, Tensor judged, Tensor ran)
    {
        var (a, b) = (TensorModule.toFloats(judged), TensorModule.toFloats(ran));
        var scale = a.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        // A number near an edge of a rounded function may fall on its other side; a few may, all may not.
        var differ = 0;
        for (var i = 0; i < a.Length; i++)
        {
            // What remains of terms that cancel is as far off as they are rounded; ordinary values are about 1.
            if (a[i].Equals(b[i]) || Math.Abs(a[i] - b[i]) <= (1e-3 * scale) + 1e-5) continue;
            if (!double.IsFinite(a[i]) && !double.IsFinite(b[i]) && double.IsNaN(a[i]) == double.IsNaN(b[i])) continue;
            differ++;
        }

        if (differ > a.Length / 4)
            throw new Disagreement($"Eval and compiled code differ in {differ} of {a.Length} elements: [{Some(a)}] and [{Some(b)}] for {Text.ascii(e)}");

        string Some(double[] values) => string.Join(", ", values.Take(6).Select(v => v.ToString("R", System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>Elements of all nodes, and the products and windows among them, within what takes some milliseconds.</summary>
    private static bool IsLittle(Expr e)
    {
        double elements = 0, work = 0;
        var nodes = Graph.topological(ListModule.OfArray([e]));
        if (nodes.Length > 2000) return false;
        foreach (var node in nodes)
        {
            var size = Size(node.Shape);
            elements += size;
            work += node.Node switch
            {
                Node<Expr>.MatMul m => size * m.Item1.Shape[^1],
                Node<Expr>.Conv c => size * Math.Min(Size(c.Item3.Shape), Size(c.Item4.Shape)),
                Node<Expr>.MaxPool p => size * Window(p.Item1),
                Node<Expr>.MaxPoolPick p => size * Window(p.Item1),
                Node<Expr>.MaxPoolScatter p => Size(p.Item3.Shape) * Window(p.Item1),
                Node<Expr>.AvgPool p => size * Window(p.Item1),
                Node<Expr>.AvgPoolGrad p => Size(p.Item3.Shape) * Window(p.Item1),
                Node<Expr>.Scan s => s.Item2.Length * 100.0 * (1 + s.Item2.Body.Next.Sum(n => Size(n.Shape)) + s.Item2.Body.Outputs.Sum(n => Size(n.Shape))),
                _ => 0,
            };
        }

        return elements < 1e6 && work < 1e7;
    }

    private static double Size(Shape shape) => shape.Aggregate(1.0, (a, b) => a * b);

    private static double Window(Window w) => w.Kernel.Aggregate(1.0, (a, b) => a * b);
}
