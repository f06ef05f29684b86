namespace DL1.Compiler

/// Sizes of tasks, blocks and budgets that trade time against memory. They were set on two cores of an AMD EPYC of the Zen 4
/// kind (32 KB of first-level and 1 MB of second-level cache a core), with the benchmark that is named; where none is named,
/// the value follows from the size of a cache or is a guess that no measurement contradicted. The values at the end, and
/// `TaskElements`, which cuts split reductions, decide how sums are rounded: other values change the last bits of results.
[<RequireQualifiedAccess>]
module internal Tuning =
    /// The grain: the number of elements that one task moves or combines, enough work to pay for waking a thread (bench/Kernels).
    /// Split reductions are cut into slices by it, so it decides how they are rounded.
    let TaskElements = 16384

    /// The number of elements that one task sorts: fewer than the grain, since each of n elements takes about log n comparisons.
    let SortTaskElements = 4096

    /// The number of blocks, each `TransposeBlock.side` elements high and wide, that one task transposes.
    let TransposeTaskBlocks = 4

    /// The most neighbours along the inner axis whose running sums one task computes side by side.
    let RunningSumLanes = 64

    /// The distance of two threads' task ranges in `WorkRanges`, in words of 64 bits: two cache lines, so that they share none.
    let RangeSpacing = 16

    // Products of matrices (bench/Gemm).

    /// The least multiply-adds of a task of a product of small matrices: a few microseconds.
    let GemmTaskOperations = 65536L

    /// The most strips, one for each task, into which the columns of a small product are cut (the rows, where B has one column):
    /// on two threads, more tasks cost more time than their better balance saves.
    let GemmStrips = 16

    /// The least multiply-adds of a task where B has one column. A is often the result of the kernel before, so half of it is in
    /// the other core's cache: the product takes 7 us on two threads and 15 us on one where A has 128 by 300 elements
    /// (bench/Steps, mlp1bn).
    let GemvRowTaskOperations = 16384L

    /// The least multiply-adds of a task where A has one row. Each multiply-add reads another element of B, so this many read a
    /// megabyte, in some ten microseconds (bench/Onnx, wake word).
    let GemvTaskOperations = 262144L

    /// The most bytes of A in one k-block for which one thread computes columns of C from beginning to end (`SmallGemm`): a
    /// quarter of the second-level cache.
    let SmallGemmBytes = 262144L

    /// The most bytes of an A with contiguous columns that is read in place, not packed: most of the first-level cache.
    let StraightBytes = 24576L

    /// The most rows of an A with contiguous columns that is read in place even if it has more than `StraightBytes` bytes.
    let StraightRows = 48

    /// The most columns of B that are packed at once.
    let GemmBlockColumns = 3072

    /// The most rows of a block of A: one k-block of it fits into the second-level cache.
    let GemmBlockRows = 144

    /// The most bytes of A and B, in whole k-blocks, that are packed at once; a single k-block may have more.
    let GemmPackedBytes = 4194304

    /// The most bytes of C in a task of a product with an epilogue: the epilogue then finds them in the second-level cache.
    let EpilogueBytes = 131072

    /// The most columns of C that are computed at once in a product with an epilogue and more than twice `GemmBlockRows` rows:
    /// each task computes all these columns of its rows.
    let EpilogueColumns = 1024

    /// The approximate number of tasks of a product of at most twice `GemmBlockRows` rows: four for each of two threads. An
    /// epilogue may make it greater. Threads beyond the number of tasks have nothing to do.
    let GemmTasks = 8

    // Back-to-back products: attention (bench/Steps, transformer).

    /// The bytes of a task's block of rows of the first product's result: the block stays in the second-level cache.
    let BackToBackBytes = 98304

    /// The fewest rows of a block, before blocks are evened out: each packs the B of both products, which must pay.
    let BackToBackFewestRows = 24

    /// The most rows of a block.
    let BackToBackMostRows = 144

    /// The fewest tasks wanted: where a stack has fewer matrices, each matrix is cut into smaller blocks of rows, of at least
    /// `BackToBackFewestRows`.
    let BackToBackFewestTasks = 8

    // Convolutions (bench/Conv, bench/Onnx).

    /// The least multiply-adds of a task where one image is divided among several tasks: some two microseconds. A multiply-add of
    /// a depthwise convolution counts as 4. On two threads SqueezeNet 96 and MobileNetV2 96 (bench/Onnx) take 0.9 of the time
    /// that they take with 262144.
    let ConvTaskOperations = 131072L

    /// The approximate number of tasks wanted of a batch with fewer images than this: each image then makes several.
    let ConvTasks = 16

    /// The bytes of source and result in a task, of several small images or of some rows of a large one: they stay in a
    /// second-level cache.
    let ConvTaskBytes = 196608L

    /// The pixels of the result in a task of several small images: enough to fill the tiles of the micro-kernel.
    let ConvTaskResults = 192

    /// A task takes several images if together they have at most this many multiply-adds, even beyond `ConvTaskResults` pixels.
    let ConvImagesOperations = 65536L

    /// The most images that a task takes because of `ConvImagesOperations`.
    let ConvMostImages = 1024L

    /// The most bytes of a pixel for which a depthwise convolution goes by channels: all rows for two vectors of channels, then
    /// the next two. With more bytes the pixels of a row are too far apart, and it goes by pixels, each with all channels. On
    /// MobileNetV2 (bench/Onnx, one thread) going by channels takes 0.79 of the time of going by pixels with 96 channels, as long
    /// with 144, 1.18 of it with 192 and 1.4 of it with 576.
    let DepthwisePixelBytes = 512

    /// The bytes from which on the source of a depthwise convolution is large: half of a second-level cache. The rows of a single
    /// large image are prefetched: on MobileNetV2 at 224 by 224 that saves 9 to 20 % of the time of the layers of 32 to 144
    /// channels. A large batch is read from copies with zeros around the images, which are written as a stream: 32 images of 28
    /// by 28 with 64 channels run at 75 instead of 66 GFLOP/s on two threads.
    let DepthwiseFetchBytes = 524288L

    // Fused loops (bench/Steps).

    /// The most bytes that a fused loop may spill for its later stages. Beyond the caches it takes as long to reload a value as
    /// to compute it again, but one rule for items of all sizes saves code.
    let SpillBytes = 1073741824L

    /// The most nodes that a reader computes again to rematerialise one value.
    let RematerialisedNodes = 6

    /// The most nodes of a group: past some 250 operations in one method the JIT gives up optimising.
    let GroupNodes = 200

    /// The most operands of a fused loop: its code keeps the address of each in a local.
    let LoopOperands = 40

    /// The bytes of a chunk of one value between two phases of a stage: `PhaseValues` such chunks fit into the first-level cache.
    let PhaseBytes = 1024

    /// The most values that one stage keeps between its phases; with more, it is not divided into phases.
    let PhaseValues = 12

    /// Bytes of the values that an interpreted loop holds at once: they stay in the first-level cache.
    let InterpretedBytes = 24576

    // Memory.

    /// The most bytes of an arena that plans share. A larger one would also be held for small plans.
    let SharedArenaBytes = 16777216L

    /// Bytes that one thread copies at a time into the state of a session.
    let CopiedBytes = 1048576L

    // Caches for the next use of the same graph, and the state of sessions.

    /// The most plans that `PlanCache` keeps.
    let PlansKept = 256

    /// The most bytes of the constants of all plans kept: a program that folds constants once would otherwise keep them all.
    let PlanBytesKept = 268435456L

    /// The least bytes of a state that a session updates in place; a smaller state is kept twice. In place, a product cannot be
    /// written to the memory of the next value and needs memory of its own: small models are 5 % slower (`mlp1` of bench/Steps),
    /// but large ones need half the memory.
    let UpdateInPlaceBytes = 67108864L

    /// The most compiled fused loops that `CodeCache` keeps.
    let LoopsKept = 4096

    // These decide how sums are rounded: with another value, results differ in the last bits.

    /// The most rows of B in a k-block. With vectors of 256 bits a panel of B of this height has 24 KB and leaves space for a tile of A
    /// in the first-level cache; with 512 bits it has 48 KB and comes from the second-level cache.
    let KBlockRows = 384

    /// A leaf block of a pairwise sum ends after about this many additions; a sum of leaf blocks adds this many (see `Stages`).
    let LeafBlock = 128

    /// Tasks and slices cut columns at multiples of this. A loop without reductions draws random words for at most this many
    /// columns at once; a loop with reductions draws a whole row.
    let ColumnChunk = 2048

    /// A reduction with fewer items than this and enough work is split: threads share each item (`SplitReductionKernel`).
    let FewItems = 16

    /// The most slices into which the reduction of one item is cut.
    let ReductionSlices = 64L

    /// The most pixels of a chunk of a convolution's weight gradient: a chunk's data and cotangents fit into a first-level cache.
    let ConvChunkPixels = 192

    /// The most partial sums of a weight gradient, each with memory of its own.
    let ConvPartials = 16L

    /// The most bytes of the partial sums of a direct weight gradient together, if there is more than one.
    let ConvPartialBytes = 8388608L

    /// The number of Winograd tiles that are transformed and added to a weight gradient at a time.
    let WinogradTilesAtOnce = 48

    /// The most bytes of transformed weights, 16 for every 9, that stay in the caches; with more, convolutions are direct. Also
    /// the most bytes of all partial sums of a transformed weight gradient.
    let WinogradWeightBytes = 8388608L

    /// The most bytes of a partial sum of a transformed weight gradient, of up to 16; with more, gradients are direct.
    let WinogradSumBytes = 1048576L
