/// Random well-typed graphs over every form of node, and what FsCheck needs to draw and shrink them.
module DL1.Tests.Graphs

open System
open System.Collections.Generic
open DL1
open DL1.Tests.Source
open Expecto
open FsCheck.FSharp

/// A generated graph: its recipe, what it computes, and values for its variables. The recipe of a smaller one with
/// the same seed makes the start of a larger one, so shrinking takes nodes away from the end.
[<CustomEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type Graph =
    {
        Seed: int
        Count: int
        Roots: Expr list
        Values: (string * Tensor) list
    }

    override g.Equals other =
        match other with
        | :? Graph as h -> g.Seed = h.Seed && g.Count = h.Count
        | _ -> false

    override g.GetHashCode() = HashCode.Combine(g.Seed, g.Count)
    override g.ToString() = $"Graphs.make seed {g.Seed}, {g.Count} nodes: %A{g.Roots} where %A{g.Values}"
    member g.Display = g.ToString()

// What f64 differences cannot see, or what is meant to differ from them; and orders, which rounding changes.
let private notSmooth = set [ "cast"; "stop_gradient"; "round"; "floor"; "ceiling"; "sign"; "argsort" ]

let private makers style =
    Primitives.all
    |> List.filter (fun (name, _) -> style = Wild || not (notSmooth.Contains name))
    |> List.map snd
    |> Array.ofList

let private wildMakers, private tameMakers = makers Wild, makers Tame

/// A graph of `count` steps, each a random primitive over what was built before and fresh leaves. Its roots are what
/// nothing else uses.
let makeOf size style seed count =
    let source = Source(seed, style, false, size)
    let makers = if style = Wild then wildMakers else tameMakers
    let used = HashSet<Digest>()

    let most =
        match size with
        | Few
        | OftenEmpty -> 64
        | AroundLanes -> 10_000

    for _ in 1..count do
        let e = makers[source.Next(0, makers.Length - 1)] source

        if e.Shape.Size <= most && e.Shape.Rank <= 5 then
            source.Offer e

            for operand in Node.operands e.Node do
                used.Add operand.Digest |> ignore

    let roots =
        source.Pool |> Seq.filter (fun e -> not (used.Contains e.Digest)) |> Seq.distinct |> List.ofSeq

    let roots = if style = Wild then roots else roots |> List.filter _.DType.IsFloat
    let needed = Graph.variables roots |> List.map _.Name |> set

    {
        Seed = seed
        Count = count
        Roots = roots
        Values = source.Bindings |> List.filter (fun (name, _) -> needed.Contains name)
    }

/// A graph of small extents.
let make style seed count = makeOf Few style seed count

/// A graph of every element type and special values.
type WildGraph = { Wild: Graph }

/// A graph of f64, for derivatives.
type TameGraph = { Tame: Graph }

/// A wild graph whose extents lie around those of vectors.
type WideWildGraph = { WideWild: Graph }

/// A graph of f64 whose extents lie around those of vectors.
type WideTameGraph = { WideTame: Graph }

/// The same of f32.
type WideSingleGraph = { WideSingle: Graph }

/// A number between −4 and 4.
type Modest = Modest of float

let private graphs size style largest =
    gen {
        let! seed = Gen.choose (0, Int32.MaxValue - 1)
        let! count = Gen.choose (1, largest)
        return makeOf size style seed count
    }

let private smaller size style (g: Graph) =
    [ g.Count / 2; g.Count - 1 ]
    |> List.filter (fun n -> n > 0 && n < g.Count)
    |> List.distinct
    |> Seq.map (makeOf size style g.Seed)

let wild = graphs Few Wild 30
let tame = graphs Few Tame 10

/// Graphs of up to so many nodes, as a type of their own.
let private arbitrary size style largest (wrap: Graph -> 'G) (graph: 'G -> Graph) =
    Arb.fromGenShrink (Gen.map wrap (graphs size style largest), graph >> smaller size style >> Seq.map wrap)

type Generators =
    static member WildGraph() = arbitrary Few Wild 30 (fun g -> { Wild = g }) _.Wild
    static member TameGraph() = arbitrary Few Tame 10 (fun g -> { Tame = g }) _.Tame

    static member WideWildGraph() = arbitrary AroundLanes Wild 15 (fun g -> { WideWild = g }) _.WideWild

    static member WideTameGraph() = arbitrary AroundLanes Tame 8 (fun g -> { WideTame = g }) _.WideTame

    static member WideSingleGraph() =
        arbitrary AroundLanes Single 8 (fun g -> { WideSingle = g }) _.WideSingle

    static member Modest() =
        Gen.choose (-1000, 1000) |> Gen.map (fun n -> Modest(float n / 250.0)) |> Arb.fromGen

/// A property over generated graphs, that many times.
let graphLaw count name property =
    testPropertyWithConfig
        { Law.config with
            maxTest = count
            arbitrary = typeof<Generators> :: Law.config.arbitrary
        }
        name
        property

/// A single node made by a primitive over fresh variables of such extents, with their values.
let singleOf size style (maker: Source -> Expr) seed =
    let source = Source(seed, style, true, size)
    let e = maker source
    e, source.Bindings

/// The same of small extents.
let single style maker seed = singleOf Few style maker seed
