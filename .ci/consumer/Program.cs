using DL1;

// A formula from code, its derivative, and its value.
var bowl = Expr.From((double x) => Math.Pow(x - 2, 2) + 3);
var slope = bowl.Derivative("x");
Console.WriteLine($"{bowl} has the derivative {slope}, which is {slope.Evaluate(("x", 5.0)).ToDouble()} at 5");

// A layer, applied.
var model = Model.Sequential(Layers.Linear(8), Layers.Relu(), Layers.Linear(3));
var (parameters, state) = model.Init(Key.OfSeed(1), 4, 4);
var outputs = model.Apply(parameters, state, Tensor.Ones(4, 4));
Console.WriteLine($"{outputs.Shape} from {DL1.Data.Datasets.Iris().RowCount} flowers");

return slope.ToString() == "2·(x − 2)" && outputs.Shape[1] == 3 ? 0 : 1;
