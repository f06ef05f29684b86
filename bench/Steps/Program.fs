/// Whole steps through the compiler, timed beside another library's.
module DL1.Bench.Program

open System
open DL1.Bench

[<EntryPoint>]
let main args =
    match List.ofArray args with
    | "run" :: name :: _ ->
        match Cases.all |> List.tryFind (fun c -> c.Name = name) with
        | None -> 2
        | Some case ->
            match case.Check() with
            | Error e ->
                eprintfn "%s" e
                1
            | Ok() ->
                for work in case.Works() do
                    Timing.measure Environment.ProcessorCount 3 work |> Timing.line |> printfn "%s"

                0
    | "explain" :: name :: _ ->
        for c in Cases.all do
            if c.Name = name then
                for row, s in c.Steps() do
                    printfn "%s" row
                    printfn "%s" (DL1.Compile.explain (List.map fst s.State @ s.Inputs) (s.Next @ s.Outputs))

        0
    | _ -> 2
