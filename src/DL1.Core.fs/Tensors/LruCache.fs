namespace DL1

open System
open System.Collections.Generic

/// A cache of at most `most` values by key: those used last. Together they weigh at most `heaviest`, but for a single one that
/// weighs more.
[<Sealed>]
type internal LruCache<'K, 'V when 'K: not null and 'K: equality>
    (most: int, heaviest: int64, weigh: 'V -> int64) =
    let known = Dictionary<'K, LinkedListNode<'K * 'V>>()
    let order = LinkedList<'K * 'V>()
    let mutable weight = 0L

    let find key : 'V voption =
        match known.TryGetValue key with
        | true, node ->
            order.Remove node
            order.AddFirst node
            ValueSome(snd node.Value)
        | false, _ -> ValueNone

    let add key value =
        known[key] <- order.AddFirst((key, value))
        weight <- weight + weigh value

        let rec drop () =
            match order.Last with
            | NonNull oldest when known.Count > most || (weight > heaviest && known.Count > 1) ->
                let key, value = oldest.Value
                order.RemoveLast()
                known.Remove key |> ignore
                weight <- weight - weigh value
                drop ()
            | _ -> ()

        drop ()

    new(most: int) = LruCache(most, Int64.MaxValue, (fun _ -> 0L))

    /// The number of values in the cache.
    member _.Count = lock known (fun () -> known.Count)

    /// The value of a key, made where there is none. If two threads make the same value at once, both get the first.
    member _.Get(key: 'K, make: unit -> 'V) : 'V =
        match lock known (fun () -> find key) with
        | ValueSome value -> value
        | ValueNone ->
            let made = make ()

            lock known (fun () ->
                match find key with
                | ValueSome value -> value
                | ValueNone ->
                    add key made
                    made)

/// A value that one thread makes when it is first asked for, while others wait for it. What could not be made is made again at the
/// next call: there may be more memory then.
[<Sealed>]
type internal Once<'V>(make: unit -> 'V) =
    let gate = obj ()
    let mutable made: 'V voption = ValueNone

    member _.Value: 'V =
        lock gate (fun () ->
            match made with
            | ValueSome value -> value
            | ValueNone ->
                let value = make ()
                made <- ValueSome value
                value)
