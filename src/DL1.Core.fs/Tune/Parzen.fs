namespace DL1

open System
open MathNet.Numerics

/// Densities of good and of other settings, from which the next one is drawn: the tree-structured Parzen estimator of
/// Bergstra et al. (2011), each hyper-parameter by itself.
[<RequireQualifiedAccess>]
module internal Parzen =
    /// The ends between which a number is drawn, in its logarithm where the range is of that; whole numbers take half a unit more
    /// at both ends.
    let private ends (range: HyperRange) : struct (float * float) voption =
        match range with
        | HyperRange.Among _ -> ValueNone
        | HyperRange.Uniform(low, high) -> ValueSome(struct (low, high))
        | HyperRange.LogUniform(low, high) -> ValueSome(struct (log low, log high))
        | HyperRange.Whole(low, high) -> ValueSome(struct (float low - 0.5, float high + 0.5))

    let private below (x: float) = SpecialFunctions.Erfc(-x / sqrt 2.0) / 2.0

    /// A mixture of normal distributions of equal weights within two ends.
    [<NoEquality; NoComparison>]
    type private Mixture = { Low: float; High: float; Parts: (float * float)[] }

    /// One part over the whole range, from its middle, and one around each value, as wide as the distance to the farther of
    /// its neighbours, that middle among them.
    let private mixture (low: float) (high: float) (values: float[]) : Mixture =
        let whole, middle = high - low, (low + high) / 2.0
        let narrowest = whole / float (min 100 (values.Length + 2))
        let sorted = Array.append [| middle |] values |> Array.sort
        let ofRange = Array.IndexOf(sorted, middle)

        let part i (value: float) =
            let left = if i = 0 then 0.0 else value - sorted[i - 1]
            let right = if i = sorted.Length - 1 then 0.0 else sorted[i + 1] - value
            value, (if i = ofRange then whole else Math.Clamp(max left right, narrowest, whole))

        { Low = low; High = high; Parts = Array.mapi part sorted }

    /// The probability between two numbers within the ends.
    let private between (m: Mixture) (a: float) (b: float) : float =
        m.Parts
        |> Array.averageBy (fun (mean, width) ->
            let at x = below ((x - mean) / width)
            (at b - at a) / (at m.High - at m.Low))

    let private density (m: Mixture) (x: float) : float =
        m.Parts
        |> Array.averageBy (fun (mean, width) ->
            let at x = below ((x - mean) / width)
            let z = (x - mean) / width
            exp (-z * z / 2.0) / (width * sqrt (2.0 * Math.PI)) / (at m.High - at m.Low))

    let private sample (m: Mixture) (key: Key) : float =
        let u = Tensor.toFloat (Key.uniform 0.0 1.0 DType.F64 [] (Key.fold 0 key))
        let mean, width = m.Parts[int (u * float m.Parts.Length)]
        Tensor.toFloat (Key.truncatedNormal mean width m.Low m.High DType.F64 [] (Key.fold 1 key))

    let private number =
        function
        | HyperValue.Number n -> n
        | HyperValue.Word w ->
            Refuse.domain "Study.tpe" $"'{w}' for a range of numbers" "a number" "search over the same space"

    let private candidates = 24

    /// The next value of one hyper-parameter, from its values in good trials and in others.
    let private value
        (key: Key)
        (range: HyperRange)
        (good: HyperValue list)
        (others: HyperValue list)
        : HyperValue =
        match range, ends range with
        | HyperRange.Among choices, _ ->
            let share (values: HyperValue list) (choice: HyperValue) =
                let count = values |> List.filter (fun v -> v = choice) |> List.length
                (float count + 1.0) / float (values.Length + choices.Length)

            let shares = choices |> List.map (share good)
            let sums = List.scan (+) 0.0 shares |> List.tail

            let draw i =
                let u = Tensor.toFloat (Key.uniform 0.0 1.0 DType.F64 [] (Key.fold i key))
                let place = sums |> List.tryFindIndex (fun sum -> u < sum)
                choices[Option.defaultValue (choices.Length - 1) place]

            // The first of equals.
            List.init candidates draw |> List.distinct |> List.maxBy (fun c -> share good c / share others c)
        | _, ValueNone -> good.Head
        | _, ValueSome(struct (low, high)) ->
            let isLog, isWhole =
                match range with
                | HyperRange.LogUniform _ -> true, false
                | HyperRange.Whole _ -> false, true
                | HyperRange.Among _
                | HyperRange.Uniform _ -> false, false

            let places (values: HyperValue list) =
                values |> List.map (fun v -> if isLog then log (number v) else number v) |> Array.ofList

            let ofGood, ofOthers = mixture low high (places good), mixture low high (places others)

            let ratio x =
                if isWhole then
                    between ofGood (x - 0.5) (x + 0.5) / between ofOthers (x - 0.5) (x + 0.5)
                else
                    density ofGood x / density ofOthers x

            let draw i =
                let x = sample ofGood (Key.fold i key)
                if isWhole then Math.Clamp(Math.Round x, low + 0.5, high - 0.5) else x

            let best = List.init candidates draw |> List.maxBy ratio

            match range with
            | HyperRange.LogUniform(first, last) -> HyperValue.Number(Math.Clamp(exp best, first, last))
            | HyperRange.Among _
            | HyperRange.Uniform _
            | HyperRange.Whole _ -> HyperValue.Number best

    /// How many of some trials are good ones: 15% as in the paper, 25 at most.
    let good (count: int) : int = min 25 (int (ceil (0.15 * float count)))

    /// The next setting, from trials sorted from the best to the worst.
    let suggest (key: Key) (space: (string * HyperRange) list) (ranked: Trial list) : Setting =
        let first, rest = List.splitAt (good ranked.Length) ranked

        let valuesOf (name: string) (trials: Trial list) =
            trials |> List.map (fun t -> t.Setting.Values |> List.find (fun (n, _) -> n = name) |> snd)

        Setting(
            space
            |> List.mapi (fun j (name, range) ->
                name, value (Key.fold j key) range (valuesOf name first) (valuesOf name rest))
        )
