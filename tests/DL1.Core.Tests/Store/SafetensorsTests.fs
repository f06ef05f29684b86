/// The safetensors format.
module DL1.Tests.SafetensorsTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.Hostile
open Expecto

/// A file with a header and data of one's own.
let private file (header: string) (data: int list) =
    let bytes = Encoding.UTF8.GetBytes header
    Array.concat [ BitConverter.GetBytes(uint64 bytes.Length); bytes; Array.ofList (List.map byte data) ]

let private read bytes = Safetensors.ofBytes bytes |> fst
let private whole = Safetensors.toBytes (Map [ "made by", "DL1" ]) samples

let private one dtype shape offsets =
    $"""{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"""

let tests =
    testList
        "Safetensors"
        [
            Law.law "save then load is the identity" (fun (seed: int) ->
                let tree = treeOf seed
                let texts = Map [ "seed", string seed; "ñ", "\"quoted\" \n" ]
                let found, foundTexts = Safetensors.ofBytes (Safetensors.toBytes texts tree)
                sameTree found tree && foundTexts = texts)
            test "the bytes are the format's" {
                let header = """{"w":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}"""
                let padded = header.PadRight 56
                let tree = Tree.ofList [ "w", Tensor.vector [ 7 ] ]
                Expect.equal (Safetensors.toBytes Map.empty tree) (file padded [ 7; 0; 0; 0 ]) ""
            }
            test "each tensor lies at a multiple of its element's size" {
                let tree =
                    Tree.ofList [ "a", Tensor.Of [| true |]; "b", Tensor.scalar 2.0; "c", Tensor.scalar 1f ]

                let bytes = Safetensors.toBytes Map.empty tree
                let header = Encoding.UTF8.GetString(bytes, 8, int (BitConverter.ToUInt64(bytes, 0)))
                Expect.equal (bytes.Length - header.Length) (8 + 13) "no gap"
                Expect.equal (header.Length % 8) 0 "the header is padded"

                Expect.stringContains
                    header
                    "\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}"
                    "first"

                Expect.stringContains
                    header
                    "\"c\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]}"
                    "second"
            }
            test "files are written and read, with their texts" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "model.safetensors")
                    Safetensors.write path samples
                    Expect.isTrue (sameTree (Safetensors.read path) samples) "tensors"
                    Safetensors.writeWith (Map [ "made by", "DL1" ]) path samples
                    Expect.equal (snd (Safetensors.readWith path)) (Map [ "made by", "DL1" ]) "texts")
            }
            test "other types are widened" {
                let value dtype offsets data =
                    read (file (one dtype "[1]" offsets) data) |> Tree.values |> List.head |> string

                Expect.equal (value "F16" "[0,2]" [ 0; 0x3e ]) "f32 [1]\n[1.5]" "f16"
                Expect.equal (value "BF16" "[0,2]" [ 0x40; 0x40 ]) "f32 [1]\n[3]" "bf16"
                Expect.equal (value "U8" "[0,1]" [ 255 ]) "i32 [1]\n[255]" "u8"
                Expect.equal (value "I8" "[0,1]" [ 255 ]) "i32 [1]\n[-1]" "i8"
            }
            testList
                "what does not fit is refused by name"
                [
                    let four = [ 0; 0; 0; 0 ]

                    let cases =
                        [
                            "no length", Array.create 7 1uy, "a file of 7 bytes"
                            "a header beyond the file",
                            Array.concat [ BitConverter.GetBytes 99UL; whole ],
                            "header"
                            "a length near 2⁶³",
                            BitConverter.GetBytes(uint64 Int64.MaxValue),
                            "9223372036854775807"
                            "a length near 2⁶⁴", BitConverter.GetBytes UInt64.MaxValue, "18446744073709551615"
                            "bad JSON", file "{\"w\":" [], "no JSON object"
                            "bad UTF-8",
                            file "{}" [] |> Array.mapi (fun i b -> if i = 8 then 0xFFuy else b),
                            "no JSON"
                            "a list", file "[]" [], "Array for the header"
                            "a number", file """{"w":1}""" [], "Number for w"
                            "no name",
                            file (one "F32" "[1]" "[0,4]" |> _.Replace("\"w\"", "\"\"")) four,
                            "without a name"
                            "no shape", file """{"w":{"dtype":"F32"}}""" [], "no shape for w"
                            "an unknown type", file (one "C64" "[1]" "[0,8]") (four @ four), "the type 'C64'"
                            "a type's size", file (one "F64" "[1]" "[0,4]") four, "the offsets [0, 4] of w"
                            "offsets turned", file (one "F32" "[1]" "[4,0]") four, "the offsets [4, 0]"
                            "one offset", file (one "F32" "[1]" "[0]") four, "the offsets [0]"
                            "offsets beyond the data", file (one "F32" "[2]" "[0,8]") four, "4 bytes of data"
                            "data left over", file (one "F32" "[1]" "[0,4]") (0 :: four), "5 bytes of data"
                            "a gap", file (one "F32" "[1]" "[1,5]") (0 :: four), "w from byte 1"
                            "a negative extent", file (one "F32" "[-1]" "[0,4]") four, "the number -1"
                            "a fraction", file (one "F32" "[1.5]" "[0,4]") four, "the number 1.5"
                            "not a number", file (one "F32" "[NaN]" "[0,4]") four, "no JSON"
                            "an extent near 2⁶³",
                            file (one "F32" "[9223372036854775807]" "[0,4]") four,
                            "shape [9223372036854775807]"
                            "a product beyond 2⁶³",
                            file (one "F32" "[2147483647,2147483647,2147483647]" "[0,4]") four,
                            "shape [2147483647"
                            "an extent beyond 2⁶³",
                            file (one "F32" "[9223372036854775808]" "[0,4]") four,
                            "the number"
                            "two of a name",
                            file
                                """{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"""
                                [],
                            "no JSON object"
                            "overlap",
                            file
                                """{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"""
                                four,
                            "w from byte 0"
                            "a truth value of 2", file (one "BOOL" "[1]" "[0,1]") [ 2 ], "the byte 2"
                            "texts that are numbers", file """{"__metadata__":{"a":1}}""" [], "Number for a"
                            "deep nesting", file (String('[', 1000)) [], "no JSON object"
                        ]

                    for name, bytes, what in cases do
                        test name { refuses what read bytes }
                ]
            test "fit takes a model's own tensors, and nothing else" {
                let model = Tree.ofList [ "w", Tensor.zeros DType.F32 [ 2 ]; "n", Tensor.scalar 1L ]
                let found = Tree.ofList [ "n", Tensor.scalar 5L; "w", Tensor.vector [ 1.0; 2.0 ] ]
                let expected = Tree.ofList [ "w", Tensor.vector [ 1f; 2f ]; "n", Tensor.scalar 5L ]
                Expect.equal (Safetensors.fit model found) expected "in the model's order and types"

                let refused (what: string) changes =
                    let e = formatError (fun () -> Safetensors.fit model changes)
                    Expect.stringContains e.Given what ""

                refused
                    "w whose numbers are not all finite"
                    (Tree.replace found (Tree.ofList [ "w", Tensor.vector [ nan; 1.0 ] ]))

                refused
                    "of another shape: w [3] in place of [2]"
                    (Tree.replace found (Tree.ofList [ "w", Tensor.vector [ 1f; 2f; 3f ] ]))

                refused
                    "of another type: n f32 in place of"
                    (Tree.replace found (Tree.ofList [ "n", Tensor.scalar 1f ]))

                refused "missing: n []" (Tree.filter (fun p -> p = "w") found)

                refused
                    "which the model does not have: v"
                    (Tree.append found (Tree.ofList [ "v", Tensor.scalar 1f ]))
            }
            test "the format's own name is refused for a tensor" {
                let tree = Tree.ofList [ "__metadata__", Tensor.scalar 1f ]
                Expect.throwsT<DomainError> (fun () -> Safetensors.toBytes Map.empty tree |> ignore) ""
            }
            test "10,000 damaged files" { survives 10_000 (read >> ignore) [ whole ] }
        ]
