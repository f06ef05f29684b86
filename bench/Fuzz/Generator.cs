using System.Linq.Expressions;
using System.Reflection;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Microsoft.FSharp.Quotations;
using Microsoft.FSharp.Reflection;

namespace DL1.Fuzzing;

/// <summary>No value of this type could be made; the call is not counted.</summary>
public sealed class NoValue(Type type) : Exception(type.ToString());

/// <summary>
/// Makes a value of any type: from what earlier calls gave, from the ordinary values, from the extremes, or by calling a
/// member that gives one. <c>wild</c> is the probability of an extreme at each place of a value.
/// </summary>
public sealed class Generator
{
    private static readonly Dictionary<Type, Member[]> producers = Members.All
        .Where(m => m.Weight > 1 || m.Method.IsStatic)
        .Select(m => (Member: m, Result: m.Method is MethodInfo i ? i.ReturnType : m.Method.DeclaringType!))
        .Where(p => !p.Result.ContainsGenericParameters && p.Result != typeof(void))
        .GroupBy(p => p.Result).ToDictionary(g => g.Key, g => g.Select(p => p.Member).ToArray());

    private readonly List<object> earlier = [];
    private string member = "";

    // In F#'s lists, tuples and functions a null of an F# type cannot be written, so that there is none.
    private int nullsInside;

    /// <summary>Whether a null was made in this episode.</summary>
    public bool MadeNull { get; private set; }

    /// <summary>Whether a token that is cancelled was made.</summary>
    public bool MadeCancelled { get; private set; }

    /// <summary>The largest whole number made, as a measure of the memory that may be asked for.</summary>
    public double Largest { get; private set; }

    public void Begin(string name)
    {
        member = name;
        // A null may stand in what an earlier call of the episode made, such as options.
        (MadeCancelled, Largest) = (false, 0);
    }

    public void Keep(object value)
    {
        if (earlier.Count < 200) earlier.Add(value);
    }

    public object? Make(Type type, string name, double wild, Rng r, int depth = 0)
    {
        if (depth > 8) throw new NoValue(type);
        if (type.IsByRef) return null;
        if (wild > 0 && r.Chance(wild) && TryExtreme(type, name, r, out var extreme)) return extreme;
        var hints = Values.Of(type, name);
        if (hints.Count > 0 && r.Chance(0.6)) return r.Of(hints)(r);
        if (earlier.Count > 0 && r.Chance(0.3))
        {
            for (var tries = 0; tries < 6; tries++)
            {
                var candidate = r.Of(earlier);
                if (type.IsInstanceOfType(candidate) && type != typeof(object) && !type.IsValueType) return candidate;
            }
        }

        var ordinary = Values.Of(type);
        if (ordinary.Count > 0 && r.Chance(type.Namespace == "DL1" && producers.ContainsKey(type) ? 0.85 : 1)) return r.Of(ordinary)(r);
        return Structure(type, name, wild, r, depth) ?? Produce(type, wild, r, depth);
    }

    private bool TryExtreme(Type type, string name, Rng r, out object? value)
    {
        value = null;
        if (type == typeof(int))
        {
            var number = r.Of(Extremes.Ints);
            value = Extremes.Cap(member, name) is { } cap ? Math.Min(number, cap) : number;
            Largest = Math.Max(Largest, Math.Abs((double)(int)value));
        }
        else if (type == typeof(long)) value = r.Of(Extremes.Longs);
        else if (type == typeof(double)) value = r.Of(Extremes.Doubles);
        else if (type == typeof(float)) value = (float)r.Of(Extremes.Doubles);
        else if (type == typeof(string))
        {
            value = r.Of(Extremes.Texts) ?? (nullsInside > 0 ? "" : null);
            MadeNull |= value is null;
        }
        else if (type == typeof(CancellationToken))
        {
            value = new CancellationToken(true);
            MadeCancelled = true;
        }
        else if (type.IsEnum) value = Enum.ToObject(type, r.Of([99, -1, int.MaxValue]));
        else if (type == typeof(Range)) value = r.Of([new Range(5, 2), new Range(^100, ^0), new Range(0, int.MaxValue), new Range(int.MaxValue, ^int.MaxValue)]);
        else if (type == typeof(Index)) value = r.Of([new Index(int.MaxValue), new Index(100, true)]);
        else if (!type.IsValueType && IsNullAllowed(type) && r.Chance(0.3)) MadeNull |= !IsOption(type) && type != typeof(Unit);
        else return false;
        return true;
    }

