namespace DL1

/// How a fused kernel walks: rows of equal length, along which each input stands still or moves by one element.
[<NoEquality; NoComparison>]
type internal Walk =
    {
        Rows: int
        Columns: int
        /// For each input, where each row begins.
        Starts: int[][]
        /// For each input, 0 or 1: how far it moves from column to column.
        Steps: int[]
    }

/// Sweeps over a shape.
[<RequireQualifiedAccess>]
module internal Walk =
    /// The strides of a tensor seen through a broadcast to a shape: 0 along what is stretched.
    let strides (target: Shape) (source: Shape) : int list =
        let missing = target.Rank - source.Rank
        let own = source.Strides

        List.init target.Rank (fun axis ->
            if axis < missing || source[axis - missing] = 1 then 0 else own[axis - missing])

    /// The longest rows that all inputs, given by their strides, can walk.
    let ofShape (shape: Shape) (inputs: int list list) : Walk =
        // Axes of extent 1 move nothing.
        let kept = [ 0 .. shape.Rank - 1 ] |> List.filter (fun axis -> shape[axis] <> 1)
        let extents = kept |> List.map (fun axis -> shape[axis])
        let strides = inputs |> List.map (fun s -> kept |> List.map (fun axis -> List.item axis s))

        let steps = strides |> List.map (fun s -> if s.IsEmpty then 0 else List.last s)

        /// How many trailing axes are walked as one.
        let rec merged count columns =
            if count = extents.Length then
                count
            else
                let axis = extents.Length - 1 - count

                if List.forall2 (fun s step -> List.item axis s = step * columns) strides steps then
                    merged (count + 1) (columns * extents[axis])
                else
                    count

        let count = merged 0 1
        let outer, inner = List.splitAt (extents.Length - count) extents

        {
            Rows = List.fold (*) 1 outer
            Columns = List.fold (*) 1 inner
            Starts =
                strides
                |> List.map (fun s -> Strided.offsets outer (List.take outer.Length s) 0)
                |> Array.ofList
            Steps = Array.ofList steps
        }
