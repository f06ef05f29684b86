/// Movements of data against Eval, bit for bit: random shapes, axes and types, and shapes large enough for several
/// parts, blocks and squares.
module DL1.Tests.MoveKernelTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Memory
open Expecto
open DL1.Compiler.Fusion
open DL1.Compiler.Movement

let private size (t: Tensor) = t.DType.Bytes

/// A copy through a view, to the whole of the result.
let private copies what node view (x: Tensor) =
    let e: Expr = node (Expr.variable "x0" x.DType (x.Shape.ToList()))
    let copy = StridedCopy(size x, e.Shape.ToList(), view x.Shape, View.whole e.Shape)
    agrees what (fun xs -> node xs[0]) [ x ] (fun threads from into -> copy.Run(threads, from[0], into))

/// A copy of a node that is a strided view, through the view that the compiler finds for it.
let private copiesView what (node: Expr -> Expr) (x: Tensor) =
    let view = StridedView.through (node (Expr.variable "x0" x.DType (x.Shape.ToList())))
    copies what node (fun _ -> { Start = view.Offset; Strides = List.ofArray view.Strides }) x

let private transpose permutation x = copiesView $"transpose %A{permutation}" (Expr.transpose permutation) x

let private transposes =
    law "transposes" (fun seed ->
        let d = Draw seed
        let x = d.Wild(d.Type, d.Dims 20)
        transpose (d.Order x.Rank) x)

let private largeTransposes =
    testList
        "large transposes"
        [
            for dtype in [ DType.F32; DType.F64; DType.Bool ] do
                for dims, permutation in
                    [
                        [ 200; 300 ], [ 1; 0 ]
                        [ 64; 64 ], [ 1; 0 ]
                        [ 3; 65; 131 ], [ 0; 2; 1 ]
                        [ 70; 3; 90 ], [ 2; 1; 0 ]
                        [ 2; 9; 70; 33 ], [ 0; 2; 3; 1 ]
                        [ 20000; 3 ], [ 1; 0 ]
                        [ 3; 20000 ], [ 1; 0 ]
                        [ 50; 40; 30 ], [ 1; 0; 2 ]
                    ] do
                    test $"{dtype} %A{dims} by %A{permutation}" {
                        transpose permutation (Draw(7).Wild(dtype, dims))
                    }
        ]

let private broadcasts =
    law "broadcasts" (fun seed ->
        let d = Draw seed
        let dims = d.Dims 12
        let kept = dims |> List.map (fun n -> if d.Flag then n else 1)
        let kept = List.skip (d.Below(kept.Length + 1)) kept
        let x = d.Wild(d.Type, kept)
        copiesView "broadcast" (Expr.broadcastTo dims) x)

let private slices =
    law "slices with steps" (fun seed ->
        let d = Draw seed
        let x = d.Wild(d.Type, d.Dims 15)

        let cuts =
            x.Shape.ToList()
            |> List.map (fun n ->
                let start = d.Between(0, n)
                { Start = start; Stop = d.Between(start, n); Step = d.Between(1, 3) })

        copiesView $"slice %A{cuts}" (fun e -> Expr.Make(Node.Slice(cuts, e))) x)

let private reverses =
    law "reverses" (fun seed ->
        let d = Draw seed
        let x = d.Wild(d.Type, d.Dims 15)
        let axes = [ 0 .. x.Rank - 1 ] |> List.filter (fun _ -> d.Flag)
        copies $"reverse %A{axes}" (fun e -> Expr.Make(Node.Reverse(axes, e))) (View.reverse axes) x)

let private pad edges value (x: Tensor) =
    let kernel = Pad(x.DType, edges, value, x.Shape)
    let node (xs: Expr list) = Expr.Make(Node.Pad(edges, value, xs[0]))
    agrees $"pad %A{edges}" node [ x ] (fun threads from into -> kernel.Run(threads, from[0], into))

