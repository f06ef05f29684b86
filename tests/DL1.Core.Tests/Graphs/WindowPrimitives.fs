/// Convolutions in their three roles and poolings, over one or two spatial axes, with every option.
module DL1.Tests.WindowPrimitives

open DL1
open DL1.Tests.Source

let private sweep (s: Source) (pads: int) : Sweep =
    {
        Stride = s.Next(1, 2)
        PadBefore = s.Next(0, pads)
        PadAfter = s.Next(0, pads)
        Dilation = s.Next(1, 2)
    }

let private reach kernel (s: Sweep) = s.Dilation * (kernel - 1) + 1

let private places extent kernel (s: Sweep) =
    (extent + s.PadBefore + s.PadAfter - reach kernel s) / s.Stride + 1

/// Spatial axes: for each its sweep, the kernel's extent and the data's.
let private axes (s: Source) pads =
    List.init (s.Next(1, 2)) (fun _ ->
        let sweep = sweep s pads
        let kernel = s.Next(1, 3)

        let sweep =
            { sweep with
                PadBefore = min sweep.PadBefore (kernel - 1)
                PadAfter = min sweep.PadAfter kernel
            }

        let least = max s.LeastSpatial (reach kernel sweep - sweep.PadBefore - sweep.PadAfter)
        sweep, kernel, s.Next(least, least + 2))

let private conv (role: string) (s: Source) =
    let axes = axes s 2
    let groups = s.Next(1, 2)
    let batch, ins, outs = s.Count 2, s.Count 2, s.Count 2
    let kernel = axes |> List.map (fun (_, k, _) -> k)
    let spatial = axes |> List.map (fun (_, _, d) -> d)
    let spec: ConvSpec = { Sweeps = axes |> List.map (fun (w, _, _) -> w); Groups = groups }
    let dtype = s.Float()
    let x () = s.Exactly(dtype, Any, batch :: groups * ins :: spatial)
    let w () = s.Exactly(dtype, Small, groups * outs :: ins :: kernel)

    let y () =
        s.Exactly(dtype, Any, batch :: groups * outs :: (axes |> List.map (fun (w, k, d) -> places d k w)))

    match role with
    | "conv" -> Expr.Make(Node.Conv(ConvRole.Forward, spec, x (), w ()))
    | "conv_input_grad" -> Expr.Make(Node.Conv(ConvRole.InputGrad spatial, spec, y (), w ()))
    | _ -> Expr.Make(Node.Conv(ConvRole.WeightGrad kernel, spec, x (), y ()))

let private pool (form: Window -> int list -> (int list -> Expr) -> int list -> Node<Expr>) (s: Source) =
    let axes =
        axes s 1
        |> List.map (fun (w, k, d) ->
            // A window may reach over its padding, but not lie in it.
            let w = { w with PadAfter = min w.PadAfter (reach k w - 1) }
            let least = max s.LeastSpatial (reach k w - w.PadBefore - w.PadAfter)
            w, k, max least d)

    let window: Window =
        {
            Kernel = axes |> List.map (fun (_, k, _) -> k)
            Sweeps = axes |> List.map (fun (w, _, _) -> w)
        }

    let dtype = s.Float()
    let spatial = axes |> List.map (fun (_, _, d) -> d)
    let lead = [ s.Count 2; s.Count 2 ]
    let pooled = lead @ (axes |> List.map (fun (w, k, d) -> places d k w))
    let operand dims = s.Exactly(dtype, Any, dims)
    Expr.Make(form window (lead @ spatial) operand pooled)

let all: (string * (Source -> Expr)) list =
    [
        for role in [ "conv"; "conv_input_grad"; "conv_weight_grad" ] do
            yield role, conv role
        yield "max_pool", pool (fun w x operand _ -> Node.MaxPool(w, operand x))
        yield "max_pool_pick", pool (fun w x operand _ -> Node.MaxPoolPick(w, operand x, operand x))
        yield "max_pool_scatter", pool (fun w x operand y -> Node.MaxPoolScatter(w, operand x, operand y))
        yield "avg_pool", pool (fun w x operand _ -> Node.AvgPool(w, operand x))
        yield "avg_pool_grad", pool (fun w x operand y -> Node.AvgPoolGrad(w, List.skip 2 x, operand y))
    ]
