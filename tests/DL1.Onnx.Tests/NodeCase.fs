/// ONNX's own test cases: a folder with a model, and inputs and outputs as tensors.
module DL1.Onnx.Tests.NodeCase

open System
open System.IO
open DL1
open DL1.Onnx

/// How a case ended.
[<RequireQualifiedAccess>]
type Outcome =
    /// By Eval and compiled, with these inputs given at import: `no`, `whole` (whole numbers and truth values), `all`.
    | Passed of given: string
    /// By an error of DL1.
    | Refused of message: string
    /// With other numbers than expected.
    | Wrong of string
    /// By another exception.
    | Broken of string

let private tensorOf (path: string) : OnnxTensor =
    ReadParts.tensor (WireSpan.OfMemory(ReadOnlyMemory(File.ReadAllBytes path)))

let private numbered (folder: string) (prefix: string) : string list =
    Directory.GetFiles(folder, prefix + "_*.pb")
    |> Array.sortBy (fun path ->
        int ((string (Path.GetFileNameWithoutExtension path)).Substring(prefix.Length + 1)))
    |> List.ofArray

/// ONNX's tolerance: 1e-3 relative and 1e-7, in which NaN equals NaN.
let private isClose (expected: Tensor) (found: Tensor) : bool =
    expected.Shape = found.Shape
    && Array.forall2
        (fun (e: float) (f: float) ->
            e = f || (Double.IsNaN e && Double.IsNaN f) || abs (e - f) <= 1e-7 + 1e-3 * abs e)
        (Tensor.toFloats expected)
        (Tensor.toFloats found)

let private compare how (names: string list) (expected: Tensor list) (found: Tensor list) : string option =
    List.zip3 names expected found
    |> List.tryPick (fun (name, e, f) ->
        if isClose e f then
            None
        else
            let short (t: Tensor) =
                let text =
                    String.Join(
                        " ",
                        Tensor.toFloats t |> Seq.truncate 12 |> Seq.map (fun v -> v.ToString("G5"))
                    )

                $"{t.DType} {t.Shape}: {text}"

            Some $"{how}, {name}: expected {short e}; found {short f}")

/// Runs one data set with some inputs given at import.
let private attempt
    (file: OnnxFile)
    (isGiven: Tensor -> bool)
    (inputs: Tensor list)
    (expected: (OnnxTensor * Tensor) list)
    : Outcome =
    let named =
        List.zip (file.Inputs |> Seq.truncate inputs.Length |> List.ofSeq) inputs
        |> List.map (fun (v, t) -> v.Name, t)

    let given, free = named |> List.partition (fun (_, t) -> isGiven t)
    let model = Onnx.import (given |> List.map (fun (name, t) -> Onnx.given name t)) file
    let names = List.ofSeq model.Outputs |> List.truncate expected.Length
    let expected = List.map snd expected

    // By the definitions.
    let variables = free |> List.map (fun (name, t) -> { Name = name; DType = t.DType; Shape = t.Shape })
    let xs = variables |> List.map Expr.ofVariable
    // The definitions are slow: one case of 220,000 samples is compiled alone.
    let isSmall = inputs |> List.forall (fun t -> t.Size <= 100_000)

    let evaluated =
        if isSmall then
            model.Apply xs |> List.truncate expected.Length |> Eval.many free
        else
            expected

    match compare "Eval" names expected evaluated with
    | Some wrong -> Outcome.Wrong wrong
    | None ->
        let results = model.Run free
        let compiled = names |> List.map (fun name -> results[name])

        match compare "compiled" names expected compiled with
        | Some wrong -> Outcome.Wrong wrong
        | None ->
            Outcome.Passed(
                if given.IsEmpty then "no"
                elif free.IsEmpty then "all"
                else "whole"
            )

/// Runs a case: with all inputs variable; where that is refused, with whole numbers given; and with all of them given.
let run (folder: string) : Outcome =
    try
        let file = Onnx.read (Path.Combine(folder, "model.onnx"))

        let sets = Directory.GetDirectories(folder, "test_data_set_*") |> Array.sort |> List.ofArray

        let one (set: string) =
            // bfloat16 as whole numbers of 16 bits, cut instead of rounded: data of another type than the model declares.
            let declared =
                Seq.append
                    (Seq.zip file.Inputs (numbered set "input"))
                    (Seq.zip file.Outputs (numbered set "output"))

            if declared |> Seq.exists (fun (v, path) -> v.IsTensor && v.Type <> (tensorOf path).Type) then
                Refuse.format
                    "test data"
                    "data of another type than the model declares"
                    "data of its type"
                    "leave the case out"

            let inputs = numbered set "input" |> List.map (tensorOf >> TensorData.read)

            let expected =
                numbered set "output" |> List.map (fun path -> let t = tensorOf path in t, TensorData.read t)

            let ladder =
                [ (fun (_: Tensor) -> false); (fun (t: Tensor) -> not t.DType.IsFloat); (fun _ -> true) ]

            let rec climb (rest: (Tensor -> bool) list) (first: Outcome option) =
                match rest with
                | [] -> first.Value
                | isGiven :: rest ->
                    let outcome =
                        try
                            attempt file isGiven inputs expected
                        with :? DL1Error as e ->
                            Outcome.Refused e.Message

                    match outcome with
                    | Outcome.Refused _ -> climb rest (Some(Option.defaultValue outcome first))
                    | _ -> outcome

            climb ladder None

        let outcomes = sets |> List.map one

        outcomes
        |> List.tryFind (fun o ->
            match o with
            | Outcome.Passed _ -> false
            | _ -> true)
        |> Option.orElse (List.tryHead outcomes)
        |> Option.defaultValue (Outcome.Refused "no data")
    with
    | :? DL1Error as e -> Outcome.Refused e.Message
    | e -> Outcome.Broken $"{e.GetType().Name}: {e.Message}\n{e.StackTrace}"
