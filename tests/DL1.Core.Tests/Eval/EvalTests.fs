/// Eval against definitions written anew here: products, windows, movements, reductions; and its own rules.
module DL1.Tests.EvalTests

open System
open DL1
open DL1.Tests.Numbers
open DL1.Tests.Source
open Expecto

let private random seed (dims: int list) = Source(seed, Tame, true).Tensor(DType.F64, dims)
let private variable name (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())

let private eval2 f (a: Tensor) (b: Tensor) =
    Eval.run [ "a", a; "b", b ] (f (variable "a" a) (variable "b" b))

let private eval1 f (a: Tensor) = Eval.run [ "a", a ] (f (variable "a" a))

/// A tensor from its extents and a function of the index.
let private build (dims: int list) (f: int[] -> float) =
    let rec indices dims =
        match dims with
        | [] -> [ [] ]
        | d :: rest ->
            [
                for i in 0 .. d - 1 do
                    for r in indices rest -> i :: r
            ]

    Tensor.ofArray dims [| for i in indices dims -> f (Array.ofList i) |]

let private matmul =
    test "matmul, stacks of them, and inner extents of 0" {
        for m, k, n in [ 2, 3, 4; 1, 1, 1; 3, 0, 2; 0, 2, 2; 2, 5, 0 ] do
            let a, b = random 1 [ m; k ], random 2 [ k; n ]

            let expected =
                build [ m; n ] (fun i -> Seq.sum (seq { for l in 0 .. k - 1 -> a[i[0], l] * b[l, i[1]] }))

            expectClose 1e-15 expected (eval2 Expr.matmul a b) $"{m} {k} {n}"

        let a, b = random 3 [ 2; 1; 2; 3 ], random 4 [ 4; 3; 2 ]

        let expected =
            build [ 2; 4; 2; 2 ] (fun i ->
                Seq.sum (seq { for l in 0..2 -> a[i[0], 0, i[2], l] * b[i[1], l, i[3]] }))

        expectClose 1e-15 expected (eval2 Expr.matmul a b) "stacks that broadcast"
        let whole = Tensor.ofArray [ 1; 2 ] [| Int32.MaxValue; 2 |]
        let found = eval2 Expr.matmul whole (Tensor.ofArray [ 2; 1 ] [| 2; 3 |])
        Expect.equal found (Tensor.ofArray [ 1; 1 ] [| 4 |]) "i32 wraps around: 2·(2³¹ − 1) + 6"
    }

