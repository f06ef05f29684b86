/// What is timed of the compiler: a graph with its state and its inputs, made ready as a session, and compared with what
/// `Eval` makes of the same graph before anything is timed.
module DL1.Bench.Step

open DL1

/// One graph to step, with the values for each step.
type Step =
    {
        State: (Variable * Tensor) list
        /// What each variable of the state becomes.
        Next: Expr list
        Inputs: Variable list
        Outputs: Expr list
        /// The values of the inputs for the step of a number, in their order.
        Feed: int -> Tensor[]
    }

/// A model in training, and its batches.
type Training =
    {
        Model: Layer<Expr, Expr>
        /// Of the target and the prediction.
        Loss: Expr -> Expr -> Expr
        Optimizer: Optimizer
        Inputs: Variable list
        /// What goes into the model, and the target, made from the inputs.
        Batch: Expr * Expr
        Feed: int -> Tensor[]
    }

let variable name (t: Tensor) : Variable = { Name = name; DType = t.DType; Shape = t.Shape }

let session (s: Step) = Session.Of(s.State, s.Next, s.Inputs, s.Outputs)

let private named prefix (tree: Tree<Tensor>) =
    Tree.toList tree |> List.map (fun (path, t) -> variable (prefix + path) t, t)

let private expressions (variables: (Variable * Tensor) list) tree =
    Tree.ofValues (List.map (fst >> Expr.ofVariable) variables) tree

/// The parts of a training step: its variables with their first values, its loss, and its gradients.
let private parts (t: Training) =
    let x, y = t.Batch
    let parameters, state = Layer.init (Key.ofSeed 1L) x t.Model
    let ps, ss = named "" parameters, named "state " state
    let key = "key", Key.toTensor (Key.ofSeed 2L)
    let keys = Draw.split 2 (Expr.ofVariable (variable (fst key) (snd key)))
    let weights = expressions ps parameters
    let mode = Mode.Training(Expr.item 0 0 keys)
    let predicted, nextState = Layer.apply mode weights (expressions ss state) t.Model x
    let loss = t.Loss y predicted
    let gradients = Tree.ofValues (Grad.grad loss (Tree.values weights)) weights
    // A model in which nothing is random needs no key.
    let isRandom = Graph.variables (loss :: Tree.values gradients) |> List.exists (fun v -> v.Name = "key")

    let keyed =
        if isRandom then
            [ (variable (fst key) (snd key), snd key), Expr.item 0 1 keys ]
        else
            []

    parameters, ps, weights, ss, nextState, keyed, loss, gradients

/// The whole step: forward, backward, update, and the loss as its output. `memory` is applied to what the optimizer
/// starts from.
let trainingFrom (memory: Tensor -> Tensor) (t: Training) : Step =
    let parameters, ps, weights, ss, nextState, keyed, loss, gradients = parts t
    let start = Optimizer.start t.Optimizer parameters |> Tree.map memory
    let ms = named "optimizer " start
    let nextWeights, nextMemory = t.Optimizer.Update gradients (expressions ms start) weights

    {
        State = ps @ ss @ ms @ List.map fst keyed
        Next = Tree.values nextWeights @ Tree.values nextState @ Tree.values nextMemory @ List.map snd keyed
        Inputs = t.Inputs
        Outputs = [ loss ]
        Feed = t.Feed
    }

let training = trainingFrom id

/// Loss and gradients alone, from parameters that stay.
let gradient (t: Training) : Step =
    let _, ps, _, ss, nextState, keyed, loss, gradients = parts t
    let values = List.map snd ps

    {
        State = ss @ List.map fst keyed
        Next = Tree.values nextState @ List.map snd keyed
        Inputs = List.map fst ps @ t.Inputs
        Outputs = loss :: Tree.values gradients
        Feed = fun i -> Array.append (Array.ofList values) (t.Feed i)
    }

/// How far a result may be from Eval's: sums are made in another order, so an element may differ by what is small beside
/// itself or beside the largest of its tensor.
let private isNear (found: Tensor) (expected: Tensor) =
    let f, e = Tensor.toFloats found, Tensor.toFloats expected
    let largest = e |> Array.fold (fun m x -> max m (abs x)) 0.0

    found.DType = expected.DType
    && found.Shape = expected.Shape
    && Array.forall2 (fun a b -> abs (a - b) <= 1e-3 * abs b + 1e-4 * largest) f e

/// Makes one step compiled and by Eval; the error names the first result that differs.
let check (s: Step) : Result<unit, string> =
    let compiled = session s
    let inputs = s.Feed 0
    compiled.Step inputs
    let found = compiled.State @ List.mapi (fun i _ -> compiled.Output i) s.Outputs
    let eval = Eval.prepare (List.map fst s.State @ s.Inputs) (s.Next @ s.Outputs)
    let expected = eval (List.map snd s.State @ List.ofArray inputs)

    let names =
        List.map (fun (v: Variable, _) -> v.Name) s.State @ List.mapi (fun i _ -> $"output {i}") s.Outputs

    List.zip3 names found expected
    |> List.tryFind (fun (_, f, e) -> not (isNear f e))
    |> function
        | None -> Ok()
        | Some(name, f, e) -> Error $"{name} differs from Eval's: {f} in the place of {e}"
