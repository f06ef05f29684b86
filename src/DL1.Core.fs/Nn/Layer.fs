namespace DL1

open System.Diagnostics
open System.Runtime.CompilerServices
open DL1.Notebooks

/// Where a layer is to run: in its parent's scope where it stands alone, else in one numbered by its place in a row.
[<Struct; NoEquality; NoComparison>]
type internal RowPlace =
    {
        Parent: Scope
        Number: int voption
    }

    member this.Enter() =
        match this.Number with
        | ValueNone -> this.Parent
        | ValueSome n -> this.Parent.Child(string n)

/// A layer, or a row of layers: one function from what goes in to what comes out, in a scope that knows its parameters.
/// A row numbers its members when it is run, from 0, as PyTorch's Sequential; so composition is associative.
[<Sealed; DebuggerDisplay("{Length} in a row"); StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type Layer<'a, 'b> internal (length: int, parts: string list, isRow: bool, run: RowPlace -> 'a -> 'b) =
    internal new(length, parts, run) = Layer(length, parts, false, run)

    /// Whether it numbers its members also where it has one only.
    member internal _.IsRow = isRow
    /// How many numbers the row takes.
    member internal _.Length = length
    member internal _.Run = run
    /// The names of its members, in their order.
    member internal _.Parts = parts

    /// Its members with their sizes, as they are composed: `Linear(64) => ReLU => Linear(10)`.
    override _.ToString() = if parts.IsEmpty then "identity" else System.String.Join(" => ", parts)
    member internal this.Display = this.ToString()

    interface INotebookValue with
        member this.Html = Html.pre (this.ToString())

    /// Runs the layer in a scope: a single layer uses its names as they are, a row puts numbers before them, and so does
    /// `Layer.sequential` of a single layer.
    member internal _.RunIn (scope: Scope) (x: 'a) : 'b =
        run { Parent = scope; Number = (if length = 1 && not isRow then ValueNone else ValueSome 0) } x

    /// One layer after another. `Dense.linear 512 => Activation.relu => Dense.linear 10`
    static member (=>)(first: Layer<'a, 'b>, second: Layer<'b, 'c>) : Layer<'a, 'c> = first.Then second

    /// One layer after another, in C#. `Dense.linear(512).Then(Activation.relu)`
    member _.Then(second: Layer<'b, 'c>) : Layer<'a, 'c> =
        let along (place: RowPlace) =
            { place with Number = place.Number |> ValueOption.map (fun n -> n + length) }

        Layer(
            length + second.Length,
            parts @ second.Parts,
            isRow || second.IsRow,
            fun place x -> second.Run (along place) (run place x)
        )

/// What a scope does with layers, in F# and in C#.
[<Extension; AbstractClass; Sealed>]
type ScopeExtensions =
    /// Runs a layer as a part of the one whose scope this is, under a name. `scope.Run("gate", Dense.linear 64, x)`
    [<Extension>]
    static member Run(scope: Scope, name: string, layer: Layer<'a, 'b>, x: 'a) : 'b =
        layer.RunIn (scope.Child name) x

/// Layers: making, composing, initialising and applying them. A layer of one's own takes five lines:
/// ```
/// let gated features =
///     Layer.create "Gated" (fun scope x ->
///         let gate = scope.Run("gate", Dense.linear features, x)
///         let scale = scope.Parameter("scale", [ features ], Init.ones)
///         scale * Expr.sigmoid gate)
/// ```
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Layer =
    /// Runs a layer, whose nodes know it, and puts its path before an error that arises in it.
    let private entered (name: string) (scope: Scope) (run: unit -> 'b) : 'b =
        let ledger = scope.Ledger

        let layer: Origin = { Path = scope.Path; Name = name; IsGradient = false }

        let reported (e: DL1Error) =
            ledger.IsReported <- true
            $"{layer}: {e.Operation}"

        try
            Origin.within (Some layer) run
        with
        | :? ShapeError as e when not ledger.IsReported -> Refuse.shape (reported e) e.Given e.Expected e.Cure
        | :? DomainError as e when not ledger.IsReported ->
            Refuse.domain (reported e) e.Given e.Expected e.Cure

    /// Refuses a size of a layer that is not 1 or more.
    let internal requireSize (layer: string) (what: string) (size: int) : unit =
        if size < 1 then
            Refuse.domain layer $"%d{size} {what}" $"1 or more {what}" "check the sizes that were computed"

    /// A layer whose result is or holds an expression that tables can show.
    let internal made name (f: Scope -> 'a -> 'b) (outputOf: 'b -> Expr option) : Layer<'a, 'b> =
        Layer(
            1,
            [ name ],
            fun place x ->
                let scope = place.Enter()
                let ledger = scope.Ledger

                let scope = if scope.IsTraining && ledger.Rests scope.Path then scope.Resting else scope

                let row = ledger.Rows.Count
                let asked = ledger.Needs.Count
                ledger.Rows.Add None
                let y = entered name scope (fun () -> f scope x)
                let output = outputOf y

                let cost =
                    match output, ledger.CostOf with
                    | Some e, Some costOf -> costOf e
                    | _ -> 0L

                ledger.Rows[row] <-
                    Some
                        {
                            Path = scope.Path
                            Name = name
                            Depth = scope.Depth
                            Output = output
                            Cost = cost
                            Needs = [ for i in asked .. ledger.Needs.Count - 1 -> ledger.Needs[i] ]
                        }

                y
        )

    /// A layer from a function of its scope and what goes in; the name is for errors and tables.
    /// `Layer.create "Scale" (fun scope x -> x * scope.Parameter("scale", [], Init.ones))`
    let create (name: string) (f: Scope -> 'a -> Expr) : Layer<'a, Expr> = made name f Some

    /// A layer whose result is not one expression, but a record or a tuple of some.
    /// `Layer.createOf "Both" (fun _ x -> x, -x)`
    let createOf (name: string) (f: Scope -> 'a -> 'b) : Layer<'a, 'b> = made name f (fun _ -> None)

    /// A function of expressions as a layer without parameters. `Layer.ofFunction "Double" (fun x -> 2.0 * x)`
    let ofFunction (name: string) (f: Expr -> Expr) : Layer<Expr, Expr> = create name (fun _ x -> f x)

    /// The same layer, printed with its sizes: `Linear(64)`. Tables and errors name it as before.
    let internal sized (sizes: string) (layer: Layer<'a, 'b>) : Layer<'a, 'b> =
        Layer(layer.Length, layer.Parts |> List.map (fun name -> $"{name}({sizes})"), layer.IsRow, layer.Run)

    /// What comes in goes out; it takes no number in a row. `Layer.identity<Expr>`
    let identity<'a> : Layer<'a, 'a> = Layer(0, [], fun _ x -> x)

    /// The most layers that are made by their number alone.
    let internal mostByNumber = 10000

    /// One layer after another. `Layer.compose (Dense.linear 512) Activation.relu`
    let compose (first: Layer<'a, 'b>) (second: Layer<'b, 'c>) = first.Then second

    /// Layers one after another, numbered from 0 as PyTorch's Sequential, also where there is one only.
    /// `Layer.sequential [ Dense.linear 512; Activation.relu; Dense.linear 10 ]`
    let sequential (layers: Layer<'a, 'a> list) : Layer<'a, 'a> =
        let row = List.fold compose identity layers
        Layer(row.Length, row.Parts, true, row.Run)

    /// A layer with a function of its result: it takes no number of its own. `Layer.map Expr.t (Dense.linear 4)`
    let map (f: 'b -> 'c) (layer: Layer<'a, 'b>) : Layer<'a, 'c> =
        Layer(layer.Length, layer.Parts, layer.IsRow, fun place x -> f (layer.Run place x))

    /// A layer that applies `f` to its input first. `Layer.before Expr.t (Dense.linear 4)`
    let before (f: 'a -> 'b) (layer: Layer<'b, 'c>) : Layer<'a, 'c> =
        Layer(layer.Length, layer.Parts, layer.IsRow, fun place x -> layer.Run place (f x))

    /// A row as one member of another: its numbers stand below its own, `1.0.weight`. `Layer.block (f => g)`
    let block (layer: Layer<'a, 'b>) : Layer<'a, 'b> =
        Layer(1, [ $"({layer})" ], fun place x -> layer.RunIn (place.Enter()) x)

    /// A row that puts numbers before its names even where it has one member only. `Layer.numbered (Dense.linear 64)`
    let numbered (layer: Layer<'a, 'b>) : Layer<'a, 'b> =
        Layer(1, layer.Parts, fun place x -> layer.Run { Parent = place.Enter(); Number = ValueSome 0 } x)

    /// A name in the place of a layer's number: `encoder.weight`. `Layer.named "encoder" (Dense.linear 64)`
    let named (name: string) (layer: Layer<'a, 'b>) : Layer<'a, 'b> =
        let inside = if layer.Parts.Length > 1 then $"({layer})" else string layer
        Layer(1, [ $"{name}: {inside}" ], fun place x -> layer.RunIn (place.Parent.Child name) x)

    /// The layer in inference, also where the model around it is trained: batch norm goes by its running statistics and leaves
    /// them as they are, nothing is dropped or drawn. Its parameters are trained unless they are frozen.
    /// `Layer.inInference (Layer.named "backbone" (Dense.linear 64))`
    let inInference (layer: Layer<'a, 'b>) : Layer<'a, 'b> =
        Layer(
            layer.Length,
            layer.Parts,
            layer.IsRow,
            fun place x -> layer.Run { place with Parent = place.Parent.Resting } x
        )

    /// A whole model in which the layers at these paths, and what is inside them, run in inference.
    let internal resting (rests: string -> bool) (layer: Layer<'a, 'b>) : Layer<'a, 'b> =
        Layer(
            layer.Length,
            layer.Parts,
            layer.IsRow,
            fun place x ->
                place.Parent.Ledger.Rests <- rests
                layer.Run place x
        )

    /// x + f(x): what is learnt is the difference (He et al. 2016). `Layer.residual (Dense.linear 4)`
    let residual (layer: Layer<Expr, Expr>) : Layer<Expr, Expr> =
        sized $"{layer}" (create "Residual" (fun scope x -> x + layer.RunIn scope.Inner x))

    /// g(x) + f(x), where f changes the shape: the parts are named `shortcut` and `branch`.
    /// `Layer.residualWith (Dense.linear 8) (Dense.linear 8 => Activation.relu)`
    let residualWith (shortcut: Layer<Expr, Expr>) (branch: Layer<Expr, Expr>) : Layer<Expr, Expr> =
        sized $"shortcut: {shortcut}, branch: {branch}"
        <| create "Residual" (fun scope x ->
            scope.Run("shortcut", shortcut, x) + scope.Run("branch", branch, x))

    /// Layers beside one another on the same input, numbered, their results joined.
    /// `Layer.parallelBy (Expr.concat 1) [ Dense.linear 4; Dense.linear 8 ]`
    let parallelBy (join: 'b list -> Expr) (layers: Layer<'a, 'b> list) : Layer<'a, Expr> =
        sized (layers |> List.map string |> String.concat ", ")
        <| create "Parallel" (fun scope x ->
            layers |> List.mapi (fun i layer -> scope.Run(string i, layer, x)) |> join)

    /// Two layers on the same input, numbered 0 and 1. `Layer.both (Dense.linear 4) (Dense.linear 8)`
    let both (first: Layer<'a, 'b>) (second: Layer<'a, 'c>) : Layer<'a, 'b * 'c> =
        sized $"{first}, {second}"
        <| createOf "Both" (fun scope x -> scope.Run("0", first, x), scope.Run("1", second, x))

    let private drawn (key: Key) (asked: seq<Asked>) =
        asked
        |> Seq.mapi (fun i a -> a.Path, a.Init.Draw a.DType a.Dims (Key.fold i key))
        |> List.ofSeq
        |> Tree.ofList

    /// Runs a layer to learn what it asks for.
    let internal asking dtype costOf (x: 'a) (layer: Layer<'a, 'b>) =
        let ledger = Ledger(Asking dtype, costOf)
        let y = layer.RunIn (Scope("", 0, Mode.Inference, ledger)) x
        y, ledger

    /// `Layer.init` with parameters of another floating-point type. `Layer.initAs DType.F64 key x model`
    let initAs (dtype: DType) (key: Key) (x: 'a) (layer: Layer<'a, 'b>) : Tree<Tensor> * Tree<Tensor> =
        let _, ledger = asking dtype None x layer
        drawn (Key.fold 0 key) ledger.Parameters, drawn (Key.fold 1 key) ledger.State

    /// The parameters and the state of a layer, drawn with a key. The input is an example, of which only shape and type
    /// matter: a variable will do. The same key gives the same bits. Parameters are f32.
    /// `let parameters, state = Layer.init key x model`
    let init (key: Key) (x: 'a) (layer: Layer<'a, 'b>) = initAs DType.F32 key x layer

    /// What comes out, and the next state, from parameters, state and what goes in, all expressions. A parameter that is
    /// missing is a `DomainError`, one of another shape a `ShapeError`; errors name the layer.
    /// `let y, next = Layer.apply Mode.Inference parameters state model x`
    let apply
        (mode: Mode)
        (parameters: Tree<Expr>)
        (state: Tree<Expr>)
        (layer: Layer<'a, 'b>)
        (x: 'a)
        : 'b * Tree<Expr> =
        let ledger = Ledger(Given(parameters, state), None)
        let y = layer.RunIn (Scope("", 0, mode, ledger)) x

        let next =
            state
            |> Tree.mapPath (fun path old ->
                match ledger.Updates.TryGetValue path with
                | true, value -> value
                | false, _ -> old)

        y, next

    /// What comes out of a run step by step, in inference; the run knows then what the layers keep.
    let internal applyStep
        (stepping: Stepping)
        (parameters: Tree<Expr>)
        (state: Tree<Expr>)
        (layer: Layer<'a, 'b>)
        (x: 'a)
        : 'b =
        let ledger = Ledger(Given(parameters, state), None)
        ledger.Stepping <- Some stepping
        layer.RunIn (Scope("", 0, Mode.Inference, ledger)) x

    /// What comes out of each layer inside, by its path, for inputs of `apply`: activations, to be looked at where signals
    /// vanish or explode. A single layer is named `output`; a layer whose result is not one expression is left out.
    /// `Layer.outputs Mode.Inference parameters state model x`
    let outputs
        (mode: Mode)
        (parameters: Tree<Expr>)
        (state: Tree<Expr>)
        (layer: Layer<'a, 'b>)
        (x: 'a)
        : Tree<Expr> =
        let ledger = Ledger(Given(parameters, state), None)
        layer.RunIn (Scope("", 0, mode, ledger)) x |> ignore

        ledger.Rows
        |> Seq.choose id
        |> Seq.choose (fun ran ->
            ran.Output |> Option.map (fun y -> (if ran.Path = "" then "output" else ran.Path), y))
        // Of layers at one path the outermost, which was entered first.
        |> Seq.distinctBy fst
        |> List.ofSeq
        |> Tree.ofList
