/// Rows that are chosen by their targets.
module DL1.Tests.RowsOfClassesTests

open DL1
open DL1.Tests.Law
open Expecto

/// Rows whose only input is their number, with labels.
let private dataOf (labels: int list) =
    Dataset.create
        (Tensor.reshape [ labels.Length; 1 ] (Tensor.vector (List.init labels.Length float)))
        (Tensor.vector (labels |> List.map int64))

let private small (labels: int list) = labels |> List.map (fun l -> abs (l % 4))
let private numbers (data: Dataset) = Tensor.toFloats data.Inputs |> Array.map int |> List.ofArray
let private labelsOf (data: Dataset) = Tensor.toFloats data.Targets |> Array.map int |> List.ofArray

let tests =
    testList
        "Rows of classes"
        [
            law "filter keeps the rows whose target is wanted, in order" (fun labels least ->
                let labels, least = 0 :: small labels, abs (least % 4)
                let kept = Dataset.filter (fun l -> l >= float least) (dataOf labels)
                let due = labels |> List.indexed |> List.filter (fun (_, l) -> l >= least)
                numbers kept = List.map fst due && labelsOf kept = List.map snd due)
            law "classes are numbered in the order in which they are named" (fun labels ->
                let labels = [ 3; 0; 2 ] @ small labels
                let classes = [ 2; 0 ]
                let kept = Dataset.ofClasses classes (dataOf labels)
                let due = labels |> List.indexed |> List.filter (fun (_, l) -> List.contains l classes)

                numbers kept = List.map fst due
                && labelsOf kept = (due |> List.map (fun (_, l) -> List.findIndex ((=) l) classes))
                && kept.Targets.DType = DType.I64)
            law "the first rows of each class, class after class" (fun labels count ->
                let labels, count = small labels, abs (count % 3)
                let kept = Dataset.truncateEach count (dataOf labels)

                let due =
                    [
                        for c in 0..3 do
                            yield!
                                labels
                                |> List.indexed
                                |> List.filter (fun (_, l) -> l = c)
                                |> List.truncate count
                                |> List.map fst
                    ]

                numbers kept = due)
            test "what names no rows, and targets that are no labels, are refused" {
                let data = dataOf [ 0; 1; 2 ]

                for classes in [ []; [ 1; 1 ]; [ 0; 7 ] ] do
                    Expect.throwsT<DomainError>
                        (fun () -> Dataset.ofClasses classes data |> ignore)
                        $"{classes}"

                let wide = Dataset.create (Tensor.zeros DType.F32 [ 2; 1 ]) (Tensor.zeros DType.F32 [ 2; 2 ])

                Expect.throwsT<ShapeError>
                    (fun () -> Dataset.filter (fun _ -> true) wide |> ignore)
                    "two a row"

                Expect.throwsT<ShapeError> (fun () -> Dataset.ofClasses [ 0 ] wide |> ignore) "no labels"
                Expect.throwsT<ShapeError> (fun () -> Dataset.truncateEach 1 wide |> ignore) "no labels"
            }
        ]
