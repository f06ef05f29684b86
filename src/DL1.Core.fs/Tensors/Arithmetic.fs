namespace DL1

open System
open System.Numerics

/// The four operations of arithmetic.
[<RequireQualifiedAccess>]
type internal ArithmeticOp =
    | Add
    | Sub
    | Mul
    | Div

/// Sums, differences, products and quotients of the elements of two tensors, which broadcast as NumPy's do. Each element is
/// rounded once, as IEEE 754 asks, so that the bits are those of the expression.
[<RequireQualifiedAccess>]
module internal Arithmetic =
    /// From how many elements on threads share the work.
    let private shared = 1 <<< 17

    /// A loop over an axis: its extent, and how far apart its neighbours lie in both operands.
    [<Struct>]
    type private Axis = { Extent: int; Left: int; Right: int }

    /// The axes of the result, outermost first; neighbours along which both operands go on evenly are one axis.
    let private axes (shape: Shape) (a: Shape) (b: Shape) : Axis list =
        let stepsOf (s: Shape) =
            let mutable step = 1

            [
                for i in shape.Rank - 1 .. -1 .. 0 do
                    let own = i - (shape.Rank - s.Rank)
                    let extent = if own < 0 then 1 else s[own]
                    if extent = 1 then 0 else step
                    step <- step * extent
            ]
            |> List.rev

        let merge axis merged =
            match merged with
            | inner :: outer when
                axis.Left = inner.Left * inner.Extent && axis.Right = inner.Right * inner.Extent
                ->
                { inner with Extent = axis.Extent * inner.Extent } :: outer
            | _ -> axis :: merged

        List.zip3 (shape.ToList()) (stepsOf a) (stepsOf b)
        |> List.filter (fun (extent, _, _) -> extent <> 1)
        |> List.map (fun (extent, left, right) -> { Extent = extent; Left = left; Right = right })
        |> fun axes -> List.foldBack merge axes []

    /// `count` elements in a row, each operand going on by one element or staying where it is.
    let inline private line
        ([<InlineIfLambda>] vector: Vector<'e> -> Vector<'e> -> Vector<'e>)
        ([<InlineIfLambda>] element: 'e -> 'e -> 'e)
        (axis: Axis)
        (a: 'e[])
        (atA: int)
        (b: 'e[])
        (atB: int)
        (result: 'e[])
        (at: int)
        (count: int)
        =
        let lanes = Vector<'e>.Count
        let mutable i = 0

        if axis.Left = 1 && axis.Right = 1 then
            while i <= count - lanes do
                (vector (Vector<'e>(a, atA + i)) (Vector<'e>(b, atB + i))).CopyTo(result, at + i)
                i <- i + lanes
        elif axis.Left = 1 && axis.Right = 0 then
            let y = Vector<'e> b[atB]

            while i <= count - lanes do
                (vector (Vector<'e>(a, atA + i)) y).CopyTo(result, at + i)
                i <- i + lanes
        elif axis.Left = 0 && axis.Right = 1 then
            let x = Vector<'e> a[atA]

            while i <= count - lanes do
                (vector x (Vector<'e>(b, atB + i))).CopyTo(result, at + i)
                i <- i + lanes

        while i < count do
            result[at + i] <- element a[atA + i * axis.Left] b[atB + i * axis.Right]
            i <- i + 1

    /// Gives `line` each stretch of the result along its innermost axis: where it begins in both operands and in the result, and
    /// how many elements it has.
    let private over (size: int) (axes: Axis list) (line: Axis -> int -> int -> int -> int -> unit) : unit =
        match List.rev axes with
        | [] -> line { Extent = 1; Left = 1; Right = 1 } 0 0 0 size
        | inner :: outer ->
            // From an element of the result on, to the end of a part.
            let part (first: int) (last: int) =
                let mutable at = first

                while at < last do
                    let mutable line', a, b = at / inner.Extent, 0, 0
                    let column = at % inner.Extent

                    for axis in outer do
                        let place = line' % axis.Extent
                        line' <- line' / axis.Extent
                        a <- a + place * axis.Left
                        b <- b + place * axis.Right

                    let count = min (inner.Extent - column) (last - at)
                    line inner (a + column * inner.Left) (b + column * inner.Right) at count
                    at <- at + count

            if size < shared then
                part 0 size
            else
                let parts = (size + shared - 1) / shared

                Parallelism.forEach parts (fun i ->
                    part (i * shared) (int (min (int64 size) (int64 (i + 1) * int64 shared))))

    let inline private all
        ([<InlineIfLambda>] vector: Vector<'e> -> Vector<'e> -> Vector<'e>)
        ([<InlineIfLambda>] element: 'e -> 'e -> 'e)
        (size: int)
        (axes: Axis list)
        (a: 'e[])
        (b: 'e[])
        : 'e[] =
        let result = GC.AllocateUninitializedArray<'e> size
        over size axes (fun axis atA atB at count -> line vector element axis a atA b atB result at count)
        result

    let inline private ofType op size axes (a: 'e[]) (b: 'e[]) : 'e[] =
        match op with
        | ArithmeticOp.Add -> all (fun x y -> x + y) (fun x y -> x + y) size axes a b
        | ArithmeticOp.Sub -> all (fun x y -> x - y) (fun x y -> x - y) size axes a b
        | ArithmeticOp.Mul ->
            all (fun (x: Vector<'e>) (y: Vector<'e>) -> x * y) (fun x y -> x * y) size axes a b
        | ArithmeticOp.Div ->
            all (fun (x: Vector<'e>) (y: Vector<'e>) -> x / y) (fun x y -> x / y) size axes a b

    /// The elements of the result. `a` and `b` are of one type, which is no truth value, and for quotients a float.
    let run (op: ArithmeticOp) (shape: Shape) (a: Elements, ofA: Shape) (b: Elements, ofB: Shape) : Elements =
        let axes = axes shape ofA ofB

        match a, b with
        | Elements.F32 a, Elements.F32 b -> Elements.F32(ofType op shape.Size axes a b)
        | Elements.F64 a, Elements.F64 b -> Elements.F64(ofType op shape.Size axes a b)
        | Elements.I32 a, Elements.I32 b -> Elements.I32(ofType op shape.Size axes a b)
        | Elements.I64 a, Elements.I64 b -> Elements.I64(ofType op shape.Size axes a b)
        | _ ->
            Refuse.shape
                "Tensor"
                $"{Elements.dtype a} and {Elements.dtype b}"
                "numbers of one element type"
                "cast one of them"
