/// Products that write where they are wanted, and attention in one kernel.
module DL1.Tests.ChainTests

open System
open DL1
open DL1.Tests.Law
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Inspection
open DL1.Compiler.Planning

let private floats name dims = Expr.variable name DType.F32 dims

let private kinds (roots: Expr list) =
    (plan (Graph.variables roots) roots).Steps
    |> Array.map (fun step ->
        match step.Work with
        | Work.FusedLoop _ -> "pass"
        | Work.Gemm _ -> "product"
        | Work.BackToBack _ -> "chain"
        | Work.Static(e, _, _) -> Node.name e.Node
        | Work.Copy _ -> "copy"
        | Work.Channels _ -> "channels"
        | Work.Scan _ -> "loop"
        | Work.Defined _ -> "defined")
    |> Array.countBy id
    |> Array.sort
    |> List.ofArray

/// softmax(q·kᵀ)·v, [batch; heads; length; width] each.
let private attention (q: Expr) (k: Expr) (v: Expr) =
    let scores = Expr.matmul q (Expr.transpose [ 0; 1; 3; 2 ] k)
    Expr.matmul (Expr.softmax 3 (0.3 * scores)) v

/// [batch; length; heads · width] as heads.
let private heads count (x: Expr) =
    let shape = x.Shape
    Expr.transpose [ 0; 2; 1; 3 ] (Expr.reshape [ shape[0]; shape[1]; count; shape[2] / count ] x)

let private joined (x: Expr) =
    let shape = x.Shape
    Expr.reshape [ shape[0]; shape[2]; shape[1] * shape[3] ] (Expr.transpose [ 0; 2; 1; 3 ] x)

let private queries (dtype: DType) batch length wide =
    [ for name in [ "q"; "k"; "v" ] -> Expr.variable name dtype [ batch; length; wide ] ]

let private attended count (qkv: Expr list) =
    match List.map (heads count) qkv with
    | [ q; k; v ] -> joined (attention q k v)
    | _ -> invalidArg (nameof qkv) "three tensors"

let private any =
    law "any attention, forward and backward, in every width and number of threads" (fun (seed: uint32) ->
        let pick = Random(int (seed % 1000003u))
        let count = 1 + pick.Next 3
        let dtype = if pick.Next 3 = 0 then DType.F64 else DType.F32
        let inputs = queries dtype (1 + pick.Next 3) (1 + pick.Next 70) (count * (1 + pick.Next 20))
        let result = attended count inputs
        let loss = Expr.sumAll (result * sin result)
        agrees $"{result.Shape} {count}" 2e-4 (result :: Grad.grad loss inputs))

let private masked =
    test "with a mask, and numbers that follow the products" {
        let q, k, v = floats "q" [ 2; 3; 37; 8 ], floats "k" [ 2; 3; 41; 8 ], floats "v" [ 2; 3; 41; 9 ]
        let mask = floats "mask" [ 37; 41 ]
        let scores = 0.5 * Expr.matmul q (Expr.transpose [ 0; 1; 3; 2 ] k) + mask
        let y = tanh (Expr.matmul (Expr.softmax 3 scores) v) + 1.0
        Expect.equal (kinds [ y ]) [ "chain", 1 ] "one kernel"
        agrees "masked" 1e-5 [ y ]
    }

let private dropped =
    test "a multi-head layer with a causal mask and dropout, and its training step" {
        let layer =
            Layer.create "Causal" (fun scope (x: Expr) ->
                let length = x.Shape[1]
                let mask = Attention.causalMask length length
                (Attention.maskedSelf 2 0.3).RunIn scope (x, Some mask))

        let s =
            step
                DType.F32
                layer
                (Loss.mse Reduction.Mean)
                // Adam would make steps of gradients that are 0 but for rounding.
                (Optimizer.sgd 0.1)
                (normal 21L DType.F32 [ 3; 11; 8 ])
                (normal 22L DType.F32 [ 3; 11; 8 ])

        let made: Plan = plan s.Variables s.Roots

        let chains =
            made.Steps
            |> Array.choose (fun step ->
                match step.Work with
                | Work.BackToBack(chain, _) -> Some(chain.Rows.Streams |> Array.exists (fun n -> n >= 0))
                | _ -> None)

        Expect.contains chains true "dropout inside a chain"
        agreesOn "a step" 2e-4 s.Variables (List.map snd s.State @ List.ofArray s.Batch) s.Roots
    }

let private long =
    test "scores of a long sequence stand in no memory" {
        let inputs = queries DType.F32 2 600 16
        let y = attended 2 inputs
        let made = plan (Graph.variables [ y ]) [ y ]
        Expect.equal (kinds [ y ]) [ "chain", 1 ] "one kernel"
        Expect.equal made.Bytes 0L "no scores"
        agrees "long" 1e-4 [ y ]
    }

let private kept =
    test "what is wanted besides is kept" {
        let inputs = queries DType.F32 2 19 6

        match List.map (heads 2) inputs with
        | [ q; k; v ] ->
            let scores = Expr.matmul q (Expr.transpose [ 0; 1; 3; 2 ] k)
            let weights = Expr.softmax 3 scores
            let y = Expr.matmul weights v
            Expect.equal (kinds [ y; weights ]) [ "chain", 1 ] "the weights are a result"
            agrees "weights" 1e-5 [ y; weights ]
            Expect.isFalse (List.contains ("chain", 1) (kinds [ y; scores ])) "the scores are a result"
            agrees "scores" 1e-5 [ y; weights; scores ]
            let values = inputs |> List.mapi (fun i e -> normal (int64 i) e.DType (e.Shape.ToList()))
            let first roots = Compile.prepare (Graph.variables inputs) roots values |> List.head
            Expect.isTrue (Tensor.sameBits (first [ y ]) (first [ y; scores ])) "the bits of three kernels"
        | _ -> failtest "three"
    }

