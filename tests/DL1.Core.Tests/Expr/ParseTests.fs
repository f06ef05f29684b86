/// ASCII text and reading it back: what is read equals what was written, for every form of node and for graphs of all
/// of them; and what wrong texts are told.
module DL1.Tests.ParseTests

open System
open DL1
open Expecto
open FsCheck.FSharp
open Microsoft.FSharp.Reflection

let private x, y = Expr.symbol "x", Expr.symbol "y"
let private variable name dims = Expr.variable name DType.F32 dims
let private named name dtype dims : Variable = { Name = name; DType = dtype; Shape = Shape.ofList dims }
let private m = variable "m" [ 3; 4 ]
let private image, kernel = variable "image" [ 2; 4; 7; 6 ], variable "kernel" [ 6; 2; 3; 2 ]

let private sweep stride before after dilation =
    { Stride = stride; PadBefore = before; PadAfter = after; Dilation = dilation }

let private sweeps = [ sweep 2 1 0 1; sweep 1 0 1 2 ]
let private spec: ConvSpec = { Sweeps = sweeps; Groups = 2 }
let private convolved = Expr.Make(Node.Conv(ConvRole.Forward, spec, image, kernel))
let private window: Window = { Kernel = [ 2; 3 ]; Sweeps = [ sweep 2 1 0 1; sweep 1 0 1 1 ] }
let private pooled = Expr.Make(Node.MaxPool(window, image))
let private extents (e: Expr) = e.Shape.ToList() |> List.skip 2

let private loop reversed : ScanCall<Expr> =
    let h, s, k = variable "h" [ 2 ], variable "a slice" [ 2 ], variable "k" []
    // The step shares a part, and its text is long enough to name it.
    let part = Seq.fold (fun e _ -> tanh (e + h * s)) s (seq { 1..12 })

    {
        Body =
            {
                Carries = [ named "h" DType.F32 [ 2 ] ]
                Slices = [ named "a slice" DType.F32 [ 2 ] ]
                Fixed = [ named "k" DType.F32 [] ]
                Next = [ part * part + k ]
                Outputs = [ part; Expr.sumAll part ]
            }
        Length = 5
        Reversed = reversed
        Initial = [ variable "h" [ 2 ] ]
        Sequences = [ variable "sequence" [ 5; 2 ] ]
        Fixed = [ variable "k" [] ]
    }

let private rule: CustomVjp<Expr> =
    let u, g = Expr.variable "u" DType.F32 [ 3; 4 ], Expr.variable "g" DType.F32 []

    {
        Name = "a \"half\" square"
        Inputs = [ named "u" DType.F32 [ 3; 4 ] ]
        Value = Expr.sumAll (u * u) / 2.0
        Cotangent = named "g" DType.F32 []
        Gradients = [ u * g ]
    }

let private constants =
    [
        Tensor.ofArray [ 2; 3 ] [| 0.1f; -0.0f; nanf; infinityf; -infinityf; 1e-38f |]
        Tensor.ofArray [ 3 ] [| BitConverter.UInt32BitsToSingle 0x7fc00001u; 1.17e-38f; 16777217.0f |]
        Tensor.ofArray [ 5 ] [| 0.1; -0.0; nan; -infinity; 4.9e-324 |]
        Tensor.ofArray [ 1 ] [| BitConverter.UInt64BitsToDouble 0x7ff8000000000000UL |]
        Tensor.ofArray [ 2 ] [| Int32.MinValue; 7 |]
        Tensor.ofArray [ 2 ] [| Int64.MaxValue; -9007199254740993L |]
        Tensor.ofArray [ 1; 2 ] [| true; false |]
        Tensor.ofArray [ 0; 2 ] ([||]: float32[])
        Tensor.scalar 0.5f
        Tensor.scalar -0.0
        Tensor.scalar nan
        Tensor.scalar -infinity
        Tensor.scalar -3L
        Tensor.scalar true
        Tensor.arange DType.F64 200
    ]
    |> List.map Expr.constant

