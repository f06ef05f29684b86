/// Models as C# files in a program that is compiled ahead of time. It takes minutes and needs a linker: with `DL1_LONG=1`.
module DL1.Tests.ModelCodeAheadTests

open System
open System.Diagnostics
open System.IO
open DL1
open Expecto

let private project =
    """<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <AssemblyName>ahead</AssemblyName>
    <Nullable>enable</Nullable>
    <PublishAot>true</PublishAot>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
    <InvariantGlobalization>true</InvariantGlobalization>
  </PropertyGroup>
  <ItemGroup>
    <EmbeddedResource Include="*.bin" LogicalName="%(Filename)%(Extension)" />
  </ItemGroup>
</Project>
"""

let private run (folder: string) (program: string) (arguments: string list) : string =
    let start =
        ProcessStartInfo(program, arguments, WorkingDirectory = folder, RedirectStandardOutput = true)

    match Process.Start start with
    | null -> failtest $"{program} does not start"
    | started ->
        use started = started
        let text = started.StandardOutput.ReadToEnd()
        started.WaitForExit()
        Expect.equal started.ExitCode 0 $"{program}: {text}"
        text

let private model name literals (layers: Layer<Expr, Expr>) dims : ModelSource =
    let x = Key.normal 0.0 1.0 DType.F32 (2 :: dims) (Key.ofSeed 3L)
    let parameters, state = Layer.init (Key.ofSeed 5L) (Expr.variable "x" DType.F32 (2 :: dims)) layers

    ModelCode.csharpWith
        { ModelCode.options with Samples = [ x ]; Literals = literals }
        name
        (Trained.create layers parameters state)

let private published () =
    let folder = Directory.CreateTempSubdirectory("dl1-").FullName

    try
        let cnn =
            Conv.conv2dSame 8 3 => Activation.gelu => Pooling.max 2 => Shaping.flatten => Dense.linear 10

        (model "Cnn" 100_000 cnn [ 1; 8; 8 ]).Save folder
        (model "Lstm" 0 (Recurrent.sequence (Recurrent.lstm (Recurrent.options 16))) [ 5; 8 ]).Save folder
        File.WriteAllText(Path.Combine(folder, "ahead.csproj"), project)

        File.WriteAllText(
            Path.Combine(folder, "Program.cs"),
            "System.Console.WriteLine(Cnn.SelfTest() && Lstm.SelfTest());"
        )

        run folder "dotnet" [ "publish"; "-c"; "Release"; "--use-current-runtime"; "-o"; "out" ] |> ignore
        let text = run folder (Path.Combine(folder, "out", "ahead")) []
        Expect.equal (text.Trim()) "True" "the self-tests"
    finally
        Directory.Delete(folder, true)

let tests =
    testList
        "ModelCode.ahead"
        [
            if Environment.GetEnvironmentVariable "DL1_LONG" = "1" then
                test "a program that is compiled ahead of time has the answers of its models" { published () }
        ]
