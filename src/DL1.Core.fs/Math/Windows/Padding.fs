namespace DL1

/// Padding by the elements that are there: one number before and one after for each axis of the tensor, 0 or more. (A
/// constant is put around by `Expr.pad`.)
[<RequireQualifiedAccess>]
module Padding =
    // The axis's elements at these places, which are known now.
    let private along operation (place: int -> int -> int) axis before after (x: Expr) =
        if before = 0 && after = 0 then
            x
        else
            let extent = x.Shape[axis]

            if before < 0 || after < 0 || extent = 0 then
                Refuse.shape
                    operation
                    $"%d{before} before and %d{after} after axis %d{axis} of {Operand.text x}"
                    "numbers of 0 or more, beside at least one element"
                    "crop by slice"

            let length =
                Shape.extent
                    operation
                    (fun () -> $"%d{before} before and %d{after} after axis %d{axis} of {Operand.text x}")
                    (int64 before + int64 extent + int64 after)

            // Before as many places are made.
            Operand.shape operation (x.Shape.ToList() |> List.updateAt axis length) |> ignore
            let places = Array.init length (fun i -> int64 (place extent (i - before)))
            Expr.gather axis (Expr.constant (Tensor.ofArray [ length ] places)) x

    let private each operation place (before: int list) (after: int list) (x: Expr) =
        if before.Length <> x.Shape.Rank || after.Length <> x.Shape.Rank then
            Refuse.shape
                operation
                $"%d{before.Length} edges before and %d{after.Length} after for {Operand.text x}"
                $"%d{x.Shape.Rank} of each"
                "give 0 for an axis that stays"

        List.zip before after
        |> List.indexed
        |> List.fold (fun x (axis, (b, a)) -> along operation place axis b a x) x

    let private modulo n i = ((i % n) + n) % n

    /// The first and the last element of an axis repeated: `[a; b]` with 2 and 1 is `[a; a; a; b; b]`. As PyTorch's
    /// `replicate`, NumPy's `edge`. `Padding.edge [ 2 ] [ 1 ] v`
    let edge (before: int list) (after: int list) (x: Expr) : Expr =
        each "Padding.edge" (fun n i -> max 0 (min (n - 1) i)) before after x

    /// The elements turned around at the first and the last one, which are not repeated: `[a; b; c]` with 1 and 2 is
    /// `[b; a; b; c; b; a]`. Longer edges go back and forth, as NumPy's. `Padding.reflect [ 1 ] [ 1 ] v`
    let reflect (before: int list) (after: int list) (x: Expr) : Expr =
        let place n i =
            if n = 1 then
                0
            else
                let i = modulo (2 * (n - 1)) i
                min i (2 * (n - 1) - i)

        each "Padding.reflect" place before after x

    /// The elements repeated as on a ring: `[a; b; c]` with 1 and 2 is `[c; a; b; c; a; b]`. As PyTorch's `circular`, NumPy's
    /// `wrap`. `Padding.wrap [ 1 ] [ 2 ] v`
    let wrap (before: int list) (after: int list) (x: Expr) : Expr = each "Padding.wrap" modulo before after x