let private pads =
    law "pads" (fun seed ->
        let d = Draw seed
        let x = d.Wild(d.Number, d.Dims 7)

        let edge n =
            let between = if d.Flag then 0 else d.Below 3
            let full = n + max 0 (n - 1) * between
            let before = d.Between(-min 3 full, 4)
            { Before = before; After = d.Between(max -3 -(before + full), 4); Between = between }

        pad (x.Shape.ToList() |> List.map edge) (float (d.Between(-3, 3)) / 2.0) x)

let private largePad =
    test "a large pad" {
        let edge n = { Before = n; After = n; Between = 0 }
        pad [ edge 0; edge 1; edge 2 ] 0.5 (Draw(3).Wild(DType.F32, [ 40; 50; 60 ]))

        pad
            [ edge 0; { edge 1 with Between = 1 }; { edge 2 with Between = 2 } ]
            0.5
            (Draw(3).Wild(DType.F32, [ 40; 50; 60 ]))
    }

let private concat axis (xs: Tensor list) =
    let kernel = Concat(xs.Head.DType, axis, xs |> List.map _.Shape)

    agrees $"concat {axis}" (fun es -> Expr.Make(Node.Concat(axis, es))) xs (fun threads from into ->
        kernel.Run(threads, from, into))

let private shortRows =
    test "many short rows of any length" {
        let none = { Before = 0; After = 0; Between = 0 }

        for dtype in [ DType.Bool; DType.F32; DType.F64 ] do
            for length in [ 1..18 ] @ [ 33; 64; 65; 130 ] do
                let x = Draw(length).Wild(dtype, [ 3; 90; 40; length ])

                if dtype <> DType.Bool then
                    pad [ none; none; none; { none with Before = length % 3; After = 1 + length % 9 } ] 1.0 x

                concat 3 [ x; x ]
    }

let private concats =
    law "concats" (fun seed ->
        let d = Draw seed
        let dims = d.Between(1, 6) :: d.Dims 6
        let axis = d.Below dims.Length
        let dtype = d.Type

        concat
            axis
            (List.init (d.Between(1, 4)) (fun _ -> d.Wild(dtype, List.updateAt axis (d.Below 5) dims))))

