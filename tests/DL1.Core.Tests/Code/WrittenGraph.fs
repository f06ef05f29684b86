/// Graphs written as C#, compiled and run, beside Eval.
module DL1.Tests.WrittenGraph

open System
open DL1
open DL1.Compiler.Source
open DL1.Tests.Graphs
open Expecto

/// A graph with values for its variables.
type Case = { Label: string; Inputs: (Variable * Tensor) list; Roots: Expr list }

let caseOf label (values: (string * Tensor) list) (roots: Expr list) : Case =
    let value (v: Variable) = values |> List.find (fun (name, _) -> name = v.Name) |> snd

    {
        Label = label
        Inputs = Graph.variables roots |> List.map (fun v -> v, value v)
        Roots = roots
    }

/// Whether a graph draws random bits, which cannot be written.
let draws (roots: Expr list) =
    Graph.topological roots
    |> Array.exists (fun e ->
        match e.Node with
        | Node.RandomBits _ -> true
        | _ -> false)

// Spans cannot pass reflection: a method takes arrays, runs twice, and gives the bytes that the second run allocated.
let private caller (name: string) (case: Case) =
    let typed what i (dtype: DType) = $"({Literal.typeName dtype}[])%s{what}[%d{i}]"

    let arguments =
        (case.Inputs |> List.mapi (fun i (v, _) -> typed "given" i v.DType))
        @ (case.Roots |> List.mapi (fun i e -> typed "made" i e.DType))
        @ [ "workspace" ]
        |> String.concat ", "

    [
        "using System;"
        $"public static class Call{name}"
        "{"
        "    public static long Run(object[] given, object[] made)"
        "    {"
        $"        var workspace = new byte[{name}.Workspace];"
        "        new Random(1).NextBytes(workspace);"
        $"        {name}.Predict({arguments});"
        "        long before = GC.GetAllocatedBytesForCurrentThread();"
        $"        {name}.Predict({arguments});"
        "        return GC.GetAllocatedBytesForCurrentThread() - before;"
        "    }"
        "}"
    ]
    |> String.concat "\n"

let private array (t: Tensor) : obj =
    match t.Elements with
    | Elements.F32 a -> a
    | Elements.F64 a -> a
    | Elements.I32 a -> a
    | Elements.I64 a -> a
    | Elements.Bool a -> a

/// Whether the written program has Eval's values but for the sign of zeros: functions of `Math` are the same, sums of floats are
/// rounded otherwise.
let private isExact (root: Expr) =
    Graph.topological (Rewrite.stableAll [ root ])
    |> Array.forall (fun e ->
        match e.Node with
        | Node.Unary(op, _) ->
            match op with
            | UnaryOp.Neg
            | UnaryOp.Abs
            | UnaryOp.Sign
            | UnaryOp.Floor
            | UnaryOp.Ceiling
            | UnaryOp.Round
            | UnaryOp.Sqrt
            | UnaryOp.Reciprocal
            | UnaryOp.Relu
            | UnaryOp.Not -> true
            | _ -> e.DType.IsInteger
        | Node.Binary(op, _, _) -> op <> BinaryOp.Pow
        | Node.Reduce(op, _, x) -> not x.DType.IsFloat || op = ReduceOp.Max || op = ReduceOp.Min
        | Node.ScatterAdd _
        | Node.CumSum _
        | Node.MatMul _ -> not e.DType.IsFloat
        | Node.Softmax _
        | Node.LogSumExp _
        | Node.Conv _
        | Node.AvgPool _
        | Node.AvgPoolGrad _
        | Node.MaxPoolScatter _
        | Node.Custom _
        | Node.Scan _ -> false
        | _ -> true)

/// The tolerance of inexact values, relative to the largest of a result or to 1: f32, and f64.
let tolerance (root: Expr) =
    if isExact root then 0.0
    elif root.DType = DType.F32 then 2e-5
    else 1e-11

let private agrees (root: Expr) (expected: Tensor) (found: Tensor) =
    let a, b = Tensor.toFloats expected, Tensor.toFloats found
    let largest = Array.fold (fun m v -> if Double.IsFinite v then max m (abs v) else m) 1.0 a
    let room = tolerance root * largest
    Array.forall2 (fun (x: float) y -> x = y || (Double.IsNaN x && Double.IsNaN y) || abs (x - y) <= room) a b

let private parts name isPlain : ProgramParts =
    {
        Class = name
        Namespace = ""
        Notes = []
        Inputs = []
        Outputs = []
        Samples = []
        Tolerance = 1e-4
        Classes = []
        IsPlain = isPlain
        Literals = 100_000L
    }

/// Writes and compiles cases together, runs each, and compares with Eval; no run allocates.
let check (isPlain: bool) (cases: Case list) : unit =
    let named = cases |> List.mapi (fun i case -> $"Case_{i}_", case)

    let texts =
        named
        |> List.collect (fun (name, case) ->
            let inputs = case.Inputs |> List.map (fun (v, _) -> v.Name, v)
            let outputs = case.Roots |> List.mapi (fun i e -> $"output%d{i}", e)
            let struct (text, _) = ModelProgram.write (parts name isPlain) inputs outputs
            [ text; caller name case ])

    let assembly = CompiledText.assembly isPlain [] texts

    for name, case in named do
        let expected = Eval.many (case.Inputs |> List.map (fun (v, t) -> v.Name, t)) case.Roots
        let found = case.Roots |> List.map (fun e -> Tensor.zeros e.DType (e.Shape.ToList()))
        // The arrays of tensors that nobody else has.
        let made = found |> List.map array |> Array.ofList
        let given = case.Inputs |> List.map (snd >> array) |> Array.ofList
        let allocated = CompiledText.call assembly $"Call{name}" "Run" [ given; made ]
        Expect.equal allocated (box 0L) $"{case.Label}: bytes allocated"

        for root, e, f in List.zip3 case.Roots expected found do
            if not (agrees root e f) then
                failtest $"{case.Label}: {root}\nexpected {e}\nfound {f}"
