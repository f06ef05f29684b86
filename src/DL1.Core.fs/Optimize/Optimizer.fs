namespace DL1

/// An optimizer as a pure state transition: `Init` gives the state for parameters, `Update` the next parameters and
/// the next state from gradients. The transition is written as expressions, so that it becomes part of the step.
[<NoEquality; NoComparison>]
type Optimizer =
    {
        /// The name in tables and plots.
        Name: string
        /// The first state for these parameters.
        Init: Tensor list -> Tensor list
        /// Gradients, state and parameters to the next parameters and the next state.
        Update: Expr list -> Expr list -> Expr list -> Expr list * Expr list
    }

/// Gradient descent and its moments.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Optimizer =
    let private requireRate (rate: float) =
        if not (rate > 0.0 && System.Double.IsFinite rate) then
            Refuse.domain "Optimizer" $"the learning rate {rate}" "a finite rate above 0" "begin with 0.01"

    let private requireDecay (name: string) (p: float) =
        if not (p >= 0.0 && p < 1.0) then
            Refuse.domain
                "Optimizer"
                $"{name} = {p}"
                "a decay from 0 up to, but not including, 1"
                "0.9 is common"

    /// Refuses gradients and state that do not fit the parameters: broadcasting would hide some of these mistakes.
    let private requireFit moments (gradients: Expr list) (state: Expr list) (parameters: Expr list) =
        let requireCount what cure (found: Expr list) expected =
            if found.Length <> expected then
                Refuse.shape
                    "Optimizer.Update"
                    $"{what}: {found.Length}, for {parameters.Length} parameters"
                    $"{expected}"
                    cure

        requireCount "gradients" "give one for each parameter, in their order" gradients parameters.Length

        requireCount
            "tensors of state"
            "make variables like those of Init (InitialState in C#), and give them all"
            state
            (moments * parameters.Length)

        let like = gradients :: List.chunkBySize (max 1 parameters.Length) state

        for es in like do
            for p, e in List.zip parameters es do
                Operand.requireSameType "Optimizer.Update" p e
                Operand.requireSameShape "Optimizer.Update" p e

    let private filled (value: float) (parameters: Tensor list) =
        parameters |> List.map (fun p -> Tensor.full p.DType (p.Shape.ToList()) value)

    /// Plain descent: x ← x − rate·g. A rate that is not finite and above 0 is a `DomainError`, here and below.
    /// `Optimizer.sgd 0.1`
    let sgd (rate: float) : Optimizer =
        requireRate rate

        {
            Name = "SGD"
            Init = fun _ -> []
            Update =
                fun gradients state parameters ->
                    requireFit 0 gradients state parameters
                    List.map2 (fun x g -> x - rate * g) parameters gradients, []
        }

    /// Descent with a first moment that starts at `initial`: v ← p1·v + rate·g; x ← x − v (Polyak 1964). A decay
    /// outside [0, 1) is a `DomainError`, here and below. `Optimizer.momentumFrom 0.0 0.9 0.1`
    let momentumFrom (initial: float) (p1: float) (rate: float) : Optimizer =
        requireRate rate
        requireDecay "p1" p1

        {
            Name = "SGD with momentum"
            Init = filled initial
            Update =
                fun gradients velocities parameters ->
                    requireFit 1 gradients velocities parameters
                    let next = List.map2 (fun v g -> p1 * v + rate * g) velocities gradients
                    List.map2 (fun (x: Expr) v -> x - v) parameters next, next
        }

    /// Descent with a first moment that starts at 0: `momentumFrom 0.0`. `Optimizer.momentum 0.9 0.1`
    let momentum (p1: float) (rate: float) = momentumFrom 0.0 p1 rate

    /// Descent by adaptive second moments, without bias correction: v ← p1·v + (1 − p1)·g; r ← p2·r + (1 − p2)·g²; x
    /// ← x − rate·v/√r. The moments start at the values given; r must start above 0.
    /// `Optimizer.secondMomentFrom 0.0 1.0 0.9 0.999 0.1`
    let secondMomentFrom
        (initialV: float)
        (initialR: float)
        (p1: float)
        (p2: float)
        (rate: float)
        : Optimizer =
        requireRate rate
        requireDecay "p1" p1
        requireDecay "p2" p2

        if not (initialR > 0.0) then
            Refuse.domain
                "Optimizer"
                $"a second moment that starts at {initialR}"
                "a value above 0"
                "1 is a neutral start"

        {
            Name = "second moment"
            Init = fun parameters -> filled initialV parameters @ filled initialR parameters
            Update =
                fun gradients state parameters ->
                    requireFit 2 gradients state parameters
                    let vs, rs = List.splitAt parameters.Length state
                    let vs = List.map2 (fun v g -> p1 * v + (1.0 - p1) * g) vs gradients
                    let rs = List.map2 (fun r g -> p2 * r + (1.0 - p2) * (g * g)) rs gradients
                    List.map3 (fun (x: Expr) (v: Expr) r -> x - rate * v / sqrt r) parameters vs rs, vs @ rs
        }

    /// Descent by adaptive second moments from 0 and 1. `Optimizer.secondMoment 0.9 0.999 0.1`
    let secondMoment (p1: float) (p2: float) (rate: float) = secondMomentFrom 0.0 1.0 p1 p2 rate

    /// The same optimizer under another name, for tables and plots. `Optimizer.named "slow" (Optimizer.sgd 0.001)`
    let named name (optimizer: Optimizer) = { optimizer with Name = name }
