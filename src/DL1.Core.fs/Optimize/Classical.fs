namespace DL1

open MathNet.Numerics.LinearAlgebra
open MathNet.Numerics.Optimization

/// When a classical minimiser stops.
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

/// Where a minimiser ended.
[<NoEquality; NoComparison>]
type Minimum =
    {
        /// The values of the variables.
        Point: Tree<Tensor>
        /// The objective there.
        Value: float
        /// How many iterations it took.
        Iterations: int
    }

    /// The value, the iterations, then the point, a variable a line.
    override this.ToString() =
        let value = this.Value.ToString("G6", System.Globalization.CultureInfo.InvariantCulture)
        $"{value} after %d{this.Iterations} iterations at\n{this.Point}"

/// The minimisers of MathNet.Numerics for any scalar expression of f64 variables, with its exact gradient and Hessian.
/// The start is a tree whose paths are the variables' names, each value of its variable's shape; a variable without a
/// start, an objective that is not finite, and too many iterations are a `DomainError`.
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
        if not objective.Shape.IsScalar || objective.DType <> DType.F64 then
            Refuse.shape
                operation
                (Operand.text objective)
                "a scalar of f64"
                "reduce it to its mean or sum, and cast it"

        let variables = Graph.variables [ objective ]

        for v in variables do
            match Tree.tryFind v.Name start with
            | Some t when v.DType = DType.F64 && t.DType = v.DType && t.Shape = v.Shape -> ()
            | Some t ->
                Refuse.shape
                    operation
                    $"{t.DType} {t.Shape} for the variable {v.Name}: {v.DType} {v.Shape}"
                    "f64 of the variable's shape"
                    "give the start the variable's shape"
            | None ->
                Refuse.domain
                    operation
                    $"no start for the variable {v.Name} of the objective"
                    "a start value for each variable"
                    $"add {v.Name} to the start"

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

    /// Runs a minimiser of MathNet; what it throws becomes an error that says what to do.
    let private minimised
        operation
        (o: MinimizerOptions)
        (f: Flat)
        (run: unit -> MinimizationResult)
        : Minimum =
        if not (o.Tolerance > 0.0) || o.MaxIterations < 1 then
            Refuse.domain
                operation
                $"{o}"
                "a tolerance above 0, 1 iteration or more"
                "1e-8 and 10000 iterations are a good start"

        let refuse (e: exn) =
            Refuse.domain
                operation
                $"no minimum from this start: {e.Message.TrimEnd '.'}"
                "an objective that is finite on the way, and a minimum within the iterations"
                "start elsewhere, allow more iterations or a larger tolerance, or take the method of Nelder and Mead"

        let result =
            try
                run ()
            with :? OptimizationException as e ->
                refuse e

        {
            Point = f.PointOf result.MinimizingPoint
            Value = result.FunctionInfoAtMinimum.Value
            Iterations = result.Iterations
        }

    /// By values alone: a simplex that walks downhill by reflecting, stretching and shrinking (Nelder and Mead 1965).
    /// For a few variables, and objectives with kinks. `Classical.nelderMead Classical.options ((x - 2.0) ** 2.0) start`
    let nelderMead (options: MinimizerOptions) (objective: Expr) (start: Tree<Tensor>) : Minimum =
        let f = flat "Classical.nelderMead" objective start
        let value = prepared f [ f.Objective ]
        let goal = ObjectiveFunction.Value(fun point -> Tensor.toFloat (value point).Head)

        minimised "Classical.nelderMead" options f (fun () ->
            NelderMeadSimplex(options.Tolerance, options.MaxIterations).FindMinimum(goal, f.Start))

    let private gradient (f: Flat) = Grad.grad f.Objective [ f.Variable ] |> List.head

    /// By values and gradients, whose changes tell the curvature: Broyden, Fletcher, Goldfarb and Shanno (1970).
    /// `Classical.bfgs Classical.options ((x - 2.0) ** 2.0) start`
    let bfgs (options: MinimizerOptions) (objective: Expr) (start: Tree<Tensor>) : Minimum =
        let f = flat "Classical.bfgs" objective start
        let both = prepared f [ f.Objective; gradient f ]

        let goal =
            ObjectiveFunction.Gradient(fun point ->
                let results = both point
                struct (Tensor.toFloat results[0], Convert.toVector<float> results[1]))

        minimised "Classical.bfgs" options f (fun () ->
            BfgsMinimizer(options.Tolerance, 1e-14, 1e-14, options.MaxIterations).FindMinimum(goal, f.Start))

    /// By values, gradients and Hessians: x ← x − H⁻¹·g along a line that descends. For smooth objectives of up to some
    /// hundreds of variables. `Classical.newton Classical.options ((x - 2.0) ** 2.0) start`
    let newton (options: MinimizerOptions) (objective: Expr) (start: Tree<Tensor>) : Minimum =
        let f = flat "Classical.newton" objective start
        let all = prepared f [ f.Objective; gradient f; Grad.hessian f.Objective f.Variable ]

        let goal =
            ObjectiveFunction.GradientHessian(fun point ->
                let results = all point

                struct (Tensor.toFloat results[0],
                        Convert.toVector<float> results[1],
                        Convert.toMatrix<float> results[2]))

        minimised "Classical.newton" options f (fun () ->
            NewtonMinimizer(options.Tolerance, options.MaxIterations, true).FindMinimum(goal, f.Start))
