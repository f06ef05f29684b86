namespace DL1.Pictures

open System
open DL1

/// Reads a formula by recursive descent and writes its elements: a row of atoms, each with its scripts.
[<Sealed>]
type internal MathReader(latex: string, isDisplay: bool) =
    let tokens = MathTokens.ofText latex
    let mutable at = 0
    let mutable depth = 0

    // Nobody reads a formula that is nested deeper; without a bound a hostile one would exhaust the stack.
    let deepest = 120

    let token () =
        let struct (t, _) = tokens[at]
        t

    let here () =
        let struct (_, place) = tokens[at]
        MathTokens.place latex place

    let advance () = at <- at + 1

    let refuse (given: string) expected cure =
        Refuse.format MathTokens.operation $"{given} at {here ()}" expected cure

    let unexpected expected =
        refuse (MathTokens.describe (token ())) expected "braces around what belongs together"

    let expect wanted =
        if token () = wanted then
            advance ()
        else
            unexpected (MathTokens.describe wanted)

    let isDigit text = text <> "" && Char.IsAsciiDigit text[0]

    let peekDigit ahead =
        match tokens[min (at + ahead) (tokens.Length - 1)] with
        | struct (MathToken.Char text, _) -> isDigit text
        | _ -> false

    /// What stands between braces as plain text: letters, numbers, symbols.
    let words (isText: bool) =
        expect MathToken.OpenGroup
        let parts = ResizeArray<string>()
        let mutable inner = 0
        let mutable last = at - 1

        let gap () =
            let struct (_, next) = tokens[at]
            let struct (_, previous) = tokens[last]
            // Blanks count in texts alone.
            if
                isText
                && next > previous + 1
                && latex.Substring(previous + 1, next - previous - 1).Contains ' '
            then
                parts.Add "\u00A0"

        while inner > 0 || token () <> MathToken.CloseGroup do
            gap ()
            last <- at

            match token () with
            | MathToken.Char text -> parts.Add text
            | MathToken.Subscript when isText -> parts.Add "_"
            | MathToken.Superscript when isText -> parts.Add "^"
            | MathToken.OpenGroup -> inner <- inner + 1
            | MathToken.CloseGroup -> inner <- inner - 1
            // The circumflex of our own printer.
            | MathToken.Command "hat" -> parts.Add "^"
            | MathToken.Command name ->
                match MathSymbols.tryFind name with
                | Some(MathRole.Space _, _) -> parts.Add "\u00A0"
                | Some(_, text) -> parts.Add text
                | None ->
                    refuse
                        ("\\" + name)
                        "a word: letters, digits and symbols"
                        @"\mathrm{d} x, the word alone in its braces"
            | other ->
                refuse
                    (MathTokens.describe other)
                    "a word and a closing brace"
                    "scripts after the braces: \\mathbf{x}_i"

            advance ()

        gap ()
        advance ()
        String.Join(String.Empty, parts)

    let delimiter () =
        let text =
            match token () with
            | MathToken.Char "." -> ""
            | MathToken.Char("(" | ")" | "[" | "]" | "|" | "/" as text) -> text
            | MathToken.Char "<" -> "⟨"
            | MathToken.Char ">" -> "⟩"
            | MathToken.Command name ->
                match MathSymbols.tryFind name with
                | Some((MathRole.Open | MathRole.Close | MathRole.Mark), text) -> text
                | Some _
                | None -> unexpected "a bracket"
            | _ -> unexpected "a bracket"

        advance ()
        text

    let unknown name =
        let near = Nearest.among name (MathSymbols.names @ MathReader.Structures)

        let cure =
            if near = [] then
                ""
            else
                ", as " + String.Join(", ", near |> List.map (fun n -> "\\" + n))

        refuse
            ("\\" + name)
            "a command that is known"
            $"another command{cure}, or \\operatorname{{{name}}} for the name of a function"

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
            refuse "a formula nested too deep" $"at most %d{deepest} levels" "names for its parts"

        let items = ResizeArray<MathXml.Item>()

        let ends () =
            match token () with
            | MathToken.CloseGroup
            | MathToken.NextCell
            | MathToken.NextRow
            | MathToken.End
            | MathToken.Command("right" | "end") -> true
            | _ -> false

        while not (ends ()) do
            let before = if items.Count = 0 then None else Some items[items.Count - 1].Role

            match token () with
            | MathToken.Command("displaystyle" | "textstyle" as style) ->
                advance ()
                let value = if style = "displaystyle" then "true" else "false"
                let rest = MathXml.row (this.Row isScript)
                items.Add(MathXml.item MathRole.Letter $"<mstyle displaystyle=\"{value}\">{rest}</mstyle>")
            | _ ->
                let target = this.Atom(isScript, before)
                let whole = this.Scripts target
                items.Add whole

                match whole.Role, token () with
                | (MathRole.Function | MathRole.Limit),
                  (MathToken.Char("(" | "[") | MathToken.Command("left" | "!" | "{" | "big" | "Big")) -> ()
                | (MathRole.Function | MathRole.Limit), _ when not (ends ()) ->
                    items.Add(MathXml.item MathRole.Function "<mspace width=\"0.1667em\"/>")
                | _ -> ()

        depth <- depth - 1
        List.ofSeq items

    member private this.Group(isScript: bool) : string =
        expect MathToken.OpenGroup
        let row = MathXml.row (this.Row isScript)
        expect MathToken.CloseGroup
        row

    /// What a command or a script takes: a group, or one atom.
    member private this.Argument(isScript: bool) : string =
        match token () with
        | MathToken.OpenGroup -> this.Group isScript
        | MathToken.Char text when isDigit text ->
            advance ()
            MathXml.element "mn" text
        | MathToken.Char _
        | MathToken.Command _ -> this.Atom(isScript, Some MathRole.Letter).Xml
        | _ -> unexpected "a group or a symbol"

    member private this.Scripts(target: MathXml.Item) : MathXml.Item =
        let mutable below = None
        let mutable above = None
        let mutable primes = ""
        let mutable goesOn = true

        while goesOn do
            match token () with
            | MathToken.Char("'" | "’") ->
                primes <- primes + "′"
                advance ()
            | MathToken.Command "limits" -> advance ()
            | MathToken.Subscript when Option.isNone below ->
                advance ()
                below <- Some(this.Argument true)
            | MathToken.Superscript when Option.isNone above ->
                advance ()
                above <- Some(this.Argument true)
            | MathToken.Subscript
            | MathToken.Superscript -> unexpected "one script below and one above"
            | _ -> goesOn <- false

        let above =
            match primes, above with
            | "", _ -> above
            | _, None -> Some $"<mo>{primes}</mo>"
            | _, Some script -> Some $"<mrow><mo>{primes}</mo>{script}</mrow>"

        MathXml.scripted target below above

    member private this.Atom(isScript: bool, before: MathRole option) : MathXml.Item =
        match token () with
        | MathToken.Char text when isDigit text ->
            let start = at

            while peekDigit 0 || token () = MathToken.Char "." && peekDigit 1 do
                advance ()

            let digits =
                [
                    for i in start .. at - 1 do
                        let struct (t, _) = tokens[i]
                        MathTokens.describe t
                ]

            MathXml.item MathRole.Letter (MathXml.element "mn" (String.Join(String.Empty, digits)))
        | MathToken.Char text ->
            advance ()

            if text.Length = 1 then
                let role, shown = MathSymbols.ofChar text[0]
                MathXml.symbol isScript before role shown
            else
                MathXml.item MathRole.Letter (MathXml.upright text)
        | MathToken.OpenGroup -> MathXml.item MathRole.Letter (this.Group isScript)
        | MathToken.Superscript
        | MathToken.Subscript -> MathXml.item MathRole.Letter "<mrow></mrow>"
        | MathToken.Command name -> this.Command(name, isScript, before)
        | _ -> unexpected "a symbol"

    member private this.Command(name: string, isScript: bool, before: MathRole option) : MathXml.Item =
        let letter xml = MathXml.item MathRole.Letter xml
        let argument () = this.Argument isScript

        let styled style =
            advance ()
            let text = words false |> MathLetters.styled style
            letter $"<mi mathvariant=\"normal\">{MathTokens.escape text}</mi>"

        let fraction opening closing =
            advance ()
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
            advance ()

            if token () = MathToken.Char "[" then
                advance ()
                let index = this.Index()
                letter (MathXml.element "mroot" (argument () + index))
            else
                letter (MathXml.element "msqrt" (argument ()))
        | "left" -> this.Fenced isScript
        | "begin" -> this.Environment()
        | "text"
        | "textit"
        | "textbf" ->
            advance ()
            let style = if name = "textbf" then " style=\"font-weight:bold\"" else ""
            letter $"<mtext{style}>{MathTokens.escape (words true)}</mtext>"
        | "mathrm" ->
            advance ()
            letter (MathXml.upright (words false))
        | "mathbf" -> styled MathLetters.bold
        | "boldsymbol"
        | "bm" -> styled MathLetters.boldItalic
        | "mathit" -> styled MathLetters.italic
        | "mathcal" -> styled MathLetters.script
        | "mathbb" -> styled MathLetters.doubleStruck
        | "mathsf" -> styled MathLetters.sans
        | "mathtt" -> styled MathLetters.monospace
        | "operatorname" ->
            advance ()
            MathXml.item MathRole.Function (MathXml.upright (words false))
        | "operatorname*" ->
            advance ()
            MathXml.symbol isScript before MathRole.Limit (words false)
        | "overset"
        | "stackrel" ->
            advance ()
            let above = this.Argument true
            MathXml.item MathRole.Relation (MathXml.element "mover" (argument () + above))
        | "underset" ->
            advance ()
            let below = this.Argument true
            MathXml.item MathRole.Relation (MathXml.element "munder" (argument () + below))
        | "not" ->
            advance ()

            match token () with
            | MathToken.Char text ->
                advance ()
                MathXml.symbol isScript before MathRole.Relation (text + "\u0338")
            | MathToken.Command relation ->
                match MathSymbols.tryFind relation with
                | Some(MathRole.Relation, text) ->
                    advance ()
                    MathXml.symbol isScript before MathRole.Relation (text + "\u0338")
                | Some _
                | None -> unexpected "a relation"
            | _ -> unexpected "a relation"
        | "big"
        | "Big"
        | "bigg"
        | "Bigg" ->
            advance ()
            let size = Map.ofList [ "big", "1.2"; "Big", "1.8"; "bigg", "2.4"; "Bigg", "3" ]
            let text = delimiter ()
            let isClosing = [ ")"; "]"; "}"; "⟩"; "⌋"; "⌉" ] |> List.contains text
            let role, form = if isClosing then MathRole.Close, "postfix" else MathRole.Open, "prefix"

            MathXml.operator
                $" form=\"{form}\" stretchy=\"true\" minsize=\"{size[name]}em\" maxsize=\"{size[name]}em\""
                text
            |> MathXml.item role
        | _ ->
            match MathSymbols.tryFind name with
            | Some((MathRole.Accent _ as role), text) ->
                advance ()
                let target = argument ()
                let mark = (MathXml.symbol isScript before role text).Xml
                let kind = if name = "overbrace" then MathRole.Limit else MathRole.Letter
                MathXml.item kind $"<mover accent=\"true\">{target}{mark}</mover>"
            | Some(MathRole.Underline, text) ->
                advance ()
                let target = argument ()
                let mark = (MathXml.symbol isScript before MathRole.Underline text).Xml
                MathXml.item MathRole.Limit (MathXml.element "munder" (target + mark))
            | Some(role, text) ->
                advance ()
                MathXml.symbol isScript before role text
            | None -> unknown name

    /// The index of a root, up to its bracket.
    member private this.Index() : string =
        let items = ResizeArray<MathXml.Item>()

        while token () <> MathToken.Char "]" do
            if token () = MathToken.End then
                unexpected "]"

            items.Add(this.Scripts(this.Atom(true, None)))

        advance ()
        MathXml.row (List.ofSeq items)

    member private this.Fenced(isScript: bool) : MathXml.Item =
        advance ()
        let opening = MathXml.fence "prefix" (delimiter ())
        let inside = MathXml.row (this.Row isScript)

        if token () <> MathToken.Command "right" then
            unexpected @"\right"

        advance ()
        let closing = MathXml.fence "postfix" (delimiter ())
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

            match token () with
            | MathToken.NextCell -> advance ()
            | MathToken.NextRow ->
                advance ()
                endRow ()
                // A last line end begins no row.
                goesOn <- token () <> MathToken.Command "end"
            | MathToken.Command "end" ->
                endRow ()
                goesOn <- false
            | _ -> unexpected $"\\end{{{name}}}"

        expect (MathToken.Command "end")
        let closed = words false

        if closed <> name then
            refuse
                $"\\end{{{closed}}}"
                $"\\end{{{name}}}, which was begun"
                "environments closed in the order of their nesting"

        List.ofSeq rows

    member private this.Environment() : MathXml.Item =
        advance ()
        let place = at
        let name = words false
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
            let columns = words false

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
            at <- place

            refuse
                $"\\begin{{{name}}}"
                "matrix, pmatrix, bmatrix, Bmatrix, vmatrix, Vmatrix, cases, aligned, align, split, gathered or array"
                "aligned, for lines below one another"

    /// The whole formula.
    member this.Formula() : string =
        let row = MathXml.row (this.Row false)

        match token () with
        | MathToken.End ->
            let attributes = if isDisplay then " display=\"block\"" else ""
            // A fraction or a table of its own is a row all the same, so that a formula has one child.
            $"<math{attributes}>{row}</math>"
        | _ -> unexpected "the end"
