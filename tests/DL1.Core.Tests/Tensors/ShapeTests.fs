/// Shapes: broadcasting against its definition, axes, strides, refusals.
module DL1.Tests.ShapeTests

open System
open DL1
open DL1.Tests.Law
open Expecto

/// Shapes that mostly broadcast together: extents of 1 or 3, and now and then another.
let private friendly (shape: Shape) =
    Shape.ofList
        [
            for d in shape.ToList() ->
                if d = 0 then 0
                elif d < 4 then 1 + 2 * (d % 2)
                else 1
        ]

/// Broadcasting as its definition has it, on extents from the last to the first.
let private naive (a: Shape) (b: Shape) =
    let rank = max a.Rank b.Rank

    let padded (s: Shape) = List.replicate (rank - s.Rank) 1 @ s.ToList()

    let pairs = List.zip (padded a) (padded b)

    if pairs |> List.forall (fun (x, y) -> x = y || x = 1 || y = 1) then
        pairs |> List.map (fun (x, y) -> if x = 1 then y else x) |> Shape.ofList |> Some
    else
        None

let private both f a b = f (friendly a) (friendly b) && f a b

let private example a b expected =
    test $"{a} with {b}" {
        let found = Shape.tryBroadcast (Shape.ofList a) (Shape.ofList b)
        Expect.equal found (Option.map Shape.ofList expected) "the broadcast shape"
    }

let private refuses name action (part: string) =
    test name {
        let error = Expect.throwsC action (fun e -> e)
        Expect.isTrue (error :? ShapeError) "is a ShapeError"
        Expect.stringContains error.Message part "names what was wrong"
    }

let private broadcasting =
    testList
        "broadcasting"
        [
            example [ 3; 4 ] [ 4 ] (Some [ 3; 4 ])
            example [ 3; 1 ] [ 1; 4 ] (Some [ 3; 4 ])
            example [] [ 2; 0 ] (Some [ 2; 0 ])
            example [ 1 ] [ 0 ] (Some [ 0 ])
            example [ 3 ] [ 4 ] None
            example [ 3 ] [ 0 ] None
            law "agrees with its definition" <| both (fun a b -> Shape.tryBroadcast a b = naive a b)
            law "commutes" <| both (fun a b -> Shape.tryBroadcast a b = Shape.tryBroadcast b a)
            law "associates" (fun a b c ->
                let holds a b c =
                    let left = Shape.tryBroadcast a b |> Option.bind (fun ab -> Shape.tryBroadcast ab c)
                    let right = Shape.tryBroadcast b c |> Option.bind (Shape.tryBroadcast a)
                    left = right

                holds a b c && holds (friendly a) (friendly b) (friendly c))
            law "of a shape with itself is itself" (fun a -> Shape.tryBroadcast a a = Some a)
            law "has the scalar as identity" (fun a -> Shape.tryBroadcast a Shape.Scalar = Some a)
            law "stretches both shapes to the result"
            <| both (fun a b ->
                match Shape.tryBroadcast a b with
                | Some c -> Shape.stretchesTo c a && Shape.stretchesTo c b
                | None -> not (Shape.stretchesTo a b) && not (Shape.stretchesTo b a))
        ]

let private axes =
    testList
        "axes"
        [
            law "the size is the product of the extents" (fun (s: Shape) ->
                s.Size = List.fold (*) 1 (s.ToList()))
            law "a stride is the size of what lies within the axis" (fun (s: Shape) ->
                s.Strides =
                    [|
                        for axis in 0 .. s.Rank - 1 -> s.ToList() |> List.skip (axis + 1) |> List.fold (*) 1
                    |])
            law "an axis put in and removed leaves the shape" (fun (s: Shape) ->
                [ 0 .. s.Rank ]
                |> List.forall (fun axis -> s |> Shape.insertAxis axis 7 |> Shape.removeAxis axis = s))
            law "an axis changed has the new extent, and no other axis has" (fun (s: Shape) ->
                [ 0 .. s.Rank - 1 ]
                |> List.forall (fun axis ->
                    (Shape.withAxis axis 9 s).ToList() = List.updateAt axis 9 (s.ToList())))
            law "axes count from the end where negative" (fun (s: Shape) ->
                [ 0 .. s.Rank - 1 ]
                |> List.forall (fun axis ->
                    Shape.axis "test" s axis = axis && Shape.axis "test" s (axis - s.Rank) = axis))
            refuses
                "an axis that is not there"
                (fun () -> Shape.axis "sum" (Shape.ofList [ 2; 3 ]) 2 |> ignore)
                "axis 2 of a tensor of shape [2, 3]"
            refuses
                "an axis of a scalar"
                (fun () -> Shape.axis "sum" Shape.Scalar 0 |> ignore)
                "a scalar has none"
        ]

let private making =
    testList
        "making"
        [
            refuses "a negative extent" (fun () -> Shape.ofList [ 2; -1 ] |> ignore) "[2, -1]"
            refuses "too many elements" (fun () -> Shape.ofList [ 65536; 65536 ] |> ignore) "2147418112"
            refuses
                "too many elements, where the product wraps around"
                (fun () -> Shape.ofList [ Int32.MaxValue; Int32.MaxValue; 4 ] |> ignore)
                "2147418112"
            test "a zero extent empties the shape" {
                Expect.equal (Shape.ofList [ 65536; 1024; 0 ]).Size 0 "the size"
            }
            refuses
                "too many elements beside a zero extent, whose strides would overflow"
                (fun () -> Shape.ofList [ 65536; 65536; 0 ] |> ignore)
                "2147418112"
            test "prints its extents" {
                Expect.equal (string (Shape.ofList [ 3; 4 ])) "[3, 4]" "a matrix"
                Expect.equal (string Shape.Scalar) "[]" "a scalar"
            }
            law "equal extents make equal shapes" (fun (s: Shape) ->
                let again = Shape.Of(s.ToList())
                again = s && again.GetHashCode() = s.GetHashCode() && Seq.toList again = s.ToList())
            law "an extent more makes another shape" (fun (s: Shape) -> Shape.insertAxis 0 1 s <> s)
        ]

let tests: Test = testList "Shape" [ broadcasting; axes; making ]
