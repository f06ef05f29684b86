/// Tables made of columns and objects, changed, described and split.
module DL1.Tests.TableTests

open System
open System.Collections.Generic
open DL1
open DL1.Data
open Expecto

type Guest = { Name: string; Age: int option; Arrived: DateTime; Stays: bool }

let private key (seed: int) = Key.ofSeed (int64 seed)

let private people =
    Table.ofColumns
        [ "age", Column.Numbers [| 30.0; 40.0; nan; 20.0 |]; "sex", Column.Texts [| "f"; "m"; "f"; "" |] ]

/// A property over a few cases: each makes several tables.
let private few name property = testPropertyWithConfig { Law.config with maxTest = 30 } name property

let private refuses<'e, 'a when 'e :> exn> (part: string) (f: unit -> 'a) =
    let message =
        try
            f () |> ignore
            "nothing was refused"
        with :? 'e as e ->
            e.Message

    Expect.stringContains message part ""

let private made =
    testList
        "made of what a program holds"
        [
            test "columns" {
                Expect.equal (people.RowCount, List.ofSeq people.Names) (4, [ "age"; "sex" ]) ""

                refuses<ShapeError, _> "1 values of 'b'" (fun () ->
                    Table.ofColumns [ "a", Column.Numbers [| 1; 2 |]; "b", Column.Numbers [| 1 |] ])

                refuses<DomainError, _> "2 columns named 'a'" (fun () ->
                    Table.ofColumns [ "a", Column.Numbers [||]; "a", Column.Numbers [||] ])

                refuses<DomainError, _> "no column" (fun () -> Table.ofColumns [])
            }
            test "as text: the first rows, brief texts, as many columns as a line holds" {
                Expect.equal
                    (string people)
                    "the columns: 4 rows\nage  sex\n 30    f\n 40    m\n       f\n 20"
                    "all"

                let letters = String('x', 30)

                let wide =
                    Table.ofColumns
                        [
                            for i in 1..9 do
                                $"column %d{i}", Column.Texts(Array.create 6 (letters + "\n" + letters))
                        ]

                let lines = (string wide).Split '\n'
                Expect.equal lines.Length 8 "a heading, names, five rows, and a row for the others"
                Expect.stringContains lines[0] "6 rows of column 1, column 2" "all names"
                Expect.equal (lines[1].Split("column").Length - 1) 3 "the columns that fit"
                Expect.equal (lines[2].Trim().Split(' ')[0]) (String('x', 23) + "…") "a cut text"

                Expect.isEmpty
                    (lines |> Array.skip 1 |> Array.filter (fun l -> l.Length > 100))
                    "no longer line"
            }
            test "records" {
                let table =
                    Table.ofObjects
                        [
                            { Name = "Ada"; Age = Some 36; Arrived = DateTime(1970, 1, 3); Stays = true }
                            {
                                Name = "Bob"
                                Age = None
                                Arrived = DateTime(1970, 1, 1, 12, 0, 0)
                                Stays = false
                            }
                        ]

                Expect.equal (List.ofSeq table.Names) [ "Name"; "Age"; "Arrived"; "Stays" ] "in their order"
                Expect.equal (table.Texts "Name") [| "Ada"; "Bob" |] "texts"
                Expect.equal (table.Values "Age").[0] 36.0 "a number"
                Expect.isTrue (Double.IsNaN (table.Values "Age").[1]) "none is missing"
                Expect.equal (table.Values "Arrived") [| 2.0; 0.5 |] "days"
                Expect.equal (table.Values "Stays") [| 1.0; 0.0 |] "truth values"
            }
            test "anonymous records, and none" {
                Expect.equal
                    ((Table.ofObjects [ {| X = 1; Y = "a" |} ]).ToString())
                    "the objects: 1 row\nX  Y\n1  a"
                    ""

                Expect.equal (Table.ofObjects ([]: {| X: int |} list)).RowCount 0 "no rows"
            }
            test "dictionaries, whose rows may lack names" {
                let first, second = Dictionary<string, obj>(), Dictionary<string, obj>()
                first["a"] <- 1
                second["a"] <- 2
                second["b"] <- "x"
                let table = Table.ofObjects [ first; second ]
                Expect.equal (table.Texts "b") [| ""; "x" |] ""
            }
            test "what is no value is refused by its place" {
                refuses<DomainError, _> "row 0 of the column 'X'" (fun () ->
                    Table.ofObjects [ {| X = [ 1 ] |} ])

                refuses<DomainError, _> "'a' in row 1 of the column 'X'" (fun () ->
                    Table.ofObjects [ {| X = box 1 |}; {| X = box "a" |} ])

                refuses<DomainError, _> "row 0" (fun () -> Table.ofObjects [ 1; 2 ])
                refuses<DomainError, _> "row 0" (fun () -> Table.ofObjects [ "text" ])
            }
        ]

