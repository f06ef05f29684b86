namespace DL1

open System
open System.Collections.Generic
open System.Globalization
open System.Text

/// A reader of pickles for data alone: 34 opcodes of protocol 2, those that `torch.load(weights_only=True)` knows. A pickle is a
/// program for a small machine that may import and call anything; here nothing is imported and nothing called, and a
/// name outside a given list is refused by name.
[<Sealed>]
type internal PickleReader(operation: string, names: HashSet<string>, bytes: byte[]) =
    let stack = List<Pickled>()
    let marks = List<int>()
    let memo = List<Pickled>()
    let mutable at = 0
    let mutable start = 0
    let mutable containers = 0

    /// Deeper nesting, and more values waiting for their container, than any file of weights has.
    let mostMarks, mostWaiting = 200, 1_000_000

    static let shared = Array.init 256 (fun n -> Pickled.Integer(int64 n))
    static let truths = [| Pickled.Truth false; Pickled.Truth true |]
    static let empty = Pickled.Tuple [||]

    /// A text of the file as it may stand in a message.
    static let shown (text: string) =
        let plain = String.map (fun c -> if Char.IsControl c then '?' else c) text
        if plain.Length > 100 then plain.Substring(0, 100) + "..." else plain

    member private _.Refuse(given: string, expected: string) : 'r =
        Refuse.format
            operation
            $"{given}, at byte %d{start} of the pickle"
            expected
            "check that all of the file was written, by torch.save of a state dict"

    member private this.Take(count: int) : ReadOnlySpan<byte> =
        if count < 0 || count > bytes.Length - at then
            this.Refuse(
                $"%d{count} bytes announced where %d{bytes.Length - at} are left",
                "lengths within the pickle"
            )

        at <- at + count
        ReadOnlySpan(bytes, at - count, count)

    member private this.Byte() : byte =
        let b = this.Take 1
        b[0]

    member private this.Line() : string =
        let length = ReadOnlySpan(bytes, at, min 1000 (bytes.Length - at)).IndexOf(byte '\n')

        if length < 0 then
            this.Refuse("a name without an end", "a name of fewer than 1000 bytes")

        let text = Encoding.UTF8.GetString(this.Take length)
        at <- at + 1
        text

    /// The values above the last mark, which go with it.
    member private this.Above() : Pickled[] =
        if marks.Count = 0 then
            this.Refuse("the end of values that never began", "a mark before them")

        let first = marks[marks.Count - 1]
        marks.RemoveAt(marks.Count - 1)

        if first > stack.Count then
            this.Refuse("a mark above the values", "a mark below them")

        let values = stack.GetRange(first, stack.Count - first).ToArray()
        stack.RemoveRange(first, stack.Count - first)
        values

    member private this.Pop() : Pickled =
        let floor = if marks.Count = 0 then 0 else marks[marks.Count - 1]

        if stack.Count <= floor then
            this.Refuse("a value that is missing", "a value for each use")

        let value = stack[stack.Count - 1]
        stack.RemoveAt(stack.Count - 1)
        value

    member private this.Push(value: Pickled) =
        if stack.Count >= mostWaiting then
            this.Refuse($"more than %d{mostWaiting} values in one container", "a state dict")

        stack.Add value

    /// A new list or dictionary: what is filled later takes more memory than the byte that makes it.
    member private this.Container(value: Pickled) =
        containers <- containers + 1

        if containers > 1000 + bytes.Length / 8 then
            this.Refuse(
                $"more than %d{containers - 1} lists and dictionaries in %d{bytes.Length} bytes",
                "a state dict"
            )

        this.Push value

    member private this.Recall(index: int64) =
        if index < 0L || index >= int64 memo.Count then
            this.Refuse(
                $"the value %d{index} of the memo, which has %d{memo.Count}",
                "a value that was kept before"
            )

        this.Push memo[int index]

    /// Picklers number what they keep from 0 on.
    member private this.Keep(index: int64) =
        let value = this.Pop()

        if index = int64 memo.Count then
            memo.Add value
        elif index >= 0L && index < int64 memo.Count then
            memo[int index] <- value
        else
            this.Refuse($"the place %d{index} of a memo of %d{memo.Count}", "places one after the other")

        stack.Add value

    member private this.Whole(count: int) : Pickled =
        // Little end first, in two's complement.
        let b = this.Take count

        if b.Length > 8 then
            this.Refuse($"a whole number of %d{b.Length} bytes", "at most 8 bytes")

        let mutable value = 0L

        for i in b.Length - 1 .. -1 .. 0 do
            value <- (value <<< 8) ||| int64 b[i]

        let unused = 64 - 8 * b.Length
        Pickled.Integer(if b.Length = 0 then 0L else (value <<< unused) >>> unused)

    member private this.Text(count: int64) =
        if count > int64 bytes.Length then
            this.Refuse($"a text of %d{count} bytes", "lengths within the pickle")

        this.Push(Pickled.Text(Encoding.UTF8.GetString(this.Take(int count))))

    member private this.Global() =
        let name = this.Line()
        let name = name + "." + this.Line()

        if not (names.Contains name) then
            Refuse.format
                operation
                $"the name {shown name} at byte %d{start} of the pickle"
                "names that tensors and their dictionaries need, and no others: nothing of a file is run"
                "have the weights saved alone, by torch.save(model.state_dict(), path); open the file of a stranger in Python by torch.load(path, weights_only=True) alone"

        this.Push(Pickled.Name name)

    member private this.Reduce() =
        match this.Pop(), this.Pop() with
        | Pickled.Tuple [||], Pickled.Name "collections.OrderedDict" ->
            this.Container(Pickled.Entries(List()))
        | Pickled.Tuple arguments, Pickled.Name name -> this.Push(Pickled.Call(name, arguments))
        | _ -> this.Refuse("a call of something without a name", "a name and a tuple of arguments")

    /// A state is dropped where it is that of a dictionary, PyTorch's `_metadata`; everything else has none.
    member private this.Build() =
        let _ = this.Pop()

        match this.Pop() with
        | Pickled.Entries _ as value -> this.Push value
        | _ -> this.Refuse("an object with a state of its own", "state for dictionaries alone")

    member private this.Put(values: Pickled[]) =
        match this.Pop() with
        | Pickled.Entries entries as target when values.Length % 2 = 0 ->
            for i in 0..2 .. values.Length - 2 do
                entries.Add(struct (values[i], values[i + 1]))

            stack.Add target
        | _ -> this.Refuse("keys and values for something else", "an even number of them for a dictionary")

    member private this.Append(values: Pickled[]) =
        match this.Pop() with
        | Pickled.Items items as target ->
            items.AddRange values
            stack.Add target
        | _ -> this.Refuse("items for something else", "items for a list")

    member private this.Tupled(count: int) =
        let values = Array.zeroCreate count

        for i in count - 1 .. -1 .. 0 do
            values[i] <- this.Pop()

        this.Push(Pickled.Tuple values)

    /// One step; whether it was the last.
    member private this.Step() : bool =
        start <- at
        let code = this.Byte()
        let mutable isLast = false

        match code with
        | 0x80uy -> // PROTO
            let version = this.Byte()

            if version <> 2uy then
                Refuse.format
                    operation
                    $"a pickle of protocol {version}"
                    "protocol 2, which torch.save takes unless it is told otherwise"
                    "save the file without pickle_protocol"
        | 'c'B -> this.Global()
        | 'q'B -> this.Keep(int64 (this.Byte()))
        | 'r'B -> this.Keep(int64 (BitConverter.ToUInt32(this.Take 4)))
        | 'h'B -> this.Recall(int64 (this.Byte()))
        | 'j'B -> this.Recall(int64 (BitConverter.ToUInt32(this.Take 4)))
        | ')'B -> this.Push empty
        | 'R'B -> this.Reduce()
        | '('B ->
            if marks.Count >= mostMarks then
                this.Refuse($"more than %d{mostMarks} containers inside one another", "a state dict")

            marks.Add stack.Count
        | 'X'B -> this.Text(int64 (BitConverter.ToUInt32(this.Take 4)))
        | 'U'B -> this.Text(int64 (this.Byte()))
        | 'J'B -> this.Push(Pickled.Integer(int64 (BitConverter.ToInt32(this.Take 4))))
        | 'K'B -> this.Push shared[int (this.Byte())]
        | 'M'B -> this.Push(Pickled.Integer(int64 (BitConverter.ToUInt16(this.Take 2))))
        | 'G'B -> this.Push(Pickled.Number(Buffers.Binary.BinaryPrimitives.ReadDoubleBigEndian(this.Take 8)))
        | 0x8Auy -> this.Push(this.Whole(int (this.Byte()))) // LONG1
        | 'N'B -> this.Push Pickled.Nothing
        | 0x88uy -> this.Push truths[1]
        | 0x89uy -> this.Push truths[0]
        | 't'B -> this.Push(Pickled.Tuple(this.Above()))
        | 0x85uy -> this.Tupled 1
        | 0x86uy -> this.Tupled 2
        | 0x87uy -> this.Tupled 3
        | 'Q'B -> this.Push(Pickled.Persistent(this.Pop()))
        | 's'B ->
            let value = this.Pop()
            let key = this.Pop()
            this.Put [| key; value |]
        | 'u'B -> this.Put(this.Above())
        | '}'B -> this.Container(Pickled.Entries(List()))
        | ']'B -> this.Container(Pickled.Items(List()))
        | 0x8Fuy -> this.Container(Pickled.Items(List())) // EMPTY_SET
        | 'a'B -> this.Append [| this.Pop() |]
        | 'e'B -> this.Append(this.Above())
        | 0x81uy -> this.Reduce() // NEWOBJ
        | 'b'B -> this.Build()
        | '.'B -> isLast <- true
        | code ->
            let name =
                match PickleOpcodes.others.TryGetValue code with
                | true, name -> $" ({name})"
                | false, _ -> ""

            this.Refuse(
                String.Format(CultureInfo.InvariantCulture, "the opcode 0x{0:X2}{1}", code, name),
                "the opcodes of a state dict, in protocol 2"
            )

        isLast

    /// The value that the pickle describes, all of whose bytes are used.
    member this.Read() : Pickled =
        while not (this.Step()) do
            ()

        let value = this.Pop()

        if stack.Count > 0 || marks.Count > 0 || at < bytes.Length then
            this.Refuse(
                $"%d{stack.Count} values and %d{bytes.Length - at} bytes behind the last",
                "one value, and nothing behind it"
            )

        value
