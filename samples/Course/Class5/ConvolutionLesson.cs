using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Convolution on images: filters by hand and learned, sizes, shared weights, and receptive fields measured by gradients.</summary>
internal static class ConvolutionLesson
{
    #region receptive
    // Parts of a stack: a convolution of 3×3 with this dilation, or 0 for a pooling of 2×2.
    private static Layer<Expr, Expr> Stack(int[] parts) => Model.Sequential(
        [.. parts.SelectMany(p => p == 0 ? new[] { Layers.MaxPool(2) } : [Layers.Conv2d(8, 3, dilation: p, same: true), Layers.Relu()])]);

    // How much the units in the middle of the last maps depend on each pixel: the mean size of the gradient over 64 images of noise.
    private static Tensor Field(int[] parts)
    {
        var x = Expr.Constant(Key.OfSeed(1).Normal(0, 1, 64, 1, 28, 28));
        var (weights, state) = Stack(parts).Init(Key.OfSeed(2), 64, 1, 28, 28);
        var maps = Stack(parts).Apply(weights.Map(Expr.Constant), state.Map(Expr.Constant), x).Output;
        var middle = maps.Shape[2] / 2;
        var units = maps.Slice(2, middle..(middle + 1)).Slice(3, middle..(middle + 1));
        return Abs(units.Sum().Gradient(x)[0]).Mean(0).Evaluate();
    }

    // Each layer adds its reach, in steps of the poolings before it.
    private static int Extent(int[] parts) =>
        parts.Aggregate((Field: 1, Step: 1), (r, p) => p == 0 ? (r.Field + r.Step, 2 * r.Step) : (r.Field + 2 * p * r.Step, r.Step)).Field;
    #endregion

