namespace DL1

/// Shapes of what moves data: reshaping, slicing, padding, joining.
[<RequireQualifiedAccess>]
module internal InferMove =
    let checkSize operation (shape: Shape) (x: #IOperand) =
        if shape.Size <> x.Shape.Size then
            Refuse.shape
                operation
                $"{Operand.text x} to {shape}"
                $"a shape of %d{x.Shape.Size} elements, as the operand has; {shape} has %d{shape.Size}"
                "check the extents, or write one of them as -1 in reshape"

    let slice (cuts: Cut list) (x: #IOperand) =
        if cuts.Length <> x.Shape.Rank then
            Refuse.shape
                "slice"
                $"%d{cuts.Length} cuts of {Operand.text x}"
                "a cut for each axis"
                "keep an axis whole with 0 .. extent"

        let extent axis (c: Cut) =
            if c.Step < 1 || c.Start < 0 || c.Stop < c.Start || c.Stop > x.Shape[axis] then
                Refuse.shape
                    "slice"
                    $"%d{c.Start} to %d{c.Stop} by %d{c.Step} along axis %d{axis} of {Operand.text x}"
                    $"0 ≤ start ≤ stop ≤ %d{x.Shape[axis]}, step ≥ 1"
                    "count from 0, stop excluded; to go backwards use reverse"

            Cut.extent c

        cuts |> List.mapi extent |> Shape.ofList

    let pad (edges: Edge list) (x: #IOperand) =
        if edges.Length <> x.Shape.Rank then
            Refuse.shape
                "pad"
                $"%d{edges.Length} edges of {Operand.text x}"
                "edges for each axis"
                "give (0, 0) for an axis that stays"

        let most = int64 Shape.MostElements

        let extent axis (e: Edge) =
            let d = int64 x.Shape[axis]
            let before, after, between = int64 e.Before, int64 e.After, int64 e.Between

            let given () =
                $"%d{before} before, %d{after} after, %d{between} between along axis %d{axis} of {Operand.text x}"

            let spread = d + max 0L (d - 1L) * between
            let extent = before + spread + after

            if between < 0L || extent < 0L then
                Refuse.shape
                    "pad"
                    (given ())
                    "a padded extent of 0 or more, and 0 or more between"
                    "check the sign of the edges; a negative edge crops"

            // Before anything is cropped, too: kernels walk over what is put between.
            if
                max 0L before + spread + max 0L after > most || min before after < -most || between >= most
            then
                Refuse.shape
                    "pad"
                    (given ())
                    $"edges, and an axis with what is put around and between its elements, of at most %d{most} elements"
                    "check the sizes that were computed"

            int extent

        edges |> List.mapi extent |> Shape.ofList

    let concat axis (xs: #IOperand list) =
        match xs with
        | [] -> Refuse.shape "concat" "no tensors" "at least one tensor" "leave out the concatenation"
        | first :: rest ->
            Operand.requireAxis "concat" axis first

            for x in rest do
                Operand.requireSameType "concat" first x

                if
                    x.Shape.Rank <> first.Shape.Rank
                    || Shape.removeAxis axis x.Shape <> Shape.removeAxis axis first.Shape
                then
                    Refuse.shape
                        "concat"
                        $"{Operand.texts [ first; x ]} along axis %d{axis}"
                        $"shapes that differ along axis %d{axis} alone"
                        "reshape or slice the others to fit, or use stack for a new axis"

            let extent =
                xs
                |> List.sumBy (fun x -> int64 x.Shape[axis])
                |> Shape.extent "concat" (fun () ->
                    $"%d{xs.Length} tensors along axis %d{axis}, first {Operand.text first}")

            Shape.withAxis axis extent first.Shape
