/// Sessions: the pure step again and again, in memory of their own.
module DL1.Tests.SessionTests

open System
open System.Threading
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Runtime
open DL1.Compiler.Simd
open DL1.Tests.Training
open Expecto

let private sessionOn width threads generates (s: Step) =
    let options = { Threads = threads; DynamicCode = generates; CheckFinite = false }
    Session.On(width, options, s.State, s.Next, s.Inputs, [ s.Loss ])

let private session = sessionOn Simd.widest 2 true

/// The state and the losses after some pure steps.
let private pureSteps count (s: Step) =
    let run = Compile.prepareOn Simd.widest true 1 s.Variables s.Roots
    let states = s.State.Length

    ((List.map snd s.State, []), [ 1..count ])
    ||> List.fold (fun (state, losses) _ ->
        let results = run (state @ List.ofArray s.Batch)
        List.take states results, List.item states results :: losses)

let private isPure (s: Step) =
    let state, losses = pureSteps 5 s

    let check what (session: Session) =
        for _ in 1..5 do
            session.Step s.Batch

        Expect.isTrue (sameBits state session.State) $"{what}: the state"
        Expect.isTrue (Tensor.sameBits losses.Head (session.Output 0)) $"{what}: the loss"
        Expect.equal (session.Scalar 0) (Tensor.toFloat losses.Head) $"{what}: the loss as a number"
        Expect.equal session.Steps 5L "steps are counted"

    for width in widths do
        for threads in [ 1; 2; 3 ] do
            check $"{width} on {threads}" (sessionOn width threads true s)

    check "interpreted" (sessionOn Simd.widest 1 false s)

/// Of 1,000 steps, the tens in which nothing was allocated, on all threads together. Others of the process allocate now
/// and then; what a step allocated would be seen in every ten.
let private quietTens (s: Step) =
    let session = session s

    let run count =
        for _ in 1..count do
            session.Step s.Batch

    run 50

    Seq.init 100 (fun _ ->
        let before = GC.GetTotalAllocatedBytes true
        run 10
        GC.GetTotalAllocatedBytes true - before)
    |> Seq.filter (fun bytes -> bytes = 0L)
    |> Seq.length

let private w = Expr.variable "w" DType.F64 [ 3 ]
let private picks = Expr.variable "i" DType.I32 [ 2 ]
let private first = Tensor.vector [ 1.0; 2.0; 3.0 ]
let private indices (a: int) (b: int) = Tensor.vector [ a; b ]

/// Adds what is picked to all, twice over: the state is written before the picking fails, or after it.
let private picking options =
    let picked = Expr.sumAll (Expr.gather 0 picks w)
    let other = Expr.variable "other" DType.F64 [ 3 ]

    Session.With(
        options,
        [ variableOf w, first; variableOf other, first ],
        [ w + picked; other * 2.0 ],
        [ variableOf picks ],
        [ picked; other ]
    )

let private numbers (t: Tensor list) = t |> List.map Tensor.toFloats

