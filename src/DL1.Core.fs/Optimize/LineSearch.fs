namespace DL1

open System

/// A point on a line: the length of the step to it, the value, the gradient, and the slope along the line.
[<NoEquality; NoComparison>]
type internal LinePoint = { At: float; Value: float; Gradient: float[]; Slope: float }

/// A step that satisfies the strong conditions of Wolfe: the value falls by 1e-4 of what the slope promises at least, and the
/// slope shrinks to 0.9 of itself at most (Nocedal and Wright 2006, algorithms 3.5 and 3.6), with cubic interpolation, as
/// PyTorch's `_strong_wolfe`. A value that is not finite counts as too far.
[<RequireQualifiedAccess>]
module internal LineSearch =
    let dot (a: float[]) (b: float[]) : float =
        let mutable sum = 0.0

        for i in 0 .. a.Length - 1 do
            sum <- sum + a[i] * b[i]

        sum

    let largest (a: float[]) : float = a |> Array.fold (fun most x -> max most (abs x)) 0.0

    /// The minimum of the cubic through two points with their slopes, within bounds; their middle where it has none.
    let private cubic (a: LinePoint) (b: LinePoint) (low: float) (high: float) : float =
        let middle = (low + high) / 2.0
        let d1 = a.Slope + b.Slope - 3.0 * (a.Value - b.Value) / (a.At - b.At)
        let square = d1 * d1 - a.Slope * b.Slope

        if square >= 0.0 then
            let d2 = sqrt square

            let place =
                if a.At <= b.At then
                    b.At - (b.At - a.At) * ((b.Slope + d2 - d1) / (b.Slope - a.Slope + 2.0 * d2))
                else
                    a.At - (a.At - b.At) * ((a.Slope + d2 - d1) / (a.Slope - b.Slope + 2.0 * d2))

            if Double.IsNaN place then middle else min (max place low) high
        else
            middle

    let private armijo, private curvature = 1e-4, 0.9

    /// The point found, and how often the function was evaluated, from the point of step 0, a first step, and the largest
    /// magnitude of the direction.
    let strongWolfe
        (changeTolerance: float)
        (most: int)
        (size: float)
        (at: float -> LinePoint)
        (start: LinePoint)
        (first: float)
        : struct (LinePoint * int) =
        let isHigh (p: LinePoint) = not (p.Value <= start.Value + armijo * p.At * start.Slope)
        let isFlat (p: LinePoint) = abs p.Slope <= -curvature * start.Slope

        let at step =
            let p = at step

            if Double.IsFinite p.Value && Double.IsFinite p.Slope then
                p
            else
                { p with Value = infinity }

        /// Steps that grow until a bracket has a good point: the points of the bracket, or a good one alone.
        let rec bracket
            tries
            (last: LinePoint)
            (now: LinePoint)
            : struct (LinePoint * LinePoint * bool * int) =
            if tries = most then
                struct (start, now, false, tries)
            elif isHigh now || tries > 1 && now.Value >= last.Value then
                struct (last, now, false, tries)
            elif isFlat now then
                struct (now, now, true, tries)
            elif now.Slope >= 0.0 then
                struct (last, now, false, tries)
            else
                let next = cubic last now (now.At + 0.01 * (now.At - last.At)) (now.At * 10.0)
                bracket (tries + 1) now (at next)

        /// A bracket from its better point and the other one, narrowed; whether the last step made too little progress.
        let rec zoom tries (low: LinePoint) (high: LinePoint) isSlow : struct (LinePoint * int) =
            let left, right = min low.At high.At, max low.At high.At

            if tries >= most || (right - left) * size < changeTolerance then
                struct (low, tries)
            else
                let place =
                    if Double.IsFinite low.Value && Double.IsFinite high.Value then
                        // The order of the points makes no difference beyond rounding.
                        cubic low high left right
                    else
                        (left + right) / 2.0

                let edge = 0.1 * (right - left)
                let isNear = min (right - place) (place - left) < edge
                let moves = isNear && (isSlow || place >= right || place <= left)

                let place =
                    if not moves then place
                    elif abs (place - right) < abs (place - left) then right - edge
                    else left + edge

                let now = at place

                if isHigh now || now.Value >= low.Value then
                    let low, high = if low.Value <= now.Value then low, now else now, low
                    zoom (tries + 1) low high (isNear && not moves)
                elif isFlat now then
                    struct (now, tries + 1)
                else
                    let high = if now.Slope * (high.At - low.At) >= 0.0 then low else high
                    zoom (tries + 1) now high (isNear && not moves)

        let struct (a, b, isDone, tries) = bracket 0 start (at first)

        if isDone then
            struct (a, tries + 1)
        else
            let low, high = if a.Value <= b.Value then a, b else b, a
            let struct (found, tries) = zoom tries low high false
            struct (found, tries + 1)
