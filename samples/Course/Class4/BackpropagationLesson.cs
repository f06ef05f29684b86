using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Backpropagation on the graph of Y = (a + b)·(b − c), then on a small network, step by step.</summary>
internal static class BackpropagationLesson
{
    public static void Run(Chapter c)
    {
        c.Text("Take $Y = (a + b)(b - c)$ at $a = 1$, $b = 2$, $c = 3$. A computer sees a graph: a sum, a difference and their product. Forward, each node computes its value. Backward, each node tells its operands how much $Y$ changes when they change a little.",
            "Tomemos $Y = (a + b)(b - c)$ con $a = 1$, $b = 2$, $c = 3$. Una computadora ve un grafo: una suma, una resta y su producto. Hacia adelante, cada nodo calcula su valor. Hacia atrás, cada nodo les dice a sus operandos cuánto cambia $Y$ cuando ellos cambian un poco.");
        c.Code("graph");
        #region graph
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b"), third = Expr.Symbol("c");
        var d = a + b;
        var e = b - third;
        var y = d * e;
        (string, Tensor)[] at = [("a", 1.0), ("b", 2.0), ("c", 3.0)];
        var explanation = y.Explain([("d", d), ("e", e), ("Y", y)], at);
        #endregion
        c.Picture("backpropagation-steps", Animation.OfFigures(780, 1.2, GraphPicture.Steps(explanation)),
            ("The graph: values appear from left to right, then gradients from right to left", "El grafo: los valores aparecen de izquierda a derecha y después los gradientes de derecha a izquierda"),
            ("The nodes show values; each edge shows the gradient that flows back along it.", "Los nodos muestran los valores; cada arista, el gradiente que regresa por ella."));
        c.Drawing("backpropagation-graph", GraphSvg.Draw(explanation),
            ("The computation graph with values on its nodes and gradients on its edges", "El grafo de cómputo con valores en los nodos y gradientes en las aristas"),
            ("The last step, to print.", "El último paso, para imprimir."));
        c.Text("On paper it is the chain rule, once for each edge: the gradient of the node, times the local derivative of the node with respect to its operand.",
            "En el papel es la regla de la cadena, una vez por arista: el gradiente del nodo por la derivada local del nodo respecto de su operando.");
        c.Output(explanation);

        var gradients = y.Gradient(a, b, third);
        var numbers = gradients.Select(g => g.Evaluate(at).ToDouble()).ToArray();
        var value = y.Evaluate(at).ToDouble();
        c.Claim(value == -3 && numbers is [-1, 2, -3], "Y = −3, and its gradient is (−1, 2, −3)");
        c.Result("Y", "Y", $"{value}");
        c.Result("∂Y/∂a, ∂Y/∂b, ∂Y/∂c", "∂Y/∂a, ∂Y/∂b, ∂Y/∂c", string.Join(", ", numbers));
        var uses = explanation.Steps.First(step => step.Name == "b").Uses.Select(use => use.Contribution.ToDouble()).ToArray();
        c.Text($"$b$ is used twice, so two gradients come back to it: {uses[0]} along one edge and {uses[1]} along the other. Their sum is {numbers[1]}. This is all of backpropagation: *multiply along a path, add where paths meet*.",
            $"$b$ se usa dos veces, así que le llegan dos gradientes: {uses[0]} por una arista y {uses[1]} por la otra. Su suma es {numbers[1]}. En eso consiste la retropropagación: *a lo largo de un camino se multiplica; donde se juntan caminos se suma*.");
        c.Claim(uses.Length == 2 && uses.Sum() == numbers[1], "the gradient of b is the sum of two contributions");
        c.Text("The gradient is itself a graph, and so a formula:", "El gradiente es a su vez un grafo, y por tanto una fórmula:");
        foreach (var (name, gradient) in new[] { "a", "b", "c" }.Zip(gradients)) c.Formula($@"\frac{{\partial Y}}{{\partial {name}}} = {gradient.Simplify().ToLatex()}");

        c.Heading("A small network", "Una red pequeña");
        c.Text(@"One input, one hidden unit, one output and a squared error: $L = (v \tanh(w x + b) - t)^2$. Nothing new happens, there are only more nodes.",
            @"Una entrada, una unidad oculta, una salida y un error cuadrático: $L = (v \tanh(w x + b) - t)^2$. No ocurre nada nuevo, solo hay más nodos.");
        c.Code("network");
        #region network
        Expr x = Expr.Symbol("x"), w = Expr.Symbol("w"), bias = Expr.Symbol("b"), v = Expr.Symbol("v"), t = Expr.Symbol("t");
        var u = w * x;
        var z = u + bias;
        var h = Tanh(z);
        var p = v * h;
        var error = p - t;
        var loss = error * error;
        (string, Tensor)[] values = [("x", 0.5), ("w", 2.0), ("b", -0.5), ("v", 1.5), ("t", 1.0)];
        var explained = loss.Explain([("u", u), ("z", z), ("h", h), ("p", p), ("r", error), ("L", loss)], values);
        #endregion
        c.Picture("backpropagation-network", Animation.OfFigures(900, 1.2, GraphPicture.Steps(explained)),
            ("The graph of a network with one hidden unit, step by step", "El grafo de una red con una unidad oculta, paso a paso"),
            ("Forward to the loss $L$, then back to every weight.", "Hacia adelante hasta la pérdida $L$ y de vuelta a cada peso."));
        c.Output(explained);

        c.Code("check");
        #region check
        // Reverse mode against central differences: each weight is moved a little to both sides.
        (string Name, double Reverse, double Difference) Compared(Expr weight, string name)
        {
            double Loss(double step) => loss.Evaluate([.. values.Select(given => given.Item1 == name ? (name, given.Item2.ToDouble() + step) : given)]).ToDouble();
            return (name, loss.Gradient(weight)[0].Evaluate(values).ToDouble(), (Loss(1e-5) - Loss(-1e-5)) / 2e-5);
        }

        var compared = new[] { Compared(w, "w"), Compared(bias, "b"), Compared(v, "v") };
        #endregion
        c.Table([("weight", "peso"), ("backpropagation", "retropropagación"), ("differences", "diferencias")],
            compared.Select(row => new[] { row.Name, $"{row.Reverse:0.000000}", $"{row.Difference:0.000000}" }));
        c.Claim(compared.All(row => Math.Abs(row.Reverse - row.Difference) < 1e-8), "backpropagation agrees with central differences");
        c.Text($"Both agree. But differences need two evaluations of the network for each weight; backpropagation has all {compared.Length} gradients from one pass forward and one back, and a network may have millions of weights.",
            $"Ambos coinciden. Pero las diferencias necesitan dos evaluaciones de la red por cada peso; la retropropagación obtiene los {compared.Length} gradientes con una pasada hacia adelante y otra hacia atrás, y una red puede tener millones de pesos.");

        c.Question(("Why must forward values be kept until the backward pass?", "¿Por qué hay que guardar los valores de la pasada hacia adelante?"),
            ("Because the local derivatives are computed from them: that of $d \\cdot e$ with respect to $d$ is $e$, and that of $h = \\tanh z$ is $1 - h^2$. This is why training needs much more memory than prediction.",
             "Porque con ellos se calculan las derivadas locales: la de $d \\cdot e$ respecto de $d$ es $e$, y la de $h = \\tanh z$ es $1 - h^2$. Por eso entrenar requiere mucha más memoria que predecir."));
        c.Question(("What happens to the gradient of $w$ if $z$ is very large?", "¿Qué le pasa al gradiente de $w$ si $z$ es muy grande?"),
            ("$h$ is almost 1, so the factor $1 - h^2$ in its chain is almost 0: the unit is saturated, and neither $w$ nor $b$ learns.",
             "$h$ es casi 1, así que el factor $1 - h^2$ de su cadena es casi 0: la unidad está saturada y ni $w$ ni $b$ aprenden."));
    }
}
