/// Expressions with attributes at their extremes: each is made from small variables.
module DL1.Tests.ExtremeExprs

open DL1
open DL1.Tests.Dice

/// A variable with its value.
type Given = { Variable: Expr; Value: Tensor }

/// Makes variables for a case.
type Givens(d: Dice) =
    let all = ResizeArray<Given>()

    member _.Dice = d
    member _.All = List.ofSeq all

    member _.Var(dtype, dims: int list) : Expr =
        let value = d.Tensor(dtype, dims)
        let v = Expr.variable $"v{all.Count}" dtype dims
        all.Add { Variable = v; Value = value }
        v

    member _.Index(dims: int list, below: int) : Expr =
        let shape = Shape.ofList dims
        let values = Array.init shape.Size (fun _ -> int64 (d.Next(0, below - 1)))
        let dtype = if d.Flag then DType.I64 else DType.I32
        let v = Expr.variable $"v{all.Count}" dtype dims
        all.Add { Variable = v; Value = Tensor.cast dtype (Tensor.ofArray dims values) }
        v

    member g.Float(dims) = g.Var((if d.Flag then DType.F32 else DType.F64), dims)

let private sweep (d: Dice) : Sweep =
    {
        Stride = d.Attribute(1, 3)
        PadBefore = d.Attribute(0, 2)
        PadAfter = d.Attribute(0, 2)
        Dilation = d.Attribute(1, 2)
    }

let private options (d: Dice) rank : WindowOptions =
    let list low high = if d.Flag then [ d.Attribute(low, high) ] else d.Attributes(rank, low, high)

    {
        Stride = (if d.Next(0, 3) = 0 then [] else list 1 3)
        Padding = list 0 2
        Dilation = list 1 2
        Groups = d.Attribute(1, 2)
    }

let private spatial (d: Dice) rank = List.init rank (fun _ -> d.Next(1, 6))

let private conv (g: Givens) =
    let d = g.Dice
    let rank, dtype = d.Next(1, 2), d.Pick [ DType.F32; DType.F64 ]
    let o = options d rank
    let groups = if o.Groups = 2 then 2 else 1
    let channels, outputs = groups * d.Next(1, 3), groups * d.Next(1, 3)
    let x = g.Var(dtype, d.Next(1, 2) :: channels :: spatial d rank)
    let w = g.Var(dtype, outputs :: channels / groups :: List.init rank (fun _ -> d.Next(1, 4)))
    Convolution.conv o x w

let private convTranspose (g: Givens) =
    let d = g.Dice
    let rank, dtype = d.Next(1, 2), d.Pick [ DType.F32; DType.F64 ]
    let o = options d rank
    let groups = if o.Groups = 2 then 2 else 1
    let channels = groups * d.Next(1, 2)
    let x = g.Var(dtype, d.Next(1, 2) :: channels :: List.init rank (fun _ -> d.Next(1, 4)))
    let w = g.Var(dtype, channels :: d.Next(1, 2) :: List.init rank (fun _ -> d.Next(1, 3)))
    Convolution.convTranspose o (if d.Flag then [] else d.Attributes(rank, 0, 1)) x w

/// A convolution's node in any role, whose attributes need not fit each other.
let private convNode (g: Givens) =
    let d = g.Dice
    let rank = d.Next(1, 2)
    let x = g.Var(DType.F32, 1 :: 2 :: spatial d rank)
    let y = g.Var(DType.F32, d.Pick [ 1; 2 ] :: d.Pick [ 1; 2 ] :: List.init rank (fun _ -> d.Next(1, 3)))
    let spec: ConvSpec = { Sweeps = List.init rank (fun _ -> sweep d); Groups = d.Attribute(1, 2) }

    let role =
        d.Pick
            [
                ConvRole.Forward
                ConvRole.InputGrad(d.Attributes(rank, 1, 8))
                ConvRole.WeightGrad(d.Attributes(rank, 1, 3))
            ]

    Expr.Make(Node.Conv(role, spec, x, y))

