using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Microsoft.FSharp.Core;

namespace DL1.CSharp.Tests;

/// <summary>
/// The whole of the core can be had from C#: a function of a module either has no shape of F# in its signature, or the C# face
/// calls it, or it stands in a list here with the reason.
/// </summary>
public class ReachTests
{
    /// <summary>What C# does without, and why.</summary>
    private static readonly (string Module, string[] Functions, string Why)[] Exceptions =
    [
        ("Quote", ["expr", "lambda", "gradient"], "quotations are F#'s; Expr.From and Calculus read C#'s lambdas"),
        ("Slices", ["Expr.GetSlice"], "F#'s t[0, *, 1..]; e.Slice(axis, 1..4)"),
        ("Safetensors", ["toBytes", "writeWith"], "ToSafetensors and WriteSafetensors go by toBytesAs and writeAs"),
        ("Search", ["run", "runTo", "halving", "halvingOn"], "settings.Run, Halve and HalveOn go by runOver, halvingTo and halvingOver"),
        ("Stepwise", ["step"], "state.Step gives both"),
        ("SequenceScore", ["exactMatch"], "Metrics.ExactMatch goes by it"),
        ("Batches", ["prefetched"], "data.Batches does it"),
        ("PrefetchModule", ["run"], "what training does of itself for TrainingOptions.Prefetch"),
        ("ProgressModule", ["all"], "TrainingProgress.All"),
        ("Compile", ["prepare"], "new CompiledFunction goes by prepareWith"),
        ("Compute", ["values"], "Evaluate, of each"),
        ("Eval", ["prepare", "many"], "new CompiledFunction and Evaluate do it"),
        ("Rewrite", ["stableAll", "get_rows"], "what the compiler does of itself, and the names of its rules"),
        ("Grad", ["valueAndGrad"], "[loss, .. loss.Gradient(w)]"),
        ("Attention", ["combine"], "a & b, where there are two masks"),
        ("Attention", ["maskedSelf"], "MaskedSelfAttention goes by maskedSelfWith"),
        ("Dense", ["bilinear"], "Layers.Bilinear goes by bilinearWith"),
        ("LayerModule", ["init"], "model.Init goes by initAs"),
        ("Init", ["fans"], "for initialisers of the core; scope.Parameter takes any of C#"),
        ("Penalty", ["touched"], "tree.Filter"),
        ("TreeModule", ["paths", "values", "tryFind", "mapPath2", "fold"],
            "properties, TryGetValue, Zip and Map, and LINQ's Aggregate"),
        ("ExprModule", ["reduce", "slice", "randomBits"], "Sum, Max and kin; Slice for each axis; what draws are made of"),
        ("Dot", ["ofGraph"], "ToDot, or GraphSvg of DL1.Pictures for notes"),
        ("GraphLabel", ["lines"], "for those who draw graphs: DL1.Pictures"),
        ("Graph", ["uses"], "a loop over e.Nodes"),
        ("Attributes", ["ofNode"], "the cases of e.Node have them as properties"),
        ("ConvertModule", ["ofSpan"], "Tensor.Of"),
        ("TensorModule", ["ofArray", "compute2"], "Tensor.Of; t.Compute(other, ...)"),
        ("ShapeModule", ["ofList", "tryBroadcast"], "Shape.Of; expressions broadcast by themselves"),
        ("DTypeModule", ["get_all", "tryParse"], "there are five"),
    ];

