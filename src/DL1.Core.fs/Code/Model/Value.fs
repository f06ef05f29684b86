namespace DL1.Compiler.Source

open DL1

/// Where a value of the written program is kept.
[<RequireQualifiedAccess; Struct>]
type internal Slot =
    /// An input of the program, by its number.
    | Given of input: int
    /// An output of the program, by its number.
    | Result of output: int
    /// A buffer of the workspace, by its number.
    | Held of buffer: int
    /// A constant of the program, by its number.
    | Learnt of constant: int

/// An offset in elements: a number, and a multiple of the counter of each loop around.
type internal Offset = { Constant: int; Times: (string * int) list }

/// Elements of a type: where the first one is, and the distance of neighbours along each axis.
type internal View = { Slot: Slot; DType: DType; Dims: int list; At: Offset; Strides: int list }

/// The element of an operand that belongs to one element of a result: along each axis of the operand, a constant and a factor for
/// each axis of the result.
type internal Index = { Base: int; Factors: int list }

/// A value computed for each place of a loop nest from what is in memory.
[<RequireQualifiedAccess; NoComparison>]
type internal Scalar =
    /// A number of a type, as C# writes it.
    | Number of DType * text: string
    /// An element in memory; the strides are those along the axes of the nest.
    | Read of View
    | Unary of UnaryOp * DType * Scalar
    | Binary of BinaryOp * DType * Scalar * Scalar
    /// The type is that of the operands.
    | Compare of CompareOp * DType * Scalar * Scalar
    | Select of DType * Scalar * Scalar * Scalar
    | Cast of source: DType * target: DType * Scalar

[<RequireQualifiedAccess>]
module internal View =
    let start = { Constant = 0; Times = [] }

    let private strides (dims: int list) = List.ofArray (Shape.ofList dims).Strides

    /// The whole of a place, row-major.
    let whole place dtype (dims: int list) =
        { Slot = place; DType = dtype; Dims = dims; At = start; Strides = strides dims }

    let size (v: View) = List.fold (*) 1 v.Dims

    let moved elements (v: View) = { v with At = { v.At with Constant = v.At.Constant + elements } }

    /// A slice along the leading axis, by the counter of a loop.
    let step (counter: string) (v: View) =
        { v with
            At = { v.At with Times = v.At.Times @ [ counter, v.Strides.Head ] }
            Dims = v.Dims.Tail
            Strides = v.Strides.Tail
        }

    /// Whether elements lie one after another in row-major order.
    let isContiguous (v: View) =
        size v = 0
        || List.forall2 (fun (d, s) s' -> d = 1 || s = s') (List.zip v.Dims v.Strides) (strides v.Dims)

    let transpose (permutation: int list) (v: View) =
        { v with
            Dims = permutation |> List.map (fun axis -> v.Dims[axis])
            Strides = permutation |> List.map (fun axis -> v.Strides[axis])
        }

    let broadcast (dims: int list) (v: View) =
        let missing = dims.Length - v.Dims.Length

        let stride axis d =
            if axis < missing || (v.Dims[axis - missing] = 1 && d <> 1) then
                0
            else
                v.Strides[axis - missing]

        { v with Dims = dims; Strides = dims |> List.mapi stride }

    let slice (cuts: Cut list) (dims: int list) (v: View) =
        let first = List.map2 (fun (c: Cut) s -> c.Start * s) cuts v.Strides |> List.sum
        let strides = List.map3 (fun d (c: Cut) s -> Cut.stride d c s) dims cuts v.Strides

        { moved (if List.contains 0 dims then 0 else first) v with
            Dims = dims
            Strides = strides
        }

    let reverse (axes: int list) (v: View) =
        let turned axis = List.contains axis axes && v.Dims[axis] > 0

        let first =
            v.Strides
            |> List.mapi (fun axis s -> if turned axis then (v.Dims[axis] - 1) * s else 0)
            |> List.sum

        { moved first v with
            Strides = v.Strides |> List.mapi (fun axis s -> if turned axis then -s else s)
        }

    /// The same elements in another shape, where strides can say so.
    let tryReshape (dims: int list) (v: View) : View option =
        if isContiguous v then
            Some { v with Dims = dims; Strides = strides dims }
        else
            // Axes longer than 1 that follow one another without a gap, as runs of (elements, stride of the last).
            let runs =
                (List.zip v.Dims v.Strides |> List.filter (fun (d, _) -> d <> 1), [])
                ||> List.foldBack (fun (d, s) runs ->
                    match runs with
                    | (count, last) :: rest when s = count * last -> (d * count, last) :: rest
                    | _ -> (d, s) :: runs)

            // Each new axis takes its elements from the end of the last run that has some left.
            let rec place (dims: int list) (runs: (int * int) list) (made: int list) =
                match dims, runs with
                | [], [] -> Some made
                | [], (left, _) :: _ -> if left = 1 then Some made else None
                | 1 :: rest, _ -> place rest runs (1 :: made)
                | d :: rest, (left, stride) :: others when left % d = 0 ->
                    let left = left / d
                    place rest (if left = 1 then others else (left, stride * d) :: others) (stride :: made)
                | _ -> None

            place (List.rev dims) (List.rev runs) []
            |> Option.map (fun strides -> { v with Dims = dims; Strides = strides })

    /// What is read of a view at an index for each of its axes.
    let at (index: Index list) (axes: int) (v: View) : View =
        let constant = List.map2 (fun (i: Index) s -> i.Base * s) index v.Strides |> List.sum

        let strides =
            List.init axes (fun axis ->
                List.map2 (fun (i: Index) s -> i.Factors[axis] * s) index v.Strides |> List.sum)

        { moved constant v with Strides = strides }
