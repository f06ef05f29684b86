/// The functions in about 32 decimal digits, to judge f64 by: a number is a sum of two doubles (T. J. Dekker, "A
/// floating-point technique for extending the available precision", 1971).
module DL1.Tests.Precise

open System

/// The sum of a double and a much smaller one.
[<Struct>]
type Pair = { High: float; Low: float }

let private quick a b =
    let s = a + b
    { High = s; Low = b - (s - a) }

let private twoSum a b =
    let s = a + b
    let v = s - a
    struct (s, (a - (s - v)) + (b - v))

let private twoProduct a b =
    let p = a * b
    struct (p, Math.FusedMultiplyAdd(a, b, -p))

let ofFloat x = { High = x; Low = 0.0 }
let ofPair high low = quick high low
let negate x = { High = -x.High; Low = -x.Low }

let add x y =
    let struct (s, e) = twoSum x.High y.High
    let struct (t, f) = twoSum x.Low y.Low
    let u = quick s (e + t)
    quick u.High (u.Low + f)

let sub x y = add x (negate y)

let mul x y =
    let struct (p, e) = twoProduct x.High y.High
    quick p (e + (x.High * y.Low + x.Low * y.High))

let times x (k: float) = mul x (ofFloat k)

let div x y =
    let q1 = x.High / y.High
    let r = sub x (times y q1)
    let q2 = r.High / y.High
    let r = sub r (times y q2)
    add (quick q1 q2) (ofFloat (r.High / y.High))

let one = ofFloat 1.0
let private ln2 = ofPair 0.6931471805599453 2.3190468138462996e-17

/// Times 2ᵏ; below the normal numbers this rounds.
let private scale k x = { High = Math.ScaleB(x.High, k); Low = Math.ScaleB(x.Low, k) }

/// exp r − 1 for |r| ≤ ln 2 / 2: a series of r/256, squared back eight times.
let private reducedMinus1 r =
    let s = scale -8 r
    let mutable sum = s
    let mutable term = s

    for i in 2..12 do
        term <- div (mul term s) (ofFloat (float i))
        sum <- add sum term

    for _ in 1..8 do
        sum <- add (scale 1 sum) (mul sum sum)

    sum

/// exp x with its exponent apart, |x| < 10⁴: x ↦ (exp r − 1, n).
let private split x =
    let n = Math.Round(x.High / 0.6931471805599453)
    // The third part of ln 2 counts where n is large.
    let r = sub (sub x (times ln2 n)) (ofFloat (n * 5.707708438416212e-34))
    struct (reducedMinus1 r, int n)

let exp x =
    let struct (p, n) = split x
    scale n (add one p)

let expm1 x =
    let struct (p, n) = split x
    if n = 0 then p else sub (scale n (add one p)) one

/// 2·artanh s.
let private artanh2 s =
    let z = mul s s
    let mutable power = s
    let mutable sum = s

    for i in 1..24 do
        power <- mul power z
        sum <- add sum (div power (ofFloat (float (2 * i + 1))))

    scale 1 sum

let log x =
    let k = Math.ILogB(x.High * Math.Sqrt 2.0)
    let m = scale -k x
    add (times ln2 (float k)) (artanh2 (div (sub m one) (add m one)))

let log1p x =
    if abs x.High < 0.4 then
        artanh2 (div x (add (ofFloat 2.0) x))
    else
        log (add one x)

/// The series Σ ± r²ⁱ⁺ᵏ / (2i+k)! from its first term on.
let private alternating first k z =
    let mutable term = first
    let mutable sum = first

    for i in 1..16 do
        let a = float (2 * i + k)
        term <- negate (div (mul term z) (ofFloat (a * (a - 1.0))))
        sum <- add sum term

    sum

/// sin(x + turn·π/2) for |x| ≤ 2³⁰.
let sinTurned turn (x: float) =
    let n = Math.Round(x * 0.6366197723675814)

    let part (c: float) r =
        let struct (p, e) = twoProduct n c
        sub (sub r (ofFloat p)) (ofFloat e)

    let r =
        ofFloat x |> part 1.5707963267948966 |> part 6.123233995736766e-17 |> part -1.4973849048591698e-33

    let z = mul r r
    let quadrant = int ((int64 n + turn) &&& 3L)
    let y = if quadrant % 2 = 0 then alternating r 1 z else alternating one 0 z
    if quadrant >= 2 then negate y else y

let tanh x =
    let e = expm1 (scale 1 x)
    div e (add e (ofFloat 2.0))

let sigmoid x =
    let z = exp (ofFloat -(abs x))
    div (if x >= 0.0 then one else z) (add one z)

let softplus x = add (ofFloat (max x 0.0)) (log1p (exp (ofFloat -(abs x))))

/// erf x for |x| ≤ 6: 2/√π·exp(−x²)·Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, a series of positive terms.
let erf (x: float) =
    let struct (p, e) = twoProduct x x
    let z = ofPair p e
    let mutable term = ofFloat x
    let mutable sum = term
    let mutable n = 0

    while abs term.High > abs sum.High * 1e-34 do
        n <- n + 1
        term <- div (mul term (scale 1 z)) (ofFloat (float (2 * n + 1)))
        sum <- add sum term

    mul (mul (ofPair 1.1283791670955126 1.533545961316588e-17) (exp (negate z))) sum

let pow x y = exp (times (log (ofFloat x)) y)
