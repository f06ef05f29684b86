/// Sessions that update their state in place: the values of the pure step, and which variables are so updated.
module DL1.Tests.UpdateInPlaceTests

open DL1
open DL1.Compiler.Planning
open DL1.Compiler.Simd
open DL1.Tests.Training
open Expecto
open FsCheck
open FsCheck.FSharp

let private a, b, c =
    Expr.variable "a" DType.F32 [ 8; 16 ],
    Expr.variable "b" DType.F32 [ 8; 16 ],
    Expr.variable "c" DType.F32 [ 8; 16 ]

let private picks = Expr.variable "picks" DType.I32 [ 4 ]

/// What the next value of a variable may be: kept, exchanged, computed element by element, by sums, products and views of others, and by
/// rows whose indices are checked.
let private forms: Expr list =
    [
        a
        b
        a * 0.5 + b
        b - c
        a + Reduce.keepDims Expr.sum [ 1 ] b
        c * Expr.sumAll a
        Expr.matmul a (Expr.matmul b.T c) * 0.01
        b * 0.9 + 0.1 * Expr.matmul (Expr.matmul a c.T) b
        Expr.reshape [ 8; 16 ] (Expr.reshape [ 16; 8 ] a).T
        Expr.reverse [ 0 ] c
        tanh (a + b + c)
        Expr.concat 0 [ Expr.gather 0 picks a; Expr.gather 0 picks b ]
        Expr.constant (Tensor.full DType.F32 [ 8; 16 ] 0.25)
    ]

/// Three next values and an output.
let private programs =
    gen {
        let! next = Gen.listOfLength 3 (Gen.elements forms)
        let! output = Gen.elements forms
        return next, output
    }

let private first = [ for seed in 1L .. 3L -> normal seed DType.F32 [ 8; 16 ] ]
let private state = List.zip (List.map variableOf [ a; b; c ]) first
let private rows (values: int list) = Tensor.vector values

let private stepwise (next, output) =
    let run = Compile.prepare (List.map variableOf [ a; b; c; picks ]) (next @ [ output ])

    let session =
        Session.OnWith(Simd.widest, Options.standard, state, next, [ variableOf picks ], [ output ], true)

    let mutable pure' = first
    let mutable same = true

    for i in 0..3 do
        let given = rows [ i; 3; 7 - i; 0 ]
        let results = run (pure' @ [ given ])
        pure' <- List.take 3 results
        session.Step given

        same <- same && sameBits pure' session.State && Tensor.sameBits results[3] (session.Output 0)

        // An index out of range fails where the program has one, and changes nothing.
        try
            session.Step(rows [ 0; 1; 2; 8 ])
            pure' <- session.State
        with :? DomainError ->
            same <- same && sameBits pure' session.State

    same

/// The names of the variables of a step that its session does not update in place.
let private kept (s: Step) =
    let plan = PlanCache.planFor s.State.Length Simd.widest true false s.Variables s.Roots

    let updates = UpdateInPlace.find s.State.Length plan

    List.zip s.State (List.ofArray updates.InPlace)
    |> List.choose (fun ((v, value), isInPlace) -> if isInPlace || value.Rank < 2 then None else Some v.Name)

let private decoder =
    let layer = Transformer.encoderLayer { Transformer.options 2 32 with NormFirst = true; Causal = true }

    let model = Dense.embedding 5000 16 => layer => layer => Norm.layerNorm => Dense.linear 5000
    let tokens = Tensor.ofArray [ 2; 5 ] (Array.init 10 (fun i -> int64 (i * 137 % 5000)))
    step DType.F32 model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.01) tokens tokens

let tests =
    testList
        "UpdateInPlace"
        [
            Law.law
                "a state that is updated in place has the values of the pure step"
                (Prop.forAll (Arb.fromGen programs) stepwise)
            test "Adam updates parameters and moments in place" {
                Expect.equal (kept (perceptron DType.F32 65 17 33)) [] "a perceptron"
                Expect.equal (kept (convolutional DType.F32)) [] "a convolutional network"
                Expect.equal (kept decoder) [] "a decoder"
            }
            test "a decoder's session is the pure step, bit for bit" {
                let run = Compile.prepare decoder.Variables decoder.Roots

                let session =
                    Session.OnWith(
                        Simd.widest,
                        Options.standard,
                        decoder.State,
                        decoder.Next,
                        decoder.Inputs,
                        [ decoder.Loss ],
                        true
                    )

                let state =
                    (List.map snd decoder.State, [ 1..3 ])
                    ||> List.fold (fun state _ ->
                        session.Step decoder.Batch
                        List.take state.Length (run (state @ List.ofArray decoder.Batch)))

                Expect.isTrue (sameBits state session.State) "three steps"
                let text = session.Explain()

                Expect.stringContains
                    text
                    " are updated in place and the rest are now and next"
                    "what it says"
            }
        ]
