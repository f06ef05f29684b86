/// Every schedule of the reference at each of its steps, and laws of those that are composed.
module DL1.Tests.ScheduleTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

let private ofCase (name: string) (rate: float) (a: Attributes) =
    match name with
    | "step" -> Schedule.step (a.Int("step_size", 0)) (a.Float("gamma", 0.0)) rate
    | "multistep" ->
        let milestones = a.Find "milestones" |> Option.map ints |> Option.defaultValue []
        Schedule.multiStep milestones (a.Float("gamma", 0.0)) rate
    | "exponential" -> Schedule.exponential (a.Float("gamma", 0.0)) rate
    | "cosine" -> Schedule.cosine (a.Int("T_max", 0)) (a.Float("eta_min", 0.0)) rate
    | "cosine_warm_restarts" ->
        Schedule.cosineRestarts (a.Int("T_0", 0)) (a.Int("T_mult", 0)) (a.Float("eta_min", 0.0)) rate
    | "linear" ->
        Schedule.linear
            (a.Float("start_factor", 0.0))
            (a.Float("end_factor", 1.0))
            (a.Int("total_iters", 0))
            rate
    | "polynomial" -> Schedule.polynomial (a.Int("total_iters", 0)) (a.Float("power", 0.0)) rate
    | "one_cycle" ->
        Schedule.oneCycleWith
            (a.Float("pct_start", 0.3))
            (a.Float("div_factor", 25.0))
            (a.Float("final_div_factor", 1e4))
            (a.Int("total_steps", 0))
            (a.Float("max_lr", 0.0))
    | other -> failtest $"the reference schedule {other} has no counterpart"

let private all = cases "schedules.json" @ cases "schedules.current.json"
let private falling = Schedule.exponential 0.9 0.1

