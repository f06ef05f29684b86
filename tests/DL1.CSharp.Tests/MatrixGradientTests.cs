using DL1;
using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>Gradients as formulas with matrices.</summary>
public class MatrixGradientTests
{
    private static Expr Matrix(string name, int rows, int columns) => Expr.Variable(name, DType.F64, rows, columns);

    [Fact]
    public void SoftmaxRegressionIsWritten()
    {
        Expr x = Matrix("X", 5, 4), w = Matrix("W", 4, 3), y = Matrix("Y", 5, 3);
        var z = x.MatMul(w);
        var p = z.Softmax(-1);
        var loss = -(y * Log(p)).Sum() / 5;
        var formulas = loss.MatrixGradients([w], names: [("P", p)], stochastic: [y]);
        var formula = Assert.Single(formulas);
        Assert.Equal("∂L/∂W = 1/5·Xᵀ·(P − Y)", formula.ToString());
        Assert.Equal("4×3 = 4×5 · 5×3", formula.Shapes);
        Assert.Equal(@"\frac{\partial L}{\partial W} = \frac{1}{5} \, X^{\top} \, \left(P - Y\right)", formula.Latex);
        Assert.True(formula.IsMatrixForm);
        Assert.Equal(w.Shape, formula.Value.Shape);
    }

    [Fact]
    public void ValuesAreWrittenByTheirNames()
    {
        Expr x = Matrix("X", 5, 4), w = Matrix("W", 4, 3);
        var z = x.MatMul(w);
        var h = Sigmoid(z);
        Assert.Equal("H = σ(Z)", h.MatrixForm(("Z", z), ("H", h)).ToString());
        Console.WriteLine(h.MatrixForm(("Z", z), ("H", h))); // H = σ(Z)
    }

    [Fact]
    public void StepsOfTheChainRuleAreWritten()
    {
        Expr x = Matrix("X", 5, 4), w = Matrix("W", 4, 3), a = Matrix("A", 3, 3);
        var h = Tanh(x.MatMul(w));
        var steps = (h * h).Sum().MatrixGradients([w], [("Z", x.MatMul(w)), ("H", h)], stepwise: true);
        Assert.Equal(["∂L/∂H = 2·H", "∂L/∂Z = ∂L/∂H ⊙ tanh′(Z)", "∂L/∂W = Xᵀ·∂L/∂Z"], steps.Select(s => s.ToString()));
        var v = Expr.Variable("v", DType.F64, 3);
        var quadratic = v.Dot(a.MatVec(v));
        Assert.Equal("2·A·v", Assert.Single(quadratic.MatrixGradients([v], symmetric: [a])).Text);
        Assert.Throws<ShapeError>(() => v.MatrixGradients([v]));
    }
}
