/// Checkpoints, and children killed while they write them.
module DL1.Tests.CheckpointTests

open System
open System.Diagnostics
open System.IO
open DL1
open DL1.Tests.Hostile
open Expecto

let private bytesOf step = Checkpoint.toBytes (CheckpointLoop.ofStep step)

let private same (a: Checkpoint) (b: Checkpoint) =
    sameTree a.Parameters b.Parameters
    && sameTree a.State b.State
    && sameTree a.Optimizer b.Optimizer
    && sameTree a.Extra b.Extra
    && a.Key = b.Key
    && a.Step = b.Step
    && a.Notes = b.Notes

/// Starts a child, and kills it a random time after its `lines`th checkpoint.
let private killedAfter (random: Random) (lines: int) (path: string) =
    let start = ProcessStartInfo("dotnet", RedirectStandardOutput = true, UseShellExecute = false)
    start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "DL1.Core.Tests.dll"))
    start.ArgumentList.Add CheckpointLoop.argument
    start.ArgumentList.Add path

    match Process.Start start with
    | null -> failtest "the child did not start"
    | child ->
        use child = child

        for _ in 1..lines do
            if isNull (child.StandardOutput.ReadLine()) then
                failtest "the child ended by itself"

        // Anywhere in the next few checkpoints.
        Threading.Thread.SpinWait(random.Next 2_000_000)
        child.Kill()
        child.WaitForExit()

let tests =
    testList
        "Checkpoint"
        [
            Law.law "save then load is the identity" (fun (seed: int) (step: int64) ->
                let c: Checkpoint =
                    {
                        Parameters = treeOf seed
                        State = treeOf (seed + 1)
                        Optimizer = treeOf (seed + 2)
                        Key = Key.ofSeed step
                        Step = step
                        Extra = treeOf (seed + 3)
                        Notes = Map [ "seed", string seed ]
                    }

                same (Checkpoint.ofBytes (Checkpoint.toBytes c)) c)
            test "files are written and read" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "run.ckpt")
                    Checkpoint.write path (CheckpointLoop.ofStep 3L)
                    Expect.isTrue (same (Checkpoint.read path) (CheckpointLoop.ofStep 3L)) "")
            }
            test "a changed byte of the data is seen" {
                let bytes = bytesOf 3L
                bytes[bytes.Length - 1] <- bytes[bytes.Length - 1] ^^^ 1uy
                refuses "checksum" Checkpoint.ofBytes bytes
            }
            test "another version, and another file, are refused" {
                let text = Text.Encoding.Latin1.GetString(bytesOf 3L)
                let changed = text.Replace("\"dl1.version\":\"1\"", "\"dl1.version\":\"2\"")
                refuses "version '2'" Checkpoint.ofBytes (Text.Encoding.Latin1.GetBytes changed)
                refuses "no checkpoint" Checkpoint.ofBytes (Safetensors.toBytes Map.empty samples)
            }
            test "notes keep off the format's own names" {
                let c = { CheckpointLoop.ofStep 1L with Notes = Map [ "dl1.version", "9" ] }
                Expect.throwsT<DomainError> (fun () -> Checkpoint.toBytes c |> ignore) ""
            }
            test "10,000 damaged files" {
                survives
                    10_000
                    (Checkpoint.ofBytes >> ignore)
                    [ bytesOf 7L; Safetensors.toBytes Map.empty samples ]
            }
            test "50 kills leave a whole file each" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "run.ckpt")
                    let random = Random 7

                    for _ in 1 .. often 50 1000 do
                        killedAfter random (1 + random.Next 3) path
                        let c = Checkpoint.read path
                        Expect.isTrue (same c (CheckpointLoop.ofStep c.Step)) "all of one step"

                    AtomicFile.writeText path "done"
                    Expect.equal (Directory.GetFiles folder) [| path |] "what was left is swept")
            }
        ]
