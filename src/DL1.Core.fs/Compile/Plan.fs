namespace DL1

open System
open System.Collections.Generic

/// What a kernel of a plan does.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal Work =
    /// Elementwise nodes and folds in one pass.
    | Pass of PassJob
    /// A product of matrices, and the pass that follows it.
    | Product of ProductJob
    /// A node with a static kernel of its own.
    | Static of Expr * reads: int[] * write: int
    /// A value put in row-major order.
    | Copy of Reading * DType * Shape * read: int * write: int
    /// A convolution or pooling, and the pass that follows it.
    | Channels of ChannelsJob
    /// A loop over a plan of its own.
    | Loop of LoopJob * body: Plan
    /// One node by Eval's definition: what has no kernel.
    | Defined of (Tensor list -> Tensor list) * operands: (Expr * int)[] * write: int

/// Where a value of a plan stands.
and [<RequireQualifiedAccess; NoEquality; NoComparison>] internal Where =
    | Input of int
    | Constant of Tensor
    /// At an offset of the arena.
    | Arena of int64
    /// In a tensor made for it.
    | Output of int

/// A kernel of a plan, the values that it computes, and the places that it reads and writes.
and [<NoEquality; NoComparison>] internal PlanStep = { Work: Work; Group: Group; Reads: int[]; Writes: int[] }

/// A graph as kernels in order, over places in memory.
and [<NoEquality; NoComparison>] internal Plan =
    {
        Inputs: Variable list
        Roots: Expr list
        /// The value that each place holds first.
        Values: Expr[]
        Where: Where[]
        Steps: PlanStep[]
        /// The place of each root.
        Results: int[]
        /// How many places are outputs.
        Outputs: int
        /// Bytes of the arena.
        Bytes: int64
    }

    /// The place of an input; −1 where nothing reads it.
    member this.PlaceOf(v: Variable) =
        let n = List.findIndex ((=) v) this.Inputs

        Array.FindIndex(
            this.Where,
            fun where ->
                match where with
                | Where.Input i -> i = n
                | Where.Constant _
                | Where.Arena _
                | Where.Output _ -> false
        )

    /// Whether a kernel writes a root straight to its own memory: the first root of an output.
    member this.IsDirect(root: int) =
        match this.Where[this.Results[root]] with
        | Where.Output _ -> Array.IndexOf(this.Results, this.Results[root]) = root
        | Where.Input _
        | Where.Constant _
        | Where.Arena _ -> false

