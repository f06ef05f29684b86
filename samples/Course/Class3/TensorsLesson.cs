using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>Tensors: what a shape is, how shapes meet, what does not fit, and where randomness comes from.</summary>
internal static class TensorsLesson
{
    public static void Run(Chapter c)
    {
        #region tensors
        Tensor column = Tensor.Of([0.0, 10, 20], 3, 1), row = Tensor.Of([1.0, 2, 3, 4], 1, 4);
        Expr sum = Expr.Constant(column) + Expr.Constant(row);
        Tensor table = sum.Evaluate();
        #endregion

        c.Text(
            "A tensor is a box of numbers with a shape: a vector has one axis, a matrix two, a batch of colour images four. It is data and never changes. "
                + "Arithmetic is done by expressions, which are evaluated when we ask for their value.",
            "Un tensor es una caja de números con una forma: un vector tiene un eje; una matriz, dos; un lote de imágenes en color, cuatro. Es un dato y nunca cambia. "
                + "La aritmética la hacen las expresiones, que se evalúan cuando pedimos su valor.");
        c.Code("tensors");
        c.Output($"{table}");
        c.Text(
            $"A column of shape {column.Shape} and a row of shape {row.Shape} gave a table of shape {table.Shape}. This is *broadcasting*: an axis of extent 1 is repeated until it fits the other.",
            $"Una columna de forma {column.Shape} y una fila de forma {row.Shape} dieron una tabla de forma {table.Shape}. Esto es el *broadcasting*: un eje de extensión 1 se repite hasta ajustarse al otro.");
        c.Formula(@"s_{ij} = a_i + b_j, \qquad i = 1, \ldots, 3, \quad j = 1, \ldots, 4");
        c.Figure("broadcasting", HeatMap.Of(table, ["a₁ = 0", "a₂ = 10", "a₃ = 20"], ["b₁ = 1", "b₂ = 2", "b₃ = 3", "b₄ = 4"]).Titled(c["A column and a row, added", "Una columna y una fila, sumadas"]),
            ("A table of three rows and four columns", "Una tabla de tres filas y cuatro columnas"),
            ("Each cell is its row's number plus its column's.", "Cada celda es el número de su fila más el de su columna."));

        #region shapes
        (int[] A, int[] B)[] pairs = [([3, 1], [1, 4]), ([4], [3, 4]), ([2, 1, 3], [5, 1]), ([], [2, 2]), ([3], [4])];
        string Meet(int[] a, int[] b)
        {
            try { return $"{(Expr.Variable("a", a) + Expr.Variable("b", b)).Shape}"; }
            catch (ShapeError) { return "—"; }
        }
        var meetings = pairs.Select(p => (string[])[$"{Shape.Of(p.A)}", $"{Shape.Of(p.B)}", Meet(p.A, p.B)]).ToList();
        #endregion

        c.Heading("Which shapes fit", "Qué formas encajan");
        c.Text(
            "Shapes are compared from the right. Two extents fit if they are equal or one of them is 1; axes that are missing on the left count as 1. Shapes that do not fit are refused as soon as the expression is built, before any number is computed:",
            "Las formas se comparan desde la derecha. Dos extensiones encajan si son iguales o una de ellas es 1; los ejes que faltan a la izquierda cuentan como 1. Las formas que no encajan se rechazan al construir la expresión, antes de calcular un solo número:");
        c.Code("shapes");
        c.Table([("a", "a"), ("b", "b"), ("a + b", "a + b")], meetings);
        c.Claim(meetings[2][2] == $"{Shape.Of([2, 5, 3])}" && meetings[4][2] == "—", "broadcasting from the right; 3 and 4 do not fit");

        #region immutable
        Tensor before = Tensor.Of([1.0, 2, 3], 3);
        Tensor after = before.Compute(v => v * 10);
        #endregion

        c.Heading("Tensors never change", "Los tensores nunca cambian");
        c.Code("immutable");
        c.Output($"{before}\n{after}");
        c.Text(
            "There is no way to write into a tensor. A step of training gives new weights and leaves the old ones as they were: any two epochs can be compared, and no function can change its inputs.",
            "No hay forma de escribir en un tensor. Un paso de entrenamiento da pesos nuevos y deja intactos los anteriores: se pueden comparar dos épocas cualesquiera y ninguna función puede cambiar sus entradas.");

        #region keys
        Key key = Key.OfSeed(7);
        Tensor first = key.Uniform(0, 1, 12, 12), again = Key.OfSeed(7).Uniform(0, 1, 12, 12);
        Key[] parts = key.Split(2);
        Tensor left = parts[0].Uniform(0, 1, 12, 12), right = parts[1].Uniform(0, 1, 12, 12);
        #endregion

        c.Heading("Random numbers from keys", "Números aleatorios a partir de claves");
        c.Text(
            "Random numbers come from a *key*, not from a hidden state: the same key gives the same bits, on every machine and in every order. For two independent draws, split the key.",
            "Los números aleatorios salen de una *clave*, no de un estado oculto: la misma clave da los mismos bits en cualquier máquina y en cualquier orden. Para dos sorteos independientes se divide la clave.");
        c.Code("keys");
        var stacked = Expr.Stack(0, Expr.Constant(first), Expr.Constant(again), Expr.Constant(left), Expr.Constant(right)).Evaluate();
        c.Figure("keys", ImageGrid.Of(stacked, labels: [c["seed 7", "semilla 7"], c["seed 7 again", "semilla 7 otra vez"], c["first part", "primera parte"], c["second part", "segunda parte"]], columns: 4),
            ("Four squares of grey noise, the first two alike", "Cuatro cuadrados de ruido gris; los dos primeros son iguales"),
            ("The same key gives the same picture; its parts give others.", "La misma clave da la misma imagen; sus partes dan otras."));
        double[] a = left.ToDoubles(), b = right.ToDoubles();
        var correlation = a.Zip(b, (x, y) => (x - a.Average()) * (y - b.Average())).Sum()
            / Math.Sqrt(a.Sum(x => Math.Pow(x - a.Average(), 2)) * b.Sum(y => Math.Pow(y - b.Average(), 2)));
        c.Text($"The numbers of the two parts have the correlation {correlation:0.00}: near 0, as for independent draws.", $"Los números de las dos partes tienen una correlación de {correlation:0.00}: cercana a 0, como en sorteos independientes.");
        c.Result("correlation of the two parts of a key", "correlación de las dos partes de una clave", $"{correlation:0.00}");
        c.Claim(first.ToDoubles().SequenceEqual(again.ToDoubles()) && Math.Abs(correlation) < 0.25, "same key, same bits; the parts are hardly correlated");

        c.Question(
            ($"Why does a vector of shape {Shape.Of([3])} not add to one of shape {Shape.Of([4])}?", $"¿Por qué no se puede sumar un vector de forma {Shape.Of([3])} a otro de forma {Shape.Of([4])}?"),
            ("Neither extent is 1, so neither can be repeated. As a column, of shape [3, 1], it would fit, and give a table.",
                "Ninguna de las extensiones es 1, así que ninguna puede repetirse. Como columna, de forma [3, 1], encajaría y daría una tabla."));
        c.Question(
            ("Are two draws with the same key independent?", "¿Son independientes dos sorteos con la misma clave?"),
            ("No: they are equal, as the first two squares show. Use a key once, or split it.",
                "No: son idénticos, como muestran los dos primeros cuadrados. Una clave se usa una sola vez o se divide."));
    }
}
