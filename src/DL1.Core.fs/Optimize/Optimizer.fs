namespace DL1

/// An optimizer as a pure state transition: `Init` gives the state for parameters, `Update` the next parameters and
/// the next state from gradients. All are trees of expressions, so that the transition becomes part of the step.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Name}")>]
type Optimizer =
    {
        /// The name in tables and plots.
        Name: string
        /// The first state for these parameters.
        Init: Tree<Expr> -> Tree<Expr>
        /// Gradients, state and parameters to the next parameters and the next state.
        Update: Tree<Expr> -> Tree<Expr> -> Tree<Expr> -> Tree<Expr> * Tree<Expr>
        /// The same optimizer with learning rates made of its own.
        MapRate: (Schedule -> Schedule) -> Optimizer
        /// The learning rates of the next update, from the state: one named `rate`, or those of groups, `rate.0` and so on.
        Rates: Tree<Expr> -> (string * Expr) list
        /// How the gradients of several batches become one update, where they do: `Wrap.accumulate`.
        Accumulation: Accumulation option
    }

    override this.ToString() = this.Name

/// What gathers the gradients of several batches for one update.
and [<NoEquality; NoComparison>] Accumulation =
    {
        /// The batches of one update.
        Calls: int
        /// `Optimizer.Update`, told what the batch's loss was divided by: its rows, or the weights that count in it. The
        /// update's gradient is the mean of the batches' gradients, weighted by these numbers.
        Update: Expr -> Tree<Expr> -> Tree<Expr> -> Tree<Expr> -> Tree<Expr> * Tree<Expr>
    }