let private convolution =
    test "convolution, plane and line, with every option" {
        for stride, pad, dilation, groups in [ 1, 0, 1, 1; 2, 1, 1, 1; 1, 2, 2, 2; 3, 2, 1, 2; 2, 0, 2, 1 ] do
            let x, w = random 5 [ 2; 4; 7; 6 ], random 6 [ 6; 4 / groups; 3; 2 ]
            let places extent kernel = (extent + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1

            let expected =
                build [ 2; 6; places 7 3; places 6 2 ] (fun i ->
                    let mutable sum = 0.0

                    for c in 0 .. 4 / groups - 1 do
                        for p in 0..2 do
                            for q in 0..1 do
                                let row = i[2] * stride - pad + p * dilation
                                let column = i[3] * stride - pad + q * dilation

                                if row >= 0 && row < 7 && column >= 0 && column < 6 then
                                    let channel = i[1] / (6 / groups) * (4 / groups) + c
                                    sum <- sum + x[i[0], channel, row, column] * w[i[1], c, p, q]

                    sum)

            let options = { Stride = [ stride ]; Padding = [ pad ]; Dilation = [ dilation ]; Groups = groups }
            expectClose 1e-14 expected (eval2 (Convolution.conv options) x w) $"%A{options}"
            // A line is a plane of width 1.
            let line = Tensor.reshape [ 2; 4; 42 ] x
            let kernel = random 7 [ 6; 4 / groups; 3 ]

            let column =
                { options with Stride = [ stride; 1 ]; Padding = [ pad; 0 ]; Dilation = [ dilation; 1 ] }

            let plane =
                eval2
                    (Convolution.conv column)
                    (Tensor.reshape [ 2; 4; 42; 1 ] line)
                    (Tensor.reshape [ 6; 4 / groups; 3; 1 ] kernel)

            Expect.equal
                (eval2 (Convolution.conv options) line kernel)
                (Tensor.reshape (List.take 3 (plane.Shape.ToList())) plane)
                "a line"
    }

let private pooling =
    test "pooling, with padding and dilation" {
        for kernel, stride, pad, dilation in [ 2, 2, 0, 1; 3, 2, 1, 1; 3, 1, 1, 2; 2, 3, 0, 2 ] do
            let x = random 8 [ 2; 2; 8; 7 ]

            let options =
                { Convolution.options with
                    Stride = [ stride ]
                    Padding = [ pad ]
                    Dilation = [ dilation ]
                }

            let places extent = (extent + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1

            let seen (i: int[]) =
                [
                    for p in 0 .. kernel - 1 do
                        for q in 0 .. kernel - 1 do
                            let row, column =
                                i[2] * stride - pad + p * dilation, i[3] * stride - pad + q * dilation

                            if row >= 0 && row < 8 && column >= 0 && column < 7 then
                                x[i[0], i[1], row, column]
                ]

            let dims = [ 2; 2; places 8; places 7 ]

            expectClose
                0.0
                (build dims (seen >> List.max))
                (eval1 (Convolution.maxPool [ kernel ] options) x)
                "max"

            let mean i = List.sum (seen i) / float (kernel * kernel)
            expectClose 1e-15 (build dims mean) (eval1 (Convolution.avgPool [ kernel ] options) x) "mean"

        let alone =
            eval1
                (Convolution.maxPool
                    [ 2 ]
                    { Convolution.options with Padding = [ 1 ]; Dilation = [ 2 ]; Stride = [ 1 ] })
                (Tensor.ones DType.F32 [ 1; 1; 1 ])

        Expect.equal alone (Tensor.full DType.F32 [ 1; 1; 1 ] -infinity) "a window that sees padding alone"
        let nans = Tensor.ofArray [ 1; 1; 4 ] [| 1.0; nan; 3.0; 2.0 |]

        Expect.equal
            (eval1 (Convolution.maxPool [ 2 ] Convolution.options) nans)
            (Tensor.ofArray [ 1; 1; 2 ] [| nan; 3.0 |])
            "NaN wins"
    }

let private movement =
    test "movement, by indices" {
        let x = random 9 [ 3; 4; 2 ]

        expectClose
            0.0
            (build [ 2; 3; 4 ] (fun i -> x[i[1], i[2], i[0]]))
            (eval1 (Expr.transpose [ 2; 0; 1 ]) x)
            "transpose"

        expectClose
            0.0
            (build [ 2; 2; 2 ] (fun i -> x[1 + i[0], i[1] * 3, i[2]]))
            (eval1 (Expr.slice [ 1; 0; 0 ] [ 3; 4; 2 ] [ 1; 3; 1 ]) x)
            "slice"

        expectClose
            0.0
            (build [ 3; 4; 2 ] (fun i -> x[2 - i[0], i[1], 1 - i[2]]))
            (eval1 (Expr.reverse [ 0; 2 ]) x)
            "reverse"

        expectClose
            0.0
            (build [ 3; 3; 2 ] (fun i -> x[i[0], [| 3; 0; 3 |][i[1]], i[2]]))
            (eval1 (Expr.gather 1 (Expr.constant (Tensor.vector [ 3; 0; 3 ]))) x)
            "gather"

        expectClose
            0.0
            (build [ 2; 3; 4; 2 ] (fun i -> x[i[1], i[2], i[3]]))
            (eval1 (Expr.broadcastTo [ 2; 3; 4; 2 ]) x)
            "broadcast"

        let both = build [ 3; 8; 2 ] (fun i -> x[i[0], i[1] % 4, i[2]])
        expectClose 0.0 both (eval1 (fun e -> Expr.concat 1 [ e; e ]) x) "concat"

        let row = Tensor.vector [ 1.0; 2.0; 3.0 ]
        let padded = eval1 (Expr.padWith [ { Before = 1; After = -1; Between = 1 } ] 9.0) row
        Expect.equal padded (Tensor.vector [ 9.0; 1.0; 9.0; 2.0; 9.0 ]) "pad: before, between, cropped after"
        let sums = eval1 (Expr.scatterAdd 0 4 (Expr.constant (Tensor.vector [ 2; 0; 2 ]))) row
        Expect.equal sums (Tensor.vector [ 2.0; 0.0; 4.0; 0.0 ]) "scatter-add"
        Expect.equal (eval1 (Expr.cumSum 0) row) (Tensor.vector [ 1.0; 3.0; 6.0 ]) "cumulative sum"
    }

let private reductions =
    test "reductions and softmax" {
        let x = random 10 [ 3; 4; 2 ]

        let over f =
            build [ 4 ] (fun i ->
                [
                    for a in 0..2 do
                        for c in 0..1 -> x[a, i[0], c]
                ]
                |> f)

        expectClose 1e-15 (over List.sum) (eval1 (Expr.sum [ 0; 2 ]) x) "sum"
        expectClose 1e-15 (over (List.fold (*) 1.0)) (eval1 (Expr.prod [ -1; 0 ]) x) "prod"
        expectClose 0.0 (over List.max) (eval1 (Expr.max [ 0; 2 ]) x) "max"
        expectClose 0.0 (over List.min) (eval1 (Expr.min [ 0; 2 ]) x) "min"
        let row i = [ for b in 0..3 -> exp x[i, b, 0] ]
        let softmax = build [ 3; 4 ] (fun i -> (row i[0])[i[1]] / List.sum (row i[0]))
        expectClose 1e-15 softmax (eval1 (Expr.softmax 1 >> Expr.item -1 0) x) "softmax"

        expectClose
            1e-15
            (build [ 3 ] (fun i -> log (List.sum (row i[0]))))
            (eval1 (Expr.logSumExp 1 >> Expr.item -1 0) x)
            "logsumexp"

        let large = Tensor.vector [ 1000.0; 1001.0 ]

        expectClose
            1e-15
            (Tensor.vector [ 1.0 / (1.0 + exp 1.0); 1.0 / (1.0 + exp -1.0) ])
            (eval1 (Expr.softmax 0) large)
            "no overflow"

        Expect.equal
            (eval1 (Expr.logSumExp 0) (Tensor.vector [ -infinity; -infinity ]))
            (Tensor.scalar -infinity)
            "log 0"

        Expect.equal
            (eval1 (Expr.argMax 0) (Tensor.vector [ 1.0; 5.0; 5.0 ]))
            (Tensor.scalar 1L)
            "the first largest"

        Expect.equal
            (eval1 (Expr.argMin 0) (Tensor.vector [ 4.0; 2.0; 2.0 ]))
            (Tensor.scalar 1L)
            "the first smallest"

        Expect.equal
            (eval1 (Expr.argMin 0) (Tensor.vector [ 1.0; nan; nan ]))
            (Tensor.scalar 1L)
            "the first NaN"

        let near = Tensor.vector [ Int64.MaxValue - 1L; Int64.MaxValue ]
        Expect.equal (eval1 (Expr.argMax 0) near) (Tensor.scalar 1L) "i64 is compared exactly"
    }

let private emptiness =
    test "nothing summed is 0, nothing multiplied 1; empty tensors go through" {
        let none = Tensor.zeros DType.F64 [ 0; 2 ]
        Expect.equal (eval1 (Expr.sum [ 0 ]) none) (Tensor.zeros DType.F64 [ 2 ]) "sum"
        Expect.equal (eval1 (Expr.prod [ 0 ]) none) (Tensor.ones DType.F64 [ 2 ]) "prod"
        Expect.equal (eval1 (Expr.logSumExp 0) none) (Tensor.full DType.F64 [ 2 ] -infinity) "logsumexp"
        Expect.equal (eval1 (Expr.sum [ 1 ]) none) (Tensor.zeros DType.F64 [ 0 ]) "sums of no rows"

        Expect.equal
            (eval1 (Expr.gather 0 (Expr.constant (Tensor.zeros DType.I32 [ 0 ]))) none)
            none
            "gather nothing from nothing"

        Expect.equal
            (eval1 (Expr.pad [ 1; 0 ] [ 1; 0 ] 3.0) none)
            (Tensor.full DType.F64 [ 2; 2 ] 3.0)
            "pad nothing"
    }

let private bindings =
    testList
        "variables"
        [
            test "a missing one, and one of another type or shape" {
                let y = Expr.variable "y" DType.F32 [ 2 ] * 2.0

                let refuses values part =
                    let error = Expect.throwsC (fun () -> Eval.run values y |> ignore) id
                    Expect.stringContains error.Message part "names it"

                refuses [ "x", Tensor.scalar 1.0 ] "no value for the variable y"
                refuses [ "y", Tensor.zeros DType.F64 [ 2 ] ] "f64 [2] for the variable y"
                refuses [ "y", Tensor.zeros DType.F32 [ 3 ] ] "f32 [3] for the variable y"
            }
            test "prepared once, run often" {
                let a, b = Expr.symbol "a", Expr.symbol "b"

                let run =
                    Eval.prepare
                        [
                            { Name = "a"; DType = DType.F64; Shape = Shape.Scalar }
                            { Name = "b"; DType = DType.F64; Shape = Shape.Scalar }
                        ]
                        [ a - b ]

                Expect.equal (run [ Tensor.scalar 3.0; Tensor.scalar 1.0 ]) [ Tensor.scalar 2.0 ] "3 − 1"
                Expect.equal (run [ Tensor.scalar 1.0; Tensor.scalar 3.0 ]) [ Tensor.scalar -2.0 ] "1 − 3"
                Expect.throwsT<DomainError> (fun () -> run [ Tensor.scalar 1.0 ] |> ignore) "too few"
            }
            test "indices out of range are refused, whatever their type" {
                for i in [ Tensor.vector [ 0; 3 ]; Tensor.vector [ -1 ]; Tensor.vector [ Int32.MinValue ] ] do
                    Expect.throwsT<DomainError>
                        (fun () -> eval1 (Expr.gather 0 (Expr.constant i)) (random 1 [ 3; 2 ]) |> ignore)
                        "gather"

                    let updates = random 1 [ i.Size ]

                    Expect.throwsT<DomainError>
                        (fun () -> eval1 (Expr.scatterAdd 0 3 (Expr.constant i)) updates |> ignore)
                        "scatter-add"

                let far = Tensor.vector [ 4294967296L ]

                Expect.throwsT<DomainError>
                    (fun () -> eval1 (Expr.gather 0 (Expr.constant far)) (random 1 [ 3 ]) |> ignore)
                    "2³² is not 0"
            }
        ]

let tests = testList "Eval" [ matmul; convolution; pooling; movement; reductions; emptiness; bindings ]
