/// Confidence intervals by formulas.
module DL1.Tests.IntervalTests

open System
open DL1
open DL1.Tests.Law
open Expecto

/// The quantile of the normal distribution at 0.975, as tables have it.
let private z = 1.959963984540054

let tests =
    testList
        "Intervals"
        [
            law "the ends of a proportion are where the score test just rejects" (fun successes trials ->
                let trials = 1 + abs (trials % 500)
                let successes = abs (successes % (trials + 1))
                let found = Interval.proportion 0.95 successes trials
                let n, p = float trials, float successes / float trials
                let isEnd e = abs (abs (p - e) * sqrt n - z * sqrt (e * (1.0 - e))) < 1e-9

                found.Lower >= 0.0
                && found.Upper <= 1.0
                && found.Lower <= p
                && p <= found.Upper
                && (successes = 0 || isEnd found.Lower)
                && (successes = trials || isEnd found.Upper))
            test "published proportions and quantiles" {
                let nine = Interval.proportion 0.95 9 10
                Expect.floatClose Accuracy.veryHigh nine.Lower 0.5958499732047615 "9 of 10"
                Expect.floatClose Accuracy.veryHigh nine.Upper 0.9821237869049271 "9 of 10"
                Expect.equal (Interval.proportion 0.95 0 20).Lower 0.0 "none"

                Expect.floatClose
                    Accuracy.veryHigh
                    (Interval.proportion 0.95 0 20).Upper
                    0.1611251580528193
                    "none"
                // Student's quantiles at 0.975 with 2 degrees of freedom, and at 0.95 with 4.
                let three = Interval.mean 0.95 [ 1.0; 2.0; 3.0 ]
                Expect.floatClose Accuracy.high (three.Upper - 2.0) (4.302652729696142 / sqrt 3.0) "t of 2"
                let five = Interval.mean 0.9 [ 1.0; 2.0; 4.0; 8.0; 16.0 ]
                let deviation = sqrt (148.8 / 4.0)

                Expect.floatClose
                    Accuracy.high
                    (five.Upper - 6.2)
                    (2.131846786326649 * deviation / sqrt 5.0)
                    "t of 4"

                Expect.floatClose Accuracy.veryHigh five.Estimate 6.2 "mean"
            }
            test "95 of 100 intervals hold the mean that numbers were drawn with" {
                let holds i =
                    let values = Key.normal 3.0 2.0 DType.F64 [ 5 ] (Key.ofSeed (int64 i)) |> Tensor.toFloats
                    let found = Interval.mean 0.95 values
                    found.Lower <= 3.0 && 3.0 <= found.Upper

                let part = float (Seq.init 2000 holds |> Seq.filter id |> Seq.length) / 2000.0
                // Four standard deviations of a part of 2000.
                Expect.isLessThan (abs (part - 0.95)) 0.02 "coverage"
            }
            test "what is out of range is refused" {
                for call in
                    [
                        fun () -> Interval.proportion 0.95 1 0
                        fun () -> Interval.proportion 0.95 2 1
                        fun () -> Interval.proportion 0.95 -1 1
                        fun () -> Interval.proportion 1.0 1 1
                        fun () -> Interval.mean 0.95 [ 1.0 ]
                        fun () -> Interval.mean 0.95 [ 1.0; nan ]
                        fun () -> Interval.mean nan [ 1.0; 2.0 ]
                    ] do
                    Expect.throwsT<DomainError> (fun () -> call () |> ignore) "refused"
            }
        ]
