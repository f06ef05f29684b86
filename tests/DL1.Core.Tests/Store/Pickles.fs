/// Files of torch.save by their parts.
module DL1.Tests.Pickles

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Weighing

let read bytes = PyTorch.ofBytes bytes |> fst
let fixtureBytes name = File.ReadAllBytes(fixture name)

/// An archive with a pickle of one's own, and storages.
let archive (pickle: byte[]) (storages: byte[] list) =
    use memory = new MemoryStream()

    StoredZipWriter.write
        StoredZipWriter.limit
        [
            "archive/data.pkl", (fun s -> s.Write(ReadOnlySpan pickle))
            for i, storage in List.indexed storages do
                $"archive/data/%d{i}", (fun s -> s.Write(ReadOnlySpan storage))
        ]
        memory

    memory.ToArray()

let utf8 (text: string) = Encoding.UTF8.GetBytes text
let globalOf (name: string) = utf8 ("c" + name.Replace(' ', '\n') + "\n")
let text (s: string) = Array.concat [ "X"B; BitConverter.GetBytes(utf8(s).Length); utf8 s ]
let whole (n: int) = Array.concat [ "J"B; BitConverter.GetBytes n ]
let tuple (items: byte[] list) = Array.concat [ "("B; Array.concat items; "t"B ]

let storage kind length =
    Array.concat [ tuple [ text "storage"; globalOf kind; text "0"; text "cpu"; whole length ]; "Q"B ]

/// A tensor of f32 by its parts.
let view length offset (size: int list) (stride: int list) =
    Array.concat
        [
            globalOf "torch._utils _rebuild_tensor_v2"
            tuple
                [
                    storage "torch FloatStorage" length
                    whole offset
                    tuple (List.map whole size)
                    tuple (List.map whole stride)
                    [| 0x89uy |]
                    "N"B
                ]
            "R"B
        ]

let pickle (parts: byte[] list) = Array.concat [ [| 0x80uy; 2uy |]; Array.concat parts; "."B ]

/// A dictionary with one value.
let named value = pickle [ "}"B; text "w"; value; "s"B ]

let sixFloats =
    [| 0f; 1f; 2f; 3f; 4f; 5f |] |> Array.collect (fun (x: float32) -> BitConverter.GetBytes x)

let one value = archive (named value) [ sixFloats ]
let samplesFile = PyTorch.toBytes samples
