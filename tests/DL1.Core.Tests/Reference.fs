/// Reference values computed elsewhere: files of cases in tests/fixtures.
module DL1.Tests.Reference

open System
open System.IO
open System.Text.Json
open DL1
open Expecto

/// The cases of a file.
let cases (file: string) =
    use document =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "fixtures", file)))

    [ for case in document.RootElement.GetProperty("cases").EnumerateArray() -> case.Clone() ]

let name (case: JsonElement) = string (case.GetProperty "name")
let ints (e: JsonElement) = [ for v in e.EnumerateArray() -> v.GetInt32() ]
let floats (e: JsonElement) = [ for v in e.EnumerateArray() -> v.GetDouble() ]

/// A tensor of f64: an object of shape and data, or a plain list of numbers.
let tensor (e: JsonElement) =
    match e.ValueKind with
    | JsonValueKind.Array -> Tensor.vector (floats e)
    | _ -> Tensor.ofArray (ints (e.GetProperty "shape")) (Array.ofList (floats (e.GetProperty "data")))

/// The tensors of an object, in its order.
let tensors (e: JsonElement) = [ for p in e.EnumerateObject() -> p.Name, tensor p.Value ]

/// The attributes of a case. Each one that is read is noted, so that none is overlooked.
type Attributes(case: JsonElement) =
    let attrs = case.GetProperty "attrs"
    let read = Collections.Generic.HashSet<string>()

    member _.Find(name: string) =
        read.Add name |> ignore

        match attrs.TryGetProperty name with
        | true, e -> Some e
        | false, _ -> None

    member this.Float(name, standard) =
        this.Find name |> Option.map _.GetDouble() |> Option.defaultValue standard

    member this.Int(name, standard) =
        this.Find name |> Option.map _.GetInt32() |> Option.defaultValue standard

    member this.Ints(name, standard: int list) =
        match this.Find name with
        | Some list -> [ for item in list.EnumerateArray() -> item.GetInt32() ]
        | None -> standard

    member this.Flag name = this.Find name |> Option.map _.GetBoolean() |> Option.defaultValue false
    member this.Text(name, standard) = this.Find name |> Option.map string |> Option.defaultValue standard

    /// Says a thing that is so here in any case.
    member this.Known(names: string list) =
        for name in names do
            this.Find name |> ignore

    member _.ExpectAllRead() =
        let unread = [ for p in attrs.EnumerateObject() -> p.Name ] |> List.filter (read.Contains >> not)
        Expect.isEmpty unread "every attribute is used"

/// A case's name with its attributes, and its place.
let title (number: int) (case: JsonElement) =
    let attrs = [ for p in case.GetProperty("attrs").EnumerateObject() -> $"{p.Name} {p.Value}" ]
    $"%02d{number} " + String.Join(" ", name case :: attrs)

/// Variables of f64 for tensors of f64.
let variables (values: (string * Tensor) list) =
    values |> List.map (fun (name, t) -> name, Expr.variable name t.DType (t.Shape.ToList()))
