namespace DL1

open System
open System.Globalization
open DL1.Notebooks

/// The losses of a training as a small SVG, for notebooks: `DL1.Pictures` draws plots.
[<RequireQualifiedAccess>]
module internal HistoryPicture =
    let private width, height = 480.0, 220.0
    let private left, right, top, bottom = 60.0, 10.0, 24.0, 34.0

    let private number (format: string) (value: float) = value.ToString(format, CultureInfo.InvariantCulture)

    let private text (x: float) (y: float) (anchor: string) (content: string) =
        $"""<text x="%s{number "0.#" x}" y="%s{number "0.#" y}" text-anchor="%s{anchor}" fill="currentColor">%s{Html.escape content}</text>"""

    /// The losses of training, and of validation where there are some, over the epochs; the axis of losses is linear.
    /// Without two finite losses there is nothing to draw: the table.
    let svg (rows: EpochRow list) : string =
        let training = rows |> List.map (fun r -> float r.Epoch, r.Loss)

        let validation =
            rows |> List.choose (fun r -> r.ValidationLoss |> Option.map (fun loss -> float r.Epoch, loss))

        let finite = List.filter (snd >> Double.IsFinite)
        let curves = [ "training", "#1f77b4", finite training; "validation", "#d95f02", finite validation ]
        let points = curves |> List.collect (fun (_, _, points) -> points)

        if (finite training).Length < 2 then
            Html.pre (History.table rows)
        else
            let losses = List.map snd points
            let low, high = List.min losses, List.max losses
            let span = if high > low then high - low else 1.0
            let first, last = fst (List.head training), fst (List.last training)
            let x epoch = left + (epoch - first) / (last - first) * (width - left - right)
            let y loss = top + (high - loss) / span * (height - top - bottom)

            let curve (_, color: string, points) =
                let places =
                    points
                    |> List.map (fun (epoch, loss) ->
                        $"""%s{number "0.#" (x epoch)},%s{number "0.#" (y loss)}""")

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
