namespace DL1.Onnx

open System.Collections.Generic
open DL1

/// Nodes in an order in which each comes after those whose results it needs; files need not have them so.
[<RequireQualifiedAccess>]
module internal Sort =
    let private graphsIn (node: OnnxNode) : OnnxGraph list =
        node.Attributes
        |> List.collect (fun (_, a) ->
            match a with
            | OnnxAttribute.Graph g -> [ g ]
            | OnnxAttribute.Graphs gs -> gs
            | _ -> [])

    /// The names that a node reads, those that graphs inside it take from around them among them.
    let rec private needs (node: OnnxNode) : string seq =
        seq {
            yield! node.Inputs |> List.filter ((<>) "")

            for g in graphsIn node do
                let own = HashSet<string>()
                g.Inputs |> List.iter (fun v -> own.Add v.Name |> ignore)
                g.Initializers |> List.iter (fun t -> own.Add t.Name |> ignore)
                g.Nodes |> List.iter (fun n -> n.Outputs |> List.iter (fun o -> own.Add o |> ignore))

                for inner in g.Nodes do
                    yield! needs inner |> Seq.filter (fun name -> not (own.Contains name))

                yield! g.Outputs |> List.map _.Name |> List.filter (fun name -> not (own.Contains name))
        }

    /// The nodes sorted; a name that two nodes make, and nodes that need each other, are a `FormatError`.
    let private sorted (nodes: OnnxNode list) : OnnxNode list =
        let nodes = Array.ofList nodes
        let makers = Dictionary<string, int>()

        nodes
        |> Array.iteri (fun i node ->
            for output in node.Outputs do
                if output <> "" && not (makers.TryAdd(output, i)) then
                    Refuse.format
                        "Onnx.read"
                        $"two nodes that make '{output}'"
                        "a name for each value"
                        "export the model again")

        let needed =
            nodes
            |> Array.map (fun node ->
                needs node
                |> Seq.choose (fun name ->
                    match makers.TryGetValue name with
                    | true, i -> Some i
                    | false, _ -> None)
                |> Seq.distinct
                |> Array.ofSeq)

        let isInOrder =
            needed
            |> Array.indexed
            |> Array.forall (fun (i, before) -> before |> Array.forall (fun j -> j < i))

        if isInOrder then
            List.ofArray nodes
        else
            let waiting = needed |> Array.map _.Length
            let users = Array.init nodes.Length (fun _ -> List<int>())
            needed |> Array.iteri (fun i before -> before |> Array.iter (fun j -> users[j].Add i))
            // The first in the file of those that are ready.
            let ready = PriorityQueue<int, int>()

            waiting
            |> Array.iteri (fun i n ->
                if n = 0 then
                    ready.Enqueue(i, i))

            let order = List<int>()

            while ready.Count > 0 do
                let i = ready.Dequeue()
                order.Add i

                for user in users[i] do
                    waiting[user] <- waiting[user] - 1

                    if waiting[user] = 0 then
                        ready.Enqueue(user, user)

            if order.Count < nodes.Length then
                let stuck = waiting |> Array.findIndex (fun n -> n > 0)

                Refuse.format
                    "Onnx.read"
                    $"a cycle: the node '{OnnxNode.name nodes[stuck]}' needs its own result"
                    "a graph without cycles"
                    "export the model again"

            order |> Seq.map (fun i -> nodes[i]) |> List.ofSeq

    let rec private attribute (name: string, a: OnnxAttribute) =
        match a with
        | OnnxAttribute.Graph g -> name, OnnxAttribute.Graph(graph g)
        | OnnxAttribute.Graphs gs -> name, OnnxAttribute.Graphs(List.map graph gs)
        | _ -> name, a

    and private nodesOf (nodes: OnnxNode list) : OnnxNode list =
        nodes
        |> sorted
        |> List.map (fun node ->
            if (graphsIn node).IsEmpty then
                node
            else
                { node with Attributes = List.map attribute node.Attributes })

    /// A graph with its nodes sorted, those of graphs inside it too.
    and graph (g: OnnxGraph) : OnnxGraph = { g with Nodes = nodesOf g.Nodes }

    /// A model with all nodes sorted.
    let model (m: OnnxModel) : OnnxModel =
        { m with
            Graph = graph m.Graph
            Functions = m.Functions |> List.map (fun f -> { f with Nodes = nodesOf f.Nodes })
        }
