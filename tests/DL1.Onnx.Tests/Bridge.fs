// Shows each Expecto test to `dotnet test` as a case of its own, under its own full name, so that filters
// (`--filter DisplayName~broadcasting`), coverage and reports see it.
namespace DL1.Onnx.Tests

// The constructor that xunit makes a case anew with is marked obsolete, to keep others from calling it.
#nowarn 44

open System
open DL1.Tests
open System.Collections.Generic
open System.Threading
open Expecto
open Xunit
open Xunit.Abstractions
open Xunit.Sdk

/// All tests by their full names.
module private Flat =
    let byName =
        lazy
            (HostileCulture.enter ()
             let found = Dictionary<string, FlatTest>()

             for test in Test.toTestCodeList Main.tests do
                 let name = String.concat "." test.name

                 if not (found.TryAdd(name, test)) then
                     invalidOp
                         $"Two tests are named '{name}'. Name one of them otherwise, or put it in a testList of its own."

             found)

/// One Expecto test, as xunit sees it. A theory would do, but xunit cuts its arguments' text at 50 characters.
type ExpectoTestCase =
    inherit XunitTestCase

    /// For xunit, which makes the case anew from its arguments where it runs.
    [<Obsolete "For deserialization only.">]
    new() = { inherit XunitTestCase() }

    new(sink: IMessageSink, display, options, tested: ITestMethod, name: string) =
        { inherit XunitTestCase(sink, display, options, tested, [| box name |]) }

    override this.GetDisplayName(_, _) = string this.TestMethodArguments[0]

/// Lists the Expecto tests; a list that cannot be made becomes one failing case that says why.
type ExpectoDiscoverer(sink: IMessageSink) =
    interface IXunitTestCaseDiscoverer with
        member _.Discover(options, tested, _) =
            let display, displayOptions =
                options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault()

            try
                [
                    for name in Flat.byName.Value.Keys ->
                        new ExpectoTestCase(sink, display, displayOptions, tested, name) :> IXunitTestCase
                ]
            with error ->
                [ new ExecutionErrorTestCase(sink, display, displayOptions, tested, error.Message) ]

/// Marks the method that runs each Expecto test.
[<XunitTestCaseDiscoverer("DL1.Onnx.Tests.ExpectoDiscoverer", "DL1.Onnx.Tests")>]
type ExpectoAttribute() =
    inherit FactAttribute()

/// Runs the Expecto tests under xunit.
type ExpectoBridge() =
    /// Runs one test by its full name.
    [<Expecto>]
    member _.Expecto(name: string) =
        HostileCulture.enter ()

        task {
            let! summary =
                Impl.execTestAsync
                    CancellationToken.None
                    Impl.ExpectoConfig.defaultConfig
                    Flat.byName.Value[name]

            match summary.result with
            | Impl.TestResult.Failed message -> Assert.Fail message
            | Impl.TestResult.Error error -> raise (exn (error.Message, error))
            | Impl.TestResult.Ignored reason -> Assert.Fail $"ignored, which would count as passed: {reason}"
            | Impl.TestResult.Passed -> ()
        }
