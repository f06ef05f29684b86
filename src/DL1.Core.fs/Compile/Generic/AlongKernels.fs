namespace DL1.Compiler.Generic

open DL1
open DL1.Compiler.Movement

/// Kernels along axes of a row-major tensor of any type.
[<RequireQualifiedAccess>]
module internal AlongKernels =
    [<RequireQualifiedAccess>]
    type private Work =
        | CumSum of reversed: bool
        | ArgReduce of ArgOp
        | ArgSort
        | Reduce of ReduceOp * kept: LoopNest * reduced: LoopNest

    let private make (dtype: DType) (outer, extent, inner) (work: Work) : TensorKernel =
        Element.Choose(
            dtype,
            { new ITyped<TensorKernel> with
                member _.Make<'E, 'T, 'D, 'A
                    when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged>
                    ()
                    =
                    match work with
                    | Work.CumSum reversed ->
                        CumSumKernel<'E, 'T, 'D, 'A>(outer, extent, inner, reversed) :> TensorKernel
                    | Work.ArgReduce op -> ArgReduceKernel<'E, 'T, 'D, 'A>(op, outer, extent, inner)
                    | Work.ArgSort -> SortKernel<'E, 'T, 'D, 'A>(outer, extent, inner)
                    | Work.Reduce(op, kept, reduced) -> ReduceStrided<'E, 'T, 'D, 'A>(op, kept, reduced)
            }
        )

    /// `Node.CumSum`: sums in f64, or in 64-bit integers, from the first element or, `reversed`, from the last.
    let cumSum dtype shape axis reversed = make dtype (Strided.about axis shape) (Work.CumSum reversed)

    /// `Node.ArgReduce`, with a result of i64.
    let argReduce op dtype shape axis = make dtype (Strided.about axis shape) (Work.ArgReduce op)

    /// `Node.ArgSort`, with a result of i64.
    let argSort dtype shape axis = make dtype (Strided.about axis shape) Work.ArgSort

    /// `Node.Reduce` for any operation and axes.
    let reduce op (dtype: DType) (shape: Shape) (axes: int list) =
        let size = nativeint dtype.Bytes
        let strides = shape.Strides |> Array.map (fun s -> nativeint s * size)
        let keptAxes = [ 0 .. shape.Rank - 1 ] |> List.except axes
        let result = keptAxes |> List.map (fun axis -> shape[axis]) |> Shape.ofList
        let target = result.Strides |> Array.map (fun s -> nativeint s * size) |> List.ofArray
        let kept = LoopNest(result.ToList(), [ target; keptAxes |> List.map (fun axis -> strides[axis]) ])
        let along f = axes |> List.map f
        let reduced = LoopNest(along (fun axis -> shape[axis]), [ along (fun axis -> strides[axis]) ])
        make dtype (1, 1, 1) (Work.Reduce(op, kept, reduced))
