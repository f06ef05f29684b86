/// What DL1 writes and reads is the same in every culture.
module DL1.Tests.CultureTests

open System
open System.IO
open System.Reflection
open DL1
open DL1.Data
open Expecto

/// Methods that set the culture themselves, so that what others write follows the invariant one; and the one that F#'s holes
/// without a type become, of which this search looks at each call.
let private setters =
    set [ "DL1.Pictures.Style.invariant"; "DL1.InvariantText.Of"; "DL1.PlainText.hole" ]

/// A library that is built before the tests, which do not refer to it: names of the C# face would stand beside those of the core.
let private built (name: string) =
    let folders = AppContext.BaseDirectory.TrimEnd('/', '\\').Split('/', '\\') |> Array.rev
    let root = ReadmeTests.root AppContext.BaseDirectory

    Assembly.LoadFrom(Path.Combine(root, "src", name, "bin", folders[1], folders[0], name + ".dll"))

let private sources =
    [
        typeof<Expr>.Assembly
        typeof<Table>.Assembly
        typeof<DL1.Pictures.Plot>.Assembly
        built "DL1.CSharp"
        built "DL1.Mpi"
    ]
    |> List.map (fun assembly ->
        test $"no method of {assembly.GetName().Name} reads or writes text in the culture of the machine" {
            let uses, methods = CultureUses.find assembly

            let uses =
                uses
                |> List.filter (fun u -> not (setters.Contains u.Method))
                |> List.map (fun u -> $"{Path.GetFileName u.File}, line {u.Line}: {u.What} ({u.Method})")

            Expect.isGreaterThan methods 40 "methods looked at"

            Expect.equal
                (String.concat "\n" uses)
                ""
                "in F#, write %d{n} for a whole number and {string x} for another, and annotate what is generic"
        })

/// The search itself finds what it is for: this assembly holds one of each on purpose.
module Samples =
    let interpolated (x: float) = $"about {x} units"
    let whole (n: int) = $"axis {n}"
    let generic (what: 'a) = $"the {what}"
    let joined (ns: int list) = String.Join(", ", ns)
    let written (x: float) = x.ToString "F2"
    let parsed (text: string) = Double.Parse text
    let begins (text: string) = text.StartsWith "nan"
    let lower (text: string) = text.ToLower()
    let sorted (texts: string[]) = Array.Sort texts
    let lines (text: string) = text + Environment.NewLine
    let appended (text: string) = string (System.Text.StringBuilder().AppendLine text)
    let nested (x: float) = sprintf "%s" $"a {String.Join(';', [ x ])} %d{3} {x}"
    let fine (x: float) (n: int) = $"%d{n} {string x} %.3f{x} {x > 1.0} {n:x8}"

let private search =
    test "the search finds each kind of use" {
        let uses, _ = CultureUses.find typeof<CultureUses.Use>.Assembly

        let inSamples name =
            uses
            |> List.filter (fun u -> u.Method.EndsWith($"Samples.{name}", StringComparison.Ordinal))
            |> List.length

        let names =
            [
                "interpolated"
                "whole"
                "generic"
                "joined"
                "written"
                "parsed"
                "begins"
                "lower"
                "sorted"
                "lines"
                "appended"
            ]

        for name in names do
            Expect.equal (inSamples name) 1 name

        Expect.equal (inSamples "nested") 2 "nested"
        Expect.equal (inSamples "fine") 0 "fine"
    }

let private x = Expr.symbol "x"

/// What is written, by name; each is written anew, so that no cache hides the culture.
let private texts: (string * (unit -> string)) list =
    let formula () = lit -1.5e-7 * x + lit 0.25 ** (x - lit 1e20)
    let table () = Csv.parse "given" "a,b\n-1.5,x\n1e-7,y\n"

    [
        "ASCII", (fun () -> Text.ascii (formula ()))
        "Unicode", (fun () -> string (formula ()))
        "LaTeX", (fun () -> Latex.ofExpr (formula ()))
        "DOT", (fun () -> Dot.ofExpr (formula ()))
        "tensor", (fun () -> string (Tensor.ofArray [ 2; 2 ] [| -1.5; nan; infinity; 1e-9 |]))
        "whole numbers", (fun () -> string (Tensor.ofArray [ 3 ] [| -1; 2; Int32.MinValue |]))
        "shape", (fun () -> string (Shape.ofList [ 2; 3 ]))
        "C# source", (fun () -> ToCode.csharp "F" [ x ] (formula ()))
        "F# source", (fun () -> ToCode.fsharp "f" [ x ] (formula ()))
        "explanation", (fun () -> string (Explain.run [] [ "x", Tensor.scalar -1.5 ] (formula ())))
        "plan", (fun () -> string (Compile.explain (Graph.variables [ x ]) [ formula () ]))
        "optimizer", (fun () -> string (Optimizer.adamW 0.01 1e-3))
        "graph as a picture", (fun () -> (DL1.Pictures.GraphPicture.Of(formula ())).Svg 400)
        "structure", (fun () -> Structure.toJson (Expr.variable "x" DType.F32 [ 2; 3 ]) (Dense.linear 4))
        "table", (fun () -> string ((table ())["a"]))
        "column as texts", (fun () -> (table ()).Texts "a" |> String.concat ";")
        "a picture", (fun () -> (DL1.Pictures.Plot.Titled("t").Line("a", [| -1.5; 2.5; 0.1 |])).Svg(400, 300))
    ]

let private written =
    testList
        "written alike"
        [
            for name, write in texts ->
                test name {
                    Expect.equal (HostileCulture.under write) (write ()) "the same text in every culture"
                }
        ]

let private read =
    Law.law "what is written under any culture is read back to the same formula" (fun (c: float) ->
        let c = if Double.IsNaN c then 0.5 else c

        HostileCulture.under (fun () ->
            let text = Text.ascii (lit c * x)
            text |> Seq.forall Char.IsAscii && Text.ascii (Parse.expr text) = text))

let private refusals =
    test "errors are the same in every culture" {
        let messages () =
            [
                (fun () -> Key.uniform 0.0 1.0 DType.F32 [ -5 ] (Key.ofSeed 1L) |> ignore)
                (fun () -> Expr.sum [ -7 ] x |> ignore)
                (fun () -> Optimizer.sgd -0.5 |> ignore)
                (fun () -> Optimizer.sgd nan |> ignore)
                (fun () -> Expr.reshape [ -5; 2 ] x |> ignore)
                (fun () -> Splits.holdOut -1.5 (Key.ofSeed 1L) 10 |> ignore)
                (fun () -> Tensor.linspace DType.F64 0.0 1.0 -2 |> ignore)
                (fun () -> Parse.expr "x + 1e999" |> ignore)
            ]
            |> List.map (fun mistake ->
                try
                    mistake ()
                    "no error"
                with :? DL1Error as e ->
                    e.Message)

        let plain = messages ()
        Expect.all plain (fun m -> m <> "no error") "each is a mistake"
        Expect.equal (HostileCulture.under messages) plain "the same messages"
    }

let tests = testList "Culture" (sources @ [ search; written; read; refusals ])
