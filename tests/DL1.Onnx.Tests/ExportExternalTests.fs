/// Files whose large parameters stand in a file beside the model: read back here and by ONNX Runtime.
module DL1.Tests.ExportExternalTests

open System
open System.IO
open DL1
open DL1.Onnx
open Expecto

let private network = Dense.linear 40 => Activation.tanh => Dense.linear 3

let private x = Key.normal 0.0 1.0 DType.F32 [ 5; 30 ] (Key.ofSeed 1L)

let private trained seed =
    let parameters, state = Layer.init (Key.ofSeed seed) (Expr.constant x) network
    Trained.create network parameters state

let private bytesOf (trained: Trained) = OnnxExport.toBytesWith x id (fun y -> [ "output", y ]) trained

let private inFolder (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory().FullName

    try
        run folder
    finally
        Directory.Delete(folder, true)

let private filesIn (folder: string) =
    Directory.GetFiles folder |> Array.map (fun path -> string (Path.GetFileName path)) |> Array.sort

/// Where the parameters of a file stand, by name; nothing for those inside.
let private placesOf (path: string) =
    [
        for t in (Onnx.read path).Model.Graph.Initializers do
            match t.Bytes with
            | TensorBytes.External place -> t.Name, Some place
            | TensorBytes.Raw _
            | TensorBytes.Fields _ -> t.Name, None
    ]

let private isReadBack (path: string) (model: Trained) =
    let expected = Trained.predict x model
    let own = (Onnx.import [] (Onnx.read path)).Run([ "inputs", x ])["output"]
    Expect.isTrue (ExportJudge.close 1e-6 expected own) "the outputs by the importer"

    for name, t in Tree.toList (Onnx.read path).Parameters do
        Expect.isTrue (Tensor.sameBits t model.Parameters[name]) $"the bits of {name}"

    use other = new ExportJudge.Loaded(path)
    let found = other.Run [ "inputs", x ] |> List.head |> snd
    Expect.isTrue (ExportJudge.close 1e-5 expected found) "the outputs by ONNX Runtime"

/// Copies a message, and lets a function write more fields of it, or of messages in it.
let rec private extended
    (more: int list -> WireWriter -> unit)
    (place: int list)
    (message: WireSpan)
    (w: WireWriter)
    =
    let reader = WireReader message

    Wire.fields reader (fun field wire ->
        match wire with
        | WireType.Bytes when (place = [] && field = 7) || (place = [ 7 ] && field = 5) ->
            let inner = reader.Span()
            w.Message(field, extended more (field :: place) inner)
        | WireType.Bytes -> w.Bytes(field, reader.Bytes())
        | WireType.Varint -> w.Int64(field, int64 (reader.Varint()))
        | WireType.Fixed32 -> w.Single(field, BitConverter.UInt32BitsToSingle(reader.Fixed32()))
        | WireType.Fixed64 -> w.Double(field, BitConverter.UInt64BitsToDouble(reader.Fixed64()))

        true)

    more place w

let private whole (bytes: byte[]) : WireSpan =
    { Source = MemorySource(ReadOnlyMemory bytes); Offset = 0; Length = bytes.Length }

/// A model with a description and a version, its graph with the shape of a value, its initializers with descriptions; a field
/// that no standard has is 8 bytes long.
let private annotated (bytes: byte[]) =
    let more place (w: WireWriter) =
        match place with
        | [] ->
            w.Int64(5, 7L)
            w.Text(6, "made elsewhere")
        | [ 7 ] ->
            w.Message(
                13,
                fun w ->
                    w.Text(1, "hidden")
                    w.Message(2, (fun w -> w.Message(1, (fun w -> w.Int64(1, 1L)))))
            )

            w.Double(300, 0.1)
        | _ -> w.Text(12, "a weight")

    let w = WireWriter()
    extended more [] (whole bytes) w
    w.ToMemory().ToArray()

/// What `annotated` adds, as a file has it.
let private notes (bytes: byte[]) =
    let found = ResizeArray()

    let rec look (place: int list) (message: WireSpan) =
        let reader = WireReader message

        Wire.fields reader (fun field wire ->
            match place, field, wire with
            | [], 7, _
            | [ 7 ], 5, _ ->
                look (field :: place) (reader.Span())
                true
            | [], 5, WireType.Varint ->
                found.Add(string (reader.Varint()))
                true
            | [ 7 ], 300, WireType.Fixed64 ->
                found.Add(string (reader.Fixed64()))
                true
            | [], 6, WireType.Bytes
            | [ 7 ], 13, WireType.Bytes
            | [ 5; 7 ], 12, WireType.Bytes ->
                found.Add(Convert.ToHexString((reader.Bytes()).Span))
                true
            | _ -> false)

    look [] (whole bytes)
    Expect.isGreaterThan found.Count 4 "all of them are there"
    List.ofSeq found

let tests =
    testList
        "ExportExternal"
        [
            test "large parameters stand beside the model, small ones inside" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "m.onnx")
                    let model = trained 2L
                    OnnxExport.writeExternal path 1024L (bytesOf model)
                    isReadBack path model
                    let data = filesIn folder |> Array.filter (fun name -> name.EndsWith ".data")
                    Expect.equal data.Length 1 "one file of data"
                    Expect.equal (filesIn folder).Length 2 "and the model"

                    for name, place in placesOf path do
                        match place with
                        | Some place ->
                            Expect.equal (name, place.Location) ("0.weight", data[0]) "the large one"
                            Expect.equal place.Length (Some 4800L) "its bytes"
                        | None -> Expect.notEqual name "0.weight" "the others")
            }

            test "parameters begin at multiples of 64 bytes, one after the other" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "m.onnx")
                    let model = trained 2L
                    OnnxExport.writeExternal path 1L (bytesOf model)
                    isReadBack path model

                    let places =
                        placesOf path
                        |> List.choose snd
                        |> List.map (fun place -> place.Offset, place.Length |> Option.defaultValue 0L)
                        |> List.sort

                    for (start, length), (next, _) in List.pairwise places do
                        Expect.isGreaterThanOrEqual next (start + length) "no overlap"
                        Expect.isLessThan next (start + length + 64L) "no gap"
                        Expect.equal (next % 64L) 0L "aligned")
            }

            test "the same model is the same files, and another one replaces both" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "m.onnx")
                    File.WriteAllText(Path.Combine(folder, "m.onnx.notes.data"), "mine")
                    OnnxExport.writeExternal path 1024L (bytesOf (trained 2L))
                    let first = filesIn folder, File.ReadAllBytes path
                    OnnxExport.writeExternal path 1024L (bytesOf (trained 2L))
                    Expect.equal (filesIn folder, File.ReadAllBytes path) first "the same"
                    OnnxExport.writeExternal path 1024L (bytesOf (trained 3L))
                    isReadBack path (trained 3L)
                    Expect.equal (filesIn folder).Length 3 "no data of the model before"
                    Expect.contains (filesIn folder) "m.onnx.notes.data" "files of others stay"
                    OnnxExport.writeExternal path 1000000L (bytesOf (trained 2L))
                    isReadBack path (trained 2L)
                    Expect.equal (filesIn folder) [| "m.onnx"; "m.onnx.notes.data" |] "all inside")
            }

            test "a model whose elements stand in a file already is refused, and keeps them" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "m.onnx")
                    OnnxExport.writeExternal path 1024L (bytesOf (trained 2L))
                    let files = filesIn folder

                    for other in [ path; Path.Combine(folder, "other.onnx") ] do
                        for atLeast in [ 1L; 1024L; 1000000L ] do
                            Expect.throwsT<DomainError>
                                (fun () -> OnnxExport.writeExternal other atLeast (File.ReadAllBytes path))
                                "its elements are elsewhere"

                    Expect.equal (filesIn folder) files "nothing is written or removed"
                    isReadBack path (trained 2L))
            }

            test "what a model of others says beside its graph stays" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "m.onnx")
                    let source = annotated (bytesOf (trained 2L))
                    OnnxExport.writeExternal path 1000000L source
                    Expect.equal (File.ReadAllBytes path) source "nothing is outside: the same bytes"
                    OnnxExport.writeExternal path 1024L source
                    isReadBack path (trained 2L)
                    Expect.equal (filesIn folder).Length 2 "the model and its data"

                    Expect.equal
                        (notes (File.ReadAllBytes path))
                        (notes source)
                        "values, descriptions and numbers of others")
            }

            test "data of a model that cannot be written is removed, unless it was there before" {
                inFolder (fun folder ->
                    let data = Path.Combine(folder, "data")

                    let fails () =
                        Expect.throwsT<DomainError>
                            (fun () ->
                                ModelFile.writeBoth
                                    data
                                    (fun () -> File.WriteAllText(data, "new"))
                                    (Path.Combine(folder, "none", "m.onnx"))
                                    [| 1uy |])
                            "a folder that is not there"

                    fails ()
                    Expect.equal (filesIn folder) [||] "no data is left"
                    File.WriteAllText(data, "used by the model that is there")
                    fails ()
                    Expect.equal (filesIn folder) [| "data" |] "that of the model before stays")
            }

            test "what is too large for one file goes to two" {
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "m.onnx")
                    let model = trained 2L
                    ModelFile.writeWithin 5000L path (ReadModel.model (ReadOnlyMemory(bytesOf model)))
                    isReadBack path model
                    Expect.equal (filesIn folder).Length 2 "the model and its data")
            }

            test "no folder, no sense" {
                let write (path: string) atLeast () =
                    OnnxExport.writeExternal path atLeast (bytesOf (trained 2L))

                inFolder (fun folder ->
                    Expect.throwsT<DomainError>
                        (write (Path.Combine(folder, "none", "m.onnx")) 1L)
                        "a folder that is not there"

                    Expect.throwsT<DomainError> (write (Path.Combine(folder, "m.onnx")) 0L) "0 bytes"
                    Expect.isEmpty (filesIn folder) "nothing is written")
            }
        ]