    /// <summary>Members of types, likewise.</summary>
    private static readonly (string Type, string[] Members, string Why)[] ExceptionsOfTypes =
    [
        ("Expr", ["GetSlice"], "F#'s v[1..3]; e.Slice(axis, 1..4)"),
        ("HyperRange", ["NewAmong"], "Ranges.Among"),
        ("Summary", ["get_Rows"], "an IReadOnlyList of rows"),
        ("Shape", ["ToList"], "a shape is itself a sequence of extents"),
        ("Optimizer", ["get_MapRate", "get_Rates", "get_Accumulation"], "optimizer.Scheduled; optimizer.Accumulate"),
        ("Accumulation", ["get_Update"], "what training does of itself for optimizer.Accumulate"),
        ("Transform", ["get_Init", "get_Update"], "optimizer.After and Masked take transformations whole"),
        ("Learner", ["get_Penalty", "get_Trains", "get_Freezes", "get_Rests", "get_Mixup", "get_Begins"],
            "learner.Penalized, learner.Frozen, learner.Mixup and learner.From set them"),
        ("RecurrentOptions", ["get_ForgetBias"], "Layers.Lstm, Layers.Gru and kin take it"),
        ("FitOptions",
            ["get_Validation", "get_Metrics", "get_EarlyStopping", "get_Plateau", "get_Callbacks", "get_Saving", "get_Resume", "get_Start", "get_SavingSteps"],
            "TrainingOptions has them"),
        ("BatchOptions", ["get_Blocks"], "TrainingOptions has it"),
        ("TensorBoard", ["get_Histograms"], "board.WriteParameters"),
        ("TrialResult", ["get_Notes", "get_Model"], "the trial has them: NoteEntries, TrainedModel"),
        ("MatrixNotation", ["get_Names", "get_Symmetric", "get_Stochastic"], "arguments of loss.MatrixGradients"),
        ("TrialRun", ["Watch"], "run.Watch with a metric"),
        ("ModelCodeOptions", ["get_Samples", "get_Prepare", "get_Finish", "get_Classes"], "arguments of trained.ToCSharp"),
        ("Session", ["Of"], "Session.Start goes by With"),
        ("Node`1",
            ["NewReduce", "NewTranspose", "NewSlice", "NewPad", "NewConcat", "NewReverse", "NewAvgPoolGrad", "NewCustom"],
            "e.Operation reads nodes; the functions of expressions make them"),
        ("ConvRole", ["NewInputGrad", "NewWeightGrad"], "e.Operation has a record for each role"),
        ("ConvSpec", ["get_Sweeps"], "e.Operation has them as IReadOnlyList"),
        ("Window", ["get_Kernel", "get_Sweeps"], "e.Operation has them as IReadOnlyList"),
        ("GraphNotes", ["get_OfNode", "get_OfEdge"], "for those who draw graphs: DL1.Pictures"),
    ];

    /// <summary>Whether a type is one of F#'s, or is made of one: a function, a list, an option, a map, a tuple that is an object.</summary>
    private static bool IsFSharp(Type type) =>
        type.HasElementType ? IsFSharp(type.GetElementType()!)
        : (type.Namespace?.StartsWith("Microsoft.FSharp") ?? false) && type != typeof(Unit)
            || (type.FullName?.StartsWith("System.Tuple`") ?? false)
            || type.GetGenericArguments().Any(IsFSharp);

    private static bool ShowsFSharp(MethodInfo method) =>
        IsFSharp(method.ReturnType) || method.GetParameters().Any(p => IsFSharp(p.ParameterType));

    private static IEnumerable<Type> Modules() =>
        typeof(Expr).Assembly.GetExportedTypes().Where(t =>
            t.GetCustomAttributes<CompilationMappingAttribute>().Any(kind =>
                (kind.SourceConstructFlags & SourceConstructFlags.KindMask) == SourceConstructFlags.Module));

    private static IEnumerable<MethodInfo> Functions(Type module) =>
        module.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            // The second form that F# gives to an inline operator.
            .Where(m => !m.Name.Contains('$'));

    /// <summary>What the C# face calls of other assemblies: names of types with names of their members.</summary>
    private static HashSet<(string Type, string Member)> Calls()
    {
        using var file = new PEReader(File.OpenRead(typeof(Functions).Assembly.Location));
        var reader = file.GetMetadataReader();

        string Name(EntityHandle parent)
        {
            switch (parent.Kind)
            {
                case HandleKind.TypeReference:
                    var type = reader.GetTypeReference((TypeReferenceHandle)parent);
                    return reader.GetString(type.Name);
                case HandleKind.TypeSpecification:
                    var blob = reader.GetBlobReader(reader.GetTypeSpecification((TypeSpecificationHandle)parent).Signature);
                    // A generic type: what it is, then the type, then its arguments.
                    return blob.ReadSignatureTypeCode() == SignatureTypeCode.GenericTypeInstance && blob.ReadByte() > 0
                        ? Name(blob.ReadTypeHandle())
                        : "";
                default:
                    return "";
            }
        }

        return [.. reader.MemberReferences.Select(reader.GetMemberReference).Select(m => (Name(m.Parent), reader.GetString(m.Name)))];
    }

