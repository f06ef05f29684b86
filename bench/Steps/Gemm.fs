/// The products of bench/Gemm beside those of another program, in turns. Here a higher figure is the better one: GFLOP/s.
module DL1.Bench.Gemm

open System
open System.Globalization
open System.IO
open System.Text.RegularExpressions
open DL1.Bench.Timing
open DL1.Compiler.Gemm

let shapes = [ "128x300x300"; "128x784x512"; "512x512x512"; "1024x1024x1024"; "2048x2048x2048" ]

/// bench/Gemm, built beside this program.
let private ours =
    Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../Gemm/bin/Release/net10.0/Gemm.dll"))

let private parse (m: Match) =
    let number (group: string) = Double.Parse(m.Groups[group].Value, CultureInfo.InvariantCulture)
    m.Groups["shape"].Value, number "median", number "low", number "high"

let private read (form: string) lines =
    lines |> List.map (fun line -> Regex.Match(line, form)) |> List.filter _.Success |> List.map parse

let private numbers =
    @"(?<median>[\d.]+)(?: GFLOP/s)?\s+\[\s*(?<low>\d+\.\d+?)\s*\.\.\s*(?<high>[\d.]+)\]"

/// Rows for the table, a shape each; without the other program's path, of our figures alone.
let compare (peer: string option) (threads: int) rounds : string list list =
    if not (File.Exists ours) then
        eprintfn "build bench/Gemm first: %s is not there" ours
        []
    else
        let mutable busy = 0.0

        let found =
            [
                for _ in 1..rounds do
                    busy <- max busy (Results.busy ())

                    Compare.runProgram "dotnet" [ ours; "5" ] []
                    |> read ($@"^(?<shape>\d+x\d+x\d+)\s+{threads}\s+" + numbers),
                    (match peer with
                     | Some program ->
                         Compare.runProgram program [ string threads ] []
                         |> read ($@"^openblas (?<shape>\d+x\d+x\d+) T={threads} median " + numbers)
                     | None -> [])
            ]

        [
            for shape in shapes do
                let of' side = found |> List.collect side |> List.filter (fun (name, _, _, _) -> name = shape)

                let text (x: float) = x.ToString("F1", CultureInfo.InvariantCulture)
                let middle rows = rows |> List.map (fun (_, m, _, _) -> m) |> median
                let low rows = rows |> List.map (fun (_, _, l, _) -> l) |> List.min
                let high rows = rows |> List.map (fun (_, _, _, h) -> h) |> List.max
                let mine, other = of' fst, of' snd
                let spread rows = $"{text (low rows)}..{text (high rows)}"

                if not mine.IsEmpty then
                    let ratio =
                        if other.IsEmpty then
                            "—"
                        else
                            (middle mine / middle other).ToString("F2", CultureInfo.InvariantCulture) + "x"

                    [
                        "gemm " + shape
                        text (middle mine) + " GFLOP/s"
                        spread mine
                        (if other.IsEmpty then "—" else text (middle other) + " GFLOP/s (OpenBLAS)")
                        (if other.IsEmpty then "—" else spread other)
                        ratio
                        "0.97x"
                        $"T={threads}, {rounds} x 5"
                        Results.stamp ()
                        Results.disturbance busy
                    ]
        ]
