/// What a cache keeps: those used last, of a number and of a weight.
module DL1.Tests.LruCacheTests

open System
open DL1
open Expecto

/// The keys that are kept after a key is used: a list, the last used first.
let private used most heaviest (weigh: int -> int64) (kept: int list) (key: int) =
    let rec fits (keys: int list) =
        match keys with
        | [] -> []
        | [ one ] -> [ one ]
        | keys when keys.Length > most || List.sumBy weigh keys > heaviest ->
            fits (List.take (keys.Length - 1) keys)
        | keys -> keys

    // A key that is there stays with what the others have left of it.
    if List.contains key kept then
        key :: List.except [ key ] kept
    else
        fits (key :: kept)

let tests =
    testList
        "LruCache"
        [
            Law.law
                "keeps what was used last, up to a number and a weight"
                (fun (keys: uint8 list) (most: uint8) (heaviest: uint8) ->
                    let most, heaviest = 1 + int most % 6, int64 heaviest % 60L
                    let weigh key = int64 key * 3L
                    let cache = LruCache<int, int>(most, heaviest, weigh)

                    keys
                    |> List.map (fun key -> int key % 10)
                    |> List.fold
                        (fun (kept: int list, isRight) key ->
                            let mutable isMade = false

                            let value =
                                cache.Get(
                                    key,
                                    fun () ->
                                        isMade <- true
                                        key
                                )

                            let after = used most heaviest weigh kept key

                            after,
                            isRight
                            && value = key
                            && isMade = not (List.contains key kept)
                            && cache.Count = after.Length)
                        ([], true)
                    |> snd)

            test "what could not be made is made again, what was made is not" {
                let calls = ref 0

                let once =
                    Once(fun () ->
                        calls.Value <- calls.Value + 1
                        if calls.Value = 1 then invalidOp "too early" else calls.Value)

                Expect.throwsT<InvalidOperationException> (fun () -> once.Value |> ignore) "the first call"
                Expect.equal once.Value 2 "the second call makes it"
                Expect.equal once.Value 2 "the third call finds it"
                Expect.equal calls.Value 2 "calls"
            }
        ]
