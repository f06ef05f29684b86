namespace DL1

open System
open MathNet.Numerics.LinearAlgebra

/// What derivatives say of a point of a function.
[<RequireQualifiedAccess; Struct>]
type PointKind =
    /// The gradient vanishes, and the function curves upwards in every direction.
    | Minimum
    /// The gradient vanishes, and the function curves downwards in every direction.
    | Maximum
    /// The gradient vanishes, and the function curves upwards in one direction and downwards in another.
    | Saddle
    /// The gradient vanishes, and so does the curvature in some direction, without curving both upwards and downwards in
    /// others: x⁴, x³ and the floor of a valley at 0. Derivatives of the second order do not decide.
    | Flat
    /// The gradient does not vanish, or gradient or Hessian are not finite: the point is on a slope, at a kink, or at the
    /// edge of where the function is defined.
    | NotStationary

/// The second-derivative test.
[<RequireQualifiedAccess>]
module internal Stationary =
    /// The directions in which a function curves by itself, as columns, with the curvature of each: the eigenvectors and
    /// eigenvalues of its Hessian.
    [<NoEquality; NoComparison>]
    type Curvature = { Values: float[]; Directions: Vector<float>[] }

    let private areFinite (values: seq<float>) = Seq.forall Double.IsFinite values

    /// The curvature by a Hessian, or `None` where it is not finite.
    let curvature (hessian: Matrix<float>) : Curvature option =
        if areFinite (hessian.Enumerate()) then
            let evd = ((hessian + hessian.Transpose()) / 2.0).Evd Symmetricity.Symmetric

            Some
                {
                    Values = evd.EigenValues.Real().ToArray()
                    Directions = evd.EigenVectors.EnumerateColumns() |> Array.ofSeq
                }
        else
            None

    /// The kind of a point by the objective, its gradient and curvature. The gradient g counts as 0 along a direction of
    /// curvature λ where it, or the g²/2|λ| that the objective would still gain there, is at most `tolerance` of the
    /// objective, or of 1 where that is greater; where λ is below 0, g itself is also at most the root of that, or every
    /// steep edge of a domain, such as that of √x, would be a maximum. A curvature counts as 0 below 1e-10 of the
    /// largest, or 1e-14 of the objective.
    let kind (tolerance: float) (value: float) (gradient: Vector<float>) (curvature: Curvature option) =
        match curvature with
        | None -> PointKind.NotStationary
        | Some _ when not (areFinite gradient && Double.IsFinite value) -> PointKind.NotStationary
        | Some c ->
            let scale = max 1.0 (abs value)

            let vanishes (direction: Vector<float>) (lambda: float) =
                let g = abs (direction.DotProduct gradient)
                let gain = tolerance * scale

                g <= gain
                || (g * g <= 2.0 * abs lambda * gain && (lambda > 0.0 || g <= sqrt tolerance * scale))

            let largest = c.Values |> Array.fold (fun m v -> max m (abs v)) 0.0
            let zero = max (1e-10 * largest) (1e-14 * scale)
            let has sign = c.Values |> Array.exists (fun v -> sign * v > zero)

            if not (Array.forall2 vanishes c.Directions c.Values) then
                PointKind.NotStationary
            elif has 1.0 && has -1.0 then
                PointKind.Saddle
            elif c.Values |> Array.exists (fun v -> abs v <= zero) then
                PointKind.Flat
            elif has 1.0 then
                PointKind.Minimum
            else
                PointKind.Maximum
