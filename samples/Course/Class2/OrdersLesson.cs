using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Methods of order zero, one and two on the same function: what is gained per evaluation, and what dimensions cost.</summary>
internal static class OrdersLesson
{
    private sealed record Visit(double Cost, double Value, Tensor Point);

    // We count 1 for a value, 3 for a gradient by reverse mode, and a gradient per variable for a Hessian.
    #region orders
    // Order zero: a random step is kept where it lowers the value; the step grows with success and shrinks with failure.
    private static List<Visit> Zero(Expr f, Expr p, Tensor start, int calls, Key key)
    {
        var (value, length) = (new CompiledFunction([p], [f]), 0.3);
        List<Visit> path = [new(1, value.Invoke(start)[0].ToDouble(), start)];
        for (var call = 2; call <= calls; call++)
        {
            var trial = path[^1].Point.Compute(key.Fold(call).Normal(0, length, start.Shape[0]).Cast(DType.F64), (a, b) => a + b);
            var next = new Visit(call, value.Invoke(trial)[0].ToDouble(), trial);
            length *= next.Value < path[^1].Value ? 1.5 : 0.9;
            path.Add(next.Value < path[^1].Value ? next : path[^1] with { Cost = call });
        }

        return path;
    }

    // A step as a graph: from a point to the value there and the next point.
    private static List<Visit> Steps(Expr f, Expr p, Expr next, Tensor start, int steps, double cost)
    {
        var (step, at, path) = (new CompiledFunction([p], [f, next]), start, new List<Visit>());
        for (var i = 1; i <= steps; i++)
        {
            var results = step.Invoke(at);
            path.Add(new Visit(i * cost, results[0].ToDouble(), at));
            at = results[1];
        }

        return path;
    }

    private static Expr GradientStep(Expr f, Expr p, double rate) => p - rate * f.Gradient(p)[0];

    private static Expr NewtonStep(Expr f, Expr p) => p - f.Hessian(p).Solve(f.Gradient(p)[0]);
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("An optimizer may ask for values alone (order zero), for gradients (order one), or for the curvature as well (order two). The more it asks for, the fewer steps it needs, and the more each step costs.",
            "Un optimizador puede pedir solo valores (orden cero), gradientes (orden uno) o además la curvatura (orden dos). Cuanto más pide, menos pasos necesita y más cuesta cada paso.");
        c.Code("orders");
        c.Heading("A bent valley", "Un valle curvo");
        #region valley
        Expr p = Expr.Variable("p", DType.F64, 2), x = p.Slice(0, ..1).Sum(), y = p.Slice(0, 1..).Sum();
        var bent = (1 - x).Pow(2) + 5 * (y - x.Pow(2)).Pow(2);
        var start = Tensor.Of([-1.2, 1.0]);
        var budget = c.Brief ? 60 : 600;
        (string Name, List<Visit> Path)[] paths =
        [
            (c["order 0: random steps", "orden 0: al azar"], Zero(bent, p, start, budget, Key.OfSeed(2))),
            (c["order 1: gradient descent", "orden 1: gradiente"], Steps(bent, p, GradientStep(bent, p, 0.02), start, budget / 3, 3)),
            (c["order 2: Newton", "orden 2: Newton"], Steps(bent, p, NewtonStep(bent, p), start, 10, 1 + 3 + 2 * 3)),
        ];
        #endregion
        c.Code("valley");
        Expr a = Expr.Symbol("x"), b = Expr.Symbol("y");
        var formula = (1 - a).Pow(2) + 5 * (b - a.Pow(2)).Pow(2);
        c.Formula($"f(x, y) = {formula.ToLatex()}");
        var trails = paths.Select(run => Trail.Of(run.Name, run.Path.Select(visit => (visit.Point.ToDoubles()[0], visit.Point.ToDoubles()[1]))));
        c.Figure("orders-map", DescentPicture.Figure(View.Map, trails, Surface.Over(-2, 2, -1, 3, formula.Compile(a, b)).Titled(c["Three ways through a bent valley", "Tres caminos por un valle curvo"])),
            ("A map of a bent valley with three trails", "Mapa de un valle curvo con tres trayectorias"),
            ("Random steps that lower f cut across the valley, gradient descent follows its floor, Newton takes long jumps: in one of them, where the curvature misleads it, f even grows.", "Los pasos al azar que reducen f cruzan el valle, el descenso por gradiente sigue su fondo y Newton da saltos largos: en uno de ellos, donde la curvatura lo engaña, f incluso aumenta."));
        c.Figure("orders-cost", paths.Aggregate(
                Plot.Titled(c["Value reached for a cost", "Valor alcanzado según el costo"]).Labels(c["cost in evaluations of f", "costo en evaluaciones de f"], "f").WithLogX().WithLogY(),
                (plot, run) => plot.Line(run.Name, run.Path.Select(visit => visit.Cost), run.Path.Select(visit => Math.Max(visit.Value, 1e-16)))),
            ("The value over the cost for three methods", "El valor según el costo para tres métodos"),
            ("A gradient counts as 3 evaluations, a Hessian of two variables as 6. Near the minimum Newton's error is squared in each step: the curve drops steeply. Random steps do surprisingly well here, with only two variables.", "Un gradiente cuenta como 3 evaluaciones y un hessiano de dos variables, como 6. Cerca del mínimo, el error de Newton se eleva al cuadrado en cada paso: la curva se desploma. Los pasos al azar van sorprendentemente bien aquí, con solo dos variables."));
        double Last(int i) => paths[i].Path[^1].Value;
        c.Claim(Last(2) < 1e-12 && Last(1) > 1e-3 && paths[2].Path[^1].Cost < paths[1].Path[^1].Cost / 5, "Newton is at the minimum with a fifth of the cost");
        c.Claim(Last(0) < Last(1), "with two variables random steps are ahead of the gradient");
        c.Claim(paths[2].Path.Zip(paths[2].Path.Skip(1)).Any(pair => pair.Second.Value > pair.First.Value), "Newton climbs once");

