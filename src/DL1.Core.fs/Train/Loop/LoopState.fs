namespace DL1

/// All that changes in a loop of one's own: a snapshot that no later step changes. The paths of the trees begin with the
/// names of the trainables.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type LoopState =
    {
        /// The parameters of the models.
        Parameters: Tree<Tensor>
        /// The state of their layers.
        State: Tree<Tensor>
        /// The state of their optimizers.
        Optimizer: Tree<Tensor>
        /// What is carried from one step to the next, by its name.
        Carried: Tree<Tensor>
        /// What the next step draws from.
        Key: Key
        /// The training steps made.
        Steps: int64
    }

    /// How much there is of each part, and after how many steps.
    override this.ToString() =
        let size (tree: Tree<Tensor>) = Tree.values tree |> List.sumBy (fun t -> int64 t.Size)

        $"after %d{this.Steps} steps: %d{size this.Parameters} parameters, %d{size this.State} numbers of state, %d{size this.Optimizer} of the optimizers, %d{size this.Carried} carried"

    member internal this.Display = this.ToString()

/// Snapshots of loops, as checkpoints and as one tree.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module LoopState =
    let internal parameters, internal layers, internal optimizer, internal carried, internal key =
        "parameters", "state", "optimizer", "carried", "key"

    /// Before the first step. `LoopState.start (Key.ofSeed 1L)`
    let start (key: Key) : LoopState =
        {
            Parameters = Tree.empty
            State = Tree.empty
            Optimizer = Tree.empty
            Carried = Tree.empty
            // As a learner's training: the key itself is for the parameters.
            Key = Key.fold 2 key
            Steps = 0L
        }

    /// The state as one tree.
    let internal toTree (s: LoopState) : Tree<Tensor> =
        [
            Tree.under parameters s.Parameters
            Tree.under layers s.State
            Tree.under optimizer s.Optimizer
            Tree.under carried s.Carried
            Tree.ofList [ key, Key.toTensor s.Key ]
        ]
        |> List.reduce Tree.append

    let internal ofTree steps (tree: Tree<Tensor>) : LoopState =
        {
            Parameters = Tree.at parameters tree
            State = Tree.at layers tree
            Optimizer = Tree.at optimizer tree
            Carried = Tree.at carried tree
            Key = Key.ofTensor tree[key]
            Steps = steps
        }

    /// A snapshot as a checkpoint, and back by `LoopState.ofCheckpoint`. `Checkpoint.write path (LoopState.toCheckpoint loop.State)`
    let toCheckpoint (s: LoopState) : Checkpoint =
        {
            Parameters = s.Parameters
            State = s.State
            Optimizer = s.Optimizer
            Key = s.Key
            Step = s.Steps
            Extra = Tree.under carried s.Carried
            Notes = Map.empty
        }

    /// The snapshot that a checkpoint holds. `loop.Restore(LoopState.ofCheckpoint (Checkpoint.read path))`
    let ofCheckpoint (c: Checkpoint) : LoopState =
        {
            Parameters = c.Parameters
            State = c.State
            Optimizer = c.Optimizer
            Carried = Tree.at carried c.Extra
            Key = c.Key
            Steps = c.Step
        }
