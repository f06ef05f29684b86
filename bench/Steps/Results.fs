/// The file of results: a table of the cases beside the other library, a table of other figures, and notes that are kept
/// as they stand. A run replaces the rows that it measured.
module DL1.Bench.Results

open System
open System.IO

[<Literal>]
let private Notes = "## Notes"

/// This machine's processor, with the number of its threads.
let machine () =
    let model =
        if File.Exists "/proc/cpuinfo" then
            File.ReadLines "/proc/cpuinfo"
            |> Seq.tryFind (fun line -> line.StartsWith "model name")
            |> Option.map (fun line -> line.Substring(line.IndexOf ':' + 1).Trim())
        else
            None

    let name = model |> Option.defaultValue "an unnamed processor"
    $"{name}, {Environment.ProcessorCount} threads, .NET {Environment.Version}, {Environment.OSVersion}"

/// The machine's load over the last minute: others' work disturbs what is measured.
let load () =
    if File.Exists "/proc/loadavg" then
        (File.ReadAllText "/proc/loadavg").Split(' ')[0]
    else
        "unknown"

/// Ticks of all processors since the machine began, busy ones and all.
let private ticks () =
    if File.Exists "/proc/stat" then
        let cells =
            (File.ReadLines "/proc/stat" |> Seq.head).Split(' ', StringSplitOptions.RemoveEmptyEntries)

        let values = cells |> Array.skip 1 |> Array.map Double.Parse
        // The fourth and fifth are idle.
        Array.sum values - values[3] - values[4], Array.sum values
    else
        0.0, 0.0

/// The share of this machine's processors that others take, over a second in which this program rests.
let busy () =
    let busyBefore, allBefore = ticks ()
    Threading.Thread.Sleep 1000
    let busyAfter, allAfter = ticks ()

    if allAfter > allBefore then
        (busyAfter - busyBefore) / (allAfter - allBefore)
    else
        0.0

/// The most that others took before one of a row's processes, told plainly where the row is not to be relied on: a
/// library whose threads wait for one another by spinning suffers much more than one that does not.
let disturbance (busy: float) =
    let percent = $"{Math.Round(100.0 * busy)}%%"
    if busy > 0.1 then $"{percent}: disturbed, no result" else percent

/// When and under what load: the last cell of a row.
let stamp () = $"""{DateTime.UtcNow.ToString "yyyy-MM-dd HH:mm"}, load {load ()}"""

/// The cells of the rows of a table of the file, by their first one.
let private rowsOf (lines: string list) (title: string) =
    lines
    |> List.skipWhile (fun line -> line <> title)
    |> function
        | [] -> []
        | _ :: rest -> rest |> List.takeWhile (fun line -> not (line.StartsWith "## "))
    |> List.filter (fun line -> line.StartsWith "| ")
    |> List.map (fun line -> line.Trim('|', ' ').Split " | " |> Array.map _.Trim() |> List.ofArray)
    |> List.filter (fun cells -> cells.Length > 1)

let private table (heads: string list) rows =
    let line (cells: string list) = "| " + String.concat " | " cells + " |"
    line heads :: ("|" + String.replicate heads.Length "---|") :: List.map line rows

let private merged names (old: string list list) (fresh: string list list) =
    let find (rows: string list list) name = rows |> List.tryFind (fun cells -> cells.Head = name)
    let all = names @ (old @ fresh |> List.map List.head) |> List.distinct
    all |> List.choose (fun name -> find fresh name |> Option.orElse (find old name))

let private against, private others = "## Beside libtorch", "## Other figures"

let private heads =
    [
        "case"
        "DL1, ms"
        "spread"
        "libtorch, ms"
        "spread"
        "ratio"
        "to reach"
        "threads, rounds x repetitions"
        "when"
        "others busy"
    ]

let private otherHeads = [ "what"; "figure"; "when" ]

/// Writes the file anew, with the rows given in the place of those of the same names. Rows in the order of `names`;
/// a name without a row is told as missing.
let write (path: string) (names: string list) (compared: string list list) (figures: string list list) =
    let lines = if File.Exists path then List.ofArray (File.ReadAllLines path) else []
    let old title (head: string) = rowsOf lines title |> List.filter (fun cells -> cells.Head <> head)
    let rows = merged names (old against "case") compared
    let missing = names |> List.filter (fun n -> rows |> List.forall (fun cells -> cells.Head <> n))
    let notes = lines |> List.skipWhile (fun line -> line <> Notes)

    [
        yield "# Whole steps, measured"
        yield ""
        yield $"Machine of the last run: {machine ()}."
        yield ""
        yield
            "`dotnet run -c Release --project bench/Steps -- compare --peer run.sh` writes the first table: TorchSharp"
        yield
            "eager (libtorch) and DL1 in turns, one case a process, the median of the processes' medians, and the"
        yield
            "lowest and highest of their repetitions. Ratio = libtorch's time / DL1's. A row whose name ends in"
        yield
            "`-gradient` is forward and backward without the optimizer's update, for which libtorch's programs have no"
        yield "counterpart. Every case is compared with Eval before it is timed."
        yield ""
        yield against
        yield! table heads rows
        if not missing.IsEmpty then
            yield ""
            yield "Not measured: " + String.concat ", " missing + "."
        yield ""
        yield others
        yield! table otherHeads (merged [] (old others "what") figures)
        yield ""
        if notes.IsEmpty then yield Notes else yield! notes
    ]
    |> fun text -> File.WriteAllLines(path, text)
