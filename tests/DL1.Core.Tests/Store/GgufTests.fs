/// GGUF, the format of llama.cpp.
module DL1.Tests.GgufTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Weighing
open Expecto

let private read (bytes: byte[]) = Gguf.ofBytes bytes |> fst
let private whole = File.ReadAllBytes(fixture "model.gguf")
let private isRead (name: string) = name <> "unread"

let private u32 (n: uint32) = BitConverter.GetBytes n
let private u64 (n: uint64) = BitConverter.GetBytes n
let private text (s: string) = Array.append (u64 (uint64 s.Length)) (Encoding.ASCII.GetBytes s)

/// A file with values and tensors by their parts, whose data begin at the next multiple of 32.
let private file (values: byte[] list) (tensors: byte[] list) (data: byte[]) =
    let head =
        Array.concat
            [
                "GGUF"B
                u32 3u
                u64 (uint64 tensors.Length)
                u64 (uint64 values.Length)
                Array.concat values
                Array.concat tensors
            ]

    Array.concat [ head; Array.zeroCreate ((32 - head.Length % 32) % 32); data ]

let private entry name (dims: uint64 list) kind (place: uint64) =
    Array.concat
        [ text name; u32 (uint32 dims.Length); Array.collect u64 (Array.ofList dims); u32 kind; u64 place ]

let private eight = [| 1f; 2f |] |> Array.collect (fun (x: float32) -> BitConverter.GetBytes x)

