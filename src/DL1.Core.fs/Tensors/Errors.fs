namespace DL1

open System
open System.Runtime.CompilerServices

/// What every error of DL1 tells: what was being done, what was given, what was expected, and what to do about it.
/// Each part is a property, so that a program can read it; `Message` joins them in a few lines for a person.
[<AbstractClass>]
type DL1Error internal (operation: string, given: string, expected: string, cure: string, inner: (exn | null))
    =
    inherit Exception($"{operation}: {given}.\n  Expected: {expected}.\n  Try: {cure}.", inner)

    /// An error of four parts.
    new(operation, given, expected, cure) = DL1Error(operation, given, expected, cure, null)

    /// The operation that refused, by the name that a user calls it by: `matmul`, `Tensor.reshape`.
    member _.Operation = operation
    /// What was given: the operands with their names, types and shapes.
    member _.Given = given
    /// What the operation would have accepted.
    member _.Expected = expected
    /// The likely cure.
    member _.Cure = cure

/// Shapes or element types that do not fit together.
[<Sealed>]
type ShapeError(operation, given, expected, cure) =
    inherit DL1Error(operation, given, expected, cure)

/// A value or an option outside the range in which an operation means something.
[<Sealed>]
type DomainError(operation, given, expected, cure) =
    inherit DL1Error(operation, given, expected, cure)

/// A text or a file that cannot be read as what it was said to be.
[<Sealed>]
type FormatError(operation, given, expected, cure) =
    inherit DL1Error(operation, given, expected, cure)

/// Raises each kind of error.
[<RequireQualifiedAccess>]
module Refuse =
    /// Raises a `ShapeError`.
    let shape operation given expected cure : 'a = raise (ShapeError(operation, given, expected, cure))

    /// Raises a `DomainError`.
    let domain operation given expected cure : 'a = raise (DomainError(operation, given, expected, cure))

    /// The items of a sequence; a null among them, or in a tuple among them, is an `ArgumentNullException` with its place:
    /// `names[2]`, `pairs[0].Item1`.
    let nulls (name: string) (items: seq<'a>) : 'a[] =
        let items = Array.ofSeq items

        items
        |> Array.iteri (fun i item ->
            match box item with
            | null -> nullArg $"{name}[%d{i}]"
            | :? ITuple as tuple ->
                for part in 0 .. tuple.Length - 1 do
                    if isNull tuple[part] then
                        nullArg $"{name}[%d{i}].Item%d{part + 1}"
            | _ -> ())

        items

    /// Raises a `FormatError`.
    let format operation given expected cure : 'a = raise (FormatError(operation, given, expected, cure))
