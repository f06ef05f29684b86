namespace DL1.Compiler.Scan

open System.Collections.Generic
open DL1

/// A carried value of a scan that was taken apart.
[<NoEquality; NoComparison>]
type internal ScanCarry =
    {
        Variable: Variable
        Initial: Expr
        Next: Expr
        /// The variable that stands for its final value outside the scan.
        Final: Variable
    }

/// A scan taken apart: the variables of its body, freshly named, each with the expression to which it is bound; and the results
/// of the scan, as expressions outside of it, over variables that stand for final carries and for stacks.
[<NoEquality; NoComparison>]
type internal ScanLoop =
    {
        Length: int
        Reversed: bool
        Carries: ScanCarry list
        Slices: (Variable * Expr) list
        Fixed: (Variable * Expr) list
        /// For each output, the variable that stands for the stacked values outside of the scan, and what one step computes.
        Outputs: (Variable * Expr) list
        /// The results that are used: the number of each, and its expression outside of the scan.
        Results: (int * Expr) list
    }

    /// The expressions that the body computes: the next carries, then the outputs.
    member this.Graphs = (this.Carries |> List.map _.Next) @ (this.Outputs |> List.map snd)

    /// The scan with other expressions in its body, in the order of `Graphs`.
    member this.WithGraphs(graphs: Expr list) =
        let next, outputs = graphs |> List.splitAt this.Carries.Length

        { this with
            Carries = List.map2 (fun c next -> { c with Next = next }) this.Carries next
            Outputs = List.map2 (fun (stack, _) e -> stack, e) this.Outputs outputs
        }

