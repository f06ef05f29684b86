namespace DL1

open System
open System.Collections.Generic

/// What a model is run for.
[<RequireQualifiedAccess>]
type Mode =
    /// Training, with a key (i32 `[2]`) for what is random: dropout drops, batch norm goes by the batch.
    | Training of key: Expr
    /// Prediction: nothing is random, batch norm goes by its running statistics.
    | Inference

/// A parameter or a piece of state that a layer asked for.
[<NoEquality; NoComparison>]
type internal Asked = { Path: string; Dims: int list; DType: DType; Init: Initializer }

/// A layer that has run, for tables and for watching.
[<NoEquality; NoComparison>]
type internal Ran =
    {
        Path: string
        Name: string
        Depth: int
        Output: Expr option
        Cost: int64
        /// The parameters that it asked for, and the layers inside it.
        Needs: Asked list
    }

/// Where the values of a run come from.
[<NoEquality; NoComparison>]
type internal RunSource =
    /// From nowhere yet: parameters are asked for, as variables of this type.
    | Asking of DType
    /// From trees of parameters and of state.
    | Given of parameters: Tree<Expr> * state: Tree<Expr>

/// What one run of a model writes down. It lives as long as the run, and is seen by nobody else.
[<Sealed>]
type internal Ledger(source: RunSource, costOf: (Expr -> int64) option) =
    member _.Source = source
    /// What an expression adds to the work done so far, where a table asks for it.
    member _.CostOf = costOf
    member val Parameters = List<Asked>()
    member val State = List<Asked>()
    /// The parameters in the order in which they were asked for, shared ones each time.
    member val Needs = List<Asked>()
    member val Updates = Dictionary<string, Expr>()
    member val Rows = List<Ran option>()
    member val KeysTaken = 0 with get, set
    /// What layers keep from step to step, where the model is run step by step.
    member val Stepping: Stepping option = None with get, set
    /// Which layers run in inference inside a model that is trained, by their paths.
    member val Rests: string -> bool = (fun _ -> false) with get, set
    /// Whether an error has been given the path of its layer already.
    member val IsReported = false with get, set

