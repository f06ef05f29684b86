namespace DL1.Pictures

open System

/// The names that are most like one that is not known, for errors.
[<RequireQualifiedAccess>]
module internal Nearest =
    /// How many letters must be changed, added or left out, or exchanged with their neighbours, to make one of the other.
    let distance (a: string) (b: string) =
        let d = Array2D.zeroCreate (a.Length + 1) (b.Length + 1)

        for i in 0 .. a.Length do
            for j in 0 .. b.Length do
                d[i, j] <-
                    if i = 0 || j = 0 then
                        i + j
                    else
                        let cost = if a[i - 1] = b[j - 1] then 0 else 1
                        let edited = min (min (d[i - 1, j] + 1) (d[i, j - 1] + 1)) (d[i - 1, j - 1] + cost)

                        if i > 1 && j > 1 && a[i - 1] = b[j - 2] && a[i - 2] = b[j - 1] then
                            min edited (d[i - 2, j - 2] + 1)
                        else
                            edited

        d[a.Length, b.Length]

    /// At most three of the names, those that need the fewest changes, and none that needs more than a third of its letters.
    let among (name: string) (names: seq<string>) : string list =
        names
        |> Seq.map (fun other -> distance (name.ToLowerInvariant()) (other.ToLowerInvariant()), other)
        |> Seq.filter (fun (d, other) -> 3 * d <= max name.Length other.Length + 1)
        |> Seq.sortBy fst
        |> Seq.truncate 3
        |> Seq.map snd
        |> List.ofSeq
