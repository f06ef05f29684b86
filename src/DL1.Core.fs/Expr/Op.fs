namespace DL1

// The vocabulary: small unions of operations, and the forms that a node of an expression graph can take. Adding a
// case makes the compiler list every place that has to answer for it.

/// Functions of one element.
[<RequireQualifiedAccess; Struct>]
type UnaryOp =
    | Neg
    | Abs
    | Sign
    | Floor
    | Ceiling
    /// To the nearest whole number, halves to even.
    | Round
    | Exp
    /// exp(x) − 1, accurate near 0.
    | Expm1
    | Log
    /// log(1 + x), accurate near 0.
    | Log1p
    | Sqrt
    /// 1 / √x.
    | Rsqrt
    | Reciprocal
    | Sin
    | Cos
    | Tan
    | Asin
    | Acos
    | Atan
    | Sinh
    | Cosh
    | Tanh
    /// 1 / (1 + exp(−x)).
    | Sigmoid
    /// log(1 + exp(x)).
    | Softplus
    /// The error function.
    | Erf
    /// max(x, 0), with derivative 0 at 0.
    | Relu
    /// Negation of a truth value.
    | Not

/// Functions of two elements of one type.
[<RequireQualifiedAccess; Struct>]
type BinaryOp =
    | Add
    | Sub
    | Mul
    | Div
    | Pow
    /// The larger; NaN where either is NaN.
    | Max
    /// The smaller; NaN where either is NaN.
    | Min
    | And
    | Or

/// Comparisons: truth values, false where either side is NaN (but `Ne` is true there).
[<RequireQualifiedAccess; Struct>]
type CompareOp =
    | Eq
    | Ne
    | Lt
    | Le
    | Gt
    | Ge

/// Ways to reduce axes to one value.
[<RequireQualifiedAccess; Struct>]
type ReduceOp =
    | Sum
    | Prod
    | Max
    | Min

/// Which element's place an arg-reduction tells: the first one, where several are equal.
[<RequireQualifiedAccess; Struct>]
type ArgOp =
    | Max
    | Min

/// A named input of a graph.
type Variable = { Name: string; DType: DType; Shape: Shape }

/// A slice of one axis: elements Start, Start + Step, ... below Stop.
[<Struct>]
type Cut = { Start: int; Stop: int; Step: int }

/// Padding of one axis: elements put before, after, and between neighbours. Negative edges crop.
[<Struct>]
type Edge = { Before: int; After: int; Between: int }

/// How a window moves along one spatial axis.
[<Struct>]
type Sweep = { Stride: int; PadBefore: int; PadAfter: int; Dilation: int }

/// A pooling window: its extent and its sweep, for each spatial axis.
type Window = { Kernel: int list; Sweeps: Sweep list }

/// A convolution: its sweep for each spatial axis, and the number of groups that the channels fall into.
type ConvSpec = { Sweeps: Sweep list; Groups: int }

/// The three faces of one trilinear form Σ x·w·y: a convolution, and its gradients. Each one's derivatives are the
/// other two, so differentiation never leaves the family.
[<RequireQualifiedAccess>]
type ConvRole =
    /// y from x `[N; C; spatial...]` and w `[O; C/groups; kernel...]`.
    | Forward
    /// x of this spatial extent from y and w: the transposed convolution.
    | InputGrad of spatial: int list
    /// w of this kernel extent from x and y.
    | WeightGrad of kernel: int list

/// One step of a loop as a closed graph: its only variables are those listed, named by position.
type ScanBody<'e> =
    {
        /// State handed from step to step.
        Carries: Variable list
        /// This step's slice of each sequence.
        Slices: Variable list
        /// What is the same at every step.
        Fixed: Variable list
        /// The next state, in the order of `Carries`.
        Next: 'e list
        /// What the step gives to be stacked.
        Outputs: 'e list
    }

/// A loop over the leading axis of sequences.
type ScanCall<'e> =
    {
        Body: ScanBody<'e>
        /// The number of steps.
        Length: int
        /// From the last slice to the first.
        Reversed: bool
        Initial: 'e list
        Sequences: 'e list
        Fixed: 'e list
    }

/// A function with a derivative of the user's own: closed graphs, variables named by position.
type CustomVjp<'e> =
    {
        Name: string
        Inputs: Variable list
        Value: 'e
        /// Stands for the cotangent of the value in `Gradients`.
        Cotangent: Variable
        /// The cotangent of each input; linear in `Cotangent`.
        Gradients: 'e list
    }

/// The forms of a node, over operands of type 'e. Shapes are attributes of the expression that holds the node.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Node<'e> =
    | Constant of Tensor
    | Variable of Variable
    | Unary of UnaryOp * 'e
    | Binary of BinaryOp * 'e * 'e
    | Compare of CompareOp * 'e * 'e
    /// The second operand where the condition holds, the third elsewhere.
    | Select of condition: 'e * 'e * 'e
    | Cast of DType * 'e
    /// Removes the axes reduced; they are listed in ascending order.
    | Reduce of ReduceOp * axes: int list * 'e
    | ArgReduce of ArgOp * axis: int * 'e
    | CumSum of axis: int * reversed: bool * 'e
    | Softmax of axis: int * 'e
    | LogSumExp of axis: int * 'e
    /// `[...; m; k]` by `[...; k; n]`, equal leading axes.
    | MatMul of 'e * 'e
    /// Stretches axes of extent 1, and puts new ones in front.
    | Broadcast of Shape * 'e
    | Reshape of Shape * 'e
    | Transpose of permutation: int list * 'e
    | Slice of Cut list * 'e
    | Pad of Edge list * value: float * 'e
    | Concat of axis: int * 'e list
    | Reverse of axes: int list * 'e
    /// Takes the axis's slices at the indices, whose axes take the axis's place.
    | Gather of axis: int * 'e * indices: 'e
    /// The transpose of `Gather`: adds each update to the slice of its index, in an axis of this extent.
    | ScatterAdd of axis: int * extent: int * updates: 'e * indices: 'e
    /// Operands by role: Forward x w; InputGrad y w; WeightGrad x y.
    | Conv of ConvRole * ConvSpec * 'e * 'e
    | MaxPool of Window * 'e
    /// From the second operand, shaped as the first, what stands where each window of the first has its maximum.
    | MaxPoolPick of Window * 'e * 'e
    /// Adds each element of the second operand to where the window of the first has its maximum: `MaxPool`'s vjp.
    | MaxPoolScatter of Window * 'e * 'e
    /// Padding counts as zeros.
    | AvgPool of Window * 'e
    /// The transpose of `AvgPool`, to the spatial extent given.
    | AvgPoolGrad of Window * spatial: int list * 'e
    /// 32 random bits an element, from a key of two i32 words; streams are independent.
    | RandomBits of stream: int * Shape * key: 'e
    /// Result number `result` of a loop: the final carries, then the stacked outputs.
    | Scan of result: int * ScanCall<'e>
    | StopGradient of 'e
    | Custom of CustomVjp<'e> * 'e list
