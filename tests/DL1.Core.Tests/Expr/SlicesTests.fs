/// Parts of tensors with three and four axes, against the elements that F#'s slices of arrays take.
module DL1.Tests.SlicesTests

open DL1
open Expecto

/// A tensor whose elements tell their places: 3021 stands at [3, 0, 2, 1].
let private places (dims: int list) =
    let rec elements (prefix: int) (dims: int list) =
        match dims with
        | [] -> [ float prefix ]
        | n :: rest ->
            [
                for i in 0 .. n - 1 do
                    yield! elements (10 * prefix + i) rest
            ]

    Tensor.ofArray dims (Array.ofList (elements 0 dims))

let private t = Expr.constant (places [ 3; 2; 4 ])
let private u = Expr.constant (places [ 3; 2; 4; 5 ])

/// The places along one axis, and whether the axis stays.
let private range (all: int list) = all, true
let private at (all: int list) = all, false

/// The elements at these places, one axis after another.
let private expected (axes: (int list * bool) list) =
    let rec elements (prefix: int) (axes: (int list * bool) list) =
        match axes with
        | [] -> [ float prefix ]
        | (all, _) :: rest ->
            [
                for i in all do
                    yield! elements (10 * prefix + i) rest
            ]

    let dims = axes |> List.filter snd |> List.map (fun (all, _) -> all.Length)
    Tensor.ofArray dims (Array.ofList (elements 0 axes))

let private forms =
    [
        "t[1.., ..1, *]", t[1.., ..1, *], [ range [ 1; 2 ]; range [ 0; 1 ]; range [ 0; 1; 2; 3 ] ]
        "t[1.., ..1, 2]", t[1.., ..1, 2], [ range [ 1; 2 ]; range [ 0; 1 ]; at [ 2 ] ]
        "t[1.., 0, *]", t[1.., 0, *], [ range [ 1; 2 ]; at [ 0 ]; range [ 0; 1; 2; 3 ] ]
        "t[1, ..1, *]", t[1, ..1, *], [ at [ 1 ]; range [ 0; 1 ]; range [ 0; 1; 2; 3 ] ]
        "t[1.., 0, 2]", t[1.., 0, 2], [ range [ 1; 2 ]; at [ 0 ]; at [ 2 ] ]
        "t[1, ..1, 2]", t[1, ..1, 2], [ at [ 1 ]; range [ 0; 1 ]; at [ 2 ] ]
        "t[1, 0, *]", t[1, 0, *], [ at [ 1 ]; at [ 0 ]; range [ 0; 1; 2; 3 ] ]
        "u[1.., ..1, *, -2..-1]",
        u[1.., ..1, *, -2 .. -1],
        [ range [ 1; 2 ]; range [ 0; 1 ]; range [ 0; 1; 2; 3 ]; range [ 3; 4 ] ]
        "u[1.., ..1, *, -1]",
        u[1.., ..1, *, -1],
        [ range [ 1; 2 ]; range [ 0; 1 ]; range [ 0; 1; 2; 3 ]; at [ 4 ] ]
        "u[1.., ..1, 2, -2..-1]",
        u[1.., ..1, 2, -2 .. -1],
        [ range [ 1; 2 ]; range [ 0; 1 ]; at [ 2 ]; range [ 3; 4 ] ]
        "u[1.., 0, *, -2..-1]",
        u[1.., 0, *, -2 .. -1],
        [ range [ 1; 2 ]; at [ 0 ]; range [ 0; 1; 2; 3 ]; range [ 3; 4 ] ]
        "u[1, ..1, *, -2..-1]",
        u[1, ..1, *, -2 .. -1],
        [ at [ 1 ]; range [ 0; 1 ]; range [ 0; 1; 2; 3 ]; range [ 3; 4 ] ]
        "u[1.., ..1, 2, -1]", u[1.., ..1, 2, -1], [ range [ 1; 2 ]; range [ 0; 1 ]; at [ 2 ]; at [ 4 ] ]
        "u[1.., 0, *, -1]", u[1.., 0, *, -1], [ range [ 1; 2 ]; at [ 0 ]; range [ 0; 1; 2; 3 ]; at [ 4 ] ]
        "u[1.., 0, 2, -2..-1]", u[1.., 0, 2, -2 .. -1], [ range [ 1; 2 ]; at [ 0 ]; at [ 2 ]; range [ 3; 4 ] ]
        "u[1, ..1, *, -1]", u[1, ..1, *, -1], [ at [ 1 ]; range [ 0; 1 ]; range [ 0; 1; 2; 3 ]; at [ 4 ] ]
        "u[1, ..1, 2, -2..-1]", u[1, ..1, 2, -2 .. -1], [ at [ 1 ]; range [ 0; 1 ]; at [ 2 ]; range [ 3; 4 ] ]
        "u[1, 0, *, -2..-1]",
        u[1, 0, *, -2 .. -1],
        [ at [ 1 ]; at [ 0 ]; range [ 0; 1; 2; 3 ]; range [ 3; 4 ] ]
        "u[1.., 0, 2, -1]", u[1.., 0, 2, -1], [ range [ 1; 2 ]; at [ 0 ]; at [ 2 ]; at [ 4 ] ]
        "u[1, ..1, 2, -1]", u[1, ..1, 2, -1], [ at [ 1 ]; range [ 0; 1 ]; at [ 2 ]; at [ 4 ] ]
        "u[1, 0, *, -1]", u[1, 0, *, -1], [ at [ 1 ]; at [ 0 ]; range [ 0; 1; 2; 3 ]; at [ 4 ] ]
        "u[1, 0, 2, -2..-1]", u[1, 0, 2, -2 .. -1], [ at [ 1 ]; at [ 0 ]; at [ 2 ]; range [ 3; 4 ] ]
        "u[1, 0, 2, -1]", u[1, 0, 2, -1], [ at [ 1 ]; at [ 0 ]; at [ 2 ]; at [ 4 ] ]
    ]

let private shown (e: Expr) = Eval.run [] e

let private refusal (make: unit -> Expr) =
    try
        make () |> string
    with :? ShapeError as error ->
        error.Message

let tests =
    testList
        "Slices"
        [
            for text, part, axes in forms do
                test text { Expect.equal (Eval.run [] part) (expected axes) "the elements" }
            test "a place along the first axis leaves the form of two axes" {
                Expect.equal (shown (t[1, *, 1..2])) (shown (t[1][*, 1..2])) ""
                Expect.equal (shown (t[1, 1, 1..])) (shown (t[1][1, 1..])) ""
                Expect.equal (shown (t[-1, *, 0])) (shown (t[-1][*, 0])) ""
            }
            test "the axes that are left out are taken whole" {
                Expect.equal (shown (u[*, 1, ..2])) (shown (u[*, 1, ..2, *])) ""
            }
            test "gradients flow to the places that were taken" {
                let d = Grad.grad (Expr.sumAll t[1, *, 2..]) [ t ] |> List.head |> Eval.run []

                Expect.equal
                    d
                    (Tensor.ofArray
                        [ 3; 2; 4 ]
                        [|
                            for i in 0..2 do
                                for _ in 0..1 do
                                    for k in 0..3 -> if i = 1 && k > 1 then 1.0 else 0.0
                        |])
                    ""
            }
            test "places that are not there are refused" {
                Expect.stringContains (refusal (fun () -> t[0, *, 1..4])) "1..4 along axis 2" ""
                Expect.stringContains (refusal (fun () -> t[0, *, *, 0])) "at most 3" ""
            }
        ]