let private steady =
    test "a step of attention allocates nothing" {
        let inputs = queries DType.F32 2 50 12
        let y = attended 3 inputs
        let loss = Expr.sumAll (y * y)

        let state =
            List.zip
                (Graph.variables inputs)
                (inputs |> List.mapi (fun i e -> normal (int64 i) e.DType (e.Shape.ToList())))

        let next = List.map2 (fun x g -> x - 0.01 * g) inputs (Grad.grad loss inputs)
        let session = Session.With(Compile.standard, state, next, [], [ loss ])
        PoolTests.expectSteady "attention" (fun () -> session.Step())
    }

let private elsewhere =
    test "products write where a copy or a concatenation would have put them" {
        let a, b, c = floats "a" [ 2; 3; 7; 5 ], floats "b" [ 2; 3; 5; 9 ], floats "c" [ 2; 7; 4 ]
        let product = Expr.matmul a b
        let turned = Expr.transpose [ 0; 2; 1; 3 ] product
        Expect.equal (kinds [ turned ]) [ "product", 1 ] "[2; 7; 3; 9]"
        agrees "turned" 1e-5 [ turned ]
        let across = Expr.transpose [ 3; 0; 1; 2 ] product
        agrees "columns outermost" 1e-5 [ across ]
        let rows = Expr.transpose [ 0; 3; 1; 2 ] (tanh product + 1.0)
        agrees "columns before rows" 1e-5 [ rows ]
        let second = Expr.matmul (floats "d" [ 2; 7; 6 ]) (floats "e" [ 6; 8 ])
        let both = Expr.concat 2 [ Expr.reshape [ 2; 7; 27 ] turned; Expr.relu second ]
        Expect.equal (kinds [ both ]) [ "product", 2 ] "side by side"
        agrees "side by side" 1e-5 [ both ]
        let three = Expr.concat 2 [ both; c ]
        agrees "with something else" 1e-5 [ three ]
        agrees "twice the same" 1e-5 [ Expr.concat 1 [ product; product ] ]
        agrees "wanted itself" 1e-5 [ turned; product ]
    }

/// Convolutions of one image, of the given channels each and kernels of 3, 1 or 3 by 3 and depthwise, one after another.
let private sideBySide dtype extents source (parts: (int * int) list) =
    let x = Expr.variable "x" dtype (2 :: source :: extents)

    parts
    |> List.mapi (fun i (outputs, kind) ->
        let kernel, groups = (if kind = 1 then 1 else 3), (if kind = 2 then source else 1)
        let outputs = if kind = 2 then source else outputs
        let w = Expr.variable $"w%d{i}" dtype [ outputs; source / groups; kernel; kernel ]
        let b = Expr.variable $"b%d{i}" dtype [ outputs; 1; 1 ]
        let options = { Convolution.options with Padding = [ kernel / 2 ]; Groups = groups }
        let y = Convolution.conv options x w + b
        if i % 2 = 0 then Expr.relu y else y)
    |> Expr.concat 1

/// A convolution of it, so that its channels stay last.
let private mixed (x: Expr) =
    Convolution.conv
        Convolution.options
        x
        (Expr.variable $"mix%d{x.Shape[1]}" x.DType [ 4; x.Shape[1]; 1; 1 ])

let private channels =
    test "convolutions write their channels where a concatenation would have put them" {
        let parts = sideBySide DType.F32 [ 13; 11 ] 16 [ 64, 1; 32, 0; 20, 1; 0, 2 ]
        Expect.equal (kinds [ mixed parts ]) [ "channels", 5 ] "no concatenation"
        agrees "wanted itself, too" 2e-4 [ mixed parts; parts ]
        let again = Expr.concat 1 [ mixed parts; parts ]
        agrees "twice" 2e-4 [ mixed again ]
    }

let private anyChannels =
    law "any convolutions side by side, in every width and number of threads" (fun (seed: uint16) ->
        let pick = Random(int seed)
        let dtype = if pick.Next 3 = 0 then DType.F64 else DType.F32
        let extents = List.init 2 (fun _ -> 1 + pick.Next 24)
        let some () = if pick.Next 2 = 0 then 16 * (1 + pick.Next 2) else 1 + pick.Next 20
        let parts = List.init (2 + pick.Next 2) (fun _ -> some (), pick.Next 3)
        agrees $"%A{extents} %A{parts}" 2e-4 [ mixed (sideBySide dtype extents (some ()) parts) ])

let private told =
    test "parts of a place are told apart: their formulas, bytes, and where a NaN began" {
        let a, b, c = floats "a" [ 4; 5 ], floats "b" [ 5; 9 ], floats "c" [ 5; 7 ]
        let both = Expr.concat 1 [ Expr.matmul a b; Expr.matmul a c ]
        let inputs = Graph.variables [ both ]
        let text = Compile.explain inputs [ both ]
        Expect.stringContains text "root 0 = a @ b" text
        Expect.stringContains text "root 0 = a @ c" text
        let cost = Cost.ofPlan (plan inputs [ both ])
        Expect.equal cost.Written (4L * 4L * 16L) "each part once"

        let values =
            inputs
            |> List.map (fun v -> Tensor.full v.DType (v.Shape.ToList()) (if v.Name = "c" then 3e38 else 2.0))

        let message =
            try
                Compile.prepareWith { Compile.standard with CheckFinite = true } inputs [ both ] values
                |> ignore

                ""
            with :? DomainError as e ->
                e.Message

        Expect.stringContains message "a @ c" message
        Expect.stringContains message "∞ at [0, 9]" message
    }

let tests =
    testList "Chain" [ any; masked; dropped; long; kept; steady; elsewhere; channels; anyChannels; told ]
