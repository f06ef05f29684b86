namespace DL1.Compiler.Source

open System.Collections.Generic
open DL1

/// A value of the workspace: from the first step that writes it to the last one that reads it.
[<Sealed; AllowNullLiteral>]
type internal Buffer(dtype: DType, size: int, first: int) =
    member _.DType = dtype
    member _.Size = size
    member _.First = first
    member val Last = first with get, set

/// A program of steps as it is written: each step is a method, those of equal text one, and the program calls them in order.
[<Sealed>]
type internal ProgramBuilder(inputs: string list, outputs: string list) =
    let buffers = List<Buffer>()
    let constants = List<Tensor>()
    let constantOf = Dictionary<Digest, int>()
    let calls = CodeWriter()
    let methods = List<string>()
    let known = Dictionary<string, string>()
    let counts = Dictionary<string, int>()
    let mutable time = 0
    let mutable counters = 0

    let touch (slot: Slot) =
        match slot with
        | Slot.Held i -> buffers[i].Last <- time
        | Slot.Given _
        | Slot.Result _
        | Slot.Learnt _ -> ()

    let nameOf (slot: Slot) =
        match slot with
        | Slot.Given i -> inputs[i]
        | Slot.Result i -> outputs[i]
        | Slot.Held i -> $"b%d{i}"
        | Slot.Learnt i -> $"W%d{i}"

    let methodName (kind: string) =
        let n =
            match counts.TryGetValue kind with
            | true, n -> n + 1
            | false, _ -> 1

        counts[kind] <- n
        $"{kind}%d{n}"

    /// The buffers by number.
    member _.Buffers: IReadOnlyList<Buffer> = buffers
    /// The constants by number.
    member _.Constants: IReadOnlyList<Tensor> = constants
    /// The calls, in order.
    member _.Calls = calls
    /// The methods that are called.
    member _.Methods: IReadOnlyList<string> = methods

    /// A new buffer.
    member _.Buffer(dtype: DType, dims: int list) : View =
        buffers.Add(Buffer(dtype, List.fold (*) 1 dims, time))
        View.whole (Slot.Held(buffers.Count - 1)) dtype dims

    /// A constant; equal ones are one.
    member _.Constant(value: Tensor) : View =
        let digest = (Expr.constant value).Digest

        if not (constantOf.ContainsKey digest) then
            constantOf[digest] <- constants.Count
            constants.Add value

        View.whole (Slot.Learnt constantOf[digest]) value.DType (value.Shape.ToList())

    /// A step: a method that reads and writes views, whose text `write` makes by the names that it is given.
    member _.Step
        (
            kind: string,
            note: string,
            reads: View list,
            writes: View list,
            write: CodeWriter -> (Slot -> string) -> unit
        ) : unit =
        time <- time + 1
        let targets = writes |> List.map (fun v -> v.Slot, v.DType) |> List.distinct

        let sources = reads |> List.map (fun v -> v.Slot, v.DType) |> List.distinct |> List.except targets

        let numbered letter places =
            places
            |> List.mapi (fun i (slot: Slot, dtype: DType) ->
                let name = if i = 0 then letter else $"%s{letter}%d{i}"
                slot, dtype, name)

        let sources, targets = numbered "x" sources, numbered "y" targets
        let names = sources @ targets |> List.map (fun (slot, _, name) -> slot, name) |> dict

        let loops =
            reads @ writes |> List.collect (fun v -> List.map fst v.At.Times) |> List.distinct |> List.sort

        let parameters =
            [
                for _, dtype, name in sources -> $"ReadOnlySpan<{Literal.typeName dtype}> {name}"
                for _, dtype, name in targets -> $"Span<{Literal.typeName dtype}> {name}"
                for name in loops -> $"int {name}"
            ]
            |> String.concat ", "

        let w = CodeWriter()
        w.Line $"({parameters})"
        w.Open()
        write w (fun slot -> names[slot])
        w.Close()
        let text = string w
        let key = $"%s{kind}%s{text}"

        if not (known.ContainsKey key) then
            known[key] <- methodName kind
            methods.Add $"static void {known[key]}{text}"

        let arguments =
            List.map (fun (slot, _, _) -> nameOf slot) (sources @ targets) @ loops |> String.concat ", "

        let comment = if note = "" then "" else $" // {note}"
        calls.Line $"{known[key]}({arguments});{comment}"

        for slot, _, _ in sources @ targets do
            touch slot

    /// Steps that are repeated, for each value of a counter. What was there before and is used inside is kept to the end.
    member _.Loop(length: int, reversed: bool, inside: string -> unit) : unit =
        counters <- counters + 1
        let name = $"t%d{counters}"
        time <- time + 1
        let start = time

        let head =
            if reversed then
                $"for (int {name} = %d{length - 1}; {name} >= 0; {name}--)"
            else
                $"for (int {name} = 0; {name} < %d{length}; {name}++)"

        calls.Block(head, (fun () -> inside name))
        time <- time + 1

        for buffer in buffers do
            if buffer.First < start && buffer.Last >= start then
                buffer.Last <- time

/// Where buffers are in the workspace: those that live at one time do not overlap.
[<RequireQualifiedAccess>]
module internal Workspace =
    let private rounded bytes = (bytes + 31L) / 32L * 32L

    /// The offset of each buffer in bytes, and the bytes of all.
    let plan (buffers: IReadOnlyList<Buffer>) : int64[] * int64 =
        let offsets = Array.zeroCreate<int64> buffers.Count
        let bytes (b: Buffer) = rounded (int64 b.Size * int64 b.DType.Bytes)
        let placed = List<int>()
        let mutable total = 0L

        // The largest buffers first: small ones fit into the gaps.
        for i in [ 0 .. buffers.Count - 1 ] |> List.sortBy (fun i -> -(bytes buffers[i]), i) do
            let b = buffers[i]

            let taken =
                placed
                |> Seq.filter (fun j -> buffers[j].First <= b.Last && b.First <= buffers[j].Last)
                |> Seq.map (fun j -> offsets[j], offsets[j] + bytes buffers[j])
                |> Seq.sort

            let at =
                (0L, taken)
                ||> Seq.fold (fun at (first, last) -> if at + bytes b <= first then at else max at last)

            // The fold keeps the first gap only while it fits; later ones that begin behind it do not move it.
            offsets[i] <- at
            placed.Add i
            total <- max total (at + bytes b)

        offsets, total
