namespace DL1.Compiler.Source

/// Matrix products in C#, over `real`: the sum over three axes c, h and w of a's elements, one after another, times b's, whose
/// element for (c, h, w) and column j is at c·cs + h·hs + w·ws + j. With c = h = 1 that is a product of matrices, with a plane that is
/// padded a convolution of stride 1: neither needs a copy of b. Four rows by two vectors are held in registers.
[<RequireQualifiedAccess>]
module internal Products =
    let private shape = "int c, int cs, int h, int hs, int w, int ws"
    let private given = "c, cs, h, hs, w, ws"

    /// The loops over the axes that are summed, in which `p` is the offset in a and `at` that in b.
    let private summed (inside: string list) =
        [
            "for (int u = 0; u < c; u++)"
            "            for (int v = 0; v < h; v++)"
            "            {"
            "                int at = j + u * cs + v * hs;"
            "                for (int s = 0; s < w; s++, at += ws, p += ak)"
            "                {"
            yield! inside |> List.map (fun line -> "                    " + line)
            "                }"
            "            }"
        ]
        |> String.concat "\n"

    let private inner1 =
        [
            "Vector<real> d = Load(b, at), e = Load(b, at + size);"
            "Vector<real> f = Splat(a, p);"
            "s0 = MultiplyAdd(f, d, s0);"
            "t0 = MultiplyAdd(f, e, t0);"
            "f = Splat(a, p + ar);"
            "s1 = MultiplyAdd(f, d, s1);"
            "t1 = MultiplyAdd(f, e, t1);"
            "f = Splat(a, p + 2 * ar);"
            "s2 = MultiplyAdd(f, d, s2);"
            "t2 = MultiplyAdd(f, e, t2);"
            "f = Splat(a, p + 3 * ar);"
            "s3 = MultiplyAdd(f, d, s3);"
            "t3 = MultiplyAdd(f, e, t3);"
        ]

    let private inner2 =
        [
            "Vector<real> d = Load(b, at);"
            "s0 = MultiplyAdd(Splat(a, p), d, s0);"
            "s1 = MultiplyAdd(Splat(a, p + ar), d, s1);"
            "s2 = MultiplyAdd(Splat(a, p + 2 * ar), d, s2);"
            "s3 = MultiplyAdd(Splat(a, p + 3 * ar), d, s3);"
        ]

    let private inner3 =
        [
            "Vector<real> f = Splat(a, p);"
            "s0 = MultiplyAdd(f, Load(b, at), s0);"
            "s1 = MultiplyAdd(f, Load(b, at + size), s1);"
            "s2 = MultiplyAdd(f, Load(b, at + 2 * size), s2);"
            "s3 = MultiplyAdd(f, Load(b, at + 3 * size), s3);"
            "s4 = MultiplyAdd(f, Load(b, at + 4 * size), s4);"
            "s5 = MultiplyAdd(f, Load(b, at + 5 * size), s5);"
            "s6 = MultiplyAdd(f, Load(b, at + 6 * size), s6);"
            "s7 = MultiplyAdd(f, Load(b, at + 7 * size), s7);"
        ]

    let private inner4 =
        [
            "Vector<real> f = Splat(a, p);"
            "s0 = MultiplyAdd(f, Load(b, at), s0);"
            "s1 = MultiplyAdd(f, Load(b, at + size), s1);"
        ]

    let private inner5 = [ "s0 = MultiplyAdd(Splat(a, p), Load(b, at), s0);" ]

    let private inner6 = [ "s0 += a[p] * b[at];" ]

    let private product =
        $"""static void Product(int m, int n, {shape}, ReadOnlySpan<real> a, int ar, int ak, ReadOnlySpan<real> b, Span<real> y, int yr)
{{
    int size = Vector<real>.Count, fours = n < size ? 0 : m & ~3;
    if (fours > 0)
    {{
        if (n < 2 * size)
        {{
            FourRows(fours, 0, {given}, a, ar, ak, b, y, yr);
            if (n > size) FourRows(fours, n - size, {given}, a, ar, ak, b, y, yr);
        }}
        else
        {{
            for (int j = 0; j < n; j += 2 * size)
                FourWideRows(fours, Math.Min(j, n - 2 * size), {given}, a, ar, ak, b, y, yr);
        }}
    }}

    for (int i = fours; i < m; i++) Row(n, {given}, a.Slice(i * ar), ak, b, y.Slice(i * yr));
}}"""

    let private fourWideRows =
        $"""static void FourWideRows(int m, int j, {shape}, ReadOnlySpan<real> a, int ar, int ak, ReadOnlySpan<real> b, Span<real> y, int yr)
{{
    int size = Vector<real>.Count;
    for (int i = 0; i < m; i += 4)
    {{
        int p = i * ar;
        Vector<real> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        {summed inner1}
        int q = i * yr + j;
        Store(s0, y, q);
        Store(t0, y, q + size);
        Store(s1, y, q + yr);
        Store(t1, y, q + yr + size);
        Store(s2, y, q + 2 * yr);
        Store(t2, y, q + 2 * yr + size);
        Store(s3, y, q + 3 * yr);
        Store(t3, y, q + 3 * yr + size);
    }}
}}"""

    let private fourRows =
        $"""static void FourRows(int m, int j, {shape}, ReadOnlySpan<real> a, int ar, int ak, ReadOnlySpan<real> b, Span<real> y, int yr)
{{
    for (int i = 0; i < m; i += 4)
    {{
        int p = i * ar;
        Vector<real> s0 = default, s1 = default, s2 = default, s3 = default;
        {summed inner2}
        int q = i * yr + j;
        Store(s0, y, q);
        Store(s1, y, q + yr);
        Store(s2, y, q + 2 * yr);
        Store(s3, y, q + 3 * yr);
    }}
}}"""

    let private row =
        $"""static void Row(int n, {shape}, ReadOnlySpan<real> a, int ak, ReadOnlySpan<real> b, Span<real> y)
{{
    int size = Vector<real>.Count, j = 0;
    for (; j <= n - 8 * size; j += 8 * size)
    {{
        int p = 0;
        Vector<real> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        {summed inner3}
        Store(s0, y, j);
        Store(s1, y, j + size);
        Store(s2, y, j + 2 * size);
        Store(s3, y, j + 3 * size);
        Store(s4, y, j + 4 * size);
        Store(s5, y, j + 5 * size);
        Store(s6, y, j + 6 * size);
        Store(s7, y, j + 7 * size);
    }}

    for (; j <= n - 2 * size; j += 2 * size)
    {{
        int p = 0;
        Vector<real> s0 = default, s1 = default;
        {summed inner4}
        Store(s0, y, j);
        Store(s1, y, j + size);
    }}

    for (; n >= size && j < n; j += size)
    {{
        j = Math.Min(j, n - size);
        int p = 0;
        Vector<real> s0 = default;
        {summed inner5}
        Store(s0, y, j);
    }}

    for (; j < n; j++)
    {{
        int p = 0;
        real s0 = 0;
        {summed inner6}
        y[j] = s0;
    }}
}}"""

    let private dots =
        """static void Dots(int m, int n, int k, ReadOnlySpan<real> a, int ar, ReadOnlySpan<real> b, int br, Span<real> y, int yr, int yn)
{
    int size = Vector<real>.Count;
    for (int i = 0; i < m; i++)
    {
        for (int j = 0; j < n; j++)
        {
            int p = i * ar, q = j * br, s = 0;
            Vector<real> s0 = default, s1 = default, s2 = default, s3 = default;
            for (; s <= k - 4 * size; s += 4 * size)
            {
                s0 = MultiplyAdd(Load(a, p + s), Load(b, q + s), s0);
                s1 = MultiplyAdd(Load(a, p + s + size), Load(b, q + s + size), s1);
                s2 = MultiplyAdd(Load(a, p + s + 2 * size), Load(b, q + s + 2 * size), s2);
                s3 = MultiplyAdd(Load(a, p + s + 3 * size), Load(b, q + s + 3 * size), s3);
            }

            for (; s <= k - size; s += size) s0 = MultiplyAdd(Load(a, p + s), Load(b, q + s), s0);
            real sum = Vector.Dot(s0 + s1 + (s2 + s3), Vector<real>.One);
            for (; s < k; s++) sum += a[p + s] * b[q + s];
            y[i * yr + j * yn] = sum;
        }
    }
}"""

    /// The functions by their names.
    let all =
        [ "Product", product; "FourWideRows", fourWideRows; "FourRows", fourRows; "Row", row; "Dots", dots ]
