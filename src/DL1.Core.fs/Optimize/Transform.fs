namespace DL1

/// When an update is made: what transformations may read besides gradients, state and parameters.
[<NoEquality; NoComparison>]
type Moment =
    {
        /// The number of updates made before this one, a scalar of f64.
        Step: Expr
        /// The learning rate, a scalar of f64.
        Rate: Expr
    }

/// A pure transformation of updates, the gradients at first. A chain of them is an optimizer (the idea is Optax's):
/// the parameters become what they are, less what the chain gives.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type Transform =
    {
        /// Whether it reads the moment's step.
        ReadsStep: bool
        /// The first state for these parameters.
        Init: Tree<Expr> -> Tree<Expr>
        /// The moment, updates, state and parameters to the next updates and the next state.
        Update: Moment -> Tree<Expr> -> Tree<Expr> -> Tree<Expr> -> Tree<Expr> * Tree<Expr>
    }

    /// That it is one: what it does is a function.
    override this.ToString() =
        if this.ReadsStep then
            "a transformation that counts steps"
        else
            "a transformation"

    member internal this.Display = this.ToString()

/// The transformations that optimizers are made of.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Transform =
    /// A scalar of f64 in the type of the tensor that it meets; a literal takes that type by itself.
    let internal beside (x: Expr) (scalar: Expr) =
        if scalar.IsLiteral then scalar else Expr.cast x.DType scalar

    let internal requireDecay (name: string) (p: float) =
        if not (p >= 0.0 && p < 1.0) then
            Refuse.domain
                "Optimizer"
                $"{name} = {string p}"
                "a decay from 0 up to, but not including, 1"
                "0.9 is common"

    let internal requirePositive (name: string) (value: float) =
        if not (value > 0.0 && System.Double.IsFinite value) then
            Refuse.domain
                "Optimizer"
                $"{name} = {string value}"
                "a finite number above 0"
                "look up the usual value in the paper"

    let internal requireFinite (name: string) (value: float) =
        if not (System.Double.IsFinite value) then
            Refuse.domain
                "Optimizer"
                $"{name} = {string value}"
                "a finite number"
                "look for the division that made it"

    let internal requireNotNegative (name: string) (value: float) =
        if not (value >= 0.0 && System.Double.IsFinite value) then
            Refuse.domain
                "Optimizer"
                $"{name} = {string value}"
                "a finite number of 0 or more"
                "0 turns it off"

    /// A transformation without state, of each parameter by itself.
    let internal each (f: Moment -> Expr -> Expr -> Expr) : Transform =
        {
            ReadsStep = false
            Init = fun _ -> Tree.empty
            Update = fun moment updates _ parameters -> Tree.map2 (f moment) updates parameters, Tree.empty
        }

    /// A transformation of each parameter by itself with some tensors of state shaped as it is, each with a name and
    /// the number that it starts at. The function is given the moment, the update, the state in the order of the names
    /// and the parameter, and gives the update and the next state in that order.
    let internal withSlots
        readsStep
        (slots: (string * float) list)
        (f: Moment -> Expr -> Expr list -> Expr -> Expr * Expr list)
        : Transform =
        let name (slot: string, _: float) (path: string) = $"{slot}.{path}"

        {
            ReadsStep = readsStep
            Init =
                fun parameters ->
                    Tree.ofList
                        [
                            for slot in slots do
                                for path, (p: Expr) in Tree.toList parameters do
                                    name slot path, Expr.full p.DType (p.Shape.ToList()) (snd slot)
                        ]
            Update =
                fun moment updates state parameters ->
                    let results =
                        (updates, parameters)
                        ||> Tree.mapPath2 (fun path u p ->
                            f moment u (slots |> List.map (fun slot -> state[name slot path])) p)

                    let next =
                        [
                            for i, slot in List.indexed slots do
                                for path, (_, states) in Tree.toList results do
                                    name slot path, List.item i states
                        ]

                    Tree.map fst results, Tree.ofList next
        }

    /// Leaves the updates as they are. `Transform.identity`
    let identity: Transform = each (fun _ u _ -> u)

    /// One transformation after another; the state of each is below its number.
    /// `Transform.chain [ Transform.clipByGlobalNorm 1.0; Transform.scaleByRate ]`
    let chain (transforms: Transform list) : Transform =
        let numbered = transforms |> List.mapi (fun i t -> string i, t)

        {
            ReadsStep = transforms |> List.exists _.ReadsStep
            Init =
                fun parameters ->
                    numbered
                    |> List.map (fun (name, t) -> Tree.under name (t.Init parameters))
                    |> List.fold Tree.append Tree.empty
            Update =
                fun moment updates state parameters ->
                    ((updates, Tree.empty), numbered)
                    ||> List.fold (fun (updates, next) (name, t) ->
                        let updates, own = t.Update moment updates (Tree.at name state) parameters
                        updates, Tree.append next (Tree.under name own))
        }

    /// u·factor. `Transform.scale 0.5`
    let scale (factor: float) : Transform =
        requireFinite "factor" factor
        each (fun _ u _ -> factor * u)

    /// u·rate: the learning rate, or what the schedule says. `Transform.scaleByRate`
    let scaleByRate: Transform = each (fun moment u _ -> beside u moment.Rate * u)

    /// u + strength·x: the gradient of an l2 penalty ½·strength·x² before the moments, decoupled weight decay after
    /// them (Loshchilov and Hutter 2019). `Transform.addDecay 0.01`
    let addDecay (strength: float) : Transform =
        requireNotNegative "weight decay" strength
        if strength = 0.0 then identity else each (fun _ u p -> u + strength * p)

    /// Each element held between −limit and limit. `Transform.clipByValue 1.5`
    let clipByValue (limit: float) : Transform =
        requirePositive "limit" limit
        each (fun _ u _ -> Elementwise.clamp -limit limit u)

    let private normAll (x: Expr) = Reduce.norm (Expr.allAxes x) x

    /// The Euclidean norm of all elements of a tree, a scalar. `Transform.globalNorm gradients`
    let globalNorm (tree: Tree<Expr>) =
        match Tree.values tree with
        | [] -> lit 0.0
        | leaves -> leaves |> List.map normAll |> Expr.stack 0 |> normAll

    // PyTorch's: never enlarged, and 1e-6 against a norm of 0.
    let private shrink (limit: float) (norm: Expr) = Expr.minimum (lit 1.0) (limit / (norm + 1e-6))

    /// The update of each parameter shrunk to a Euclidean norm of at most the limit. `Transform.clipByNorm 1.0`
    let clipByNorm (limit: float) : Transform =
        requirePositive "limit" limit
        each (fun _ u _ -> shrink limit (normAll u) * u)

    /// All updates shrunk by one factor to a common Euclidean norm of at most the limit (Pascanu et al. 2013).
    /// `Transform.clipByGlobalNorm 1.5`
    let clipByGlobalNorm (limit: float) : Transform =
        requirePositive "limit" limit

        {
            ReadsStep = false
            Init = fun _ -> Tree.empty
            Update =
                fun _ updates _ _ ->
                    let factor = shrink limit (globalNorm updates)
                    Tree.map (fun (u: Expr) -> Expr.cast u.DType factor * u) updates, Tree.empty
        }

    /// `clipByGlobalNorm` by another norm: (Σ |u|ᵖ)^(1/p) over all elements, the largest magnitude where p is infinite, which
    /// is PyTorch's `norm_type`. `Transform.clipByGlobalNormOf infinity 1.0`
    let clipByGlobalNormOf (power: float) (limit: float) : Transform =
        requirePositive "limit" limit

        if not (power > 0.0) then
            Refuse.domain
                "Optimizer"
                $"the norm's power {string power}"
                "a power above 0, or infinity"
                "2 is the usual value"

        let norm (x: Expr) = Reduce.powerNorm power (Expr.allAxes x) x

        {
            ReadsStep = false
            Init = fun _ -> Tree.empty
            Update =
                fun _ updates _ _ ->
                    match Tree.values updates with
                    | [] -> updates, Tree.empty
                    | leaves ->
                        let factor = leaves |> List.map norm |> Expr.stack 0 |> norm |> shrink limit
                        Tree.map (fun (u: Expr) -> Expr.cast u.DType factor * u) updates, Tree.empty
        }

    /// A transformation of the parameters whose paths are wanted; the others' updates stay as they are.
    /// `Transform.masked Penalty.weights (Transform.addDecay 0.01)`
    let masked (wanted: string -> bool) (transform: Transform) : Transform =
        {
            ReadsStep = transform.ReadsStep
            Init = Tree.filter wanted >> transform.Init
            Update =
                fun moment updates state parameters ->
                    let changed, next =
                        transform.Update
                            moment
                            (Tree.filter wanted updates)
                            state
                            (Tree.filter wanted parameters)

                    Tree.replace updates changed, next
        }

    /// A first moment that starts at `initial`: v ← decay·v + (1 − dampening)·u, and u ← v; with Nesterov's, u ← u +
    /// decay·v (Polyak 1964; Nesterov 1983). As in PyTorch, dampening spares the first step, does nothing where the decay
    /// is 0, and Nesterov's needs a decay above 0 and no dampening. Dampening is from 0 to 1.
    /// `Transform.momentum 0.0 0.9 0.0 false`
    let momentum (initial: float) (decay: float) (dampening: float) (nesterov: bool) : Transform =
        requireDecay "momentum" decay
        requireFinite "the first momentum" initial

        if not (dampening >= 0.0 && dampening <= 1.0) then
            Refuse.domain
                "Optimizer"
                $"dampening = {string dampening}"
                "a number from 0 to 1"
                "0 turns it off"

        if nesterov && (decay = 0.0 || dampening <> 0.0) then
            Refuse.domain
                "Optimizer"
                $"Nesterov's momentum with momentum {string decay} and dampening {string dampening}"
                "a momentum above 0 and a dampening of 0"
                "0.9 and 0 are usual; without momentum leave Nesterov's out"

        if decay = 0.0 then
            identity
        else
            withSlots (dampening <> 0.0) [ "momentum", initial ] (fun moment u slots _ ->
                let damped =
                    if dampening = 0.0 then
                        u
                    else
                        let isFirst = Expr.equal moment.Step (lit 0.0)
                        beside u (Expr.where isFirst (lit 1.0) (lit (1.0 - dampening))) * u

                let v = decay * slots.Head + damped
                (if nesterov then u + decay * v else v), [ v ])

    /// The update times the norm of the parameter over its own, 1 where either is 0: the layer-wise trust ratio of LAMB
    /// (You et al. 2020). `Transform.scaleByTrustRatio`
    let scaleByTrustRatio: Transform =
        each (fun _ u p ->
            let one, ofU, ofP = Expr.scalar u.DType 1.0, normAll u, normAll p
            let isRegular = Expr.both (ofU .> 0.0) (ofP .> 0.0)
            Expr.where isRegular (ofP / Expr.where isRegular ofU one) one * u)
