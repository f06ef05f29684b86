namespace DL1

open System
open MathNet.Numerics.LinearAlgebra

/// Minimising a function of a vector by its gradient: steps along directions that descend, each as long as a line search
/// finds good. A value or gradient that is not finite counts as too far.
[<RequireQualifiedAccess>]
module internal Downhill =
    /// A point with what is known there.
    [<NoEquality; NoComparison>]
    type Place = { Point: Vector<float>; Value: float; Gradient: Vector<float> }

    let private isFinite (p: Place) = Double.IsFinite p.Value && Seq.forall Double.IsFinite p.Gradient

    /// The weak conditions of Wolfe: the value falls by at least 1e-4 of what the slope promises, and the slope rises to
    /// 0.9 of itself at least. The step is doubled while too short and bisected when too long (Lewis and Overton 2013),
    /// which works at kinks, too. `None` where no step lowers the value.
    let private lineSearch
        (at: Vector<float> -> Place)
        (here: Place)
        (direction: Vector<float>)
        : Place option =
        let slope = here.Gradient.DotProduct direction

        let rec search tries (low: float) (high: float) step best =
            if tries = 0 then
                best
            else
                let there = at (here.Point + step * direction)
                let next low high = if Double.IsInfinity high then 2.0 * low else (low + high) / 2.0

                if not (isFinite there && there.Value <= here.Value + 1e-4 * step * slope) then
                    search (tries - 1) low step (next low step) best
                elif there.Gradient.DotProduct direction < 0.9 * slope then
                    search (tries - 1) step high (next step high) (Some there)
                else
                    Some there

        if slope < 0.0 then
            search 60 0.0 infinity 1.0 None |> Option.filter (fun p -> p.Value < here.Value)
        else
            None

    /// Whether the gradient, relative to the sizes of coordinates and value, is at most the tolerance.
    let private isLevel tolerance (p: Place) =
        let scaled = Seq.map2 (fun g x -> abs g * max 1.0 (abs x)) p.Gradient p.Point
        Seq.forall (fun g -> g <= tolerance * max 1.0 (abs p.Value)) scaled

    /// Goes downhill until the gradient vanishes or no step lowers the value; `directionOf` gives the next direction and its
    /// next state from its state, the last place (none at first) and this one. `None` after too many iterations.
    let private descend tolerance maxIterations at directionOf state start =
        let rec go iterations state (last: Place option) (here: Place) =
            if isLevel tolerance here then
                Some struct (here.Point, iterations)
            elif iterations >= maxIterations then
                None
            else
                let direction, state = directionOf state last here

                match lineSearch at here direction with
                | Some there -> go (iterations + 1) state (Some here) there
                | None ->
                    // The other way to go down is by the gradient itself.
                    match lineSearch at here -here.Gradient with
                    | Some there -> go (iterations + 1) state None there
                    | None -> Some struct (here.Point, iterations)

        go 0 state None (at start)

    /// Directions −B·g, with B the inverse of the Hessian as the changes of the gradient tell it (Broyden, Fletcher,
    /// Goldfarb and Shanno 1970), scaled by the latest change at first (Nocedal and Wright 2006, 6.20).
    let bfgs tolerance maxIterations (at: Vector<float> -> Place) (start: Vector<float>) =
        let eye = Matrix<float>.Build.DenseIdentity start.Count

        let directionOf (inverse: Matrix<float> option) last here =
            let next =
                match last with
                | None -> None
                | Some(last: Place) ->
                    let s, y = here.Point - last.Point, here.Gradient - last.Gradient
                    let sy = s.DotProduct y

                    if sy > 1e-12 * s.L2Norm() * y.L2Norm() then
                        let b = inverse |> Option.defaultValue (eye * (sy / y.DotProduct y))
                        let left = eye - s.OuterProduct y / sy
                        Some(left * b * left.Transpose() + s.OuterProduct s / sy)
                    else
                        inverse

            match next with
            | None -> -here.Gradient, None
            | Some b -> -(b * here.Gradient), next

        descend tolerance maxIterations at directionOf None start

    /// Directions −|H|⁻¹·g: along the eigenvectors of the Hessian, by the sizes of its eigenvalues, so that where the
    /// objective curves downwards a step goes down, too (Dauphin et al. 2014).
    let newton tolerance maxIterations at (curvatureAt: Vector<float> -> Stationary.Curvature option) start =
        let directionOf () (_: Place option) (here: Place) =
            match curvatureAt here.Point with
            | None -> -here.Gradient, ()
            | Some c ->
                let largest = c.Values |> Array.fold (fun m v -> max m (abs v)) 0.0
                let least = if largest = 0.0 then 1.0 else 1e-10 * largest

                let direction =
                    Array.zip c.Directions c.Values
                    |> Array.map (fun (d, lambda) ->
                        -(d.DotProduct here.Gradient) / max least (abs lambda) * d)
                    |> Array.reduce (fun a b -> a + b)

                direction, ()

        descend tolerance maxIterations at directionOf () start
