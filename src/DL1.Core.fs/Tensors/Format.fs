namespace DL1

/// Tensors as text.
module internal Format =
    /// Type, shape and elements.
    let tensor (shape: Shape) (elements: Elements) =
        $"{shape} {Elements.toFloats elements |> Seq.truncate 20 |> List.ofSeq}"
