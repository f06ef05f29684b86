/// Graphviz DOT: labels, annotations, escapes, large graphs.
module DL1.Tests.DotTests

open DL1
open Expecto

let private a, b, c = Expr.symbol "a", Expr.symbol "b", Expr.symbol "c"
let private y = (a + b) * (b - c)

let private lines (text: string) = text.Split('\n') |> Array.map _.Trim()

[<Tests>]
let tests =
    testList
        "Dot"
        [
            testCase "the graph of (a + b)·(b − c), each node once"
            <| fun () ->
                let expected =
                    [
                        "digraph expression {"
                        "rankdir=BT;"
                        "node [fontname=\"sans-serif\"];"
                        "edge [fontname=\"sans-serif\", fontsize=11];"
                        "n0 [shape=box, label=\"a\\nf64\"];"
                        "n1 [shape=box, label=\"b\\nf64\"];"
                        "n2 [shape=ellipse, label=\"+\"];"
                        "n0 -> n2;"
                        "n1 -> n2;"
                        "n3 [shape=box, label=\"c\\nf64\"];"
                        "n4 [shape=ellipse, label=\"−\"];"
                        "n1 -> n4;"
                        "n3 -> n4;"
                        "n5 [shape=ellipse, penwidth=2, label=\"×\"];"
                        "n2 -> n5;"
                        "n4 -> n5;"
                        "}"
                        ""
                    ]

                Expect.equal (List.ofArray (lines (Dot.ofExpr y))) expected "the approved text"

            testCase "values stand on nodes and gradients on edges"
            <| fun () ->
                let notes =
                    {
                        OfNode = fun e -> if e = y then "= −3" else ""
                        OfEdge = fun e place -> if e = y then $"∂{place}" else ""
                    }

                let text = Dot.ofGraph notes [ y ]
                Expect.stringContains text "label=\"×\\n= −3\"" "the value"
                Expect.stringContains text "n2 -> n5 [label=\"∂0\"];" "the first gradient"
                Expect.stringContains text "n4 -> n5 [label=\"∂1\"];" "the second gradient"

            testCase "broadcasts and shapes are shown"
            <| fun () ->
                let m = Expr.variable "m" DType.F32 [ 3; 4 ]
                let text = Dot.ofExpr (m + Expr.variable "b" DType.F32 [ 4 ])
                Expect.stringContains text "label=\"m\\nf32 [3, 4]\"" "a variable's shape"
                Expect.stringContains text "label=\"broadcast\\nf32 [3, 4]\"" "the broadcast"

            testCase "quotes, backslashes and line ends are escaped"
            <| fun () ->
                let text = Dot.ofExpr (Expr.symbol "say \"x\\y\"\n")
                Expect.stringContains text "label=\"say \\\"x\\\\y\\\"\\n\\nf64\"" "escaped"

            testCase "a shared operand is drawn twice into its user"
            <| fun () ->
                let count = lines (Dot.ofExpr (a * a)) |> Array.filter ((=) "n0 -> n1;") |> Array.length
                Expect.equal count 2 "two edges"

            testCase "100,000 nodes in a chain"
            <| fun () ->
                let e = Seq.fold (fun e _ -> sin e) a (seq { 1..100_000 })
                let edges = lines (Dot.ofExpr e) |> Array.filter (fun l -> l.Contains "->")
                Expect.equal edges.Length 100_000 "an edge for each"
        ]