let tests =
    testList
        "Schedule"
        [
            test "all 34 cases are there" { Expect.equal all.Length 34 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) {
                    let attributes = Attributes case
                    let schedule = ofCase (name case) (case.GetProperty("base_lr").GetDouble()) attributes
                    attributes.ExpectAllRead()

                    for step, expected in List.indexed (floats (case.GetProperty "lr")) do
                        let found = Schedule.valueAt step schedule
                        Expect.isLessThan (abs (found - expected)) (1e-12 + 1e-10 * expected) $"step {step}"
                }
            law "restarts of equal length repeat" (fun (t: byte) ->
                let schedule = Schedule.cosineRestarts 7 1 0.01 0.1
                near 1e-12 (Schedule.valueAt (int t) schedule) (Schedule.valueAt (int t % 7) schedule))
            law "restarts that double begin where the ones before end" (fun (n: byte) ->
                let start = 3 * (pown 2 (int n % 12) - 1)
                near 1e-12 (Schedule.valueAt start (Schedule.cosineRestarts 3 2 0.0 0.1)) 0.1)
            law "joined schedules each count from 0" (fun (t: byte) ->
                let joined = Schedule.joined [ 5, Schedule.constant 0.3; 4, Schedule.step 2 0.5 0.2 ] falling
                let t = int t % 30

                let expected =
                    if t < 5 then 0.3
                    elif t < 9 then Schedule.valueAt (t - 5) (Schedule.step 2 0.5 0.2)
                    else Schedule.valueAt (t - 9) falling

                near 1e-14 (Schedule.valueAt t joined) expected)
            law "a warm-up rises evenly and then lets go" (fun (t: byte) ->
                let t = int t % 20
                let warm = Schedule.valueAt t (Schedule.warmUp 8 (Schedule.constant 0.4))
                near 1e-14 warm (if t < 8 then 0.05 * float (t + 1) else 0.4))
            law "every so many updates" (fun (t: byte) ->
                near
                    1e-14
                    (Schedule.valueAt (int t) (Schedule.every 10 falling))
                    (Schedule.valueAt (int t / 10) falling))
            test "piecewise goes through its points along lines" {
                let schedule = Schedule.piecewise [ 2, 0.0; 10, 0.8; 30, 0.2 ]

                for step, expected in [ 0, 0.0; 2, 0.0; 6, 0.4; 10, 0.8; 20, 0.5; 30, 0.2; 99, 0.2 ] do
                    Expect.floatClose
                        Accuracy.veryHigh
                        (Schedule.valueAt step schedule)
                        expected
                        $"step {step}"
            }
            test "one cycle with other turning points" {
                let at step = Schedule.valueAt step (Schedule.oneCycleWith 0.5 10.0 100.0 21 1.0)

                for step, expected in [ 0, 0.1; 20, 0.001 ] do
                    Expect.floatClose Accuracy.veryHigh (at step) expected $"step {step}"

                Expect.isGreaterThan (min (at 9) (at 10)) 0.98 "the top is between"
            }
            law "one cycle ends, and its last rate stays" (fun (steps: byte) (after: byte) ->
                let steps = 10 + int steps % 50
                let cycle = Schedule.oneCycle steps 0.3
                Schedule.valueAt (steps - 1 + int after) cycle = Schedule.valueAt (steps - 1) cycle)
            law "no schedule gives a rate that is negative, NaN or infinite, near or far" (fun (step: int) ->
                let schedules =
                    [
                        Schedule.constant 0.1
                        Schedule.step 3 0.5 0.1
                        Schedule.multiStep [ 4; 11 ] 0.2 0.1
                        Schedule.exponential 0.9 0.1
                        Schedule.cosine 20 0.001 0.1
                        Schedule.cosineRestarts 6 2 0.0 0.1
                        Schedule.linear 0.25 0.0 8 0.1
                        Schedule.polynomial 20 0.0 0.1
                        Schedule.polynomial 20 2.5 0.1
                        Schedule.oneCycle 30 0.3
                        Schedule.warmUp 5 falling
                        Schedule.piecewise [ System.Int32.MinValue, 0.1; System.Int32.MaxValue, 0.2 ]
                        Schedule.joined [ System.Int32.MaxValue, falling; 5, falling ] falling
                        Schedule.every 7 falling
                    ]

                let step = step &&& System.Int32.MaxValue

                schedules
                |> List.allPairs [ step; step % 100; System.Int32.MaxValue ]
                |> List.forall (fun (step, s) ->
                    let rate = Schedule.valueAt step s
                    rate >= 0.0 && rate <= 0.4))
            test "a schedule of one's own is a scalar of f64" {
                let w = Tensor.vector [ 1.0; 2.0 ]

                for at in [ (fun _ -> Expr.constant w); (fun t -> Expr.cast DType.F32 t) ] do
                    Expect.throwsT<ShapeError>
                        (fun () -> Schedule.valueAt 1 (Schedule.custom "odd" at) |> ignore)
                        ""
            }
            for value in [ nan; infinity; -infinity; -0.5 ] do
                test $"no schedule takes {value}" {
                    let refused (f: unit -> Schedule) =
                        Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""

                    refused (fun () -> Schedule.constant value)
                    refused (fun () -> Schedule.step 5 value 0.1)
                    refused (fun () -> Schedule.step 5 0.5 value)
                    refused (fun () -> Schedule.multiStep [ 4 ] value 0.1)
                    refused (fun () -> Schedule.multiStep [ 4 ] 0.5 value)
                    refused (fun () -> Schedule.exponential value 0.1)
                    refused (fun () -> Schedule.exponential 0.9 value)
                    refused (fun () -> Schedule.cosine 5 value 0.1)
                    refused (fun () -> Schedule.cosine 5 0.0 value)
                    refused (fun () -> Schedule.cosineRestarts 5 2 value 0.1)
                    refused (fun () -> Schedule.cosineRestarts 5 2 0.0 value)
                    refused (fun () -> Schedule.linear value 1.0 5 0.1)
                    refused (fun () -> Schedule.linear 0.1 value 5 0.1)
                    refused (fun () -> Schedule.linear 0.1 1.0 5 value)
                    refused (fun () -> Schedule.polynomial 5 value 0.1)
                    refused (fun () -> Schedule.polynomial 5 2.0 value)
                    refused (fun () -> Schedule.oneCycle 30 value)
                    refused (fun () -> Schedule.oneCycleWith value 25.0 1e4 30 0.1)
                    refused (fun () -> Schedule.oneCycleWith 0.3 value 1e4 30 0.1)
                    refused (fun () -> Schedule.oneCycleWith 0.3 25.0 value 30 0.1)
                    refused (fun () -> Schedule.piecewise [ 0, value ])
                }
            test "a schedule of one's own" {
                let schedule = Schedule.custom "1/√t" (fun step -> Expr.rsqrt (step + 1.0))
                Expect.equal (Schedule.valueAt 3 schedule, string schedule) (0.5, "1/√t") ""
            }
            test "wrong numbers are refused" {
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                refused (fun () -> Schedule.constant nan)
                refused (fun () -> Schedule.step 0 0.5 0.1)
                refused (fun () -> Schedule.exponential 0.9 -0.1)
                refused (fun () -> Schedule.oneCycle 3 0.1)
                refused (fun () -> Schedule.oneCycleWith 1.0 25.0 1e4 30 0.1)
                refused (fun () -> Schedule.piecewise [])
                refused (fun () -> Schedule.piecewise [ 5, 0.1; 5, 0.2 ])
                refused (fun () -> Schedule.joined [ 0, falling ] falling)

                Expect.throwsT<DomainError>
                    (fun () -> Schedule.valueAt -1 falling |> ignore)
                    "before the first"
            }
        ]