    // None is null to the runtime, and an ordinary value.
    private bool IsNullAllowed(Type type) => nullsInside == 0 || IsOption(type);

    private static bool IsOption(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(FSharpOption<>);

    private object? Structure(Type type, string name, double wild, Rng r, int depth)
    {
        object? Inner(Type t) => Make(t, name, wild, r, depth + 1);

        if (type == typeof(object)) return r.Of<object>([1, "text", 0.5, Shape.Of([3])]);
        if (type.IsEnum) return r.Of(Enum.GetValues(type).Cast<object>().ToList());
        if (type == typeof(void) || type == typeof(Unit)) return null;
        if (typeof(Delegate).IsAssignableFrom(type) && type != typeof(ScalarMap)) return Asked(type.GetMethod("Invoke")!.ReturnType, wild, r).AsDelegate(type);
        if (type.IsArray)
        {
            var element = type.GetElementType()!;
            if (type.GetArrayRank() > 1) return Rectangle(element, type.GetArrayRank(), wild, r);
            return ArrayOf(element, name, wild, r, depth);
        }

        if (FSharpType.IsTuple(type))
        {
            return type.IsValueType ? FSharpValue.MakeTuple(Fields(type), type) : WithoutNulls(() => FSharpValue.MakeTuple(Fields(type), type));
            object?[] Fields(Type t) => FSharpType.GetTupleElements(t).Select(Inner).ToArray();
        }

        if (!type.IsGenericType) return null;
        var definition = type.GetGenericTypeDefinition();
        var arguments = type.GetGenericArguments();
        if (definition == typeof(Nullable<>)) return r.Chance(0.4) ? null : Inner(arguments[0]);
        if (definition == typeof(FSharpOption<>))
        {
            return r.Chance(0.4) ? null : Activator.CreateInstance(type, WithoutNulls(() => Inner(arguments[0])));
        }

        if (definition == typeof(FSharpList<>))
        {
            var array = WithoutNulls(() => ArrayOf(arguments[0], name, wild, r, depth));
            return typeof(ListModule).GetMethod("OfArray")!.MakeGenericMethod(arguments[0]).Invoke(null, [array]);
        }

        if (definition == typeof(IEnumerable<>))
        {
            var array = ArrayOf(arguments[0], name, wild, r, depth);
            return r.Chance(0.5) ? array : Activator.CreateInstance(typeof(Lazily<>).MakeGenericType(arguments), array, wild > 0 && r.Chance(0.1));
        }

        if (definition == typeof(IReadOnlyList<>) || definition == typeof(IReadOnlyCollection<>) || definition == typeof(IList<>))
            return ArrayOf(arguments[0], name, wild, r, depth);
        if (definition == typeof(KeyValuePair<,>)) return Activator.CreateInstance(type, Inner(arguments[0]), Inner(arguments[1]));
        if (definition == typeof(Lazy<>))
        {
            var value = Inner(arguments[0]);
            var constant = Expression.Lambda(typeof(Func<>).MakeGenericType(arguments), Expression.Constant(value, arguments[0])).Compile();
            return Activator.CreateInstance(type, constant);
        }

        if (definition == typeof(IProgress<>)) return Activator.CreateInstance(typeof(Quiet<>).MakeGenericType(arguments));
        if (definition == typeof(FSharpFunc<,>))
        {
            var result = arguments[1];
            while (result.IsGenericType && result.GetGenericTypeDefinition() == typeof(FSharpFunc<,>)) result = result.GetGenericArguments()[1];
            Func<object?[], object?> call = WithoutNulls(() => Asked(result, wild, r)).Call;
            return Activator.CreateInstance(typeof(Curried<,>).MakeGenericType(arguments), call, Array.Empty<object?>());
        }

        if (definition == typeof(FSharpExpr<>)) return Quotation();
        if (definition == typeof(Tree<>))
        {
            var leaves = WithoutNulls(() => ArrayOf(typeof(Tuple<,>).MakeGenericType(typeof(string), arguments[0]), "name", wild, r, depth));
            var list = typeof(ListModule).GetMethod("OfArray")!.MakeGenericMethod(leaves.GetType().GetElementType()!).Invoke(null, [leaves]);
            return Generator.Called(typeof(TreeModule).GetMethod("ofList")!.MakeGenericMethod(arguments), null, [list]);
        }

        return null;
    }

    /// <summary><c>fun x -> x * x</c> as F# writes it down.</summary>
    private static FSharpExpr<FSharpFunc<double, double>> Quotation()
    {
        var x = new FSharpVar("x", typeof(double), FSharpOption<bool>.None);
        var product = FSharpExpr.Call(
            typeof(LanguagePrimitives).Assembly.GetType("Microsoft.FSharp.Core.Operators")!.GetMethod("op_Multiply")!
                .MakeGenericMethod(typeof(double), typeof(double), typeof(double)),
            ListModule.OfArray([FSharpExpr.Var(x), FSharpExpr.Var(x)]));
        return FSharpExpr.Cast<FSharpFunc<double, double>>(FSharpExpr.Lambda(x, product));
    }

    public T WithoutNulls<T>(Func<T> make)
    {
        nullsInside++;
        try
        {
            return make();
        }
        finally
        {
            nullsInside--;
        }
    }

    private Stub Asked(Type result, double wild, Rng r)
    {
        var manner = wild > 0 && r.Chance(wild) ? r.Of([Stub.Manner.Odd, nullsInside == 0 ? Stub.Manner.Null : Stub.Manner.Throwing, Stub.Manner.Throwing]) : Stub.Manner.Fitting;
        if (manner == Stub.Manner.Null && !result.IsValueType) MadeNull = true;
        return new Stub(this, r.Fork(), result, manner, nullsInside == 0);
    }

    private Array ArrayOf(Type element, string name, double wild, Rng r, int depth)
    {
        var count = r.Below(10) switch { 0 => 0, < 4 => 1, < 8 => 2, 8 => 3, _ => 4 };
        if (wild > 0 && r.Chance(0.02) && element.IsPrimitive) count = 100_000;
        var array = Array.CreateInstance(element, count);
        for (var i = 0; i < count; i++)
        {
            if (i >= 8) Array.Copy(array, i % 8, array, i, 1);
            else array.SetValue(Make(element, name, wild, r, depth + 1), i);
        }

        return array is int[] extents ? Extremes.Extents(extents) : array;
    }

    private Array Rectangle(Type element, int rank, double wild, Rng r)
    {
        var lengths = Enumerable.Range(0, rank).Select(_ => r.Below(4)).ToArray();
        var array = Array.CreateInstance(element, lengths);
        var at = new int[rank];
        for (long i = 0; i < array.LongLength; i++)
        {
            var rest = i;
            for (var axis = rank - 1; axis >= 0; axis--) (at[axis], rest) = ((int)(rest % lengths[axis]), rest / lengths[axis]);
            array.SetValue(Make(element, "", wild, r, 2), at);
        }

        return array;
    }

    /// <summary>Calls a member whose result is of the type.</summary>
    private object Produce(Type type, double wild, Rng r, int depth)
    {
        var found = producers.TryGetValue(type, out var exact) ? exact
            : producers.Where(p => type.IsAssignableFrom(p.Key)).SelectMany(p => p.Value).ToArray();
        for (var tries = 0; tries < 4 && found.Length > 0; tries++)
        {
            var maker = r.Of(found).Method;
            if (maker.ContainsGenericParameters || maker.DeclaringType!.ContainsGenericParameters) continue;
            try
            {
                if (Called(maker, r, depth) is { } value && type.IsInstanceOfType(value)) return value;
            }
            catch (TargetInvocationException)
            {
                // It refused these arguments; others may do.
            }
        }

        throw new NoValue(type);

        object? Called(MethodBase maker, Rng random, int level)
        {
            var target = maker.IsStatic || maker.IsConstructor ? null : Make(maker.DeclaringType!, "", 0, random, level + 2);
            var arguments = maker.GetParameters().Select(p => Make(p.ParameterType, p.Name ?? "", 0, random, level + 2)).ToArray();
            return Generator.Called(maker, target, arguments);
        }
    }

    /// <summary>Invokes a member; a constructor gives what it made.</summary>
    public static object? Called(MethodBase method, object? target, object?[] arguments) =>
        method is ConstructorInfo constructor ? constructor.Invoke(arguments) : method.Invoke(target, arguments);
}
