/// A model as a table.
module DL1.Tests.SummaryTests

open DL1
open Expecto

let private model =
    Conv.conv2d 4 3
    => Activation.relu
    => Pooling.max 2
    => Shaping.flatten
    => Layer.residual (Dense.linear 36)
    => Dense.linear 10

let private summary = Summary.ofLayer (Expr.variable "x" DType.F32 [ 2; 1; 8; 8 ]) model

let tests =
    testList
        "Summary"
        [
            test "it reads as a table" {
                Expect.equal
                    (string summary)
                    """Layer         Output shape  Parameters  FLOPs
---------------------------------------------
0 (Conv2d)    [2, 4, 6, 6]          40  5,472
1 (ReLU)      [2, 4, 6, 6]           0    288
2 (MaxPool)   [2, 4, 3, 3]           0    288
3 (Flatten)   [2, 36]                0      0
4 (Residual)  [2, 36]            1,332  5,328
  4 (Linear)  [2, 36]            1,332  5,256
5 (Linear)    [2, 10]              370  1,460
---------------------------------------------
Parameters: 1,742   State: 0   FLOPs: 12,836"""
                    ""
            }
            test "a layer without parameters has none, wherever it stands; shared ones count once" {
                let part =
                    Layer.create "Part" (fun scope x ->
                        let y = scope.Run("a", Dense.linear 4, x)
                        let y = (Shaping.dropout 0.5).RunIn scope.Inner y
                        let y = scope.Run("a", Dense.linear 4, y)
                        Activation.relu.RunIn scope.Inner y)

                let summary =
                    Summary.ofLayer (Expr.variable "x" DType.F32 [ 2; 4 ]) (part => Shaping.dropout 0.1)

                Expect.equal
                    (summary.Rows |> List.map (fun r -> r.Layer, r.Parameters))
                    [ "Part", 20L; "Linear", 20L; "Dropout", 0L; "Linear", 20L; "ReLU", 0L; "Dropout", 0L ]
                    "rows"

                Expect.equal summary.Parameters 20L "in all"

                let transformer = Transformer.encoderLayer (Transformer.options 2 8)
                let rows = (Summary.ofLayer (Expr.variable "x" DType.F32 [ 2; 3; 4 ]) transformer).Rows

                for row in rows do
                    if row.Layer = "Dropout" then
                        Expect.equal row.Parameters 0L "a dropout inside"
            }
            test "its numbers are data" {
                let rows = summary.Rows |> List.filter (fun r -> r.Depth = 1)
                Expect.equal (rows |> List.sumBy _.Parameters) summary.Parameters "parameters"
                Expect.equal (rows |> List.sumBy _.Flops) summary.Flops "work"
            }
            test "a loop counts once, whichever of its results is used" {
                let work (layer: Layer<Expr, Expr>) =
                    (Summary.ofLayer (Expr.variable "x" DType.F32 [ 2; 6; 5 ]) layer).Flops

                let sequence = work (Recurrent.gru (Recurrent.options 3) |> Layer.map _.Sequence)
                let last = work (Recurrent.gru (Recurrent.options 3) |> Recurrent.last)
                Expect.isGreaterThan last 0L "the final state alone"
                Expect.floatClose { absolute = 0.0; relative = 0.1 } (float last) (float sequence) "either"
            }
            test "loops count their steps; state is told apart" {
                let layer = Recurrent.lstm (Recurrent.options 3) |> Recurrent.last => Norm.batchNorm1d
                let of' length = Summary.ofLayer (Expr.variable "x" DType.F32 [ 2; length; 5 ]) layer
                let short, long = of' 4, of' 8
                Expect.equal (short.Rows.Head.Output |> Option.map string) (Some "[2, 4, 3]") "the sequence"
                Expect.equal short.State (3L + 3L + 1L) "mean, variance, count"
                Expect.equal short.Parameters (12L * 5L + 12L * 3L + 24L + 6L) ""
                let loop (s: Summary) = s.Flops - 3L * 2L * 3L
                Expect.isTrue (float (loop long) / float (loop short) > 1.8) "twice as long, twice the work"
            }
        ]
