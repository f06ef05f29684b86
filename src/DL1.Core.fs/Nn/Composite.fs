namespace DL1

open System
open System.Collections.Generic
open System.Diagnostics.CodeAnalysis
open System.Runtime.CompilerServices

/// What a type is composed of.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type private Composed =
    /// One tensor.
    | Leaf
    /// A tree of named ones.
    | Named
    /// Members, each with its name and the way to it, and how a value is made of them.
    | Members of list: (string * (obj -> (obj | null)) * Composed) list * make: ((obj | null)[] -> obj)

/// How the values of a type are composed of named leaves, expressions or tensors: one leaf alone, a tuple, whose members are
/// named 1, 2, ..., a record, an anonymous object, or a class with a constructor of its properties, nested as one likes, or a
/// tree, which has its own names. Found once, by reflection; a leaf alone and a tree need none.
[<Sealed>]
type internal Composite<'leaf, 'a> private (alone: string, form: Composed) =
    static let described = typeof<'leaf>.Name

    static let refuseType operation (t: Type) : 'r =
        Refuse.domain
            operation
            $"the type {t.Name}"
            $"{described}, a tuple or a record of {described}, or a Tree of {described}"
            (if PlainText.isTrimmed () then
                 $"name the tensors in a tree, or keep the type whole in the trimmed program, by DynamicDependency"
             else
                 $"give the tensors by a tuple, a record whose members are all {described}, or a tree")

    [<UnconditionalSuppressMessage("Trimming",
                                   "IL2070",
                                   Justification = "Where a member is gone, the refusal names the cure.")>]
    static let rec find operation (inside: Type list) (t: Type) : Composed =
        if t = typeof<'leaf> then
            Composed.Leaf
        elif t = typeof<Tree<'leaf>> then
            Composed.Named
        elif List.contains t inside || t.IsPrimitive || t = typeof<string> then
            refuseType operation t
        elif typeof<ITuple>.IsAssignableFrom t then
            let types = t.GetGenericArguments()

            match t.GetConstructor types with
            | null -> refuseType operation t
            | constructor ->
                let item i (tuple: obj) : obj | null =
                    match tuple with
                    | :? ITuple as tuple -> tuple[i]
                    | _ -> null

                Composed.Members(
                    [
                        for i in 0 .. types.Length - 1 ->
                            $"%d{i + 1}", item i, find operation (t :: inside) types[i]
                    ],
                    constructor.Invoke
                )
        else
            let properties = t.GetProperties() |> Array.filter (fun p -> p.GetIndexParameters().Length = 0)

            let membersOf (constructor: Reflection.ConstructorInfo) =
                let found =
                    constructor.GetParameters()
                    |> Array.map (fun p ->
                        properties
                        |> Array.tryFind (fun q ->
                            String.Equals(p.Name, q.Name, StringComparison.OrdinalIgnoreCase)
                            && q.PropertyType = p.ParameterType))

                if found.Length > 0 && Array.forall Option.isSome found then
                    Some(constructor, Array.choose id found)
                else
                    None

            match t.GetConstructors() |> Array.choose membersOf with
            | [| constructor, members |] when not t.IsAbstract ->
                Composed.Members(
                    [
                        for p in members ->
                            p.Name,
                            (fun (x: obj) -> p.GetValue x),
                            find operation (t :: inside) p.PropertyType
                    ],
                    constructor.Invoke
                )
            | _ -> refuseType operation t

    static let under prefix name = if prefix = "" then name else $"{prefix}.{name}"

    static let absent (path: string) : 'r =
        Refuse.domain "a model's tensors" $"null for {path}" described "give each member a value"

    let rec leaves (path: string) (form: Composed) (value: obj) : (string * 'leaf) list =
        match form, value with
        | Composed.Leaf, (:? 'leaf as leaf) -> [ path, leaf ]
        | Composed.Named, (:? Tree<'leaf> as tree) ->
            [ for name, leaf in Tree.toList tree -> under path name, leaf ]
        | Composed.Members(members, _), value ->
            members
            |> List.collect (fun (name, get, form) ->
                match get value with
                | null -> absent (under path name)
                | inner -> leaves (under path name) form inner)
        | Composed.Leaf, _
        | Composed.Named, _ -> absent path

    /// The names that values have, where the type says so.
    let rec names path form : string list =
        match form with
        | Composed.Leaf -> [ path ]
        | Composed.Named -> [ under path "*" ]
        | Composed.Members(members, _) ->
            members |> List.collect (fun (name, _, form) -> names (under path name) form)

    let refuse operation (tree: Tree<'leaf>) : 'r =
        let given = Tree.paths tree |> String.concat ", "
        let due = names "" form |> String.concat ", "

        let expected =
            match form with
            | Composed.Leaf -> "one tensor"
            | Composed.Named
            | Composed.Members _ -> $"the names {due}"

        let cure =
            match form with
            | Composed.Leaf ->
                "take one of them by its name, or make the model of a tuple, a record or a Tree"
            | Composed.Named
            | Composed.Members _ ->
                "give the tensors these names, as the same tuple or record does, or make the model of a Tree"

        Refuse.domain
            operation
            (if tree.Count = 0 then "no tensor" else $"tensors named {given}")
            expected
            cure

    let make operation (tree: Tree<'leaf>) : obj | null =
        let used = HashSet<string>()

        let find (path: string) : string option =
            if tree.Contains path then
                Some path
            else
                // A member of a record may begin with another case than the name of a column.
                match
                    Tree.paths tree
                    |> List.filter (fun p -> String.Equals(p, path, StringComparison.OrdinalIgnoreCase))
                with
                | [ one ] -> Some one
                | _ -> None

        let rec value path form : obj | null =
            match form with
            | Composed.Leaf ->
                match find path with
                | Some found ->
                    used.Add found |> ignore
                    box tree[found]
                | None -> refuse operation tree
            | Composed.Named ->
                let inner = Tree.at path tree

                for name in Tree.paths inner do
                    used.Add(under path name) |> ignore

                box inner
            | Composed.Members(members, make) ->
                members
                |> List.map (fun (name, _, form) -> value (under path name) form)
                |> Array.ofList
                |> make

        let made = value "" form

        if used.Count < tree.Count then
            refuse operation tree

        made

    /// How a type is composed; `alone` is the name of a leaf that stands alone. A type of another kind is refused.
    static member Of(operation: string, alone: string) : Composite<'leaf, 'a> =
        Composite(alone, find operation [] typeof<'a>)

    /// A value's leaves by their names.
    member _.ToTree(value: 'a) : Tree<'leaf> =
        match box value with
        | null -> absent alone
        | value ->
            match form with
            | Composed.Leaf -> leaves alone form value |> Tree.ofList
            | Composed.Named
            | Composed.Members _ -> leaves "" form value |> Tree.ofList

    /// The value of leaves by their names; names that the type does not have, or lacks, are refused.
    member _.OfTree(operation: string, tree: Tree<'leaf>) : 'a =
        let made: obj | null =
            match form, Tree.values tree with
            | Composed.Leaf, [ leaf ] -> box leaf
            | Composed.Leaf, _ -> refuse operation tree
            | Composed.Named, _ -> box tree
            | Composed.Members _, _ -> make operation tree

        match made with
        | :? 'a as value -> value
        | _ -> refuse operation tree

/// Models and losses over named sets of tensors, made of those over values of any type.
[<RequireQualifiedAccess>]
module internal Erased =
    let inputs, targets, output = "inputs", "targets", "output"

    /// A model as one from a named set to another.
    let model operation (model: Layer<'a, 'b>) : Layer<Tree<Expr>, Tree<Expr>> =
        let from = Composite<Expr, 'a>.Of(operation, inputs)
        let into = Composite<Expr, 'b>.Of(operation, output)

        model |> Layer.before (fun tree -> from.OfTree("the model's inputs", tree)) |> Layer.map into.ToTree

    /// A loss of targets and outputs as one of named sets of them.
    let loss operation (loss: 't -> 'b -> Expr) : Tree<Expr> -> Tree<Expr> -> Expr =
        let target = Composite<Expr, 't>.Of(operation, targets)
        let outputs = Composite<Expr, 'b>.Of(operation, output)

        fun t o -> loss (target.OfTree("the loss's targets", t)) (outputs.OfTree("the loss's outputs", o))

    /// A model of named sets as one of one tensor: applied, it refuses where there are several.
    let single (network: Layer<Tree<Expr>, Tree<Expr>>) : Layer<Expr, Expr> =
        let from = Composite<Expr, Expr>.Of("Learner.Model", inputs)
        let into = Composite<Expr, Expr>.Of("Learner.Model", output)

        network
        |> Layer.before from.ToTree
        |> Layer.map (fun tree -> into.OfTree("the model's outputs", tree))

    /// A loss of named sets as one of one tensor of each.
    let singleLoss (loss: Tree<Expr> -> Tree<Expr> -> Expr) : Expr -> Expr -> Expr =
        fun t o -> loss (Tree.ofList [ targets, t ]) (Tree.ofList [ output, o ])