/// At least one of every form, and of every operation in it.
let private examples: Expr list =
    let unaries =
        [
            for case in FSharpType.GetUnionCases typeof<UnaryOp> do
                let op = FSharpValue.MakeUnion(case, [||]) :?> UnaryOp
                Expr.unary op (if op = UnaryOp.Not then x .> 0.0 else x)
        ]

    let binaries =
        [
            for case in FSharpType.GetUnionCases typeof<BinaryOp> do
                let op = FSharpValue.MakeUnion(case, [||]) :?> BinaryOp
                let isTruth = op = BinaryOp.And || op = BinaryOp.Or

                if isTruth then
                    Expr.binary op (x .> 0.0) (y .> 0.0)
                else
                    Expr.binary op x (y - 1.0)
        ]

    let compares =
        [
            for case in FSharpType.GetUnionCases typeof<CompareOp> ->
                Expr.compare (FSharpValue.MakeUnion(case, [||]) :?> CompareOp) x y
        ]

    let reductions =
        [
            for case in FSharpType.GetUnionCases typeof<ReduceOp> do
                let op = FSharpValue.MakeUnion(case, [||]) :?> ReduceOp
                Expr.reduce op [ 0; 1 ] m
                Expr.reduce op [ -1 ] m
        ]

    let indices = Expr.variable "i" DType.I64 [ 5 ]

    constants
    @ unaries
    @ binaries
    @ compares
    @ reductions
    @ [
        x
        m + 1.0
        m * variable "row" [ 4 ] - variable "column" [ 3; 1 ]
        variable "row" [ 4 ] + variable "column" [ 3; 1 ]
        Expr.where (x .> 0.0) x y
        Expr.where (m .> 0.0) m (lit 0.0)
        Expr.cast DType.I32 m
        Expr.argMax 1 m
        Expr.argMin 0 m
        Expr.cumSum 1 m
        Expr.Make(Node.CumSum(0, true, m))
        Expr.softmax 1 m
        Expr.logSumExp 0 m
        Expr.matmul m m.T
        Expr.matmul (variable "p" [ 2; 3; 4 ]) (variable "q" [ 4; 5 ])
        Expr.broadcastTo [ 2; 3; 4 ] m
        Expr.reshape [ 2; 6 ] m
        Expr.transpose [ 2; 0; 1 ] (variable "p" [ 2; 3; 4 ])
        Expr.slice [ 0; 1 ] [ 3; 4 ] [ 2; 1 ] m
        Expr.pad [ 1; 0 ] [ -1; 2 ] -0.5 m
        Expr.padWith [ { Before = 0; After = 1; Between = 2 }; { Before = 0; After = 0; Between = 0 } ] nan m
        Expr.concat 1 [ m; m; variable "n" [ 3; 1 ] ]
        Expr.reverse [ 0; 1 ] m
        Expr.gather 1 indices m
        Expr.scatterAdd 1 9 indices (variable "updates" [ 3; 5 ])
        convolved
        Expr.Make(Node.Conv(ConvRole.InputGrad(extents image), spec, convolved, kernel))
        Expr.Make(Node.Conv(ConvRole.WeightGrad(extents kernel), spec, image, convolved))
        pooled
        Expr.Make(Node.MaxPoolPick(window, image, image + 1.0))
        Expr.Make(Node.MaxPoolScatter(window, image, pooled))
        Expr.Make(Node.AvgPool(window, image))
        Expr.Make(Node.AvgPoolGrad(window, extents image, pooled))
        Expr.randomBits 3 [ 2; 5 ] (Expr.variable "key" DType.I32 [ 2 ])
        Expr.Make(Node.Scan(0, loop false))
        Expr.Make(Node.Scan(1, loop true))
        Expr.Make(Node.Scan(2, loop false)) + 1.0
        Expr.stopGradient m
        Expr.Make(Node.Custom(rule, [ m ]))
        // Nodes that do nothing are nodes all the same.
        Expr.Make(Node.Reduce(ReduceOp.Sum, [], m))
        Expr.Make(Node.Reshape(m.Shape, m))
        Expr.Make(Node.Transpose([ 0; 1 ], m))
        Expr.Make(Node.Broadcast(m.Shape, m)) + m
        Expr.Make(Node.Cast(DType.F32, m))
        Expr.Make(Node.Concat(0, [ m ]))
        Expr.Make(Node.Reverse([], m))
        Expr.broadcastTo [ 5 ] (variable "one" [ 1 ]) + Expr.broadcastTo [ 5 ] (variable "two" [ 1 ])
        // What precedence, signs and names could get wrong.
        -(lit 2.0)
        -(lit -2.0)
        x - -(lit 2.0)
        -(x * y)
        -x * y
        (lit -2.0) ** x
        -((lit 2.0) ** x)
        x ** -y
        x ** (y ** 2.0)
        (x ** y) ** 2.0
        x - (y - x)
        x / (y / x)
        x / (y * x) * (x / y)
        Expr.equal (x .> 0.0) (y .> 0.0)
        Expr.both (Expr.both (x .> 0.0) (y .> 0.0)) (Expr.either (x .> 0.0) (y .> 0.0))
        Expr.both (x .> 0.0) (Expr.both (y .> 0.0) (x .> 0.0))
        Expr.symbol "sin" * (x + 1.0)
        Expr.symbol "let" + Expr.symbol "and" + Expr.symbol "nan" + Expr.symbol "f32" + Expr.symbol "tensor"
        Expr.symbol "α" * Expr.symbol "0.weight" * Expr.symbol "a \"b\" \\ \n" * Expr.symbol "fc1.weight"
    ]

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

