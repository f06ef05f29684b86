namespace DL1

/// Derivatives of graphs, as graphs: they can be printed, evaluated, compiled, and differentiated again.
[<RequireQualifiedAccess>]
module Grad =
    let private requireFloat operation (es: Expr list) = List.iter (Operand.requireFloat operation) es

    let private requireLike operation (what: string) (es: Expr list) (ds: Expr list) =
        if es.Length <> ds.Length then
            Refuse.shape
                operation
                $"%d{ds.Length} {what}"
                $"%d{es.Length}, one for each expression"
                $"give as many {what} as expressions"

        for e, d in List.zip es ds do
            Operand.requireSameType operation e d
            Operand.requireSameShape operation e d

    let private orZeros (es: Expr list) (ds: Expr option list) =
        List.map2 (fun e d -> Option.defaultWith (fun () -> Expr.zerosLike e) d) es ds

    /// The vector-Jacobian product: for each of `wrt`, Σ over outputs of J'·cotangent, shaped as it is. Zeros where
    /// no output depends on it. `wrt` may be any expressions that the outputs are made of, variables or not. A
    /// cotangent has the type and shape of its output, else it is a `ShapeError`. `Grad.vjp [ sin v ] [ u ] [ v ]`
    let vjp (outputs: Expr list) (cotangents: Expr list) (wrt: Expr list) : Expr list =
        requireFloat "vjp" (outputs @ wrt)
        // A variable of the same name but another type or shape would silently have the gradient 0.
        Graph.variables (outputs @ wrt) |> ignore
        requireLike "vjp" "cotangents" outputs cotangents
        Reverse.cotangents (List.zip outputs cotangents) wrt |> orZeros wrt

    /// The Jacobian-vector product: for each output, J·tangents, shaped as it is, where each of `wrt` moves along its
    /// tangent, of its type and shape. Zeros where an output depends on none of them.
    /// `Grad.jvp [ sin v ] [ v ] [ u ]`
    let jvp (outputs: Expr list) (wrt: Expr list) (tangents: Expr list) : Expr list =
        requireFloat "jvp" (outputs @ wrt)
        Graph.variables (outputs @ wrt) |> ignore
        requireLike "jvp" "tangents" wrt tangents
        Forward.tangents (List.zip wrt tangents) outputs |> orZeros outputs

    let private requireScalar operation (y: Expr) =
        if not y.Shape.IsScalar then
            Refuse.shape
                operation
                (Operand.text y)
                "a scalar to differentiate"
                "reduce it first to its mean or sum, or ask for the Jacobian"

    /// The gradient of a scalar with respect to each of `wrt`, shaped as it is. A tensor, and a type other than f32
    /// and f64, are a `ShapeError`. `Grad.grad (x * y) [ x; y ]` is `[ y; x ]`.
    let grad (y: Expr) (wrt: Expr list) : Expr list =
        requireScalar "grad" y
        requireFloat "grad" (y :: wrt)
        vjp [ y ] [ Expr.onesLike y ] wrt

    /// A scalar and its gradient, to be evaluated together so that what they share is computed once.
    /// `Grad.valueAndGrad (x * y) [ x; y ]`
    let valueAndGrad (y: Expr) (wrt: Expr list) : Expr * Expr list = y, grad y wrt

    /// A function of one example, applied to a batch: each input has the batch as its leading axis, and so has each
    /// output; inputs of unequal batches are a `ShapeError`. `Grad.vmap (fun xs -> [ Linear.dot xs[0] w ]) [ rows ]`
    let vmap (f: Expr list -> Expr list) (inputs: Expr list) : Expr list =
        let size =
            match inputs with
            | first :: _ when first.Shape.Rank > 0 -> first.Shape[0]
            | _ -> 0

        for e in inputs do
            if e.Shape.Rank = 0 || e.Shape[0] <> size then
                Refuse.shape
                    "vmap"
                    (Operand.texts inputs)
                    "inputs with the batch as their leading axis, of one extent"
                    "move the batch to the front by moveAxis, or leave out what is not batched: the function may use it directly"

        if inputs.IsEmpty then
            Refuse.shape "vmap" "no inputs" "at least one batched input" "call the function itself"

        let variables = inputs |> List.map (fun e -> Rebuild.fresh e.DType (Shape.removeAxis 0 e.Shape))
        Batched.outputs size (List.zip variables inputs) (f (List.map Expr.ofVariable variables))

    /// The unit vectors of an expression's shape, one below another: `[size; shape...]`.
    let private basis (e: Expr) =
        Linear.identity e.DType e.Shape.Size |> Expr.reshape (e.Shape.Size :: e.Shape.ToList())

    /// The Jacobian of `y` with respect to `x`: shape `[y...; x...]`. Reverse mode, one row of `y` at a time, all
    /// rows in one graph. `Grad.jacobian (v * v) v`
    let jacobian (y: Expr) (x: Expr) : Expr =
        requireFloat "jacobian" [ y; x ]

        vmap (fun us -> vjp [ y ] us [ x ]) [ basis y ]
        |> List.head
        |> Expr.reshape (y.Shape.ToList() @ x.Shape.ToList())

    /// The Jacobian by forward mode, one element of `x` at a time: the better way where `x` is smaller than `y`.
    /// `Grad.jacobianForward (v * v) v`
    let jacobianForward (y: Expr) (x: Expr) : Expr =
        requireFloat "jacobian" [ y; x ]
        let rank = x.Shape.Rank

        let columns =
            vmap (fun vs -> jvp [ y ] [ x ] vs) [ basis x ]
            |> List.head
            |> Expr.reshape (x.Shape.ToList() @ y.Shape.ToList())

        Expr.transpose ([ rank .. rank + y.Shape.Rank - 1 ] @ [ 0 .. rank - 1 ]) columns

    /// The Hessian of a scalar with respect to `x`: shape `[x...; x...]`. `Grad.hessian (Linear.dot v v) v`
    let hessian (y: Expr) (x: Expr) : Expr =
        requireScalar "hessian" y
        requireFloat "hessian" [ y; x ]
        jacobianForward (List.head (grad y [ x ])) x

    /// The Hessian of a scalar times a direction for each of `wrt`, without the Hessian: the jvp of the gradient.
    /// `Grad.hessianVector (Linear.dot v v) [ v ] [ u ]`
    let hessianVector (y: Expr) (wrt: Expr list) (direction: Expr list) : Expr list =
        jvp (grad y wrt) wrt direction
