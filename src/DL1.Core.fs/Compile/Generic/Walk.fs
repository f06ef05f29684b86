namespace DL1.Compiler.Generic

open DL1

/// Sweeps over a shape.
[<RequireQualifiedAccess>]
module internal Walk =
    /// The strides of a tensor seen through a broadcast to a shape: 0 along what is stretched.
    let strides (target: Shape) (source: Shape) : int list =
        let missing = target.Rank - source.Rank
        let own = source.Strides

        List.init target.Rank (fun axis ->
            if axis < missing || source[axis - missing] = 1 then 0 else own[axis - missing])
