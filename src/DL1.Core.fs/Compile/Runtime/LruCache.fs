namespace DL1.Compiler.Runtime

open System.Collections.Generic

/// A cache of at most `most` values by key: those used last.
[<Sealed>]
type internal LruCache<'K, 'V when 'K: not null and 'K: equality>(most: int) =
    let known = Dictionary<'K, LinkedListNode<struct ('K * 'V)>>()
    let order = LinkedList<struct ('K * 'V)>()

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

        if known.Count > most then
            match order.Last with
            | null -> ()
            | oldest ->
                let struct (key, _) = oldest.Value
                order.RemoveLast()
                known.Remove key |> ignore

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
