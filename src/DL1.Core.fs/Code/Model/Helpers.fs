namespace DL1.Compiler.Source

open System.Text.RegularExpressions
open DL1

/// A function that a written program may need beside its own: its name, the element type whose presence asks for this
/// version, and its text.
[<NoEquality; NoComparison>]
type internal Helper =
    {
        Name: string
        /// A version for vectors of this type.
        Of: DType option
        Text: string
    }

/// Functions that written programs carry, in C#: what System.Math lacks, vectors, and products.
[<RequireQualifiedAccess>]
module internal Helpers =
    let private plain name text = { Name = name; Of = None; Text = text }

    let private both name (text: string) =
        [ DType.F32; DType.F64 ]
        |> List.map (fun dtype ->
            { Name = name; Of = Some dtype; Text = text.Replace("real", Literal.typeName dtype) })

    let private inlined = "[MethodImpl(MethodImplOptions.AggressiveInlining)]\n"

    /// The functions of one number, in an order in which each uses those before it.
    let private scalars =
        [
            plain
                "Relu"
                "static float Relu(float x) => x <= 0f ? 0f : x;\nstatic double Relu(double x) => x <= 0.0 ? 0.0 : x;\nstatic int Relu(int x) => x <= 0 ? 0 : x;\nstatic long Relu(long x) => x <= 0 ? 0 : x;"
            plain
                "Sign"
                "static float Sign(float x) => x > 0f ? 1f : x < 0f ? -1f : x;\nstatic double Sign(double x) => x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;\nstatic int Sign(int x) => x > 0 ? 1 : x < 0 ? -1 : 0;\nstatic long Sign(long x) => x > 0 ? 1 : x < 0 ? -1 : 0;"
            plain
                "Abs"
                "static int Abs(int x) => x < 0 ? unchecked(-x) : x;\nstatic long Abs(long x) => x < 0 ? unchecked(-x) : x;"
            yield!
                [ UnaryOp.Expm1; UnaryOp.Log1p; UnaryOp.Erf; UnaryOp.Sigmoid; UnaryOp.Softplus ]
                |> List.map (fun op ->
                    let lines = SourceCSharp.helpers |> List.find (fun (o, _) -> o = op) |> snd
                    let name = Node.unaryName op

                    plain
                        (name.Substring(0, 1).ToUpperInvariant() + name.Substring 1)
                        (String.concat "\n" lines))
            plain
                "Index"
                "static int Index(long index, int extent)\n{\n    if (index < 0 || index >= extent) throw new ArgumentOutOfRangeException(nameof(index), index, \"an index outside of its axis\");\n    return (int)index;\n}"
        ]

    /// Reads and writes of vectors; their offsets are inside, as the program computes them.
    let private unchecked' =
        both
            "Load"
            (inlined
             + "static Vector<real> Load(ReadOnlySpan<real> x, int at) =>\n    Unsafe.ReadUnaligned<Vector<real>>(ref Unsafe.As<real, byte>(ref Unsafe.Add(ref MemoryMarshal.GetReference(x), at)));")
        @ both
            "Splat"
            (inlined
             + "static Vector<real> Splat(ReadOnlySpan<real> x, int at) => new Vector<real>(Unsafe.Add(ref MemoryMarshal.GetReference(x), at));")
        @ both
            "Store"
            (inlined
             + "static void Store(Vector<real> value, Span<real> y, int at) =>\n    Unsafe.WriteUnaligned(ref Unsafe.As<real, byte>(ref Unsafe.Add(ref MemoryMarshal.GetReference(y), at)), value);")

    /// The same within .NET Standard 2.1, with checked offsets.
    let private checked' =
        both
            "Load"
            (inlined
             + "static Vector<real> Load(ReadOnlySpan<real> x, int at) => MemoryMarshal.Read<Vector<real>>(MemoryMarshal.AsBytes(x.Slice(at)));")
        @ both
            "Splat"
            (inlined + "static Vector<real> Splat(ReadOnlySpan<real> x, int at) => new Vector<real>(x[at]);")
        @ both
            "Store"
            (inlined
             + "static void Store(Vector<real> value, Span<real> y, int at) => value.CopyTo(y.Slice(at));")

    let private multiplyAdd =
        both
            "MultiplyAdd"
            (inlined
             + "static Vector<real> MultiplyAdd(Vector<real> a, Vector<real> b, Vector<real> c) =>\n#if NET9_0_OR_GREATER\n    Vector.FusedMultiplyAdd(a, b, c);\n#else\n    a * b + c;\n#endif")

    let private elementwise =
        both
            "VectorRelu"
            "static Vector<real> VectorRelu(Vector<real> x) => Vector.ConditionalSelect(Vector.LessThanOrEqual(x, Vector<real>.Zero), Vector<real>.Zero, x);"
        @ both
            "AtLeast"
            "static Vector<real> AtLeast(Vector<real> x, Vector<real> least) => Vector.ConditionalSelect(Vector.LessThanOrEqual(x, least), least, x);"
        @ both
            "AtMost"
            "static Vector<real> AtMost(Vector<real> x, Vector<real> most) => Vector.ConditionalSelect(Vector.GreaterThanOrEqual(x, most), most, x);"

    /// One row joined into another, element by element; of maxima NaN is the largest.
    let private joins =
        [
            "JoinLarger",
            "static void JoinLarger(ReadOnlySpan<real> x, Span<real> y)\n{\n    int j = 0;\n    for (; j <= y.Length - Vector<real>.Count; j += Vector<real>.Count)\n    {\n        Vector<real> a = Load(x, j), b = Load(y, j);\n        var keeps = Vector.AndNot(Vector.Equals(a, a), Vector.GreaterThan(a, b));\n        Store(Vector.ConditionalSelect(keeps, b, a), y, j);\n    }\n\n    for (; j < y.Length; j++) y[j] = Math.Max(x[j], y[j]);\n}"
            "JoinSum",
            "static void JoinSum(ReadOnlySpan<real> x, Span<real> y)\n{\n    int j = 0;\n    for (; j <= y.Length - Vector<real>.Count; j += Vector<real>.Count) Store(Load(x, j) + Load(y, j), y, j);\n    for (; j < y.Length; j++) y[j] += x[j];\n}"
        ]

    /// Functions of vectors of singles, by the polynomials of the compiler (`Simd`).
    let private functions =
        [
            "PowerOfTwo",
            "static Vector<float> PowerOfTwo(Vector<float> n) =>\n    Vector.AsVectorSingle((Vector.ConvertToInt32(n) + new Vector<int>(127)) * new Vector<int>(1 << 23));"
            "Polynomial",
            "static Vector<float> Polynomial(Vector<float> x, ReadOnlySpan<float> factors)\n{\n    var sum = new Vector<float>(factors[0]);\n    for (int i = 1; i < factors.Length; i++) sum = MultiplyAdd(sum, x, new Vector<float>(factors[i]));\n    return sum;\n}"
            "VectorExp",
            "static Vector<float> VectorExp(Vector<float> x)\n{\n    var bounded = Vector.Min(Vector.Max(x, new Vector<float>(-105f)), new Vector<float>(89f));\n    var magic = new Vector<float>(12582912f);\n    var n = bounded * new Vector<float>(1.442695f) + magic - magic;\n    var r = bounded - n * new Vector<float>(0.693359375f) + n * new Vector<float>(0.00021219444f);\n    var q = MultiplyAdd(r, new Vector<float>(0.00019918301f), new Vector<float>(0.0013945855f));\n    q = MultiplyAdd(q, r, new Vector<float>(0.008333265f));\n    q = MultiplyAdd(q, r, new Vector<float>(0.041666273f));\n    q = MultiplyAdd(q, r, new Vector<float>(0.16666667f));\n    q = MultiplyAdd(q, r, new Vector<float>(0.5f));\n    var p = MultiplyAdd(q, r * r, r) + Vector<float>.One;\n    var half = n * new Vector<float>(0.5f) + magic - magic;\n    var result = p * PowerOfTwo(half) * PowerOfTwo(n - half);\n    return Vector.ConditionalSelect(Vector.Equals(x, x), result, x);\n}"
            "VectorSigmoid",
            "static Vector<float> VectorSigmoid(Vector<float> x)\n{\n    var z = VectorExp(-Vector.Abs(x));\n    var w = z / (Vector<float>.One + z);\n    return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), w, Vector<float>.One - w);\n}"
            "VectorTanh",
            "static Vector<float> VectorTanh(Vector<float> x)\n{\n    var a = Vector.Abs(x);\n    var z = x * x;\n    var s = MultiplyAdd(z, new Vector<float>(-0.0003583804f), new Vector<float>(0.0023011954f));\n    s = MultiplyAdd(s, z, new Vector<float>(-0.007945992f));\n    s = MultiplyAdd(s, z, new Vector<float>(0.021486672f));\n    s = MultiplyAdd(s, z, new Vector<float>(-0.053879846f));\n    s = MultiplyAdd(s, z, new Vector<float>(0.13332346f));\n    s = MultiplyAdd(s, z, new Vector<float>(-0.33333296f));\n    var near = MultiplyAdd(x * z, s, x);\n    var e = VectorExp(Vector.Min(a, new Vector<float>(10f)) * new Vector<float>(-2f));\n    var far = (Vector<float>.One - e) / (Vector<float>.One + e);\n    far = Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), -far, far);\n    return Vector.ConditionalSelect(Vector.GreaterThan(a, Vector<float>.One), far, near);\n}"
            "VectorErf",
            "static Vector<float> VectorErf(Vector<float> x)\n{\n    var z = x * x;\n    var s = MultiplyAdd(z, new Vector<float>(7.9358433e-05f), new Vector<float>(-0.0008035897f));\n    s = MultiplyAdd(s, z, new Vector<float>(0.005191395f));\n    s = MultiplyAdd(s, z, new Vector<float>(-0.026855541f));\n    s = MultiplyAdd(s, z, new Vector<float>(0.11283632f));\n    s = MultiplyAdd(s, z, new Vector<float>(-0.37612632f));\n    var near = MultiplyAdd(x * z, s, x * new Vector<float>(1.1283791f));\n    var a = Vector.Min(Vector.Abs(x), new Vector<float>(4f));\n    var t = a - new Vector<float>(2f);\n    var r = MultiplyAdd(t, new Vector<float>(0.000108366265f), new Vector<float>(-0.00020061127f));\n    r = MultiplyAdd(r, t, new Vector<float>(0.0005007679f));\n    r = MultiplyAdd(r, t, new Vector<float>(-0.0018611677f));\n    r = MultiplyAdd(r, t, new Vector<float>(0.0054756952f));\n    r = MultiplyAdd(r, t, new Vector<float>(-0.015441677f));\n    r = MultiplyAdd(r, t, new Vector<float>(0.041801848f));\n    r = MultiplyAdd(r, t, new Vector<float>(-0.106797844f));\n    r = MultiplyAdd(r, t, new Vector<float>(0.25539559f));\n    var far = Vector<float>.One - VectorExp(-(a * a)) * r;\n    far = Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), -far, far);\n    return Vector.ConditionalSelect(Vector.GreaterThan(Vector.Abs(x), Vector<float>.One), far, near);\n}"
        ]
        |> List.filter (fun (name, _) -> name <> "Polynomial")
        |> List.map (fun (name, text) -> { Name = name; Of = Some DType.F32; Text = text })

    let private all isPlain =
        scalars
        @ (if isPlain then checked' else unchecked')
        @ multiplyAdd
        @ elementwise
        @ functions
        @ List.collect (fun (name, text) -> both name text) (joins @ Products.all)

    let private isCalled (name: string) (text: string) = Regex.IsMatch(text, $"(?<![\\w.])%s{name}\\(")

    /// The functions that a text calls, and those that they call in turn, in a fixed order. With `isPlain`, those of .NET
    /// Standard 2.1.
    let needed (isPlain: bool) (text: string) : string list =
        let all = all isPlain

        let asks (text: string) (h: Helper) =
            isCalled h.Name text
            && match h.Of with
               | Some dtype -> text.Contains $"<{Literal.typeName dtype}>"
               | None -> true

        let rec close (chosen: Set<int>) (text: string) =
            let more =
                all |> List.indexed |> List.filter (fun (i, h) -> not (chosen.Contains i) && asks text h)

            if more.IsEmpty then
                chosen
            else
                let chosen = more |> List.fold (fun (s: Set<int>) (i, _) -> s.Add i) chosen
                close chosen (more |> List.map (fun (_, h) -> h.Text) |> String.concat "\n")

        let chosen = close Set.empty text

        all
        |> List.indexed
        |> List.filter (fun (i, _) -> chosen.Contains i)
        |> List.map (fun (_, h) -> h.Text)

    /// The names of all functions: no program can be named like one.
    let names = all false |> List.map _.Name |> Set
