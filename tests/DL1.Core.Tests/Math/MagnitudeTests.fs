/// Norms, and what is made of them, of numbers whose squares overflow or vanish.
module DL1.Tests.MagnitudeTests

open System
open DL1
open Expecto

let private runs = [ "Eval", Eval.prepare; "compiled", Compile.prepare ]

/// A function of a vector, and its gradient, by Eval and compiled.
let private check dtype (values: float list) (f: Expr -> Expr) (expected: float) (gradient: float list) =
    let v = Expr.variable "v" dtype [ values.Length ]
    let variable = { Name = "v"; DType = dtype; Shape = v.Shape }
    let y = f v
    let slope = Grad.grad y [ v ] |> List.head
    let near (a: float) (b: float) = abs (a - b) <= 1e-5 * abs a

    for way, run in runs do
        match
            run [ variable ] [ y; slope ] [ Tensor.cast dtype (Tensor.vector (Array.ofList values)) ]
            |> List.map Tensor.toFloats
        with
        | [ y; slope ] ->
            Expect.isTrue (near expected y[0]) $"{way}: {y[0]} for {expected} of %A{values}"

            for due, found in Seq.zip gradient slope do
                Expect.isTrue (near due found) $"{way}, gradient: {found} for {due} of %A{values}"
        | _ -> failtest "two results"

let private half = sqrt 0.5

let private norms =
    test "norms of numbers of any size, and their gradients" {
        let norm = Reduce.norm [ 0 ]
        check DType.F32 [ 1e20; 1e20 ] norm (1e20 / half) [ half; half ]
        check DType.F32 [ 3e-30; 4e-30 ] norm 5e-30 [ 0.6; 0.8 ]
        check DType.F32 [ 3.0; 4.0 ] norm 5.0 [ 0.6; 0.8 ]
        check DType.F32 [ 0.0; 0.0 ] norm 0.0 [ 0.0; 0.0 ]
        check DType.F32 [ 1e20; 0.0 ] norm 1e20 [ 1.0; 0.0 ]
        check DType.F64 [ 3e200; 4e200 ] norm 5e200 [ 0.6; 0.8 ]
        check DType.F64 [ 3e-200; 4e-200 ] norm 5e-200 [ 0.6; 0.8 ]

        for power in [ 0.5; 1.0; 1.5; 3.0; 8.0; 20.0 ] do
            let norm = Reduce.powerNorm power [ 0 ]
            let two = 2.0 ** (1.0 / power)
            check DType.F32 [ 1e20; 1e20 ] norm (1e20 * two) [ two / 2.0; two / 2.0 ]
            check DType.F32 [ 1e-20; 1e-20 ] norm (1e-20 * two) [ two / 2.0; two / 2.0 ]
            check DType.F64 [ 1e150; 1e150 ] norm (1e150 * two) [ two / 2.0; two / 2.0 ]
            check DType.F32 [ 0.0; 0.0 ] norm 0.0 [ 0.0; 0.0 ]

        check DType.F32 [ 1e20; 2e20 ] (Reduce.powerNorm infinity [ 0 ]) 2e20 [ 0.0; 1.0 ]
    }

