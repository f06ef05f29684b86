open DL1

let x = Expr.symbol "x"
let slope = Symbolic.derivative x (x ** 2.0 * sin x)
printfn $"{slope}, with FSharp.Core {typeof<list<int>>.Assembly.GetName().Version}"

// A line through points, fitted.
let inputs = Key.uniform -1.0 1.0 DType.F32 [ 64; 1 ] (Key.ofSeed 1L)
let targets = Eval.run [] (Expr.constant inputs * 3.0 + 0.5)
let learner = Learner.create (Dense.linear 1) (Loss.mse Reduction.Mean) (Optimizer.adam 0.1)
let fitted = Fit.run { Fit.options (Key.ofSeed 2L) with Epochs = 60 } learner (Dataset.create inputs targets)
let loss = (List.last fitted.History).Loss
printfn $"loss %.4f{loss}"

exit (if string slope = "2·x·sin x + x²·cos x" && loss < 0.01 then 0 else 1)
