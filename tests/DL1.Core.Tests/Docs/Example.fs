/// One example for each public function: what its documentation shows, compiled and run.
module DL1.Tests.Example

open System.Text.RegularExpressions
open DL1

/// The example of one function: what it prints, with every run of blanks as one.
type Example = { Function: string; Expected: string; Run: unit -> string }

/// The examples of one module.
type Examples = { Module: System.Type; Rows: Example list }

let folded (text: string) = Regex.Replace(text, @"\s+", " ").Trim()

/// A function's name, what the example gives as text, and the example.
let prints (name: string) expected (example: unit -> 'a) =
    { Function = name; Expected = expected; Run = fun () -> folded $"{example ()}" }

/// The values of variables in the examples; a matrix is named m, a vector v, u, a scalar x, y, z.
let private given =
    [
        "x", Tensor.scalar 2.0
        "y", Tensor.scalar 3.0
        "z", Tensor.scalar 4.0
        "a", Tensor.scalar 0.0
        "b", Tensor.scalar 1.0
        "u", Tensor.vector [ 1.0; 10.0 ]
        "v", Tensor.vector [ 1.0; 2.0 ]
    ]

/// A name, the example's value as a tensor prints itself, and the example.
let gives name expected (example: unit -> Expr) = prints name expected (fun () -> Eval.run given (example ()))

/// A name, the values of the expressions that the example gives, and the example.
let givesAll name (expected: string list) (example: unit -> Expr list) =
    let text (values: Tensor list) = values |> List.map string |> String.concat "; "
    prints name (String.concat "; " expected) (fun () -> text (Eval.many given (example ())))

/// The module that has this value or function: `moduleOf <@ Expr.symbol @>`.
let moduleOf (member': Quotations.Expr) : System.Type =
    let rec found (e: Quotations.Expr) =
        match e with
        | Quotations.Patterns.Call(None, m, _) -> Option.ofObj m.DeclaringType
        | Quotations.Patterns.PropertyGet(None, p, _) -> Option.ofObj p.DeclaringType
        | Quotations.ExprShape.ShapeLambda(_, body) -> found body
        | Quotations.ExprShape.ShapeCombination(_, parts) -> List.tryPick found parts
        | Quotations.ExprShape.ShapeVar _ -> None

    match found member' with
    | Some owner -> owner
    | None -> invalidArg "member'" $"{member'} is no function of a module."

/// A variable of f32.
let data dims = Expr.variable "x" DType.F32 dims

/// Paths with shapes.
let listed (parameters: Tree<Tensor>) =
    Tree.toList parameters |> List.map (fun (path, t) -> $" {path} {t.Shape}") |> String.concat ""

/// The shape of a result, and parameters with their shapes; the middle of a long list is left out.
let shapedBy (shapeOf: 'b -> Shape) (input: 'a) (layer: Layer<'a, 'b>) =
    let parameters, state = Layer.init (Key.ofSeed 42L) input layer
    let y, _ = Layer.apply Mode.Inference (Tree.variables parameters) (Tree.variables state) layer input
    let text = listed parameters
    let text = if text.Length > 120 then text.Substring(0, 60) + " ..." else text
    $"{shapeOf y}{text}"

/// `shapedBy` where the result is an expression.
let shaped (input: 'a) (layer: Layer<'a, Expr>) = shapedBy (fun (y: Expr) -> y.Shape) input layer
