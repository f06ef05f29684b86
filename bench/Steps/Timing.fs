/// Times of repeated work, as medians of repetitions after a warm-up, and as lines that can be read back.
module DL1.Bench.Timing

open System
open System.Diagnostics
open System.Globalization
open System.Text.RegularExpressions
open DL1.Compiler.Planning

/// What is timed: `Once` does one unit of work; a repetition does it `Iterations` times.
type Work = { Name: string; Unit: string; Iterations: int; Once: unit -> unit }

/// A median with its spread, milliseconds or what the unit says.
type Timing = { Name: string; Threads: int; Unit: string; Median: float; Low: float; High: float }

let median (values: float list) = List.item (values.Length / 2) (List.sort values)

/// Milliseconds in a unit.
let private scale unit =
    match unit with
    | "us" -> 1000.0
    | "s" -> 0.001
    | _ -> 1.0

/// At least so long is warmed up: code is compiled again where it proves to be hot.
let private warmth = TimeSpan.FromSeconds 2.0

let measure threads reps (work: Work) : Timing =
    let start = Stopwatch.GetTimestamp()

    while Stopwatch.GetElapsedTime start < warmth do
        work.Once()

    let times =
        [
            for _ in 1..reps do
                let start = Stopwatch.GetTimestamp()

                for _ in 1 .. work.Iterations do
                    work.Once()

                (Stopwatch.GetElapsedTime start).TotalMilliseconds / float work.Iterations * scale work.Unit
        ]

    {
        Name = work.Name
        Threads = threads
        Unit = work.Unit
        Median = median times
        Low = List.min times
        High = List.max times
    }

let private text (x: float) = x.ToString("G5", CultureInfo.InvariantCulture)

/// `NAME T=2 median 1.5 ms [1.4..1.7]`
let line (t: Timing) =
    $"{t.Name} T={t.Threads} median {text t.Median} {t.Unit} [{text t.Low}..{text t.High}]"

let private form =
    Regex(
        @"^(?<name>.+?)\s+T=(?<threads>\d+)\s+median (?<median>\S+) (?<unit>\S+)\s+\[(?<low>[^.\s]+(\.\d+)?(E[+-]\d+)?)\.\.(?<high>\S+)\]"
    )

/// A line read back, this program's or the other library's, in the unit that it has; no line of the form is `None`.
let tryParse (text: string) : Timing option =
    let m = form.Match text
    let number (group: string) = Double.Parse(m.Groups[group].Value, CultureInfo.InvariantCulture)

    if m.Success then
        Some
            {
                Name = m.Groups["name"].Value
                Threads = Int32.Parse m.Groups["threads"].Value
                Unit = m.Groups["unit"].Value
                Median = number "median"
                Low = number "low"
                High = number "high"
            }
    else
        None

/// The same in milliseconds, whatever the unit: `s/epoch`, `us/eval`, `ms`.
let inMilliseconds (t: Timing) =
    let factor = 1.0 / scale ((t.Unit.Split '/')[0])

    { t with
        Unit = "ms"
        Median = factor * t.Median
        Low = factor * t.Low
        High = factor * t.High
    }
