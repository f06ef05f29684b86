namespace DL1.Compiler.Scan

open System.Collections.Generic
open DL1
open DL1.Pattern

/// Splits matmuls that need the scan only in part: `[x, h] · W`, where only h depends on carries, becomes x times the upper rows
/// of W plus h times the lower rows. And where the next carries need some columns of a product and only outputs need others,
/// each slice of columns becomes a product of its own.
[<RequireQualifiedAccess>]
module internal SplitConcatMatMul =
    /// Rows `start` to `stop` − 1 of a matrix.
    let private rows start stop (w: Expr) = Expr.sliceAxis 0 start stop w

    /// Columns `start` to `stop` − 1 of a matrix; of a transpose, by rows of the matrix beneath.
    let private columns start stop (w: Expr) =
        match w.Node with
        | Node.Transpose([ 1; 0 ], x) -> (rows start stop x).T
        | _ -> Expr.sliceAxis 1 start stop w

    /// Where a slice takes adjacent columns of all rows, the first of these columns and the one after the last; else `None`.
    let private range (cuts: Cut list) (x: Expr) =
        match cuts with
        | [ down; across ] when down.Start = 0 && down.Stop = x.Shape[0] && down.Step = 1 && across.Step = 1 ->
            Some(struct (across.Start, across.Stop))
        | _ -> None

    /// The products with a fixed matrix that only slices of columns read, of which the next carries need some and not others.
    let private split (loop: ScanLoop) (lift: LoopInvariants) =
        let next = loop.Carries |> List.filter (fun c -> (StepSum.added loop c).IsNone) |> List.map _.Next
        let needed = Graph.topological next |> Seq.map _.Digest |> HashSet
        let uses = Graph.uses loop.Graphs
        let slices = Dictionary<Digest, List<bool>>()

        for e in Graph.topological loop.Graphs do
            match e.Node with
            | Node.Slice(cuts, (Form(Node.MatMul(_, b)) as x)) when
                lift.Dependence b = Dependence.Fixed && (range cuts x).IsSome
                ->
                (Lookup.orAdd slices x.Digest List).Add(needed.Contains e.Digest)
            | _ -> ()

        slices
        |> Seq.filter (fun s ->
            s.Value.Count = uses[s.Key] && s.Value.Contains true && s.Value.Contains false)
        |> Seq.map _.Key
        |> HashSet

    /// Splits such products in the body of a scan.
    let run (loop: ScanLoop) : ScanLoop =
        let lift = LoopInvariants loop
        let split = split loop lift
        let product (a: Expr) (b: Expr) = Expr.Make(Node.MatMul(a, b))

        /// Whether some parts depend on carries, and others do not.
        let isMixed (parts: Expr list) =
            let carried = parts |> List.filter (fun p -> lift.Dependence p = Dependence.Carries)
            not carried.IsEmpty && carried.Length < parts.Length

        let change become (e: Expr) =
            match e.Node with
            | Node.MatMul((Form(Node.Concat(1, parts)) as a), b) when
                a.Shape.Rank = 2 && lift.Dependence b = Dependence.Fixed && isMixed parts
                ->
                let starts = parts |> List.scan (fun start p -> start + p.Shape[1]) 0

                List.map2
                    (fun (p: Expr) start -> product (become p) (rows start (start + p.Shape[1]) (become b)))
                    parts
                    (List.take parts.Length starts)
                |> List.reduce (+)
                |> Some
            | Node.Slice(cuts, (Form(Node.MatMul(a, b)) as x)) when split.Contains x.Digest ->
                range cuts x
                |> Option.map (fun (struct (start, stop)) ->
                    product (become a) (columns start stop (become b)))
            | _ -> None

        loop.WithGraphs(Rebuild.where change loop.Graphs)