        c.Heading("What dimensions cost", "Lo que cuestan las dimensiones");
        c.Text("Now a bowl in $n$ variables, with curvatures from 1 to 10. What does each order pay until a thousandth of the initial value is left?",
            "Ahora un cuenco de $n$ variables con curvaturas de 1 a 10. ¿Cuánto paga cada orden hasta que queda una milésima del valor inicial?");
        c.Code("dimensions");
        #region dimensions
        int[] sizes = c.Brief ? [2, 4] : [2, 4, 8, 16, 32, 64];
        double[] Costs(int n)
        {
            var q = Expr.Variable("q", DType.F64, n);
            var bowl = (Expr.Constant(Tensor.Linspace(1, 10, n)) * Square(q - 1)).Sum() / 2;
            var origin = Tensor.Zeros(n).Cast(DType.F64);
            double Until(List<Visit> path) => path.First(visit => visit.Value <= 1e-3 * path[0].Value).Cost;
            return
            [
                Until(Zero(bowl, q, origin, 8000, Key.OfSeed(n))),
                Until(Steps(bowl, q, GradientStep(bowl, q, 2.0 / 11), origin, 100, 3)),
                Until(Steps(bowl, q, NewtonStep(bowl, q), origin, 3, 1 + 3 + 3 * n)),
            ];
        }

        var costs = sizes.Select(Costs).ToList();
        #endregion
        double[] n = [.. sizes.Select(size => (double)size)];
        c.Figure("orders-dimensions", paths.Select((run, i) => (run.Name, Costs: costs.Select(cost => cost[i]))).Aggregate(
                Plot.Titled(c["Cost until a thousandth is left", "Costo hasta que queda una milésima"]).Labels(c["variables n", "variables n"], c["cost in evaluations of f", "costo en evaluaciones de f"]).WithLogX().WithLogY(),
                (plot, run) => plot.Line(run.Name, n, run.Costs)),
            ("The cost over the number of variables", "El costo según el número de variables"),
            ("Without gradients the cost grows with the number of variables; with gradients it does not. Newton's cost grows as well, because of the Hessian.", "Sin gradientes el costo crece con el número de variables; con gradientes, no. El de Newton también crece, a causa del hessiano."));
        c.Claim(costs[^1][0] > 5 * costs[0][0] && costs[^1][1] < 2 * costs[0][1], "order zero grows with n, order one hardly");
        c.Claim(costs[0][2] < costs[0][1] && costs[^1][2] > costs[^1][1], "Newton is cheapest with two variables, and no longer with many");
        c.Result("cost with the most variables: order 0, 1, 2", "costo con más variables: orden 0, 1, 2", string.Join(", ", costs[^1].Select(cost => $"{cost:0}")));
        c.Text($"With {sizes[^1]} variables order zero pays {costs[^1][0]:0}, gradient descent {costs[^1][1]:0} and Newton {costs[^1][2]:0}; and each of Newton's steps also solves a system of {sizes[^1]} equations. Networks have millions of variables: only order one remains feasible, with a memory of past gradients (momentum, Adam, L-BFGS) in place of the curvature.",
            $"Con {sizes[^1]} variables el orden cero paga {costs[^1][0]:0}, el descenso por gradiente {costs[^1][1]:0} y Newton {costs[^1][2]:0}, y además cada paso de Newton resuelve un sistema de {sizes[^1]} ecuaciones. Las redes tienen millones de variables: ahí solo es viable el orden uno, con una memoria de los gradientes anteriores (momento, Adam, L-BFGS) en lugar de la curvatura.");

        c.Question(("When is order zero the right choice nevertheless?", "¿Cuándo conviene, pese a todo, el orden cero?"),
            ("With few variables and no gradient: hyper-parameters, simulations, anything that can only be tried out. In the bent valley it is even ahead of the gradient.", "Con pocas variables y sin gradiente: hiperparámetros, simulaciones, todo lo que solo puede probarse. En el valle curvo incluso va por delante del gradiente."));
        c.Question(("How many Newton steps does the bowl need, and why?", "¿Cuántos pasos de Newton necesita el cuenco, y por qué?"),
            ("One: the bowl is a quadratic function, which gradient and Hessian describe completely. The cost shown includes the second evaluation, which finds the value at the minimum.", "Uno: el cuenco es una función cuadrática, que el gradiente y el hessiano describen por completo. El costo mostrado incluye la segunda evaluación, que comprueba que ya está en el mínimo."));
    }
}
