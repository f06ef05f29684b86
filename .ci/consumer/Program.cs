using DL1;

// A formula from code, its derivative, and its value.
var bowl = Expr.From((double x) => Math.Pow(x - 2, 2) + 3);
var slope = bowl.Derivative("x");
Console.WriteLine($"{bowl} has the derivative {slope}, which is {slope.Evaluate(("x", 5.0)).ToDouble()} at 5");

// A network, trained a little on data that the package carries.
var (train, test) = Datasets.Iris().Split(0.8, seed: 1);
var model = Model.Sequential(Layers.Linear(8), Layers.Relu(), Layers.Linear(3));
var result = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(0.01), epochs: 30);
var accuracy = result.Evaluate(test, Metrics.Accuracy)[Metrics.Accuracy];
Console.WriteLine($"{accuracy:0.00} of {test.Count} flowers");

return slope.ToString() == "2·(x − 2)" && accuracy > 0.7 ? 0 : 1;
