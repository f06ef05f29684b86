namespace DL1

// The vocabulary: small unions of operations, and the forms that a node of an expression graph can take. Adding a
// case makes the compiler list every place that has to answer for it.

/// Functions of one element.
[<RequireQualifiedAccess; Struct>]
type UnaryOp =
    /// −x.
    | Neg
    /// |x|, with derivative 0 at 0.
    | Abs
    /// −1, 0 or 1; NaN of NaN; its derivative is 0.
    | Sign
    /// The largest whole number that is not above x; its derivative is 0.
    | Floor
    /// The smallest whole number that is not below x; its derivative is 0.
    | Ceiling
    /// To the nearest whole number, halves to even.
    | Round
    /// eˣ.
    | Exp
    /// exp(x) − 1, accurate near 0.
    | Expm1
    /// The natural logarithm: −∞ at 0, NaN below.
    | Log
    /// log(1 + x), accurate near 0.
    | Log1p
    /// √x: NaN below 0.
    | Sqrt
    /// 1 / √x.
    | Rsqrt
    /// 1 / x.
    | Reciprocal
    /// The sine of an angle in radians.
    | Sin
    /// The cosine of an angle in radians.
    | Cos
    /// The tangent of an angle in radians.
    | Tan
    /// The inverse sine, in [−π/2, π/2]: NaN outside [−1, 1].
    | Asin
    /// The inverse cosine, in [0, π]: NaN outside [−1, 1].
    | Acos
    /// The inverse tangent, in [−π/2, π/2].
    | Atan
    /// The hyperbolic sine.
    | Sinh
    /// The hyperbolic cosine.
    | Cosh
    /// The hyperbolic tangent.
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
    /// a + b.
    | Add
    /// a − b.
    | Sub
    /// a·b.
    | Mul
    /// a / b, of f32 or f64.
    | Div
    /// aᵇ, of f32 or f64.
    | Pow
    /// The larger; NaN where either is NaN.
    | Max
    /// The smaller; NaN where either is NaN.
    | Min
    /// Both of two truth values.
    | And
    /// Either of two truth values, or both.
    | Or

/// Comparisons: truth values, false where either side is NaN (but `Ne` is true there).
[<RequireQualifiedAccess; Struct>]
type CompareOp =
    /// a = b.
    | Eq
    /// a ≠ b.
    | Ne
    /// a < b.
    | Lt
    /// a ≤ b.
    | Le
    /// a > b.
    | Gt
    /// a ≥ b.
    | Ge

/// Ways to reduce axes to one value.
[<RequireQualifiedAccess; Struct>]
type ReduceOp =
    /// The sum; 0 over no elements.
    | Sum
    /// The product; 1 over no elements.
    | Prod
    /// The largest, NaN if one is; refuses no elements.
    | Max
    /// The smallest, NaN if one is; refuses no elements.
    | Min

/// Which element's place an arg-reduction tells: the first one, where several are equal.
[<RequireQualifiedAccess; Struct>]
type ArgOp =
    /// The largest, or the first NaN.
    | Max
    /// The smallest, or the first NaN.
    | Min

/// A named input of a graph.
type Variable =
    {
        /// One name has one meaning in a graph.
        Name: string
        /// The element type of the values that it takes.
        DType: DType
        /// The shape of the values that it takes.
        Shape: Shape
    }

    /// The name, with type and shape: `x: f32 [2, 3]`.
    override this.ToString() = $"{this.Name}: {this.DType} {this.Shape}"

/// A slice of one axis: elements Start, Start + Step, ... below Stop.
[<Struct>]
type Cut =
    {
        /// The first element, from 0.
        Start: int
        /// Where the elements end, itself excluded; at most the extent.
        Stop: int
        /// From one element to the next: 1 or more.
        Step: int
    }

    /// `0:10:2`, as in Python.
    override this.ToString() = $"%d{this.Start}:%d{this.Stop}:%d{this.Step}"

/// Strides of slices.
[<RequireQualifiedAccess>]
module internal Cut =
    /// How many elements are kept.
    let extent (c: Cut) = int ((int64 c.Stop - int64 c.Start + int64 c.Step - 1L) / int64 c.Step)

    /// The stride of a sliced axis that keeps `extent` elements. A single element has no next one: its step, which may
    /// be larger than any tensor, does not count.
    let stride extent (c: Cut) stride = if extent <= 1 then stride else c.Step * stride

/// Padding of one axis: elements put before, after, and between neighbours. Negative edges crop.
[<Struct>]
type Edge =
    {
        /// Elements put before the first; negative: how many are cropped.
        Before: int
        /// Elements put after the last; negative: how many are cropped.
        After: int
        /// Elements put between neighbours: 0 or more.
        Between: int
    }

    /// `(before, after, between)`.
    override this.ToString() = $"(%d{this.Before}, %d{this.After}, %d{this.Between})"

/// How a window moves along one spatial axis.
[<Struct>]
type Sweep =
    {
        /// From one place to the next: 1 or more.
        Stride: int
        /// Elements of padding before the first.
        PadBefore: int
        /// Elements of padding after the last.
        PadAfter: int
        /// From one element of the window to the next: 1 or more.
        Dilation: int
    }

    /// `stride 2, padding 1 and 1, dilation 1`.
    override this.ToString() =
        $"stride %d{this.Stride}, padding %d{this.PadBefore} and %d{this.PadAfter}, dilation %d{this.Dilation}"

