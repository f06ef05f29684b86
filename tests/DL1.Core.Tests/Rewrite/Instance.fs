/// What the laws of the rewriting tables are checked on: expressions with values for their variables.
module DL1.Tests.Instance

open System
open DL1
open Expecto
open FsCheck
open FsCheck.FSharp

/// An expression, and the values of its variables.
type Instance =
    {
        Expr: Expr
        Inputs: (string * Tensor) list
    }

    override this.ToString() =
        let values = this.Inputs |> List.map (fun (name, t) -> $"{name} = {t}")
        String.Join("\n", Text.ascii this.Expr :: values)

/// Values generated the same way in every run.
let samples count (gen: Gen<'a>) : 'a[] = Gen.sampleWithSeed (Rnd(4711UL, 1789UL)) 20 count gen

/// A test of a number of generated values, which shows the first that fails.
let holds count name (gen: Gen<'a>) (check: 'a -> string option) =
    test name {
        for value in samples count gen do
            match check value with
            | Some why -> failtest $"{why}\nfor {value}"
            | None -> ()
    }

/// Whether two tensors have the same bits; every NaN counts as the same.
let sameBits (a: Tensor) (b: Tensor) =
    let same (x: float) (y: float) =
        BitConverter.DoubleToInt64Bits x = BitConverter.DoubleToInt64Bits y
        || (Double.IsNaN x && Double.IsNaN y)

    if a.DType.IsFloat && a.DType = b.DType && a.Shape = b.Shape then
        Array.forall2 same (Tensor.toFloats a) (Tensor.toFloats b)
    else
        Tensor.sameBits a b

let private specials32 =
    [
        nanf
        infinityf
        -infinityf
        0f
        -0f
        Single.Epsilon
        -Single.Epsilon
        1.1754944e-38f
        Single.MaxValue
        Single.MinValue
    ]

let private specials64 =
    [
        nan
        infinity
        -infinity
        0.0
        -0.0
        Double.Epsilon
        -Double.Epsilon
        2.2250738585072014e-308
        Double.MaxValue
        Double.MinValue
    ]

let private ordinary = Gen.elements [ 1.0; -1.0; 0.5; -1.5; 2.0; 3.0; -2.5; 0.1; 7.25; 1e10; -1e-10 ]

let private integers lowest highest =
    Gen.elements [ lowest; lowest + 1L; -3L; -1L; 0L; 1L; 2L; 7L; highest - 1L; highest ]

/// A tensor of a type and shape, special values among its elements.
let tensor (dtype: DType) (dims: int list) : Gen<Tensor> =
    let size = (Shape.ofList dims).Size
    let array (element: Gen<'e>) = Gen.arrayOfLength size element |> Gen.map (Tensor.ofArray dims)

    match dtype with
    | DType.F32 -> array (Gen.oneof [ Gen.elements specials32; Gen.map float32 ordinary ])
    | DType.F64 -> array (Gen.oneof [ Gen.elements specials64; ordinary ])
    | DType.I32 -> array (integers (int64 Int32.MinValue) (int64 Int32.MaxValue) |> Gen.map int)
    | DType.I64 -> array (integers Int64.MinValue Int64.MaxValue)
    | DType.Bool -> array (Gen.elements [ true; false ])

let floatType = Gen.elements [ DType.F32; DType.F64 ]
let numberType = Gen.elements [ DType.F32; DType.F64; DType.I32; DType.I64 ]

/// Shapes of up to three axes, scalar and empty ones among them.
let dims = Gen.elements [ []; [ 3 ]; [ 1 ]; [ 2; 3 ]; [ 2; 1 ]; [ 0 ]; [ 2; 0; 3 ]; [ 3; 1; 2 ] ]

/// Shapes without an extent of 0, of at least one axis.
let filledDims = Gen.elements [ [ 3 ]; [ 1 ]; [ 2; 3 ]; [ 3; 1; 2 ] ]

/// A form over variables of the types and shapes given, with values for them.
let over (variables: (DType * int list) list) (form: Expr list -> Expr) : Gen<Instance> =
    gen {
        let named = variables |> List.mapi (fun i (dtype, dims) -> $"x{i}", dtype, dims)
        let! values = named |> List.map (fun (_, dtype, dims) -> tensor dtype dims) |> Gen.sequenceToList

        return
            {
                Expr = form [ for name, dtype, dims in named -> Expr.variable name dtype dims ]
                Inputs = List.map2 (fun (name, _, _) value -> name, value) named values
            }
    }

/// A form over one variable of any of the types, in any shape.
let ofOne (types: Gen<DType>) (form: Expr -> Expr) =
    gen {
        let! dtype = types
        let! dims = dims
        return! over [ dtype, dims ] (fun xs -> form xs.Head)
    }

/// A form over two variables of one of the types, one of them stretched to the other's shape now and then.
let ofTwo (types: Gen<DType>) (form: Expr -> Expr -> Expr) =
    gen {
        let! dtype = types
        let! dims = dims
        let! other = Gen.elements [ dims; dims; [] ]
        let! swapped = Gen.elements [ true; false ]
        let a, b = if swapped then other, dims else dims, other

        return!
            over [ dtype, a; dtype, b ] (fun xs ->
                form (Expr.broadcastTo dims xs[0]) (Expr.broadcastTo dims xs[1]))
    }

/// The value of an instance's expression, or of another one over the same variables.
let value (instance: Instance) (e: Expr) = Eval.run instance.Inputs e

/// An expression rewritten by a table, and the names of the rows that changed it.
let rewrite (table: Rule list) (e: Expr) =
    let fired = Collections.Generic.List<string>()
    let rewritten = Rule.run fired.Add table [ e ] |> List.head
    rewritten, List.ofSeq fired

/// One test for each row: every instance of its left side is rewritten by it and keeps the law, by the row alone and
/// by the whole table. And a test that no row goes without.
let rows
    name
    (table: Rule list)
    count
    (law: Instance -> Expr -> string option)
    (instances: (string * Gen<Instance>) list)
    =
    let generated = Map.ofList instances

    let test (row: Rule) =
        let check (instance: Instance) =
            let alone, fired = rewrite [ row ] instance.Expr

            if not (List.contains row.Name fired) then
                Some $"the row '{row.Name}' was not fired"
            else
                law instance alone
                |> Option.orElseWith (fun () -> law instance (fst (rewrite table instance.Expr)))

        holds count row.Name generated[row.Name] check

    testList
        name
        [
            testCase "every row is fired"
            <| fun () ->
                let names = table |> List.map (fun row -> row.Name)
                Expect.equal (List.sort (List.map fst instances)) (List.sort names) "instances and rows"
                Expect.equal (List.distinct names).Length names.Length "names of rows are different"
            for row in table do
                if generated.ContainsKey row.Name then
                    test row
        ]
