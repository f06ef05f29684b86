/// Tensors: making, reading and comparing them, and conversions from and to .NET and MathNet.
module DL1.Tests.TensorTests

open System
open DL1
open DL1.Tests.Law
open Expecto
open MathNet.Numerics.LinearAlgebra

/// Elements that differ from place to place, special values among them.
let private floatAt i =
    match i % 7 with
    | 3 -> nan
    | 4 -> -infinity
    | 5 -> -0.0
    | k -> float i + float k / 8.0

let private refuses name action (part: string) =
    test name {
        let error = Expect.throwsC action (fun e -> e)
        Expect.isTrue (error :? ShapeError) "is a ShapeError"
        Expect.stringContains error.Message part "names what was wrong"
    }

/// Every way out of a tensor and back gives the same bits.
let private survives (at: int -> 'e) (shape: Shape) =
    let dims = shape.ToList()
    let elements = Array.init shape.Size at
    let t = Tensor.ofArray dims elements
    let same = Tensor.sameBits t
    let buffer: 'e[] = Array.zeroCreate (t.Size + 2)
    t.CopyTo(buffer.AsSpan())

    let byShape =
        match shape.Rank with
        | 1 -> [ Convert.ofArray1D (Convert.toArray1D<'e> t); Tensor.vector (Convert.toArray1D<'e> t) ]
        // Rows of no columns or blocks of no rows cannot tell the extents within.
        | 2 ->
            [
                Convert.ofArray2D (Convert.toArray2D<'e> t)
                if shape[0] > 0 then
                    Convert.ofRows (Convert.toRows<'e> t)
            ]
        | 3 ->
            [
                Convert.ofArray3D (Convert.toArray3D<'e> t)
                if shape[0] > 0 && shape[1] > 0 then
                    Convert.ofBlocks (Convert.toBlocks<'e> t)
            ]
        | 4 -> [ Convert.ofArray4D (Convert.toArray4D<'e> t) ]
        | _ -> [ Tensor.scalar (t.ToArray<'e>()[0]) ]

    same (Tensor.ofArray dims (Tensor.toArray<'e> t))
    && same (Convert.ofSpan dims (t.AsSpan<'e>()))
    && same (Convert.ofSpan dims (ReadOnlySpan(buffer, 0, t.Size)))
    && List.forall same byShape

let private survivesMathNet (at: int -> 'e) (shape: Shape) =
    match shape.ToList() with
    | [ n ] ->
        let t = Tensor.ofArray [ n ] (Array.init n at)
        Tensor.sameBits t (Convert.ofVector (Convert.toVector<'e> t))
    | [ rows; columns ] ->
        let t = Tensor.ofArray [ rows; columns ] (Array.init (rows * columns) at)
        Tensor.sameBits t (Convert.ofMatrix (Convert.toMatrix<'e> t))
    | _ -> true

let private roundTrips =
    testList
        "round trips"
        [
            law "of f32" <| survives (floatAt >> float32)
            law "of f64" <| survives floatAt
            law "of i32" <| survives (fun i -> i - 3)
            law "of i64" <| survives (fun i -> int64 i - (1L <<< 60))
            law "of truth values" <| survives (fun i -> i % 3 = 0)
            law "of f64 through MathNet" <| survivesMathNet floatAt
            law "of f32 through MathNet" <| survivesMathNet (floatAt >> float32)
            law "of each overload of Of" (fun (shape: Shape) ->
                // Without extents Of makes a vector.
                let shape = Shape.insertAxis 0 2 shape
                let dims = Array.ofList (shape.ToList())
                let n = shape.Size
                let count i = i - 3

                Tensor.Of(Array.init n (floatAt >> float32), dims).ToArray<float32>().Length = n
                && Tensor.sameBits
                    (Tensor.Of(Array.init n floatAt, dims))
                    (Tensor.ofArray (shape.ToList()) (Array.init n floatAt))
                && Tensor.Of(Array.init n count, dims).ToArray() = Array.init n count
                && Tensor.Of(Array.init n (count >> int64), dims).ToArray() = Array.init n (count >> int64)
                && Tensor.Of(Array.init n (fun i -> i > 2), dims).ToArray() = Array.init n (fun i -> i > 2))
            law "of whole numbers through other types" (fun (values: int16[]) ->
                let t = Tensor.vector (Array.map int values)

                DType.all
                |> List.filter (fun dtype -> dtype <> DType.Bool)
                |> List.forall (fun dtype -> t |> Tensor.cast dtype |> Tensor.cast DType.I32 = t))
        ]

let private layout =
    testList
        "layout"
        [
            law "an index reads the element that the strides say" (fun (shape: Shape) ->
                let t = Tensor.reshape (shape.ToList()) (Tensor.arange DType.I32 shape.Size)

                let rec indices dims =
                    match dims with
                    | [] -> [ [] ]
                    | d :: rest ->
                        [
                            for i in 0 .. d - 1 do
                                for inner in indices rest -> i :: inner
                        ]

                indices (shape.ToList())
                |> List.forall (fun index ->
                    let offset = Seq.sum (Seq.map2 (*) index shape.Strides)
                    t[Array.ofList index] = float offset))
            test "a rectangular array lies in rows" {
                let t = Convert.ofArray2D (array2D [ [ 1f; 2f; 3f ]; [ 4f; 5f; 6f ] ])
                Expect.equal t (Tensor.ofArray [ 2; 3 ] [| 1f .. 6f |]) "the tensor"
                Expect.equal t[1, 0] 4.0 "an element"
            }
            test "a matrix of MathNet lies in rows, though it stores columns" {
                let m = Matrix<float>.Build.DenseOfRows [ [ 1.0; 2.0; 3.0 ]; [ 4.0; 5.0; 6.0 ] ]
                Expect.equal (Convert.ofMatrix m) (Tensor.ofArray [ 2; 3 ] [| 1.0 .. 6.0 |]) "dense"
                let sparse = Matrix<float>.Build.SparseOfMatrix m
                Expect.equal (Convert.ofMatrix sparse) (Convert.ofMatrix m) "sparse"
                Expect.equal (Convert.toMatrix<float>(Convert.ofMatrix m)) m "and back"
            }
            test "lists, arrays and sequences of rows" {
                let expected = Tensor.ofArray [ 2; 2 ] [| 1; 2; 3; 4 |]
                Expect.equal (Convert.ofRows [ [ 1; 2 ]; [ 3; 4 ] ]) expected "lists"
                Expect.equal (Convert.ofRows [| [| 1; 2 |]; [| 3; 4 |] |]) expected "arrays"

                Expect.equal
                    (Convert.ofRows (seq { for i in [ 1; 3 ] -> seq { i .. i + 1 } }))
                    expected
                    "sequences"

                let blocks = Convert.ofBlocks [ [ [ 1; 2 ] ]; [ [ 3; 4 ] ] ]
                Expect.equal blocks (Tensor.reshape [ 2; 1; 2 ] expected) "blocks"
                Expect.equal (Convert.ofRows (List.empty<int list>)).Shape (Shape.ofList [ 0; 0 ]) "no rows"

                Expect.equal
                    (Convert.ofBlocks [ List.empty<int list> ]).Shape
                    (Shape.ofList [ 1; 0; 0 ])
                    "no rows in a block"
            }
            test "without extents Of makes a vector" {
                Expect.equal (Tensor.Of [| 1f; 2f |]) (Tensor.vector [ 1f; 2f ]) "the vector"
            }
            test
                "a tensor does not see what is written to the array it was made from, nor the other way round" {
                let source = [| 1f; 2f |]
                let t = Tensor.Of source
                source[0] <- 9f
                let copy = t.ToArray<float32>()
                copy[1] <- 9f
                Expect.equal (Tensor.toArray<float32> t) [| 1f; 2f |] "the elements"
            }
        ]

let private refusals =
    let t = Tensor.ofArray [ 2; 3 ] [| 1f .. 6f |]

    testList
        "refusals"
        [
            refuses "a count that is not the shape's" (fun () -> Tensor.Of([| 1f; 2f |], 3) |> ignore) "[3]"
            refuses
                "an element type that tensors do not have"
                (fun () -> Tensor.vector [ "a" ] |> ignore)
                "String"
            refuses "reading f32 as double" (fun () -> t.ToArray<float>() |> ignore) "f32"
            refuses
                "reading i32 as uint32"
                (fun () -> Tensor.Of([| 1 |]).ToArray<uint32>() |> ignore)
                "UInt32"
            refuses
                "a span that is too short"
                (fun () -> t.CopyTo(Span<float32>(Array.zeroCreate 5)))
                "5 elements"
            refuses "a matrix read as a vector" (fun () -> Convert.toVector<float32> t |> ignore) "[2, 3]"
            refuses "too few indices" (fun () -> t[1] |> ignore) "1 indices"
            refuses
                "a ragged row, which it names"
                (fun () -> Convert.ofRows [ [ 1; 2 ]; [ 3; 4 ]; [ 5 ] ] |> ignore)
                "row 2 of length 1"
            refuses
                "a ragged row in a block, which it names"
                (fun () -> Convert.ofBlocks [ [ [ 1; 2 ] ]; [ [ 3 ] ] ] |> ignore)
                "row 0 of block 1 of length 1"
            refuses
                "a ragged block, which it names"
                (fun () -> Convert.ofBlocks [ [ [ 1 ] ]; [ [ 3 ]; [ 4 ] ] ] |> ignore)
                "block 1 of length 2"
            test "an index outside its axis is a DomainError" {
                Expect.throwsT<DomainError> (fun () -> t[0, 3] |> ignore) "beyond"
                Expect.throwsT<DomainError> (fun () -> t[-1, 0] |> ignore) "before"
            }
        ]

let private equality =
    testList
        "equality"
        [
            test "NaN equals NaN and 0 equals −0, with the same hash" {
                let a, b = Tensor.vector [ nan; 0.0 ], Tensor.vector [ nan; -0.0 ]
                Expect.equal a b "equal"
                Expect.equal (a.GetHashCode()) (b.GetHashCode()) "one hash"
                Expect.isFalse (Tensor.sameBits a b) "but other bits"
                Expect.isTrue (Tensor.allClose 0.0 0.0 a b) "and close"
            }
            test "tensors filled with −0 keep its sign, and with 0 have none" {
                for dtype in [ DType.F32; DType.F64 ] do
                    let bits value =
                        Tensor.toFloats (Tensor.full dtype [ 3 ] value) |> Array.map Double.IsNegative

                    Expect.equal (bits -0.0) [| true; true; true |] "−0"
                    Expect.equal (bits 0.0) [| false; false; false |] "0"

                let stretched = Eval.run [] (Expr.full DType.F32 [ 3 ] -0.0)
                Expect.isTrue (Tensor.sameBits stretched (Tensor.full DType.F32 [ 3 ] -0.0)) "by Eval"
            }
            test "type and shape count" {
                Expect.notEqual
                    (Tensor.vector [ 1f ])
                    (Tensor.cast DType.F32 (Tensor.vector [ 1 ]) |> Tensor.reshape [])
                    "shape"

                Expect.notEqual (Tensor.vector [ 1f ]) (Tensor.vector [ 1 ]) "type"
            }
        ]

let tests: Test = testList "Tensor" [ roundTrips; layout; refusals; equality ]
