namespace DL1.Compiler.Movement

open System
open DL1
open DL1.Compiler.Generic
open DL1.Compiler.Simd

/// Copies and fills rows of elements of 1, 4 or 8 bytes, of any type.
[<AbstractClass; Sealed>]
type internal RowCopy private () =
    static member private Strided<'T when 'T: unmanaged>(count, target, targetStep, source, sourceStep) =
        Hot.loop ()
        let mutable t: nativeint = target
        let mutable s: nativeint = source

        for _ in 1..count do
            At.write t (At.read<'T> s)
            t <- t + targetStep
            s <- s + sourceStep

    /// Fills a row with a value.
    static member Fill<'T when 'T: unmanaged>(count: int, target: nativeint, step: nativeint, value: 'T) =
        Hot.loop ()

        if step = nativeint sizeof<'T> then
            Span<'T>(target.ToPointer(), count).Fill value
        else
            let mutable t = target

            for _ in 1..count do
                At.write t value
                t <- t + step

    static member private Copy<'T when 'T: unmanaged>(count: int, target, targetStep, source, sourceStep) =
        let size = nativeint sizeof<'T>

        if targetStep = size && sourceStep = size then
            At.copy source target (count * sizeof<'T>)
        elif sourceStep = 0n && count > 0 then
            RowCopy.Fill<'T>(count, target, targetStep, At.read<'T> source)
        else
            RowCopy.Strided<'T>(count, target, targetStep, source, sourceStep)

    /// The row body that copies its first operand to the target.
    static member OfSize(size: int) : RowBody =
        if size = 8 then
            RowBody(fun count t ts a step _ _ _ _ -> RowCopy.Copy<uint64>(count, t, ts, a, step))
        elif size = 4 then
            RowBody(fun count t ts a step _ _ _ _ -> RowCopy.Copy<uint32>(count, t, ts, a, step))
        else
            RowBody(fun count t ts a step _ _ _ _ -> RowCopy.Copy<byte>(count, t, ts, a, step))

    /// The row body that fills the target with an element, given by its bits.
    static member FillOf(size: int, bits: uint64) : RowBody =
        if size = 8 then
            RowBody(fun count t ts _ _ _ _ _ _ -> RowCopy.Fill<uint64>(count, t, ts, bits))
        elif size = 4 then
            RowBody(fun count t ts _ _ _ _ _ _ -> RowCopy.Fill<uint32>(count, t, ts, uint32 bits))
        else
            RowBody(fun count t ts _ _ _ _ _ _ -> RowCopy.Fill<byte>(count, t, ts, byte bits))

/// A strided view of a tensor: the index of its first element and its stride along each axis, in elements. Strides may
/// be 0 or negative.
[<Struct; NoEquality; NoComparison>]
type internal View = { Start: int; Strides: int list }

/// The strided views through which tensors are read and written.
[<RequireQualifiedAccess>]
module internal View =
    let private strides (shape: Shape) = List.ofArray shape.Strides

    /// The whole of a row-major tensor.
    let whole (shape: Shape) = { Start = 0; Strides = strides shape }

    /// A row-major tensor with some axes reversed.
    let reverse (axes: int list) (source: Shape) =
        let isReversed axis = List.contains axis axes

        {
            Start =
                strides source
                |> List.mapi (fun axis s -> if isReversed axis then (source[axis] - 1) * s else 0)
                |> List.sum
            Strides = strides source |> List.mapi (fun axis s -> if isReversed axis then -s else s)
        }

/// Copies a region of one tensor to a region of another, both given as views of one shape, with elements of 1, 4 or 8
/// bytes: transposes, materialised broadcasts, slices, reversals, and parts of larger tensors.
/// `StridedCopy(4, [ 3; 2 ], { Start = 0; Strides = [ 1; 2 ] }, View.whole y).Run(threads, from, into)`
[<Sealed>]
type internal StridedCopy(size: int, extents: int list, source: View, target: View) =
    inherit TensorKernel()
    let bytes (view: View) = view.Strides |> List.map (fun s -> nativeint s * nativeint size)
    let nest = LoopNest(extents, [ bytes target; bytes source ])
    let width = nativeint size
    let last = nest.Extents.Length - 1

    let rowLoop = RowLoop(nest, RowCopy.OfSize size)

    /// The copy as a transpose, if the target is contiguous along the last axis and the source along another; else `None`.
    let transposition =
        if nest.Rows = 0 || nest.Step 0 <> width || nest.Step 1 = width || nest.Step 1 = 0n then
            None
        else
            [ 0 .. last - 1 ]
            |> List.tryFind (fun axis -> nest.Moves[1][axis] = width)
            |> Option.map (fun axis ->
                let outer = [ 0 .. last - 1 ] |> List.except [ axis ]
                let extents = outer |> List.map (fun a -> nest.Extents[a])
                let steps = [ for o in 0..1 -> outer |> List.map (fun a -> nest.Moves[o][a]) ]
                let stack, into = LoopNest(extents, steps), nest.Moves[0][axis]
                Transposition(size, nest.RowLength, nest.Extents[axis], nest.Step 1, into, stack))

    let short = ShortRowLoop.For(nest, size, 0UL)

    override _.Run(threads, from, into) =
        let from = from + nativeint source.Start * width
        let into = into + nativeint target.Start * width

        match transposition, short with
        | Some transposition, _ -> transposition.Run(threads, from, into)
        | None, Some short -> short.Run(threads, from, into)
        | None, None -> rowLoop.Run(threads, into, from, 0n, 0n)

/// Fills a region of a tensor, given as a view, with an element given by its bits.
/// `Fill(4, 0UL, [ 2; 3 ], View.whole y).Run(threads, into)`
[<Sealed>]
type internal Fill(size: int, bits: uint64, extents: int list, target: View) =
    let nest = LoopNest(extents, [ target.Strides |> List.map (fun s -> nativeint s * nativeint size) ])
    let rowLoop = RowLoop(nest, RowCopy.FillOf(size, bits))

    let short = ShortRowLoop.For(nest, size, bits)

    /// Fills the region in the tensor at `into`, on at most `threads` threads.
    member _.Run(threads: int, into: nativeint) =
        let into = into + nativeint target.Start * nativeint size

        match short with
        | Some short -> short.Run(threads, 0n, into)
        | None -> rowLoop.Run(threads, into, 0n, 0n, 0n)
