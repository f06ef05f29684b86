/// One node beside ONNX Runtime: files with a single operator, made here.
module internal DL1.Onnx.Tests.OperatorCase

open System.Collections.Generic
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open Expecto

/// The operators that the cases made here run, by domain and name.
let ran = HashSet<struct (string * string)>()

let normal seed dims = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed (int64 seed))

/// One node over these operands by name, "" for none that is given: the first is an input, the others are in the file.
let caseWith results name domain operator opset (operands: (string * Tensor) list) attributes =
    ran.Add(struct (domain, operator)) |> ignore

    test name {
        let first, x = operands.Head

        let kindOf (t: Tensor) =
            if t.DType = DType.F32 then OnnxType.Float
            elif t.DType = DType.I64 then OnnxType.Int64
            else OnnxType.Int32

        let g =
            graph
                [ value first (kindOf x) (x.Shape.ToList() |> List.map (fun d -> d :> obj)) ]
                [ nodeOf domain operator (List.map fst operands) (List.map fst results) attributes ]
                (operands.Tail |> List.filter (fun (name, _) -> name <> ""))
                (results |> List.map (fun (name, kind) -> { output name with Type = kind }))

        Judge.agrees name (modelWith [] opset g |> bytesOf) [] [ operands.Head ]
    }

let caseOf name = caseWith [ "y", OnnxType.Float ] name
let none = "", Tensor.vector [ 0.0f ]
let number (name: string) (n: int) = name, OnnxAttribute.Int(int64 n)
let real (name: string) (x: float) = name, OnnxAttribute.Float(float32 x)
let drawn name seed dims = name, normal seed dims
let i32 dims (values: int list) = Tensor.ofArray dims (Array.ofList values)

/// Positions' cosines and sines `[places; half]`, as rotary embeddings take them.
let angles places half =
    let at = Array.init (places * half) (fun i -> float (i / half) / 10.0 ** (float (i % half)))
    let table (f: float -> float) = Tensor.ofArray [ places; half ] (at |> Array.map (f >> float32))
    [ "cos", table cos; "sin", table sin ]
