/// The graphs of remainders and angles, and of their gradients: text and digest are approved, so that equal formulas are the same
/// expression in files, caches and compiled plans of every version.
module DL1.Tests.RemainderTests

open DL1
open Expecto

let private x, y = Expr.symbol "x", Expr.symbol "y"

let private i, j = Expr.variable "i" DType.I32 [ 3 ], Expr.variable "j" DType.I32 [ 2; 1 ]

let private u, v = Expr.variable "u" DType.F32 [ 2; 3 ], Expr.variable "v" DType.F32 [ 3 ]

/// What whole quotients have in common.
let private wholeQuotient =
    "t₁ = (j = 0);  t₂ = where(t₁, 1, j);  t₃ = f64(t₂);  t₄ = f64(i)/t₃
t₅ = i32(where(t₄ < 0, ⌈t₄⌉, ⌊t₄⌋));  t₆ = f64(i − t₂·t₅)/t₃
t₇ = t₅ + i32(where(t₆ < 0, ⌈t₆⌉, ⌊t₆⌋));  t₈ = i − t₂·t₇;  t₉ = sign(i)·sign(t₂)
t₁₀ = where(t₈ ≠ 0 ∧ (t₈ < 0) ≠ (i < 0), t₇ − t₉, where(|t₈| ≥ |t₂|, t₇ + t₉, t₇))
"

/// Formulas with their text and digest.
let private formulas =
    [
        x % y, "fmod(x, y)", "55ee8ad78e362f5a439d5a5de367666d"
        u % v, "fmod(u, broadcast(v; shape=[2, 3]))", "3fc77058b1dced7f3f715ab3daf6f70b"
        x % 1.7, "fmod(x, 1.7)", "60c059091540209398070279ece595a6"
        7.25 % y, "fmod(7.25, y)", "79f3cd33b9539a1350fa9b492c08d01c"
        i % j, wholeQuotient + "i − j·where(t₁, 0, t₁₀)", "6dc6cba03555a4a794d7d6746b7da3b0"
        i % 3, wholeQuotient.Replace("j", "3") + "i − 3·where(t₁, 0, t₁₀)", "775e5a67909e0d1e205dd67a59ce14e7"
        lit 7.0 % lit 2.0, "fmod(7, 2)", "3b70a5db187d0c1d8774fe668907a8c8"
        lit 7.0 % lit 2.0 + u, "f32(fmod(7, 2)) + u", "f53ef5808f5bafb612525b4dc95e2d6a"
        Division.remainder x y, "remainder(x, y)", "685b13315f9c23d2a6c94edca73e6dc1"
        Division.floorDivide i j,
        wholeQuotient
        + "t₁₁ = where(t₁, 0, t₁₀);  t₁₂ = i − j·t₁₁
where(t₁₂ ≠ 0 ∧ (t₁₂ < 0) ≠ (j < 0) ∧ j ≠ 0, t₁₁ − 1, t₁₁)",
        "719c5a423a0eda0a0bfac444c87fdcdd"
        Division.truncDivide i j, wholeQuotient + "where(t₁, 0, t₁₀)", "9ed393e764f2f127973d13965e149f71"
        atan2 y x, "atan2(y, x)", "7f8a3804024f440784094c6e511f35de"
        atan2 u v, "atan2(u, broadcast(v; shape=[2, 3]))", "b5757fa23b8876f44e1ba2ff8b72aa7f"
        atan2 (lit 1.0) u, "atan2(broadcast(1; shape=[2, 3]), u)", "804adbd13b92e11dd2621bd546caeb95"
        atan2 (lit 1.0) (lit 2.0) + u, "f32(atan2(1, 2)) + u", "9c451cd4d33c1560913491cc6d9d26eb"
    ]

/// Formulas, what they are differentiated by, and the digests of their gradients.
let private gradients =
    [
        x % y, [ x; y ], [ "88304a619ca3bbe935bea43c5fcc7110"; "961cd5a6d816c8201ff4e5836d2c680c" ]
        u % v, [ u; v ], [ "fca2a9138859530b0788eddda656b1a5"; "1b0483aad60a6a5657ef66de781b215f" ]
        atan2 y x, [ y; x ], [ "42048292656040301a556000f3469f9a"; "911336eb5aa011f6b18235af2caf38c5" ]
        atan2 u v, [ u; v ], [ "2e46dd97040f30dce953fc6f72b39edf"; "07e520fc599a9106703c65974b66a4ac" ]
    ]

let tests =
    testList
        "Remainder"
        [
            for formula, text, digest in formulas do
                test $"the graph of {text.Substring(text.LastIndexOf '\n' + 1)} of {formula.DType} {digest}" {
                    Expect.equal (string formula) text "its text"
                    Expect.equal (string formula.Digest) digest "its digest"
                }
            for formula, by, digests in gradients do
                test $"the gradients of {formula} of {formula.DType}" {
                    let derivatives = Grad.grad (Expr.sumAll formula) by
                    Expect.equal (derivatives |> List.map (fun d -> string d.Digest)) digests "their digests"
                }
        ]
