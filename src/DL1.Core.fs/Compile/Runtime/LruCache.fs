namespace DL1.Compiler.Runtime

open System
open System.Collections.Generic

/// A cache of at most `most` values by key: those used last. Together they weigh at most `heaviest`, but for a single one that
/// weighs more.
[<Sealed>]
type internal LruCache<'K, 'V when 'K: not null and 'K: equality>
    (most: int, heaviest: int64, weigh: 'V -> int64) =
    let known = Dictionary<'K, LinkedListNode<struct ('K * 'V)>>()
    let order = LinkedList<struct ('K * 'V)>()
    let mutable weight = 0L

    let find key : 'V voption =
        match known.TryGetValue key with
        | true, node ->
            order.Remove node
            order.AddFirst node
            let struct (_, value) = node.Value
            ValueSome value
        | false, _ -> ValueNone

    let add key value =
        known[key] <- order.AddFirst(struct (key, value))
        weight <- weight + weigh value

        let rec drop () =
            match order.Last with
            | NonNull oldest when known.Count > most || (weight > heaviest && known.Count > 1) ->
                let struct (key, value) = oldest.Value
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

    /// Forgets the value of a key, where it is still this one.
    member _.Drop(key: 'K, value: 'V) : unit =
        lock known (fun () ->
            match known.TryGetValue key with
            | true, node ->
                let struct (_, found) = node.Value

                if obj.ReferenceEquals(found, value) then
                    order.Remove node
                    known.Remove key |> ignore
                    weight <- weight - weigh value
            | false, _ -> ())

[<RequireQualifiedAccess>]
module internal LruCache =
    /// The value of a key, made by one thread while others wait for it. What could not be made is made again at the next call: there
    /// may be more memory then.
    let once (cache: LruCache<'K, Lazy<'V>>) (key: 'K) (make: unit -> 'V) : 'V =
        let value = cache.Get(key, (fun () -> Lazy<'V>(make)))

        try
            value.Value
        with _ ->
            cache.Drop(key, value)
            reraise ()
