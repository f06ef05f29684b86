namespace DL1

/// Parts of expressions with three and four axes, as F# indexes arrays: `t[0, *, 1..]`. Both ends of a range are part of it, a
/// place below 0 counts from the end, and the axis of a single place is removed; one that is not there is a `ShapeError`.
[<AutoOpen>]
module Slices =
    let private at place = SliceIndex.At place
    let private range first last = SliceIndex.Range(first, last)

    type Expr with

        /// A part of a tensor with three axes. `t[1.., ..2, *]`
        member this.GetSlice
            (
                first0: int option,
                last0: int option,
                first1: int option,
                last1: int option,
                first2: int option,
                last2: int option
            ) : Expr =
            Slicing.take [ range first0 last0; range first1 last1; range first2 last2 ] this

        /// A part at one place of the third of three axes. `t[1.., ..2, 2]`
        member this.GetSlice
            (first0: int option, last0: int option, first1: int option, last1: int option, k: int)
            : Expr =
            Slicing.take [ range first0 last0; range first1 last1; at k ] this

        /// A part at one place of the second of three axes. `t[1.., 1, *]`
        member this.GetSlice
            (first0: int option, last0: int option, j: int, first2: int option, last2: int option)
            : Expr =
            Slicing.take [ range first0 last0; at j; range first2 last2 ] this

        /// A part at one place of the first of three axes. `t[0, ..2, *]`
        member this.GetSlice
            (i: int, first1: int option, last1: int option, first2: int option, last2: int option)
            : Expr =
            Slicing.take [ at i; range first1 last1; range first2 last2 ] this

        /// A part at one place each of the second and third of three axes. `t[1.., 1, 2]`
        member this.GetSlice(first0: int option, last0: int option, j: int, k: int) : Expr =
            Slicing.take [ range first0 last0; at j; at k ] this

        /// A part at one place each of the first and third of three axes. `t[0, ..2, 2]`
        member this.GetSlice(i: int, first1: int option, last1: int option, k: int) : Expr =
            Slicing.take [ at i; range first1 last1; at k ] this

        /// A part at one place each of the first and second of three axes. `t[0, 1, *]`
        member this.GetSlice(i: int, j: int, first2: int option, last2: int option) : Expr =
            Slicing.take [ at i; at j; range first2 last2 ] this

        /// A part of a tensor with four axes. `t[1.., ..2, *, 0..1]`
        member this.GetSlice
            (
                first0: int option,
                last0: int option,
                first1: int option,
                last1: int option,
                first2: int option,
                last2: int option,
                first3: int option,
                last3: int option
            ) : Expr =
            Slicing.take
                [ range first0 last0; range first1 last1; range first2 last2; range first3 last3 ]
                this

        /// A part at one place of the fourth of four axes. `t[1.., ..2, *, -1]`
        member this.GetSlice
            (
                first0: int option,
                last0: int option,
                first1: int option,
                last1: int option,
                first2: int option,
                last2: int option,
                l: int
            ) : Expr =
            Slicing.take [ range first0 last0; range first1 last1; range first2 last2; at l ] this

        /// A part at one place of the third of four axes. `t[1.., ..2, 2, 0..1]`
        member this.GetSlice
            (
                first0: int option,
                last0: int option,
                first1: int option,
                last1: int option,
                k: int,
                first3: int option,
                last3: int option
            ) : Expr =
            Slicing.take [ range first0 last0; range first1 last1; at k; range first3 last3 ] this

        /// A part at one place of the second of four axes. `t[1.., 1, *, 0..1]`
        member this.GetSlice
            (
                first0: int option,
                last0: int option,
                j: int,
                first2: int option,
                last2: int option,
                first3: int option,
                last3: int option
            ) : Expr =
            Slicing.take [ range first0 last0; at j; range first2 last2; range first3 last3 ] this

        /// A part at one place of the first of four axes. `t[0, ..2, *, 0..1]`
        member this.GetSlice
            (
                i: int,
                first1: int option,
                last1: int option,
                first2: int option,
                last2: int option,
                first3: int option,
                last3: int option
            ) : Expr =
            Slicing.take [ at i; range first1 last1; range first2 last2; range first3 last3 ] this

        /// A part at one place each of the third and fourth of four axes. `t[1.., ..2, 2, -1]`
        member this.GetSlice
            (first0: int option, last0: int option, first1: int option, last1: int option, k: int, l: int)
            : Expr =
            Slicing.take [ range first0 last0; range first1 last1; at k; at l ] this

        /// A part at one place each of the second and fourth of four axes. `t[1.., 1, *, -1]`
        member this.GetSlice
            (first0: int option, last0: int option, j: int, first2: int option, last2: int option, l: int)
            : Expr =
            Slicing.take [ range first0 last0; at j; range first2 last2; at l ] this

        /// A part at one place each of the second and third of four axes. `t[1.., 1, 2, 0..1]`
        member this.GetSlice
            (first0: int option, last0: int option, j: int, k: int, first3: int option, last3: int option)
            : Expr =
            Slicing.take [ range first0 last0; at j; at k; range first3 last3 ] this

        /// A part at one place each of the first and fourth of four axes. `t[0, ..2, *, -1]`
        member this.GetSlice
            (i: int, first1: int option, last1: int option, first2: int option, last2: int option, l: int)
            : Expr =
            Slicing.take [ at i; range first1 last1; range first2 last2; at l ] this

        /// A part at one place each of the first and third of four axes. `t[0, ..2, 2, 0..1]`
        member this.GetSlice
            (i: int, first1: int option, last1: int option, k: int, first3: int option, last3: int option)
            : Expr =
            Slicing.take [ at i; range first1 last1; at k; range first3 last3 ] this

        /// A part at one place each of the first and second of four axes. `t[0, 1, *, 0..1]`
        member this.GetSlice
            (i: int, j: int, first2: int option, last2: int option, first3: int option, last3: int option)
            : Expr =
            Slicing.take [ at i; at j; range first2 last2; range first3 last3 ] this

        /// A part at one place each of the second, third and fourth of four axes. `t[1.., 1, 2, -1]`
        member this.GetSlice(first0: int option, last0: int option, j: int, k: int, l: int) : Expr =
            Slicing.take [ range first0 last0; at j; at k; at l ] this

        /// A part at one place each of the first, third and fourth of four axes. `t[0, ..2, 2, -1]`
        member this.GetSlice(i: int, first1: int option, last1: int option, k: int, l: int) : Expr =
            Slicing.take [ at i; range first1 last1; at k; at l ] this

        /// A part at one place each of the first, second and fourth of four axes. `t[0, 1, *, -1]`
        member this.GetSlice(i: int, j: int, first2: int option, last2: int option, l: int) : Expr =
            Slicing.take [ at i; at j; range first2 last2; at l ] this

        /// A part at one place each of the first, second and third of four axes. `t[0, 1, 2, 0..1]`
        member this.GetSlice(i: int, j: int, k: int, first3: int option, last3: int option) : Expr =
            Slicing.take [ at i; at j; at k; range first3 last3 ] this
