/// Numbers to hold derivatives against: inner products, directions, and central differences with their discards.
module DL1.Tests.Numbers

open System
open DL1
open DL1.Tests.Source
open Expecto

/// Whether two numbers agree within a tolerance relative to their size, or to 1 where they are small.
let near tolerance (a: float) (b: float) = a = b || abs (a - b) <= tolerance * (1.0 + abs a + abs b)

let inner (a: Tensor list) (b: Tensor list) =
    List.map2 (fun x y -> Array.map2 (*) (Tensor.toFloats x) (Tensor.toFloats y) |> Array.sum) a b
    |> List.sum

/// a + t·d, element by element.
let along (t: float) (d: Tensor list) (a: Tensor list) =
    List.map2
        (fun (x: Tensor) y ->
            let moved = Array.map2 (fun p q -> p + t * q) (Tensor.toFloats x) (Tensor.toFloats y)
            Tensor.ofArray (x.Shape.ToList()) moved)
        a
        d

/// Every element close, relative to the largest one.
let close tolerance (expected: Tensor) (found: Tensor) =
    let a, b = Tensor.toFloats expected, Tensor.toFloats found
    let size = Array.fold (fun m v -> if Double.IsFinite v then max m (abs v) else m) 1.0 a

    expected.Shape = found.Shape
    && expected.DType = found.DType
    && Array.forall2
        (fun x y -> x = y || (Double.IsNaN x && Double.IsNaN y) || abs (x - y) <= tolerance * size)
        a
        b

let expectClose tolerance (expected: Tensor) (found: Tensor) what =
    if not (close tolerance expected found) then
        failtest $"{what}: expected {expected}, found {found}"

/// Numbers to differentiate along: one tensor for each expression.
let directions seed (es: Expr list) =
    let source = Source(seed, Tame, true)
    es |> List.map (fun e -> source.Tensor(DType.F64, e.Shape.ToList()))

/// The variables of f64 among those of expressions, as expressions: what there is to differentiate.
let reals (es: Expr list) =
    Graph.variables es |> List.filter (fun v -> v.DType = DType.F64) |> List.map Expr.ofVariable

let private nameOf (e: Expr) =
    match e.Node with
    | Node.Variable v -> v.Name
    | _ -> failtest "a variable was expected"

/// The values of variables, taken from bindings by name.
let valuesOf (bindings: (string * Tensor) list) (variables: Expr list) =
    variables |> List.map (fun e -> bindings |> List.find (fun (name, _) -> name = nameOf e) |> snd)

/// Bindings in which some variables have moved.
let moved (bindings: (string * Tensor) list) (variables: Expr list) values =
    let fresh = List.zip (List.map nameOf variables) values

    fresh
    @ (bindings |> List.filter (fun (name, _) -> not (List.exists (fun (n, _) -> n = name) fresh)))

/// The derivative along a direction of a function of real tensors, by central differences; `None` where two steps
/// disagree, near a kink or where the function bends too much to tell.
let difference tolerance (f: Tensor list -> float) (at: Tensor list) (direction: Tensor list) =
    let slope h = (f (along h direction at) - f (along -h direction at)) / (2.0 * h)
    let fine, coarse = slope 1e-5, slope 4e-5

    if Double.IsFinite fine && Double.IsFinite coarse && near tolerance fine coarse then
        Some fine
    else
        None

/// Counts what was compared and what was discarded.
[<Sealed>]
type Tally(name: string, share: float) =
    let mutable compared = 0
    let mutable discarded = 0

    member _.Compare(difference: float option, found: float, tolerance, what: string) =
        match difference with
        | None -> discarded <- discarded + 1
        | Some d ->
            compared <- compared + 1

            if not (near tolerance d found) then
                failtest $"{name}, {what}: the difference says {d}, the derivative {found}"

    /// Fails where more than the share allowed was discarded.
    member _.Finish() =
        if float discarded > share * float (compared + discarded) then
            failtest $"{name}: {discarded} of {compared + discarded} comparisons were discarded"

/// An expression as real numbers.
let real (e: Expr) = Expr.cast DType.F64 e

/// The sum of an expression's elements, weighted so that no two count the same.
let weighted (e: Expr) =
    let weights = Array.init e.Shape.Size (fun i -> cos (1.3 * float i + 0.4))
    Expr.sumAll (real e * Expr.constant (Tensor.ofArray (e.Shape.ToList()) weights))
