/// Finds where an assembly writes or reads text in the culture of the machine, or ends lines as the machine does: it
/// goes through the IL of every method, because F# interpolation `$"{x}"`, `String.Join` of numbers and
/// `StringBuilder.Append` of numbers depend on the culture without naming it, and no analyzer for F# reports it.
module DL1.Tests.CultureUses

open System
open System.Collections.Generic
open System.IO
open System.Reflection
open System.Reflection.Emit
open System.Reflection.Metadata
open System.Reflection.Metadata.Ecma335
open System.Runtime.CompilerServices
open System.Text

/// One place: the method, the source line where the symbols know it, and what is wrong there.
type Use = { Method: string; File: string; Line: int; What: string }

/// One instruction; what its operand refers to, where it refers to something.
[<NoEquality; NoComparison>]
type private Instruction = { At: int; Code: OpCode; Refers: objnull; Size: int }

let private codes =
    typeof<OpCodes>.GetFields(BindingFlags.Public ||| BindingFlags.Static)
    |> Array.choose (fun f ->
        match f.GetValue null with
        | :? OpCode as code -> Some(uint16 code.Value, code)
        | _ -> None)
    |> dict

let private instructions (body: byte[]) (resolve: OpCode -> int -> objnull) =
    let found = List<Instruction>()
    let mutable at = 0

    while at < body.Length do
        let start = at

        let code =
            if body[at] = 0xFEuy then
                at <- at + 2
                codes[0xFE00us ||| uint16 body[at - 1]]
            else
                at <- at + 1
                codes[uint16 body[at - 1]]

        let mutable refers = null
        let operand = at

        at <-
            at
            + match code.OperandType with
              | OperandType.InlineNone -> 0
              | OperandType.ShortInlineBrTarget
              | OperandType.ShortInlineI
              | OperandType.ShortInlineVar -> 1
              | OperandType.InlineVar -> 2
              | OperandType.InlineI8
              | OperandType.InlineR -> 8
              | OperandType.InlineSwitch -> 4 + 4 * BitConverter.ToInt32(body, operand)
              | OperandType.InlineMethod
              | OperandType.InlineString
              | OperandType.InlineTok
              | OperandType.InlineType ->
                  refers <- resolve code (BitConverter.ToInt32(body, operand))
                  4
              | _ -> 4

        found.Add { At = start; Code = code; Refers = refers; Size = at - start }

    found

/// Types whose text depends on the culture where no provider is given.
let rec private isFormatted (t: Type) =
    let plain = [ typeof<float>; typeof<float32>; typeof<Half>; typeof<decimal>; typeof<bigint> ]
    let whole = [ typeof<int>; typeof<int64>; typeof<int16>; typeof<sbyte> ]
    let dates = [ typeof<DateTime>; typeof<DateTimeOffset>; typeof<DateOnly>; typeof<TimeOnly> ]

    List.contains t (plain @ whole @ dates)
    || (t.IsGenericType
        && List.exists
            (fun (name: string) -> (string t.FullName).StartsWith(name, StringComparison.Ordinal))
            [ "System.Tuple"; "System.ValueTuple"; "System.Collections.Generic.KeyValuePair" ]
        && Array.exists isFormatted (t.GetGenericArguments()))
    || (t.IsGenericType
        && t.GetGenericTypeDefinition() = typedefof<Nullable<_>>
        && isFormatted (t.GetGenericArguments()[0]))
    || t.IsGenericParameter

let private isNumber (t: Type) = isFormatted t && not t.IsGenericParameter

