namespace DL1

open System
open MathNet.Numerics.LinearAlgebra
open MathNet.Numerics.Optimization

/// When a classical minimiser stops.
[<StructuredFormatDisplay("{Display}")>]
type MinimizerOptions =
    {
        /// What counts as flat: of the simplex's values for Nelder-Mead, of the gradient for the others.
        Tolerance: float
        /// More iterations than these are a `DomainError`.
        MaxIterations: int
    }

    /// `tolerance 1E-08, at most 10000 iterations`.
    override this.ToString() =
        let tolerance = this.Tolerance.ToString("G5", System.Globalization.CultureInfo.InvariantCulture)
        $"tolerance {tolerance}, at most %d{this.MaxIterations} iterations"

    member internal this.Display = this.ToString()

/// Where a minimiser ended: at a point near which the objective is nowhere lower.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type Minimum =
    {
        /// The values of the variables.
        Point: Tree<Tensor>
        /// The objective there.
        Value: float
        /// What derivatives say of the point: `Minimum`; `Flat`, where those of the second order do not decide, as at the
        /// floor of a valley; or `NotStationary`, where the lowest value lies at a kink or an edge. Never a maximum or a saddle.
        Kind: PointKind
        /// How many iterations it took.
        Iterations: int
    }

    /// The value, the iterations, the kind where it is not `Minimum`, then the point, a variable a line.
    override this.ToString() =
        let value = this.Value.ToString("G6", System.Globalization.CultureInfo.InvariantCulture)

        let kind =
            match this.Kind with
            | PointKind.Flat -> ", where it is flat,"
            | PointKind.NotStationary -> ", where its gradient does not vanish,"
            | PointKind.Minimum
            | PointKind.Maximum
            | PointKind.Saddle -> ""

        $"{value} after %d{this.Iterations} iterations{kind} at\n{this.Point}"

    member internal this.Display = Format.following (this.ToString())

