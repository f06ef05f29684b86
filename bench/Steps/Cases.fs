/// The cases: what each checks, what it times, what the other library calls it, and what is to be reached.
module DL1.Bench.Cases

open DL1.Bench.Models
open DL1.Bench.Step
open DL1.Bench.Timing
open DL1.Compiler.Planning
open DL1.Compiler.Winograd

/// One line of the results: its name here, the beginning of the other library's line for the same work, and the ratio of
/// its time to ours that is to be reached.
type Row = { Name: string; Peer: string option; Target: string }

type Case =
    {
        Name: string
        /// The other library's case.
        Peer: string
        Rows: Row list
        /// Compiled results against Eval's.
        Check: unit -> Result<unit, string>
        /// The graphs as they are timed, by the names of the rows.
        Steps: unit -> (string * Step) list
        Works: unit -> Work list
    }

let private row name peer target = { Name = name; Peer = Some peer; Target = target }
let private alone name = { Name = name; Peer = None; Target = "" }

let private first (errors: Result<unit, string> list) =
    errors |> List.fold (fun known next -> Result.bind (fun () -> next) known) (Ok())

/// Steps one after another, each with its own number.
let private stepper (s: Step) =
    let session = session s
    let mutable i = 0

    fun () ->
        session.Step(s.Feed i)
        i <- i + 1

/// An optimizer's memory from which its update does not hang on the sign of small gradients.
let private settled (t: DL1.Tensor) =
    if t.DType.IsFloat then DL1.Tensor.full t.DType (t.Shape.ToList()) 0.01 else t

let private ofSteps name peer rows check steps iterations =
    {
        Name = name
        Peer = peer
        Rows = rows
        Check = fun () -> check () |> List.map Step.check |> first
        Steps = steps
        Works =
            fun () ->
                [
                    for name, step in steps () do
                        { Name = name; Unit = "ms"; Iterations = iterations; Once = stepper step }
                ]
    }

/// A training of whole epochs, of so many steps; one repetition is one epoch.
let private epochs name rows unit steps (make: Size -> Training) =
    let case =
        ofSteps
            name
            name
            rows
            (fun () -> [ trainingFrom settled (make Size.Small) ])
            (fun () -> [ name, training (make Size.Full) ])
            1

    { case with
        Works =
            fun () ->
                [
                    for work in case.Works() do
                        { work with
                            Unit = unit
                            Once =
                                fun () ->
                                    for _ in 1..steps do
                                        work.Once()
                        }
                ]
    }

/// A training timed by the step, and its forward and backward pass apart from the update.
let private steps name peer target iterations (make: Size -> Training) =
    ofSteps
        name
        name
        [ row name peer target; alone $"{name}-gradient" ]
        (fun () -> let small = make Size.Small in [ trainingFrom settled small; gradient small ])
        (fun () -> let full = make Size.Full in [ name, training full; $"{name}-gradient", gradient full ])
        iterations

/// Single operations, compared with Eval as large as they are timed, unless said otherwise.
let private kernels name peer rows iterations small full =
    ofSteps name peer rows (fun () -> List.map snd small) (fun () -> full) iterations

let private kernel name peer target iterations (step: unit -> Step) =
    ofSteps
        name
        name
        [ row name peer target ]
        (fun () -> [ step () ])
        (fun () -> [ name, step () ])
        iterations

/// Models whose memory and first result are looked at too: `Start.large`.
let large: (string * (Size -> Training)) list = [ "resnet18", resnet18; "gpt", gpt ]

let private stepsOf rows batch = (rows + batch - 1) / batch

let all: Case list =
    [
        epochs "mlp1" [ row "mlp1" "a) MLP 1-300-300-1" "1.8x" ] "ms" (stepsOf Models.Rows 128) (mlp1 128)
        epochs "mlp1bn" [ row "mlp1bn" "a) MLP 1-300-300-1" "3x" ] "ms" (stepsOf Models.Rows 128) (mlp1bn 128)
        epochs "fmnist" [ row "fmnist" "b) FMNIST MLP" "1.7x" ] "s" (stepsOf Images.Count 128) (fmnist 128)
        { ofSteps
              "conv"
              "convlayers"
              [
                  row "conv-forward" "c2) conv 32->64 fwd" "1.05x of channels last"
                  row "conv-both" "c2) conv 32->64 fwd+bwd" "1.2x"
              ]
              (fun () -> [ Kernels.convForward 1; Kernels.convBoth 1 ])
              (fun () -> [ "conv-forward", Kernels.convForward 64; "conv-both", Kernels.convBoth 64 ])
              10 with
            Name = "conv"
        }
        kernel "elementwise" "g) sigmoid(x*w+b)*tanh(x)" "8x" 20 (fun () -> Kernels.elementwise (1 <<< 20))
        { kernel "elementwise3" "g) same, w,b vectors" "" 20 (fun () -> Kernels.elementwiseVectors (1 <<< 20)) with
            Peer = "elementwise"
        }
        kernel "gelu" "g) GELU" "1.8x" 10 (fun () -> Kernels.gelu [ 4096; 1000 ])
        kernel "softmax" "g) softmax" "1.8x" 10 (fun () -> Kernels.softmax [ 4096; 1000 ])
        {
            Name = "scalar"
            Peer = "scalar"
            Rows = [ row "scalar" "f) grad" "300x" ]
            Check = Scalars.check
            Steps = fun () -> []
            Works =
                fun () ->
                    [
                        {
                            Name = "scalar"
                            Unit = "us"
                            Iterations = 1_000_000
                            Once = fun () -> Scalars.evaluate 1
                        }
                    ]
        }
        steps "cnn" "c) CNN" "1.2x (1.6x with Winograd)" 10 cnn
        steps "lstm" "d) LSTM" "1.2x" 15 lstm
        steps "transformer" "e) transformer" "1.3x" 20 transformer
        for (name, make), (peer, target) in List.zip large [ "h) ResNet-18", "1.2x"; "i) GPT", "2x" ] do
            ofSteps
                name
                name
                [ row name peer target ]
                (fun () -> [ trainingFrom settled (make Size.Small) ])
                (fun () -> [ name, training (make Size.Full) ])
                2
    ]
