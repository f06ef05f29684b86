using System.Diagnostics;

namespace DL1.CSharp.Tests;

/// <summary>Some thousand of the generated calls of <c>bench/Fuzz</c>, in a process of their own.</summary>
public class FuzzTests
{
    [Fact]
    public void GeneratedCallsOfEveryKindEndAsPromised()
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var argument in new[] { "Fuzz.dll", "--calls", "4000", "--processes", "1", "--episodes", "200", "--seed", "1" })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var report = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Contains("0 kinds of fault", report);
        Assert.Equal(0, process.ExitCode);
    }
}
