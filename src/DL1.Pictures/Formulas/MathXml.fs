namespace DL1.Pictures

open System

/// Elements of MathML as text.
[<RequireQualifiedAccess>]
module internal MathXml =
    /// A part of a formula: its element, and how it behaves among others.
    type Item = { Xml: string; Role: MathRole }

    let item role xml = { Xml = xml; Role = role }

    let element (tag: string) (content: string) = $"<{tag}>{content}</{tag}>"

    let private space (before: string) (after: string) (text: string) =
        $"<mo lspace=\"{before}em\" rspace=\"{after}em\">{text}</mo>"

    /// Several elements as one.
    let row (items: Item list) =
        match items with
        | [ one ] -> one.Xml
        | _ -> items |> List.map _.Xml |> String.concat "" |> element "mrow"

    /// A name set upright.
    let upright (text: string) = $"<mi mathvariant=\"normal\">{MathTokens.escape text}</mi>"

    let operator (attributes: string) (text: string) = $"<mo{attributes}>{MathTokens.escape text}</mo>"

    /// Whether a sign after such an item belongs to what follows it.
    let private awaitsOperand role =
        match role with
        | MathRole.Letter
        | MathRole.Close
        | MathRole.Mark
        | MathRole.Space _
        | MathRole.Accent _
        | MathRole.Underline -> false
        | MathRole.Operation
        | MathRole.Relation
        | MathRole.Large
        | MathRole.Integral
        | MathRole.Function
        | MathRole.Limit
        | MathRole.Open
        | MathRole.Punctuation -> true

    let private isSign text = text = "+" || text = "−" || text = "±" || text = "∓"

    /// A symbol after another item, within a script or not.
    let symbol (isScript: bool) (before: MathRole option) (role: MathRole) (text: string) =
        let escaped = MathTokens.escape text

        let xml =
            match role with
            | MathRole.Letter ->
                // Capital Greek letters and signs stand upright.
                let isUpright =
                    text.Length <> 1 || not (Char.IsLetter text[0]) || text[0] >= 'Α' && text[0] <= 'Ω'

                if isUpright then upright text else element "mi" escaped
            | MathRole.Operation when isSign text && Option.forall awaitsOperand before ->
                $"<mo form=\"prefix\" lspace=\"0em\" rspace=\"0em\">{escaped}</mo>"
            | MathRole.Operation
            | MathRole.Relation when isScript -> space "0" "0" escaped
            | MathRole.Operation -> space "0.2222" "0.2222" escaped
            | MathRole.Relation -> space "0.2778" "0.2778" escaped
            | MathRole.Large ->
                $"<mo movablelimits=\"true\" largeop=\"true\" rspace=\"0.1667em\">{escaped}</mo>"
            | MathRole.Integral -> $"<mo largeop=\"true\" rspace=\"0.1em\">{escaped}</mo>"
            | MathRole.Function -> upright text
            | MathRole.Limit -> $"<mo movablelimits=\"true\" lspace=\"0em\" rspace=\"0em\">{escaped}</mo>"
            | MathRole.Open -> $"<mo form=\"prefix\" stretchy=\"false\">{escaped}</mo>"
            | MathRole.Close -> $"<mo form=\"postfix\" stretchy=\"false\">{escaped}</mo>"
            | MathRole.Punctuation -> space "0" (if isScript then "0" else "0.1667") escaped
            | MathRole.Mark -> $"<mo stretchy=\"false\" lspace=\"0em\" rspace=\"0em\">{escaped}</mo>"
            | MathRole.Space ems -> $"<mspace width=\"{ems}em\"/>"
            | MathRole.Accent true -> operator " stretchy=\"true\"" text
            | MathRole.Accent false -> operator " stretchy=\"false\"" text
            | MathRole.Underline -> operator " stretchy=\"true\"" text

        item role xml

    /// A base with what stands below and above it.
    let scripted (target: Item) (below: string option) (above: string option) =
        let xml =
            match target.Role, below, above with
            | _, None, None -> target.Xml
            | (MathRole.Large | MathRole.Limit), Some b, None -> element "munder" (target.Xml + b)
            | (MathRole.Large | MathRole.Limit), None, Some a -> element "mover" (target.Xml + a)
            | (MathRole.Large | MathRole.Limit), Some b, Some a -> element "munderover" (target.Xml + b + a)
            | _, Some b, None -> element "msub" (target.Xml + b)
            | _, None, Some a -> element "msup" (target.Xml + a)
            | _, Some b, Some a -> element "msubsup" (target.Xml + b + a)

        { target with Xml = xml }

    /// A table of cells, each to the left, the right or the middle by its column.
    let table (attributes: string) (side: int -> string) (rows: string list list) =
        let cell column (xml: string) = $"<mtd style=\"text-align:{side column}\">{xml}</mtd>"

        let lines = [ for cells in rows -> cells |> List.mapi cell |> String.concat "" |> element "mtr" ]
        $"<mtable{attributes}>{String.Join(String.Empty, lines)}</mtable>"

    let fence (form: string) (text: string) =
        if text = "" then
            ""
        else
            $"<mo form=\"{form}\" fence=\"true\" stretchy=\"true\">{MathTokens.escape text}</mo>"
