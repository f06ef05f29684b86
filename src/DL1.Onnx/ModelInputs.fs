namespace DL1.Onnx

open System
open System.Collections.Generic
open DL1

/// The inputs of a model, as those who run it give them: named extents, names and types are checked.
[<RequireQualifiedAccess>]
module internal ModelInputs =
    let private operation = "Onnx.import"

    /// The values that are given at import, by name, in the types that the file's have here.
    let given (file: OnnxFile) (given: (string * Tensor) list) : Dictionary<string, Tensor> =
        let table = Dictionary<string, Tensor>()

        for name, value in given do
            match file.Model.Graph.Inputs |> List.tryFind (fun v -> v.Name = name) with
            | None ->
                let names = file.Inputs |> Seq.map _.Name |> String.concat ", "
                Refuse.domain operation $"a value for the input '{name}'" $"one of: {names}" "check the name"
            | Some v ->
                match TensorData.tryStorage DType.F32 v.Type with
                | ValueSome dtype -> table[name] <- Tensor.cast dtype value
                | ValueNone -> table[name] <- value

        table

    /// Named extents, each with the input that it was first met in.
    let bind (inputs: OnnxValue list) (xs: Expr list) : unit =
        let known = Dictionary<string, struct (int * string)>()

        for v, x in List.zip inputs xs do
            match v.Dims with
            | None -> ()
            | Some dims ->
                let declared = String.Join(", ", dims |> List.map string)

                if dims.Length <> x.Shape.Rank then
                    Refuse.shape
                        operation
                        $"the input '{v.Name}' of shape {x.Shape}"
                        $"[{declared}]"
                        "give it the axes that the model has"

                for i, dim in List.indexed dims do
                    match dim with
                    | OnnxDim.Any -> ()
                    | OnnxDim.Fixed n when n = int64 x.Shape[i] -> ()
                    | OnnxDim.Fixed n ->
                        let cure =
                            if i = 0 && n = 1L then
                                "import it per sample, for batches of any size"
                            else
                                "reshape the input, or export the model for this extent"

                        Refuse.shape operation $"the input '{v.Name}' of shape {x.Shape}" $"[{declared}]" cure
                    | OnnxDim.Named name ->
                        match known.TryGetValue name with
                        | true, struct (extent, first) when extent <> x.Shape[i] ->
                            Refuse.shape
                                operation
                                $"the extent '{name}', which is %d{extent} in the input '{first}' and %d{x.Shape[i]} in '{v.Name}'"
                                "one extent for each name"
                                "give inputs that belong together"
                        | true, _ -> ()
                        | false, _ -> known[name] <- struct (x.Shape[i], v.Name)

    /// Refuses too few inputs, and too many.
    let require (inputs: OnnxValue list) (xs: Expr list) : unit =
        if xs.Length <> inputs.Length then
            let names = inputs |> List.map _.Name |> String.concat ", "

            Refuse.domain
                operation
                $"%d{xs.Length} inputs"
                $"%d{inputs.Length}: {names}"
                "give one for each, in order"

    /// The values of the inputs, in order.
    let valuesOf (inputs: OnnxValue list) (xs: (string * Tensor) list) : Tensor list =
        for name, _ in xs do
            if inputs |> List.forall (fun v -> v.Name <> name) then
                let names = inputs |> List.map _.Name |> String.concat ", "
                Refuse.domain "ImportedModel.run" $"the input '{name}'" $"one of: {names}" "check the name"

        inputs
        |> List.map (fun v ->
            match xs |> List.filter (fun (name, _) -> name = v.Name) with
            | [ _, t ] -> t
            | found ->
                let names = inputs |> List.map _.Name |> String.concat ", "

                Refuse.domain
                    "ImportedModel.run"
                    (if found.IsEmpty then
                         $"no value for the input '{v.Name}'"
                     else
                         $"several values for the input '{v.Name}'")
                    $"one value for each of {names}"
                    "give each input once")
