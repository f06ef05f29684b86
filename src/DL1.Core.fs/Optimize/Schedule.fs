namespace DL1

/// A learning rate as an expression of the step counter: the number of updates made before this one, a scalar of f64.
/// PyTorch's schedulers count epochs: divide the counter by the updates of an epoch with `Schedule.every`.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Name}")>]
type Schedule =
    {
        /// What it is, for tables.
        Name: string
        /// Whether the counter makes no difference.
        IsConstant: bool
        /// The rate at a step, a scalar of f64.
        At: Expr -> Expr
    }

    override this.ToString() = this.Name

/// Schedules: the base rate is their last argument.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Schedule =
    let private requireRate operation (rate: float) =
        if not (rate >= 0.0 && System.Double.IsFinite rate) then
            Refuse.domain operation $"the rate {string rate}" "a finite rate of 0 or more" "begin with 0.01"

    let private requireSteps operation (what: string) (steps: int) =
        if steps < 1 then
            Refuse.domain operation $"{what} = %d{steps}" "1 step or more" "count steps, not epochs"

    /// Refuses a number of a schedule, other than its rate, that is below 0 or not finite.
    let private requireFactor operation (what: string) (value: float) =
        if not (value >= 0.0 && System.Double.IsFinite value) then
            Refuse.domain
                operation
                $"{what} = {string value}"
                "a finite number of 0 or more"
                "look for the division that made it; a factor between 0 and 1 lowers the rate"

    let private varying name at = { Name = name; IsConstant = false; At = at }

    /// One rate for ever; a rate that is not finite, or below 0, is a `DomainError`, here and below.
    /// `Schedule.constant 0.1`
    let constant (rate: float) =
        requireRate "Schedule.constant" rate
        { Name = $"constant {string rate}"; IsConstant = true; At = fun _ -> lit rate }

    /// A rate as any expression of the counter, a scalar of f64; another shape or type is a `ShapeError` when the rate is
    /// first asked for. `Schedule.custom "1/√t" (fun step -> Expr.rsqrt (step + 1.0))`
    let custom (name: string) (at: Expr -> Expr) =
        varying name (fun t ->
            let rate = at t

            if not rate.Shape.IsScalar || rate.DType <> DType.F64 then
                Refuse.shape
                    "Schedule.custom"
                    $"a rate of {rate.DType} {rate.Shape} from the schedule {name}"
                    "a scalar of f64"
                    "compute the rate from the counter, which is a scalar of f64, or cast it"

            rate)

    /// The rate at a step, 0 or more, as a number. `Schedule.valueAt 7 schedule`
    let valueAt (step: int) (schedule: Schedule) =
        if step < 0 then
            Refuse.domain
                "Schedule.valueAt"
                $"step %d{step}"
                "a step of 0 or more"
                "the first update is step 0"

        let s = Expr.symbol "step"
        Eval.run [ "step", Tensor.scalar (float step) ] (schedule.At s) |> Tensor.toFloat

    /// base·γ^⌊t / size⌋. `Schedule.step 5 0.5 0.1`
    let step (size: int) (gamma: float) (rate: float) =
        requireRate "Schedule.step" rate
        requireSteps "Schedule.step" "size" size
        requireFactor "Schedule.step" "gamma" gamma

        varying $"step %d{size} {string gamma} {string rate}" (fun t ->
            rate * Expr.Pow(gamma, floor (t / float size)))

    /// base·γ for each milestone reached. `Schedule.multiStep [ 4; 11 ] 0.2 0.1`
    let multiStep (milestones: int list) (gamma: float) (rate: float) =
        requireRate "Schedule.multiStep" rate
        requireFactor "Schedule.multiStep" "gamma" gamma

        let factor (t: Expr) (m: int) = Expr.where (t .>= float m) (lit gamma) (lit 1.0)

        varying $"multi-step {milestones} {string gamma} {string rate}" (fun t ->
            milestones |> List.fold (fun r m -> r * factor t m) (Expr.scalar DType.F64 rate))

    /// base·γᵗ. `Schedule.exponential 0.9 0.1`
    let exponential (gamma: float) (rate: float) =
        requireRate "Schedule.exponential" rate
        requireFactor "Schedule.exponential" "gamma" gamma
        varying $"exponential {string gamma} {string rate}" (fun t -> rate * Expr.Pow(gamma, t))

    let private cosineBetween (first: Expr) (last: Expr) (part: Expr) =
        last + (first - last) * 0.5 * (1.0 + cos (System.Math.PI * part))

    /// Half a cosine from base down to `lowest` over `steps`, and up again after them, as in PyTorch: lowest +
    /// ½(base − lowest)(1 + cos(πt/steps)) (Loshchilov and Hutter 2017). `Schedule.cosine 20 0.001 0.1`
    let cosine (steps: int) (lowest: float) (rate: float) =
        requireRate "Schedule.cosine" rate
        requireSteps "Schedule.cosine" "steps" steps
        requireFactor "Schedule.cosine" "lowest" lowest

        varying $"cosine %d{steps} {string lowest} {string rate}" (fun t ->
            cosineBetween (lit rate) (lit lowest) (t / float steps))

    /// Cosines from base to `lowest` that start anew: the first over `steps`, each next one `factor` times as long
    /// (Loshchilov and Hutter 2017). `Schedule.cosineRestarts 6 2 0.0 0.1`
    let cosineRestarts (steps: int) (factor: int) (lowest: float) (rate: float) =
        requireRate "Schedule.cosineRestarts" rate
        requireSteps "Schedule.cosineRestarts" "steps" steps
        requireSteps "Schedule.cosineRestarts" "factor" factor
        requireFactor "Schedule.cosineRestarts" "lowest" lowest
        let first, growth = float steps, float factor

        let part (t: Expr) =
            if factor = 1 then
                t / first - floor (t / first)
            else
                // After n periods, first·(growthⁿ − 1)/(growth − 1) steps have gone. The logarithm of a power may come
                // out a hair below a whole number.
                let n = floor (log (t / first * (growth - 1.0) + 1.0) / log growth + 1e-10)
                let length = first * Expr.Pow(growth, n)
                (t - (length - first) / (growth - 1.0)) / length

        varying $"cosine restarts %d{steps} %d{factor} {string lowest} {string rate}" (fun t ->
            cosineBetween (lit rate) (lit lowest) (part t))

    /// From base·start to base·stop along a line over `steps`, then base·stop; a warm-up where start is small.
    /// `Schedule.linear 0.25 1.0 8 0.1`
    let linear (start: float) (stop: float) (steps: int) (rate: float) =
        requireRate "Schedule.linear" rate
        requireSteps "Schedule.linear" "steps" steps
        requireFactor "Schedule.linear" "start" start
        requireFactor "Schedule.linear" "stop" stop

        varying $"linear {string start} {string stop} %d{steps} {string rate}" (fun t ->
            rate * (start + (stop - start) * (Expr.minimum t (lit (float steps)) / float steps)))

    /// base·(1 − t/steps)^power, 0 after `steps`. `Schedule.polynomial 20 2.0 0.1`
    let polynomial (steps: int) (power: float) (rate: float) =
        requireRate "Schedule.polynomial" rate
        requireSteps "Schedule.polynomial" "steps" steps
        requireFactor "Schedule.polynomial" "power" power

        varying $"polynomial %d{steps} {string power} {string rate}" (fun t ->
            rate * (1.0 - Expr.minimum t (lit (float steps)) / float steps) ** power)

    /// One cycle over `steps`: by a cosine from highest/divisor up to highest in a part of the steps, then down to
    /// highest/divisor/lastDivisor in the rest (Smith and Topin 2018). After `steps` updates the last rate stays, where
    /// PyTorch's raises an error; momentum is not cycled. `Schedule.oneCycleWith 0.3 25.0 1e4 30 0.3`
    let oneCycleWith (part: float) (divisor: float) (lastDivisor: float) (steps: int) (highest: float) =
        requireRate "Schedule.oneCycle" highest
        let top, last = part * float steps - 1.0, float steps - 1.0

        let areDivisors = List.forall (fun d -> d >= 1.0 && System.Double.IsFinite d) [ divisor; lastDivisor ]

        if not (top > 0.0 && top < last && areDivisors) then
            Refuse.domain
                "Schedule.oneCycle"
                $"%d{steps} steps, {string part} of them upwards, divisors {string divisor} and {string lastDivisor}"
                "more than one step upwards, some downwards, and finite divisors of 1 or more"
                "count all updates of the training; 0.3, 25 and 1e4 are usual"

        let first = highest / divisor

        varying $"one cycle %d{steps} {string highest}" (fun t ->
            let t = Expr.minimum t (lit last)

            Expr.where
                (t .<= top)
                (cosineBetween (lit first) (lit highest) (t / top))
                (cosineBetween (lit highest) (lit (first / lastDivisor)) ((t - top) / (last - top))))

    /// One cycle over `steps`: up from highest/25 in the first 30%, down to highest/250,000 in the rest.
    /// `Schedule.oneCycle 30 0.3`
    let oneCycle (steps: int) (highest: float) = oneCycleWith 0.3 25.0 1e4 steps highest

    /// A line from 0 that reaches the schedule after `steps` updates, and the schedule from then on, its own counter
    /// running from the beginning: rate·min(1, (t + 1)/steps). `Schedule.warmUp 4 (Schedule.constant 0.1)`
    let warmUp (steps: int) (schedule: Schedule) =
        requireSteps "Schedule.warmUp" "steps" steps

        varying $"warm-up %d{steps}, {schedule.Name}" (fun t ->
            Expr.minimum (lit 1.0) ((t + 1.0) / float steps) * schedule.At t)

    /// Straight lines between rates at steps in ascending order, held before the first and after the last.
    /// `Schedule.piecewise [ 0, 0.0; 10, 0.1; 30, 0.01 ]`
    let piecewise (points: (int * float) list) =
        let steps = points |> List.map fst

        if points.IsEmpty || List.pairwise steps |> List.exists (fun (a, b) -> a >= b) then
            Refuse.domain
                "Schedule.piecewise"
                $"the steps {steps}"
                "at least one point, each at a later step than the one before"
                "sort the points"

        points |> List.iter (fun (_, rate) -> requireRate "Schedule.piecewise" rate)

        varying $"piecewise {points}" (fun t ->
            let first = Expr.scalar DType.F64 (snd points.Head)

            (first, List.pairwise points)
            ||> List.fold (fun rate ((a, p), (b, q)) ->
                let part = (Expr.minimum t (lit (float b)) - float a) / (float b - float a)
                Expr.where (t .> float a) (p + (q - p) * part) rate))

    /// Schedules one after another: each for its number of steps, its counter from 0; the last one for ever.
    /// `Schedule.joined [ 5, Schedule.constant 0.1 ] (Schedule.exponential 0.9 0.1)`
    let joined (parts: (int * Schedule) list) (last: Schedule) =
        parts |> List.iter (fun (steps, _) -> requireSteps "Schedule.joined" "steps" steps)
        let starts = parts |> List.scan (fun start (steps, _) -> start + float steps) 0.0
        let all = List.zip starts (List.map snd parts @ [ last ])
        let name = all |> List.map (fun (_, s) -> s.Name) |> String.concat ", then "

        varying name (fun t ->
            ((snd all.Head).At t, all.Tail)
            ||> List.fold (fun rate (start, schedule) ->
                Expr.where (t .>= start) (schedule.At(t - start)) rate))

    /// A schedule whose counter goes one step on in `updates` updates: epochs, where that is the updates of an epoch.
    /// `Schedule.every 10 (Schedule.exponential 0.9 0.1)`
    let every (updates: int) (schedule: Schedule) =
        requireSteps "Schedule.every" "updates" updates

        { schedule with
            Name = $"{schedule.Name}, every %d{updates}"
            At = fun t -> schedule.At(floor (t / float updates))
        }