let private fills =
    law "fills" (fun seed ->
        let d = Draw seed
        let dtype, dims = d.Type, d.Dims 12
        let value = float (d.Between(-9, 9))
        let shape = Shape.ofList dims
        let fill = Fill(dtype.Bytes, ElementBits.of' dtype value, dims, View.whole shape)
        let found = compute [] dtype shape (fun threads _ into -> fill.Run(threads, into))
        Tensor.sameBits (Tensor.full dtype dims value) found)

let private indices (d: Draw) extent dims =
    let dtype = if d.Flag then DType.I32 else DType.I64
    let count = List.fold (*) 1 dims
    Tensor(Shape.ofList dims, Elements.ofIntegers dtype (Array.init count (fun _ -> int64 (d.Below extent))))

let private gather axis (x: Tensor) (i: Tensor) =
    let kernel = Gather(x.DType, axis, x.Shape, i.DType, i.Shape)

    agrees
        $"gather {axis}"
        (fun es -> Expr.Make(Node.Gather(axis, es[0], es[1])))
        [ x; i ]
        (fun threads from into -> kernel.Run(threads, from[0], from[1], into))

let private gathers =
    law "gathers" (fun seed ->
        let d = Draw seed
        let dims = d.Between(1, 6) :: d.Dims 6
        let axis = d.Below dims.Length
        let dims = List.updateAt axis (d.Between(1, 6)) dims
        gather axis (d.Wild(d.Type, dims)) (indices d dims[axis] (List.truncate 2 (d.Dims 5))))

let private scatter axis extent (updates: Tensor) (i: Tensor) =
    let kernel = ScatterAdd(updates.DType, axis, extent, updates.Shape, i.DType, i.Shape)

    agrees
        $"scatter {axis}"
        (fun es -> Expr.Make(Node.ScatterAdd(axis, extent, es[0], es[1])))
        [ updates; i ]
        (fun threads from into -> kernel.Run(threads, from[0], from[1], into))

// In f32, whole numbers: Eval sums in f64.
let private updates (d: Draw) dims =
    let dtype = d.Number
    if dtype = DType.F32 then d.Whole(dtype, dims) else d.Wild(dtype, dims)

let private scatters =
    law "scatters" (fun seed ->
        let d = Draw seed
        let before, after = List.truncate 2 (d.Dims 5), List.truncate 1 (d.Dims 40)
        let extent = d.Between(1, 6)
        let i = indices d extent (List.truncate 2 (d.Dims 6))
        scatter before.Length extent (updates d (before @ i.Shape.ToList() @ after)) i)

let private largeIndices =
    test "large gathers and scatters" {
        let d = Draw 5

        for before, count, after in
            [ [], 3000, [ 64 ]; [], 50000, []; [ 3 ], 2000, [ 40 ]; [], 9000, [ 5 ]; [ 300 ], 40, [ 7 ] ] do
            let i = indices d 200 [ count ]
            gather before.Length (d.Wild(DType.F32, before @ [ 200 ] @ after)) i
            scatter before.Length 200 (d.Whole(DType.F32, before @ [ count ] @ after)) i
            scatter before.Length 200 (d.Whole(DType.F64, before @ [ count ] @ after)) i
    }

let private sums =
    test "scattered sums of f32 are rounded at each step, in the order of the indices" {
        let x = Tensor.Of([| 16777216.0f; 1.0f; 1.0f; 5.0f |], 4)
        let i = Tensor.Of([| 1; 1; 1; 0 |], 4)
        let kernel = ScatterAdd(DType.F32, 0, 3, x.Shape, i.DType, i.Shape)

        let found =
            compute [ x; i ] DType.F32 (Shape.Of [ 3 ]) (fun n from into ->
                kernel.Run(n, from[0], from[1], into))

        Expect.equal found (Tensor.Of([| 5.0f; 16777216.0f; 0.0f |], 3)) "16777216 + 1 + 1"
    }

let private refusals =
    test "an index outside the axis is refused as by Eval" {
        for bad in [ -1; 4 ] do
            let x, i = Tensor.Of(Array.zeroCreate<float32> 8, 4, 2), Tensor.Of([| 0; bad; 9 |], 3)
            let u = Tensor.Of(Array.zeroCreate<float32> 6, 3, 2)
            let variable (t: Tensor) name = Expr.variable name t.DType (t.Shape.ToList())

            let message (run: unit -> unit) =
                try
                    run ()
                    "nothing"
                with :? DomainError as e ->
                    e.Message

            let eval e values = message (fun () -> Eval.run values e |> ignore)

            let byEval =
                eval (Expr.Make(Node.Gather(0, variable x "x", variable i "i"))) [ "x", x; "i", i ],
                eval (Expr.Make(Node.ScatterAdd(0, 4, variable u "u", variable i "i"))) [ "u", u; "i", i ]

            let rooms = [ x; i; u ] |> List.map Room
            let target = Room(x)
            let gather = Gather(DType.F32, 0, x.Shape, i.DType, i.Shape)
            let scatter = ScatterAdd(DType.F32, 0, 4, u.Shape, i.DType, i.Shape)

            let byKernels =
                message (fun () -> gather.Run(1, rooms[0].Address, rooms[1].Address, target.Address)),
                message (fun () -> scatter.Run(1, rooms[2].Address, rooms[1].Address, target.Address))

            Expect.equal byKernels byEval "the same words"
    }

let tests =
    testList
        "Move kernels"
        [
            transposes
            largeTransposes
            broadcasts
            slices
            reverses
            pads
            largePad
            concats
            shortRows
            fills
            gathers
            scatters
            largeIndices
            sums
            refusals
        ]
