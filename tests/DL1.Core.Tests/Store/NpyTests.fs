/// NumPy's files.
module DL1.Tests.NpyTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.Hostile
open Expecto

/// A file with a header and data of one's own.
let private file (header: string) (data: int list) =
    let text = header + "\n"

    Array.concat
        [
            [| 0x93uy |]
            Encoding.ASCII.GetBytes "NUMPY"
            [| 1uy; 0uy |]
            BitConverter.GetBytes(uint16 text.Length)
            Encoding.ASCII.GetBytes text
            Array.ofList (List.map byte data)
        ]

let private dict descr order shape = $"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"

let private whole = Npy.toBytes samples["0.weight"]
let private archive = Npy.allToBytes samples

let tests =
    testList
        "Npy"
        [
            Law.law "save then load is the identity" (fun (seed: int) ->
                let tree = treeOf seed

                sameTree (Npy.allOfBytes (Npy.allToBytes tree)) tree
                && Tree.values tree |> List.forall (fun t -> Tensor.sameBits (Npy.ofBytes (Npy.toBytes t)) t))
            test "the bytes are NumPy's" {
                // numpy.save of numpy.array([1, 2], dtype='<i4').
                let text = dict "<i4" "False" "(2,)"
                let expected = file (text.PadRight(128 - 11)) [ 1; 0; 0; 0; 2; 0; 0; 0 ]
                Expect.equal (Npy.toBytes (Tensor.vector [ 1; 2 ])) expected ""
                Expect.equal (whole.Length % 64) 48 "the data begin at a multiple of 64"
            }
            test "columns first become rows first" {
                Expect.equal
                    (Npy.ofBytes (file (dict "|u1" "True" "(2, 3)") [ 1; 2; 3; 4; 5; 6 ]))
                    (Tensor.ofArray [ 2; 3 ] [| 1; 3; 5; 2; 4; 6 |])
                    "matrix"

                let cube = Npy.ofBytes (file (dict "|i1" "True" "(2, 3, 2)") [ 0..11 ])
                Expect.equal cube[1, 2, 1] 11.0 "the last"
                Expect.equal cube[1, 0, 0] 1.0 "the second in the file"
                Expect.equal cube[0, 1, 0] 2.0 "the third"
                Expect.equal cube[0, 0, 1] 6.0 "the seventh"
            }
            test "other types are widened, other ends turned" {
                let read descr data = Npy.ofBytes (file (dict descr "False" "(1,)") data) |> string
                Expect.equal (read "<f2" [ 0; 0x3e ]) "f32 [1]\n[1.5]" "f2"
                Expect.equal (read ">f4" [ 0x3f; 0x80; 0; 0 ]) "f32 [1]\n[1]" "big f4"
                Expect.equal (read ">i8" [ 0; 0; 0; 0; 0; 0; 1; 2 ]) "i64 [1]\n[258]" "big i8"
                Expect.equal (read "<u2" [ 255; 255 ]) "i32 [1]\n[65535]" "u2"
                Expect.equal (read "<i2" [ 255; 255 ]) "i32 [1]\n[-1]" "i2"
                Expect.equal (read "<u4" [ 255; 255; 255; 255 ]) "i64 [1]\n[4294967295]" "u4"
                Expect.equal (read "|b1" [ 1 ]) "bool [1]\n[true]" "b1"
            }
            test "headers as NumPy reads them" {
                // Each was read by numpy.load: Python 2's whole numbers and texts, double quotes, no byte order, names of types.
                let one = [ 0; 0; 0x80; 0x3f ]

                for header in
                    [
                        "{'descr': '<f4', 'fortran_order': False, 'shape': (1L,), }"
                        "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (1,)}"
                        "{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }"
                        "{'descr': 'float32', 'fortran_order': False, 'shape': (1,), }"
                        "{'descr': 'f', 'fortran_order': False, 'shape': (1,), }"
                        "{'descr': '=f4', 'fortran_order': False, 'shape': (1,), }"
                        "{u'descr': u'<f4', 'fortran_order': False, u'shape': (1L,), }"
                        "{  'shape' : ( 1 , ) , 'fortran_order' : False , 'descr' : '<f4' }   "
                    ] do
                    Expect.equal (string (Npy.ofBytes (file header one))) "f32 [1]\n[1]" header

                let typed descr data = Npy.ofBytes (file (dict descr "False" "(1,)") data) |> string
                Expect.equal (typed "int64" [ 2; 0; 0; 0; 0; 0; 0; 0 ]) "i64 [1]\n[2]" "int64"
                Expect.equal (typed "?" [ 1 ]) "bool [1]\n[true]" "?"
                Expect.equal (typed "bool" [ 1 ]) "bool [1]\n[true]" "bool"
                Expect.equal (typed "uint8" [ 200 ]) "i32 [1]\n[200]" "uint8"
                Expect.equal (typed "d" [ 0; 0; 0; 0; 0; 0; 0xf0; 0x3f ]) "f64 [1]\n[1]" "d"
                Expect.equal (typed "f2" [ 0; 0x3e ]) "f32 [1]\n[1.5]" "f2"
                refuses "the type 'x4'" Npy.ofBytes (file (dict "x4" "False" "(1,)") one)
                refuses "a text that never ends" Npy.ofBytes (file "{'descr\": 1}" one)
            }
            test "files are written and read" {
                inFolder (fun folder ->
                    let one, all = Path.Combine(folder, "a.npy"), Path.Combine(folder, "a.npz")
                    Npy.write one samples["0.weight"]
                    Npy.writeAll all samples
                    Expect.isTrue (Tensor.sameBits (Npy.read one) samples["0.weight"]) "npy"
                    Expect.isTrue (sameTree (Npy.readAll all) samples) "npz")
            }
            test "what does not fit is refused by name" {
                let refusesHeader (what: string) header =
                    refuses what Npy.ofBytes (file header [ 0; 0; 0; 0 ])

                refusesHeader "the type 'O8'" (dict "O8" "False" "(1,)") |> ignore

                refusesHeader
                    "several fields"
                    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"

                refusesHeader "of shape [9223372036854775807" (dict "<f4" "False" "(9223372036854775807,)")
                refusesHeader "as an extent" (dict "<f4" "False" "(92233720368547758070,)")
                refusesHeader "4 bytes of data" (dict "<f4" "False" "(2,)")
                refusesHeader "4 bytes of data" (dict "<f4" "False" "(0,)")
                refusesHeader "'maybe' as fortran_order" (dict "<f4" "maybe" "(1,)")
                refusesHeader "lacks something" "{'descr': '<f4', }"
                refusesHeader "the key 'descr' twice" "{'descr': '<f4', 'descr': '<f4', }"
                refusesHeader "the key 'x'" "{'x': 1}"
                refuses "does not begin" Npy.ofBytes (Array.create 20 7uy)
                refuses "version 9" Npy.ofBytes (whole |> Array.mapi (fun i b -> if i = 6 then 9uy else b))
                refuses "are announced" Npy.ofBytes (Array.truncate 9 whole)
                refuses "an npy file" Npy.allOfBytes whole
            }
            test "10,000 damaged files" {
                survives
                    10_000
                    (Npy.ofBytes >> ignore)
                    [ whole; file (dict "<f4" "True" "(1, 1)") [ 0; 0; 0; 0 ] ]
            }
            test "10,000 damaged archives" { survives 10_000 (Npy.allOfBytes >> ignore) [ archive ] }
        ]