/// Planning.
[<RequireQualifiedAccess>]
module internal Plan =
    /// Groups in an order in which each finds what it reads; those made first go first.
    let private schedule (groups: Group[]) : Group[] =
        let waiting =
            groups
            |> Array.map (fun g ->
                Array.sumBy (fun (h: Group) -> if g.Ancestors.Contains h.Number then 1 else 0) groups)

        let ready = PriorityQueue<Group, int>()
        let order = List<Group>()

        for g in groups do
            if waiting[g.Number] = 0 then
                ready.Enqueue(g, g.Number)

        while ready.Count > 0 do
            let g = ready.Dequeue()
            order.Add g

            for h in groups do
                if h.Ancestors.Contains g.Number then
                    waiting[h.Number] <- waiting[h.Number] - 1

                    if waiting[h.Number] = 0 then
                        ready.Enqueue(h, h.Number)

        order.ToArray()

    /// The node whose memory a value stands in: reshapes cost nothing.
    let rec home (e: Expr) =
        match e.Node with
        | Node.Reshape(_, x) -> home x
        | _ -> e

    /// The place of an operand; that of the key, where it is drawn; −1 where it is no one else's.
    let private placeOf (place: Expr -> int) (p: PassPlace) =
        match p with
        | PassPlace.Value(e, _) -> place e
        | PassPlace.Random(_, key) -> place key
        | PassPlace.Room -> -1

    let private offsetOf (p: PassPlace) =
        match p with
        | PassPlace.Value(_, offset) -> offset
        | PassPlace.Random _
        | PassPlace.Room -> 0

    let private passWork
        (code: Pass -> PassBody)
        (place: Expr -> int)
        (g: Group)
        (p: GroupPass)
        : PassJob option =
        Space.make g.Domain g.Reduced p.Strides
        |> Option.map (fun space ->
            {
                Body = code p.Pass
                Space = space
                Folds = g.Reduced.Length > 0
                Sizes = p.Pass.Operands |> Array.map (fun o -> Memory.size o.Type)
                Places =
                    Array.map (placeOf place) p.Places
                Offsets =
                    Array.map offsetOf p.Places
                Streams =
                    p.Places
                    |> Array.map (function
                        | PassPlace.Random(stream, _) -> stream
                        | PassPlace.Value _
                        | PassPlace.Room -> -1)
                Rooms = p.Places |> Array.map (placeOf place >> fun place -> place < 0)
                Block = if p.Pass.Type = DType.F64 then 8 else 16
            })

    let private finishWork
        (code: Pass -> PassBody)
        (place: Expr -> int)
        (g: Group)
        (host: Expr)
        (p: GroupPass)
        : FinishJob =
        // The domain is the stack's axes, those of extent 1 left out, then the row and the column.
        let rank = host.Shape.Rank
        let rows, columns = host.Shape[rank - 2], host.Shape[rank - 1]
        let last = g.Domain.Length - 1
        let rowAxis = if columns = 1 then last else last - 1
        let hasRows = rows > 1
        let stack = if hasRows then g.Domain[.. rowAxis - 1] else g.Domain[..rowAxis]

        {
            Body = code p.Pass
            Sizes = p.Pass.Operands |> Array.map (fun o -> Memory.size o.Type)
            Places =
                Array.map (placeOf place) p.Places
            Offsets =
                Array.map offsetOf p.Places
            Starts = p.Strides |> Array.map (fun strides -> Space.offsets stack strides[.. stack.Length - 1])
            Rows = p.Strides |> Array.map (fun strides -> if hasRows then strides[rowAxis] else 0)
            Along = p.Strides |> Array.map (fun strides -> columns > 1 && strides[last] <> 0)
        }

    let private channelsFinish
        (code: Pass -> PassBody)
        (place: Expr -> int)
        (g: Group)
        (node: Expr)
        (p: GroupPass)
        : FinishJob =
        {
            Body = code p.Pass
            Sizes = p.Pass.Operands |> Array.map (fun o -> Memory.size o.Type)
            Places =
                Array.map (placeOf place) p.Places
            Offsets =
                Array.map offsetOf p.Places
            Starts = p.Strides |> Array.map (fun _ -> [| 0 |])
            Rows = p.Strides |> Array.map (HostMatrix.row node g.Domain)
            Along = p.Strides |> Array.map HostMatrix.isAlong
        }

    let private matrix (place: Expr -> int) (e: Expr) : MatrixPlace =
        let r = Matrices.reading e
        let rank = e.Shape.Rank

        let struct (outer, batch, inner) =
            match Matrices.stack e r with
            | Some s -> s
            | None -> struct (0, 0, 1)

        // A row or column of extent 1 may say any stride; a product wants one of them to be 1.
        let row, column = r.Strides[rank - 2], r.Strides[rank - 1]

        let row, column =
            if row = 1 || column = 1 then row, column
            elif e.Shape[rank - 1] = 1 then row, 1
            else 1, column

        {
            Place = place r.Source
            Offset = r.Offset
            Layout = { Data = 0n; Row = row; Column = column; Batch = batch; Inner = inner; Outer = outer }
        }

    /// One node over operands that stand for themselves, by Eval's definition.
    let private defined (e: Expr) =
        let operands = Node.operands e.Node |> List.distinctBy _.Digest
        let variables = operands |> List.map (fun o -> Rebuild.fresh o.DType o.Shape)
        let by = dict [ for o, v in List.zip operands variables -> o.Digest, Expr.ofVariable v ]
        let alone = Expr.Make(Node.map (fun (o: Expr) -> by[o.Digest]) e.Node)
        operands, Eval.prepare variables [ alone ]

    /// Gives every place its memory.
    let private placed inputs roots (values: Expr[]) (steps: PlanStep[]) (results: int[]) : Plan =
        let first = Array.create values.Length System.Int32.MaxValue
        let last = Array.create values.Length -1

        steps
        |> Array.iteri (fun i step ->
            for p in step.Writes do
                first[p] <- min first[p] i
                last[p] <- max last[p] i

            for p in step.Reads do
                last[p] <- max last[p] i)

        let outputs = Dictionary<int, int>()
        let arena = List<int>()

        let where =
            values
            |> Array.mapi (fun p e ->
                match e.Node with
                | Node.Variable v -> Where.Input(List.findIndex ((=) v) inputs)
                | Node.Constant value -> Where.Constant value
                | _ when Array.contains p results ->
                    outputs[p] <- outputs.Count
                    Where.Output(outputs.Count - 1)
                | _ ->
                    arena.Add p
                    Where.Arena 0L)

        let lives =
            [|
                for p in arena do
                    {
                        Bytes = int64 values[p].Shape.Size * int64 (Memory.size values[p].DType)
                        First = first[p]
                        Last = last[p]
                    }
            |]

        let offsets, bytes = Arena.place lives
        arena |> Seq.iteri (fun i p -> where[p] <- Where.Arena offsets[i])

        {
            Inputs = inputs
            Roots = roots
            Values = values
            Where = where
            Steps = steps
            Results = results
            Outputs = outputs.Count
            Bytes = bytes
        }

    let private loopJob
        (place: Expr -> int)
        (members: Expr seq)
        (call: ScanCall<Expr>)
        (body: Plan)
        : LoopJob =
        let bytes (e: Expr) = Memory.size e.DType * e.Shape.Size
        let variableBytes (v: Variable) = Memory.size v.DType * v.Shape.Size
        let carries = call.Body.Next.Length

        // The results that are wanted, each with its place.
        let wanted = Dictionary<int, int>()

        for e in members do
            match e.Node with
            | Node.Scan(result, _) -> wanted[result] <- place e
            | _ -> ()

        let placeOfResult i =
            match wanted.TryGetValue i with
            | true, p -> p
            | false, _ -> -1

        {
            Length = call.Length
            Reversed = call.Reversed
            CarryBytes = call.Body.Carries |> List.map variableBytes |> Array.ofList
            SliceBytes = call.Body.Slices |> List.map variableBytes |> Array.ofList
            OutputBytes = call.Body.Outputs |> List.map bytes |> Array.ofList
            Carries = call.Body.Carries |> List.map body.PlaceOf |> Array.ofList
            Slices = call.Body.Slices |> List.map body.PlaceOf |> Array.ofList
            Fixed = call.Body.Fixed |> List.map body.PlaceOf |> Array.ofList
            Results = body.Results
            Direct = Array.init body.Results.Length body.IsDirect
            Initial = call.Initial |> List.map place |> Array.ofList
            Sequences = call.Sequences |> List.map place |> Array.ofList
            Given = call.Fixed |> List.map place |> Array.ofList
            Final = Array.init carries placeOfResult
            Stacks = Array.init call.Body.Outputs.Length (fun j -> placeOfResult (carries + j))
        }

    /// The graph as it is cut into kernels.
    let private lowered (roots: Expr list) =
        roots |> Rewrite.stableAll |> Hoist.run |> Lower.run |> ChannelsLayout.channelsLast |> Lower.again

    /// Makes a plan for what the roots compute from the inputs. `code` makes a pass ready to run.
    let rec make (code: Pass -> PassBody) (inputs: Variable list) (roots: Expr list) : Plan =
        Eval.requireInputs "Compile.prepare" inputs (Graph.variables roots)
        let roots = lowered roots
        let fusion = Fuse.run roots
        let values = List<Expr>()
        let places = Dictionary<Digest, int>()
        // A product's own place, where its pass writes over it.
        let sameAs = Dictionary<Digest, Expr>()

        let rec place (e: Expr) : int =
            let e = home e

            match places.TryGetValue e.Digest with
            | true, p -> p
            | false, _ ->
                match sameAs.TryGetValue e.Digest with
                | true, other -> place other
                | false, _ ->
                    values.Add e
                    places[e.Digest] <- values.Count - 1
                    values.Count - 1

        let read = placeOf place

        let step (g: Group) : PlanStep option =
            let pass = GroupPass.make fusion g

            match g.Host, pass with
            | None, None -> None
            | None, Some p ->
                passWork code place g p
                |> Option.map (fun work ->
                    let loads = p.Places.Length - p.Stored.Length

                    {
                        Work = Work.Pass work
                        Group = g
                        Reads = p.Places[.. loads - 1] |> Array.map read |> Array.filter (fun place -> place >= 0)
                        Writes = p.Places[loads..] |> Array.map read
                    })
            | Some e, pass ->
                match Kind.of' e, e.Node with
                | Kind.Product, Node.MatMul(a, b) ->
                    let rank = e.Shape.Rank

                    match pass with
                    | Some p when not (fusion.Stored.Contains e.Digest) ->
                        p.Stored
                        |> Array.tryFind (fun s -> g.Roles[s.Digest] = Role.Along && s.DType = e.DType)
                        |> Option.iter (fun s -> sameAs[e.Digest] <- s)
                    | _ -> ()

                    let work =
                        {
                            Type = e.DType
                            M = e.Shape[rank - 2]
                            N = e.Shape[rank - 1]
                            K = a.Shape[rank - 1]
                            Batch = e.Shape.Size / (e.Shape[rank - 2] * e.Shape[rank - 1])
                            A = matrix place a
                            B = matrix place b
                            C = place e
                            Finish = pass |> Option.map (finishWork code place g e)
                        }

                    let others, stores =
                        match pass with
                        | Some p ->
                            let loads = p.Places.Length - p.Stored.Length
                            Array.map read p.Places[.. loads - 1], Array.map read p.Places[loads..]
                        | None -> [||], [||]

                    Some
                        {
                            Work = Work.Product work
                            Group = g
                            Reads = Array.append [| work.A.Place; work.B.Place |] others
                            Writes = Array.append [| work.C |] stores |> Array.distinct
                        }
                | Kind.Channels(node, operands), _ ->
                    match pass with
                    | Some p when not (fusion.Stored.Contains e.Digest) ->
                        p.Stored
                        |> Array.tryFind (fun s -> g.Roles[s.Digest] = Role.Along && s.DType = e.DType)
                        |> Option.iter (fun s -> sameAs[e.Digest] <- s)
                    | _ -> ()

                    let reads = operands |> List.map place |> Array.ofList
                    let target = place e

                    let others, stores =
                        match pass with
                        | Some p ->
                            let loads = p.Places.Length - p.Stored.Length
                            Array.map read p.Places[.. loads - 1], Array.map read p.Places[loads..]
                        | None -> [||], [||]

                    Some
                        {
                            Work =
                                Work.Channels
                                    {
                                        Node = node
                                        Operands = reads
                                        Result = target
                                        Finish = pass |> Option.map (channelsFinish code place g node)
                                    }
                            Group = g
                            Reads = Array.append reads others
                            Writes = Array.append [| target |] stores |> Array.distinct
                        }
                | Kind.Other, Node.Scan(_, call) ->
                    let body =
                        make
                            code
                            (call.Body.Carries @ call.Body.Slices @ call.Body.Fixed)
                            (call.Body.Next @ call.Body.Outputs)

                    let job = loopJob place g.Members call body

                    Some
                        {
                            Work = Work.Loop(job, body)
                            Group = g
                            Reads = Array.concat [ job.Initial; job.Sequences; job.Given ]
                            Writes = Array.append job.Final job.Stacks |> Array.filter (fun p -> p >= 0)
                        }
                | Kind.Look, Node.Reshape _ -> None
                | Kind.Look, _ ->
                    let r = Reading.through e
                    let source, target = place r.Source, place e

                    Some
                        {
                            Work = Work.Copy(r, e.DType, e.Shape, source, target)
                            Group = g
                            Reads = [| source |]
                            Writes = [| target |]
                        }
                | _ when StaticKernel.serves e ->
                    let reads = Node.operands e.Node |> List.map place |> Array.ofList
                    let target = place e

                    Some
                        {
                            Work = Work.Static(e, reads, target)
                            Group = g
                            Reads = reads
                            Writes = [| target |]
                        }
                | _ ->
                    let operands, run = defined e
                    let operands = operands |> List.map (fun o -> o, place o) |> Array.ofList
                    let target = place e

                    Some
                        {
                            Work = Work.Defined(run, operands, target)
                            Group = g
                            Reads = Array.map snd operands
                            Writes = [| target |]
                        }

        let steps = schedule fusion.Groups |> Array.choose step
        let results = roots |> List.map place |> Array.ofList
        placed inputs roots (values.ToArray()) steps results