/// Classical minimisers for any scalar expression of f64 variables, with its exact gradient and Hessian.
/// The start is a tree whose paths are the variables' names, each value of its variable's shape and of any type of numbers;
/// a variable without a start, an objective that is not finite, and too many iterations are a `DomainError`. Where a method
/// stops, the objective is looked at a little to both sides in each direction in which it curves by itself (the
/// eigenvectors of the Hessian); if it is lower there, as beside a maximum or a saddle, the method goes on from there. So
/// what is found is a minimum nearby, or a `DomainError`: that the objective has none, or falls without end.
[<RequireQualifiedAccess>]
module Classical =
    /// Tolerance 1e-8, at most 10,000 iterations. `{ Classical.options with MaxIterations = 100 }`
    let options = { Tolerance = 1e-8; MaxIterations = 10000 }

    /// The objective as one of a flat vector.
    [<NoEquality; NoComparison>]
    type private Flat =
        {
            Objective: Expr
            Variable: Expr
            Start: Vector<float>
            PointOf: Vector<float> -> Tree<Tensor>
        }

    let private flat operation (objective: Expr) (start: Tree<Tensor>) =
        let variables = Graph.variables [ objective ]

        if variables.IsEmpty then
            Refuse.domain
                operation
                $"the objective {Operand.text objective} without a variable"
                "an objective of at least one variable"
                "make the objective of the variables that the start names"

        if not objective.Shape.IsScalar then
            Refuse.shape
                operation
                (Operand.text objective)
                "a scalar"
                "reduce the objective to its mean or sum"

        for v in variables do
            if v.DType <> DType.F64 then
                Refuse.shape
                    operation
                    $"the variable {v.Name}: {v.DType} {v.Shape}"
                    "variables of f64"
                    "make the variable with f64; a tolerance of 1e-8 is beyond other types"

            match Tree.tryFind v.Name start with
            | Some t when t.DType = DType.Bool || t.Shape <> v.Shape ->
                Refuse.shape
                    operation
                    $"a start of {t.DType} {t.Shape} for the variable {v.Name}: {v.DType} {v.Shape}"
                    "numbers of the variable's shape"
                    (if t.DType = DType.Bool then
                         "give numbers for the start"
                     else
                         "give the start the variable's shape")
            | Some t when not (Array.forall Double.IsFinite (Tensor.toFloats t)) ->
                Refuse.domain
                    operation
                    $"a start for the variable {v.Name} that is not finite"
                    "finite numbers"
                    "start at 0, or near where the minimum is expected"
            | Some _ -> ()
            | None ->
                Refuse.domain
                    operation
                    $"no start for the variable {v.Name} of the objective"
                    "a start value for each variable"
                    $"add {v.Name} to the start"

        let start = Tree.map (Tensor.cast DType.F64) start

        if objective.DType <> DType.F64 then
            Refuse.shape operation (Operand.text objective) "a scalar of f64" "cast the objective to f64"

        let sizes = Tree.values start |> List.map _.Size
        let offsets = List.scan (+) 0 sizes
        let whole = Rebuild.fresh DType.F64 (Shape.Of [ List.last offsets ]) |> Expr.ofVariable

        let part offset (t: Tensor) (e: Expr) =
            Expr.sliceAxis 0 offset (offset + t.Size) e |> Expr.reshape (t.Shape.ToList())

        let bindings =
            List.zip (Tree.toList start) (List.take sizes.Length offsets)
            |> List.choose (fun ((path, t), offset) ->
                variables
                |> List.tryFind (fun v -> v.Name = path)
                |> Option.map (fun v -> v, part offset t whole))

        let values = Tree.values start |> List.toArray |> Array.collect Tensor.toFloats

        {
            Objective = Rebuild.substitute bindings [ objective ] |> List.head
            Variable = whole
            Start = Vector<float>.Build.Dense values
            PointOf =
                fun point ->
                    let all = point.ToArray()

                    List.map2
                        (fun (t: Tensor) offset ->
                            Tensor.ofArray (t.Shape.ToList()) (Array.sub all offset t.Size))
                        (Tree.values start)
                        (List.take sizes.Length offsets)
                    |> fun parts -> Tree.ofValues parts start
        }

    /// A function of the flat vector to the values of expressions.
    let private prepared (f: Flat) (roots: Expr list) =
        let run = Eval.prepare (Graph.variables [ f.Variable ]) roots
        fun (point: Vector<float>) -> run [ Convert.ofVector point ]

    let private gradient (f: Flat) = Grad.grad f.Objective [ f.Variable ] |> List.head

    /// Objective, gradient and Hessian at a point.
    let private derivatives (f: Flat) =
        let all = prepared f [ f.Objective; gradient f; Grad.hessian f.Objective f.Variable ]

        fun point ->
            let results = all point

            struct (Tensor.toFloat results[0],
                    Convert.toVector<float> results[1],
                    Convert.toMatrix<float> results[2])

    /// What derivatives say of a point of an objective: whether it is a minimum, a maximum, a saddle, flat, or none of them
    /// because the gradient does not vanish. The gradient counts as 0 where what the objective would still gain by it is
    /// at most the tolerance. The point is given as the minimisers' start is.
    /// `Classical.kindOf 1e-8 (x * x) start`
    let kindOf (tolerance: float) (objective: Expr) (point: Tree<Tensor>) : PointKind =
        if not (tolerance > 0.0 && Double.IsFinite tolerance) then
            Refuse.domain
                "Classical.kindOf"
                $"the tolerance {string tolerance}"
                "a finite tolerance above 0"
                "1e-8 is a good start"

        let f = flat "Classical.kindOf" objective point
        let struct (value, gradient, hessian) = derivatives f f.Start
        Stationary.kind tolerance value gradient (Stationary.curvature hessian)

    // Looks around for a lower value, and goes on from there, at most this many times.
    let private maxLooks = 20

    // How far away it looks, as parts of the size of the coordinates.
    let private near = 1e-3
    let private far = 1e-2

    /// The lowest of the points that lie some parts of the coordinates' size away in each direction of curvature, on both
    /// sides, where one is lower than here by more than rounding.
    let private lowerNearby reaches (value: Vector<float> -> float) curvature here (point: Vector<float>) =

        let directions =
            match curvature with
            | Some(c: Stationary.Curvature) -> c.Directions
            | None ->
                Array.init point.Count (fun i ->
                    Vector<float>.Build.Dense(point.Count, fun j -> if i = j then 1.0 else 0.0))

        let around =
            [|
                for reach in reaches do
                    for d in directions do
                        let step = reach * (1.0 + point.InfinityNorm()) * d
                        point + step
                        point - step
            |]
            |> Array.map (fun p -> p, value p)
            |> Array.filter (fun (_, v) -> v < here - 1e-12 * (1.0 + abs here))

        if around.Length = 0 then None else Some(fst (Array.minBy snd around))

    /// Runs a minimiser from a start, and again from where the objective is lower beside the point where it stopped. The
    /// minimiser is told what looks at each value, and gives `None` after too many iterations.
    let private minimised operation (o: MinimizerOptions) (f: Flat) minimise : Minimum =
        if not (o.Tolerance > 0.0 && Double.IsFinite o.Tolerance) || o.MaxIterations < 1 then
            Refuse.domain
                operation
                $"{o}"
                "a finite tolerance above 0, 1 iteration or more"
                "1e-8 and 10000 iterations are a good start"

        let value = prepared f [ f.Objective ] >> List.head >> Tensor.toFloat
        let all = derivatives f

        /// The lowest value that was met, and where.
        let lowest = ref struct (value f.Start, f.Start)

        let refuse given =
            let struct (first, struct (least, place)) = struct (value f.Start, lowest.Value)

            if least < first - 1e6 * (1.0 + abs first) then
                let place = String.Join(", ", place |> Seq.truncate 4 |> Seq.map string)

                Refuse.domain
                    operation
                    $"{given}; the objective fell from {string first} to {string least} at ({place})"
                    "an objective that has a minimum"
                    "check its sign and whether it is bounded below; add a penalty on large variables"
            else
                Refuse.domain
                    operation
                    given
                    "an objective that is finite and smooth on the way, and a minimum within the iterations"
                    "start elsewhere, or allow more iterations or a larger tolerance; objectives with kinks are for the method of Nelder and Mead"

        let watched (point: Vector<float>) (found: float) =
            let struct (least, _) = lowest.Value

            if found < least then
                lowest.Value <- struct (found, point.Clone())

            if Double.IsNegativeInfinity found then
                refuse "no minimum: the objective falls without end"

            found

        let once start : struct (Vector<float> * int) =
            match minimise watched start with
            | Some found -> found
            | None -> refuse $"no minimum within %d{o.MaxIterations} iterations"

        let rec search looks iterations start =
            let struct (point, more) = once start
            let iterations = iterations + more
            let struct (here, slope, hessian) = all point
            let curvature = Stationary.curvature hessian
            let kind = Stationary.kind o.Tolerance here slope curvature

            let lower reaches = lowerNearby reaches (fun p -> watched p (value p)) curvature here point

            match kind, lower [ near; far ] with
            | _, Some next when looks > 0 -> search (looks - 1) iterations next
            | PointKind.Maximum, _ -> refuse "a maximum, and no way down from it"
            | PointKind.Saddle, _ -> refuse "a saddle, and no way down from it"
            | _, Some _ when kind <> PointKind.Minimum || (lower [ near ]).IsSome ->
                refuse
                    $"no minimum after looking around %d{maxLooks} times: the objective is still lower nearby"
            | PointKind.Minimum, _
            | PointKind.Flat, _
            | PointKind.NotStationary, _ ->
                { Point = f.PointOf point; Value = here; Kind = kind; Iterations = iterations }

        search maxLooks 0 f.Start

    /// By values alone: a simplex that walks downhill by reflecting, stretching and shrinking (Nelder and Mead 1965), of
    /// MathNet.Numerics. For a few variables, and objectives with kinks. A value that is NaN counts as infinite.
    /// `Classical.nelderMead Classical.options ((x - 2.0) ** 2.0) start`
    let nelderMead (options: MinimizerOptions) (objective: Expr) (start: Tree<Tensor>) : Minimum =
        let f = flat "Classical.nelderMead" objective start
        let value = prepared f [ f.Objective ]

        minimised "Classical.nelderMead" options f (fun watched start ->
            let goal =
                ObjectiveFunction.Value(fun point ->
                    let found = watched point (Tensor.toFloat (value point).Head)
                    if Double.IsNaN found then infinity else found)

            try
                let result =
                    NelderMeadSimplex(options.Tolerance, options.MaxIterations).FindMinimum(goal, start)

                Some struct (result.MinimizingPoint, result.Iterations)
            with :? OptimizationException ->
                None)

    /// Objective and gradient at a point.
    let private placeOf (f: Flat) watched : Vector<float> -> Downhill.Place =
        let both = prepared f [ f.Objective; gradient f ]

        fun point ->
            let results = both point

            {
                Point = point
                Value = watched point (Tensor.toFloat results[0])
                Gradient = Convert.toVector<float> results[1]
            }

    /// By values and gradients, whose changes tell the curvature: Broyden, Fletcher, Goldfarb and Shanno (1970).
    /// `Classical.bfgs Classical.options ((x - 2.0) ** 2.0) start`
    let bfgs (options: MinimizerOptions) (objective: Expr) (start: Tree<Tensor>) : Minimum =
        let f = flat "Classical.bfgs" objective start

        minimised "Classical.bfgs" options f (fun watched start ->
            Downhill.bfgs options.Tolerance options.MaxIterations (placeOf f watched) start)

    /// By values, gradients and Hessians: x ← x − |H|⁻¹·g along a line that descends, |H| the Hessian with the sizes of its
    /// eigenvalues, so that it leaves saddles (Dauphin et al. 2014). For smooth objectives of up to some hundreds of
    /// variables. `Classical.newton Classical.options ((x - 2.0) ** 2.0) start`
    let newton (options: MinimizerOptions) (objective: Expr) (start: Tree<Tensor>) : Minimum =
        let f = flat "Classical.newton" objective start
        let hessian = prepared f [ Grad.hessian f.Objective f.Variable ]

        minimised "Classical.newton" options f (fun watched start ->
            let curvatureAt point =
                hessian point |> List.head |> Convert.toMatrix<float> |> Stationary.curvature

            Downhill.newton options.Tolerance options.MaxIterations (placeOf f watched) curvatureAt start)
