using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Expressions: a formula as a graph, its derivatives in two ways, simplified, compiled and explained.</summary>
internal static class ExpressionsLesson
{
    public static void Run(Chapter c)
    {
        #region formula
        var x = Expr.Symbol("x");
        Expr f = Exp(-Square(x) / 2) * Sin(3 * x);
        Expr first = f.Derivative(x), second = first.Derivative(x);
        #endregion

        c.Text(
            "An expression is a formula, and a formula is a graph: its leaves are numbers and variables, every other node is an operation. From this graph the library derives another one, that of the derivative.",
            "Una expresión es una fórmula, y una fórmula es un grafo: las hojas son números y variables; cada uno de los demás nodos es una operación. A partir de este grafo la biblioteca deduce otro, el de la derivada.");
        c.Code("formula");
        c.Formula($"f = {f.ToLatex()}");
        c.Formula($"f' = {first.ToLatex()}");
        c.Figure("formula-graph", GraphPicture.Of(f), ("The graph of the formula", "El grafo de la fórmula"), ("The formula $f$ as a graph, from its leaves to its result.", "La fórmula $f$ como grafo, de las hojas al resultado."));

        #region compile
        Func<double, double> value = f.Compile(x), slope = first.Compile(x), bend = second.Compile(x);
        double[] grid = [.. Enumerable.Range(-60, 121).Select(i => i / 20.0)];
        #endregion

        c.Code("compile");
        c.Figure("derivatives", Plot.Titled(c["A function and its derivatives", "Una función y sus derivadas"]).Labels("x", "")
                .Line("f", grid, grid.Select(value)).Line("f′", grid, grid.Select(slope)).Line("f″", grid, grid.Select(bend)),
            ("Three curves over x", "Tres curvas en función de x"),
            ("Where $f$ has a peak, $f'$ crosses zero and $f''$ is negative.", "Donde $f$ tiene un máximo, $f'$ cruza el cero y $f''$ es negativa."));
        double at = 0.5, h = 1e-5, difference = (value(at + h) - value(at - h)) / (2 * h);
        c.Text(
            $"Compiled, a formula is an ordinary function. At $x = {at}$ the derivative is {slope(at):0.000000}; a difference quotient with $h = 10^{{-5}}$ gives {difference:0.000000}.",
            $"Una vez compilada, la fórmula es una función común. En $x = {at}$ la derivada vale {slope(at):0.000000}; un cociente incremental con $h = 10^{{-5}}$ da {difference:0.000000}.");
        c.Claim(Math.Abs(slope(at) - difference) < 1e-8, "the derivative agrees with a difference quotient");

        #region simplify
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b");
        Expr[] written = [a + a, (a * b) / b, Pow(Sin(a), 2) + Pow(Cos(a), 2), Log(Exp(a) * Exp(b)), (a + b) * (a - b) + b * b];
        string[][] simplified = [.. written.Select(e => (string[])[$"${e.ToLatex()}$", $"${e.Simplify().ToLatex()}$"])];
        #endregion

        c.Heading("Simplified", "Simplificada");
        c.Text("Derivatives come out long; rules of algebra make them readable:", "Las derivadas salen largas; las reglas del álgebra las hacen legibles:");
        c.Code("simplify");
        c.Table([("as written", "como se escribió"), ("simplified", "simplificada")], simplified);

        #region reverse
        static (int Symbolic, int Reverse) Sizes(int n)
        {
            Expr[] x = [.. Enumerable.Range(1, n).Select(i => Expr.Symbol($"x{i}"))];
            Expr product = x.Aggregate((p, factor) => p * factor);
            int Nodes(IEnumerable<Expr> results) => results.SelectMany(e => e.Nodes).Distinct().Count();
            return (Nodes(x.Select(v => product.Derivative(v))), Nodes(product.Gradient(x)));
        }

        var counts = Enumerable.Range(2, 29).Select(n => (N: n, Sizes: Sizes(n))).ToList();
        #endregion

        c.Heading("Two ways to a gradient", "Dos caminos hacia el gradiente");
        c.Text(
            "The gradient of $x_1 x_2 \\cdots x_n$ has $n$ parts. Written one by one, each is a product of its own, and the work grows as $n^2$. *Reverse mode* goes through the graph once, from the result to the leaves, and shares what the parts have in common: its work grows as $n$. This makes it feasible to train networks with millions of weights.",
            "El gradiente de $x_1 x_2 \\cdots x_n$ tiene $n$ componentes. Escritas una a una, cada una es un producto aparte y el trabajo crece como $n^2$. El *modo inverso* recorre el grafo una sola vez, del resultado a las hojas, y comparte lo que las componentes tienen en común: su trabajo crece como $n$. Eso hace viable entrenar redes con millones de pesos.");
        c.Formula(@"\frac{\partial}{\partial x_k} \prod_{i=1}^{n} x_i = \prod_{i \ne k} x_i");
        c.Code("reverse");
        var n = counts.Select(p => (double)p.N).ToList();
        c.Figure("gradient-size", Plot.Titled(c["Nodes of all n derivatives", "Nodos de las n derivadas"]).Labels("n", c["nodes", "nodos"])
                .Line(c["one by one", "una a una"], n, counts.Select(p => (double)p.Sizes.Symbolic)).Line(c["reverse mode", "modo inverso"], n, counts.Select(p => (double)p.Sizes.Reverse)),
            ("The number of nodes over n, a parabola and a line", "El número de nodos según n: una parábola y una recta"),
            ("The gradient written out grows as a parabola, that of reverse mode as a straight line.", "El gradiente desarrollado crece como una parábola; el del modo inverso, como una recta."));
        var (last, half) = (counts[^1].Sizes, counts.Single(p => p.N == 15).Sizes);
        c.Result("nodes of 30 derivatives, one by one and by reverse mode", "nodos de 30 derivadas, una a una y en modo inverso", $"{last.Symbolic}, {last.Reverse}");
        c.Claim(last.Symbolic > 3 * half.Symbolic && last.Reverse < 2.5 * half.Reverse && last.Symbolic > 3 * last.Reverse, "one by one grows with the square, reverse mode in proportion");

        #region explain
        Expr d = a + b, y = d * Sin(d);
        Explanation explanation = y.Explain([("d", d), ("y", y)], ("a", 1.0), ("b", 0.5));
        #endregion

        c.Heading("Explained", "Explicada");
        c.Text("`Explain` shows what reverse mode does, node by node: values forward, gradients back.", "`Explain` muestra lo que hace el modo inverso, nodo a nodo: valores hacia adelante, gradientes hacia atrás.");
        c.Code("explain");
        c.Output(explanation);
        c.Drawing("explained", GraphSvg.Draw(explanation), ("A graph with values on its nodes and gradients on its edges", "Un grafo con valores en los nodos y gradientes en las aristas"),
            ("The node $d$ is used twice: the gradients that come back from both uses are added.", "El nodo $d$ se usa dos veces: los gradientes que vuelven de ambos usos se suman."));

        c.Question(
            ("Why are two gradients added where a node is used twice?", "¿Por qué se suman dos gradientes cuando un nodo se usa dos veces?"),
            ("A small change of $d$ changes the result along both paths, and to first order small changes add: this is the chain rule for several arguments.",
                "Un pequeño cambio de $d$ altera el resultado por ambos caminos y, a primer orden, los cambios pequeños se suman: es la regla de la cadena para varios argumentos."));
        c.Question(
            ($"How many nodes would reverse mode need for $n = 60$?", $"¿Cuántos nodos necesitaría el modo inverso para $n = 60$?"),
            ($"About twice the {last.Reverse} of $n = 30$: its line is straight. Written one by one they would need about four times the {last.Symbolic}.",
                $"Aproximadamente el doble de los {last.Reverse} de $n = 30$: su gráfica es una recta. Una a una harían falta unas cuatro veces los {last.Symbolic}."));
    }
}
