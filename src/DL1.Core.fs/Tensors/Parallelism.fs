namespace DL1

open System
open System.Threading.Tasks

/// Work that threads share, where there are threads.
[<RequireQualifiedAccess>]
module internal Parallelism =
    /// Whether there is one thread alone, which may not wait: in a browser, and on WASI.
    let isSingle = OperatingSystem.IsBrowser() || OperatingSystem.IsWasi()

    /// Calls a function with 0 to count − 1, in any order, on all threads.
    let forEach (count: int) (body: int -> unit) : unit =
        if isSingle || count <= 1 then
            for i in 0 .. count - 1 do
                body i
        else
            Parallel.For(0, count, body) |> ignore

    /// The same for parts of less than a tenth of a millisecond: one thread does fewer than 8, since the first parallel loop of a
    /// process takes .NET 30 ms.
    let forEachShort (count: int) (body: int -> unit) : unit =
        if count < 8 then
            for i in 0 .. count - 1 do
                body i
        else
            forEach count body
