namespace DL1

open System.Runtime.CompilerServices

/// What a layer sees of a model that is run step by step: some places of its sequences after others, with what the layers keep
/// in between. Layers whose result at a place needs no other place, such as `Dense.linear`, need nothing of this.
[<Extension; AbstractClass; Sealed>]
type StepwiseScope =
    /// Whether the model is run step by step, and this value belongs to the step: to the places of this run alone. A value that
    /// an encoder has made of its whole input does not. `if scope.IsStep x then ...`
    [<Extension>]
    static member IsStep(scope: Scope, value: Expr) : bool =
        match scope.Ledger.Stepping with
        | Some stepping -> stepping.IsStep value
        | None -> false

    static member internal Of(scope: Scope, value: Expr) : Stepping option =
        scope.Ledger.Stepping |> Option.filter (fun stepping -> stepping.IsStep value)

    /// What this layer has kept from the steps before by a name: at the first step the initial value, whose first axis is that of
    /// the batch, or which is one number. Only in a run step by step, else it is a `DomainError`.
    /// `let before = scope.Kept("sum", Expr.zerosLike x)`
    [<Extension>]
    static member Kept(scope: Scope, name: string, initial: Expr) : Expr =
        StepwiseScope.Required(scope, name).Value(scope.PathOf name, initial)

    /// Keeps a value for the next step by the name with which `Kept` was asked, of the same type and shape.
    /// `scope.Keep("sum", before + x)`
    [<Extension>]
    static member Keep(scope: Scope, name: string, value: Expr) : unit =
        StepwiseScope.Required(scope, name).Put(scope.PathOf name, value)

    /// The numbers of the places of a sequence of this length, from 0, i32 `[length]`: where it belongs to a step they go on from
    /// the steps before. `let places = scope.Places(x, x.Shape[1])`
    [<Extension>]
    static member Places(scope: Scope, value: Expr, length: int) : Expr =
        let places = Expr.arange DType.I32 length

        match StepwiseScope.Of(scope, value) with
        | Some stepping -> places + Expr.ofVariable stepping.Position
        | None -> places

    static member private Required(scope: Scope, name: string) : Stepping =
        match scope.Ledger.Stepping with
        | Some stepping -> stepping
        | None ->
            Refuse.domain
                "Scope.Kept"
                $"the name {name} where the model is not run step by step"
                "a run step by step"
                "ask only where scope.IsStep holds"

