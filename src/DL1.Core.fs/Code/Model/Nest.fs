namespace DL1.Compiler.Source

open System.Collections.Generic
open DL1

/// Loops over the axes of a result, written as C#.
module internal Nest =
    /// An offset as a text: what is there of constant, counters of loops around, and counters of the nest.
    let offset (terms: (string * int) list) (at: Offset) : string =
        let term (name: string, factor: int) =
            match factor with
            | 0 -> []
            | 1 -> [ name ]
            | _ -> [ $"{name} * %d{factor}" ]

        let parts = at.Times @ terms |> List.collect term

        match parts, at.Constant with
        | [], constant -> $"%d{constant}"
        | _, 0 -> String.concat " + " parts
        | _, constant when constant < 0 -> String.concat " + " parts + $" - %d{-constant}"
        | _, constant -> $"%d{constant} + " + String.concat " + " parts

    /// Axes of extent 1 left out, and neighbours joined that every view passes through as one.
    let private merged (dims: int list) (views: View list) : int list * View list =
        let kept = dims |> List.indexed |> List.filter (fun (_, d) -> d <> 1) |> List.map fst
        let columns = kept |> List.map (fun axis -> dims[axis], views |> List.map (fun v -> v.Strides[axis]))

        let joined =
            (columns, [])
            ||> List.foldBack (fun (d, strides) rest ->
                match rest with
                | (inner, innerStrides) :: others when
                    List.forall2 (fun s i -> s = i * inner) strides innerStrides
                    ->
                    (d * inner, innerStrides) :: others
                | _ -> (d, strides) :: rest)

        let dims = List.map fst joined

        dims,
        views
        |> List.mapi (fun i v ->
            { v with Dims = dims; Strides = joined |> List.map (fun (_, strides) -> strides[i]) })

    /// A nest with its axes joined: the target first.
    let simplified (dims: int list) (target: View) (value: Scalar) : int list * View * Scalar =
        let reads = ScalarText.reads value |> List.distinct

        match merged dims (target :: reads) with
        | dims, target :: changed ->
            let table = Dictionary<View, View>()
            List.iter2 (fun (v: View) c -> table[v] <- c) reads changed
            dims, target, ScalarText.mapReads (fun v -> table[v]) value
        | dims, [] -> dims, target, value

    /// Loops over extents, outermost first, and what is inside, which is given the counters.
    let rec loops
        (w: CodeWriter)
        (prefix: string)
        (first: int)
        (dims: int list)
        (inside: string list -> unit)
        : unit =
        match dims with
        | [] -> inside []
        | d :: rest ->
            let name = $"{prefix}%d{first}"

            w.Block(
                $"for (int {name} = 0; {name} < %d{d}; {name}++)",
                fun () -> loops w prefix (first + 1) rest (fun names -> inside (name :: names))
            )

    /// Terms of counters with the strides of a view.
    let terms (counters: string list) (view: View) =
        let strides = view.Strides |> List.take counters.Length
        List.zip counters strides |> List.filter (fun (_, s) -> s <> 0)

    /// The text of an element of a view.
    let element (name: Slot -> string) (counters: string list) (view: View) =
        $"{name view.Slot}[{offset (terms counters view) view.At}]"

    /// A local for the offset of each view within the loops so far, where it is more than a number; and the text of an
    /// offset a number of elements further.
    let private based (w: CodeWriter) (counters: string list) (views: View list) : View -> string -> string =
        let table = Dictionary<Offset * (string * int) list, string>()

        for v in views do
            let key = v.At, terms counters v

            if not (table.ContainsKey key) then
                let text = offset (snd key) v.At

                if List.isEmpty (snd key) && v.At.Times.IsEmpty then
                    table[key] <- text
                else
                    let name = $"o%d{table.Count}"
                    w.Line $"int {name} = {text};"
                    table[key] <- name

        fun v further ->
            match table[(v.At, terms counters v)], further with
            | "0", "" -> "0"
            | "0", further -> further
            | at, "" -> at
            | at, further -> $"{at} + {further}"

    let private along (stride: int) (counter: string) =
        match stride with
        | 0 -> ""
        | 1 -> counter
        | _ -> $"{counter} * %d{stride}"

    /// Stores a value for each element of a target.
    let store (w: CodeWriter) (name: Slot -> string) (dims: int list) (target: View) (value: Scalar) : unit =
        let dims, target, value = simplified dims target value
        let reads = ScalarText.reads value |> List.distinct

        if List.contains 0 dims then
            ()
        elif dims.IsEmpty then
            let text = ScalarText.element (element name []) value
            w.Line $"{element name [] target} = {text.Text};"
        else
            let extent = List.last dims

            loops w "i" 0 (List.take (dims.Length - 1) dims) (fun counters ->
                let at = based w counters (target :: reads)
                let last (v: View) = List.last v.Strides
                let one (v: View) counter = $"{name v.Slot}[{at v (along (last v) counter)}]"
                let first (v: View) = at v ""
                let moving (v: View) = at v "j"

                let scalarLoop (head: string) =
                    w.Line head
                    let text = ScalarText.element (fun v -> one v "j") value
                    let left = one target "j"
                    w.Line $"    {left} = {text.Text};"

                match value with
                | Scalar.Read source when last source = 1 && last target = 1 ->
                    w.Line
                        $"{name source.Slot}.Slice({first source}, %d{extent}).CopyTo({name target.Slot}.Slice({first target}, %d{extent}));"
                | Scalar.Number(_, number) when last target = 1 ->
                    w.Line $"{name target.Slot}.Slice({first target}, %d{extent}).Fill({number});"
                | _ when
                    target.DType.IsFloat
                    && extent >= 4
                    && last target = 1
                    && ScalarText.isVector target.DType value
                    ->
                    let vector = $"Vector<{Literal.typeName target.DType}>"
                    let splats = Dictionary<string, string>()

                    let splat (value: Scalar) =
                        let text = (ScalarText.element (fun v -> one v "") value).Text

                        if not (splats.ContainsKey text) then
                            let local = $"v%d{splats.Count}"
                            w.Line $"var {local} = new {vector}({text});"
                            splats[text] <- local

                        splats[text]

                    let load (v: View) = $"Load({name v.Slot}, {moving v})"
                    let text = ScalarText.vector splat load value
                    w.Line "int j = 0;"
                    w.Line $"for (; j <= %d{extent} - {vector}.Count; j += {vector}.Count)"
                    w.Line $"    Store({text.Text}, {name target.Slot}, {moving target});"
                    scalarLoop $"for (; j < %d{extent}; j++)"
                | _ -> scalarLoop $"for (int j = 0; j < %d{extent}; j++)")
