using System.Linq.Expressions;
using System.Reflection;
using Microsoft.FSharp.Core;

namespace DL1.Fuzzing;

/// <summary>What a function given by the user throws; it must come through as it is.</summary>
public sealed class UserError() : Exception("thrown by a function that was given");

/// <summary>Functions as arguments: they answer with a value that fits, with something odd, or throw.</summary>
public sealed class Stub(Generator generator, Rng rng, Type result, Stub.Manner manner, bool nulls)
{
    public enum Manner { Fitting, Odd, Null, Throwing }

    public object? Call(object?[] arguments)
    {
        // Libraries may call from several threads.
        lock (generator)
        {
            switch (manner)
            {
                case Manner.Throwing: throw new UserError();
                case Manner.Null when !result.IsValueType: return null;
                case Manner.Odd: return nulls ? Made(0.5) : generator.WithoutNulls(() => Made(0.5));
            }

            if (result == typeof(void) || result == typeof(Unit)) return null;
            if (arguments.OfType<Stream>().FirstOrDefault() is { } stream) stream.WriteByte(1);
            var fitting = arguments.Where(result.IsInstanceOfType).ToList();
            if (result == typeof(Expr) && fitting.Count == 2 && rng.Chance(0.7)) return Loss((Expr)fitting[0]!, (Expr)fitting[1]!);
            if (result == typeof(Expr) && fitting.Count == 1 && rng.Chance(0.4)) return (Expr)fitting[0]! * 2.0;
            return fitting.Count > 0 && rng.Chance(0.8) ? fitting[rng.Below(fitting.Count)] : Made(0);
        }
    }

    private object? Made(double wild) => generator.Make(result, "", wild, rng.Fork(), 2);

    private static Expr Loss(Expr a, Expr b) => a.DType.IsFloat && b.DType.IsFloat ? Losses.Mse(a, b) : Losses.CrossEntropy(a, b);

    private static readonly MethodInfo call = typeof(Stub).GetMethod(nameof(Call))!;

    /// <summary>A delegate of any type that asks a stub.</summary>
    public Delegate AsDelegate(Type type)
    {
        var invoke = type.GetMethod("Invoke")!;
        var parameters = invoke.GetParameters().Select(p => Expression.Parameter(p.ParameterType)).ToArray();
        var arguments = Expression.NewArrayInit(typeof(object), parameters.Select(p => Expression.Convert(p, typeof(object))));
        Expression body = Expression.Call(Expression.Constant(this), call, arguments);
        body = invoke.ReturnType == typeof(void) ? body
            : invoke.ReturnType.IsValueType ? Expression.Unbox(body, invoke.ReturnType) : Expression.Convert(body, invoke.ReturnType);
        return Expression.Lambda(type, body, parameters).Compile(preferInterpretation: true);
    }
}

/// <summary>An F# function of one argument; a curried one gives the next.</summary>
public sealed class Curried<TArgument, TResult>(Func<object?[], object?> call, object?[] before) : FSharpFunc<TArgument, TResult>
{
    public override TResult Invoke(TArgument func)
    {
        object?[] arguments = [.. before, func];
        return typeof(TResult) is { IsGenericType: true } next && next.GetGenericTypeDefinition() == typeof(FSharpFunc<,>)
            ? (TResult)Activator.CreateInstance(typeof(Curried<,>).MakeGenericType(next.GetGenericArguments()), call, arguments)!
            : (TResult)call(arguments)!;
    }
}

/// <summary>A progress receiver that ignores its reports.</summary>
public sealed class Quiet<T> : IProgress<T>
{
    public void Report(T value)
    {
    }
}

/// <summary>A sequence that can be read once more each time, lazily, and may throw half way.</summary>
public sealed class Lazily<T>(T[] items, bool throws) : IEnumerable<T>
{
    public IEnumerator<T> GetEnumerator()
    {
        foreach (var item in items) yield return item;
        if (throws) throw new UserError();
    }

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}
