/// Texts that are made without reflection, beside those of F#.
module DL1.Tests.PlainTextTests

open System
open DL1
open DL1.Tests.Law
open Expecto

// This assembly is as the F# compiler left it: its interpolated strings are those of FSharp.Core.
let private asFSharp =
    [
        law
            "texts with holes of every kind that the libraries use"
            (fun (n: int) (m: int64) (x: float) (s: string) ->
                let shape = Shape.ofList [ 2; 3 ]

                let same: string * string =
                    PlainText.interpolated "%d%P() of %P()" [| n; shape |], $"%d{n} of {shape}"

                let wide: string * string =
                    PlainText.interpolated "%d%P()%%%3d%P()" [| m; n |], $"%d{m}%%%3d{n}"

                let rounded = PlainText.interpolated "%.4g%P() %g%P()" [| x; x |], $"%.4g{x} %g{x}"
                let texts = PlainText.interpolated "%P()|%s%P()" [| s; s |], $"{s}|%s{s}"

                let hex =
                    PlainText.interpolated "%04x%P() %02X%P() %P(x8)" [| abs (n % 65536); byte n; n |],
                    $"%04x{abs (n % 65536)} %02X{byte n} {n:x8}"

                [ same; wide; rounded; texts; hex ] |> List.forall (fun (own, theirs) -> own = theirs))
        test "a null in a hole is nothing" {
            let nothing: string | null = null
            Expect.equal (PlainText.interpolated "<%P()>" [| nothing |]) $"<{nothing}>" "the text"
        }
    ]

let private structured =
    test "records and cases of unions in trimmed programs" {
        let texts =
            [
                PlainText.structured null [| "Stride"; "Groups" |] [| [ 1; 2 ]; 3 |]
                PlainText.structured "Maximise" [||] [||]
                PlainText.structured "Median" [| "trials"; "epochs" |] [| 3; 1.5 |]
                PlainText.structured "Named" [| "Item" |] [| "x" |]
            ]

        let expected = [ "{ Stride = [1; 2]; Groups = 3 }"; "Maximise"; "Median (3, 1.5)"; "Named \"x\"" ]

        Expect.equal texts expected "the texts"
    }

let private deferred =
    [
        law "sequences are those of Seq.init" (fun (n: FsCheck.NonNegativeInt) ->
            List.ofSeq (Deferred.init n.Get (fun i -> i * i)) = List.ofSeq (Seq.init n.Get (fun i -> i * i))
            && List.ofSeq (Seq.truncate n.Get (Deferred.initInfinite string)) =
                List.ofSeq (Seq.truncate n.Get (Seq.initInfinite string)))
        test "a deferred value is made once" {
            let made = ref 0

            let count =
                Func<int>(fun () ->
                    made.Value <- made.Value + 1
                    made.Value)

            let value = Deferred.lazily count.Invoke

            Expect.equal
                (made.Value, value.Value + value.Value, made.Value)
                (0, 2, 1)
                "before, twice the value, after"
        }
        test "a count below 0 is refused" {
            Expect.throwsT<ArgumentException>
                (fun () -> Deferred.init -1 id |> Seq.length |> ignore)
                "the error"
        }
    ]

let tests = testList "PlainText" (asFSharp @ [ structured ] @ deferred)