let private refused (text: string) (message: string) =
    testCase (text.Replace("\n", "⏎"))
    <| fun () ->
        try
            let e = Parse.expr text
            failtest $"read as {e}"
        with :? DL1Error as error ->
            Expect.equal error.Message message "the approved message"

let private wrong =
    testList
        "wrong texts"
        [
            refused
                ""
                "Parse.expr: an empty text at line 1, column 1, behind the mark ▸ in: ▸.\n  Expected: an expression.\n  Try: write x*sin(x) + 2, for example."
            refused
                "x*(2 + )"
                "Parse.expr: ')' at line 1, column 8, behind the mark ▸ in: x*(2 + ▸).\n  Expected: a number, a variable, a function or '('.\n  Try: complete the expression, or take the operator out."
            refused
                "2x"
                "Parse.expr: the name x at line 1, column 2, behind the mark ▸ in: 2▸x.\n  Expected: an operator or the end of the text.\n  Try: write an operator between two factors, 2*x, and parentheses after a function, sin(x)."
            refused
                "(x"
                "Parse.expr: the end of the text at line 1, column 3, behind the mark ▸ in: (x▸.\n  Expected: ')'.\n  Try: close the parenthesis, or write an operator between two factors: 2*x."
            refused
                "x)"
                "Parse.expr: ')' at line 1, column 2, behind the mark ▸ in: x▸).\n  Expected: an operator or the end of the text.\n  Try: take it out, or complete what it belongs to; declarations (x: f32[3];) stand in front."
            refused
                "sn(x)"
                "Parse.expr: the unknown function sn at line 1, column 1, behind the mark ▸ in: ▸sn(x).\n  Expected: a function of DL1.\n  Try: near names: sin; a product is written x*(y)."
            refused
                "sum(x, axis=0)"
                "Parse.expr: the attribute axis, which sum does not have at line 1, column 8, behind the mark ▸ in: sum(x, ▸axis=0).\n  Expected: only attributes of the function.\n  Try: take axis out."
            refused
                "x: f32[3]; softmax(x)"
                "Parse.expr: softmax without axis at line 1, column 12, behind the mark ▸ in: x: f32[3]; ▸softmax(x).\n  Expected: the attribute axis.\n  Try: add axis=-1."
            refused
                "x + * y"
                "Parse.expr: '*' at line 1, column 5, behind the mark ▸ in: x + ▸* y.\n  Expected: a number, a variable, a function or '('.\n  Try: complete the expression, or take the operator out."
            refused
                "a < b < c"
                "Parse.expr: '<' at line 1, column 7, behind the mark ▸ in: a < b ▸< c.\n  Expected: one comparison.\n  Try: join two with 'and': a < b and b < c, or put one in parentheses."
            refused
                "x $ y"
                "Parse.expr: the character '$' at line 1, column 3, behind the mark ▸ in: x ▸$ y.\n  Expected: names, numbers, operators, parentheses, brackets and braces.\n  Try: write * for a product, ^ for a power, - for minus, as Text.ascii does (ToAscii in C#); quote a name such as \"learning rate\"."
            refused
                "\"x"
                "Parse.expr: a quoted name without an end at line 1, column 1, behind the mark ▸ in: ▸\"x.\n  Expected: a closing double quote.\n  Try: put \" after the name."
            refused
                "x: f16; x"
                "Parse.expr: the name f16 at line 1, column 4, behind the mark ▸ in: x: ▸f16; x.\n  Expected: an element type: f32, f64, i32, i64 or bool.\n  Try: write x: f32[3], for example."
            refused
                "let t = x\nt*t"
                "Parse.expr: the name t at line 2, column 1, behind the mark ▸ in: ▸t*t.\n  Expected: ';'.\n  Try: end the definition with ';'."
            refused
                "f32(x)"
                "Parse.expr: the name x at line 1, column 5, behind the mark ▸ in: f32(▸x).\n  Expected: a number.\n  Try: write f32(0.5), for example; another type of x is cast(x, type=f32)."
            refused
                "tensor(f32, [3], [1, 2])"
                "Parse.expr: 2 elements for a tensor of shape [3] at line 1, column 18, behind the mark ▸ in: tensor(f32, [3], ▸[1, 2]).\n  Expected: 3 elements.\n  Try: list as many elements as the shape has."
            refused
                "i32(3000000000)"
                "Parse.expr: the number 3000000000 at line 1, column 5, behind the mark ▸ in: i32(▸3000000000).\n  Expected: a whole number of 32 bits.\n  Try: write 3, for example."
            refused
                "1e999"
                "Parse.expr: the number 1e999 at line 1, column 1, behind the mark ▸ in: ▸1e999.\n  Expected: a number within the range of its type.\n  Try: write inf for infinity, or take a wider type."
            refused
                "x: f32[3]; y: f32[4];\nx + y"
                "add: x: f32 [3] and y: f32 [4].\n  Expected: shapes that broadcast: aligned at the last axis, equal extents, or 1.\n  Try: reshape or slice one operand so that the extents meet."
            refused
                "sin(x, y)"
                "Parse.expr: sin with 2 operands at line 1, column 1, behind the mark ▸ in: ▸sin(x, y).\n  Expected: one operand.\n  Try: write sin(x), its attributes by name."
            refused
                "x: f32[3]; sum(axes=[0], x)"
                "Parse.expr: the name x at line 1, column 26, behind the mark ▸ in: x: f32[3]; sum(axes=[0], ▸x).\n  Expected: an attribute by name.\n  Try: put operands first, then attributes: sum(x, axes=[0])."
            refused
                "foo(x)"
                "Parse.expr: the unknown function foo at line 1, column 1, behind the mark ▸ in: ▸foo(x).\n  Expected: a function of DL1.\n  Try: write a product as x*(y)."
            refused
                "x + 1; y: f32"
                "Parse.expr: ';' at line 1, column 6, behind the mark ▸ in: x + 1▸; y: f32.\n  Expected: an operator or the end of the text.\n  Try: take it out, or complete what it belongs to; declarations (x: f32[3];) stand in front."
            refused
                "x*y + y: f32"
                "Parse.expr: ':' at line 1, column 8, behind the mark ▸ in: x*y + y▸: f32.\n  Expected: an operator or the end of the text.\n  Try: take it out, or complete what it belongs to; declarations (x: f32[3];) stand in front."
            refused
                "m: f32[3, 4]; max(m, axes=0)"
                "Parse.expr: an attribute of max at line 1, column 22, behind the mark ▸ in: m: f32[3, 4]; max(m, ▸axes=0).\n  Expected: a list of whole numbers.\n  Try: write axes=[0, 1], for example."
        ]

[<Tests>]
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
            wrong
        ]
