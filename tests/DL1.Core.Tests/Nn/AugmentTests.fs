/// Images are changed in training alone, each by itself, by what the key says.
module DL1.Tests.AugmentTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

/// Each case evaluates many nodes, so there are fewer of them.
let private law name property = testPropertyWithConfig { config with maxTest = 25 } name property

let private images seed = normal seed [ 6; 2; 5; 7 ]
let private trained seed layer x = fst (applied (training seed) (Tree.empty, Tree.empty) layer x)
let private run e = Eval.run [] e

/// The images of a batch, each by itself.
let private each (x: Tensor) =
    [ for i in 0 .. x.Shape[0] - 1 -> run (Expr.sliceAxis 0 i (i + 1) (Expr.constant x)) ]

let private all =
    [
        "horizontal flips", Augment.flipHorizontal 0.5
        "vertical flips", Augment.flipVertical 0.5
        "crops", Augment.crop 2
        "crops to less", Augment.cropTo 4 3
        "rotations", Augment.rotate 30.0
        "erasing", Augment.erase 0.5
    ]

let private domain f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
let private shape f = Expect.throwsT<ShapeError> (fun () -> f () |> ignore) ""

let tests =
    testList
        "Augment"
        [
            for name, layer in all do
                law $"{name}: the key says all, and another key says something else" (fun seed ->
                    let x = images seed
                    let keys = [ for k in 0L .. 5L -> trained (seed + k) layer x ]

                    Tensor.sameBits keys[0] (trained seed layer x)
                    && keys |> List.exists (fun y -> not (Tensor.sameBits y keys[0])))

                law $"{name}: compiled as evaluated" (fun seed ->
                    let x = images seed
                    let input, key = like "x" x, Expr.variable "key" DType.I32 [ 2 ]
                    let y, _ = Layer.apply (Mode.Training key) Tree.empty Tree.empty layer input
                    let values = [ x; Key.toTensor (Key.ofSeed seed) ]
                    let variables = Graph.variables [ input; key ]
                    let found = Compile.prepare variables [ y ] values |> List.head
                    close 1e-9 (Eval.run [ "x", x; "key", values[1] ] y) found)

                test $"{name}: nothing is drawn in inference, and an empty batch is none" {
                    let x = images 1L
                    let y = given 1L layer x

                    if name = "crops to less" then
                        let middle = Expr.constant x |> Expr.sliceAxis 2 0 4 |> Expr.sliceAxis 3 2 5
                        Expect.equal y (run middle) "the middle"
                    else
                        Expect.equal y x "the same"

                    let none = Tensor.zeros DType.F64 [ 0; 2; 5; 7 ]
                    Expect.equal (trained 1L layer none).Size 0 "no images"
                }
            law "a flip turns whole images, each or not" (fun seed ->
                let x = images seed
                let turned axis = run (Expr.reverse [ axis ] (Expr.constant x))

                [ Augment.flipHorizontal, 3; Augment.flipVertical, 2 ]
                |> List.forall (fun (flip, axis) ->
                    let y = each (trained seed (flip 0.5) x)

                    List.forall2 (fun y (a, b) -> y = a || y = b) y (List.zip (each x) (each (turned axis)))
                    && trained seed (flip 1.0) x = turned axis
                    && trained seed (flip 0.0) x = x))
            law "a crop is a window of the image with zeros around it" (fun seed ->
                let x = images seed
                let padded = Expr.pad [ 0; 0; 2; 2 ] [ 0; 0; 2; 2 ] 0.0 (Expr.constant x)

                let windows i =
                    [
                        for row in 0..4 do
                            for column in 0..4 ->
                                padded
                                |> Expr.sliceAxis 0 i (i + 1)
                                |> Expr.sliceAxis 2 row (row + 5)
                                |> Expr.sliceAxis 3 column (column + 7)
                                |> run
                    ]

                each (trained seed (Augment.crop 2) x)
                |> List.indexed
                |> List.forall (fun (i, y) -> windows i |> List.contains y)
                && trained seed (Augment.crop 0) x = x)
            law "every window of a crop is drawn" (fun seed ->
                let x = Tensor.ofArray [ 200; 1; 2; 2 ] (Array.init 800 (fun i -> float (i % 4 + 1)))

                let found =
                    each (trained seed (Augment.crop 1) x) |> List.map Tensor.toFloats |> List.distinct

                found.Length = 9)
            law "four quarter turns are none, and one is a transposition and a reversal" (fun seed ->
                let x = Expr.constant (normal seed [ 2; 3; 5; 5 ])
                let turn degrees e = Augment.rotateBy (Expr.constant (Tensor.vector [ degrees; degrees ])) e
                let quarter = x |> Expr.transpose [ 0; 1; 3; 2 ] |> Expr.reverse [ 2 ]

                close 1e-9 (run quarter) (run (turn 90.0 x))
                && close 1e-9 (run x) (run (x |> turn 90.0 |> turn 90.0 |> turn 90.0 |> turn 90.0))
                && close 1e-9 (run (Expr.reverse [ 2; 3 ] x)) (run (turn 180.0 x))
                && Tensor.sameBits (run x) (run (turn 0.0 x)))
            law "each image is turned by its own angle" (fun seed ->
                let x = normal seed [ 2; 1; 4; 4 ]
                let angles = [ 20.0; -70.0 ]

                let both =
                    each (run (Augment.rotateBy (Expr.constant (Tensor.vector angles)) (Expr.constant x)))

                let alone =
                    List.map2
                        (fun (a: float) y ->
                            run (Augment.rotateBy (Expr.constant (Tensor.vector [ a ])) (Expr.constant y)))
                        angles
                        (each x)

                List.forall2 (close 1e-12) both alone)
            law "what is erased is one rectangle, of the area asked for, in all channels" (fun seed ->
                let side = 20
                let x = Tensor.ones DType.F64 [ 8; 2; side; side ]

                let o =
                    { Augment.erasing with
                        Probability = 1.0
                        Smallest = 0.1
                        Largest = 0.2
                        Flattest = 0.5
                        Value = 7.0
                    }

                each (trained seed (Augment.eraseWith o) x)
                |> List.forall (fun y ->
                    let values = Tensor.toFloats y
                    let isErased i = values[i] = 7.0
                    let first, second = Array.splitAt (side * side) values

                    let rows =
                        [
                            for r in 0 .. side - 1 do
                                if Seq.exists (fun c -> isErased (r * side + c)) [ 0 .. side - 1 ] then
                                    r
                        ]

                    let columns =
                        [
                            for c in 0 .. side - 1 do
                                if Seq.exists (fun r -> isErased (r * side + c)) [ 0 .. side - 1 ] then
                                    c
                        ]

                    let count = first |> Array.filter (fun v -> v = 7.0) |> Array.length
                    let share = float count / float (side * side)
                    let isRun (places: int list) = List.last places - places.Head + 1 = places.Length

                    first = second
                    && isRun rows
                    && isRun columns
                    && count = rows.Length * columns.Length
                    && share > 0.07
                    && share < 0.24))
            law "the share of images that are erased is the probability" (fun seed ->
                let x = Tensor.ones DType.F32 [ 400; 1; 4; 4 ]

                let changed =
                    each (trained seed (Augment.erase 0.25) x)
                    |> List.filter (fun y -> Array.contains 0.0 (Tensor.toFloats y))

                abs (float changed.Length / 400.0 - 0.25) < 0.1)
            test "what does not fit is refused" {
                domain (fun () -> Augment.flipHorizontal 1.5)
                domain (fun () -> Augment.flipVertical nan)
                domain (fun () -> Augment.crop -1)
                domain (fun () -> Augment.cropTo 0 3)
                domain (fun () -> Augment.rotate 181.0)
                domain (fun () -> Augment.rotate nan)
                domain (fun () -> Augment.erase -0.1)
                domain (fun () -> Augment.eraseWith { Augment.erasing with Smallest = 0.5 })
                domain (fun () -> Augment.eraseWith { Augment.erasing with Flattest = 1.0 })
                domain (fun () -> Augment.eraseWith { Augment.erasing with Value = nan })
                shape (fun () -> given 1L (Augment.cropTo 6 3) (images 1L))
                shape (fun () -> given 1L (Augment.crop 1) (normal 1L [ 2; 3 ]))
                shape (fun () -> given 1L (Augment.crop 1) (Tensor.zeros DType.I32 [ 1; 1; 2; 2 ]))

                shape (fun () ->
                    Augment.rotateBy (Expr.constant (Tensor.vector [ 1.0 ])) (Expr.constant (images 1L)))
            }
        ]
