namespace DL1

/// Optimizers around optimizers: clipped, grouped, accumulated, averaged, with a slow copy. Each wraps a transition in
/// another; the state of what is wrapped lies below a name of its own.
[<RequireQualifiedAccess>]
module Wrap =
    type private Update = Tree<Expr> -> Tree<Expr> -> Tree<Expr> -> Tree<Expr> * Tree<Expr>

    let private inner = "inner"

    /// The rates of what is wrapped.
    let private ratesOf (optimizer: Optimizer) (state: Tree<Expr>) = optimizer.Rates(Tree.at inner state)

    /// The accumulation of an optimizer around one that accumulates.
    let private around (by: Update -> Update) (inside: Accumulation) : Accumulation =
        { inside with Update = fun weight -> by (inside.Update weight) }

    /// Transformations of the gradient before an optimizer sees it, such as clipping.
    /// `Optimizer.adam 0.001 |> Wrap.after (Transform.clipByGlobalNorm 1.0)`
    let rec after (transform: Transform) (optimizer: Optimizer) : Optimizer =
        let before = "before"

        if transform.ReadsStep then
            Refuse.domain
                "Wrap.after"
                "a transformation that reads the step counter"
                "one that reads gradients, parameters and its own state"
                "put it among the transformations that the optimizer is made of"

        let moment = { Step = lit 0.0; Rate = lit 1.0 }

        let by (update: Update) gradients state parameters =
            let gradients, own = transform.Update moment gradients (Tree.at before state) parameters
            let next, rest = update gradients (Tree.at inner state) parameters
            next, Tree.append (Tree.under before own) (Tree.under inner rest)

        {
            Name = optimizer.Name
            Init =
                fun parameters ->
                    Tree.append
                        (Tree.under before (transform.Init parameters))
                        (Tree.under inner (optimizer.Init parameters))
            Update = by optimizer.Update
            MapRate = fun change -> after transform (optimizer.MapRate change)
            Rates = ratesOf optimizer
            Accumulation = optimizer.Accumulation |> Option.map (around by)
        }

    /// Goes uphill: the optimizer is given the gradients with their signs turned, so that the objective grows.
    /// `Optimizer.sgd 0.1 |> Wrap.maximizing`
    let maximizing (optimizer: Optimizer) : Optimizer = after (Transform.scale -1.0) optimizer

    /// Leaves the parameters as they are: for those that are not to be trained. `Wrap.frozen`
    let rec frozen: Optimizer =
        {
            Name = "frozen"
            Init = fun _ -> Tree.empty
            Update = fun _ _ parameters -> parameters, Tree.empty
            MapRate = fun _ -> frozen
            Rates = fun _ -> []
            Accumulation = None
        }

    /// Groups of parameters, each with an optimizer: a parameter belongs to the first group whose predicate holds for
    /// its path; one that belongs to none is a `DomainError`.
    /// `Wrap.groups [ Penalty.weights, Optimizer.adam 0.001; (fun _ -> true), Optimizer.sgd 0.1 ]`
    let rec groups (parts: ((string -> bool) * Optimizer) list) : Optimizer =
        let groupOf (path: string) =
            match parts |> List.tryFindIndex (fun (holds, _) -> holds path) with
            | Some i -> i
            | None ->
                Refuse.domain
                    "Wrap.groups"
                    $"the parameter {path}, which is in no group"
                    "a group for each parameter"
                    "end with a group of all paths, whose optimizer is the frozen one where nothing is to be trained"

        let optimizers = parts |> List.mapi (fun i (_, optimizer) -> i, string i, optimizer)
        let only i tree = Tree.filter (fun path -> groupOf path = i) tree

        let by (updateOf: Optimizer -> Update) gradients state parameters =
            ((parameters, Tree.empty), optimizers)
            ||> List.fold (fun (next, states) (i, name, o) ->
                let own, ownState = updateOf o (only i gradients) (Tree.at name state) (only i parameters)

                Tree.replace next own, Tree.append states (Tree.under name ownState))

        let accumulations = parts |> List.choose (fun (_, o) -> o.Accumulation)

        {
            Name = parts |> List.map (fun (_, o) -> o.Name) |> String.concat " / "
            Init =
                fun parameters ->
                    optimizers
                    |> List.map (fun (i, name, o) -> Tree.under name (o.Init(only i parameters)))
                    |> List.fold Tree.append Tree.empty
            Update = by _.Update
            MapRate = fun change -> groups (parts |> List.map (fun (holds, o) -> holds, o.MapRate change))
            Rates =
                fun state ->
                    optimizers
                    |> List.collect (fun (_, name, o) ->
                        o.Rates(Tree.at name state)
                        |> List.map (fun (own, rate) -> $"rate.{name}{own.Substring 4}", rate))
            Accumulation =
                match accumulations |> List.map _.Calls |> List.distinct with
                | [] -> None
                | calls ->
                    Some
                        {
                            // Of groups that gather different numbers of batches there is no one number.
                            Calls = if calls.Length = 1 then calls.Head else 0
                            Update =
                                fun weight ->
                                    by (fun o ->
                                        match o.Accumulation with
                                        | Some inside -> inside.Update weight
                                        | None -> o.Update)
                        }
        }

    /// An optimizer for the parameters whose paths are wanted; the others stay as they are. Where none is wanted it is a
    /// `DomainError`. `Wrap.only (fun path -> path.StartsWith "x") (Optimizer.sgd 0.1)`
    let only (wanted: string -> bool) (optimizer: Optimizer) =
        let both = groups [ wanted, optimizer; (fun _ -> true), frozen ] |> Optimizer.named optimizer.Name

        { both with
            Init =
                fun parameters ->
                    if parameters.Count > 0 && (Tree.filter wanted parameters).Count = 0 then
                        let names = Tree.paths parameters |> List.truncate 20 |> String.concat ", "

                        Refuse.domain
                            "Wrap.only"
                            $"no parameter that is wanted, of: {names}"
                            "one path at least for which the predicate holds"
                            "check the names in the predicate against the paths"

                    both.Init parameters
        }

    /// Learning rates by name: the change of a parameter is multiplied by the factor of the first group whose predicate holds for
    /// its path, and by 1 where none does. Schedules go on as they are. A factor that is not finite and above 0, and a group
    /// that no parameter is in, are a `DomainError`. `Wrap.rateFactors [ Penalty.weights, 0.1 ] (Optimizer.adam 0.001)`
    let rec rateFactors (factors: ((string -> bool) * float) list) (optimizer: Optimizer) : Optimizer =
        for _, factor in factors do
            if not (factor > 0.0 && System.Double.IsFinite factor) then
                Refuse.domain
                    "Wrap.rateFactors"
                    $"the factor {string factor}"
                    "a finite factor above 0"
                    "freeze what is not to be trained"

        let groupOf (path: string) = factors |> List.tryFindIndex (fun (holds, _) -> holds path)

        let by (update: Update) gradients state (parameters: Tree<Expr>) =
            let next, rest = update gradients state parameters

            let moved path (old: Expr) (now: Expr) =
                match groupOf path with
                | Some i when snd factors[i] <> 1.0 -> old + snd factors[i] * (now - old)
                | Some _
                | None -> now

            Tree.mapPath2 moved parameters next, rest

        { optimizer with
            Init =
                fun parameters ->
                    let found = Tree.paths parameters |> List.choose groupOf |> set

                    for i in 0 .. factors.Length - 1 do
                        if parameters.Count > 0 && not (found.Contains i) then
                            let names = Tree.paths parameters |> List.truncate 20 |> String.concat ", "

                            Refuse.domain
                                "Wrap.rateFactors"
                                $"group %d{i} of the factors, in which there is no parameter of: {names}"
                                "one path at least in each group, and in no group before it"
                                "check the names in the predicate against the paths"

                    optimizer.Init parameters
            Update = by optimizer.Update
            MapRate = fun change -> rateFactors factors (optimizer.MapRate change)
            Accumulation = optimizer.Accumulation |> Option.map (around by)
        }

    /// Smaller rates for the layers nearer to the inputs (Howard and Ruder 2018): of the parts named, from the first layer to
    /// the last, the last has the optimizer's rate, the one before it `decay` times that, and so on. A part is a name with what
    /// is below it: `layers.0`. Other parameters keep the rate. `Wrap.layerDecay 0.5 [ "0"; "2" ] (Optimizer.adam 0.001)`
    let layerDecay (decay: float) (parts: string list) (optimizer: Optimizer) : Optimizer =
        if not (decay > 0.0 && decay <= 1.0) then
            Refuse.domain
                "Wrap.layerDecay"
                $"the decay {string decay}"
                "a number above 0, at most 1"
                "0.4 for few large parts, 0.8 for many layers"

        let isIn (part: string) (path: string) =
            path = part || path.StartsWith(part + ".", System.StringComparison.Ordinal)

        let factors = parts |> List.mapi (fun i part -> isIn part, decay ** float (parts.Length - 1 - i))

        rateFactors factors optimizer

    let private choose condition (first: Tree<Expr>) (second: Tree<Expr>) =
        Tree.map2 (Expr.where condition) first second

    let private count = "count"
    let private zero = Tree.ofList [ count, Expr.scalar DType.I64 0.0 ]

    /// One more than the count in the state, the next count, and whether it is full.
    let private counted size (state: Tree<Expr>) =
        let now = state[count] + 1
        let isFull = Expr.equal now (lit (float size))
        isFull, Tree.ofList [ count, Expr.where isFull (Expr.scalar DType.I64 0.0) now ]

    let private requireCount operation (what: string) size =
        if size < 1 then
            Refuse.domain operation $"%d{size} {what}" $"1 or more {what}" "1 changes nothing"

    /// One update in `size` calls, by the mean of their gradients: a batch `size` times as large, in the memory of a
    /// small one. The parameters stay as they are in between. In training by a `Learner` each gradient counts by what the
    /// batch's loss was divided by, such as its rows or the labels that are not ignored, so that the update is the one of
    /// the whole batch; a loss that is a sum adds up. `Wrap.accumulate 4 (Optimizer.sgd 0.1)`
    let rec accumulate (size: int) (optimizer: Optimizer) : Optimizer =
        requireCount "Wrap.accumulate" "calls" size
        let sum, weight = "sum", "weight"
        let calls = optimizer.Accumulation |> Option.map _.Calls |> Option.defaultValue 1

        let by (share: Expr) gradients (state: Tree<Expr>) parameters =
            let isFull, next = counted size state
            let share = Expr.cast DType.F64 share
            let weighed (g: Expr) = g * Expr.cast g.DType share
            let total = Tree.map2 (fun (s: Expr) g -> s + weighed g) (Tree.at sum state) gradients
            let weights = state[weight] + share
            // Where nothing counts the sums are 0, too.
            let divisor = Expr.where (Expr.equal weights (lit 0.0)) (lit 1.0) weights
            let mean = Tree.map (fun (s: Expr) -> s / Expr.cast s.DType divisor) total

            let moved, movedState =
                match optimizer.Accumulation with
                | Some inside -> inside.Update weights mean (Tree.at inner state) parameters
                | None -> optimizer.Update mean (Tree.at inner state) parameters

            choose isFull moved parameters,
            [
                Tree.ofList [ weight, Expr.where isFull (Expr.scalar DType.F64 0.0) weights ]
                Tree.under sum (choose isFull (Tree.map Expr.zerosLike total) total)
                Tree.under inner (choose isFull movedState (Tree.at inner state))
            ]
            |> List.fold Tree.append next

        {
            Name = optimizer.Name
            Init =
                fun parameters ->
                    [
                        Tree.ofList [ weight, Expr.scalar DType.F64 0.0 ]
                        Tree.under sum (Tree.map Expr.zerosLike parameters)
                        Tree.under inner (optimizer.Init parameters)
                    ]
                    |> List.fold Tree.append zero
            Update = by (Expr.scalar DType.F64 1.0)
            MapRate = fun change -> accumulate size (optimizer.MapRate change)
            Rates = ratesOf optimizer
            Accumulation = Some { Calls = size * calls; Update = by }
        }

    /// A slow copy of the parameters: after `size` updates it goes a part of the way to the fast ones, which go on from
    /// there: slow ← slow + part·(fast − slow) (Zhang et al. 2019). `Wrap.lookahead 5 0.5 (Optimizer.sgd 0.1)`
    let rec lookahead (size: int) (part: float) (optimizer: Optimizer) : Optimizer =
        requireCount "Wrap.lookahead" "updates" size
        let slow = "slow"

        if not (part > 0.0 && part <= 1.0) then
            Refuse.domain "Wrap.lookahead" $"the part {string part}" "above 0, at most 1" "0.5 is usual"

        let by (update: Update) gradients (state: Tree<Expr>) parameters =
            let isFull, next = counted size state
            let fast, fastState = update gradients (Tree.at inner state) parameters
            let old = Tree.at slow state
            let behind = choose isFull (Tree.map2 (fun (s: Expr) f -> s + part * (f - s)) old fast) old

            choose isFull behind fast,
            [ Tree.under slow behind; Tree.under inner fastState ] |> List.fold Tree.append next

        {
            Name = $"{optimizer.Name} with lookahead"
            Init =
                fun parameters ->
                    [ Tree.under slow parameters; Tree.under inner (optimizer.Init parameters) ]
                    |> List.fold Tree.append zero
            Update = by optimizer.Update
            MapRate = fun change -> lookahead size part (optimizer.MapRate change)
            Rates = ratesOf optimizer
            Accumulation = optimizer.Accumulation |> Option.map (around by)
        }

    let private average = "average"

    /// Keeps a moving average of the parameters in the state, a ← decay·a + (1 − decay)·x, from their first values
    /// (Polyak and Juditsky 1992); it does not change the training. `Wrap.averaged 0.999 (Optimizer.sgd 0.1)`
    let rec averaged (decay: float) (optimizer: Optimizer) : Optimizer =
        Transform.requireDecay "the average's decay" decay

        let by (update: Update) gradients state parameters =
            let next, rest = update gradients (Tree.at inner state) parameters

            let mean =
                Tree.map2
                    (fun (a: Expr) (x: Expr) -> decay * a + (1.0 - decay) * x)
                    (Tree.at average state)
                    next

            next, Tree.append (Tree.under average mean) (Tree.under inner rest)

        {
            Name = optimizer.Name
            Init =
                fun parameters ->
                    Tree.append (Tree.under average parameters) (Tree.under inner (optimizer.Init parameters))
            Update = by optimizer.Update
            MapRate = fun change -> averaged decay (optimizer.MapRate change)
            Rates = ratesOf optimizer
            Accumulation = optimizer.Accumulation |> Option.map (around by)
        }

    /// Keeps the mean of the parameters after updates `start`, `start + every` and so on in the state, as stochastic weight
    /// averaging does (Izmailov et al. 2018; PyTorch's `AveragedModel`); before it the parameters themselves. It does not change
    /// the training. `Wrap.averagedFrom 100 10 (Optimizer.sgd 0.1)`
    let rec averagedFrom (start: int) (every: int) (optimizer: Optimizer) : Optimizer =
        requireCount "Wrap.averagedFrom" "updates before the mean" start
        requireCount "Wrap.averagedFrom" "updates from one to the next" every

        let by (update: Update) gradients (state: Tree<Expr>) parameters =
            let next, rest = update gradients (Tree.at inner state) parameters
            let made = state[count] + 1
            let after = Expr.cast DType.F64 (made - Expr.full DType.I64 [] (float start))
            let taken = floor (after / float every)
            let isFirst = after .<= 0.0
            let isTaken = Expr.equal (taken * float every) after
            let share = 1.0 / (Expr.maximum taken (lit 0.0) + 1.0)

            let mean =
                Tree.map2
                    (fun (a: Expr) (x: Expr) ->
                        let moved = a + (x - a) * Expr.cast x.DType share
                        Expr.where isFirst x (Expr.where isTaken moved a))
                    (Tree.at average state)
                    next

            next,
            [ Tree.ofList [ count, made ]; Tree.under average mean; Tree.under inner rest ]
            |> List.reduce Tree.append

        {
            Name = optimizer.Name
            Init =
                fun parameters ->
                    [ Tree.under average parameters; Tree.under inner (optimizer.Init parameters) ]
                    |> List.fold Tree.append zero
            Update = by optimizer.Update
            MapRate = fun change -> averagedFrom start every (optimizer.MapRate change)
            Rates = ratesOf optimizer
            Accumulation = optimizer.Accumulation |> Option.map (around by)
        }

    /// The averaged parameters in the state of `averaged` or `averagedFrom`, also where other wrappers stand around it. A state without an
    /// average is a `DomainError`. `Wrap.averageOf state`
    let averageOf (state: Tree<'a>) : Tree<'a> =
        let isNumber (name: string) = name.Length > 0 && Seq.forall System.Char.IsAsciiDigit name

        let rec find (state: Tree<'a>) : Tree<'a> =
            let own = Tree.at average state
            let names = Tree.paths state |> List.map (fun path -> path.Split('.')[0]) |> List.distinct

            if own.Count > 0 then
                own
            else
                // A wrapper has what it wraps below `inner`; groups have each of theirs below its number.
                names
                |> List.filter (fun name -> name = inner || isNumber name)
                |> List.map (fun name -> find (Tree.at name state))
                |> List.fold Tree.append Tree.empty

        let found = find state

        if found.Count = 0 then
            Refuse.domain
                "Wrap.averageOf"
                "a state without an average"
                "the state of an optimizer that keeps one"
                "put the average around the optimizer, by averaged, before training"

        found