/// Takes scans apart, simplifies them, and puts them together again.
[<RequireQualifiedAccess>]
module internal ScanLoop =
    let private fresh (v: Variable) = Rebuild.fresh v.DType v.Shape

    /// A variable for the stack of a value, `[length; ...]`.
    let stackOf length (e: Expr) = Rebuild.fresh e.DType (Shape.insertAxis 0 length e.Shape)

    /// Takes apart a call; `used` has the numbers of the results that are used.
    let ofCall (used: Set<int>) (call: ScanCall<Expr>) : ScanLoop =
        let body = call.Body

        let carries, slices, constants =
            List.map fresh body.Carries, List.map fresh body.Slices, List.map fresh body.Fixed

        let bindings =
            List.map2
                (fun v w -> v, Expr.ofVariable w)
                (body.Carries @ body.Slices @ body.Fixed)
                (carries @ slices @ constants)

        let next, outputs =
            Rebuild.substitute bindings (body.Next @ body.Outputs) |> List.splitAt body.Next.Length

        let carries =
            List.map3
                (fun v initial next -> { Variable = v; Initial = initial; Next = next; Final = fresh v })
                carries
                call.Initial
                next

        let outputs = outputs |> List.map (fun e -> stackOf call.Length e, e)

        {
            Length = call.Length
            Reversed = call.Reversed
            Carries = carries
            Slices = List.zip slices call.Sequences
            Fixed = List.zip constants call.Fixed
            Outputs = outputs
            Results =
                (carries |> List.map _.Final) @ List.map fst outputs
                |> List.mapi (fun i v -> i, Expr.ofVariable v)
                |> List.filter (fun (i, _) -> used.Contains i)
        }

    /// Whether a node is a reshape or a function of one or two operands, and all its operands for which `moves` holds are in
    /// `found` and have no other reader.
    let follows (found: HashSet<Digest>) (uses: Dictionary<Digest, int>) moves (e: Expr) =
        match e.Node with
        | Node.Unary _
        | Node.Binary _
        | Node.Reshape _ ->
            Node.operands e.Node
            |> List.filter moves
            |> List.forall (fun o -> found.Contains o.Digest && uses[o.Digest] = 1)
        | _ -> false

    let private names (es: Expr list) = Graph.variables es |> List.map _.Name |> HashSet

    /// Drops the carries, outputs, slices and fixed operands that no result needs.
    let prune (loop: ScanLoop) : ScanLoop =
        let results = loop.Results |> List.map snd |> names
        let outputs = loop.Outputs |> List.filter (fun (stack, _) -> results.Contains stack.Name)

        let rec live (carries: ScanCarry list) =
            let read = names ((carries |> List.map _.Next) @ List.map snd outputs)

            let more =
                loop.Carries
                |> List.filter (fun c -> results.Contains c.Final.Name || read.Contains c.Variable.Name)

            if more.Length = carries.Length then struct (carries, read) else live more

        let struct (carries, read) = live []

        { loop with
            Carries = carries
            Outputs = outputs
            Slices = loop.Slices |> List.filter (fun (v, _) -> read.Contains v.Name)
            Fixed = loop.Fixed |> List.filter (fun (v, _) -> read.Contains v.Name)
        }

    /// Substitutes expressions for the variables that stand for final carries and stacks.
    let outside (bindings: (Variable * Expr) list) (loop: ScanLoop) : ScanLoop =
        if bindings.IsEmpty then
            loop
        else
            let results = Rebuild.substitute bindings (List.map snd loop.Results)
            { loop with Results = List.map2 (fun (i, _) e -> i, e) loop.Results results }

    /// Returns the first pair with each expression; and, for each other pair, a binding of its variable to that of the first.
    let private distinct (pairs: (Variable * Expr) list) =
        let first = Dictionary<Digest, Variable>()
        let kept, duplicates = pairs |> List.partition (fun (v, e) -> first.TryAdd(e.Digest, v))
        kept, duplicates |> List.map (fun (v, e) -> v, Expr.ofVariable first[e.Digest])

    /// Merges equal slices, fixed operands and outputs. A carry that never changes becomes a fixed operand; the stack of an
    /// output that is a slice becomes the sequence.
    let tidy (loop: ScanLoop) : ScanLoop =
        let unchanged, moving = loop.Carries |> List.partition (fun c -> c.Next = Expr.ofVariable c.Variable)

        let loop =
            { loop with
                Carries = moving
                Fixed = loop.Fixed @ (unchanged |> List.map (fun c -> c.Variable, c.Initial))
            }
            |> outside (unchanged |> List.map (fun c -> c.Final, c.Initial))

        let slices, duplicateSlices = distinct loop.Slices
        let constants, duplicateConstants = distinct loop.Fixed

        let graphs = Rebuild.substitute (duplicateSlices @ duplicateConstants) loop.Graphs
        let loop = { loop with Slices = slices; Fixed = constants }.WithGraphs graphs
        let outputs, duplicates = distinct loop.Outputs
        let loop = outside duplicates { loop with Outputs = outputs }

        let sequence (e: Expr) =
            match e.Node with
            | Node.Variable v -> slices |> List.tryPick (fun (s, xs) -> if s = v then Some xs else None)
            | _ -> None

        let known =
            loop.Outputs |> List.choose (fun (stack, e) -> sequence e |> Option.map (fun xs -> stack, xs))

        outside known loop |> prune

    /// Returns the results, by number. Where carries or outputs are left, the results refer to a node made of the scan.
    let close (loop: ScanLoop) : (int * Expr) list =
        if loop.Carries.IsEmpty && loop.Outputs.IsEmpty then
            loop.Results
        else
            let finals, stacks =
                Scan.ofBody
                    loop.Reversed
                    loop.Length
                    {
                        Carries = loop.Carries |> List.map _.Variable
                        Slices = List.map fst loop.Slices
                        Fixed = List.map fst loop.Fixed
                        Next = loop.Carries |> List.map _.Next
                        Outputs = List.map snd loop.Outputs
                    }
                    (loop.Carries |> List.map _.Initial)
                    (List.map snd loop.Slices)
                    (List.map snd loop.Fixed)

            let bindings =
                List.map2 (fun (c: ScanCarry) e -> c.Final, e) loop.Carries finals
                @ List.map2 (fun (stack, _) e -> stack, e) loop.Outputs stacks

            (outside bindings loop).Results
