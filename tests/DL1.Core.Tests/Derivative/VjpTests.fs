/// The vjps of movement against their meaning: what is copied sums its copies, what is left out has no gradient.
module DL1.Tests.VjpTests

open DL1
open DL1.Tests.Law
open Expecto

/// The vjp of a movement for the cotangent 0, 1, 2, ... equals this: each source element sums what arrived from it.
/// Moving the source's own indices tells where each element came from.
let private sumsWhereItCameFrom (shape: Shape) (move: Expr -> Expr) =
    let x = Expr.variable "x" DType.F64 (shape.ToList())
    let index = Tensor.arange DType.F64 shape.Size |> Tensor.reshape (shape.ToList())
    let y = move x
    let origins = Eval.run [ ("x", index) ] y |> Tensor.toFloats
    let cotangent = Tensor.arange DType.F64 y.Shape.Size |> Tensor.reshape (y.Shape.ToList())
    let expected = Array.zeroCreate<float> shape.Size

    origins |> Array.iteri (fun i origin -> expected[int origin] <- expected[int origin] + float i)

    let found = Grad.vjp [ y ] [ Expr.constant cotangent ] [ x ] |> List.head |> Eval.run [ ("x", index) ]

    found.Shape = shape && Tensor.toFloats found = expected

let private natural (n: int) = abs (n % 1000)

let tests =
    testList
        "Vjp"
        [
            law
                "a broadcast sums its copies, over any number of stretched and new axes"
                (fun (dims: int list) (stretches: int list) (lead: int list) ->
                    let at (ns: int list) i bound =
                        if ns.IsEmpty then 1 else 1 + natural ns[i % ns.Length] % bound

                    let source =
                        List.truncate 5 dims
                        |> List.mapi (fun i _ -> if at dims i 2 = 1 then 1 else at stretches i 3)

                    let target = source |> List.mapi (fun i d -> if d = 1 then at stretches (i + 1) 3 else d)
                    let front = List.truncate 2 lead |> List.mapi (fun i _ -> at lead i 3)
                    sumsWhereItCameFrom (Shape.ofList source) (Expr.broadcastTo (front @ target)))
            law "a stepped slice gives nothing to what it leaves out" (fun (cuts: (int * int * int) list) ->
                let cuts =
                    List.truncate 4 cuts
                    |> List.map (fun (a, b, c) -> natural a % 4, natural b % 5, 1 + natural c % 3)

                let extents = cuts |> List.map (fun (start, length, _) -> start + length + 1)

                let starts, steps =
                    cuts |> List.map (fun (s, _, _) -> s), cuts |> List.map (fun (_, _, s) -> s)

                let stops = cuts |> List.map (fun (start, length, _) -> start + length)
                sumsWhereItCameFrom (Shape.ofList extents) (Expr.slice starts stops steps))
            law "turning, reordering and reshaping send each element home" (fun (dims: int list) ->
                let dims = List.truncate 4 dims |> List.map (fun d -> 1 + natural d % 3)
                let axes = [ 0 .. dims.Length - 1 ]

                sumsWhereItCameFrom (Shape.ofList dims) (fun x ->
                    x
                    |> Expr.reverse (List.filter (fun a -> a % 2 = 0) axes)
                    |> Expr.transpose (List.rev axes)
                    |> Expr.reshape [ -1 ]))
        ]
