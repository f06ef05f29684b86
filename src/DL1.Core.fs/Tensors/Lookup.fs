namespace DL1

open System.Collections.Generic

/// Values of dictionaries for keys that they may lack.
[<RequireQualifiedAccess>]
module internal Lookup =
    /// The value of a key; `None` where there is none.
    let tryFind (table: Dictionary<'k, 'v>) (key: 'k) : 'v option =
        match table.TryGetValue key with
        | true, value -> Some value
        | false, _ -> None

    /// The value of a key; where there is none, it is made and added.
    let orAdd (table: Dictionary<'k, 'v>) (key: 'k) (make: unit -> 'v) : 'v =
        match table.TryGetValue key with
        | true, value -> value
        | false, _ ->
            table[key] <- make ()
            table[key]
