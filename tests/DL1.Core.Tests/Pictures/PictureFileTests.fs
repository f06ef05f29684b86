/// Pictures as files, shown by the system's program.
module DL1.Tests.PictureFileTests

open System
open System.ComponentModel
open System.IO
open DL1
open DL1.Pictures
open Expecto

let tests =
    testList
        "PictureFile"
        [
            test "a picture is written and then opened" {
                let mutable opened = ""
                let path = PictureFile.showBy (fun path -> opened <- path) "Plot.Show" "<svg/>"
                Expect.equal opened path "the path"
                Expect.equal (File.ReadAllText path) "<svg/>" "the picture"
                Expect.equal (Path.GetExtension path) ".svg" "by its ending"
                File.Delete path
            }
            test "where no program opens pictures the error names the file, which is there" {
                let failures: exn list = [ Win32Exception 2; PlatformNotSupportedException() ]

                for failure in failures do
                    let mutable tried = ""

                    let start path =
                        tried <- path
                        raise failure

                    let error =
                        Expect.throwsC (fun () -> PictureFile.showBy start "Plot.Show" "<svg/>" |> ignore) id

                    match error with
                    | :? DomainError as error ->
                        Expect.equal error.Operation "Plot.Show" "operation"
                        Expect.stringContains error.Given tried "the file"
                        Expect.equal (File.ReadAllText tried) "<svg/>" "the picture"
                        File.Delete tried
                    | other -> failtest $"{other}"
            }
            test "a name that ends otherwise, and a folder that is not there, are refused" {
                let plot = Plot.titled "Loss"

                let refused path =
                    match Expect.throwsC (fun () -> Plot.save path plot) id with
                    | :? DomainError as error -> error.Given
                    | other -> failtest $"{other}"

                Expect.stringContains (refused "loss.bmp") "loss.bmp" "ending"
                let away = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString "N", "loss.svg")
                Expect.stringContains (refused away) away "folder"
            }
        ]
