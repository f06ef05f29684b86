namespace DL1

/// Time series as examples.
[<RequireQualifiedAccess>]
module TimeSeries =
    /// Windows over a series `[time; features]`: each example is `length` times in a row, and its target the `horizon`
    /// times that follow; the next begins `stride` times later. Inputs are `[windows; length; features]`, targets
    /// `[windows; horizon; features]`; no window reaches past the end. Split the series by time before, so that no window
    /// of training sees a time of validation. Numbers below 1, or a series too short for one window, are a
    /// `DomainError`. `TimeSeries.windows 12 1 1 series`
    let windows (length: int) (horizon: int) (stride: int) (series: Tensor) : Dataset =
        let operation = "TimeSeries.windows"

        if series.Rank <> 2 then
            Refuse.shape operation $"a series {series.Shape}" "[time; features]" "reshape it to [time; 1]"

        if length < 1 || horizon < 1 || stride < 1 then
            Refuse.domain
                operation
                $"length %d{length}, horizon %d{horizon}, stride %d{stride}"
                "1 or more each"
                "12, 1 and 1 for the next month from a year"

        let times, features = series.Shape[0], series.Shape[1]

        if int64 times < int64 length + int64 horizon then
            Refuse.domain
                operation
                $"a series of %d{times} times"
                $"%d{int64 length + int64 horizon} or more, for one window"
                "shorten the window"

        let starts = Array.init ((times - length - horizon) / stride + 1) (fun i -> i * stride)

        // More elements than a tensor has are refused before any is copied.
        Shape.ofList [ starts.Length; max length horizon; max 1 features ] |> ignore
        Allocation.requireElements operation (starts.Length * (length + horizon)) (4 + 8 * features)
        let cut first count = starts |> Array.collect (fun s -> Array.init count (fun i -> s + first + i))

        let part first count =
            Rows.take operation (cut first count) series |> Tensor.reshape [ starts.Length; count; features ]

        Dataset(part 0 length, part length horizon)

    /// A series as two, the last `part` of its times held out. `let train, test = TimeSeries.split 0.2 series`
    let split (part: float) (series: Tensor) : Tensor * Tensor =
        if not (part > 0.0 && part < 1.0) then
            Refuse.domain
                "TimeSeries.split"
                ("the part " + string part)
                "above 0 and below 1"
                "hold the last fifth out"

        let times = Rows.count "TimeSeries.split" series
        let kept = times - int (System.Math.Round(part * float times))

        Rows.take "TimeSeries.split" [| 0 .. kept - 1 |] series,
        Rows.take "TimeSeries.split" [| kept .. times - 1 |] series