/// What a layer sees of the model that it is part of: its path, the mode, its parameters and its state. A layer asks for
/// what it needs by name; in the run that initialises a model the asking is written down, in the others it is answered.
[<Sealed>]
type Scope internal (path: string, depth: int, mode: Mode, ledger: Ledger) =
    member internal _.Ledger = ledger
    member internal _.Depth = depth
    /// Where in the model this is, dotted: `encoder.0`; empty at the root.
    member _.Path = path
    /// What the model is run for.
    member _.Mode = mode

    /// Whether the model is being trained.
    member _.IsTraining =
        match mode with
        | Mode.Training _ -> true
        | Mode.Inference -> false

    /// The type of floating-point parameters, f32 unless said otherwise.
    member _.DType =
        match ledger.Source with
        | Asking dtype -> dtype
        | Given(parameters, _) ->
            match Tree.values parameters |> List.tryFind _.DType.IsFloat with
            | Some p -> p.DType
            | None -> DType.F32

    /// The path of something in this scope.
    member internal _.PathOf(name: string) = if path = "" then name else $"{path}.{name}"

    /// A scope inside this one.
    member this.Child(name: string) =
        if String.IsNullOrWhiteSpace name then
            Refuse.domain "Scope.Child" "an empty name" "a name" "name the part, for example \"encoder\""

        Scope(this.PathOf name, depth + 1, mode, ledger)

    /// The same place in inference: for a part that rests inside a model that is trained.
    member internal _.Resting = Scope(path, depth, Mode.Inference, ledger)

    /// The same place, one level deeper in tables: for a layer that is a part of this one and has no name.
    member internal _.Inner = Scope(path, depth + 1, mode, ledger)

    member private this.Ask
        (
            what: string,
            asked: List<Asked>,
            given: Tree<Expr> -> Tree<Expr> -> Tree<Expr>,
            name,
            dims,
            dtype,
            init
        ) =
        let path = this.PathOf name
        let shape = Shape.ofList dims

        let refuseShape (found: Shape) =
            Refuse.shape
                "input"
                $"an input for which the {what} {path} would have to be {shape}; it is {found}"
                "an input of the shape that the model was initialised with, but for the rows"
                "give inputs like those that the model was made for, or initialise a model for these"

        match ledger.Source with
        | Asking _ ->
            match asked |> Seq.tryFind (fun a -> a.Path = path) with
            | Some a when a.Dims <> dims -> refuseShape (Shape.ofList a.Dims)
            | Some _ -> ()
            | None -> asked.Add { Path = path; Dims = dims; DType = dtype; Init = init }

            if what = "parameter" then
                ledger.Needs.Add { Path = path; Dims = dims; DType = dtype; Init = init }

            Expr.variable path dtype dims
        | Given(parameters, state) ->
            match Tree.tryFind path (given parameters state) with
            | Some e when e.Shape = shape -> e
            | Some e -> refuseShape e.Shape
            | None ->
                Refuse.domain
                    $"{what} {path}"
                    $"no {what} {path}"
                    $"{what} of shape {shape}"
                    "initialise the model to get the trees, or check the names in the file that was read"

    /// A parameter of this layer, by name, with its extents and how it begins. The same name again is the same
    /// parameter: so weights are shared. `scope.Parameter("weight", [ 10; 20 ], Init.standard)`
    member this.Parameter(name: string, dims: int list, init: Initializer) : Expr =
        this.Ask(
            "parameter",
            ledger.Parameters,
            (fun parameters _ -> parameters),
            name,
            dims,
            this.DType,
            init
        )

    /// A piece of this layer's state, of the type of the parameters. `scope.State("running_mean", [ 20 ], Init.zeros)`
    member this.State(name: string, dims: int list, init: Initializer) : Expr =
        this.StateOf(this.DType, name, dims, init)

    /// A piece of this layer's state of any type. `scope.StateOf(DType.I64, "seen", [], Init.zeros)`
    member this.StateOf(dtype: DType, name: string, dims: int list, init: Initializer) : Expr =
        this.Ask("state", ledger.State, (fun _ state -> state), name, dims, dtype, init)

    /// Puts what this layer has asked for, and the layers inside it, in the order of their first names: for parameters
    /// that are needed in another order than they are kept in. `scope.Arrange [ "self_attn"; "linear1"; "norm1" ]`
    member this.Arrange(names: string list) : unit =
        let prefix = this.PathOf ""

        let placeOf (a: Asked) =
            let first = a.Path.Substring(prefix.Length).Split('.')[0]
            names |> List.tryFindIndex (fun name -> name = first) |> Option.defaultValue names.Length

        let isOwn (a: Asked) = a.Path.StartsWith(prefix, StringComparison.Ordinal)
        let places = Seq.indexed ledger.Parameters |> Seq.filter (snd >> isOwn) |> List.ofSeq

        for place, a in List.zip (List.map fst places) (places |> List.map snd |> List.sortBy placeOf) do
            ledger.Parameters[place] <- a

    /// What a piece of state becomes. `scope.Update("running_mean", mean)`
    member this.Update(name: string, value: Expr) : unit = ledger.Updates[this.PathOf name] <- value

    /// A fresh key for one random draw, i32 `[2]`; another one at each call. Inference is a `DomainError`.
    member _.Key() : Expr =
        match mode with
        | Mode.Inference ->
            Refuse.domain "Scope.Key" "a key in inference" "Mode.Training" "draw only where scope.IsTraining"
        | Mode.Training key ->
            // Fifteen keys of one split, then on from the sixteenth, so that few blocks are drawn for many keys.
            let rec at place key =
                let children = Draw.split 16 key

                if place < 15 then
                    Expr.item 0 place children
                else
                    at (place - 15) (Expr.item 0 15 children)

            ledger.KeysTaken <- ledger.KeysTaken + 1
            at (ledger.KeysTaken - 1) key
