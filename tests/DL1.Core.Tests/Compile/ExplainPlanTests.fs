/// Plans as text, and the work of their kernels.
module DL1.Tests.ExplainPlanTests

open System
open System.IO
open DL1
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Inspection

let private floats name dims = Expr.variable name DType.F32 dims
let private x, w, b = floats "x" [ 128; 30 ], floats "w" [ 30; 50 ], floats "b" [ 50 ]
let private y = tanh (Expr.matmul x w + b)
let private inputs = Graph.variables [ y ]
let private lines (text: string) = text.Split('\n') |> Array.map _.TrimEnd()

let private holds (parts: string list) (text: string) =
    for part in parts do
        Expect.stringContains text part text

let private cost roots = Cost.ofPlan (plan (Graph.variables roots) roots)

let tests =
    testList
        "ExplainPlan"
        [
            test "rows that are picked are read, and no others" {
                let rows = Expr.variable "rows" DType.I64 [ 4 ]
                let picked = cost [ Expr.gather 0 rows (floats "data" [ 1000; 30 ]) ]

                Expect.equal
                    picked
                    { Flops = 0L; Read = 4L * 30L * 4L + 4L * 8L; Written = 4L * 30L * 4L }
                    "of four rows"
            }

            test "a dense layer is one kernel, with its formula, its work and its bytes" {
                let text = Compile.explain inputs [ y ]

                holds
                    [
                        "product"
                        "[128, 30] @ [30, 50]"
                        "f32 [128, 50] root 0 = tanh(x @ w + b)"
                        "396.8 kFLOP"
                        "1 kernels"
                        "arena 0 bytes"
                        "memory 25.6 kB: between kernels 0 B, constants 0 B, results 25.6 kB; beside inputs of 21.56 kB"
                    ]
                    text

                Expect.equal (lines text).Length 5 "a header, a kernel, its formula, the sum, and the memory"
            }
            test "the columns stand beneath each other" {
                let s = perceptron DType.F32 16 8 24
                let text = Compile.explain s.Variables s.Roots
                let table = lines text
                let column = table[0].IndexOf("over", StringComparison.Ordinal)
                let rows = table |> Array.filter (fun line -> line.Length > 0 && Char.IsDigit line[0])
                Expect.isGreaterThan rows.Length 5 "kernels"

                for row in rows[.. rows.Length - 2] do
                    Expect.isTrue (row[column - 1] = ' ' && row[column] <> ' ') row
            }
            test "values that are kept have names, and a place in the arena" {
                let hidden = floats "v" [ 50; 60 ]
                let text = Compile.explain (Graph.variables [ y; hidden ]) [ Expr.matmul y hidden ]
                holds [ "= tanh(x @ w + b)"; " at 0 = "; "arena 25600 bytes"; " @ v" ] text
            }
            test "transposes that are read in place and copies that are made are told" {
                let a = floats "a" [ 40; 20 ]

                holds
                    [ "[20, 40]ᵀ @ [40, 20]" ]
                    (Compile.explain (Graph.variables [ a ]) [ Expr.matmul a.T a ])

                holds [ "copy"; "row-major" ] (Compile.explain (Graph.variables [ a ]) [ a.T ])
            }
            test "loops show their bodies" {
                let s = recurrent DType.F32
                holds [ "loop"; "7 steps"; "\n  " ] (Compile.explain s.Variables s.Roots)
            }
            test "the work is that of the formulas" {
                Expect.equal (cost [ y ]).Flops (2L * 128L * 30L * 50L + 2L * 128L * 50L) "product, sum, tanh"
                Expect.equal (cost [ y ]).Read (4L * (128L * 30L + 30L * 50L + 50L)) "x, w and b"
                Expect.equal (cost [ y ]).Written (4L * 128L * 50L) "the result"
                let sum = Expr.sumAll (x * x)
                Expect.equal (cost [ sum ]).Flops (2L * 128L * 30L) "a square and a sum"
                Expect.equal (cost [ sum ]).Written 4L "a number"

                let last, _ =
                    Scan.run (floats "h" [ 5 ]) (floats "xs" [ 9; 5 ]) (fun h x ->
                        let h = tanh (h + x) in h, h)

                Expect.equal (cost [ last ]).Flops 90L "nine steps of five sums and functions"
            }
            test "after profiled steps there are times" {
                let s = recurrent DType.F32
                let session = Session.Of(s.State, s.Next, s.Inputs, [ s.Loss ])
                Expect.isFalse session.IsProfiling "at first"
                let plain = session.Explain()
                let kernels (text: string) = text[.. text.LastIndexOf "\nmemory"]
                Expect.equal (kernels plain) (kernels (Compile.explain s.Variables s.Roots)) "as before a run"
                holds [ ", now and next; beside inputs of "; "in which all threads work" ] plain
                session.IsProfiling <- true

                for _ in 1..3 do
                    session.Step s.Batch

                session.IsProfiling <- false
                let timed = session.Explain()
                holds [ "GFLOP/s"; "of peak"; "µs"; "in kernels"; "peak is" ] timed

                let pureState =
                    let other = Session.Of(s.State, s.Next, s.Inputs, [ s.Loss ])
                    other.Run(3, fun _ -> s.Batch)
                    other.State

                Expect.isTrue (sameBits pureState session.State) "the same bits"
            }
            test
                "a plan without machine code says that it is interpreted, in its last line, and another does not" {
                let said =
                    "fused loops are interpreted, which is slower: DynamicCode is false, as in programs compiled ahead of time"

                let plain = ExplainPlan.text false (plan inputs [ y ])
                Expect.equal (Array.last (lines plain)) said "of a plan"

                Expect.isFalse
                    ((ExplainPlan.text true (plan inputs [ y ])).Contains "interpreted")
                    "machine code"

                let s = recurrent DType.F32

                let explained dynamic =
                    let options = { Compile.standard with DynamicCode = dynamic }
                    let session = Session.With(options, s.State, s.Next, s.Inputs, [ s.Loss ])
                    session.Explain()

                Expect.equal (Array.last (lines (explained false))) said "of a session"
                Expect.isFalse ((explained true).Contains "interpreted") "machine code in a session"

                // A program that can generate no code at all is seen by its options.
                let own = Compile.explain inputs [ y ]
                Expect.equal (own.Contains "interpreted") (not Compile.standard.DynamicCode) "of this program"
            }
            test "every kernel of whole steps can be written" {
                for s in [ perceptron DType.F32 5 3 4; convolutional DType.F32; recurrent DType.F64 ] do
                    let text = Compile.explain s.Variables s.Roots
                    Expect.isFalse (text.Contains "by its definition") text
            }
            test "the example of the architecture's page is what is printed" {
                let x, w, b =
                    Expr.variable "x" DType.F32 [ 64; 20 ],
                    Expr.variable "w" DType.F32 [ 20; 32 ],
                    Expr.variable "b" DType.F32 [ 32 ]

                let h = tanh (Expr.matmul x w + b)
                let loss = Expr.sumAll (h * h)
                let table = Compile.explain (Graph.variables [ x; w; b ]) (loss :: Grad.grad loss [ w; b ])
                let page = Path.Combine(ReadmeTests.root AppContext.BaseDirectory, "docs", "architecture.md")
                let plainly (text: string) = text.Replace("\r", "")
                Expect.stringContains (plainly (File.ReadAllText page)) (plainly table) "put this table there"
            }
            test "a convolution tells what it keeps" {
                let s = convolutional DType.F32
                let session = Session.Of(s.State, s.Next, s.Inputs, [ s.Loss ])
                holds [ ", kernels' own " ] (session.Explain())
            }
            test "the memory of loops is told, and that of their bodies" {
                let h0, xs = floats "h" [ 1000 ], floats "xs" [ 9; 1000 ]
                let last, _ = Scan.run h0 xs (fun h x -> let h = Expr.cumSum 0 (h + x) in h, h)
                let memory = PlanMemory.ofPlan (plan (Graph.variables [ last ]) [ last ])
                // What is carried, twice, and a sum before it is accumulated; an output that no one wants is left out.
                Expect.equal memory.Between (2L * 4000L + 4032L) "between kernels"
                Expect.equal (memory.Results, memory.Inputs) (4000L, 40000L) "results and inputs"
            }
            test "a machine's peak is measured once" {
                let first, second = PeakFlops.measured 1, PeakFlops.measured 1
                Expect.equal first second "kept"
                Expect.isTrue (Double.IsFinite first.Flops && first.Flops > 0.0) "operations"
                Expect.isTrue (Double.IsFinite first.Flops64 && first.Flops64 > 0.0) "operations of f64"
                Expect.isTrue (Double.IsFinite first.Bytes && first.Bytes > 0.0) "bytes"
            }
        ]
