namespace DL1.Compiler.Fusion

/// The three loops of a fused loop (items, segments of an item, columns of a segment), and how each operand moves in them.
[<NoEquality; NoComparison>]
type internal IterationSpace =
    {
        /// Whether reductions go along the columns of a row; true also without reductions. Otherwise they go downward over
        /// segments, and each block of columns is an item by itself.
        Across: bool
        /// The number of items, not counting blocks of columns. For each operand, `Starts` has the offset of the first element
        /// of each item, in elements.
        Items: int
        Starts: int[][]
        Segments: int
        /// For each operand, the stride from one segment to the next, in elements.
        SegmentStrides: int[]
        /// The number of columns of a segment; in a downward loop, of all blocks of columns together.
        Columns: int
        /// For each operand, whether it has an element for each column; otherwise one element serves the whole segment.
        Along: bool[]
    }

    member this.Points = this.Items * this.Segments * this.Columns

    /// Where reductions go downward, the number of blocks of `lanes` columns, each an item by itself; else 1.
    member this.BlocksBy(lanes: int) = if this.Across then 1 else (this.Columns + lanes - 1) / lanes

    /// The number of items, counting blocks of `lanes` columns.
    member this.ItemsBy(lanes: int) = this.Items * this.BlocksBy lanes

/// Turns domains into loops. A domain is a list of extents, none of them 1; an operand has a stride for each, in elements.
[<RequireQualifiedAccess>]
module internal IterationSpace =
    /// Whether one loop with one stride visits an operand's elements along the axes `first` to `last` in row-major order.
    let rec isOneLoop (domain: int[]) first last (strides: int[]) =
        first >= last
        || (strides[first] = strides[first + 1] * domain[first + 1]
            && isOneLoop domain (first + 1) last strides)

    /// Converts strides over the axes that are not `missing` into strides over all `rank` axes: 0 along missing axes.
    let spread rank missing (strides: int[]) =
        let mutable next = 0

        Array.init rank (fun axis ->
            if missing axis then
                0
            else
                next <- next + 1
                strides[next - 1])

    /// Returns the first axis of the longest run of axes that ends at `last`, is one loop for all operands, and has before
    /// `last` only axes that satisfy `belongs`.
    let runFrom (domain: int[]) (operands: int[][]) (belongs: int -> bool) last =
        let mutable first = last

        while first > 0
              && belongs (first - 1)
              && operands |> Array.forall (isOneLoop domain (first - 1) first) do
            first <- first - 1

        first

    let private extent (domain: int[]) axes = axes |> Array.fold (fun n axis -> n * domain[axis]) 1

    /// The offsets, in elements, of all index tuples over some axes, in row-major order.
    let private starts (domain: int[]) (axes: int[]) (strides: int[]) =
        let result = Array.zeroCreate (extent domain axes)
        let mutable filled = 1

        for axis in axes do
            // Replaces each offset so far by one offset for every index of this axis.
            for i in filled - 1 .. -1 .. 0 do
                let start = result[i]

                for j in domain[axis] - 1 .. -1 .. 0 do
                    result[i * domain[axis] + j] <- start + j * strides[axis]

            filled <- filled * domain[axis]

        result

    /// The offsets of all elements of an array, in row-major order, from its extents and strides.
    let offsets (extents: int[]) (strides: int[]) = starts extents [| 0 .. extents.Length - 1 |] strides

    /// The axes of a domain over which each of the three loops goes.
    [<Struct; NoEquality; NoComparison>]
    type private Loops = { Items: int[]; Segments: int[]; Columns: int[] }

    /// Divides the axes of a domain, some of them reduced, among the three loops; `operands` has the strides of each operand.
    /// `ValueNone` where the reduced axes that are not columns do not form one loop.
    let private loops (domain: int[]) (reduced: int[]) (operands: int[][]) : Loops voption =
        let rank = domain.Length
        let isReduced axis = Array.contains axis reduced
        // The columns: the longest run of last axes that are all reduced or all kept, and that are one loop in every operand.
        let inColumns axis = isReduced axis = isReduced (rank - 1)
        let firstColumn = if rank = 0 then 0 else runFrom domain operands inColumns (rank - 1)

        let segments =
            if reduced.Length > 0 then
                reduced |> Array.filter (fun axis -> axis < firstColumn)
            elif firstColumn = 0 then
                [||]
            else
                [| runFrom domain operands (fun _ -> true) (firstColumn - 1) .. firstColumn - 1 |]

        let areOneLoop =
            segments.Length = 0
            || (segments[segments.Length - 1] - segments[0] = segments.Length - 1
                && operands |> Array.forall (isOneLoop domain segments[0] segments[segments.Length - 1]))

        if areOneLoop then
            ValueSome
                {
                    Items = Array.except segments [| 0 .. firstColumn - 1 |]
                    Segments = segments
                    Columns = [| firstColumn .. rank - 1 |]
                }
        else
            ValueNone

    /// Whether reductions go along the columns: whether the last axis is reduced. True also without reductions.
    let isAcross (domain: int[]) (reduced: int[]) =
        reduced.Length = 0 || Array.contains (domain.Length - 1) reduced

    /// The number of segments of an item; `ValueNone` where the reduced axes that are not columns form more than one loop.
    let segments domain reduced operands : int voption =
        loops domain reduced operands |> ValueOption.map (fun loops -> extent domain loops.Segments)

    /// Makes the iteration space of a domain with some reduced axes; `operands` has the strides of each operand. `None` where
    /// the reduced axes that are not columns do not form one loop.
    let make (domain: int[]) (reduced: int[]) (operands: int[][]) : IterationSpace option =
        match loops domain reduced operands with
        | ValueNone -> None
        | ValueSome loops ->
            let last (axes: int[]) (strides: int[]) =
                if axes.Length = 0 then 0 else strides[axes[axes.Length - 1]]

            Some
                {
                    Across = isAcross domain reduced
                    Items = extent domain loops.Items
                    Starts = operands |> Array.map (starts domain loops.Items)
                    Segments = extent domain loops.Segments
                    SegmentStrides = operands |> Array.map (last loops.Segments)
                    Columns = extent domain loops.Columns
                    Along = operands |> Array.map (fun s -> last loops.Columns s <> 0)
                }
