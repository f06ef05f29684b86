/// Ranks under mpirun: `mpirun -n 2 dotnet Ranks.dll laws`. Without a launcher there is one rank.
module DL1.Bench.Ranks.Program

open System
open DL1

let private usage =
    "laws | resume FILE PAUSE | throws | differs | leaves | exits | exchange | steps | overlap ROWS | library"

[<EntryPoint>]
let main arguments =
    let ranks = lazy Mpi.Start()

    match List.ofArray arguments with
    | [ "laws" ] -> Laws.run ranks.Value
    | [ "resume"; path; pause ] -> Endings.resumed path (int pause) ranks.Value
    | [ "throws" ] -> Endings.throws ranks.Value
    | [ "differs" ] -> Endings.differs ranks.Value
    | [ "leaves" ] -> Endings.leaves ranks.Value
    | [ "exits" ] -> Endings.exits ranks.Value
    | [ "exchange" ] -> Times.exchange ranks.Value
    | [ "steps" ] -> Times.steps ranks.Value
    | [ "overlap"; rows ] -> Times.overlap (int rows) ranks.Value
    | [ "library" ] -> Console.Out.WriteLine $"{ranks.Value}: {Mpi.Library}"
    | _ ->
        Console.Error.WriteLine usage
        exit 2

    0
