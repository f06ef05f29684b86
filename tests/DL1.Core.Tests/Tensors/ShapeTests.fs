/// Shapes and broadcasting.
module DL1.Tests.Tensors.ShapeTests

open DL1
open DL1.Tests.Law
open Expecto

let private example a b expected =
    let text = expected |> Option.map Shape.ofList |> Option.map string

    testCase $"{a} with {b}"
    <| fun () ->
        let found = Shape.tryBroadcast (Shape.ofList a) (Shape.ofList b) |> Option.map string
        Expect.equal found text "the broadcast shape"

[<Tests>]
let tests =
    testList
        "Shape"
        [
            testList
                "broadcasting as NumPy's"
                [
                    example [ 3; 4 ] [ 4 ] (Some [ 3; 4 ])
                    example [ 3; 1 ] [ 1; 4 ] (Some [ 3; 4 ])
                    example [] [ 2; 0 ] (Some [ 2; 0 ])
                    example [ 3 ] [ 4 ] None
                ]

            law "broadcasting commutes" (fun a b -> Shape.tryBroadcast a b = Shape.tryBroadcast b a)
            law "a shape broadcast with itself is itself" (fun a -> Shape.tryBroadcast a a = Some a)
            law "the scalar is the identity of broadcasting" (fun a ->
                Shape.tryBroadcast a Shape.Scalar = Some a)
        ]