let private pool (g: Givens) =
    let d = g.Dice
    let rank = d.Next(1, 2)
    let kernel = if d.Flag then [ d.Attribute(1, 3) ] else d.Attributes(rank, 1, 3)
    let o = { options d rank with Groups = (if d.Next(0, 9) = 0 then d.Extreme else 1) }
    let x = g.Float(d.Next(1, 2) :: d.Next(1, 3) :: spatial d rank)
    (if d.Flag then Convolution.maxPool else Convolution.avgPool) kernel o x

let private poolNode (g: Givens) =
    let d = g.Dice
    let rank = d.Next(1, 2)
    let window: Window = { Kernel = d.Attributes(rank, 1, 3); Sweeps = List.init rank (fun _ -> sweep d) }
    let x = g.Var(DType.F32, 1 :: 2 :: spatial d rank)

    match d.Next(0, 2) with
    | 0 -> Expr.Make(Node.MaxPoolPick(window, x, g.Var(DType.F32, x.Shape.ToList())))
    | 1 ->
        let y = Expr.Make(Node.MaxPool(window, x))
        Expr.Make(Node.MaxPoolScatter(window, x, y * 2.0))
    | _ -> Expr.Make(Node.AvgPoolGrad(window, d.Attributes(rank, 1, 6), x))

let private adaptive (g: Givens) =
    let d = g.Dice
    let size = d.Attributes(d.Next(1, 2), 1, 4)
    let layer = if d.Flag then Pooling.adaptiveAverage size else Pooling.adaptiveMax size
    let x = g.Float(1 :: 2 :: spatial d (d.Next(1, 2)))
    Layer.apply Mode.Inference Tree.empty Tree.empty layer x |> fst

let private dims (d: Dice) = List.init (d.Next(1, 3)) (fun _ -> d.Next(0, 4))

let private pad (g: Givens) =
    let d = g.Dice
    let x = g.Float(dims d)

    let edge () =
        { Before = d.Attribute(-1, 2); After = d.Attribute(-1, 2); Between = d.Attribute(0, 2) }

    Expr.padWith (List.init x.Shape.Rank (fun _ -> edge ())) 0.5 x

let private slice (g: Givens) =
    let d = g.Dice
    let x = g.Float(dims d)
    let each low high = d.Attributes(x.Shape.Rank, low, high)
    Expr.slice (each 0 1) (each 1 4) (each 1 2) x

let private sliceAxis (g: Givens) =
    let d = g.Dice
    Expr.sliceAxis (d.Attribute(-1, 1)) (d.Attribute(0, 1)) (d.Attribute(1, 3)) (g.Float(dims d))

let private item (g: Givens) =
    Expr.item (g.Dice.Attribute(-1, 0)) (g.Dice.Attribute(-1, 1)) (g.Float(dims g.Dice))

let private reshape (g: Givens) =
    Expr.reshape (g.Dice.Attributes(g.Dice.Next(1, 3), -1, 4)) (g.Float(dims g.Dice))

let private expand (g: Givens) = Expr.expandDims (g.Dice.Attribute(-2, 2)) (g.Float(dims g.Dice))
let private squeeze (g: Givens) = Expr.squeeze [ g.Dice.Attribute(-1, 1) ] (g.Float [ 1; g.Dice.Next(1, 2) ])

/// A tensor stretched to extents that may be huge, and reduced again.
let private stretched (g: Givens) =
    let d = g.Dice
    let x = Expr.broadcastTo (d.Attributes(d.Next(1, 3), 1, 3)) (g.Float(d.Pick [ []; [ 1 ] ]))
    if d.Flag then Expr.sumAll x else x

let private concat (g: Givens) =
    let d = g.Dice
    let part () = Expr.broadcastTo (d.Attributes(1, 1, 3)) (g.Var(DType.F32, []))
    let axis = if d.Next(0, 4) = 0 then d.Extreme else 0

    if d.Flag then
        Expr.concat axis [ part (); part () ]
    else
        Expr.stack axis [ part (); part () ]

let private gather (g: Givens) =
    let d = g.Dice
    let x = g.Float [ d.Next(1, 4); d.Next(1, 4) ]
    Expr.gather (d.Attribute(-1, 1)) (g.Index([ d.Next(0, 3) ], 1)) x

