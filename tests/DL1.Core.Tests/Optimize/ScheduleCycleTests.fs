/// Schedules that go up and down or are put together, at each step of the reference; laws.
module DL1.Tests.ScheduleCycleTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

let private schedules = cases "schedules.more.json"

let private ofCase (name: string) (rate: float) (a: Attributes) =
    match name with
    | "cyclic" ->
        let gamma = a.Float("gamma", 1.0)

        let height =
            match a.Text("mode", "") with
            | "triangular" -> CycleHeight.Same
            | "triangular2" -> CycleHeight.Halved
            | _ -> CycleHeight.Decaying gamma

        ScheduleCycle.triangular
            height
            (a.Int("up", 0))
            (a.Int("down", 0))
            (a.Float("base", 0.0))
            (a.Float("max", 0.0))
    | "one_cycle" ->
        ScheduleCycle.oneCycle
            (if a.Text("anneal", "") = "cos" then Anneal.Cosine else Anneal.Line)
            (a.Flag "three_phase")
            (a.Float("part", 0.0))
            (a.Float("div", 0.0))
            (a.Float("final", 0.0))
            60
            (a.Float("max", 0.0))
    | "constant" -> ScheduleCycle.constantFor (a.Int("steps", 0)) (a.Float("factor", 0.0)) rate
    | "chained" ->
        ScheduleCycle.chained
            [
                ScheduleCycle.constantFor (a.Int("steps", 0)) (a.Float("factor", 0.0)) 1.0
                Schedule.exponential (a.Float("gamma", 0.0)) 1.0
            ]
            rate
    | other -> failtest $"the reference schedule {other} has no counterpart"

let private refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""

let tests =
    testList
        "ScheduleCycle"
        [
            test "all 15 cases are there" { Expect.equal schedules.Length 15 "the number of cases" }
            for number, case in List.indexed schedules do
                test (title number case) {
                    let attributes = Attributes case
                    let schedule = ofCase (name case) (case.GetProperty("base_lr").GetDouble()) attributes
                    attributes.ExpectAllRead()

                    for step, expected in List.indexed (floats (case.GetProperty "lr")) do
                        let found = Schedule.valueAt step schedule
                        Expect.isLessThan (abs (found - expected)) (1e-12 + 1e-10 * expected) $"step {step}"
                }
            law "cycles of one height repeat, and stay between their ends" (fun (t: byte) ->
                let schedule = ScheduleCycle.triangular CycleHeight.Same 3 5 0.01 0.1
                let rate = Schedule.valueAt (int t) schedule

                near 1e-12 rate (Schedule.valueAt (int t % 8) schedule)
                && rate >= 0.01 - 1e-15
                && rate <= 0.1 + 1e-15)
            law
                "one cycle in two phases by cosines is the schedule's, and its last rate stays"
                (fun (t: byte) ->
                    let one = ScheduleCycle.oneCycle Anneal.Cosine false 0.3 25.0 1e4 30 0.3
                    let lines = ScheduleCycle.oneCycle Anneal.Line true 0.3 25.0 1e4 30 0.3
                    let at = Schedule.valueAt (int t)

                    near 1e-14 (at one) (at (Schedule.oneCycle 30 0.3))
                    && (int t < 29 || at lines = Schedule.valueAt 29 lines))
            law "chained with nothing, or with 1, it is the base" (fun (t: byte) ->
                let at = Schedule.valueAt (int t)

                at (ScheduleCycle.chained [] 0.1) = 0.1
                && at (ScheduleCycle.chained [ Schedule.constant 1.0 ] 0.1) = 0.1)
            test "what is no schedule is refused" {
                refused (fun () -> ScheduleCycle.triangular CycleHeight.Same 0 4 0.01 0.1)
                refused (fun () -> ScheduleCycle.triangular CycleHeight.Same 4 4 nan 0.1)
                refused (fun () -> ScheduleCycle.triangular (CycleHeight.Decaying 0.0) 4 4 0.01 0.1)
                refused (fun () -> ScheduleCycle.oneCycle Anneal.Line true 0.6 25.0 1e4 30 0.3)
                refused (fun () -> ScheduleCycle.oneCycle Anneal.Line false 0.3 0.5 1e4 30 0.3)
                refused (fun () -> ScheduleCycle.constantFor 0 0.5 0.1)
                refused (fun () -> ScheduleCycle.constantFor 3 -0.5 0.1)
                refused (fun () -> ScheduleCycle.chained [] infinity)
            }
        ]
