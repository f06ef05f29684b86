namespace DL1.Compiler.FusedLoop

open DL1

/// What the lanes of a value hold: floats of the pass's own type, whole numbers of 32 bits, or truth values.
[<RequireQualifiedAccess; Struct>]
type internal LaneKind =
    | Float
    | Whole
    | Truth

/// How an operand lies under a pass. `Along` moves from column to column; where it does not, one element serves the
/// whole line. `Still` means that it does not move from segment to segment either. `Own` memory is what the phases of an item leave to later ones.
[<Struct>]
type internal LoopOperand = { Type: DType; Along: bool; Still: bool; Own: bool }

/// One value of a pass, computed from values before it.
[<RequireQualifiedAccess; NoComparison>]
type internal LoopStep =
    /// An operand's element; of the pass's own type, i32 or bool.
    | Load of operand: int
    | Number of float
    | WholeNumber of int
    | Unary of UnaryOp * int
    | Binary of BinaryOp * int * int
    /// erf x, given exp(−x²): the derivative has a use for that too.
    | Erf of x: int * gaussian: int
    | Compare of CompareOp * int * int
    | Select of condition: int * int * int
    /// A value as lanes of another kind.
    | Convert of LaneKind * int
    /// The reduction of a value over all segments, and over the columns too where the pass folds across.
    | Fold of ReduceOp * int

/// A program over lines. A line is a run of columns; a call does some segments, each a line, for one item:
/// a row of softmax, or a block of the columns whose means batch normalisation takes.
///
/// Values are computed in phases. A step that depends on no fold and no moving operand is still: computed once a call.
/// Other steps are computed for every block of every segment, in each phase that has a use for them: a fold or a store,
/// which stand in the first phase that can; but a store to an operand that is also loaded stands in the last phase. A
/// fold ends its phase, and its result is still in those after it. What was stored to a moving operand in an earlier
/// phase is read from there.
///
/// The order of folding, which decides the bits, knows no machine: a block is 64 bytes of floats, so that 16 or 8 logical
/// lanes each fold their own columns, segment by segment and block by block: column c of a line belongs to lane
/// c mod 16 or 8, and the last block of a line may be a part of one. Long sums of floats are taken in pieces, so that what
/// is added is never much less than what it is added to: see `PairwiseSum`. Across joins lane i with lane i + half, and so
/// on by halves. A fold begins with 0, 1, −∞ or ∞ (the least or the greatest whole number of 32 bits).
///
/// An element is read before it is written, and by no other column's computation: a pass of one phase may store to the
/// very addresses that it loads from, segment for segment. Operands may overlap in no other way. Where folds do not go
/// across, `columns` is at most a block, and a still operand that moves along has one line, which serves all segments.
[<NoEquality; NoComparison>]
type internal FusedLoop =
    {
        /// f32 or f64: the type of all floats in it.
        Type: DType
        Operands: LoopOperand[]
        Steps: LoopStep[]
        /// Which values go to which operands, in this order. No value moves more than its operand: a still operand
        /// takes a still value.
        Stores: struct (int * int)[]
        /// Whether folds join the columns too: sums along rows. Otherwise each column is folded for itself.
        Across: bool
    }

/// One item of a pass: for each operand a pair of addresses, its first element and the bytes from one segment to the
/// next; how many segments; and how many columns each of them has. `share` is 0 where all phases are done in order, else
/// the address of a `SplitReduction`.
type internal LoopBody =
    delegate of operands: nativeint * segments: nativeint * columns: nativeint * share: nativeint -> unit

/// One phase over some of an item's segments or columns: threads share an item phase by phase. A fold has 64 bytes for
/// its lanes, as many as there are; folds stand in the order of their phases, and in a phase in that of their steps.
[<Struct>]
type internal SplitReduction =
    {
        /// The phase; the number of phases where only what is still is stored, of all of them, after the others.
        Phase: nativeint
        /// Where the folds of earlier phases are.
        Known: nativeint
        /// Where those of this phase go to, as far as these segments and columns make them.
        Totals: nativeint
    }
