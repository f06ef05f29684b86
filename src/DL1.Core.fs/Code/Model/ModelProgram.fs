namespace DL1.Compiler.Source

open System.Collections.Generic
open DL1

/// Graphs of one sample as programs.
[<RequireQualifiedAccess>]
module internal ModelProgram =
    /// The text and the resource of a graph: inputs are variables, each with its name as a parameter, and outputs are named
    /// roots.
    let write
        (parts: ProgramParts)
        (inputs: (string * Variable) list)
        (outputs: (string * Expr) list)
        : struct (string * byte[]) =
        let names = ProgramName.parameters ((inputs |> List.map fst) @ (outputs |> List.map fst))

        let inputNames, outputNames = List.splitAt inputs.Length names

        let port name dtype (shape: Shape) : Port = { Name = name; DType = dtype; Dims = shape.ToList() }

        let parts =
            { parts with
                Inputs = List.map2 (fun name (_, v: Variable) -> port name v.DType v.Shape) inputNames inputs
                Outputs = List.map2 (fun name (_, e: Expr) -> port name e.DType e.Shape) outputNames outputs
            }

        let builder = ProgramBuilder(inputNames, outputNames)
        let views = Dictionary<string, View>()

        inputs
        |> List.iteri (fun i (_, v) -> views[v.Name] <- View.whole (Slot.Given i) v.DType (v.Shape.ToList()))

        Lowering.run builder views (Prepare.run (outputs |> List.map snd))
        ProgramText.write parts builder