    [Fact]
    public void EveryFunctionOfTheCoreIsReached()
    {
        var calls = Calls();
        Assert.Contains(("Fit", "run"), calls);
        var functions = Modules().SelectMany(Functions).ToList();
        Assert.True(functions.Count > 500, $"only {functions.Count} functions were found: the reflection is broken");
        var excused = Exceptions.SelectMany(e => e.Functions.Select(f => (e.Module, f))).ToHashSet();
        var missing = functions
            .Where(ShowsFSharp)
            .Select(f => (f.DeclaringType!.Name, f.Name))
            .Where(f => !calls.Contains(f) && !excused.Contains(f))
            .Distinct()
            .GroupBy(f => f.Item1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(f => f.Item2))}");
        Assert.True(!missing.Any(), string.Join("\n", missing));
        // What is reached, or is no more there, needs no excuse.
        var shown = functions.Where(ShowsFSharp).Select(f => (f.DeclaringType!.Name, f.Name)).ToHashSet();
        Assert.Equal("", string.Join('\n', excused.Where(f => calls.Contains(f) || !shown.Contains(f))));
    }

    /// <summary>Types of the core that the C# face names, and those that their members name: what a C# user meets.</summary>
    private static IEnumerable<Type> Met()
    {
        var found = new HashSet<Type>();
        var next = new Queue<Type>(SignatureTests.SignatureTypes().Select(t => t.Type));
        while (next.TryDequeue(out var type))
        {
            foreach (var part in Parts(type).Where(t => t.Assembly == typeof(Expr).Assembly || t.Assembly == typeof(DL1.Data.Table).Assembly))
            {
                if (found.Add(part))
                {
                    foreach (var method in Members(part))
                    {
                        next.Enqueue(method.ReturnType);
                        Array.ForEach(method.GetParameters(), p => next.Enqueue(p.ParameterType));
                    }
                }
            }
        }

        return found;

        static IEnumerable<Type> Parts(Type type) =>
            type.HasElementType ? Parts(type.GetElementType()!)
            : type.IsGenericParameter ? []
            : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Prepend(type.GetGenericTypeDefinition())
            : [type];
    }

    private static IEnumerable<MethodInfo> Members(Type type) =>
        type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly);

    [Fact]
    public void WhatCoreTypesShowOfFSharpIsShownByTheFace()
    {
        var calls = Calls();
        var types = Met().ToList();
        Assert.Contains(typeof(Trained), types);
        Assert.Contains(typeof(Tree<>), types);
        // One step below.
        Assert.Contains(typeof(EpochRow), types);
        var excused = ExceptionsOfTypes.SelectMany(e => e.Members.Select(m => (e.Type, m))).ToHashSet();
        var missing = types
            .SelectMany(Members)
            .Where(ShowsFSharp)
            .Select(m => (Type: m.DeclaringType!.Name, m.Name))
            .Where(m => !calls.Contains(m) && !excused.Contains(m))
            .Distinct()
            .GroupBy(m => m.Type)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(m => m.Name))}");
        Assert.True(!missing.Any(), string.Join("\n", missing));
    }

    /// <summary>Where the face has a class of its own, C#'s editors offer it and not the module of the core beside it.</summary>
    [Fact]
    public void ModulesBesideTheFaceAreNotOffered()
    {
        static bool IsHidden(Type t) =>
            t.GetCustomAttribute<System.ComponentModel.EditorBrowsableAttribute>()?.State == System.ComponentModel.EditorBrowsableState.Never;
        Assert.All(
            new[] { typeof(Loss), typeof(Likelihood), typeof(OptimizerModule), typeof(ScheduleModule), typeof(TransformModule), typeof(MetricModule), typeof(Search), typeof(Dense), typeof(Reduce), typeof(Elementwise) },
            module => Assert.True(IsHidden(module), module.Name));
        Assert.DoesNotContain(new[] { typeof(Expr), typeof(Tensor), typeof(Losses), typeof(Layers), typeof(Optimizer), typeof(Trained) }, IsHidden);
    }
}