let private changed =
    testList
        "changed"
        [
            test "filter, map, add" {
                let grown = people |> Table.filter (fun row -> row.Number "age" >= 30.0)
                Expect.equal (grown.Texts "sex") [| "f"; "m" |] "rows"
                let decades = people |> Table.mapNumbers "age" (fun v -> v / 10.0)
                Expect.equal (decades.Texts "age") [| "3"; "4"; ""; "2" |] "mapped"
                let upper = people |> Table.mapTexts "sex" _.ToUpperInvariant()
                Expect.equal (upper.Texts "sex") [| "F"; "M"; "F"; "" |] "texts"
                let added = people |> Table.addNumbers "months" (fun row -> row.Number "age" * 12.0)
                Expect.equal (List.ofSeq added.Names) [ "age"; "sex"; "months" ] "last"
                let size = people |> Table.addTexts "sex" (fun row -> string row.Index)
                Expect.equal (size.Texts "sex") [| "0"; "1"; "2"; "3" |] "in its place"
            }
            test "categories of a mapped column are those of the whole, mapped" {
                let part =
                    (Table.filter (fun row -> row.Text "sex" = "m") people)
                    |> Table.mapTexts "sex" _.ToUpperInvariant()

                Expect.equal (List.ofSeq (part.Categories "sex").Names) [ "F"; "M" ] ""
            }
            test "drop, select, rename, append" {
                Expect.equal (Table.names (Table.drop [ "age" ] people)) [ "sex" ] "drop"
                Expect.equal (Table.names (Table.select [ "sex"; "age" ] people)) [ "sex"; "age" ] "select"
                Expect.equal (Table.names (Table.rename "age" "years" people)) [ "years"; "sex" ] "rename"
                Expect.equal (Table.append people people).RowCount 8 "append"
                refuses<DomainError, _> "no column 'x'" (fun () -> Table.drop [ "x" ] people)
                refuses<DomainError, _> "the name 'sex'" (fun () -> Table.rename "age" "sex" people)
                refuses<DomainError, _> "twice" (fun () -> Table.select [ "age"; "age" ] people)

                refuses<DomainError, _> "columns age" (fun () ->
                    Table.append people (Table.drop [ "sex" ] people))

                refuses<ShapeError, _> "2 values" (fun () ->
                    Table.addColumn "x" (Column.Numbers [| 1; 2 |]) people)
            }
            test "sorted with missing values last" {
                Expect.equal ((Table.sortBy "age" people).Texts "age") [| "20"; "30"; "40"; "" |] "numbers"
                Expect.equal ((Table.sortBy "sex" people).Texts "sex") [| "f"; "f"; "m"; "" |] "texts"
                Expect.equal (Table.complete [] people).RowCount 2 "complete"
                Expect.equal (Table.complete [ "sex" ] people).RowCount 3 "in one column"
            }
            test "a row of texts is not read as numbers" {
                refuses<FormatError, _> "line 1, column 'sex'" (fun () ->
                    people |> Table.filter (fun row -> row.Number "sex" > 0.0))
            }
        ]

let private described =
    testList
        "described"
        [
            test "numbers and texts" {
                let found = Table.describe people
                let age = found["age"]
                Expect.equal (age.Count, age.Missing, age.Distinct) (3, 1, 3) "counts"

                Expect.equal
                    (age.Mean, age.Deviation, age.Least, age.Greatest)
                    (30.0, 10.0, 20.0, 40.0)
                    "as pandas has it"

                Expect.equal (age.LowerQuartile, age.Median, age.UpperQuartile) (25.0, 30.0, 35.0) "quartiles"
                let sex = found["sex"]
                Expect.equal (sex.IsNumeric, sex.Count, sex.Missing, sex.Distinct) (false, 3, 1, 2) "texts"
                Expect.equal (sex.Commonest, sex.CommonestCount) ("f", 2) "the commonest"
                Expect.stringContains (string found) "f (2)" "as text"
                refuses<DomainError, _> "no column 'x'" (fun () -> found["x"])
            }
            test "value counts" { Expect.equal (Table.valueCounts "sex" people) [ "f", 2; "", 1; "m", 1 ] "" }
        ]

/// Rows with a group, a class and a time each.
let private rowsOf count seed =
    let random = Random(seed: int)

    Table.ofColumns
        [
            "id", Column.Numbers(Array.init count float)
            "group", Column.Texts(Array.init count (fun _ -> $"g%d{random.Next(1 + count / 3)}"))
            "class", Column.Texts(Array.init count (fun _ -> (if random.Next 3 = 0 then "a" else "b")))
            "time", Column.Numbers(Array.init count (fun _ -> float (random.Next 50)))
        ]

