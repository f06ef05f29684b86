/// Loops: a scan is its unrolled graph, in its values and in all its derivatives.
module DL1.Tests.ScanRulesTests

open DL1
open DL1.Tests.Numbers
open DL1.Tests.Source
open Expecto

/// What `Scan.many` means, without a loop.
let private unrolled reversed length (initial: Expr list) (sequences: Expr list) body =
    let mutable carries = initial
    let stacks = Array.create length []

    for step in (if reversed then [ length - 1 .. -1 .. 0 ] else [ 0 .. length - 1 ]) do
        let next, outputs = body carries (sequences |> List.map (Expr.item 0 step))
        carries <- next
        stacks[step] <- outputs

    carries,
    List.init stacks[0].Length (fun i -> stacks |> List.ofArray |> List.map (List.item i) |> Expr.stack 0)

/// A loop to test: its sequences and initial carries are given, and something from around it, of widths 3.
type private Loop =
    {
        Name: string
        Initial: Expr list
        Sequences: int -> Expr list
        Body: Expr list -> Expr list -> Expr list * Expr list
    }

let private h = Expr.variable "h" DType.F64 [ 3 ]
let private c = Expr.variable "c" DType.F64 [ 3 ]
let private w = Expr.variable "w" DType.F64 [ 3; 3 ]
let private xs length = Expr.variable "xs" DType.F64 [ length; 3 ]
let private zs length = Expr.variable "zs" DType.F64 [ length; 2 ]
let private row (x: Expr) = Expr.expandDims 0 x
let private times x w = Expr.matmul (row x) w |> Expr.squeeze [ 0 ]

let private loops =
    [
        {
            Name = "a recurrent layer"
            Initial = [ h ]
            Sequences = fun n -> [ xs n ]
            Body = fun s x -> let next = tanh (times s[0] w + x[0]) in [ next ], [ next ]
        }
        {
            Name = "two carries, two sequences, two outputs"
            Initial = [ h; c ]
            Sequences = fun n -> [ xs n; zs n ]
            Body =
                fun s x ->
                    let gate = Expr.sigmoid (times s[0] w + x[0])
                    let cell = gate * s[1] + (1.0 - gate) * tanh x[0] * Expr.sum [ 0 ] x[1]
                    [ gate * tanh cell; cell ], [ s[0] * cell; sin x[1] ]
        }
        {
            Name = "a carry that only outputs read, and an output that no carry reaches"
            Initial = [ h; c ]
            Sequences = fun n -> [ xs n ]
            Body = fun s x -> [ s[0] * x[0]; s[1] ], [ s[1] * x[0]; x[0] * x[0]; s[0] ]
        }
        {
            Name = "a counter of whole numbers, and truth values"
            Initial = [ h; Expr.scalar DType.I32 0.0 ]
            Sequences = fun n -> [ xs n ]
            Body =
                fun s x ->
                    let n = Expr.cast DType.F64 s[1]
                    let next = Expr.where (x[0] .> s[0]) (s[0] * 0.5 + n) (x[0] * s[0])
                    [ next; s[1] + 1.0 ], [ next; s[1]; x[0] .> 0.0 ]
        }
        {
            Name = "a loop in a loop"
            Initial = [ h ]
            Sequences = fun n -> [ xs n ]
            Body =
                fun s x ->
                    let inner, seen =
                        Scan.run s[0] (Expr.stack 0 [ x[0]; s[0]; c ]) (fun a b ->
                            let n = sin (a * b) in n, n + x[0])

                    [ inner ], [ Expr.sum [ 0 ] seen ]
        }
        {
            Name = "nothing carried"
            Initial = []
            Sequences = fun n -> [ xs n ]
            Body = fun _ x -> [], [ exp x[0] * c; Expr.sum [ 0 ] x[0] ]
        }
    ]

let private values length =
    let source = Source(length + 17, Tame, true)

    [ "h", [ 3 ]; "c", [ 3 ]; "w", [ 3; 3 ]; "xs", [ length; 3 ]; "zs", [ length; 2 ] ]
    |> List.map (fun (name, dims) -> name, source.Tensor(DType.F64, dims))

/// The results of both, reals alone where `real`.
let private both reversed length loop =
    let run scan =
        let finals, stacked = scan reversed length loop.Initial (loop.Sequences length) loop.Body
        finals @ stacked

    run Scan.many, run unrolled

let private floats = List.filter (fun (e: Expr) -> e.DType.IsFloat)

