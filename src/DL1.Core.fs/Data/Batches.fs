namespace DL1

open System.Threading.Tasks

/// How rows are cut into batches; `Batches.ofSize` is a start.
type BatchOptions =
    {
        /// Rows in a batch, 1 or more.
        Size: int
        /// Whether rows come in random order, another one in each epoch.
        Shuffle: bool
        /// Whether a last batch that is smaller is left out.
        DropLast: bool
    }

    /// `batches of 64, shuffled`.
    override this.ToString() =
        let order = if this.Shuffle then "shuffled" else "in order"
        let last = if this.DropLast then ", a smaller last one left out" else ""
        $"batches of %d{this.Size}, {order}{last}"

/// The batches of an epoch. The same key and epoch give the same batches, wherever training was resumed.
[<RequireQualifiedAccess>]
module Batches =
    /// Shuffled batches of a size, the last one kept. `Batches.ofSize 128`
    let ofSize (size: int) : BatchOptions = { Size = size; Shuffle = true; DropLast = false }

    /// The numbers of the rows in each batch of an epoch, counted from 0; each row is in one batch at most. Fewer than one
    /// row a batch is a `DomainError`. `Batches.indices (Batches.ofSize 2) (Key.ofSeed 1L) 0 5`
    let indices (options: BatchOptions) (key: Key) (epoch: int) (rows: int) : int[][] =
        if options.Size < 1 then
            Refuse.domain "Batches" $"batches of %d{options.Size} rows" "1 or more" "64 or 128 is usual"

        if rows < 0 then
            Refuse.domain "Batches" $"%d{rows} rows" "0 or more" "give the number of rows of the data"

        Allocation.requireElements "Batches" rows 16

        let order =
            if options.Shuffle then
                (Key.permutation rows (Key.fold epoch key)).ToArray<int64>() |> Array.map int
            else
                [| 0 .. rows - 1 |]

        let batches = Array.chunkBySize options.Size order

        if options.DropLast then
            batches |> Array.filter (fun b -> b.Length = options.Size)
        else
            batches

    /// Makes each item while the one before it is in use, one ahead; the items and their order stay the same.
    /// `Batches.prefetched (fun i -> i * i) 3 |> List.ofSeq`
    let prefetched (make: int -> 'a) (count: int) : seq<'a> =
        seq {
            let mutable next = if count > 0 then Some(Task.Run(fun () -> make 0)) else None
            let mutable i = 0

            while next.IsSome do
                match next with
                | None -> ()
                | Some task ->
                    let item = task.GetAwaiter().GetResult()
                    i <- i + 1
                    let following = i
                    next <- if following < count then Some(Task.Run(fun () -> make following)) else None
                    item
        }

    /// The batches of an epoch, each made while the one before it is in use.
    /// `Batches.epoch (Batches.ofSize 2) (Key.ofSeed 1L) 0 data`
    let epoch (options: BatchOptions) (key: Key) (epoch: int) (data: Dataset) : seq<Dataset> =
        let batches = indices options key epoch data.Count
        prefetched (fun i -> Dataset.rows batches[i] data) batches.Length
