// What every package must hold: looks into the packages of a folder, and fails with a line for each thing that is wrong.
open System
open System.IO
open System.IO.Compression
open System.Text
open System.Xml.Linq

let folder, version, address =
    match fsi.CommandLineArgs with
    | [| _; folder; version; address |] -> folder, version, address
    | _ ->
        eprintfn "packages.fsx FOLDER VERSION ADDRESS, the address of the sources, which may be empty"
        exit 2

/// The packages that each may depend on, of our own and of others.
let packages =
    [
        "DL1.Core", [ "FSharp.Core"; "MathNet.Numerics" ]
        "DL1.CSharp", [ "DL1.Core"; "DL1.Data"; "DL1.Onnx"; "CsvHelper"; "FSharp.Core"; "MathNet.Numerics"; "Parquet.Net" ]
        "DL1.Data", [ "DL1.Core"; "CsvHelper"; "FSharp.Core"; "MathNet.Numerics"; "Parquet.Net" ]
        "DL1.Mpi", [ "DL1.Core"; "FSharp.Core"; "MathNet.Numerics" ]
        "DL1.Onnx", [ "DL1.Core"; "FSharp.Core"; "MathNet.Numerics" ]
        "DL1.Live", [ "DL1.Core"; "FSharp.Core"; "MathNet.Numerics" ]
        "DL1.Pictures",
        [
            "DL1.Core"
            "FSharp.Core"
            "HarfBuzzSharp.NativeAssets.Linux"
            "MathNet.Numerics"
            "ScottPlot"
            "SkiaSharp"
            "SkiaSharp.HarfBuzz"
            "SkiaSharp.NativeAssets.Linux.NoDependencies"
        ]
    ]

let mutable wrong = 0

let check package (holds: bool) what =
    if not holds then
        wrong <- wrong + 1
        printfn $"{package}: {what}"

let bytes (entry: ZipArchiveEntry) =
    use stream = entry.Open()
    use copy = new MemoryStream()
    stream.CopyTo copy
    copy.ToArray()

/// A managed library has a header of the common language runtime, and says that it is IL alone.
let isManaged (library: byte[]) =
    use reader = new Reflection.PortableExecutable.PEReader(new MemoryStream(library))
    let header = reader.PEHeaders.CorHeader

    reader.HasMetadata
    && not (isNull header)
    && header.Flags.HasFlag Reflection.PortableExecutable.CorFlags.ILOnly

let isDeterministic (library: byte[]) =
    use reader = new Reflection.PortableExecutable.PEReader(new MemoryStream(library))

    reader.ReadDebugDirectory()
    |> Seq.exists (fun e -> e.Type = Reflection.PortableExecutable.DebugDirectoryEntryType.Reproducible)

let contains (text: string) (data: byte[]) = data.AsSpan().IndexOf(Encoding.UTF8.GetBytes text) >= 0

