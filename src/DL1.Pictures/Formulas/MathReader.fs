namespace DL1.Pictures

open System
open DL1

/// Reads a formula by recursive descent and writes its elements: a row of atoms, each with its scripts.
[<Sealed>]
type internal MathReader(latex: string, isDisplay: bool) =
    let cursor = MathCursor latex
    let mutable depth = 0

    // Nobody reads a formula that is nested deeper; without a bound a hostile one would exhaust the stack.
    let deepest = 120

    let unknown name =
        let near = Nearest.among name (MathSymbols.names @ MathReader.Structures)

        let cure =
            if near = [] then
                ""
            else
                ", as " + String.Join(", ", near |> List.map (fun n -> "\\" + n))

        cursor.Refuse(
            "\\" + name,
            "a command that is known",
            $"another command{cure}, or \\operatorname{{{name}}} for the name of a function"
        )

    /// The commands that are more than one symbol.
    static member Structures: string list =
        "frac dfrac tfrac binom sqrt left right middle begin end text textbf textit mathrm mathbf boldsymbol bm mathit mathcal mathbb \
         mathsf mathtt operatorname operatorname* overset underset stackrel displaystyle textstyle not big Big bigg Bigg limits"
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        |> List.ofArray

    /// The elements up to a token that no row holds.
    member private this.Row(isScript: bool) : MathXml.Item list =
        depth <- depth + 1

        if depth > deepest then
            cursor.Refuse("a formula nested too deep", $"at most %d{deepest} levels", "names for its parts")

        let items = ResizeArray<MathXml.Item>()

        let ends () =
            match cursor.Token with
            | MathToken.CloseGroup
            | MathToken.NextCell
            | MathToken.NextRow
            | MathToken.End
            | MathToken.Command("right" | "end") -> true
            | _ -> false

        while not (ends ()) do
            let before = if items.Count = 0 then None else Some items[items.Count - 1].Role

            match cursor.Token with
            | MathToken.Command("displaystyle" | "textstyle" as style) ->
                cursor.Step()
                let value = if style = "displaystyle" then "true" else "false"
                let rest = MathXml.row (this.Row isScript)
                items.Add(MathXml.item MathRole.Letter $"<mstyle displaystyle=\"{value}\">{rest}</mstyle>")
            | _ ->
                let target = this.Atom(isScript, before)
                let whole = this.Scripts target
                items.Add whole

                match whole.Role, cursor.Token with
                | (MathRole.Function | MathRole.Limit),
                  (MathToken.Char("(" | "[") | MathToken.Command("left" | "!" | "{" | "big" | "Big")) -> ()
                | (MathRole.Function | MathRole.Limit), _ when not (ends ()) ->
                    items.Add(MathXml.item MathRole.Function "<mspace width=\"0.1667em\"/>")
                | _ -> ()

        depth <- depth - 1
        List.ofSeq items

    member private this.Group(isScript: bool) : string =
        cursor.Take MathToken.OpenGroup
        let row = MathXml.row (this.Row isScript)
        cursor.Take MathToken.CloseGroup
        row

    /// What a command or a script takes: a group, or one atom.
    member private this.Argument(isScript: bool) : string =
        match cursor.Token with
        | MathToken.OpenGroup -> this.Group isScript
        | MathToken.Char text when cursor.IsDigit ->
            cursor.Step()
            MathXml.element "mn" text
        | MathToken.Char _
        | MathToken.Command _ -> this.Atom(isScript, Some MathRole.Letter).Xml
        | _ -> cursor.Unexpected "a group or a symbol"

    member private this.Scripts(target: MathXml.Item) : MathXml.Item =
        let mutable below = None
        let mutable above = None
        let mutable primes = ""
        let mutable goesOn = true

        while goesOn do
            match cursor.Token with
            | MathToken.Char("'" | "’") ->
                primes <- primes + "′"
                cursor.Step()
            | MathToken.Command "limits" -> cursor.Step()
            | MathToken.Subscript when Option.isNone below ->
                cursor.Step()
                below <- Some(this.Argument true)
            | MathToken.Superscript when Option.isNone above ->
                cursor.Step()
                above <- Some(this.Argument true)
            | MathToken.Subscript
            | MathToken.Superscript -> cursor.Unexpected "one script below and one above"
            | _ -> goesOn <- false

        let above =
            match primes, above with
            | "", _ -> above
            | _, None -> Some $"<mo>{primes}</mo>"
            | _, Some script -> Some $"<mrow><mo>{primes}</mo>{script}</mrow>"

        MathXml.scripted target below above

    member private this.Atom(isScript: bool, before: MathRole option) : MathXml.Item =
        match cursor.Token with
        | MathToken.Char _ when cursor.IsDigit ->
            MathXml.item MathRole.Letter (MathXml.element "mn" (cursor.Number()))
        | MathToken.Char text ->
            cursor.Step()

            if text.Length = 1 then
                let role, shown = MathSymbols.ofChar text[0]
                MathXml.symbol isScript before role shown
            else
                MathXml.item MathRole.Letter (MathXml.upright text)
        | MathToken.OpenGroup -> MathXml.item MathRole.Letter (this.Group isScript)
        | MathToken.Superscript
        | MathToken.Subscript -> MathXml.item MathRole.Letter "<mrow></mrow>"
        | MathToken.Command name -> this.Command(name, isScript, before)
        | _ -> cursor.Unexpected "a symbol"

    member private this.Command(name: string, isScript: bool, before: MathRole option) : MathXml.Item =
        let letter xml = MathXml.item MathRole.Letter xml
        let argument () = this.Argument isScript

        let styled style =
            cursor.Step()
            let text = cursor.Words false |> MathLetters.styled style
            letter $"<mi mathvariant=\"normal\">{MathTokens.escape text}</mi>"

        let fraction opening closing =
            cursor.Step()
            let above = argument ()
            let below = argument ()
            letter (opening + above + below + closing)

        match name with
        | "frac" -> fraction "<mfrac>" "</mfrac>"
        | "dfrac" -> fraction "<mstyle displaystyle=\"true\"><mfrac>" "</mfrac></mstyle>"
        | "tfrac" -> fraction "<mstyle displaystyle=\"false\"><mfrac>" "</mfrac></mstyle>"
        | "binom" ->
            let opening = "<mrow>" + MathXml.fence "prefix" "(" + "<mfrac linethickness=\"0\">"
            fraction opening ("</mfrac>" + MathXml.fence "postfix" ")" + "</mrow>")
        | "sqrt" ->
            cursor.Step()

            if cursor.Token = MathToken.Char "[" then
                cursor.Step()
                let index = this.Index()
                letter (MathXml.element "mroot" (argument () + index))
            else
                letter (MathXml.element "msqrt" (argument ()))
        | "left" -> this.Fenced isScript
        | "begin" -> this.Environment()
        | "text"
        | "textit"
        | "textbf" ->
            cursor.Step()
            let style = if name = "textbf" then " style=\"font-weight:bold\"" else ""
            letter $"<mtext{style}>{MathTokens.escape (cursor.Words true)}</mtext>"
        | "mathrm" ->
            cursor.Step()
            letter (MathXml.upright (cursor.Words false))
        | "mathbf" -> styled MathLetters.bold
        | "boldsymbol"
        | "bm" -> styled MathLetters.boldItalic
        | "mathit" -> styled MathLetters.italic
        | "mathcal" -> styled MathLetters.script
        | "mathbb" -> styled MathLetters.doubleStruck
        | "mathsf" -> styled MathLetters.sans
        | "mathtt" -> styled MathLetters.monospace
        | "operatorname" ->
            cursor.Step()
            MathXml.item MathRole.Function (MathXml.upright (cursor.Words false))
        | "operatorname*" ->
            cursor.Step()
            MathXml.symbol isScript before MathRole.Limit (cursor.Words false)
        | "overset"
        | "stackrel" ->
            cursor.Step()
            let above = this.Argument true
            MathXml.item MathRole.Relation (MathXml.element "mover" (argument () + above))
        | "underset" ->
            cursor.Step()
            let below = this.Argument true
            MathXml.item MathRole.Relation (MathXml.element "munder" (argument () + below))
        | "not" ->
            cursor.Step()

            match cursor.Token with
            | MathToken.Char text ->
                cursor.Step()
                MathXml.symbol isScript before MathRole.Relation (text + "\u0338")
            | MathToken.Command relation ->
                match MathSymbols.tryFind relation with
                | Some(MathRole.Relation, text) ->
                    cursor.Step()
                    MathXml.symbol isScript before MathRole.Relation (text + "\u0338")
                | Some _
                | None -> cursor.Unexpected "a relation"
            | _ -> cursor.Unexpected "a relation"
        | "big"
        | "Big"
        | "bigg"
        | "Bigg" ->
            cursor.Step()
            let size = Map.ofList [ "big", "1.2"; "Big", "1.8"; "bigg", "2.4"; "Bigg", "3" ]
            let text = cursor.Delimiter()
            let isClosing = [ ")"; "]"; "}"; "⟩"; "⌋"; "⌉" ] |> List.contains text
            let role, form = if isClosing then MathRole.Close, "postfix" else MathRole.Open, "prefix"

            MathXml.operator
                $" form=\"{form}\" stretchy=\"true\" minsize=\"{size[name]}em\" maxsize=\"{size[name]}em\""
                text
            |> MathXml.item role
        | _ ->
            match MathSymbols.tryFind name with
            | Some((MathRole.Accent _ as role), text) ->
                cursor.Step()
                let target = argument ()
                let mark = (MathXml.symbol isScript before role text).Xml
                let kind = if name = "overbrace" then MathRole.Limit else MathRole.Letter
                MathXml.item kind $"<mover accent=\"true\">{target}{mark}</mover>"
            | Some(MathRole.Underline, text) ->
                cursor.Step()
                let target = argument ()
                let mark = (MathXml.symbol isScript before MathRole.Underline text).Xml
                MathXml.item MathRole.Limit (MathXml.element "munder" (target + mark))
            | Some(role, text) ->
                cursor.Step()
                MathXml.symbol isScript before role text
            | None -> unknown name

    /// The index of a root, up to its bracket.
    member private this.Index() : string =
        let items = ResizeArray<MathXml.Item>()

        while cursor.Token <> MathToken.Char "]" do
            if cursor.Token = MathToken.End then
                cursor.Unexpected "]"

            items.Add(this.Scripts(this.Atom(true, None)))

        cursor.Step()
        MathXml.row (List.ofSeq items)

    member private this.Fenced(isScript: bool) : MathXml.Item =
        cursor.Step()
        let opening = MathXml.fence "prefix" (cursor.Delimiter())
        let inside = MathXml.row (this.Row isScript)

        if cursor.Token <> MathToken.Command "right" then
            cursor.Unexpected @"\right"

        cursor.Step()
        let closing = MathXml.fence "postfix" (cursor.Delimiter())
        MathXml.item MathRole.Close (MathXml.element "mrow" (opening + inside + closing))

    member private this.Cells(name: string) : string list list =
        let rows = ResizeArray<string list>()
        let cells = ResizeArray<string>()

        let endRow () =
            rows.Add(List.ofSeq cells)
            cells.Clear()

        let mutable goesOn = true

        while goesOn do
            cells.Add(MathXml.row (this.Row false))

            match cursor.Token with
            | MathToken.NextCell -> cursor.Step()
            | MathToken.NextRow ->
                cursor.Step()
                endRow ()
                // A last line end begins no row.
                goesOn <- cursor.Token <> MathToken.Command "end"
            | MathToken.Command "end" ->
                endRow ()
                goesOn <- false
            | _ -> cursor.Unexpected $"\\end{{{name}}}"

        cursor.Take(MathToken.Command "end")
        let closed = cursor.Words false

        if closed <> name then
            cursor.Refuse(
                $"\\end{{{closed}}}",
                $"\\end{{{name}}}, which was begun",
                "environments closed in the order of their nesting"
            )

        List.ofSeq rows

    member private this.Environment() : MathXml.Item =
        cursor.Step()
        let place = cursor.Position
        let name = cursor.Words false
        let middle _ = "center"

        let fenced opening closing side =
            let table = MathXml.table "" side (this.Cells name)
            let xml = MathXml.fence "prefix" opening + table + MathXml.fence "postfix" closing
            MathXml.item MathRole.Close (MathXml.element "mrow" xml)

        match name with
        | "matrix" -> fenced "" "" middle
        | "pmatrix" -> fenced "(" ")" middle
        | "bmatrix" -> fenced "[" "]" middle
        | "Bmatrix" -> fenced "{" "}" middle
        | "vmatrix" -> fenced "|" "|" middle
        | "Vmatrix" -> fenced "‖" "‖" middle
        | "cases" -> fenced "{" "" (fun _ -> "left")
        | "gathered" ->
            MathXml.item MathRole.Letter (MathXml.table " displaystyle=\"true\"" middle (this.Cells name))
        | "array" ->
            let columns = cursor.Words false

            let side column =
                match columns |> Seq.filter Char.IsAsciiLetter |> Seq.tryItem column with
                | Some 'l' -> "left"
                | Some 'r' -> "right"
                | _ -> "center"

            MathXml.item MathRole.Letter (MathXml.table "" side (this.Cells name))
        | "aligned"
        | "align"
        | "align*"
        | "split" ->
            let side column = if column % 2 = 0 then "right;padding-right:0" else "left;padding-left:0"
            let table = MathXml.table " displaystyle=\"true\"" side (this.Cells name)
            MathXml.item MathRole.Letter table
        | _ ->
            cursor.Position <- place

            cursor.Refuse(
                $"\\begin{{{name}}}",
                "matrix, pmatrix, bmatrix, Bmatrix, vmatrix, Vmatrix, cases, aligned, align, split, gathered or array",
                "aligned, for lines below one another"
            )

    /// The whole formula.
    member this.Formula() : string =
        let row = MathXml.row (this.Row false)

        match cursor.Token with
        | MathToken.End ->
            let attributes = if isDisplay then " display=\"block\"" else ""
            // A fraction or a table of its own is a row all the same, so that a formula has one child.
            $"<math{attributes}>{row}</math>"
        | _ -> cursor.Unexpected "the end"