/// What recurrent and attention layers do in a run step by step.
[<RequireQualifiedAccess>]
module internal StepwiseLayers =
    /// The states that a recurrent layer goes on from, `[layers; batch; hidden]` each, instead of those that it begins with.
    let states (scope: Scope) name isBidirectional (x: Expr) (starts: Expr list) : Expr list =
        match StepwiseScope.Of(scope, x) with
        | None -> starts
        | Some _ when isBidirectional ->
            Refuse.domain
                name
                "both directions, step by step"
                "one direction, from the first place on"
                "the backward direction begins at the end, which is not known yet: leave it out of what is generated"
        | Some stepping ->
            starts
            |> List.mapi (fun i start ->
                stepping.Value(scope.PathOf(if i = 0 then "hidden" else "cell"), Expr.moveAxis 1 0 start)
                |> Expr.moveAxis 0 1)

    /// Keeps the states that it ends with.
    let keepStates (scope: Scope) (x: Expr) (finals: Expr list) : unit =
        match StepwiseScope.Of(scope, x) with
        | None -> ()
        | Some stepping ->
            finals
            |> List.iteri (fun i final ->
                stepping.Put(scope.PathOf(if i = 0 then "hidden" else "cell"), Expr.moveAxis 1 0 final))

    /// A place table `[count; ...]` at the places of x: its first rows, or those where a step stands.
    let rowsAt (scope: Scope) (x: Expr) (table: Expr) : Expr =
        match StepwiseScope.Of(scope, x) with
        | None -> Expr.sliceAxis 0 0 x.Shape[1] table
        | Some stepping ->
            stepping.Most <- min stepping.Most table.Shape[0]
            Expr.gather 0 (scope.Places(x, x.Shape[1])) table

    /// The places of all steps up to this one along an axis, behind them what there is room for.
    let private append (stepping: Stepping) path axis (fresh: Expr) : Expr =
        let capacity, places = stepping.Capacity, stepping.Places
        stepping.NeedsCapacity <- true
        let dims = fresh.Shape.ToList() |> List.mapi (fun i n -> if i = axis then capacity else n)
        let before = stepping.Value(path, Expr.full fresh.DType dims 0.0)
        let column = List.init dims.Length (fun i -> if i = axis then capacity else 1)
        let offsets = Expr.arange DType.I32 capacity - Expr.ofVariable stepping.Position

        let isFresh, spread =
            if places = 1 then
                Expr.equal offsets (lit 0.0), fresh
            else
                let last = float (places - 1)
                let held = Expr.minimum (Expr.maximum offsets (lit 0.0)) (lit last)
                Expr.both (offsets .>= 0.0) (offsets .<= last), Expr.gather axis held fresh

        let after = Expr.where (Expr.reshape column isFresh) spread before
        stepping.Put(path, after)
        after

    /// An expression, and what it is stretched or reshaped from.
    let rec private origins (e: Expr) : Expr list =
        match e.Node with
        | Node.Broadcast(_, x)
        | Node.Reshape(_, x) -> e :: origins x
        | _ -> [ e ]

    /// Of a mask that is causal, a mask of keys that goes with it, `[batch; 1; 1; keys]`.
    let private keysOf (causal: Expr) (mask: Expr option) : Expr option =
        let isCausal (e: Expr) = origins e |> List.exists (fun o -> o.Digest = causal.Digest)
        let places = causal.Shape[1]

        let keysOnly (e: Expr) =
            origins e
            |> List.tryFind (fun o ->
                o.Shape.Rank = 4 && o.Shape[1] = 1 && o.Shape[2] = 1 && o.Shape[3] = places)

        let refuse () =
            Refuse.domain
                "attention"
                "a mask that is not causal, step by step"
                "the mask in which each query sees itself and what is before it, alone or with a mask of padding"
                "set the option causal: a place that sees later ones cannot be computed before them"

        match mask with
        | None -> refuse ()
        | Some mask when isCausal mask -> None
        | Some mask ->
            match mask.Node with
            | Node.Binary(BinaryOp.And, a, b) ->
                match isCausal a, isCausal b, keysOnly a, keysOnly b with
                | true, _, _, Some keys -> Some keys
                | _, true, Some keys, _ -> Some keys
                | _ -> refuse ()
            | _ -> refuse ()

    /// Keys and values `[batch; heads; places; size]` with those of the steps before, and which of them each query sees.
    let attended (scope: Scope) (causal: int -> int -> Expr) (memory: Expr) mask (key: Expr) (value: Expr) =
        match StepwiseScope.Of(scope, memory) with
        | None -> struct (mask, key, value)
        | Some stepping ->
            let places = stepping.Places
            let keys = keysOf (causal places places) mask
            let position = Expr.ofVariable stepping.Position
            let allKeys = append stepping (scope.PathOf "keys") 2 key
            let allValues = append stepping (scope.PathOf "values") 2 value
            let queries = Expr.expandDims 1 (Expr.arange DType.I32 places + position)
            let isBefore = Expr.expandDims 0 (Expr.arange DType.I32 stepping.Capacity) .<= queries

            let mask =
                match keys with
                | None -> isBefore
                | Some keys ->
                    // Extents of 1 are those of the batch where it has one row.
                    let keys = Expr.broadcastTo [ stepping.Rows; 1; 1; places ] keys
                    Expr.both isBefore (append stepping (scope.PathOf "real") 3 keys)

            struct (Some mask, allKeys, allValues)
