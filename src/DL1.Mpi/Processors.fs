namespace DL1.MpiBinding

open System
open System.Globalization
open System.IO

/// Whether this process may use fewer processors than the machine has: launchers bind ranks to cores unless told otherwise.
[<RequireQualifiedAccess>]
module internal Processors =
    let private number (text: string) : int option =
        match Int32.TryParse(text, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) with
        | true, value -> Some value
        | false, _ -> None

    /// The numbers in a list such as `0-3,8`.
    let count (list: string) : int =
        list.Split(',', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries)
        |> Array.sumBy (fun range ->
            match range.Split '-' |> Array.map number with
            | [| Some _ |] -> 1
            | [| Some first; Some last |] when last >= first -> last - first + 1
            | _ -> 0)

    let private read (file: string) =
        try
            Some(File.ReadAllText file)
        with
        | :? IOException
        | :? UnauthorizedAccessException -> None

    /// The processors of this process and those of the machine, on Linux.
    let counts () : (int * int) option =
        let allowed =
            read "/proc/self/status"
            |> Option.bind (fun text ->
                text.Split '\n'
                |> Array.tryFind (fun line ->
                    line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)))
            |> Option.map (fun line -> count (line.Substring(line.IndexOf ':' + 1)))

        match allowed, read "/sys/devices/system/cpu/online" |> Option.map count with
        | Some own, Some all when own > 0 && all > 0 -> Some(own, all)
        | _ -> None

    /// What is said at the start where a rank is bound to some processors: none where it may use all.
    let note (rank: int) (ranksHere: int) : string option =
        match counts () with
        | Some(own, all) when own * ranksHere < all ->
            Some
                $"rank %d{rank}: %d{own} of %d{all} processors; the launcher bound this rank. mpirun --bind-to none, or --map-by ppr:1:node:pe=%d{all}, gives it all."
        | Some _
        | None -> None
