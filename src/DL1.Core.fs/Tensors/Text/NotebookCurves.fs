namespace DL1.Notebooks

open System
open System.Globalization

/// Curves over the epochs as a small SVG, for notebooks: `DL1.Pictures` draws plots.
[<RequireQualifiedAccess>]
module internal Curves =
    let private width, height = 480.0, 220.0
    let private left, right, top, bottom = 60.0, 10.0, 24.0, 34.0
    let private colors = [ "#1f77b4"; "#d95f02" ]

    let private number (format: string) (value: float) = value.ToString(format, CultureInfo.InvariantCulture)

    let private text (x: float) (y: float) (anchor: string) (content: string) =
        $"""<text x="%s{number "0.#" x}" y="%s{number "0.#" y}" text-anchor="%s{anchor}" fill="currentColor">%s{Html.escape content}</text>"""

    /// Up to two named curves of points (epoch, value); both axes are linear, and values that are not finite are left out.
    /// Where the first curve has fewer than two such points there is nothing to draw.
    let svg (curves: (string * (float * float) list) list) : string option =
        let epochs = curves |> List.collect (snd >> List.map fst)

        let curves =
            List.zip (List.truncate curves.Length colors) curves
            |> List.map (fun (color, (name, points)) ->
                name, color, points |> List.filter (snd >> Double.IsFinite))

        let _, _, leading = curves.Head

        if leading.Length < 2 then
            None
        else
            let values = curves |> List.collect (fun (_, _, points) -> List.map snd points)
            let low, high = List.min values, List.max values
            let span = if high > low then high - low else 1.0
            let first, last = List.min epochs, List.max epochs
            let x epoch = left + (epoch - first) / (last - first) * (width - left - right)
            let y value = top + (high - value) / span * (height - top - bottom)

            let curve (_, color: string, points) =
                let places =
                    points
                    |> List.map (fun (epoch, value) ->
                        $"""%s{number "0.#" (x epoch)},%s{number "0.#" (y value)}""")

                $"""<polyline fill="none" stroke="%s{color}" stroke-width="2" points="%s{String.Join(' ', places)}"/>"""

            let legend =
                curves
                |> List.filter (fun (_, _, points) -> not points.IsEmpty)
                |> List.mapi (fun i (name, color, _) ->
                    $"""<text x="%s{number "0" (left + 100.0 * float i)}" y="14" fill="%s{color}">%s{name}</text>""")

            let floor = height - bottom

            String.concat
                ""
                [
                    $"""<svg xmlns="http://www.w3.org/2000/svg" width="%s{number "0" width}" height="%s{number "0" height}" font-family="sans-serif" font-size="12">"""
                    $"""<path d="M%s{number "0" left} %s{number "0" top}V%s{number "0" floor}H%s{number "0" (width - right)}" fill="none" stroke="currentColor"/>"""
                    yield! List.map curve curves
                    yield! legend
                    text (left - 6.0) (top + 4.0) "end" (number "G4" high)
                    text (left - 6.0) floor "end" (number "G4" low)
                    text left (floor + 16.0) "middle" (number "0" first)
                    text (width - right) (floor + 16.0) "end" (number "0" last)
                    text ((left + width - right) / 2.0) (floor + 28.0) "middle" "epoch"
                    "</svg>"
                ]
            |> Some