let tests =
    testList
        "Gguf"
        [
            test "plain numbers and blocks are those of ggml's loops" {
                let found = Gguf.readSome isRead (fixture "model.gguf")
                isAsNumPySays "gguf.npz" found
            }
            test "values about the model, lists as JSON" {
                let tensors, texts = Gguf.ofBytes (file [] [ entry "w" [ 2UL ] 0u 0UL ] eight)
                Expect.equal (string tensors) "w: f32 [2]\n[1 2]" ""
                Expect.isEmpty texts ""
                // Of the fixture no tensor can be left out by `readWith`, which refuses the one that is not read.
                let e = formatError (fun () -> Gguf.readWith (fixture "model.gguf"))
                Expect.stringContains e.Given "the type Q2_K of unread" ""
                use stream = new MemoryStream(whole)
                let _, texts = GgufHeader.read stream

                let expected =
                    [
                        "big", "9223372036854775808"
                        "general.alignment", "64"
                        "general.architecture", "llama"
                        "nested", "[[-1,7]]"
                        "scale", "0.5"
                        "scores", "[1.5,\"Infinity\"]"
                        "small", "-1"
                        "tokens", "[\"a\",\"\\u0022\\u00F1\\n\",\"\"]"
                        "wide", "1E-05"
                        "yes", "true"
                    ]

                Expect.equal (Map.toList texts) expected ""
            }
            test "contents are told without reading numbers, and shapes are PyTorch's" {
                let contents = Gguf.contents (fixture "model.gguf")
                Expect.equal (string contents["q4_k"]) "Q4_K [3, 512]" ""
                Expect.equal (string contents["unread"]) "Q2_K [256]" ""
                Expect.equal (string contents["brain"]) "BF16 [3, 2]" ""
            }
            test "other whole numbers" {
                let bytes =
                    file
                        []
                        [ entry "w" [ 2UL ] 25u 0UL; entry "v" [] 27u 32UL ]
                        (Array.concat [ [| 255uy; 255uy; 1uy; 0uy |]; Array.zeroCreate 28; u64 7UL ])

                Expect.equal
                    (read bytes)
                    (Tree.ofList [ "w", Tensor.vector [ -1; 1 ]; "v", Tensor.scalar 7L ])
                    ""
            }
            testList
                "what is refused"
                [
                    let w = entry "w" [ 2UL ] 0u 0UL

                    let cases =
                        [
                            "nothing", [||], "an end inside the first bytes"
                            "another format",
                            Array.append "GGML"B (Array.zeroCreate 40),
                            "does not begin with GGUF"
                            "a file of NumPy", Npy.toBytes (Tensor.scalar 1f), "an npy file"
                            "the big end first",
                            Array.concat [ "GGUF"B; [| 0uy; 0uy; 0uy; 3uy |]; Array.zeroCreate 40 ],
                            "the big end first"
                            "version 1",
                            Array.concat [ "GGUF"B; u32 1u; Array.zeroCreate 40 ],
                            "version 1 of GGUF"
                            "tensors beyond the file",
                            Array.concat [ "GGUF"B; u32 3u; u64 99UL; u64 0UL ],
                            "the number of tensors 99"
                            "values near 2⁶⁴",
                            Array.concat [ "GGUF"B; u32 3u; u64 0UL; u64 UInt64.MaxValue ],
                            "the number of values 18446744073709551615"
                            "a text beyond the file",
                            file [ Array.append (u64 1000UL) (Array.zeroCreate 20) ] [] [||],
                            "the length of the name of a value 1000"
                            "an unknown type of value",
                            file [ Array.concat [ text "v"; u32 99u; u64 0UL ] ] [] [||],
                            "the type 99 of v"
                            "a list without end",
                            file [ Array.concat [ text "v"; u32 9u; u32 4u; u64 1000UL ] ] [] [||],
                            "the number of values in v 1000"
                            "lists inside one another",
                            file
                                [
                                    Array.concat
                                        [
                                            text "v"
                                            u32 9u
                                            Array.concat (List.replicate 20 (Array.append (u32 9u) (u64 1UL)))
                                        ]
                                ]
                                []
                                (Array.zeroCreate 100),
                            "lists inside one another in v"
                            "two values of a name",
                            file
                                [
                                    Array.concat [ text "v"; u32 0u; [| 1uy |] ]
                                    Array.concat [ text "v"; u32 0u; [| 1uy |] ]
                                ]
                                []
                                [||],
                            "two values named v"
                            "an alignment of 3",
                            file [ Array.concat [ text "general.alignment"; u32 4u; u32 3u ] ] [ w ] eight,
                            "an alignment of 3"
                            "two tensors of a name",
                            file [] [ w; entry "w" [ 2UL ] 0u 32UL ] (Array.zeroCreate 40),
                            "the name 'w'"
                            "a tensor beyond the file",
                            file [] [ entry "w" [ 2UL ] 0u 32UL ] eight,
                            "w of 8 bytes from byte"
                            "a place near 2⁶⁴",
                            file [] [ entry "w" [ 2UL ] 0u (UInt64.MaxValue - 31UL) ] eight,
                            "w at byte 18446744073709551584"
                            "a place between multiples",
                            file [] [ entry "w" [ 2UL ] 0u 4UL ] eight,
                            "w at byte 4"
                            "an extent near 2⁶⁴",
                            file [] [ entry "w" [ UInt64.MaxValue ] 0u 0UL ] eight,
                            "w of shape [9223372036854775807]"
                            "tensors that share bytes",
                            file
                                []
                                [ for i in 0..9 -> entry $"w%d{i}" [ 256UL ] 0u 0UL ]
                                (Array.zeroCreate 1024),
                            "in a file of"
                            "a row that fills no block",
                            file [] [ entry "w" [ 2UL; 16UL ] 8u 0UL ] (Array.zeroCreate 34),
                            "w of Q8_0 [16, 2]"
                            "100 axes",
                            file [] [ entry "w" (List.replicate 100 1UL) 0u 0UL ] eight,
                            "100 axes of w"
                        ]

                    for name, bytes, says in cases do
                        test name { refuses says read bytes }
                ]
            test "a choice of none names what is there" {
                let e = formatError (fun () -> Gguf.readSome (fun n -> n = "blk.0") (fixture "model.gguf"))
                Expect.stringContains e.Expected "token_embd.weight" ""
            }
            test "10,000 damaged files" {
                let some bytes =
                    use stream = new MemoryStream(bytes: byte[])
                    let entries, _ = GgufHeader.read stream
                    ignore entries
                    read bytes |> ignore

                survives
                    10_000
                    some
                    [
                        file
                            [ Array.concat [ text "v"; u32 9u; u32 8u; u64 2UL; text "a"; text "b" ] ]
                            [ entry "w" [ 2UL ] 0u 0UL; entry "q" [ 32UL ] 8u 32UL ]
                            (Array.append eight (Array.zeroCreate 58))
                    ]
            }
        ]