let tests =
    testSequenced
    <| testList
        "Session"
        [
            test "a session is the pure step, bit for bit: batch norm, dropout and Adam" {
                isPure (perceptron DType.F32 65 17 33)
                isPure (perceptron DType.F64 9 4 5)
            }
            test "a session is the pure step, bit for bit: convolutions" { isPure (convolutional DType.F32) }
            test "a session is the pure step, bit for bit: loops" { isPure (recurrent DType.F32) }
            test "1,000 steps allocate nothing, on several threads" {
                Expect.isGreaterThan (quietTens (perceptron DType.F32 128 64 300)) 30 "a perceptron"
            }
            test "1,000 steps allocate nothing: convolutions" {
                Expect.isGreaterThan (quietTens (convolutional DType.F32)) 30 "a convolutional network"
            }
            test "1,000 steps allocate nothing: loops" {
                Expect.isGreaterThan (quietTens (recurrent DType.F32)) 30 "a recurrent network"
            }
            test "a step that fails leaves the state and the outputs of the last whole one" {
                let s = picking Compile.standard
                s.Step [| indices 0 1 |]
                let state, output = numbers s.State, numbers [ s.Output 0; s.Output 1 ]

                for _ in 1..3 do
                    Expect.throwsT<DomainError> (fun () -> s.Step [| indices 0 3 |]) "an index out of range"

                Expect.equal (numbers s.State) state "the state"
                Expect.equal (numbers [ s.Output 0; s.Output 1 ]) output "the outputs"
                Expect.equal s.Steps 1L "whole steps"
                s.Step [| indices 1 2 |]
                let again = picking Compile.standard
                again.Step [| indices 0 1 |]
                again.Step [| indices 1 2 |]
                Expect.equal (numbers s.State) (numbers again.State) "as if nothing had happened"
            }
            test "NaN and infinity leave the state of the last whole step, where they are looked for" {
                let x = Expr.symbol "x"
                let state = Expr.symbol "state"

                let s =
                    Session.With(
                        { Compile.standard with CheckFinite = true },
                        [ variableOf state, Tensor.scalar 2.0 ],
                        [ log (state - x) ],
                        [ variableOf x ],
                        []
                    )

                s.Step [| Tensor.scalar 1.0 |]
                Expect.equal (numbers s.State) [ [| 0.0 |] ] "log 1"

                let error = Expect.throwsC (fun () -> s.Step [| Tensor.scalar 1.0 |]) (fun e -> e.Message)

                Expect.stringContains error "NaN of v" "log −1"
                Expect.stringContains error "state" "reads the state"
                Expect.equal (numbers s.State, s.Steps) ([ [| 0.0 |] ], 1L) "the last whole step"
                s.Step [| Tensor.scalar -1.0 |]
                Expect.equal s.Steps 2L "and on"
            }
            test "cancellation is looked for between steps" {
                let s = picking Compile.standard
                use source = new CancellationTokenSource()

                let batch i =
                    if i = 3 then
                        source.Cancel()

                    [| indices 0 1 |]

                Expect.throwsT<OperationCanceledException>
                    (fun () -> s.Run(10, Func<_, _> batch, source.Token))
                    "cancelled"

                Expect.equal s.Steps 4L "the step that had begun was finished"
                let state = numbers s.State

                Expect.throwsT<OperationCanceledException>
                    (fun () -> s.Step(source.Token, indices 0 1))
                    "cancelled before"

                Expect.equal (numbers s.State, s.Steps) (state, 4L) "the last whole step"
                s.Step(CancellationToken.None, indices 0 1)
                s.Run(2, fun _ -> [| indices 0 1 |])
                Expect.equal s.Steps 7L "and on"
                Expect.throwsT<DomainError> (fun () -> s.Run(-1, fun _ -> [||])) "a negative number of steps"
            }
            test "a state that stays, changes places, or is a constant" {
                let a, b, c = Expr.symbol "a", Expr.symbol "b", Expr.symbol "c"
                let value x = Tensor.scalar x
                let v = variableOf

                let s =
                    Session.Of(
                        [ v a, value 1.0; v b, value 2.0; v c, value 3.0; v (Expr.symbol "d"), value 4.0 ],
                        [ b; a; lit 5.0; Expr.symbol "d" ],
                        [],
                        [ a; a + b ]
                    )

                s.Run(3, fun _ -> [||])
                Expect.equal (numbers s.State) [ [| 2.0 |]; [| 1.0 |]; [| 5.0 |]; [| 4.0 |] ] "three steps"
                Expect.equal (s.Scalar 0, s.Scalar 1) (1.0, 3.0) "outputs of the third"
            }
            // Megabytes of zeros are left out where a state is copied; −0 is none of them.
            test "a state begins with the bits that it was given" {
                let zeros = Array.zeroCreate<float32> 1000000

                let withOne index (value: float32) =
                    let values = Array.copy zeros
                    values[index] <- value
                    values

                let values =
                    [ zeros; withOne 0 -0.0f; withOne 262144 1.0f; withOne 999999 -0.0f; withOne 500000 nanf ]
                    |> List.map (fun v -> Tensor.ofArray [ v.Length ] v)

                let state =
                    values |> List.mapi (fun i v -> { Name = $"s{i}"; DType = v.DType; Shape = v.Shape }, v)

                let stays = state |> List.map (fst >> Expr.ofVariable)
                let session = Session.Of(state, stays, [], [])
                Expect.isTrue (sameBits values session.State) "before the first step"
                session.Step()
                Expect.isTrue (sameBits values session.State) "after it"
            }
            // Two arrays, of which next to nothing is touched: guarded memory is written as it is made.
            test "blocks of zeros are apart, aligned and zero" {
                let large = if Guard.IsOn then 1000L else 700_000_000L
                let sizes = [| 5L; large; 0L; large; 64L; 1L |]
                let blocks = Block.Zeros("Session", "a test", sizes)
                Expect.equal (blocks |> Array.map _.Bytes) sizes "their sizes"

                for block in blocks do
                    if block.Bytes > 0L then
                        for at in [ 0L; block.Bytes / 2L; block.Bytes - 1L ] do
                            Expect.equal (Memory.element DType.Bool block.Address (int at)) 0.0 "zero"

                    if isNull block.Region then
                        Expect.equal (int64 block.Address % Block.Alignment) 0L "aligned"

                let byAddress = blocks |> Array.sortBy (fun block -> block.Address, block.Bytes)

                for a, b in Array.pairwise byAddress do
                    Expect.isLessThanOrEqual (int64 a.Address + a.Bytes) (int64 b.Address) "apart"

                for block in blocks do
                    block.Hold()
            }
            test "what does not fit is refused" {
                let s = picking Compile.standard
                Expect.throwsT<DomainError> (fun () -> s.Step [||]) "no values"
                Expect.throwsT<ShapeError> (fun () -> s.Step [| first |]) "another type"
                Expect.throwsT<DomainError> (fun () -> s.Output 0 |> ignore) "before the first step"
                Expect.throwsT<DomainError> (fun () -> s.Scalar 2 |> ignore) "no such output"

                Expect.throwsT<DomainError>
                    (fun () -> Session.Of([ variableOf w, first ], [], [], []) |> ignore)
                    "no next state"

                Expect.throwsT<ShapeError>
                    (fun () -> Session.Of([ variableOf w, first ], [ Expr.item 0 0 w ], [], []) |> ignore)
                    "another shape"
            }
        ]
