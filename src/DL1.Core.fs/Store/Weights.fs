namespace DL1

open System
open System.Collections.Generic

/// A tensor that was found at a path of the model, but does not fit there.
[<StructuredFormatDisplay("{Display}")>]
type UnfitWeight =
    {
        /// The path.
        Path: string
        /// What was found: `f32 [10, 512]`.
        Found: string
        /// What the model has there.
        Own: string
    }

    override this.ToString() = $"{this.Path}: {this.Found} for {this.Own}"
    member internal this.Display = this.ToString()

/// What became of weights that were taken over in part: the trees to go on with, and which paths were taken, missing, left
/// and unfit. It prints itself as a report.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type LoadedWeights =
    {
        /// The parameters: those that were found, and the model's own where none was.
        Parameters: Tree<Tensor>
        /// The state of the layers, likewise.
        State: Tree<Tensor>
        /// Paths whose tensors were taken.
        Taken: IReadOnlyList<string>
        /// Paths of the model for which nothing was found: they begin as the model was initialised.
        Missing: IReadOnlyList<string>
        /// Paths that were found, and that the model does not have.
        Left: IReadOnlyList<string>
        /// Paths that both have, with another shape or kind of type: the model's own stay.
        Unfit: IReadOnlyList<UnfitWeight>
    }

    /// Whether every path of the model was found, and nothing was left over.
    member this.IsWhole = this.Missing.Count = 0 && this.Left.Count = 0 && this.Unfit.Count = 0

    /// The numbers of paths, and the paths that were not taken.
    override this.ToString() =
        let listed (what: string) (items: string seq) =
            let items = List.ofSeq items

            if items.IsEmpty then
                []
            else
                let shown = items |> List.truncate 20 |> String.concat ", "
                [ $"%d{items.Length} {what}: " + shown + (if items.Length > 20 then ", ..." else "") ]

        [
            [ $"%d{this.Taken.Count} taken" ]
            listed "missing" this.Missing
            listed "left" this.Left
            listed "unfit" (Seq.map string this.Unfit)
        ]
        |> List.concat
        |> String.concat "\n"

    member internal this.Display = Format.following (this.ToString())

/// Weights taken over from elsewhere in part: for fine-tuning, where the head is new.
[<RequireQualifiedAccess>]
module Weights =
    let private textOf (t: Tensor) = $"{t.DType} {t.Shape}"

    let private paths (tree: Tree<Tensor>) =
        let shown = Tree.paths tree |> List.truncate 5 |> String.concat ", "
        if tree.Count > 5 then shown + ", ..." else shown

    /// Tensors that were found in the place of a model's own parameters and state, path by path, where shapes and types fit;
    /// floating-point types are converted to the model's. The result says what was taken, what is missing, what was left and
    /// what did not fit. Where nothing fits, or numbers are not finite, it is a `FormatError`.
    /// `Weights.take parameters state (Tree.at "backbone" found)`
    let take (parameters: Tree<Tensor>) (state: Tree<Tensor>) (found: Tree<Tensor>) : LoadedWeights =
        let own = Tree.append parameters state

        let fits path (t: Tensor) =
            match Tree.tryFind path own with
            | Some o -> t.Shape = o.Shape && (t.DType = o.DType || t.DType.IsFloat && o.DType.IsFloat)
            | None -> false

        let taken = Tree.toList found |> List.filter (fun (path, t) -> fits path t)

        if taken.IsEmpty then
            Refuse.format
                "Weights.take"
                (if found.Count = 0 then
                     "no tensors"
                 else
                     $"tensors of which none fits: {paths found}")
                $"tensors for some of the paths {paths own}"
                "rename them, or take the part below a name, so that their paths are those of the model"

        for path, t in taken do
            if t.DType.IsFloat && Tensor.toFloats t |> Array.exists (Double.IsFinite >> not) then
                Refuse.format
                    "Weights.take"
                    $"{path} with numbers that are not finite"
                    "finite numbers"
                    "leave this path out by filter"

        let isTaken = HashSet(List.map fst taken)

        let filled (tree: Tree<Tensor>) =
            tree
            |> Tree.mapPath (fun path o ->
                if isTaken.Contains path then Tensor.cast o.DType found[path] else o)

        {
            Parameters = filled parameters
            State = filled state
            Taken = taken |> List.map fst |> Array.ofList
            Missing = Tree.paths own |> List.filter (found.Contains >> not) |> Array.ofList
            Left = Tree.paths found |> List.filter (own.Contains >> not) |> Array.ofList
            Unfit =
                [|
                    for path, t in Tree.toList found do
                        if own.Contains path && not (isTaken.Contains path) then
                            { Path = path; Found = textOf t; Own = textOf own[path] }
                |]
        }
