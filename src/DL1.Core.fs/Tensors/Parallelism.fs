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