let private rows =
    test "each row has its own scale; a norm of nothing is 0, of infinity infinity, of NaN NaN" {
        let m = Tensor.ofArray [ 3; 2 ] [| 3e20f; 4e20f; 3f; 4f; 3e-25f; 4e-25f |]

        let found = Eval.run [] (Reduce.norm [ 1 ] (Expr.constant m)) |> Tensor.toFloats |> Array.map float32

        Expect.sequenceEqual found [ 5e20f; 5f; 5e-25f ] "rows"

        let of' (values: float list) =
            Tensor.toFloat (
                Eval.run [] (Reduce.norm [ 0 ] (Expr.constant (Tensor.vector (Array.ofList values))))
            )

        Expect.equal (of' []) 0.0 "nothing"
        Expect.equal (of' [ infinity; 1.0 ]) infinity "infinity"
        Expect.isTrue (Double.IsNaN(of' [ nan; 1.0 ])) "NaN"
    }

let private second =
    test "the second derivative of a norm of large numbers is that of small ones, smaller" {
        let v = Expr.variable "v" DType.F32 [ 2 ]
        let hessian = Grad.hessian (Reduce.norm [ 0 ] v) v

        let at (scale: float32) =
            Eval.run [ "v", Tensor.vector [| 3f * scale; 4f * scale |] ] hessian |> Tensor.toFloats

        for small, large in Seq.zip (at 1f) (at 1e20f) do
            Expect.isTrue (abs (small - large * 1e20) < 1e-6) $"{large} beside {small}"
    }

let private triplets =
    test "triplet margins of any power are finite, at distance 0 and far away" {
        for dtype in [ DType.F32; DType.F64 ] do
            for power in [ 0.5; 1.0; 2.0; 3.0; 8.0; infinity ] do
                for far in [ 0.0; 1.0; 1e15 ] do
                    let a = Expr.variable "a" dtype [ 2 ]
                    let variable = { Name = "a"; DType = dtype; Shape = a.Shape }
                    let point (v: float) = Expr.constant (Tensor.full dtype [ 2 ] v)
                    // The distance adds 1e-6: the positive stands where that makes 0 of it.
                    let loss = Loss.tripletMargin 1.0 power Reduction.Mean (point 1e-6, point far) a
                    let slope = Grad.grad loss [ a ] |> List.head

                    for way, run in runs do
                        for t in run [ variable ] [ loss; slope ] [ Tensor.full dtype [ 2 ] 0.0 ] do
                            Expect.all (Tensor.toFloats t) Double.IsFinite $"{way}, power {power}, {far}: {t}"
    }

/// The updates that a transformation makes of gradients, all parameters being `parameter`.
let private updates (transform: Transform) (parameter: float32) (steps: float32[] list) : Tensor list =
    let p = Tree.ofList [ "w", Expr.constant (Tensor.full DType.F32 [ 2 ] (float parameter)) ]
    let values = Collections.Generic.List<Tensor>()
    let mutable state = transform.Init p

    for i, g in List.indexed steps do
        let moment = { Step = lit (float i); Rate = lit 1.0 }
        let given = Tree.ofList [ "w", Expr.constant (Tensor.vector g) ]
        let u, next = transform.Update moment given state p
        values.Add(Eval.run [] u["w"])
        state <- Tree.map (fun e -> Expr.constant (Eval.run [] e)) next

    List.ofSeq values

let private clipping =
    test "clipping by a norm keeps the direction of gradients of any size" {
        for transform in [ Transform.clipByGlobalNorm 1.0; Transform.clipByNorm 1.0 ] do
            let found = updates transform 1f [ [| 3e19f; 4e19f |] ] |> List.head |> Tensor.toFloats
            Expect.isTrue (abs (found[0] - 0.6) < 1e-5 && abs (found[1] - 0.8) < 1e-5) $"%A{found}"
            let small = updates transform 1f [ [| 3e-30f; 4e-30f |] ] |> List.head |> Tensor.toFloats
            Expect.equal (Array.map float32 small) [| 3e-30f; 4e-30f |] "not enlarged"
    }

let private trust =
    test "the trust ratio of large and small parameters and updates is their ratio" {
        for p, u in [ 1e20f, 1f; 1f, 1e20f; 1e-25f, 1f; 1e20f, 1e20f; 1e-25f, 1e-25f ] do
            let found = updates Transform.scaleByTrustRatio p [ [| u; u |] ] |> List.head |> Tensor.toFloats
            Expect.isTrue (abs (found[0] / float p - 1.0) < 1e-5) $"{found[0]} for {p} and {u}"
    }

let private centered =
    test "centered RMSProp stays finite for gradients that do not change" {
        for g in [ 0.1f; 1.7f; 1e-3f ] do
            let found = updates (Moments.rmsProp 0.99 1e-8 true) 1f (List.replicate 1500 [| g; -g |])

            for step, t in List.indexed found do
                Expect.all (Tensor.toFloats t) Double.IsFinite $"step {step} of {g}: {t}"
    }

let tests = testList "Magnitude" [ norms; rows; second; triplets; clipping; trust; centered ]
