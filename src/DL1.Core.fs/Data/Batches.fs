namespace DL1

/// An order that reads neighbours together, for disks and networks on which a row here and a row there are slow: rows are cut
/// into blocks of neighbours, the blocks are shuffled, and rows are mixed among the blocks of a window. With a greater window
/// rows are mixed better, and more of them are read at about the same time.
[<StructuredFormatDisplay("{Display}")>]
type BlockOrder =
    {
        /// Neighbouring rows in a block, 1 or more.
        Rows: int
        /// Blocks whose rows are mixed, 1 or more.
        Window: int
    }

    /// `blocks of 1024 rows, mixed among 8`.
    override this.ToString() = $"blocks of %d{this.Rows} rows, mixed among %d{this.Window}"
    member internal this.Display = this.ToString()

/// How rows are cut into batches; `Batches.ofSize` is a start.
[<StructuredFormatDisplay("{Display}")>]
type BatchOptions =
    {
        /// Rows in a batch, 1 or more.
        Size: int
        /// Whether rows come in random order, another one in each epoch.
        Shuffle: bool
        /// Whether a last batch that is smaller is left out.
        DropLast: bool
        /// Where rows are shuffled: whether neighbours stay near one another, for sources on slow disks.
        Blocks: BlockOrder option
    }

    /// `batches of 64, shuffled`.
    override this.ToString() =
        let order =
            match this.Shuffle, this.Blocks with
            | false, _ -> "in order"
            | true, None -> "shuffled"
            | true, Some blocks -> $"shuffled in {blocks}"

        let last = if this.DropLast then ", a smaller last one left out" else ""
        $"batches of %d{this.Size}, {order}{last}"

    member internal this.Display = this.ToString()

/// The batches of an epoch. The same key and epoch give the same batches, wherever training was resumed.
[<RequireQualifiedAccess>]
module Batches =
    /// Shuffled batches of a size, the last one kept. `Batches.ofSize 128`
    let ofSize (size: int) : BatchOptions = { Size = size; Shuffle = true; DropLast = false; Blocks = None }

    let private permutation (count: int) (key: Key) : int[] =
        (Key.permutation count key).ToArray<int64>() |> Array.map int

    /// The blocks in random order, and the rows of each window of them in random order.
    let private inBlocks (blocks: BlockOrder) (key: Key) (rows: int) : int[] =
        if blocks.Rows < 1 || blocks.Window < 1 then
            Refuse.domain
                "Batches"
                $"{blocks}"
                "1 row or more in a block, and 1 block or more in a window"
                "blocks of 1024 rows in windows of 16 are a start"

        // Extents may be near the largest number.
        let size = min blocks.Rows (max 1 rows)
        let window = min blocks.Window (max 1 rows)

        permutation ((rows + size - 1) / size) (Key.fold 0 key)
        |> Array.chunkBySize window
        |> Array.mapi (fun place blocks ->
            let own =
                blocks
                |> Array.collect (fun block -> [| block * size .. min ((block + 1) * size) rows - 1 |])

            permutation own.Length (Key.fold (place + 1) key) |> Array.map (fun i -> own[i]))
        |> Array.concat

    /// The numbers of the rows in each batch of an epoch, counted from 0; each row is in one batch at most. Fewer than one
    /// row a batch, or a block, is a `DomainError`. `Batches.indices (Batches.ofSize 2) (Key.ofSeed 1L) 0 5`
    let indices (options: BatchOptions) (key: Key) (epoch: int) (rows: int) : int[][] =
        if options.Size < 1 then
            Refuse.domain "Batches" $"batches of %d{options.Size} rows" "1 or more" "64 or 128 is usual"

        if rows < 0 then
            Refuse.domain "Batches" $"%d{rows} rows" "0 or more" "give the number of rows of the data"

        Allocation.requireElements "Batches" rows 16

        let order =
            match options.Shuffle, options.Blocks with
            | true, None -> permutation rows (Key.fold epoch key)
            | true, Some blocks -> inBlocks blocks (Key.fold epoch key) rows
            | false, _ -> [| 0 .. rows - 1 |]

        let batches = Array.chunkBySize options.Size order

        if options.DropLast then
            batches |> Array.filter (fun b -> b.Length = options.Size)
        else
            batches

    /// Makes each item while the one before it is in use, one ahead; the items and their order stay the same.
    /// `Batches.prefetched (fun i -> i * i) 3 |> List.ofSeq`
    let prefetched (make: int -> 'a) (count: int) : seq<'a> = Prefetch.run Prefetch.one make count

    /// The batches of an epoch, each made while the one before it is in use.
    /// `Batches.epoch (Batches.ofSize 2) (Key.ofSeed 1L) 0 data`
    let epoch (options: BatchOptions) (key: Key) (epoch: int) (data: Dataset) : seq<Dataset> =
        let batches = indices options key epoch data.Count
        prefetched (fun i -> Dataset.rows batches[i] data) batches.Length
