namespace DL1

/// The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno (Liu and Nocedal 1989), one iteration an update
/// and without a line search, as PyTorch's with `max_iter` 1.
[<RequireQualifiedAccess>]
module Lbfgs =
    let private dot (a: Tree<Expr>) (b: Tree<Expr>) =
        Tree.map2 (fun (x: Expr) y -> Expr.sumAll (x * y)) a b
        |> Tree.values
        |> List.reduce (fun a b -> a + b)

    /// a + s·b, with a scalar.
    let private addScaled (s: Expr) (a: Tree<Expr>) (b: Tree<Expr>) =
        Tree.map2 (fun (x: Expr) (y: Expr) -> x + s * y) a b

    let private row i tree = Tree.map (Expr.item 0 i) tree

    /// Steps s and changes y of the gradient are kept for `history` updates, pairs with s·y ≤ 1e-10 left out. The
    /// direction is −H·g by two loops over the pairs, H₀ = (s·y)/(y·y) of the latest; x ← x + rate·direction, in the
    /// first update rate·min(1, 1/Σ|g|). No step is made where it would hardly descend. Parameters of one type.
    /// `Lbfgs.transform 10`
    let transform (history: int) : Transform =
        if history < 1 then
            Refuse.domain "Lbfgs" $"a history of %d{history}" "1 pair or more" "10 is usual"

        let pairs like =
            Tree.map (fun (p: Expr) -> Expr.full p.DType (history :: p.Shape.ToList()) 0.0) like

        let init (parameters: Tree<Expr>) =
            let dtype =
                match Tree.values parameters with
                | [] -> Refuse.domain "Lbfgs" "no parameters" "at least one" "leave the optimizer out"
                | p :: _ -> p.DType

            [
                Tree.under "gradient" (Tree.map Expr.zerosLike parameters)
                Tree.under "step" (Tree.map Expr.zerosLike parameters)
                Tree.under "steps" (pairs parameters)
                Tree.under "changes" (pairs parameters)
                Tree.ofList [ "inverses", Expr.full dtype [ history ] 0.0; "scale", Expr.scalar dtype 1.0 ]
            ]
            |> List.fold Tree.append Tree.empty

        let update (moment: Moment) (g: Tree<Expr>) (state: Tree<Expr>) (_: Tree<Expr>) =
            let last = Tree.at "step" state
            let change = Tree.map2 (fun (a: Expr) b -> a - b) g (Tree.at "gradient" state)
            let curvature = dot change last
            let isFirst = Expr.equal moment.Step (lit 0.0)
            // Nothing is learnt in the first update: its last step is 0, and so is the curvature.
            let isNew = curvature .> 1e-10
            let one = Expr.scalar curvature.DType 1.0
            let inverse = one / Expr.where isNew curvature one

            /// The pairs with the new one at the end, where there is one; missing pairs are zeros, and do nothing.
            let pushed (old: Expr) (now: Expr) =
                let shifted = Expr.concat 0 [ Expr.sliceAxis 0 1 history old; Expr.expandDims 0 now ]
                Expr.where isNew shifted old

            let steps = Tree.map2 pushed (Tree.at "steps" state) last
            let changes = Tree.map2 pushed (Tree.at "changes" state) change
            let inverses = pushed state["inverses"] inverse
            let square = dot change change
            let scale = Expr.where isNew (curvature / Expr.where isNew square one) state["scale"]

            let q, weights =
                ((Tree.map (fun (x: Expr) -> -x) g, []), [ history - 1 .. -1 .. 0 ])
                ||> List.fold (fun (q, weights) i ->
                    let weight = dot (row i steps) q * Expr.item 0 i inverses
                    addScaled -weight q (row i changes), weight :: weights)

            let direction =
                (Tree.map (fun (x: Expr) -> scale * x) q, List.indexed weights)
                ||> List.fold (fun r (i, weight) ->
                    let back = dot (row i changes) r * Expr.item 0 i inverses
                    addScaled (weight - back) r (row i steps))

            let rate = Transform.beside curvature moment.Rate

            let length =
                let size =
                    Tree.values g |> List.map (fun x -> Expr.sumAll (abs x)) |> List.reduce (fun a b -> a + b)

                let hasSize = size .> 0.0
                let first = Expr.minimum one (one / Expr.where hasSize size one)
                rate * Expr.where isFirst first one

            let descends = dot g direction .<= -1e-9

            let step =
                Tree.map (fun (d: Expr) -> Expr.where descends (length * d) (Expr.zerosLike d)) direction

            Tree.map (fun (x: Expr) -> -x) step,
            [
                Tree.under "gradient" g
                Tree.under "step" step
                Tree.under "steps" steps
                Tree.under "changes" changes
                Tree.ofList [ "inverses", inverses; "scale", scale ]
            ]
            |> List.fold Tree.append Tree.empty

        { ReadsStep = true; Init = init; Update = update }

    /// L-BFGS with the given number of pairs in its history: see `Lbfgs.transform`. `Lbfgs.optimizer 10 0.5`
    let optimizer (history: int) (rate: float) =
        if not (rate > 0.0 && System.Double.IsFinite rate) then
            Refuse.domain "Lbfgs" $"the learning rate {string rate}" "a finite rate above 0" "begin with 1"

        Optimizer.ofTransform "L-BFGS" (Schedule.constant rate) (transform history)