/// The holes of a format of F#, in order: whether each is a plain one, `{x}` or `{x:F3}`, or `%O{x}`, and what follows
/// its colon. Hexadecimal digits are the same everywhere.
let private holes (format: string) : bool list =
    let rec next i found =
        if i >= format.Length then
            List.rev found
        elif format[i] <> '%' then
            next (i + 1) found
        elif i + 1 < format.Length && format[i + 1] = '%' then
            next (i + 2) found
        else
            let mutable k = i + 1

            while k < format.Length && not (Char.IsAsciiLetter format[k]) do
                k <- k + 1

            if k >= format.Length then
                List.rev found
            elif format[k] = 'P' then
                let last = format.IndexOf(')', k)
                let given = format.Substring(k + 2, last - k - 2)
                next (last + 1) (not (given.StartsWith 'x' || given.StartsWith 'X') :: found)
            else
                let last =
                    if format.IndexOf("%P()", k, StringComparison.Ordinal) = k + 1 then
                        k + 5
                    else
                        k + 1

                next last ((format[k] = 'O') :: found)

    next 0 []

let private parameters (m: MethodBase) = m.GetParameters() |> Array.map _.ParameterType

let private hasProvider (m: MethodBase) =
    parameters m
    |> Array.exists (fun t ->
        typeof<IFormatProvider>.IsAssignableFrom t
        || t = typeof<StringComparison>
        || t.Name.Contains("Comparer", StringComparison.Ordinal))

let private genericArguments (m: MethodBase) =
    match m with
    | :? MethodInfo as m when m.IsGenericMethod -> m.GetGenericArguments()
    | _ -> [||]

let private sorting =
    set [ "Sort"; "Order"; "OrderBy"; "OrderByDescending"; "ThenBy"; "ThenByDescending" ]

let private sortedTypes = set [ "SortedDictionary`2"; "SortedSet`1"; "SortedList`2" ]

let private searching =
    set [ "StartsWith"; "EndsWith"; "IndexOf"; "LastIndexOf"; "Compare"; "CompareTo" ]

let private casing = set [ "ToLower"; "ToUpper" ]

/// The name of the type that a method belongs to.
let private ownerName (m: MethodBase) : string =
    match m.DeclaringType with
    | null -> ""
    | owner -> owner.Name

/// F# puts the messages of its own range checks into the methods that use ranges; they show no number of DL1.
let private isRangeCheck (before: Instruction seq) =
    before
    |> Seq.exists (fun one ->
        match one.Refers with
        | :? MethodBase as m -> ownerName m = "ErrorStrings"
        | _ -> false)

/// The members of a record of C#, as the compiler prints them, where `ToString` is written by hand: it chooses the culture.
let private isPrintedByHand (m: MethodBase) =
    match m.Name, m.DeclaringType with
    | "PrintMembers", NonNull owner ->
        match owner.GetMethod("ToString", Type.EmptyTypes) with
        | null -> false
        | text ->
            not (Array.isEmpty (text.GetCustomAttributes(typeof<CompilerGeneratedAttribute>, false))) |> not
    | _ -> false