let private ids (table: Table) = table.Values "id" |> List.ofArray

let private isPartition (whole: Table) (a: Table, b: Table) =
    Expect.equal (List.sort (ids a @ ids b)) (List.sort (ids whole)) "each row in one part"

let private splits =
    testList
        "splits and folds"
        [
            few "splits share no row and lose none" (fun (n: int) ->
                let count = 12 + abs (n % 40)
                let table = rowsOf count (n % 1000)
                let k = key n
                Table.split 0.3 k table |> isPartition table
                Table.splitStratified "class" 0.3 k table |> isPartition table
                let kept, held = Table.splitGrouped "group" 0.3 k table
                isPartition table (kept, held)
                let groups (t: Table) = Set(t.Texts "group")
                Expect.isEmpty (Set.intersect (groups kept) (groups held)) "a group is in one part"
                let before, after = Table.splitOrdered "time" 0.3 table
                isPartition table (before, after)

                Expect.isTrue
                    (Seq.max (before.Values "time") <= Seq.min (after.Values "time"))
                    "later rows are held"

                true)
            few "folds hold out each row once" (fun (n: int) ->
                let count = 12 + abs (n % 40)
                let table = rowsOf count (n % 1000)

                for folds in
                    [
                        Table.folds 3 (key n) table
                        Table.foldsStratified "class" 3 (key n) table
                        Table.foldsGrouped "group" 2 (key n) table
                    ] do
                    folds |> List.iter (isPartition table)
                    Expect.equal (folds |> List.collect (snd >> ids) |> List.sort) (ids table) "held once"

                for kept, held in Table.foldsGrouped "group" 2 (key n) table do
                    Expect.isEmpty
                        (Set.intersect (Set(kept.Texts "group")) (Set(held.Texts "group")))
                        "whole groups"

                for kept, held in Table.foldsOrdered "time" 3 1 table do
                    Expect.isTrue
                        (Seq.max (kept.Values "time") <= Seq.min (held.Values "time"))
                        "the past is kept"

                true)
            test "missing values are refused by their line" {
                refuses<DomainError, _> "line 4, column 'sex'" (fun () ->
                    Table.splitStratified "sex" 0.5 (key 1) people)

                refuses<DomainError, _> "line 3, column 'age'" (fun () -> Table.splitOrdered "age" 0.5 people)
                refuses<DomainError, _> "of texts" (fun () -> Table.splitOrdered "sex" 0.5 people)
            }
            test "sizes that make no split are refused" {
                for k, gap, rows in
                    [
                        0, 0, 5
                        5, 0, 5
                        2, 2, 6
                        1, -1, 4
                        Int32.MaxValue, 0, 10
                        2, Int32.MaxValue, 10
                        1, 0, 0
                    ] do
                    Expect.throwsT<DomainError>
                        (fun () -> Splits.orderedFolds k gap rows |> ignore)
                        $"{k} {gap} {rows}"

                let one = Tensor.vector [ 0L; 0L ]
                Expect.throwsT<DomainError> (fun () -> Splits.grouped 0.5 (key 1) one |> ignore) "one group"

                Expect.throwsT<DomainError>
                    (fun () -> Splits.groupedFolds 2 (key 1) one |> ignore)
                    "two folds"

                Expect.throwsT<ShapeError>
                    (fun () -> Splits.grouped 0.5 (key 1) (Tensor.vector [ 1.0 ]) |> ignore)
                    "floats"
            }
            test "as scikit-learn's TimeSeriesSplit and GroupKFold" {
                let held (folds: (int[] * int[]) list) = folds |> List.map (snd >> List.ofArray)
                // TimeSeriesSplit(n_splits=3, gap=1) of 11 rows.
                let folds = Splits.orderedFolds 3 1 11
                Expect.equal (held folds) [ [ 5; 6 ]; [ 7; 8 ]; [ 9; 10 ] ] "stretches"
                Expect.equal (folds |> List.map (fst >> Array.last)) [ 3; 5; 7 ] "the gap"
                // GroupKFold(2) of groups of 4, 3, 2 and 1 rows.
                let groups = Tensor.vector [ 0L; 0L; 0L; 0L; 1L; 1L; 1L; 2L; 2L; 3L ]

                Expect.equal
                    (held (Splits.groupedFolds 2 (key 1) groups))
                    [ [ 0; 1; 2; 3; 9 ]; [ 4; 5; 6; 7; 8 ] ]
                    "groups"
            }
        ]

let tests = testList "Tables" [ made; changed; described; splits ]