for id, dependencies in packages do
    let check = check id
    use package = ZipFile.OpenRead(Path.Combine(folder, $"{id}.{version}.nupkg"))
    use symbols = ZipFile.OpenRead(Path.Combine(folder, $"{id}.{version}.snupkg"))
    let names (archive: ZipArchive) = archive.Entries |> Seq.map _.FullName |> List.ofSeq
    let file (name: string) = package.GetEntry name |> Option.ofObj |> Option.map bytes
    let text name = file name |> Option.map Encoding.UTF8.GetString |> Option.defaultValue ""
    let spec = XDocument.Parse((text $"{id}.nuspec").TrimStart '\uFEFF')
    let named (name: string) = spec.Descendants() |> Seq.filter (fun e -> e.Name.LocalName = name)
    let value name = named name |> Seq.tryHead |> Option.map _.Value |> Option.defaultValue ""

    check (value "id" = id) "another id"
    check (value "version" = version) $"another version than {version}"
    check (value "license" = "MIT") "no licence in its description"
    check ((text "LICENSE").Contains "MIT License") "no LICENSE"
    check (value "readme" = "README.md" && (text "README.md").StartsWith $"# {id}\n") "no README of its own"
    check (value "description" <> "") "no description"
    check (value "icon" = "icon.png" && (file "icon.png").IsSome) "no icon"
    check ((value "tags").Contains "deep-learning") "no tags"

    let repository =
        [
            for e in named "repository" do
                for a in e.Attributes() -> a.Name.LocalName, a.Value
        ]

    let stated name = repository |> List.tryFind (fst >> (=) name) |> Option.map snd |> Option.defaultValue ""
    let page, source = value "projectUrl", stated "url"
    check (page = address) $"its page is '{page}', not '{address}'"
    check (source = address) $"its sources are at '{source}', not '{address}'"
    check (address = "" || stated "type" = "git") "its sources are not said to be in git"
    check ((stated "commit").Length = 40) "the commit of its sources is not named"
    // nuget.org takes at most 35,000 characters.
    check
        ((value "releaseNotes").StartsWith "## [" && (value "releaseNotes").Length < 35000)
        "no release notes, or too long ones: the section of its version in CHANGELOG.md"

    let needs =
        [
            for d in named "dependency" ->
                d.Attribute(XName.Get "id").Value, d.Attribute(XName.Get "version").Value
        ]

    check
        (List.sort (List.map fst needs) = List.sort dependencies)
        $"it depends on {List.map fst needs}, not on {dependencies}"

    for name, needed in needs do
        check (not (name.StartsWith "DL1.") || needed = version) $"it needs {name} {needed}, not {version}"

    let library = file $"lib/net10.0/{id}.dll"
    check library.IsSome "no library"
    check ((text $"lib/net10.0/{id}.xml").Contains "<summary>") "no documentation"
    check (List.contains $"lib/net10.0/{id}.pdb" (names symbols)) "no symbols"
    library |> Option.iter (fun l -> check (isManaged l) "a library that is not managed code alone")

    library
    |> Option.iter (fun l -> check (isDeterministic l) "a library that was not built deterministically")

    if id = "DL1.Core" then
        check ((text "content/DL1.Core.fsx").Contains "AddPrinter") "no printers for F# Interactive"

        check
            ((text "buildTransitive/DL1.Core.targets").Contains "IsDynamicCodeSupported")
            "no switch for programs that are built to be run"

    // The licences of what is carried.
    let licences =
        match id with
        | "DL1.Data" -> [ "DATA-LICENCES.md" ]
        | "DL1.Pictures" -> [ "FONT-LICENCES.txt" ]
        | _ -> []

    for licence in licences do
        check ((text licence) <> "") $"no {licence}"

    let hasSources (portable: byte[]) =
        use reader =
            Reflection.Metadata.MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(portable))

        let metadata = reader.GetMetadataReader()
        // The kind of debugging information that embedded sources have.
        let embedded = Guid "0E8A571B-6926-466E-B4AD-8AB04611F5FE"

        metadata.CustomDebugInformation
        |> Seq.exists (fun h -> metadata.GetGuid(metadata.GetCustomDebugInformation(h).Kind) = embedded)

    symbols.GetEntry $"lib/net10.0/{id}.pdb"
    |> Option.ofObj
    |> Option.iter (fun pdb -> check (hasSources (bytes pdb)) "no sources in its symbols")

    // Nothing else: no native file, no library of others, and nothing of the machine.
    let expected =
        [
            "_rels/.rels"
            $"{id}.nuspec"
            $"lib/net10.0/{id}.dll"
            $"lib/net10.0/{id}.xml"
            "README.md"
            "LICENSE"
            "icon.png"
            yield! licences
            if id = "DL1.Core" then
                "content/DL1.Core.fsx"
                "build/DL1.Core.targets"
                "buildTransitive/DL1.Core.targets"
            "[Content_Types].xml"
        ]

    for name in names package do
        check
            (List.contains name expected || name.StartsWith "package/services/metadata/")
            $"an unexpected file: {name}"

    let here = Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, ".."))

    if Environment.GetEnvironmentVariable "CI" = "true" then
        for archive in [ package; symbols ] do
            // The F# compiler writes where a match or a quotation stands into a library, whatever paths it is told to map.
            for entry in archive.Entries |> Seq.filter (fun e -> not (e.FullName.EndsWith ".dll")) do
                check
                    (not (contains here (bytes entry)))
                    $"{entry.FullName} names the folder that it was built in"

if wrong > 0 then
    printfn $"{wrong} things are wrong"
    exit 1

printfn $"{packages.Length} packages of version {version} hold what they should"
