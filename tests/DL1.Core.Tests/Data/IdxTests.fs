/// The IDX format.
module DL1.Tests.IdxTests

open System.IO
open System.IO.Compression
open DL1
open DL1.Tests.Hostile
open Expecto

let private file (code: int) (dims: int list) (data: int list) =
    let extents = dims |> List.collect (fun d -> [ d >>> 24; d >>> 16; d >>> 8; d ])

    [| 0; 0; code; dims.Length |]
    |> fun head -> Array.concat [ head; Array.ofList extents; Array.ofList data ] |> Array.map byte

let private packed (bytes: byte[]) =
    use memory = new MemoryStream()

    (use gzip = new GZipStream(memory, CompressionLevel.Fastest)
     gzip.Write(bytes, 0, bytes.Length))

    memory.ToArray()

let private images = file 8 [ 2; 2; 3 ] [ 0..11 ]
let private real = file 13 [ 2 ] [ 0x3f; 0x80; 0; 0; 0xc0; 0; 0; 0 ]

let tests =
    testList
        "Idx"
        [
            test "bytes become i32" {
                Expect.equal (Idx.ofBytes images) (Tensor.ofArray [ 2; 2; 3 ] [| 0..11 |]) ""
                Expect.equal (Idx.ofBytes (file 9 [ 2 ] [ 255; 1 ])) (Tensor.vector [ -1; 1 ]) "signed"

                Expect.equal
                    (Idx.ofBytes (file 11 [ 2 ] [ 255; 254; 1; 0 ]))
                    (Tensor.vector [ -2; 256 ])
                    "short"

                Expect.equal (Idx.ofBytes (file 12 [ 1 ] [ 0; 1; 0; 0 ])) (Tensor.vector [ 65536 ]) "int"
            }
            test "floats are big end first" {
                Expect.equal (Idx.ofBytes real) (Tensor.vector [ 1f; -2f ]) "f32"

                Expect.equal
                    (Idx.ofBytes (file 14 [ 1 ] [ 0x40; 0x09; 0x21; 0xfb; 0x54; 0x44; 0x2d; 0x18 ]))
                    (Tensor.vector [ System.Math.PI ])
                    "f64"
            }
            test "a packed file is the same" {
                Expect.equal (Idx.ofBytes (packed images)) (Idx.ofBytes images) ""
            }
            test "files are read" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "images")
                    File.WriteAllBytes(path, packed images)
                    Expect.equal (Idx.read path) (Idx.ofBytes images) ""
                    let missing = Path.Combine(folder, "other")
                    Expect.throwsT<FormatError> (fun () -> Idx.read missing |> ignore) "no file")
            }
            test "what does not fit is refused by name" {
                refuses "11 bytes of data" Idx.ofBytes (Array.truncate (images.Length - 1) images)
                refuses "13 bytes of data" Idx.ofBytes (Array.append images [| 0uy |])
                refuses "the type 0x0A" Idx.ofBytes (file 10 [ 1 ] [ 1 ])
                refuses "begins with the bytes 1 and 0" Idx.ofBytes (Array.append [| 1uy |] images)
                refuses "of shape" Idx.ofBytes (file 8 [ -1; -1; -1 ] [])
                refuses "0 bytes" Idx.ofBytes [||]
            }
            test "10,000 damaged files" {
                survives 10_000 (Idx.ofBytes >> ignore) [ images; real; packed images; file 8 [ 5 ] [ 1..5 ] ]
            }
        ]
