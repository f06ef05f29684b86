namespace DL1.Compiler

/// Sizes of tasks, blocks and budgets that trade time against memory. They were set on two cores of an AMD EPYC of the Zen 4
/// kind (32 KB of first-level and 1 MB of second-level cache a core), by the program that is named; where none is named,
/// the value follows from the size of a cache or is a guess that no measurement contradicted. Those at the end, and the
/// first where it cuts reductions, decide how sums are rounded: with another value, results differ in the last bits.
[<RequireQualifiedAccess>]
module internal Tuning =
    /// Elements of a task that moves or combines elements, the "grain": enough work to pay for waking a thread (bench/Kernels).
    /// Split reductions are cut by it, so it decides how they are rounded.
    let TaskElements = 16384

    /// Elements of a task that sorts: each takes about log n comparisons.
    let SortTaskElements = 4096

    /// Blocks of a task that transposes.
    let TransposeTaskBlocks = 4

    /// The most elements of the inner axis whose running sums are computed side by side.
    let RunningSumLanes = 64

    /// Words of 64 bits from one thread's range of tasks to the next: 128 bytes, two cache lines, so that threads share none.
    let RangeSpacing = 16

    // Products of matrices (bench/Gemm).

    /// Multiply-adds that are worth a task of their own: a few microseconds.
    let GemmTaskOperations = 65536L

    /// The most strips of columns, or of rows of a product with one column: more tasks cost more than they balance on two threads.
    let GemmStrips = 16

    /// Multiply-adds of a product with one column that are worth a task of their own. Its matrix is often the result of the kernel
    /// before, half of it in the other core's cache: of 128 by 300 elements it takes 7 us on two threads, 15 us on one (bench/Steps,
    /// mlp1bn).
    let GemvRowTaskOperations = 16384L

    /// Multiply-adds of a product with one row that are worth a task of their own: each reads an element of the matrix once, so
    /// that a megabyte takes some ten microseconds (bench/Onnx, wake word).
    let GemvTaskOperations = 262144L

    /// The most bytes of A, in one k-block, for which columns are done from beginning to end on one thread: a quarter of the
    /// second-level cache.
    let SmallGemmBytes = 262144L

    /// The most bytes of A that is read by columns where it is: most of the first-level cache.
    let StraightBytes = 24576L

    /// The most rows of A that is read by columns where it is, whatever its size.
    let StraightRows = 48

    /// The widest block of B that is packed at once, in columns.
    let GemmBlockColumns = 3072

    /// The most rows of a block of A, for the second-level cache.
    let GemmBlockRows = 144

    /// The most bytes that are packed at once, unless a single k-block needs more.
    let GemmPackedBytes = 4194304

    /// The most bytes of C in a task with an epilogue, which then finds them in the second-level cache.
    let EpilogueBytes = 131072

    /// The most columns of C in a task with an epilogue, where tasks have all of them.
    let EpilogueColumns = 1024

    /// About the number of tasks of a product of at most twice `GemmBlockRows` rows: four for each of two threads. More than 8
    /// threads find no task.
    let GemmTasks = 8

    // Back-to-back products: attention (bench/Steps, transformer).

    /// Bytes of a block of rows between the products: it stays in the second-level cache.
    let BackToBackBytes = 98304

    /// The fewest rows of a block, which pay for packing B.
    let BackToBackFewestRows = 24

    /// The most rows of a block.
    let BackToBackMostRows = 144

    /// The fewest tasks: where a stack has fewer matrices, each is cut into smaller blocks of rows, of at least
    /// `BackToBackFewestRows`.
    let BackToBackFewestTasks = 8

    // Convolutions (bench/Conv, bench/Onnx).

    /// The least multiply-adds of a task, if one sample makes several: some two microseconds. On two threads SqueezeNet
    /// 96 and MobileNetV2 96 (bench/Onnx) take 0.9 of the time that they take with 262144.
    let ConvTaskOperations = 131072L

    /// About the number of tasks of a few images.
    let ConvTasks = 16

    /// Bytes of data and results in a task of several small images: they stay in a second-level cache.
    let ConvTaskBytes = 196608L

    /// Results of a task of several small images, for whole tiles.
    let ConvTaskResults = 192

    /// Multiply-adds of a task of several small images, and the most of them.
    let ConvImagesOperations = 65536L

    /// The most images of a task.
    let ConvMostImages = 1024L

    /// The most bytes of a pixel of a depthwise convolution that goes channel by channel: beyond it the pixels of a row
    /// are too far apart. On MobileNetV2 (bench/Onnx, one thread) going by channels takes 0.79 of the time of going by pixels with 96
    /// channels, as long with 144, 1.18 of it with 192 and 1.4 of it with 576.
    let DepthwisePixelBytes = 512

    /// Half of a second-level cache. Of one image of as many bytes a depthwise convolution prefetches the rows: on MobileNetV2 at 224 by
    /// 224 that saves 9 to 20 % of the layers of 32 to 144 channels. Of a batch of several images it reads copies with zeros around
    /// them, which are written as a stream: 32 images of 28 by 28 with 64 channels run at 75 instead of 66 GFLOP/s on two threads.
    let DepthwiseFetchBytes = 524288L

    // Fused loops (bench/Steps).

    /// The most bytes that a loop's stages leave to later ones. Beyond the caches it takes as long to reload a value as to
    /// compute it again; but to treat items alike, whatever their size, saves code.
    let SpillBytes = 1073741824L

    /// The most nodes that a reader computes again for itself.
    let RematerialisedNodes = 6

    /// The most nodes of a group: past some 250 operations in one method the JIT gives up optimising.
    let GroupNodes = 200

    /// The most operands of a fused loop, whose addresses are locals.
    let LoopOperands = 40

    /// Bytes of a chunk of each value that waits between the phases of a stage: with `PhaseValues` they stay in the first-level cache.
    let PhaseBytes = 1024

    /// The most values that wait between phases.
    let PhaseValues = 12

    /// Bytes of the values that an interpreted loop holds at once: they stay in the first-level cache.
    let InterpretedBytes = 24576

    // Memory.

    /// Bytes of the largest arena that plans share. A larger one would also be held for small plans.
    let SharedArenaBytes = 16777216L

    /// Bytes that one thread copies at a time into the state of a session.
    let CopiedBytes = 1048576L

    // What is kept for the next use of the same graph.

    /// Plans.
    let PlansKept = 256

    /// The bytes of their constants together: a program that folds constants once would otherwise keep them all.
    let PlanBytesKept = 268435456L

    /// A session whose state has fewer bytes keeps it twice. In place a product cannot be written where the next value will be,
    /// but needs memory of its own: small models are 5 % slower so (`mlp1` of bench/Steps), large ones fit into half.
    let UpdateInPlaceBytes = 67108864L

    /// Emitted loops.
    let LoopsKept = 4096

    // These decide how sums are rounded: with another value, results differ in the last bits.

    /// The most rows of a k-block: a panel of B of this height, 64 bytes wide, leaves space for a tile of A in a first-level
    /// cache of 32 KB.
    let KBlockRows = 384

    /// Additions to a leaf block of a pairwise sum, and leaf blocks to a sum of them.
    let LeafBlock = 128

    /// Columns are cut at multiples of this, and random words are drawn for at most this many columns at once.
    let ColumnChunk = 2048

    /// With fewer items than this, threads share each item of a reduction.
    let FewItems = 16

    /// The most slices that threads cut an item's reduction into.
    let ReductionSlices = 64L

    /// The most pixels of a chunk of a convolution's weight gradient: its data and cotangents fit into a first-level cache.
    let ConvChunkPixels = 192

    /// Winograd tiles whose weight gradients are computed at a time.
    let WinogradTilesAtOnce = 48

    /// The most bytes of transformed weights, 16 for every 9, that stay in the caches; with more, convolutions are direct.
    let WinogradWeightBytes = 8388608L

    /// The most bytes of a sum of transformed weight gradients, of which there are up to 16; with more, they are direct.
    let WinogradSumBytes = 1048576L
