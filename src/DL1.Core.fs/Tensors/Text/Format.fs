namespace DL1

open System
open System.Globalization

/// Tensors as text, the same in every culture: type and shape, then rows in nested brackets whose numbers align on
/// the decimal point. Numbers have about five significant digits, and all of one tensor are written alike.
module internal Format =
    /// Significant digits of a number.
    let private digits = 5
    /// A tensor of more elements leaves out the middle of its long axes.
    let private limit = 1000
    /// How many positions are kept at either end of a long axis.
    let private edge = 3
    /// The columns of a line; a longer row goes on in the next line.
    let private columns = 80

    let private gap = "…"

    /// How the finite numbers of a tensor are written.
    [<RequireQualifiedAccess>]
    type private Notation =
        | Fixed of decimals: int
        | Scientific of decimals: int * exponentDigits: int

    /// Lines after the first as far in as F# Interactive puts what follows `val it: ... =`, so that tables stay aligned.
    let following (text: string) = text.Replace("\n", "\n  ")

    /// Cells as lines of text: the first `left` columns are aligned left, the others right, with two spaces between them.
    let table (left: int) (lines: string list list) : string list =
        let widths = List.transpose lines |> List.map (List.map String.length >> List.max)

        let line cells =
            List.zip cells widths
            |> List.mapi (fun column (cell: string, width) ->
                if column < left then cell.PadRight width else cell.PadLeft width)
            |> String.concat "  "
            |> _.TrimEnd()

        List.map line lines

    let private written (format: string) (value: float) = value.ToString(format, CultureInfo.InvariantCulture)

    /// The decimal exponent of a number, and the decimals that its mantissa needs, at most `digits - 1`.
    let private measure (value: float) =
        let parts = (written $"E%d{digits - 1}" (abs value)).Split 'E'
        let mantissa = parts[0].TrimEnd('0').TrimEnd '.'
        struct (Int32.Parse(parts[1], CultureInfo.InvariantCulture), max 0 (mantissa.Length - 2))

    let private notation (values: float[]) =
        let measures = values |> Array.filter (fun v -> Double.IsFinite v && v <> 0.0) |> Array.map measure

        if measures.Length = 0 then
            Notation.Fixed 0
        else
            let exponents = measures |> Array.map (fun struct (exponent, _) -> exponent)
            let largest, smallest = Array.max exponents, Array.min exponents

            let whole = values |> Array.forall (fun v -> not (Double.IsFinite v) || v = Math.Truncate v)
            // Decimals beyond this many are cut, unless a number would then be written as 0.
            let most = max (digits - 1) (digits - 1 - largest)

            if whole && largest <= 8 then
                Notation.Fixed 0
            elif largest >= -3 && largest <= 5 && smallest >= -most then
                let needed = measures |> Array.map (fun struct (exponent, decimals) -> decimals - exponent)

                Notation.Fixed(needed |> Array.max |> max 0 |> min most)
            else
                let decimals = measures |> Array.map (fun struct (_, decimals) -> decimals) |> Array.max
                let wide = exponents |> Array.exists (fun e -> abs e >= 100)
                Notation.Scientific(decimals, (if wide then 3 else 2))

    let private number notation (value: float) =
        if Double.IsNaN value then
            "NaN"
        elif Double.IsPositiveInfinity value then
            "∞"
        elif Double.IsNegativeInfinity value then
            "-∞"
        else
            match notation with
            | Notation.Fixed decimals -> written $"F%d{decimals}" value
            | Notation.Scientific(decimals, exponentDigits) ->
                let mantissa = if decimals = 0 then "0" else "0." + String('0', decimals)
                written (mantissa + "e+" + String('0', exponentDigits)) value

    let private texts elements =
        let floats values = Array.map (number (notation values)) values

        match elements with
        | Elements.F32 a -> floats (Array.map float a)
        | Elements.F64 a -> floats a
        | Elements.I32 a -> a |> Array.map (fun i -> i.ToString CultureInfo.InvariantCulture)
        | Elements.I64 a -> a |> Array.map (fun i -> i.ToString CultureInfo.InvariantCulture)
        | Elements.Bool a -> a |> Array.map (fun b -> if b then "true" else "false")

    let private isCut (shape: Shape) axis = shape.Size > limit && shape[axis] > 2 * edge

    /// The positions of an axis that are shown.
    let private shown (shape: Shape) axis =
        let extent = shape[axis]

        if isCut shape axis then
            Array.append [| 0 .. edge - 1 |] [| extent - edge .. extent - 1 |]
        else
            [| 0 .. extent - 1 |]

    /// Type, shape and elements. A scalar takes one line: `f64 2.5`.
    let tensor (shape: Shape) (elements: Elements) =
        let dtype = Elements.dtype elements

        if shape.IsScalar then
            $"{dtype} {(texts elements)[0]}"
        elif shape.Size = 0 then
            $"{dtype} {shape} (no elements)"
        else
            let positions = Array.init shape.Rank (shown shape)
            let strides = shape.Strides

            let offsets =
                (Array.indexed positions, [| 0 |])
                ||> Array.foldBack (fun (axis, at) inner ->
                    at |> Array.collect (fun i -> inner |> Array.map (fun rest -> i * strides[axis] + rest)))

            let cells = texts (Elements.take offsets elements)
            let width = cells |> Array.map String.length |> Array.max
            // The cells are themselves a dense tensor, of the shown extents.
            let cellStrides = (positions |> Seq.map Array.length |> Shape.Of).Strides

            let withGap axis parts = if isCut shape axis then Array.insertAt edge gap parts else parts

            let rec block axis first =
                let indent = "\n" + String(' ', axis + 1)
                let extent = positions[axis].Length

                if axis = shape.Rank - 1 then
                    let perLine = max 1 ((columns - shape.Rank) / (width + 1))

                    let lines =
                        Array.sub cells first extent
                        |> Array.map (fun cell -> cell.PadLeft width)
                        |> withGap axis
                        |> Array.chunkBySize perLine
                        |> Array.map (String.concat " ")

                    "[" + String.concat indent lines + "]"
                else
                    let between = if axis = shape.Rank - 2 then indent else "\n" + indent

                    let blocks = Array.init extent (fun i -> block (axis + 1) (first + i * cellStrides[axis]))
                    "[" + (blocks |> withGap axis |> String.concat between) + "]"

            $"{dtype} {shape}\n{block 0 0}"

    /// The elements as a table of HTML, a vector as one row; the middle of a long axis is left out. Of more than two axes, the text.
    let html (shape: Shape) (elements: Elements) =
        let dtype = Elements.dtype elements

        if shape.Rank = 0 || shape.Rank > 2 || shape.Size = 0 then
            DL1.Notebooks.Html.pre (tensor shape elements)
        else
            let rows = if shape.Rank = 2 then shown shape 0 else [| 0 |]
            let columns = shown shape (shape.Rank - 1)
            let width = shape[shape.Rank - 1]
            let offsets = rows |> Array.collect (fun i -> columns |> Array.map (fun j -> i * width + j))

            let lines =
                texts (Elements.take offsets elements)
                |> Array.chunkBySize columns.Length
                |> Array.map (if isCut shape (shape.Rank - 1) then Array.insertAt edge gap else id)

            let lines =
                if shape.Rank = 2 && isCut shape 0 then
                    Array.insertAt edge (Array.create lines[0].Length gap) lines
                else
                    lines

            DL1.Notebooks.Html.table $"{dtype} {shape}" [] (Seq.map Seq.ofArray lines)
