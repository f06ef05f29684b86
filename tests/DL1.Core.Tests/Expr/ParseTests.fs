/// ASCII text and reading it back: what is read equals what was written, for every form of node and for graphs of all
/// of them.
module DL1.Tests.ParseTests

open System
open DL1
open DL1.Tests.ParseExamples
open Expecto
open FsCheck.FSharp
open Microsoft.FSharp.Reflection

let private reads (e: Expr) =
    let text = Text.ascii e
    let back = Parse.expr text
    Expect.equal (back.Digest.ToString()) (e.Digest.ToString()) text
    Expect.all text (fun c -> c = '\n' || (c >= ' ' && c <= '~')) "plain ASCII"

let private forms =
    testList
        "every form is read back"
        [
            yield! examples |> List.mapi (fun i e -> testCase $"{i}: {Node.name e.Node}" <| fun () -> reads e)

            testCase "no form is missing"
            <| fun () ->
                let formOf (e: Expr) =
                    let case, _ = FSharpValue.GetUnionFields(e.Node, typeof<Node<Expr>>)
                    case.Name

                let all = FSharpType.GetUnionCases typeof<Node<Expr>> |> Array.map _.Name |> set
                Expect.equal (examples |> List.map formOf |> set) all "the forms"
        ]

let private approved (text: string) (e: Expr) =
    testCase text
    <| fun () ->
        Expect.equal (Text.ascii e) text "the approved text"
        Expect.equal (Parse.expr text) e "read back"

let private means (text: string) (e: Expr) =
    testCase text <| fun () -> Expect.equal (Parse.expr text) e "the expression"