/// Gradient descent and its moments, as PyTorch computes them. Each is a chain of transformations; the learning rate is
/// a number, or a schedule by `Optimizer.scheduled`. Options that few need are in the functions named `...With`. A rate
/// that is not finite and above 0 is a `DomainError`, and so is a decay outside [0, 1).
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Optimizer =
    let private counter = "step"
    let private operation = "Optimizer.Update"

    /// Refuses a tree that does not fit another: broadcasting would hide some of these mistakes.
    let private requireFit (what: string) cure (expected: Tree<Expr>) (found: Tree<Expr>) =
        let listed (tree: Tree<Expr>) =
            if tree.Count = 0 then "none" else String.concat ", " (Tree.paths tree)

        if set (Tree.paths expected) <> set (Tree.paths found) then
            Refuse.shape operation $"{what}: {listed found}" (listed expected) cure

        for path, e in Tree.toList expected do
            Operand.requireSameType operation e found[path]
            Operand.requireSameShape operation e found[path]

    /// An optimizer from its name, its learning rate and a chain of transformations: x ← x − what the chain gives.
    /// `Optimizer.ofTransform "SGD" (Schedule.constant 0.1) Transform.scaleByRate`
    let rec ofTransform (name: string) (rate: Schedule) (transform: Transform) : Optimizer =
        let counts = transform.ReadsStep || not rate.IsConstant

        let init parameters =
            let own = transform.Init parameters

            if counts then
                Tree.append (Tree.ofList [ counter, Expr.scalar DType.I64 0.0 ]) own
            else
                own

        let stepOf (state: Tree<Expr>) = if counts then Expr.cast DType.F64 state[counter] else lit 0.0

        let update gradients state parameters =
            requireFit "gradients" "give one for each parameter, by its path" parameters gradients
            requireFit "state" "give what Init or the last update gave" (init parameters) state

            let step = stepOf state
            let moment = { Step = step; Rate = rate.At step }
            let own = Tree.filter (fun path -> path <> counter) state
            let updates, next = transform.Update moment gradients own parameters

            Tree.map2 (fun (p: Expr) (u: Expr) -> p - u) parameters updates,
            if counts then
                Tree.append (Tree.ofList [ counter, state[counter] + 1 ]) next
            else
                next

        {
            Name = name
            Init = init
            Update = update
            MapRate = fun change -> ofTransform name (change rate) transform
            Rates = fun state -> [ "rate", Expr.cast DType.F64 (rate.At(stepOf state)) ]
            Accumulation = None
        }

    /// The same optimizer with a learning rate that follows a schedule of the updates made.
    /// `Optimizer.sgd 0.1 |> Optimizer.scheduled (Schedule.exponential 0.9 0.1)`
    let scheduled (rate: Schedule) (optimizer: Optimizer) = optimizer.MapRate(fun _ -> rate)

    /// The same optimizer under another name, for tables and plots. `Optimizer.named "slow" (Optimizer.sgd 0.001)`
    let named name (optimizer: Optimizer) = { optimizer with Name = name }

    /// The first state for parameters, as tensors. `Optimizer.start (Optimizer.momentum 0.9 0.1) weights`
    let start (optimizer: Optimizer) (parameters: Tree<Tensor>) : Tree<Tensor> =
        let state = optimizer.Init(Tree.variables parameters)
        Tree.ofValues (Eval.many (Tree.toList parameters) (Tree.values state)) state

    let private ofChain name (rate: float) transforms =
        if not (rate > 0.0 && System.Double.IsFinite rate) then
            Refuse.domain
                "Optimizer"
                $"the learning rate {string rate}"
                "a finite rate above 0"
                "begin with 0.01"

        ofTransform name (Schedule.constant rate) (Transform.chain transforms)

    let private rated (decay: float) name rate transform =
        ofChain
            name
            rate
            (if decay = 0.0 then
                 [ transform; Transform.scaleByRate ]
             else
                 [ Transform.addDecay decay; transform; Transform.scaleByRate ])

    /// Plain descent: x ← x − rate·g. `Optimizer.sgd 0.1`
    let sgd (rate: float) = ofChain "SGD" rate [ Transform.scaleByRate ]

    /// PyTorch's SGD: g ← g + decay·x; v ← momentum·v + (1 − dampening)·g; x ← x − rate·v, or x − rate·(g + momentum·v)
    /// with Nesterov's, which needs a momentum above 0 and no dampening. Dampening spares the first step, and without
    /// momentum it does nothing. `Optimizer.sgdWith 0.9 0.0 true 0.0 0.1`
    let sgdWith (momentum: float) (dampening: float) (nesterov: bool) (decay: float) (rate: float) =
        rated decay "SGD with momentum" rate (Transform.momentum 0.0 momentum dampening nesterov)

    /// Descent with a first moment that starts at `initial`, the rate inside: v ← p1·v + rate·g; x ← x − v (Polyak
    /// 1964). `Optimizer.momentumFrom 0.0 0.9 0.1`
    let momentumFrom (initial: float) (p1: float) (rate: float) =
        ofChain "SGD with momentum" rate [ Transform.scaleByRate; Transform.momentum initial p1 0.0 false ]

    /// Descent with a first moment that starts at 0: `momentumFrom 0.0`. `Optimizer.momentum 0.9 0.1`
    let momentum (p1: float) (rate: float) = momentumFrom 0.0 p1 rate

    /// Descent by adaptive second moments, without bias correction: v ← p1·v + (1 − p1)·g; r ← p2·r + (1 − p2)·g²; x
    /// ← x − rate·v/√r. The moments start at the values given; r must start above 0.
    /// `Optimizer.secondMomentFrom 0.0 1.0 0.9 0.999 0.1`
    let secondMomentFrom (initialV: float) (initialR: float) (p1: float) (p2: float) (rate: float) =
        Transform.requireDecay "p1" p1
        Transform.requireDecay "p2" p2

        Transform.requireFinite "the first moment's start" initialV

        if not (initialR > 0.0 && System.Double.IsFinite initialR) then
            Refuse.domain
                "Optimizer"
                $"a second moment that starts at {string initialR}"
                "a finite value above 0"
                "1 is a neutral start"

        let moments =
            Transform.withSlots false [ "mean", initialV; "square", initialR ] (fun moment g slots _ ->
                let v = p1 * slots[0] + (1.0 - p1) * g
                let r = p2 * slots[1] + (1.0 - p2) * (g * g)
                Transform.beside g moment.Rate * v / sqrt r, [ v; r ])

        ofChain "second moment" rate [ moments ]

    /// Descent by adaptive second moments from 0 and 1. `Optimizer.secondMoment 0.9 0.999 0.1`
    let secondMoment (p1: float) (p2: float) (rate: float) = secondMomentFrom 0.0 1.0 p1 p2 rate

    /// Adam with β₁, β₂, ε, and decay·x added to the gradient: see `Moments.adam`.
    /// `Optimizer.adamWith 0.9 0.999 1e-6 0.01 0.1`
    let adamWith (b1: float) (b2: float) (epsilon: float) (decay: float) (rate: float) =
        rated decay "Adam" rate (Moments.adam b1 b2 epsilon)

    /// Adam (Kingma and Ba 2015) with β₁ 0.9, β₂ 0.999, ε 1e-8: see `Moments.adam`. `Optimizer.adam 0.001`
    let adam (rate: float) = adamWith 0.9 0.999 1e-8 0.0 rate

    /// Adam with the largest second moment so far (Reddi et al. 2018). `Optimizer.amsgrad 0.001`
    let amsgrad (rate: float) = rated 0.0 "AMSGrad" rate (Moments.amsgrad 0.9 0.999 1e-8)

    /// AdamW with β₁, β₂ and ε: see `Moments.adam`. `Optimizer.adamWWith 0.9 0.98 1e-9 0.01 0.001`
    let adamWWith (b1: float) (b2: float) (epsilon: float) (decay: float) (rate: float) =
        ofChain "AdamW" rate [ Moments.adam b1 b2 epsilon; Transform.addDecay decay; Transform.scaleByRate ]

    /// Adam with decoupled weight decay: x ← x − rate·(u + decay·x) (Loshchilov and Hutter 2019).
    /// `Optimizer.adamW 0.01 0.001`
    let adamW (decay: float) (rate: float) = adamWWith 0.9 0.999 1e-8 decay rate

    /// AdamW with the largest second moment so far: PyTorch's AdamW with `amsgrad`.
    /// `Optimizer.amsgradWWith 0.9 0.999 1e-8 0.01 0.001`
    let amsgradWWith (b1: float) (b2: float) (epsilon: float) (decay: float) (rate: float) =
        ofChain
            "AMSGrad with decoupled decay"
            rate
            [ Moments.amsgrad b1 b2 epsilon; Transform.addDecay decay; Transform.scaleByRate ]

    /// Averaged descent with λ, α, the update from which the mean is taken, and decay·x added to the gradient: see `Moments.asgd`.
    /// `Optimizer.asgdWith 1e-4 0.75 100.0 0.0 0.1`
    let asgdWith (lambda: float) (alpha: float) (start: float) (decay: float) (rate: float) =
        let own = Moments.asgd lambda alpha start
        ofChain "ASGD" rate (if decay = 0.0 then [ own ] else [ Transform.addDecay decay; own ])

    /// Averaged descent with λ 1e-4, α 0.75 and a mean from update 1,000,000 on, PyTorch's defaults. `Optimizer.asgd 0.1`
    let asgd (rate: float) = asgdWith 1e-4 0.75 1e6 0.0 rate

    /// RMSProp with its options, and a momentum on its updates: see `Moments.rmsProp`.
    /// `Optimizer.rmsPropWith 0.99 1e-8 true 0.5 0.01`
    let rmsPropWith (alpha: float) (epsilon: float) (centered: bool) (momentum: float) (rate: float) =
        let scaled = Moments.rmsProp alpha epsilon centered

        ofChain
            "RMSProp"
            rate
            (if momentum = 0.0 then
                 [ scaled; Transform.scaleByRate ]
             else
                 [ scaled; Transform.momentum 0.0 momentum 0.0 false; Transform.scaleByRate ])

    /// RMSProp (Tieleman and Hinton 2012) with α 0.99, ε 1e-8. `Optimizer.rmsProp 0.01`
    let rmsProp (rate: float) = rmsPropWith 0.99 1e-8 false 0.0 rate

    /// Adagrad (Duchi et al. 2011): see `Moments.adagrad`. `Optimizer.adagrad 0.1`
    let adagrad (rate: float) = rated 0.0 "Adagrad" rate (Moments.adagrad 0.0 0.0 1e-10)

    /// Adadelta (Zeiler 2012) with ρ 0.9, ε 1e-6; its rate is usually 1. `Optimizer.adadelta 1.0`
    let adadelta (rate: float) = rated 0.0 "Adadelta" rate (Moments.adadelta 0.9 1e-6)

    /// Adamax (Kingma and Ba 2015): Adam by the largest gradient. `Optimizer.adamax 0.002`
    let adamax (rate: float) = rated 0.0 "Adamax" rate (Moments.adamax 0.9 0.999 1e-8)

    /// Adam with Nesterov's momentum (Dozat 2016). `Optimizer.nadam 0.002`
    let nadam (rate: float) = rated 0.0 "NAdam" rate (Moments.nadam 0.9 0.999 1e-8 0.004)

    /// Rectified Adam (Liu et al. 2020). `Optimizer.radam 0.001`
    let radam (rate: float) = rated 0.0 "RAdam" rate (Moments.radam 0.9 0.999 1e-8)

    /// Resilient propagation (Riedmiller and Braun 1993): `firstStep` is the size of the first steps, which then adapt
    /// themselves; a schedule is a factor on them. `Optimizer.rprop 0.01`
    let rprop (firstStep: float) = rated 0.0 "Rprop" 1.0 (Moments.rprop firstStep)

    /// Lion (Chen et al. 2023), β₁ 0.9 and β₂ 0.99, with decoupled weight decay. `Optimizer.lion 0.01 0.0001`
    let lion (decay: float) (rate: float) =
        ofChain "Lion" rate [ Moments.lion 0.9 0.99; Transform.addDecay decay; Transform.scaleByRate ]

    /// LAMB (You et al. 2020): Adam with ε 1e-6 and decoupled weight decay, each tensor's update in proportion to its
    /// norm. `Optimizer.lamb 0.01 0.001`
    let lamb (decay: float) (rate: float) =
        ofChain
            "LAMB"
            rate
            [
                Moments.adam 0.9 0.999 1e-6
                Transform.addDecay decay
                Transform.scaleByTrustRatio
                Transform.scaleByRate
            ]
