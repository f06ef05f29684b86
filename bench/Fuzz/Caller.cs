using System.Diagnostics;
using System.Reflection;
using Microsoft.FSharp.Collections;

namespace DL1.Fuzzing;

/// <summary>How a call ended.</summary>
public enum Outcome { Value, Refused, Passed, NotMade, Fault }

/// <summary>A fault: the member, what went wrong, and the innermost frame of the library.</summary>
public sealed record Fault(string Member, string Kind, string Frame, string Detail);

/// <summary>Calls one member with generated arguments, uses what it gives, and judges how that ended.</summary>
public sealed class Caller(Generator generator, Action<string>? tell)
{
    /// <summary>Expressions that were evaluated, and those run compiled as well.</summary>
    public int Evaluated { get; private set; }

    public int Compiled { get; private set; }

    /// <summary>The error by which the last call was refused, if it was.</summary>
    public DL1Error? Refusal { get; private set; }

    public (Outcome Outcome, Fault? Fault) Call(Member member, Rng r)
    {
        var wild = r.Below(10) switch { < 5 => 0.0, < 8 => 0.15, _ => 0.4 };
        generator.Begin(member.Name);
        Refusal = null;
        var stage = "";
        try
        {
            var method = Closing.Of(member.Method, r);
            var target = method.IsStatic || method.IsConstructor ? null : generator.Make(method.DeclaringType!, "", 0, r);
            var arguments = method.GetParameters().Zip(member.Method.GetParameters(), (p, open) =>
            {
                if (p.HasDefaultValue && r.Chance(0.6)) return Default(p);
                object? Made() => generator.Make(p.ParameterType, p.Name ?? "", wild, r);
                // A value of any type is never null in F#, unless null is among the values of its type.
                return open.ParameterType.IsGenericParameter && IsOfFSharp(member.Method) ? generator.WithoutNulls(Made) : Made();
            }).ToArray();
            tell?.Invoke($"{Members.Name(method)} of {Described.Value(target)} with ({string.Join("; ", arguments.Select(Described.Value))})");
            stage = "call";
            var result = Generator.Called(method, target, arguments);
            stage = "use";
            Use(result, r, s => stage = s, 0);
            return (Outcome.Value, null);
        }
        catch (NoValue)
        {
            return (Outcome.NotMade, null);
        }
        catch (Exception e)
        {
            while (e is TargetInvocationException { InnerException: { } inner }) e = inner;
            // What goes wrong while arguments are made is a fault of the member that made them, which is called in its own turn.
            if (stage == "") return (Outcome.NotMade, null);
            tell?.Invoke($"  -> {e}");
            return Judged(member, stage, e);
        }
    }

    private static bool IsOfFSharp(MethodBase method) => method.DeclaringType!.Assembly != typeof(ExpressionExtensions).Assembly;

    private static object? Default(ParameterInfo p) =>
        p.DefaultValue is { } value ? (p.ParameterType.IsEnum ? Enum.ToObject(p.ParameterType, value)
            : Nullable.GetUnderlyingType(p.ParameterType) is { IsEnum: true } e ? Enum.ToObject(e, value) : value)
        : p.ParameterType.IsValueType ? Activator.CreateInstance(p.ParameterType) : null;

    private (Outcome, Fault?) Judged(Member member, string stage, Exception e)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is NoValue) return (Outcome.NotMade, null);
        }

        switch (e)
        {
            case DL1Error error when new[] { error.Given, error.Expected, error.Cure }.All(t => !string.IsNullOrWhiteSpace(t)):
                if (stage == "call") Refusal = error;
                return (Outcome.Refused, null);
            case UserError: return (Outcome.Passed, null);
            case ArgumentNullException when generator.MadeNull: return (Outcome.Refused, null);
            case OperationCanceledException when generator.MadeCancelled: return (Outcome.Passed, null);
        }

        var kind = e is DL1Error ? "an error without a cure" : e.GetType().Name;
        if (e is NullReferenceException && generator.MadeNull) kind = "null: NullReferenceException";
        if (e is OutOfMemoryException && generator.Largest >= 1 << 15) kind = "large: OutOfMemoryException";
        var name = stage is "call" or "use" ? member.Name : $"[{stage}]";
        return (Outcome.Fault, new Fault(name, kind, Frame(e), e.Message.Split('\n')[0]));
    }

    /// <summary>The innermost frame that is the library's.</summary>
    private static string Frame(Exception e)
    {
        foreach (var frame in new StackTrace(e).GetFrames())
        {
            if (frame.GetMethod() is { DeclaringType: { } type } method && Members.Libraries.Contains(type.Assembly))
                return $"{type.FullName!.Replace("DL1.", "")}.{method.Name}";
        }

        return "-";
    }

    /// <summary>Reads what is lazy, waits for tasks, calls functions, evaluates expressions; all may feed later calls.</summary>
    private void Use(object? result, Rng r, Action<string> stage, int depth)
    {
        if (result is null || depth > 2) return;
        generator.Keep(result);
        switch (result)
        {
            case Expr e:
                if (r.Chance(0.6)) Run(e, r, stage);
                return;
            case string or Array { Length: > 1000 } or Stream: return;
            case Task task:
                task.GetAwaiter().GetResult();
                if (task.GetType().GetProperty("Result") is { } value && value.PropertyType.Name != "VoidTaskResult") Use(value.GetValue(task), r, stage, depth + 1);
                return;
            case ScalarMap: return;
            case Delegate function:
                Use(function.DynamicInvoke(function.GetType().GetMethod("Invoke")!.GetParameters()
                    .Select(p => generator.Make(p.ParameterType, p.Name ?? "", 0, r)).ToArray()), r, stage, depth + 1);
                return;
            case System.Collections.IEnumerable items:
                var taken = 0;
                foreach (var item in items)
                {
                    if (++taken > 20) break;
                    if (taken <= 3) Use(item, r, stage, depth + 1);
                }

                return;
            case System.Runtime.CompilerServices.ITuple tuple:
                for (var i = 0; i < tuple.Length; i++) Use(tuple[i], r, stage, depth + 1);
                return;
        }

        var type = result.GetType();
        while (type is not null && !(type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Microsoft.FSharp.Core.FSharpFunc<,>))) type = type.BaseType;
        if (type is not null && type.GetGenericArguments()[0] is var argument)
            Use(type.GetMethod("Invoke", [argument])!.Invoke(result, [generator.Make(argument, "", 0, r)]), r, stage, depth + 1);
    }

    private void Run(Expr e, Rng r, Action<string> stage)
    {
        var compiles = r.Chance(0.4);
        var order = e;
        if (r.Chance(0.2) && e.DType.IsFloat && Graph.variables(ListModule.OfArray([e])) is var variables
            && ListModule.ToArray(variables).FirstOrDefault(v => v.DType.IsFloat) is { Name: not null } v)
        {
            stage("Gradient");
            tell?.Invoke($"  gradient by {v.Name}");
            order = Grad.grad(ExprModule.sumAll(e), ListModule.OfArray([ExprModule.ofVariable(v)])).Head;
        }

        stage("Judge");
        tell?.Invoke($"  runs {Described.Value(order)}");
        if (!Judge.Run(order, r, compiles, stage)) return;
        Evaluated++;
        if (compiles) Compiled++;
    }
}
