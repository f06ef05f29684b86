namespace DL1.Compiler.FusedLoop

open DL1

/// The content of a value's lanes: floats of the fused loop's own type, 32-bit integers, or truth values (masks).
[<RequireQualifiedAccess; Struct>]
type internal LaneKind =
    | Float
    | Whole
    | Truth

/// An operand, and how a fused loop moves through it. `Along`: its address moves from column to column; otherwise one
/// element serves the whole row. `Invariant`: loop-invariant, its address stays the same in all segments. `Spill`: it is
/// a spill buffer, which one stage of an item writes and later stages read.
[<Struct>]
type internal LoopOperand = { Type: DType; Along: bool; Invariant: bool; Spill: bool }

/// One step of a fused loop. Unnamed integers, except in `WholeNumber`, are indices of earlier steps, whose values the
/// step reads.
[<RequireQualifiedAccess; NoComparison>]
type internal LoopStep =
    /// Loads an operand's element at the current segment and column. Its type is the loop's own float type, i32 or bool.
    | Load of operand: int
    | Number of float
    | WholeNumber of int
    | Unary of UnaryOp * int
    | Binary of BinaryOp * int * int
    /// Computes erf x from x and exp(−x²). The exponential is a step by itself, because the derivative of erf uses it too.
    | Erf of x: int * gaussian: int
    | Compare of CompareOp * int * int
    | Select of condition: int * int * int
    /// Converts a value to lanes of another kind.
    | Convert of LaneKind * int
    /// Reduces a value over all segments, and over the columns too where the loop is `Across`.
    | Reduce of ReduceOp * int

/// A program over rows. A row is the columns of one segment. One call runs one item: some segments, each of one row. For
/// softmax an item is one row; for the means of batch normalisation, one block of columns over all segments.
///
/// Steps are computed in stages; a stage is one trip over the rows of the item. A step whose inputs are all
/// loop-invariant (constants, operands that do not move, reductions of earlier stages) is computed once a call. Every
/// other step is computed for each segment or each block of columns, in every stage in which a reduction or a store needs
/// it. A reduction or a store is in the first stage in which its inputs are known, but a store to an operand that is also
/// loaded is in the last stage. A reduction ends its stage; its result is loop-invariant in later stages. A value that an
/// earlier stage stored to an operand that moves along columns and segments is reloaded from there, not computed again.
///
/// The order in which a reduction combines its values decides the bits, and does not depend on the machine. A block is 64 bytes
/// of floats: 16 (f32) or 8 (f64) logical lanes, whatever the width of vectors. Lane c mod 16 (or 8) reduces column c of each
/// row, segment by segment and block by block; the last block of a row may be partial. Long sums of floats are pairwise, so that
/// an addend is seldom much smaller than the sum to which it is added: see `Stages`. A reduction across ends by combining lane i
/// with lane i + half, then does the same in the half that is left, until one lane is left. Reductions start from 0 (sum), 1
/// (product), −∞ (maximum) or ∞ (minimum); for 32-bit integers, the least and the greatest integer stand for −∞ and ∞.
///
/// In one stage, an element is read before it is written, and only the computation of its own column reads it. So a loop
/// with one stage may store to the addresses that it loads from, if each segment stores to its own row. Operands may
/// overlap in no other way. In a downward loop (`Across` is false), `columns` is at most a block, and a loop-invariant
/// operand that moves along columns has one row, which serves all segments.
[<NoEquality; NoComparison>]
type internal FusedLoop =
    {
        /// The type of all floats in the loop: f32 or f64.
        Type: DType
        Operands: LoopOperand[]
        Steps: LoopStep[]
        /// Pairs of a step and the operand to which its value is stored, in the order of the stores. A value must not change more
        /// often than its operand's address: only loop-invariant values are stored to loop-invariant operands.
        Stores: struct (int * int)[]
        /// Whether reductions combine the columns of a row too (across); otherwise they reduce each column by itself (downward).
        Across: bool
    }

/// Runs one item of a fused loop. `operands` is the address of two native integers for each operand: the address of its
/// first element, and the bytes from one segment to the next. `segments` is the number of segments, `columns` the number
/// of columns of each. `split` is 0 to run all stages in order; otherwise it is the address of a `SplitReduction`.
type internal LoopBody =
    delegate of operands: nativeint * segments: nativeint * columns: nativeint * split: nativeint -> unit

/// A request to run one stage over some of an item's segments or columns, for threads that share an item stage by stage. The
/// result of a reduction takes 64 bytes, one block of lanes; results are ordered by stage, and within a stage by step.
[<Struct>]
type internal SplitReduction =
    {
        /// Index of the stage to run. If it equals the number of stages, the call only stores the loop-invariant results
        /// of all stages.
        Stage: nativeint
        /// Address of the results of the reductions of earlier stages.
        Known: nativeint
        /// Address for the results of this stage's reductions, over the given segments and columns alone.
        Totals: nativeint
    }
