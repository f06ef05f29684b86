namespace DL1

/// How the height of a cycle changes from one to the next.
[<RequireQualifiedAccess; Struct>]
type CycleHeight =
    /// All cycles are of one height: PyTorch's `triangular`.
    | Same
    /// Each cycle is half as high as the one before: `triangular2`.
    | Halved
    /// The height is multiplied by γ at each update: `exp_range`.
    | Decaying of gamma: float

/// How a rate goes from one value to another.
[<RequireQualifiedAccess; Struct>]
type Anneal =
    /// By half a cosine.
    | Cosine
    /// Along a line.
    | Line

/// Schedules that go up and down, and schedules put together.
[<RequireQualifiedAccess>]
module ScheduleCycle =
    let private requireRate operation (rate: float) =
        if not (rate >= 0.0 && System.Double.IsFinite rate) then
            Refuse.domain operation $"the rate {string rate}" "a finite rate of 0 or more" "begin with 0.01"

    let private requireSteps operation (what: string) (steps: int) =
        if steps < 1 then
            Refuse.domain operation $"{what} = %d{steps}" "1 step or more" "count updates, not epochs"

    let private varying name at : Schedule = { Name = name; IsConstant = false; At = at }

    /// From `lowest` up to `highest` along a line in `up` updates and down again in `down`, over and over (Smith 2017); the
    /// height above `lowest` may shrink. `ScheduleCycle.triangular CycleHeight.Halved 4 6 0.001 0.1`
    let triangular (height: CycleHeight) (up: int) (down: int) (lowest: float) (highest: float) : Schedule =
        let operation = "ScheduleCycle.triangular"
        requireRate operation lowest
        requireRate operation highest
        requireSteps operation "up" up
        requireSteps operation "down" down

        match height with
        | CycleHeight.Decaying gamma when not (gamma > 0.0 && System.Double.IsFinite gamma) ->
            Refuse.domain operation $"gamma = {string gamma}" "a finite number above 0" "0.999 is common"
        | _ -> ()

        let whole = float up + float down
        let rising = float up / whole

        varying $"cycles of %d{up} up and %d{down} down from {string lowest} to {string highest}" (fun t ->
            let cycle = floor (t / whole)
            let part = t / whole - cycle

            let high = Expr.where (part .<= rising) (part / rising) ((1.0 - part) / (1.0 - rising))

            let scale =
                match height with
                | CycleHeight.Same -> lit 1.0
                | CycleHeight.Halved -> Expr.Pow(0.5, cycle)
                | CycleHeight.Decaying gamma -> Expr.Pow(gamma, t)

            lowest + (highest - lowest) * scale * high)

    /// `Schedule.oneCycleWith` with lines or cosines, in two phases or three: with three the rate goes up in a part of the
    /// steps, down to where it began in the same part, and further down to highest/divisor/lastDivisor in the rest (Smith and
    /// Topin 2018). After `steps` updates the last rate stays.
    /// `ScheduleCycle.oneCycle Anneal.Line true 0.3 25.0 1e4 30 0.3`
    let oneCycle
        (anneal: Anneal)
        (threePhases: bool)
        (part: float)
        (divisor: float)
        (lastDivisor: float)
        (steps: int)
        (highest: float)
        : Schedule =
        let operation = "ScheduleCycle.oneCycle"
        requireRate operation highest
        let top, last = part * float steps - 1.0, float steps - 1.0
        let turn = if threePhases then 2.0 * part * float steps - 2.0 else top
        let areDivisors = List.forall (fun d -> d >= 1.0 && System.Double.IsFinite d) [ divisor; lastDivisor ]

        if not (top > 0.0 && turn >= top && turn < last && areDivisors) then
            Refuse.domain
                operation
                $"%d{steps} steps, {string part} of them upwards, divisors {string divisor} and {string lastDivisor}"
                "more than one step upwards, some downwards, and finite divisors of 1 or more"
                "count all updates of the training; 0.3, 25 and 1e4 are usual, and with three phases a part below ½"

        let first = highest / divisor

        let between (a: float) (b: float) (part: Expr) =
            match anneal with
            | Anneal.Cosine -> b + (a - b) * 0.5 * (1.0 + cos (System.Math.PI * part))
            | Anneal.Line -> a + (b - a) * part

        varying $"one cycle %d{steps} {string highest}" (fun t ->
            let t = Expr.minimum t (lit last)
            let end' = first / lastDivisor
            let up = between first highest (t / top)

            let rest =
                if threePhases then
                    Expr.where
                        (t .<= turn)
                        (between highest first ((t - top) / (turn - top)))
                        (between first end' ((t - turn) / (last - turn)))
                else
                    between highest end' ((t - top) / (last - top))

            Expr.where (t .<= top) up rest)

    /// base·factor for the first `steps` updates, then base: PyTorch's ConstantLR. `ScheduleCycle.constantFor 4 0.25 0.1`
    let constantFor (steps: int) (factor: float) (rate: float) : Schedule =
        let operation = "ScheduleCycle.constantFor"
        requireRate operation rate
        requireRate operation factor
        requireSteps operation "steps" steps

        varying $"%d{steps} times {string (factor * rate)}, then {string rate}" (fun t ->
            Expr.where (t .< float steps) (lit (factor * rate)) (lit rate))

    /// base times each of some schedules, whose own rates are factors: PyTorch's ChainedScheduler. No schedule at all is the
    /// base. `ScheduleCycle.chained [ ScheduleCycle.constantFor 4 0.25 1.0; Schedule.exponential 0.9 1.0 ] 0.1`
    let chained (factors: Schedule list) (rate: float) : Schedule =
        requireRate "ScheduleCycle.chained" rate
        let names = factors |> List.map _.Name |> String.concat " times "

        varying $"{string rate} times {names}" (fun t ->
            factors |> List.fold (fun product factor -> product * factor.At t) (Expr.scalar DType.F64 rate))