let private scatterAdd (g: Givens) =
    let d = g.Dice
    let updates = g.Float [ 3; d.Next(1, 3) ]
    Expr.scatterAdd (d.Attribute(-1, 1)) (d.Attribute(1, 4)) (g.Index([ 3 ], 1)) updates

let private axes (g: Givens) =
    let d = g.Dice
    let x = g.Float(dims d)
    let axis = d.Attribute(-1, 1)

    match d.Next(0, 9) with
    | 0 -> Expr.sum [ axis ] x
    | 1 -> Expr.max [ axis ] x
    | 2 -> Expr.argMax axis x
    | 3 -> Expr.cumSum axis x
    | 4 -> Expr.softmax axis x
    | 5 -> Expr.logSumExp axis x
    | 6 -> Expr.reverse [ axis ] x
    | 7 -> Expr.moveAxis axis (d.Attribute(-1, 1)) x
    | 8 -> Reduce.mean [ axis ] x
    | _ -> Expr.transpose (d.Attributes(x.Shape.Rank, 0, x.Shape.Rank - 1)) x

let private counted (g: Givens) =
    let d = g.Dice

    match d.Next(0, 4) with
    | 0 -> Linear.oneHot DType.F32 (d.Attribute(1, 4)) (g.Index([ d.Next(0, 3) ], 3))
    | 1 -> Linear.identity DType.F32 (d.Attribute(0, 4))
    | 2 -> Expr.arange DType.I32 (d.Attribute(0, 4))
    | 3 -> Expr.full DType.F32 (d.Attributes(2, 1, 3)) 1.5
    | _ -> Expr.randomBits 0 (d.Attributes(2, 1, 3)) (Draw.key (Key.ofSeed 3L))

let private batched (g: Givens) =
    let d = g.Dice

    let f (x: Expr) =
        match d.Next(0, 2) with
        | 0 -> Expr.scatterAdd 0 (d.Attribute(2, 4)) (Expr.arange DType.I32 2) x
        | 1 -> Expr.padWith [ { Before = d.Attribute(0, 2); After = 1; Between = d.Attribute(0, 1) } ] 0.0 x
        | _ -> Expr.broadcastTo [ d.Attribute(1, 3); 2 ] x

    Grad.vmap (List.map f) [ g.Float [ 4; 2 ] ] |> List.head

let private product (g: Givens) =
    let d = g.Dice
    let rows = Expr.broadcastTo [ d.Attribute(1, 4); 3 ] (g.Var(DType.F32, [ 1; 3 ]))
    let columns = Expr.broadcastTo [ 3; d.Attribute(1, 4) ] (g.Var(DType.F32, [ 3; 1 ]))
    Expr.matmul rows columns

let private loop (g: Givens) =
    let d = g.Dice
    let xs = g.Float [ d.Next(0, 3); 2 ]

    let length =
        if d.Flag then
            xs.Shape[0]
        else
            d.Pick [ -1; System.Int32.MinValue; System.Int32.MaxValue; 4 ]

    let add (carries: Expr list) (slices: Expr list) = [ carries.Head + slices.Head ], [ carries.Head ]
    let start = Expr.full xs.DType [ d.Attribute(2, 2) ] 0.0
    Scan.many d.Flag length [ start ] [ xs ] add |> snd |> List.head

/// All forms, by name.
let all: (string * (Givens -> Expr)) list =
    [
        "conv", conv
        "conv", conv
        "conv", conv
        "convTranspose", convTranspose
        "convTranspose", convTranspose
        "conv node", convNode
        "pool", pool
        "pool", pool
        "pool node", poolNode
        "adaptive pool", adaptive
        "pad", pad
        "pad", pad
        "slice", slice
        "sliceAxis", sliceAxis
        "item", item
        "reshape", reshape
        "expandDims", expand
        "squeeze", squeeze
        "broadcast", stretched
        "concat", concat
        "gather", gather
        "scatterAdd", scatterAdd
        "axes", axes
        "counted", counted
        "vmap", batched
        "matmul", product
        "scan", loop
    ]
