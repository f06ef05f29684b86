/// Graphs as C# files: what is written computes what Eval computes, and allocates nothing.
module DL1.Tests.ModelCodeTests

open System
open System.IO
open DL1
open DL1.Tests.Source
open DL1.Tests.Graphs
open DL1.Tests.WrittenGraph
open Expecto

/// Each primitive alone, in f32 and f64, of small extents and of those around vectors.
let private primitives =
    [
        for style in [ Single; Tame ] do
            for name, maker in Primitives.all do
                for seed in 1..2 do
                    let size = if seed % 2 = 0 then AroundLanes else Few
                    let e, values = singleOf size style maker seed

                    if not (draws [ e ]) then
                        caseOf $"{name}, {style}, seed {seed}" values [ e ]
    ]

/// Each primitive of every element type, with NaN, infinities and empty axes, where the numbers are exact.
let private wild =
    [
        for name, maker in Primitives.all do
            for seed in 1..3 do
                let size = if seed % 2 = 0 then OftenEmpty else AroundLanes
                let e, values = singleOf size Wild maker seed

                if not (draws [ e ]) && (tolerance e = 0.0 || e.Shape.Size = 0) then
                    caseOf $"{name}, wild, seed {seed}" values [ e ]
    ]

let private graphs style first count =
    [
        for seed in first .. first + count - 1 do
            let size = if seed % 2 = 0 then AroundLanes else Few
            let g = makeOf size style (seed * 7919) (3 + seed % 12)

            if not (draws g.Roots) && not g.Roots.IsEmpty then
                caseOf $"{style} graph, seed {seed}" g.Values g.Roots
    ]

let private laws =
    testList
        "what is written computes what Eval computes, and allocates nothing"
        [
            test "each primitive" { primitives |> List.chunkBySize 80 |> List.iter (check false) }
            test "each primitive of every type, with special values and empty axes" {
                wild |> List.chunkBySize 80 |> List.iter (check false)
            }
            test "generated graphs of f32" { check false (graphs Single 1 50) }
            test "generated graphs of f64" { check false (graphs Tame 101 50) }
            test "in C# 9, whose offsets are checked, each primitive" {
                primitives |> List.chunkBySize 80 |> List.iter (check true)
            }
            test "in C# 9 generated graphs" { check true (graphs Single 201 30) }
        ]

let private v name dims = Expr.variable name DType.F32 dims

let private refused (f: unit -> ModelSource) =
    try
        failtest $"it was written: {(f ()).Text}"
    with
    | :? DomainError as e -> e.Given
    | :? ShapeError as e -> e.Given

let private x = v "x" [ 3 ]
let private graph name = ModelCode.ofGraph ModelCode.options name [ x ] [ "y", x * 2.0 ]

let private refusals =
    testList
        "refusals"
        [
            test "names that cannot be those of the class" {
                for name in [ ""; "2x"; "a b"; "class"; "Sigmoid"; "Predict"; "Product1"; "Ünit" ] do
                    Expect.stringContains (refused (fun () -> graph name)) $"'{name}'" name

                Expect.stringContains
                    (refused (fun () ->
                        ModelCode.ofGraph
                            { ModelCode.options with Namespace = "a..b" }
                            "Net"
                            [ x ]
                            [ "y", x ]))
                    "a..b"
                    "the namespace"
            }
            test "random numbers" {
                let key = Expr.variable "key" DType.I32 [ 2 ]

                let given =
                    refused (fun () ->
                        ModelCode.ofGraph
                            ModelCode.options
                            "Net"
                            [ key ]
                            [ "y", Expr.randomBits 0 [ 3 ] key ])

                Expect.stringContains given "random" "what is refused"
            }
            test "a variable that is no input, and names of classes that are too few" {
                let other = refused (fun () -> ModelCode.ofGraph ModelCode.options "Net" [] [ "y", x ])

                Expect.stringContains other "x: f32 [3]" "the variable"

                let few =
                    refused (fun () ->
                        ModelCode.ofGraph { ModelCode.options with Classes = [ "a" ] } "Net" [ x ] [ "y", x ])

                Expect.stringContains few "1 names" "the names"
            }
            test "a model that does not know what it takes, and samples that do not fit" {
                let model = Dense.linear 2
                let parameters, state = Layer.init (Key.ofSeed 1L) (v "x" [ 1; 3 ]) model
                let trained = Trained.create model parameters state

                Expect.stringContains
                    (refused (fun () -> ModelCode.csharp "Net" trained))
                    "does not know"
                    "inputs"

                let samples = [ Tensor.zeros DType.F32 [ 0; 3 ] ]

                let given =
                    refused (fun () ->
                        ModelCode.csharpWith { ModelCode.options with Samples = samples } "Net" trained)

                Expect.stringContains given "[0, 3]" "the samples"
            }
        ]

/// A small model of fixed numbers, with preprocessing and names of classes.
let small () : ModelSource =
    let numbers dims =
        Tensor.ofArray dims (Array.init (List.fold (*) 1 dims) (fun i -> float32 (i * 7 % 5 - 2) / 4f))

    let model = Dense.linear 3 => Activation.tanh => Dense.linear 2
    let parameters, state = Layer.init (Key.ofSeed 1L) (v "x" [ 1; 2 ]) model
    let parameters = parameters |> Tree.map (fun t -> numbers (t.Shape.ToList()))

    ModelCode.csharpWith
        { ModelCode.options with
            Namespace = "Small.Models"
            Samples = [ Tensor.ofArray [ 2; 2 ] [| 1f; -0.5f; 0.25f; 3f |] ]
            Prepare = Some(fun x -> (x - 0.5) / 2.0)
            Finish = Some(Expr.softmax 1)
            Classes = [ "no"; "yes" ]
        }
        "Small"
        (Trained.create model parameters state)

let private texts =
    testList
        "texts"
        [
            test "the text of a small model is the approved one" {
                let path = Path.Combine(AppContext.BaseDirectory, "fixtures", "model.approved.cs.txt")
                Expect.equal (small ()).Text (File.ReadAllText path) "tests/fixtures/model.approved.cs.txt"
            }
            test "the text is the same in every culture, and each time" {
                Expect.equal (HostileCulture.under small).Text (small ()).Text "the text"
            }
            test "a file is written, and beside it a resource where numbers are many" {
                let folder = Directory.CreateTempSubdirectory("dl1-").FullName

                try
                    let source = graph "Twice"
                    source.Save folder
                    Expect.isFalse source.HasResource "few numbers"
                    Expect.equal (File.ReadAllText(Path.Combine(folder, "Twice.cs"))) source.Text "the text"

                    let many =
                        ModelCode.ofGraph
                            { ModelCode.options with Literals = 0 }
                            "Twice"
                            [ x ]
                            [ "y", x * 2.0 ]

                    many.Save folder

                    Expect.equal
                        (File.ReadAllBytes(Path.Combine(folder, "Twice.bin")))
                        many.Resource
                        "the resource"
                finally
                    Directory.Delete(folder, true)
            }
        ]

let tests = testList "ModelCode" [ laws; refusals; texts ]