let private sameValues tolerance length (found: Expr list) (expected: Expr list) =
    let f, e = Eval.many (values length) found, Eval.many (values length) expected

    for i, (a, b) in List.indexed (List.zip f e) do
        expectClose tolerance b a $"result {i}"

let private eachLoop title check =
    testList
        title
        [
            for loop in loops do
                for reversed in [ false; true ] do
                    for length in [ 1; 2; 5 ] ->
                        let way = if reversed then "reversed" else "forward"

                        test $"{loop.Name}, {way}, {length} steps" {
                            check length (both reversed length loop)
                        }
        ]

let private derivatives (outputs: Expr list) u v wrt =
    Grad.vjp outputs (List.map Expr.constant u) wrt, Grad.jvp outputs wrt (List.map Expr.constant v)

let private first length (looped, plain) =
    let looped, plain = floats looped, floats plain
    let wrt = reals plain
    let u, v = directions 1 plain, directions 2 wrt
    let back, forth = derivatives looped u v wrt
    let back', forth' = derivatives plain u v wrt
    sameValues 1e-12 length (back @ forth) (back' @ forth')

let private second length (looped, plain) =
    let scalar outputs = floats outputs |> List.map weighted |> List.reduce (fun a b -> a + sin b)
    let wrt = reals plain
    let v = directions 3 wrt |> List.map Expr.constant

    let hessians (outputs: Expr list) =
        let y = scalar outputs
        Grad.hessianVector y wrt v @ Grad.vjp (Grad.grad y wrt) v wrt

    sameValues 1e-10 length (hessians looped) (hessians plain)

let private oneResult =
    test "the derivative of one result does not need the others" {
        let finals, stacked =
            Scan.many false 4 [ h; c ] [ xs 4 ] (fun s x -> [ s[0] * x[0]; sin s[1] ], [ s[0] + s[1] ])

        let plain, plainStacked =
            unrolled false 4 [ h; c ] [ xs 4 ] (fun s x -> [ s[0] * x[0]; sin s[1] ], [ s[0] + s[1] ])

        for a, b in List.zip (finals @ stacked) (plain @ plainStacked) do
            sameValues 1e-13 4 (Grad.grad (weighted a) [ h; c; xs 4 ]) (Grad.grad (weighted b) [ h; c; xs 4 ])
    }

let private chained =
    test "a loop over what another loop gave" {
        let chain scan =
            let _, once =
                scan false 4 [ h ] [ xs 4 ] (fun (s: Expr list) (x: Expr list) ->
                    let n = tanh (s[0] + x[0]) in [ n ], [ n * c ])

            let finals, twice =
                scan true 4 [ c ] once (fun (s: Expr list) (x: Expr list) -> [ sin (s[0] * x[0]) ], [ s[0] ])

            weighted (List.head finals) + weighted (List.head twice) * weighted (List.head once)

        let a, b = chain Scan.many, chain unrolled
        sameValues 1e-13 4 (a :: Grad.grad a [ h; c; xs 4 ]) (b :: Grad.grad b [ h; c; xs 4 ])
    }

let private empty =
    test "a loop without a step gives its initial carries, and hands their cotangents through" {
        for reversed in [ false; true ] do
            let finals, stacked =
                Scan.many reversed 0 [ h ] [ xs 0 ] (fun s x -> [ s[0] * x[0] * c ], [ s[0] + x[0] ])

            let y = weighted finals[0] + Expr.sumAll stacked[0]
            let found = Eval.many (values 0) (finals @ stacked @ Grad.grad y [ h; c; xs 0 ])
            let initial = values 0 |> List.find (fun (name, _) -> name = "h") |> snd
            Expect.equal found[0] initial "the carry"
            Expect.equal found[1] (Tensor.zeros DType.F64 [ 0; 3 ]) "nothing stacked"
            let expected = Eval.run [] (Grad.grad (weighted h) [ h ]).Head
            Expect.equal found[2] expected "the cotangent of the carry"
            Expect.equal found[3] (Tensor.zeros DType.F64 [ 3 ]) "nothing for what the body reads"
            Expect.equal found[4] (Tensor.zeros DType.F64 [ 0; 3 ]) "nothing for the sequence"
    }

let tests =
    testList
        "ScanRules"
        [
            eachLoop "values" (fun length (looped, plain) -> sameValues 0.0 length looped plain)
            eachLoop "vjp and jvp" first
            eachLoop "second derivatives" second
            oneResult
            chained
            empty
        ]