/// What is wrong with a call, if anything; `constrained` is the type of its prefix.
let private judge (m: MethodBase) (isInvariantHandler: bool) (constrained: Type option) : string option =
    let owner =
        match m.DeclaringType with
        | null -> typeof<obj>
        | t -> t

    let takes = parameters m
    let given = genericArguments m
    let isText = owner = typeof<string>

    if m.Name = "ToString" && constrained |> Option.exists isNumber && not (hasProvider m) then
        Some "ToString of a number without a culture"
    elif
        isNumber owner
        && not (hasProvider m)
        && (m.Name = "ToString" || m.Name.EndsWith("Parse", StringComparison.Ordinal))
    then
        Some $"{owner.Name}.{m.Name} without a culture"
    elif
        owner = typeof<Convert>
        && m.Name = "ToString"
        && takes |> Array.exists isNumber
        && not (hasProvider m)
    then
        Some "Convert.ToString without a culture"
    elif
        owner = typeof<Convert>
        && takes = [| typeof<string> |]
        && m.Name.StartsWith("To", StringComparison.Ordinal)
    then
        Some $"Convert.{m.Name} without a culture"
    elif isText && m.Name = "Format" && not (hasProvider m) then
        Some "String.Format without a culture"
    elif
        isText && m.Name = "Join" && (Array.exists isFormatted given || Array.contains typeof<obj[]> takes)
    then
        Some "String.Join of what is not text"
    elif
        isText && m.Name = "Concat" && (Array.exists isFormatted given || Array.contains typeof<obj> takes)
    then
        Some "String.Concat of what is not text"
    elif
        isText && searching.Contains m.Name && not (hasProvider m) && Array.contains typeof<string> takes
    then
        Some $"String.{m.Name} without StringComparison"
    elif
        (isText || owner = typeof<char>)
        && casing.Contains m.Name
        && not (Array.exists (fun (t: Type) -> t.Name = "CultureInfo") takes)
    then
        Some $"{owner.Name}.{m.Name} in the culture of the machine"
    elif
        owner = typeof<StringBuilder>
        && m.Name.StartsWith("Append", StringComparison.Ordinal)
        && not (hasProvider m)
        && (m.Name = "AppendFormat" || (m.Name = "Append" && takes |> Array.exists isNumber))
    then
        Some $"StringBuilder.{m.Name} of what is not text"
    elif
        typeof<TextWriter>.IsAssignableFrom owner
        && m.Name.StartsWith("Write", StringComparison.Ordinal)
        && takes |> Array.exists (fun t -> isNumber t || t = typeof<obj> || t = typeof<obj[]>)
    then
        Some $"TextWriter.{m.Name} of what is not text"
    elif m.Name = "AppendFormatted" && not isInvariantHandler && Array.exists isFormatted given then
        Some $"interpolation of {given[0].Name}"
    elif owner = typeof<FormattableString> && m.Name = "ToString" && takes.Length = 0 then
        Some "FormattableString.ToString without a culture"
    elif
        sorting.Contains m.Name
        && not (hasProvider m)
        && Array.contains typeof<string> given
        && (owner = typeof<Array> || owner.Name = "Enumerable")
    then
        Some $"{owner.Name}.{m.Name} of texts without a comparer"
    elif m.Name = "Sort" && owner = typeof<List<string>> && not (hasProvider m) then
        Some "List.Sort of texts without a comparer"
    elif
        m.IsConstructor
        && sortedTypes.Contains owner.Name
        && owner.GetGenericArguments()[0] = typeof<string>
        && not (hasProvider m)
    then
        Some $"{owner.Name} of texts without a comparer"
    elif owner = typeof<Comparer<string>> && m.Name = "get_Default" then
        Some "Comparer<string>.Default"
    elif m.Name = "get_CurrentCulture" || m.Name = "get_CurrentUICulture" then
        Some "the culture of the machine"
    elif m.Name = "get_NewLine" || (owner = typeof<StringBuilder> && m.Name = "AppendLine") then
        Some "the line end of the machine, which is two characters on Windows"
    else
        None

/// The source lines of methods, from the portable symbols beside an assembly or inside it.
let private linesOf (assembly: Assembly) : MethodBase -> int -> string * int =
    match Path.ChangeExtension(assembly.Location, ".pdb") with
    | null -> fun _ _ -> "", 0
    | path when not (File.Exists path) -> fun _ _ -> "", 0
    | path ->
        let provider = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead path)
        let reader = provider.GetMetadataReader()

        fun m at ->
            let handle = MetadataTokens.MethodDefinitionHandle(m.MetadataToken &&& 0xFFFFFF)
            let debug = reader.GetMethodDebugInformation handle
            let mutable best = ("", 0)

            if not debug.Document.IsNil || not debug.SequencePointsBlob.IsNil then
                for p in debug.GetSequencePoints() do
                    if not p.IsHidden && p.Offset <= at then
                        let document = reader.GetDocument p.Document
                        best <- reader.GetString document.Name, p.StartLine

            best

