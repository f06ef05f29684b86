namespace DL1

/// A model that a loop of one's own trains, under a name, by an optimizer. Two trainables of one loop have different names.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Trainable<'a, 'b>
    internal
    (
        name: string,
        model: Layer<'a, 'b>,
        optimizer: Optimizer,
        freezes: (string -> bool) list,
        dtype: DType,
        start: (Tree<Tensor> * Tree<Tensor>) option
    ) =
    /// Its name in the loop: the first part of the paths of its parameters.
    member _.Name: string = name
    /// The model.
    member _.Model: Layer<'a, 'b> = model
    /// How its parameters follow their gradients.
    member _.Optimizer: Optimizer = optimizer
    /// What was asked to stay as it is: predicates of paths in the model.
    member internal _.Freezes = freezes
    /// Whether the parameter at a path in the model is trained.
    member internal _.Trains(path: string) : bool = not (List.exists (fun frozen -> frozen path) freezes)
    /// The type of its parameters.
    member _.DType: DType = dtype
    /// The parameters and the state that it begins with, where they are not drawn.
    member internal _.Start = start

    /// The name, the model and the optimizer: `generator: Linear(64) => ReLU by Adam`.
    override _.ToString() = $"{name}: {model} by {optimizer}"
    member internal this.Display = this.ToString()

/// Models with their optimizers, for a `TrainingLoop`.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Trainable =
    /// Refuses a name that paths could not begin with.
    let internal requireName operation (name: string) : unit =
        if System.String.IsNullOrWhiteSpace name || name.Contains '.' then
            Refuse.domain
                operation
                $"the name '{name}'"
                "a name that is not empty and has no dot"
                "name what it is, such as generator"

    /// A model with its optimizer, under a name: all parameters are trained, in f32, from values drawn with the loop's key.
    /// An empty name, or one with a dot, is a `DomainError`.
    /// `Trainable.create "generator" (Dense.linear 2) (Optimizer.adam 1e-3)`
    let create (name: string) (model: Layer<'a, 'b>) (optimizer: Optimizer) : Trainable<'a, 'b> =
        requireName "Trainable.create" name
        Trainable(name, model, optimizer, [], DType.F32, None)

    /// The same model, of whose parameters those stay as they are whose paths satisfy a predicate. One that holds for no
    /// parameter, or leaves none to be trained, is a `DomainError` at the first step.
    /// `Trainable.freeze (fun path -> path.StartsWith "encoder") trainable`
    let freeze (frozen: string -> bool) (trainable: Trainable<'a, 'b>) : Trainable<'a, 'b> =
        Trainable(
            trainable.Name,
            trainable.Model,
            trainable.Optimizer,
            trainable.Freezes @ [ frozen ],
            trainable.DType,
            trainable.Start
        )

    /// The same model with parameters of another floating-point type. `Trainable.typed DType.F64 trainable`
    let typed (dtype: DType) (trainable: Trainable<'a, 'b>) : Trainable<'a, 'b> =
        Trainable(
            trainable.Name,
            trainable.Model,
            trainable.Optimizer,
            trainable.Freezes,
            dtype,
            trainable.Start
        )

    /// The same model, beginning with the parameters and the layer state of a trained one: for fine-tuning.
    /// `Trainable.from parameters state trainable`
    let from
        (parameters: Tree<Tensor>)
        (state: Tree<Tensor>)
        (trainable: Trainable<'a, 'b>)
        : Trainable<'a, 'b> =
        Trainable(
            trainable.Name,
            trainable.Model,
            trainable.Optimizer,
            trainable.Freezes,
            trainable.DType,
            Some(parameters, state)
        )
