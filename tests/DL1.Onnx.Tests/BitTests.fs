/// Operations on the bits of whole numbers of all widths, with ONNX Runtime as the judge.
module DL1.Onnx.Tests.BitTests

open System
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open DL1.Onnx.Tests.OperatorCase
open Expecto

/// Numbers of which some are the type's least and largest.
let private values seed (least: int64) (largest: int64) : int64 list =
    let random = Random seed

    [ least; largest; 0L; 1L; largest - 1L; least + 1L; largest / 3L ]
    @ List.init 57 (fun _ -> random.NextInt64(least, largest))

/// An operator of two operands of a type, to which i64 is cast and from which it is cast back.
let private case operator opset (kind: OnnxType) least largest attributes (second: int64 list) =
    ran.Add(struct ("", operator)) |> ignore
    let mode = attributes |> List.map fst |> String.concat ""

    test $"{operator} of {kind} {mode}" {
        let first = values 1 least largest
        let cast input output (kind: OnnxType) = node "Cast" [ input ] [ output ] [ number "to" (int kind) ]

        let g =
            graph
                [ value "a" OnnxType.Int64 [ first.Length ]; value "b" OnnxType.Int64 [ second.Length ] ]
                [
                    cast "a" "a'" kind
                    cast "b" "b'" kind
                    node operator [ "a'"; "b'" ] [ "c" ] attributes
                    cast "c" "y" OnnxType.Int64
                ]
                []
                [ { output "y" with Type = OnnxType.Int64 } ]

        let bytes = bytesOf (modelWith [] opset g)
        let vector (elements: int64 list) = Tensor.ofArray [ elements.Length ] (Array.ofList elements)
        let inputs = [ "a", vector first; "b", vector second ]

        // To the last bit, which the judge's tolerance of doubles would not see.
        let expected = Judge.whole bytes inputs
        let found = (Onnx.import [] (Onnx.ofBytes bytes)).Run(inputs)["y"]
        Expect.equal (Tensor.toArray<int64> found) expected "the numbers"
    }

let tests =
    testList
        "bits"
        [
            for operator in [ "BitwiseAnd"; "BitwiseOr"; "BitwiseXor" ] do
                for kind, least, largest in
                    [
                        OnnxType.Int8, -128L, 127L
                        OnnxType.UInt8, 0L, 255L
                        OnnxType.Int16, -32768L, 32767L
                        OnnxType.UInt16, 0L, 65535L
                        OnnxType.Int32, int64 Int32.MinValue, int64 Int32.MaxValue
                        OnnxType.UInt32, 0L, int64 UInt32.MaxValue
                        OnnxType.Int64, Int64.MinValue, Int64.MaxValue
                    ] do
                    case operator 18L kind least largest [] (values 2 least largest)

            for kind, largest, width in
                [ OnnxType.UInt8, 255L, 8; OnnxType.UInt32, int64 UInt32.MaxValue, 32 ] do
                for direction in [ "LEFT"; "RIGHT" ] do
                    testList
                        direction
                        [
                            case
                                "BitShift"
                                17L
                                kind
                                0L
                                largest
                                [ "direction", text direction ]
                                (List.init 64 (fun i -> int64 (i % width)))
                        ]

            caseWith
                [ "y", OnnxType.Int32 ]
                "BitwiseNot"
                ""
                "BitwiseNot"
                18L
                [ "x", i32 [ 4 ] [ 0; -1; Int32.MaxValue; Int32.MinValue ] ]
                []
        ]