/// Every use of the machine's culture in the methods of an assembly, and the number of methods looked at.
let find (assembly: Assembly) : Use list * int =
    let line = linesOf assembly

    let flags =
        BindingFlags.Public
        ||| BindingFlags.NonPublic
        ||| BindingFlags.Static
        ||| BindingFlags.Instance
        ||| BindingFlags.DeclaredOnly

    let found = List<Use>()
    let mutable count = 0

    for t in assembly.GetTypes() do
        let methods =
            Seq.append
                (Seq.cast<MethodBase>(t.GetMethods flags))
                (Seq.cast<MethodBase>(t.GetConstructors flags))

        for m in methods do
            match m.GetMethodBody() with
            | null -> ()
            | _ when isPrintedByHand m -> ()
            | body ->
                count <- count + 1
                let ofType = if t.IsGenericType then t.GetGenericArguments() else [||]
                let ofMethod = if m.IsGenericMethod then m.GetGenericArguments() else [||]

                let resolve (code: OpCode) (token: int) : objnull =
                    match code.OperandType with
                    | OperandType.InlineString -> m.Module.ResolveString token
                    | _ -> m.Module.ResolveMember(token, ofType, ofMethod)

                match body.GetILAsByteArray() with
                | null -> ()
                | bytes ->
                    let add at what =
                        let file, number = line m at

                        found.Add
                            { Method = $"{t.FullName}.{m.Name}"; File = file; Line = number; What = what }

                    let all = instructions bytes resolve
                    let formats = Stack<struct (string * bool list * List<Type option> * int)>()
                    let mutable isInvariantHandler = false

                    // The text of an interpolation is followed by the array of its values.
                    let isFormat i (text: string) =
                        text.Contains("%P(", StringComparison.Ordinal)
                        && i + 2 < all.Count
                        && all[i + 2].Code = OpCodes.Newarr

                    for i in 0 .. all.Count - 1 do
                        let one = all[i]

                        match one.Refers with
                        | :? string as text when isFormat i text ->
                            formats.Push(struct (text, holes text, List(), one.At))
                        | :? MethodBase as called ->
                            // In the libraries `src/no-reflection.fsx` has put a call of DL1 in the place of the format.
                            if
                                ((called.IsConstructor && ownerName called = "PrintfFormat`5")
                                 || (called.Name = "interpolated" && ownerName called = "PlainText"))
                                && formats.Count > 0
                            then
                                let struct (text, plain, types, at) = formats.Pop()
                                let shown = text.Replace("\n", "\\n")

                                for number, (hole, t) in Seq.indexed (Seq.zip plain types) do
                                    match t with
                                    | Some t when hole && isFormatted t ->
                                        add at $"interpolation of {t.Name} in hole {number} of: {shown}"
                                    | _ -> ()

                                if types.Count <> plain.Length then
                                    add
                                        at
                                        $"a format with {plain.Length} holes and {types.Count} values: the search must be mended"
                            elif
                                called.IsConstructor
                                && (ownerName called)
                                    .EndsWith("InterpolatedStringHandler", StringComparison.Ordinal)
                            then
                                isInvariantHandler <- hasProvider called
                            else
                                let constrained =
                                    match all[max 0 (i - 1)] with
                                    | { Code = code; Refers = (:? Type as t) } when code = OpCodes.Constrained ->
                                        Some t
                                    | _ -> None

                                if
                                    called.Name <> "Format"
                                    || not (isRangeCheck (Seq.init (min i 30) (fun k -> all[i - 1 - k])))
                                then
                                    judge called isInvariantHandler constrained |> Option.iter (add one.At)
                        | _ when one.Code = OpCodes.Stelem || one.Code = OpCodes.Stelem_Ref ->
                            if formats.Count > 0 then
                                let struct (_, plain, types, _) = formats.Peek()

                                if types.Count < plain.Length then
                                    types.Add(
                                        match all[i - 1].Refers with
                                        | :? Type as t when all[i - 1].Code = OpCodes.Box -> Some t
                                        | _ -> None
                                    )
                        | _ -> ()

    List.ofSeq found, count
