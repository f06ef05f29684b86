namespace DL1.Onnx

open System
open DL1

/// The value of an input that is given when a model is imported, because it decides shapes or branches.
[<NoComparison; NoEquality>]
type Given =
    {
        /// The input's name.
        Input: string
        /// Its value.
        Value: Tensor
    }

/// Reading ONNX files and importing them as expressions.
/// ```
/// let file = Onnx.read "model.onnx"
/// let model = Onnx.import [] file
/// let outputs = Onnx.run [ "x", inputs ] model
/// ```
[<RequireQualifiedAccess>]
module Onnx =
    /// Reads a file: weights, and tensors in files beside it, are read when they are needed. Until then a file of a megabyte or more
    /// stays open, and must not be written to; another that takes its name changes nothing. A file that is no ONNX model, or a damaged
    /// one, is a `FormatError`. `Onnx.read "model.onnx"`
    let read (path: string) : OnnxFile = OnnxFile.OfPath(path, 1 <<< 20)

    /// Reads a model from the bytes of a file. The bytes are used as they are, and must not change.
    /// `Onnx.ofBytes (System.IO.File.ReadAllBytes "model.onnx")`
    let ofBytes (bytes: byte[]) : OnnxFile =
        OnnxFile.OfBytes(ReadOnlyMemory bytes, Environment.CurrentDirectory, "bytes")

    /// A value for an input at import. `Onnx.given "sr" (Tensor.scalar 16000L)`
    let given (input: string) (value: Tensor) : Given = { Input = input; Value = value }

    /// Imports a file. Inputs that decide shapes or branches are given their values here. What DL1 cannot import is a
    /// `FormatError` that lists all of it; so is an input that a shape depends on and that is not given, when the model is run.
    /// `Onnx.import [ Onnx.given "sr" (Tensor.scalar 16000L) ] file`
    let import (given: Given list) (file: OnnxFile) : ImportedModel =
        ImportedModel(file, given |> List.map (fun g -> g.Input, g.Value), false)

    /// Imports a model that takes one sample, `[1; ...]`, as one that takes batches of any size, `[batch; ...]`: each input and
    /// each output has the batch in the place of the 1. `Onnx.perSample [] file`
    let perSample (given: Given list) (file: OnnxFile) : ImportedModel =
        ImportedModel(file, given |> List.map (fun g -> g.Input, g.Value), true)

    /// The outputs by name for inputs by name. `Onnx.run [ "x", inputs ] model`
    let run (inputs: (string * Tensor) list) (model: ImportedModel) : Tree<Tensor> = model.Run inputs

    /// Values inside the model by their names in the file. `Onnx.activations [ "/layer/Relu_output_0" ] [ "x", inputs ] model`
    let activations
        (names: string list)
        (inputs: (string * Tensor) list)
        (model: ImportedModel)
        : Tree<Tensor> =
        model.Activations(names, inputs)

    /// The outputs as expressions of the inputs, in order; weights are constants. `Onnx.apply [ x ] model`
    let apply (inputs: Expr list) (model: ImportedModel) : Expr list = model.Apply inputs

    /// The model as a layer of one input and its first output, whose parameters begin as the file's weights, under their names.
    /// `Onnx.layer model => Dense.linear 2`
    let layer (model: ImportedModel) : Layer<Expr, Expr> = model.Layer

    /// The model as a layer over named inputs and outputs. `Onnx.layerOf model`
    let layerOf (model: ImportedModel) : Layer<Tree<Expr>, Tree<Expr>> = model.LayerOf
