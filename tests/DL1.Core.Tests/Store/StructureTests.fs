/// The structure of a model as JSON: what it says, and what it is compared with.
module DL1.Tests.StructureTests

open DL1
open DL1.Tests.Hostile
open Expecto

let private model width =
    Dense.linear width => Layer.residual (Dense.linear width => Activation.relu) => Norm.batchNorm1d

let private x = Expr.variable "x" DType.F32 [ 2; 3 ]
let private json = Structure.toJson x (model 4)

let private refused given =
    try
        Structure.check given x (model 4)
        ""
    with :? FormatError as e ->
        $"{e.Given} / {e.Expected}"

let tests =
    testList
        "Structure"
        [
            test "it reads as an outline of the model" {
                Expect.equal
                    (Structure.toJson x (Layer.residual (Dense.linear 3)))
                    """{
  "format": "DL1 model structure",
  "version": 1,
  "layers": [
    {
      "path": "",
      "layer": "Residual",
      "output": [2, 3],
      "layers": [
        {
          "path": "",
          "layer": "Linear",
          "output": [2, 3]
        }
      ]
    }
  ],
  "parameters": [
    {
      "path": "weight",
      "type": "f32",
      "shape": [3, 3],
      "begins": "standard"
    },
    {
      "path": "bias",
      "type": "f32",
      "shape": [3],
      "begins": "within ±1/√3"
    }
  ],
  "state": []
}
"""
                    ""
            }
            test "a model fits its own structure" { Expect.equal (refused json) "" "" }
            test "a text means the same however it is escaped" {
                Expect.stringContains json "±" "what may be escaped"
                Expect.equal (refused (json.Replace("±", "\\u00b1").Replace("Linear", "\\u004cinear"))) "" ""
            }
            test "the first difference is named with its place" {
                Expect.equal
                    (refused (Structure.toJson x (model 5)))
                    "5 at layers[0].output[1] / 4"
                    "another width"

                Expect.equal
                    (refused (Structure.toJson x (model 4 => Activation.relu)))
                    "4 at layers.length / 3"
                    "another layer"

                Expect.equal
                    (refused (json.Replace("\"Linear\"", "\"Dense\"")))
                    "\"Dense\" at layers[0].layer / \"Linear\""
                    "another kind of layer"
            }
            test "what is there beside a structure is no part of it" {
                Expect.equal
                    (refused (json.Replace("\"version\": 1,", "\"version\": 1, \"note\": true,")))
                    "something at note / nothing there"
                    ""
            }
            test "10,000 damaged texts" {
                let bytes = System.Text.Encoding.UTF8.GetBytes json

                let check (damaged: byte[]) =
                    Structure.check (System.Text.Encoding.UTF8.GetString damaged) x (model 4)

                survives 10_000 check [ bytes ]
            }
        ]
