/// Files that are replaced whole.
module DL1.Tests.AtomicFileTests

open System
open System.IO
open System.Threading
open DL1
open DL1.Tests.Hostile
open Expecto

exception private Stop

let tests =
    testList
        "AtomicFile"
        [
            test "a file is written, then replaced" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "a.bin")
                    AtomicFile.writeBytes path [| 1uy; 2uy |]
                    AtomicFile.writeText path "done"
                    Expect.equal (File.ReadAllText path) "done" "the new content"
                    Expect.equal (Directory.GetFiles folder) [| path |] "nothing else is left")
            }
            test "where writing fails the old file stays" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "a.bin")
                    AtomicFile.writeText path "old"

                    let failing (stream: Stream) =
                        stream.WriteByte 1uy
                        raise Stop

                    Expect.throwsT<Stop> (fun () -> AtomicFile.write path failing) "the error comes through"
                    Expect.equal (File.ReadAllText path) "old" "the old content"
                    Expect.equal (Directory.GetFiles folder) [| path |] "nothing else is left")
            }
            test "what a killed writer left is removed, what a living one writes is not" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "a.bin")
                    let left = Path.Combine(folder, ".a.bin.0123.tmp")
                    File.WriteAllText(left, "part")

                    AtomicFile.write path (fun outer ->
                        outer.WriteByte 1uy
                        AtomicFile.writeText path "inner"
                        outer.WriteByte 2uy)

                    Expect.equal (File.ReadAllBytes path) [| 1uy; 2uy |] "the outer one ended last"
                    Expect.equal (Directory.GetFiles folder) [| path |] "nothing else is left")
            }
            test "without a thread a file is written, then replaced" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "a.bin")
                    AtomicFile.writeText path "an old and longer one"
                    (AtomicFile.writeBytesAsync path [| 1uy; 2uy |] CancellationToken.None).Wait()
                    Expect.equal (File.ReadAllBytes path) [| 1uy; 2uy |] "the new content"
                    Expect.equal (Directory.GetFiles folder) [| path |] "nothing else is left")
            }
            test "where writing without a thread is cancelled the old file stays" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "a.bin")
                    AtomicFile.writeText path "old"
                    let cancelled = CancellationToken true

                    Expect.throwsT<AggregateException>
                        (fun () -> (AtomicFile.writeBytesAsync path [| 1uy |] cancelled).Wait())
                        "cancelled"

                    Expect.equal (File.ReadAllText path) "old" "the old content"
                    Expect.equal (Directory.GetFiles folder) [| path |] "nothing else is left")
            }
            test "a folder is no file" {
                inFolder (fun folder ->
                    Expect.throwsT<DomainError>
                        (fun () -> AtomicFile.writeText (folder + "/") "text")
                        "a path that ends in a slash")
            }
        ]
