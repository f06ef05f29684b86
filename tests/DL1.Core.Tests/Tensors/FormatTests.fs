/// Tensors as text: approved, to the character.
module DL1.Tests.FormatTests

open System.Globalization
open DL1
open DL1.Tests.Law
open Expecto

let private prints name (t: Tensor) (lines: string list) =
    test name { Expect.equal (t.ToString()) (String.concat "\n" lines) "the text" }

let private scalars =
    testList
        "scalars"
        [
            prints "f64" (Tensor.scalar 2.5) [ "f64 2.5" ]
            prints "five digits" (Tensor.scalar 3.14159265) [ "f64 3.1416" ]
            prints "small" (Tensor.scalar 1e-7f) [ "f32 1e-07" ]
            prints "infinity" (Tensor.scalar -infinityf) [ "f32 -∞" ]
            prints "i64" (Tensor.scalar -9007199254740993L) [ "i64 -9007199254740993" ]
            prints "bool" (Tensor.scalar true) [ "bool true" ]
        ]

let private rows =
    testList
        "rows"
        [
            prints
                "whole floats"
                (Tensor.ofArray [ 2; 3 ] [| 1f .. 6f |])
                [ "f32 [2, 3]"; "[[1 2 3]"; " [4 5 6]]" ]
            prints
                "on the decimal point"
                (Tensor.ofArray [ 2; 3 ] [| 1f; -2.5f; 3.25f; 0f; 100f; 0.1f |])
                [ "f32 [2, 3]"; "[[  1.00  -2.50   3.25]"; " [  0.00 100.00   0.10]]" ]
            prints
                "thirds"
                (Tensor.vector [ 1.0 / 3.0; 2.0 / 3.0; 1.0 ])
                [ "f64 [3]"; "[0.3333 0.6667 1.0000]" ]
            prints
                "a wide range"
                (Tensor.vector [ 1e-10; 1.0; 12345.678 ])
                [ "f64 [3]"; "[1.0000e-10 1.0000e+00 1.2346e+04]" ]
            prints
                "three digits of exponent"
                (Tensor.vector [ 1e300; -1e-5 ])
                [ "f64 [2]"; "[ 1e+300 -1e-005]" ]
            prints
                "special values"
                (Tensor.vector [ nan; infinity; -infinity; 1.5; -0.0 ])
                [ "f64 [5]"; "[ NaN    ∞   -∞  1.5 -0.0]" ]
            prints "nothing but NaN" (Tensor.vector [ nanf ]) [ "f32 [1]"; "[NaN]" ]
            prints
                "large whole floats"
                (Tensor.vector [ 16777217.0; 2.0 ])
                [ "f64 [2]"; "[16777217        2]" ]
            prints "rounding up" (Tensor.vector [ 0.999996; 9.99996 ]) [ "f64 [2]"; "[ 1 10]" ]
            prints
                "truth values"
                (Tensor.ofArray [ 2; 2 ] [| true; false; false; true |])
                [ "bool [2, 2]"; "[[ true false]"; " [false  true]]" ]
            prints "integers" (Tensor.vector [ 5; -10; 100 ]) [ "i32 [3]"; "[  5 -10 100]" ]
            prints
                "rank 4"
                (Tensor.reshape [ 2; 1; 2; 3 ] (Tensor.arange DType.F64 12))
                [
                    "f64 [2, 1, 2, 3]"
                    "[[[[ 0  1  2]"
                    "   [ 3  4  5]]]"
                    ""
                    " [[[ 6  7  8]"
                    "   [ 9 10 11]]]]"
                ]
            prints "no elements" (Tensor.zeros DType.F32 [ 2; 0; 3 ]) [ "f32 [2, 0, 3] (no elements)" ]
        ]

let private long =
    testList
        "long"
        [
            prints
                "a vector"
                (Tensor.arange DType.I64 2000)
                [ "i64 [2000]"; "[   0    1    2 … 1997 1998 1999]" ]
            prints
                "a matrix"
                (Tensor.reshape [ 200; 10 ] (Tensor.arange DType.I32 2000))
                [
                    "i32 [200, 10]"
                    "[[   0    1    2 …    7    8    9]"
                    " [  10   11   12 …   17   18   19]"
                    " [  20   21   22 …   27   28   29]"
                    " …"
                    " [1970 1971 1972 … 1977 1978 1979]"
                    " [1980 1981 1982 … 1987 1988 1989]"
                    " [1990 1991 1992 … 1997 1998 1999]]"
                ]
            prints
                "short axes are kept whole"
                (Tensor.reshape [ 2; 600 ] (Tensor.arange DType.I32 1200))
                [
                    "i32 [2, 600]"
                    "[[   0    1    2 …  597  598  599]"
                    " [ 600  601  602 … 1197 1198 1199]]"
                ]
            prints
                "a row of more than a line"
                (Tensor.linspace DType.F64 0.0 1.0 13)
                [
                    "f64 [13]"
                    "[0.0000 0.0833 0.1667 0.2500 0.3333 0.4167 0.5000 0.5833 0.6667 0.7500 0.8333"
                    " 0.9167 1.0000]"
                ]
            test "a thousand elements are all shown" {
                Expect.isFalse ((Tensor.arange DType.I32 1000).ToString().Contains "…") "no gap"
            }
        ]

let private laws =
    testList
        "laws"
        [
            law "no line is longer than 80 characters" (fun (values: float[]) (doubled: int16) ->
                let t = Tensor.vector (Array.append values [| float doubled |])
                t.ToString().Split '\n' |> Array.forall (fun line -> line.Length <= 80))
            law "a printed number is right to five digits, or to four decimals" (fun (values: float[]) ->
                // Five digits of the largest double round up to infinity.
                let values = values |> Array.filter (fun v -> abs v < 1e308) |> Array.append [| 1.0 |]

                let printed =
                    (Tensor.vector values).ToString().Split('\n', 2)[1]
                    |> fun text ->
                        text.Split([| ' '; '['; ']'; '\n' |], System.StringSplitOptions.RemoveEmptyEntries)
                    |> Array.map (fun text -> System.Double.Parse(text, CultureInfo.InvariantCulture))

                Array.forall2 (fun p v -> abs (p - v) <= 0.5001e-4 * max (abs v) 1.0) printed values)
            test "the culture does not matter" {
                let before = CultureInfo.CurrentCulture

                try
                    let commas = CultureInfo.InvariantCulture.Clone() :?> CultureInfo
                    commas.NumberFormat.NumberDecimalSeparator <- ","
                    commas.NumberFormat.NegativeSign <- "~"
                    CultureInfo.CurrentCulture <- commas
                    Expect.equal ((Tensor.vector [ -1.5 ]).ToString()) "f64 [1]\n[-1.5]" "floats"
                    Expect.equal ((Tensor.vector [ -1 ]).ToString()) "i32 [1]\n[-1]" "integers"
                    Expect.equal ((Tensor.vector [ 1e-9 ]).ToString()) "f64 [1]\n[1e-09]" "exponents"
                finally
                    CultureInfo.CurrentCulture <- before
            }
        ]

let tests: Test = testList "Format" [ scalars; rows; long; laws ]