/// Where the elements of a window stand.
[<RequireQualifiedAccess>]
module internal Sweep =
    /// The place in the data of element k of the window at place p. The rules of shapes keep it within 32 bits.
    let at (s: Sweep) p k = int (int64 p * int64 s.Stride - int64 s.PadBefore + int64 k * int64 s.Dilation)

    /// The first and the last element of the window at place p that stand in the data; the last before the first, where
    /// none does.
    let inside (s: Sweep) kernel extent p : struct (int * int) =
        let start = int64 p * int64 s.Stride - int64 s.PadBefore
        let dilation = int64 s.Dilation
        let first = if start >= 0L then 0L else (dilation - 1L - start) / dilation
        // Rounded down, below 0 too.
        let left = int64 extent - 1L - start
        let last = if left < 0L then -1L else min (int64 kernel - 1L) (left / dilation)
        struct (int first, int last)

/// A pooling window: its extent and its sweep, for each spatial axis.
type Window =
    {
        /// The window's extent along each spatial axis.
        Kernel: int list
        /// How it moves along each spatial axis.
        Sweeps: Sweep list
    }

/// A convolution: its sweep for each spatial axis, and the number of groups that the channels fall into.
type ConvSpec =
    {
        /// How the kernel moves along each spatial axis.
        Sweeps: Sweep list
        /// Groups that the channels fall into, each convolved apart.
        Groups: int
    }

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
        /// What each step does.
        Body: ScanBody<'e>
        /// The number of steps.
        Length: int
        /// From the last slice to the first.
        Reversed: bool
        /// The first state, shaped as the carries.
        Initial: 'e list
        /// What is sliced: `[length; slice...]`.
        Sequences: 'e list
        /// What every step is given whole.
        Fixed: 'e list
    }

/// A function with a derivative of the user's own: closed graphs, variables named by position.
type CustomVjp<'e> =
    {
        /// The name in printed graphs.
        Name: string
        /// Stand for the operands in `Value` and `Gradients`.
        Inputs: Variable list
        /// The function's value over `Inputs`.
        Value: 'e
        /// Stands for the cotangent of the value in `Gradients`.
        Cotangent: Variable
        /// The cotangent of each input; linear in `Cotangent`.
        Gradients: 'e list
    }

/// The forms of a node, over operands of type 'e. Shapes are attributes of the expression that holds the node.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Node<'e> =
    /// A tensor.
    | Constant of Tensor
    /// A named input, given when evaluated.
    | Variable of Variable
    /// A function of each element.
    | Unary of UnaryOp * 'e
    /// A function of elements in pairs; equal types and shapes.
    | Binary of BinaryOp * 'e * 'e
    /// Truth values of elements in pairs; equal types and shapes.
    | Compare of CompareOp * 'e * 'e
    /// The second operand where the condition holds, the third elsewhere.
    | Select of condition: 'e * 'e * 'e
    /// The same values in another element type.
    | Cast of DType * 'e
    /// Removes the axes reduced; they are listed in ascending order.
    | Reduce of ReduceOp * axes: int list * 'e
    /// The place along an axis, which is removed; i64.
    | ArgReduce of ArgOp * axis: int * 'e
    /// The running sum along an axis, or the one from its end.
    | CumSum of axis: int * reversed: bool * 'e
    /// The places along an axis in ascending order of its elements; i64, of the operand's shape. Equal elements keep
    /// their order, and NaN comes last.
    | ArgSort of axis: int * 'e
    /// exp(x) / Σ exp(x) along an axis, without overflow.
    | Softmax of axis: int * 'e
    /// log Σ exp(x) along an axis, which is removed, without overflow.
    | LogSumExp of axis: int * 'e
    /// `[...; m; k]` by `[...; k; n]`, equal leading axes.
    | MatMul of 'e * 'e
    /// Stretches axes of extent 1, and puts new ones in front.
    | Broadcast of Shape * 'e
    /// The same elements, in row-major order, in another shape.
    | Reshape of Shape * 'e
    /// Axis i of the result is axis `permutation[i]` of the operand.
    | Transpose of permutation: int list * 'e
    /// One cut for each axis.
    | Slice of Cut list * 'e
    /// A value put around and between elements: one edge for each axis.
    | Pad of Edge list * value: float * 'e
    /// Operands one after another along an axis; their other axes are equal.
    | Concat of axis: int * 'e list
    /// Turns axes around; they are listed in ascending order.
    | Reverse of axes: int list * 'e
    /// Takes the axis's slices at the indices, whose axes take the axis's place.
    | Gather of axis: int * 'e * indices: 'e
    /// The transpose of `Gather`: adds each update to the slice of its index, in an axis of this extent.
    | ScatterAdd of axis: int * extent: int * updates: 'e * indices: 'e
    /// Operands by role: Forward x w; InputGrad y w; WeightGrad x y.
    | Conv of ConvRole * ConvSpec * 'e * 'e
    /// The maximum of each window; padding counts as −∞.
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
    /// The same value, seen as a constant by derivatives.
    | StopGradient of 'e
    /// A function with its own derivative, applied to its inputs.
    | Custom of CustomVjp<'e> * 'e list