    public static void Run(Chapter c)
    {
        var (train, validation, _) = Networks.Images(c);
        c.Text("A unit of a dense layer looks at all pixels at once, with a weight for each. A unit of a convolution looks at a small window, and *all units of a map look with the same weights*, each at its own place. These few weights are the *filter* or *kernel*. In the formula $s$ is the *stride* and $p$ the *padding* with zeros. (Strictly, it is a cross-correlation: a convolution would turn the filter around. Weights that are learned do not care.)",
            "Una unidad de una capa densa mira todos los píxeles a la vez, con un peso para cada uno. Una unidad de una convolución mira una ventana pequeña, y *todas las unidades de un mapa miran con los mismos pesos*, cada una en su lugar. Esos pocos pesos son el *filtro* o *núcleo*. En la fórmula, $s$ es el *paso* (*stride*) y $p$ el *relleno* con ceros (*padding*). (En rigor es una correlación cruzada: una convolución daría la vuelta al filtro. Como los pesos se aprenden, da igual.)");
        c.Formula(@"y_{o,i,j} = b_o + \sum_{c} \sum_{u=0}^{k-1} \sum_{v=0}^{k-1} w_{o,c,u,v} \; x_{c,\,si+u-p,\,sj+v-p}");

        c.Heading("Filters by hand", "Filtros hechos a mano");
        c.Code("filters");
        #region filters
        var images = train.Inputs.Rows(Networks.FirstOf(train, 7, 8, 3));   // a sneaker, a bag, a dress
        float[][] filters = [[.. Enumerable.Repeat(1 / 9f, 9)], [-1, 0, 1, -2, 0, 2, -1, 0, 1], [-1, -2, -1, 0, 0, 0, 1, 2, 1], [0, 1, 0, 1, -4, 1, 0, 1, 0]];
        var kernels = Tensor.Of(filters.SelectMany(f => f).ToArray(), 4, 1, 3, 3);
        var maps = images.Compute(x => x.Conv(Expr.Constant(kernels), padding: 1));   // [3; 4; 28; 28]

        // One of these maps by the definition: the sneaker's vertical edges.
        var pixels = images.Row(0).ToDoubles();
        double Pixel(int row, int column) => row is >= 0 and < 28 && column is >= 0 and < 28 ? pixels[28 * row + column] : 0;
        double[] byHand = [.. from i in Enumerable.Range(0, 28) from j in Enumerable.Range(0, 28)
            select Enumerable.Range(0, 9).Sum(n => filters[1][n] * Pixel(i + n / 3 - 1, j + n % 3 - 1))];
        #endregion
        var apart = maps.Row(0).Row(1).ToDoubles().Zip(byHand, (a, b) => Math.Abs(a - b)).Max();
        c.Claim(apart < 1e-5, "the library computes the definition");
        c.Figure("convolution-filters", ImageGrid.Of(
                Tensor.Concat(1, images, Networks.Shades(maps)).Reshape(15, 28, 28), low: 0, high: 1, columnNames: [c["image", "imagen"], c["mean", "promedio"], c["edges |", "bordes |"], c["edges —", "bordes —"], "Laplace"]),
            ("Three images and what four filters make of them", "Tres imágenes y lo que hacen de ellas cuatro filtros"),
            ($"Grey is 0. The second filter answers where brightness changes from left to right, white or black by the direction; the third where it changes from top to bottom; the last (the sum of second differences) at every edge and line. Written as loops, the definition gives the numbers of `Conv`, to {apart:0e+0}.", $"El gris es 0. El segundo filtro responde donde el brillo cambia de izquierda a derecha, en blanco o negro según el sentido; el tercero, donde cambia de arriba abajo; el último (la suma de segundas diferencias), en todo borde o línea. Escrita con bucles, la definición da los números de `Conv`, con diferencias de {apart:0e+0}."));

        c.Heading("How large is a map?", "¿Qué tamaño tiene un mapa?");
        c.Formula(@"n_{\text{out}} = \left\lfloor \frac{n + 2p - d\,(k - 1) - 1}{s} \right\rfloor + 1");
        c.Code("sizes");
        #region sizes
        // Kernel k, stride s, padding p, dilation d (the distance of neighbouring weights), on 28 pixels.
        (int K, int S, int P, int D)[] windows = [(3, 1, 0, 1), (3, 1, 1, 1), (5, 1, 0, 1), (5, 1, 2, 1), (3, 2, 1, 1), (3, 1, 0, 2), (28, 1, 0, 1)];
        int[] computed = [.. windows.Select(w => (28 + 2 * w.P - w.D * (w.K - 1) - 1) / w.S + 1)];
        int[] found = [.. windows.Select(w => Layers.Conv2d(8, w.K, w.S, w.P, w.D).Summary(1, 1, 28, 28).Rows[0].OutputShape![2])];
        #endregion
        c.Claim(computed.SequenceEqual(found), "the formula gives the sizes of the library's layers");
        c.Table([("kernel k", "núcleo k"), ("stride s", "paso s"), ("padding p", "relleno p"), ("dilation d", "dilatación d"), ("formula", "fórmula"), ("layer", "capa")],
            windows.Select((w, i) => new[] { $"{w.K}", $"{w.S}", $"{w.P}", $"{w.D}", $"{computed[i]}", $"{found[i]}" }));

        c.Heading("Shared weights", "Pesos compartidos");
        c.Code("shared");
        #region shared
        var shared = Layers.Conv2d(8, 3, same: true).Summary(1, 1, 28, 28).Parameters;
        var dense = Layers.Flatten().Then(Layers.Linear(8 * 28 * 28)).Summary(1, 1, 28, 28).Parameters;

        // First moved and then filtered, or first filtered and then moved? On a ring, without edges.
        Expr Filter(Expr x) => x.PadWrap([0, 0, 1, 1], [0, 0, 1, 1]).Conv(Expr.Constant(kernels));
        var order = images.Compute(x => Abs(Filter(x.Roll(5, axis: 3)) - Filter(x).Roll(5, axis: 3)).Max()).ToDouble();
        #endregion
        c.Claim(shared == 80 && dense > 60_000 * shared && order == 0, "a convolution has few parameters, and commutes with shifts");
        c.Text($"From one image to eight maps of its size, a convolution needs {shared:N0} numbers: 8 · 9 weights and 8 biases. A dense layer to as many outputs needs {dense:N0}. The saving rests on a belief: a sleeve is a sleeve wherever it lies. Moving the image by five pixels moves the maps by five pixels and changes nothing else (difference {order:0}): convolution is *equivariant* to shifts.",
            $"De una imagen a ocho mapas de su tamaño, una convolución necesita {shared:N0} números: 8 · 9 pesos y 8 sesgos. Una capa densa con tantas salidas necesita {dense:N0}. El ahorro se apoya en una creencia: una manga es una manga esté donde esté. Mover la imagen cinco píxeles mueve los mapas cinco píxeles y no cambia nada más (diferencia {order:0}): la convolución es *equivariante* a las traslaciones.");

        c.Heading("What a unit sees", "Lo que ve una unidad");
        c.Text("After several layers a unit sees more than one window: its *receptive field*. A formula says how far it reaches. The gradient of the unit by the pixels measures it: it is 0 at every pixel that the unit does not see.",
            "Tras varias capas, una unidad ve más que una ventana: su *campo receptivo*. Una fórmula dice hasta dónde llega. El gradiente de la unidad respecto de los píxeles lo mide: vale 0 en todo píxel que la unidad no ve.");
        c.Formula(@"r_\ell = r_{\ell - 1} + d_\ell \, (k_\ell - 1) \prod_{i < \ell} s_i, \qquad r_0 = 1");
        c.Code("receptive");
        (string Name, int[] Parts)[] stacks = [("3×3", [1]), (c["3×3, twice", "3×3, dos"], [1, 1]), (c["dilated 1 2 4", "dilatadas 1 2 4"], [1, 2, 4]),
            (c["with pooling", "con pooling"], [1, 0, 1, 0, 1]), (c["3×3, nine", "3×3, nueve"], [.. Enumerable.Repeat(1, 9)])];
        var fields = stacks.Select(s => Field(s.Parts)).ToArray();
        int Measured(Tensor field) => field.ToDoubles().Select((slope, i) => (slope, Column: i % 28)).Where(p => p.slope > 0).DistinctBy(p => p.Column).Count();
        c.Claim(stacks.Zip(fields).All(s => Extent(s.First.Parts) == Measured(s.Second)), "the gradient reaches as far as the formula says");
        c.Figure("convolution-fields", ImageGrid.Of(Networks.Shades(Tensor.Stack(0, fields)).Compute(s => 2 * s - 1), labels: fields.Select(f => $"{Measured(f)} × {Measured(f)}"), columnNames: stacks.Select(s => s.Name), low: 0, high: 1),
            ("The receptive fields of five stacks of layers", "Los campos receptivos de cinco pilas de capas"),
            ("The gradient of the unit in the middle, measured with random weights, and its extent, just as the formula says. *With pooling*: convolution, pooling, convolution, pooling, convolution. Poolings and dilations widen the view at little cost.", "El gradiente de la unidad central, medido con pesos al azar, y su extensión, justo la de la fórmula. *Con pooling*: convolución, *pooling*, convolución, *pooling*, convolución. El *pooling* y la dilatación amplían la vista a bajo costo."));
        var nine = fields[^1].Reshape(28, 28);
        var inner = nine.Slice(0, 10..19).Slice(1, 10..19).Sum().ToDouble() / nine.Sum().ToDouble();
        c.Claim(inner > 0.5, "most of the gradient is in the middle");
        c.Result("share of a 19×19 receptive field's gradient in its middle 9×9", "parte del gradiente de un campo de 19×19 en su centro de 9×9", $"{inner:P0}");

        c.Heading("Filters that were learned", "Filtros aprendidos");
        c.Code("learned");
        #region learned
        var learned = Networks.LeNet().Fit(train, Losses.CrossEntropy, Optimizers.Adam(2e-3), epochs: c.Epochs(6), batchSize: 64, validation: validation);
        var weights = learned.Trained.Parameters["0.weight"];       // [6; 1; 5; 5]
        var first = learned.Trained.Activations(images)["1"];       // what comes out of the first ReLU
        #endregion
        c.Figure("convolution-learnt", ImageGrid.Of(Networks.Shades(weights), low: 0, high: 1, columns: 6),
            ("Six filters of five by five weights", "Seis filtros de cinco por cinco pesos"),
            ("The six filters of the first layer after training; grey is 0. Nobody told them to look for edges of several directions.", "Los seis filtros de la primera capa tras entrenar; el gris es 0. Nadie les dijo que buscaran bordes en varias direcciones."));
        c.Figure("convolution-maps", ImageGrid.Of(Tensor.Concat(1, images, Networks.Shades(first).Compute(m => 2 * m - 1)).Reshape(21, 28, 28), low: 0, high: 1, columns: 7),
            ("Three images and their six feature maps", "Tres imágenes y sus seis mapas de características"),
            ("Images, and the six maps behind the first ReLU, in the order of the filters: each filter answers to something else.", "Las imágenes y los seis mapas tras la primera ReLU, en el orden de los filtros: cada filtro responde a otra cosa."));

        c.Question(("Two convolutions of 3×3 see as far as one of 5×5. Why prefer two?", "Dos convoluciones de 3×3 ven tanto como una de 5×5. ¿Por qué preferir dos?"),
            ($"The formula says {Extent([1, 1])} pixels for both. For one map in and one out, two have 18 weights instead of 25, and a ReLU between them: fewer numbers, and a richer function.", $"La fórmula da {Extent([1, 1])} píxeles para ambas. Con un mapa de entrada y uno de salida, dos tienen 18 pesos en vez de 25, y una ReLU entre ellas: menos números y una función más rica."));
        c.Question(("A unit behind nine convolutions sees 19 by 19 pixels. Does it use all of them alike?", "Una unidad tras nueve convoluciones ve 19 por 19 píxeles. ¿Los usa todos por igual?"),
            ($"No: {inner:P0} of its gradient lies in the middle 9 by 9, which are {81.0 / 361:P0} of the pixels. Many paths lead to the middle and few to the border, so the *effective* field is smaller, and bell-shaped (Luo et al., 2016).", $"No: el {inner:P0} de su gradiente está en el centro de 9 por 9, que es el {81.0 / 361:P0} de los píxeles. Muchos caminos llevan al centro y pocos al borde, de modo que el campo *efectivo* es menor y con forma de campana (Luo et al., 2016)."));
    }
}