let private written =
    testList
        "approved texts"
        [
            approved "x*sin(x) + 2" (x * sin x + 2.0)
            approved "x - (-2)" (x - lit -2.0)
            approved "m: f32[3, 4];\nm + f32(1)" (m + 1.0)
            approved "m: f32[3, 4];\nsum(m, axes=[0])" (Expr.sum [ 0 ] m)
            approved "m: f32[3, 4];\nbroadcast(m, shape=[2, 3, 4])" (Expr.broadcastTo [ 2; 3; 4 ] m)
            approved "tensor(i32, [2], [1, -2])" (Expr.constant (Tensor.vector [ 1; -2 ]))
            approved
                "\"\\u03b1\" > 0 and not(x > 0)"
                (Expr.both (Expr.symbol "α" .> 0.0) (Expr.not' (x .> 0.0)))
        ]

let private read =
    testList
        "people may write"
        [
            means "x ** 2" (x ** 2.0)
            means "-x^2" -(x ** 2.0)
            means "-2^2" -((lit 2.0) ** lit 2.0)
            means "x^-2" (x ** -2.0)
            means "x^y^2" (x ** (y ** 2.0))
            means "+x - -y" (x - -y)
            means "((x))" x
            means "x < y or x > 0 and y > 0" (Expr.either (x .< y) (Expr.both (x .> 0.0) (y .> 0.0)))
            means "m: f32[3, 4]; sum(m)" (Expr.sumAll m)
            means "m: f32[3, 4]; softmax(m, axis=-1)" (Expr.softmax 1 m)
            means "m: f32[3, 4]; reshape(m, shape=[-1, 6])" (Expr.reshape [ 2; 6 ] m)
            means "m: f32[3, 4]; where(m > 0, m, 0)" (Expr.where (m .> 0.0) m (lit 0.0))
            means "let t = x + 1; t*t" ((x + 1.0) * (x + 1.0))
            means "α + x" (Expr.symbol "α" + x)
            means "|x - y| + ||x| - 1|" (abs (x - y) + abs (abs x - 1.0))
            means "log(x, y) - ceil(x)" (log x / log y - ceil x)
            means "clamp(x, -1, 1)" (Expr.where (x .< -1.0) (lit -1.0) (Expr.where (x .> 1.0) (lit 1.0) x))
            means "atan2(y, x) + log2(x)" (Special.atan2 y x + Special.log2 x)
            means "cbrt(x)" (Expr.unary UnaryOp.Sign x * Expr.Pow(abs x, 1.0 / 3.0))
            means "  x\n  + y\n" (x + y)
            means "add(x, y)" (x + y)
            means ".5*x + 2.*x + 1E3" (0.5 * x + 2.0 * x + 1e3)
        ]

/// Grows a graph from numbers: each step picks an operation and operands from what there is; what does not fit is
/// passed over.
let private grow (steps: (int * int * int) list) : Expr =
    let pool =
        Collections.Generic.List<Expr>(
            [
                x
                y
                m
                lit 2.0
                lit -0.5
                Expr.variable "row" DType.F32 [ 4 ]
                Expr.variable "column" DType.F32 [ 3; 1 ]
                Expr.variable "key" DType.I32 [ 2 ]
                Expr.variable "i" DType.I64 [ 3 ]
                Expr.variable "α β" DType.F64 [ 2; 0 ]
                image
                kernel
                Expr.scalar DType.F32 0.1
            ]
        )

    let unaries = FSharpType.GetUnionCases typeof<UnaryOp>
    let binaries = FSharpType.GetUnionCases typeof<BinaryOp>
    let compares = FSharpType.GetUnionCases typeof<CompareOp>
    let pick (cases: UnionCaseInfo[]) n = FSharpValue.MakeUnion(cases[n % cases.Length], [||])

    for op, i, j in steps do
        // What was made last more often than the rest, so that graphs grow deep and share.
        let at n =
            if n % 3 > 0 then pool[pool.Count - 1 - n / 3 % 6] else pool[n / 3 % pool.Count]

        let a, b = at i, at j
        let axis = if a.Shape.Rank = 0 then 0 else j % a.Shape.Rank

        try
            pool.Add(
                match op % 24 with
                | 0
                | 1 -> Expr.unary (pick unaries (op / 24) :?> UnaryOp) a
                | 2
                | 3
                | 4
                | 5 -> Expr.binary (pick binaries (op / 24) :?> BinaryOp) a b
                | 6 -> Expr.compare (pick compares (op / 24) :?> CompareOp) a b
                | 7 -> Expr.where (Expr.compare CompareOp.Ne a b) a b
                | 8 -> Expr.cast DType.all[op / 24 % 5] a
                | 9 -> Expr.sum [ axis ] a
                | 10 -> Expr.max [ axis ] a
                | 11 -> Expr.argMax axis a
                | 12 -> Expr.softmax axis a
                | 13 -> Expr.matmul a b
                | 14 -> a.T
                | 15 -> Expr.reshape [ -1; 1 ] a
                | 16 -> Expr.concat axis [ a; b; a ]
                | 17 -> Expr.reverse [ axis ] a
                | 18 -> Expr.gather axis b a
                | 19 -> Expr.Make(Node.Conv(ConvRole.Forward, spec, a, b))
                | 20 -> Expr.Make(Node.MaxPool(window, a))
                | 21 -> Expr.broadcastTo (2 :: a.Shape.ToList()) a
                | 22 -> Expr.sliceAxis axis 1 -1 a
                | _ -> Expr.cumSum axis a
            )
        with :? DL1Error ->
            ()

    // One number of all that was made last, where it can be had.
    let total =
        Seq.rev pool
        |> Seq.truncate 16
        |> Seq.map (fun e -> Expr.sumAll (Expr.cast DType.F64 e))
        |> Seq.reduce (+)

    if List.length steps % 2 = 0 then total else pool[pool.Count - 1]

type private Steps =
    static member List() =
        gen {
            let! count = Gen.choose (1, 120)

            return!
                Gen.listOfLength
                    count
                    (Gen.zip3 (Gen.choose (0, 10_000)) (Gen.choose (0, 10_000)) (Gen.choose (0, 10_000)))
        }
        |> Arb.fromGen

let private config =
    { FsCheckConfig.defaultConfig with
        maxTest = 500
        arbitrary = [ typeof<Steps> ]
        replay = Some(20_240_501UL, 2_147_483_647UL, None)
    }

let private chain (step: Expr -> Expr) = Seq.fold (fun e _ -> step e) x (seq { 1..100_000 })

let private large =
    testList
        "large graphs"
        [
            testCase "100,000 nodes in a chain are read back"
            <| fun () ->
                for step in [ sin; (fun e -> e + 1.0); (fun e -> y - e); (fun e -> y ** e); (fun e -> -e) ] do
                    let e = chain step
                    Expect.equal (Parse.expr (Text.ascii e)) e "the same"

            testCase "repeated squaring 60 deep is read back"
            <| fun () ->
                let e = Seq.fold (fun e _ -> e * e) x (seq { 1..60 })
                let text = Text.ascii e
                Expect.equal (Parse.expr text) e "the same"
                Expect.isLessThan (text.Split('\n').Length) 15 "few lines"

            testCase "100,000 sums without parentheses"
            <| fun () ->
                let text = String.Join(" + ", Seq.replicate 100_000 "x")
                Expect.equal (Parse.expr text) (Seq.fold (fun e _ -> e + x) x (seq { 2..100_000 })) "a chain"

            testCase "100,000 open parentheses, signs and powers are refused"
            <| fun () ->
                for part in [ "("; "-"; "x^"; "sin("; "reshape(x, shape={" ] do
                    let text = String.replicate 100_000 part + "x"
                    Expect.throwsT<FormatError> (fun () -> Parse.expr text |> ignore) part

            testCase "loops inside loops are written up to a depth"
            <| fun () ->
                let nest (e: Expr) =
                    let call: ScanCall<Expr> =
                        {
                            Body =
                                {
                                    Carries = [ named "x" DType.F64 [] ]
                                    Slices = []
                                    Fixed = []
                                    Next = [ e ]
                                    Outputs = []
                                }
                            Length = 2
                            Reversed = false
                            Initial = [ x ]
                            Sequences = []
                            Fixed = []
                        }

                    Expr.Make(Node.Scan(0, call))

                reads (nest (nest (nest (sin x))))
                let deep = Seq.fold (fun e _ -> nest e) x (seq { 1..20_000 })
                Expect.throwsT<DomainError> (fun () -> Text.ascii deep |> ignore) "refused"
                Expect.isNotEmpty (string deep) "Unicode leaves bodies out"
        ]

let tests =
    testList
        "Parse"
        [
            forms
            written
            read
            testPropertyWithConfig config "a graph is read back" (fun steps -> grow steps |> reads)
            testPropertyWithConfig config "Unicode, LaTeX and DOT are written for any graph" (fun steps ->
                let e = grow steps
                (Text.unicode e).Length > 0 && (Latex.ofExpr e).Length > 0 && (Dot.ofExpr e).Length > 0)
            large
        ]
