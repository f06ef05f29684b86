/// Written by ToCodeTests: functions of F#, each from a formula.
module DL1.Tests.Generated

let generatedNegF64 (x: float) (y: float) : float =
    -(x + 1.5 * y)

let generatedAbsF64 (x: float) (y: float) : float =
    abs (x + 1.5 * y)

let generatedSignF64 (x: float) (y: float) : float =
    let signOf (x: float) = if x > 0.0 then 1.0 elif x < 0.0 then -1.0 else x
    signOf (x + 1.5 * y)

let generatedFloorF64 (x: float) (y: float) : float =
    floor (x + 1.5 * y)

let generatedCeilingF64 (x: float) (y: float) : float =
    ceil (x + 1.5 * y)

let generatedRoundF64 (x: float) (y: float) : float =
    round (x + 1.5 * y)

let generatedExpF64 (x: float) (y: float) : float =
    exp (x + 1.5 * y)

let generatedExpm1F64 (x: float) (y: float) : float =
    let expm1 (x: float) =
        let u = exp x
        if abs x > 0.5 then u - 1.0
        elif x = 0.0 || u = 1.0 then x
        else (u - 1.0) * x / log u
    expm1 (x + 1.5 * y)

let generatedLogF64 (x: float) (y: float) : float =
    log (x + 1.5 * y)

let generatedLog1pF64 (x: float) (y: float) : float =
    let log1p (x: float) =
        let u = 1.0 + x
        if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))
    log1p (x + 1.5 * y)

let generatedSqrtF64 (x: float) (y: float) : float =
    sqrt (x + 1.5 * y)

let generatedRsqrtF64 (x: float) (y: float) : float =
    1.0 / sqrt (x + 1.5 * y)

let generatedReciprocalF64 (x: float) (y: float) : float =
    1.0 / (x + 1.5 * y)

let generatedSinF64 (x: float) (y: float) : float =
    sin (x + 1.5 * y)

let generatedCosF64 (x: float) (y: float) : float =
    cos (x + 1.5 * y)

let generatedTanF64 (x: float) (y: float) : float =
    tan (x + 1.5 * y)

let generatedAsinF64 (x: float) (y: float) : float =
    asin (x + 1.5 * y)

let generatedAcosF64 (x: float) (y: float) : float =
    acos (x + 1.5 * y)

let generatedAtanF64 (x: float) (y: float) : float =
    atan (x + 1.5 * y)

let generatedSinhF64 (x: float) (y: float) : float =
    sinh (x + 1.5 * y)

let generatedCoshF64 (x: float) (y: float) : float =
    cosh (x + 1.5 * y)

let generatedTanhF64 (x: float) (y: float) : float =
    tanh (x + 1.5 * y)

let generatedSigmoidF64 (x: float) (y: float) : float =
    let sigmoid (x: float) = if x >= 0.0 then 1.0 / (1.0 + exp -x) else exp x / (1.0 + exp x)
    sigmoid (x + 1.5 * y)

let generatedSoftplusF64 (x: float) (y: float) : float =
    let log1p (x: float) =
        let u = 1.0 + x
        if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))
    let softplus (x: float) = max x 0.0 + log1p (exp -(abs x))
    softplus (x + 1.5 * y)

let generatedErfF64 (x: float) (y: float) : float =
    let erf (x: float) =
        let a = abs x
        let rec series term sum n =
            if term > sum * 1e-17 then
                let term = term * 2.0 * a * a / (2.0 * (n + 1.0) + 1.0)
                series term (sum + term) (n + 1.0)
            else
                sum
        if System.Double.IsNaN x then x
        elif a < 2.5 then
            System.Math.CopySign(2.0 / sqrt System.Math.PI * exp (-a * a) * series a a 0.0, x)
        elif a > 6.0 then System.Math.CopySign(1.0, x)
        else
            let fraction = [ 60..-1..1 ] |> List.fold (fun fraction k -> a + float k / 2.0 / fraction) a
            System.Math.CopySign(1.0 - exp (-a * a) / (sqrt System.Math.PI * fraction), x)
    erf (x + 1.5 * y)

let generatedReluF64 (x: float) (y: float) : float =
    let relu (x: float) = if x <= 0.0 then 0.0 else x
    relu (x + 1.5 * y)

let generatedAddF64 (x: float) (y: float) : float =
    x + y + -x

let generatedSubF64 (x: float) (y: float) : float =
    x - y - -x

let generatedMulF64 (x: float) (y: float) : float =
    x * y * -x

let generatedDivF64 (x: float) (y: float) : float =
    x / y / -x

let generatedPowF64 (x: float) (y: float) : float =
    (x ** y) ** (-x)

let generatedMaxF64 (x: float) (y: float) : float =
    max (max x y) (-x)

let generatedMinF64 (x: float) (y: float) : float =
    min (min x y) (-x)

let generatedEqF64 (x: float) (y: float) : float =
    (if x = 2.0 * y then x - (y - x) else x / (y / x))

let generatedNeF64 (x: float) (y: float) : float =
    (if x <> 2.0 * y then x - (y - x) else x / (y / x))

let generatedLtF64 (x: float) (y: float) : float =
    (if x < 2.0 * y then x - (y - x) else x / (y / x))

let generatedLeF64 (x: float) (y: float) : float =
    (if x <= 2.0 * y then x - (y - x) else x / (y / x))

let generatedGtF64 (x: float) (y: float) : float =
    (if x > 2.0 * y then x - (y - x) else x / (y / x))

let generatedGeF64 (x: float) (y: float) : float =
    (if x >= 2.0 * y then x - (y - x) else x / (y / x))

let generatedSpecialF64 (x: float) (y: float) : float =
    (if System.Double.IsNaN x && (y > 0.0 || not (y < -infinity)) then nan else min (x + 1E-30) infinity * -0.0)

let generatedCastF64 (x: float) (y: float) : float =
    float (float32 x) + (if y <> 0.0 then 1.0 else 0.0) + (if x < y then 1.0 else 0.0)

let generatedGrown1F64 (x: float) (y: float) : float =
    let t1 = x + (if not (x > y) then 1.0 else 0.0) * 9.0
    let t2 = (if y = x && x > 0.0 then x else y)
    let t3 = tanh (t2 + (if not (t2 = x) then 1.0 else 0.0) * 7.0)
    (if t1 + (if t1 = x + (if x <> y then 1.0 else 0.0) * 3.0 || log (t2 / x) <> 0.0 then 1.0 else 0.0) * 5.0 = t3 then t3 else (if not (x >= y) then y else t1))

let generatedGrown2F64 (x: float) (y: float) : float =
    let t1 = max (sinh y) x - sqrt y
    let t2 = max y t1
    t2 + (if not (t2 < t1) then 1.0 else 0.0) * 6.0

let generatedGrown3F64 (x: float) (y: float) : float =
    round x

let generatedGrown4F64 (x: float) (y: float) : float =
    let log1p (x: float) =
        let u = 1.0 + x
        if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))
    let sigmoid (x: float) = if x >= 0.0 then 1.0 / (1.0 + exp -x) else exp x / (1.0 + exp x)
    let softplus (x: float) = max x 0.0 + log1p (exp -(abs x))
    let t1 = x + (if not (x = y) then 1.0 else 0.0) * 7.0
    let t2 = (if x <> y || x <> 0.0 then y else x)
    let t3 = (if t1 > t2 && t2 > 0.0 then t2 else x)
    let t4 = softplus t3
    let t5 = sigmoid (if floor t3 > t4 && t4 > 0.0 then t4 else t3)
    let t6 = (if not (t4 >= t3) then t3 else t1)
    let t7 = t5 + (if t5 <= t6 && t6 > 0.0 then 1.0 else 0.0) * 0.0
    (if y < t7 && t7 > 0.0 then t7 else -t1) - t7

let generatedGrown5F64 (x: float) (y: float) : float =
    min y (min x y)

let generatedGrown6F64 (x: float) (y: float) : float =
    sinh y

let generatedGrown7F64 (x: float) (y: float) : float =
    ceil (abs y)

let generatedGrown8F64 (x: float) (y: float) : float =
    let t1 = exp y
    let t2 = y + x
    t1 + (if not (t1 < t2 + (if not (t2 = x) then 1.0 else 0.0) * 5.0) then 1.0 else 0.0) * 3.0

let generatedGrown9F64 (x: float) (y: float) : float =
    let log1p (x: float) =
        let u = 1.0 + x
        if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))
    let sigmoid (x: float) = if x >= 0.0 then 1.0 / (1.0 + exp -x) else exp x / (1.0 + exp x)
    let softplus (x: float) = max x 0.0 + log1p (exp -(abs x))
    let relu (x: float) = if x <= 0.0 then 0.0 else x
    let t1 = (if not (x <= y) then y else x)
    let t2 = y + (if y = t1 || x <> 0.0 then 1.0 else 0.0) * 9.0
    log1p (sigmoid (relu (if softplus x = t2 then t2 else t1)))

let generatedGrown10F64 (x: float) (y: float) : float =
    let t1 = y + (if y <> x then 1.0 else 0.0) * 10.0
    t1 + (if not (t1 < x) then 1.0 else 0.0) * 5.0

let generatedGrown11F64 (x: float) (y: float) : float =
    let relu (x: float) = if x <= 0.0 then 0.0 else x
    let t1 = tanh x
    let t2 = t1 <> 0.0
    let t3 = (if x <> y || t2 then y else t1)
    let t4 = relu t3
    let t5 = sin (t4 - (if not (t1 >= x) then x else y))
    let t6 = (if not (t3 <> t1) then t1 else x)
    t5 + (if t5 = (if not (t1 * x <= t6) then t6 else t4) || t2 then 1.0 else 0.0) * 7.0

let generatedGrown12F64 (x: float) (y: float) : float =
    let signOf (x: float) = if x > 0.0 then 1.0 elif x < 0.0 then -1.0 else x
    sin (sinh (signOf (max y (x ** y))))

let generatedNegF32 (x: float32) (y: float32) : float32 =
    -(x + 1.5f * y)

let generatedAbsF32 (x: float32) (y: float32) : float32 =
    abs (x + 1.5f * y)

let generatedSignF32 (x: float32) (y: float32) : float32 =
    let signOf (x: float) = if x > 0.0 then 1.0 elif x < 0.0 then -1.0 else x
    float32 (signOf (float (x + 1.5f * y)))

let generatedFloorF32 (x: float32) (y: float32) : float32 =
    float32 (floor (float (x + 1.5f * y)))

let generatedCeilingF32 (x: float32) (y: float32) : float32 =
    float32 (ceil (float (x + 1.5f * y)))

let generatedRoundF32 (x: float32) (y: float32) : float32 =
    float32 (round (float (x + 1.5f * y)))

let generatedExpF32 (x: float32) (y: float32) : float32 =
    float32 (exp (float (x + 1.5f * y)))

let generatedExpm1F32 (x: float32) (y: float32) : float32 =
    let expm1 (x: float) =
        let u = exp x
        if abs x > 0.5 then u - 1.0
        elif x = 0.0 || u = 1.0 then x
        else (u - 1.0) * x / log u
    float32 (expm1 (float (x + 1.5f * y)))

let generatedLogF32 (x: float32) (y: float32) : float32 =
    float32 (log (float (x + 1.5f * y)))

let generatedLog1pF32 (x: float32) (y: float32) : float32 =
    let log1p (x: float) =
        let u = 1.0 + x
        if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))
    float32 (log1p (float (x + 1.5f * y)))

let generatedSqrtF32 (x: float32) (y: float32) : float32 =
    float32 (sqrt (float (x + 1.5f * y)))

let generatedRsqrtF32 (x: float32) (y: float32) : float32 =
    float32 (1.0 / sqrt (float (x + 1.5f * y)))

let generatedReciprocalF32 (x: float32) (y: float32) : float32 =
    float32 (1.0 / float (x + 1.5f * y))

let generatedSinF32 (x: float32) (y: float32) : float32 =
    float32 (sin (float (x + 1.5f * y)))

let generatedCosF32 (x: float32) (y: float32) : float32 =
    float32 (cos (float (x + 1.5f * y)))

let generatedTanF32 (x: float32) (y: float32) : float32 =
    float32 (tan (float (x + 1.5f * y)))

let generatedAsinF32 (x: float32) (y: float32) : float32 =
    float32 (asin (float (x + 1.5f * y)))

let generatedAcosF32 (x: float32) (y: float32) : float32 =
    float32 (acos (float (x + 1.5f * y)))

let generatedAtanF32 (x: float32) (y: float32) : float32 =
    float32 (atan (float (x + 1.5f * y)))

let generatedSinhF32 (x: float32) (y: float32) : float32 =
    float32 (sinh (float (x + 1.5f * y)))

let generatedCoshF32 (x: float32) (y: float32) : float32 =
    float32 (cosh (float (x + 1.5f * y)))

let generatedTanhF32 (x: float32) (y: float32) : float32 =
    float32 (tanh (float (x + 1.5f * y)))

let generatedSigmoidF32 (x: float32) (y: float32) : float32 =
    let sigmoid (x: float) = if x >= 0.0 then 1.0 / (1.0 + exp -x) else exp x / (1.0 + exp x)
    float32 (sigmoid (float (x + 1.5f * y)))

let generatedSoftplusF32 (x: float32) (y: float32) : float32 =
    let log1p (x: float) =
        let u = 1.0 + x
        if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))
    let softplus (x: float) = max x 0.0 + log1p (exp -(abs x))
    float32 (softplus (float (x + 1.5f * y)))

let generatedErfF32 (x: float32) (y: float32) : float32 =
    let erf (x: float) =
        let a = abs x
        let rec series term sum n =
            if term > sum * 1e-17 then
                let term = term * 2.0 * a * a / (2.0 * (n + 1.0) + 1.0)
                series term (sum + term) (n + 1.0)
            else
                sum
        if System.Double.IsNaN x then x
        elif a < 2.5 then
            System.Math.CopySign(2.0 / sqrt System.Math.PI * exp (-a * a) * series a a 0.0, x)
        elif a > 6.0 then System.Math.CopySign(1.0, x)
        else
            let fraction = [ 60..-1..1 ] |> List.fold (fun fraction k -> a + float k / 2.0 / fraction) a
            System.Math.CopySign(1.0 - exp (-a * a) / (sqrt System.Math.PI * fraction), x)
    float32 (erf (float (x + 1.5f * y)))

let generatedReluF32 (x: float32) (y: float32) : float32 =
    let relu (x: float) = if x <= 0.0 then 0.0 else x
    float32 (relu (float (x + 1.5f * y)))

let generatedAddF32 (x: float32) (y: float32) : float32 =
    x + y + -x

let generatedSubF32 (x: float32) (y: float32) : float32 =
    x - y - -x

let generatedMulF32 (x: float32) (y: float32) : float32 =
    x * y * -x

let generatedDivF32 (x: float32) (y: float32) : float32 =
    x / y / -x

let generatedPowF32 (x: float32) (y: float32) : float32 =
    float32 (float (float32 (float x ** float y)) ** float (-x))

let generatedMaxF32 (x: float32) (y: float32) : float32 =
    max (max x y) (-x)

let generatedMinF32 (x: float32) (y: float32) : float32 =
    min (min x y) (-x)

let generatedEqF32 (x: float32) (y: float32) : float32 =
    (if x = 2.0f * y then x - (y - x) else x / (y / x))

let generatedNeF32 (x: float32) (y: float32) : float32 =
    (if x <> 2.0f * y then x - (y - x) else x / (y / x))

let generatedLtF32 (x: float32) (y: float32) : float32 =
    (if x < 2.0f * y then x - (y - x) else x / (y / x))

let generatedLeF32 (x: float32) (y: float32) : float32 =
    (if x <= 2.0f * y then x - (y - x) else x / (y / x))

let generatedGtF32 (x: float32) (y: float32) : float32 =
    (if x > 2.0f * y then x - (y - x) else x / (y / x))

let generatedGeF32 (x: float32) (y: float32) : float32 =
    (if x >= 2.0f * y then x - (y - x) else x / (y / x))

let generatedSpecialF32 (x: float32) (y: float32) : float32 =
    (if System.Single.IsNaN x && (y > 0.0f || not (y < -infinityf)) then nanf else min (x + 1E-30f) infinityf * -0.0f)

let generatedCastF32 (x: float32) (y: float32) : float32 =
    x + (if y <> 0.0f then 1.0f else 0.0f) + float32 (if x < y then 1.0 else 0.0)

let generatedGrown1F32 (x: float32) (y: float32) : float32 =
    let expm1 (x: float) =
        let u = exp x
        if abs x > 0.5 then u - 1.0
        elif x = 0.0 || u = 1.0 then x
        else (u - 1.0) * x / log u
    float32 (expm1 (float x)) * (x / y)

let generatedGrown2F32 (x: float32) (y: float32) : float32 =
    float32 (1.0 / float (if y < x && x > 0.0f then x else y))

let generatedGrown3F32 (x: float32) (y: float32) : float32 =
    let t1 = float32 (1.0 / float (float32 (acos (float (float32 (float x ** float y))))))
    (if x <= y || t1 <> 0.0f then y else t1)

let generatedGrown4F32 (x: float32) (y: float32) : float32 =
    float32 (float x ** float y)

let generatedGrown5F32 (x: float32) (y: float32) : float32 =
    let t1 = y + x
    let t2 = (if t1 > x && x > 0.0f then x else y)
    let t3 = (if t2 >= t1 || x <> 0.0f then t1 else x)
    let t4 = (if y <> t2 || t1 <> 0.0f then t2 else t1)
    let t5 = t3 + (if t3 >= t4 && t4 > 0.0f then 1.0f else 0.0f) * 7.0f
    t5 + (if t5 < t3 || t4 <> 0.0f then 1.0f else 0.0f) * 1.0f

let generatedGrown6F32 (x: float32) (y: float32) : float32 =
    let t1 = float32 (float y ** float x)
    let t2 = t1 + (if t1 > x || y <> 0.0f then 1.0f else 0.0f) * 4.0f
    let t3 = (if x = y && y > 0.0f then y else t2)
    let t4 = t3 + (if t3 >= t2 then 1.0f else 0.0f) * 7.0f
    (if y < t4 && t4 > 0.0f then t4 else float32 (round (float y)))

let generatedGrown7F32 (x: float32) (y: float32) : float32 =
    let log1p (x: float) =
        let u = 1.0 + x
        if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))
    let softplus (x: float) = max x 0.0 + log1p (exp -(abs x))
    let t1 = x * y
    let t2 = float32 (softplus (float x))
    let t3 = t2 + (if t2 = x || y <> 0.0f then 1.0f else 0.0f) * 2.0f
    (if float32 (log (float y)) <= t1 || t3 <> 0.0f then t1 else t3)

let generatedGrown8F32 (x: float32) (y: float32) : float32 =
    let expm1 (x: float) =
        let u = exp x
        if abs x > 0.5 then u - 1.0
        elif x = 0.0 || u = 1.0 then x
        else (u - 1.0) * x / log u
    float32 (cos (float (float32 (expm1 (float y)))))

let generatedGrown9F32 (x: float32) (y: float32) : float32 =
    let t1 = y + (if y >= x && x > 0.0f then 1.0f else 0.0f) * 4.0f
    let t2 = float32 (log (float t1))
    let t3 = x + y
    y + (if y >= (if (if not (t2 <= t3) then t3 else (if not (y >= t1) then t1 else x)) < t2 then t2 else t3) then 1.0f else 0.0f) * 9.0f

let generatedGrown10F32 (x: float32) (y: float32) : float32 =
    let t1 = float32 (acos (float x))
    let t2 = abs t1
    let t3 = (if t2 < t1 then t1 else float32 (log (float y)))
    max (float32 (log (float x))) (t3 + (if t3 <> t2 then 1.0f else 0.0f) * 9.0f)

let generatedGrown11F32 (x: float32) (y: float32) : float32 =
    let log1p (x: float) =
        let u = 1.0 + x
        if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))
    let softplus (x: float) = max x 0.0 + log1p (exp -(abs x))
    let t1 = float32 (softplus (float y))
    let t2 = float32 (round (float (t1 + (if t1 < x || y <> 0.0f then 1.0f else 0.0f) * 4.0f)))
    let t3 = (if x >= y || t2 <> 0.0f then y else t2)
    y + (if y < float32 (cosh (float x)) || t3 + (if t3 <> t2 then 1.0f else 0.0f) * 3.0f <> 0.0f then 1.0f else 0.0f) * 3.0f

let generatedGrown12F32 (x: float32) (y: float32) : float32 =
    float32 (ceil (float (float32 (acos (float (x * y))))))

/// The functions by their names, of double.
let all: (string * (float -> float -> float)) list =
    [
        "NegF64", generatedNegF64
        "AbsF64", generatedAbsF64
        "SignF64", generatedSignF64
        "FloorF64", generatedFloorF64
        "CeilingF64", generatedCeilingF64
        "RoundF64", generatedRoundF64
        "ExpF64", generatedExpF64
        "Expm1F64", generatedExpm1F64
        "LogF64", generatedLogF64
        "Log1pF64", generatedLog1pF64
        "SqrtF64", generatedSqrtF64
        "RsqrtF64", generatedRsqrtF64
        "ReciprocalF64", generatedReciprocalF64
        "SinF64", generatedSinF64
        "CosF64", generatedCosF64
        "TanF64", generatedTanF64
        "AsinF64", generatedAsinF64
        "AcosF64", generatedAcosF64
        "AtanF64", generatedAtanF64
        "SinhF64", generatedSinhF64
        "CoshF64", generatedCoshF64
        "TanhF64", generatedTanhF64
        "SigmoidF64", generatedSigmoidF64
        "SoftplusF64", generatedSoftplusF64
        "ErfF64", generatedErfF64
        "ReluF64", generatedReluF64
        "AddF64", generatedAddF64
        "SubF64", generatedSubF64
        "MulF64", generatedMulF64
        "DivF64", generatedDivF64
        "PowF64", generatedPowF64
        "MaxF64", generatedMaxF64
        "MinF64", generatedMinF64
        "EqF64", generatedEqF64
        "NeF64", generatedNeF64
        "LtF64", generatedLtF64
        "LeF64", generatedLeF64
        "GtF64", generatedGtF64
        "GeF64", generatedGeF64
        "SpecialF64", generatedSpecialF64
        "CastF64", generatedCastF64
        "Grown1F64", generatedGrown1F64
        "Grown2F64", generatedGrown2F64
        "Grown3F64", generatedGrown3F64
        "Grown4F64", generatedGrown4F64
        "Grown5F64", generatedGrown5F64
        "Grown6F64", generatedGrown6F64
        "Grown7F64", generatedGrown7F64
        "Grown8F64", generatedGrown8F64
        "Grown9F64", generatedGrown9F64
        "Grown10F64", generatedGrown10F64
        "Grown11F64", generatedGrown11F64
        "Grown12F64", generatedGrown12F64
        "NegF32", (fun x y -> float (generatedNegF32 (float32 x) (float32 y)))
        "AbsF32", (fun x y -> float (generatedAbsF32 (float32 x) (float32 y)))
        "SignF32", (fun x y -> float (generatedSignF32 (float32 x) (float32 y)))
        "FloorF32", (fun x y -> float (generatedFloorF32 (float32 x) (float32 y)))
        "CeilingF32", (fun x y -> float (generatedCeilingF32 (float32 x) (float32 y)))
        "RoundF32", (fun x y -> float (generatedRoundF32 (float32 x) (float32 y)))
        "ExpF32", (fun x y -> float (generatedExpF32 (float32 x) (float32 y)))
        "Expm1F32", (fun x y -> float (generatedExpm1F32 (float32 x) (float32 y)))
        "LogF32", (fun x y -> float (generatedLogF32 (float32 x) (float32 y)))
        "Log1pF32", (fun x y -> float (generatedLog1pF32 (float32 x) (float32 y)))
        "SqrtF32", (fun x y -> float (generatedSqrtF32 (float32 x) (float32 y)))
        "RsqrtF32", (fun x y -> float (generatedRsqrtF32 (float32 x) (float32 y)))
        "ReciprocalF32", (fun x y -> float (generatedReciprocalF32 (float32 x) (float32 y)))
        "SinF32", (fun x y -> float (generatedSinF32 (float32 x) (float32 y)))
        "CosF32", (fun x y -> float (generatedCosF32 (float32 x) (float32 y)))
        "TanF32", (fun x y -> float (generatedTanF32 (float32 x) (float32 y)))
        "AsinF32", (fun x y -> float (generatedAsinF32 (float32 x) (float32 y)))
        "AcosF32", (fun x y -> float (generatedAcosF32 (float32 x) (float32 y)))
        "AtanF32", (fun x y -> float (generatedAtanF32 (float32 x) (float32 y)))
        "SinhF32", (fun x y -> float (generatedSinhF32 (float32 x) (float32 y)))
        "CoshF32", (fun x y -> float (generatedCoshF32 (float32 x) (float32 y)))
        "TanhF32", (fun x y -> float (generatedTanhF32 (float32 x) (float32 y)))
        "SigmoidF32", (fun x y -> float (generatedSigmoidF32 (float32 x) (float32 y)))
        "SoftplusF32", (fun x y -> float (generatedSoftplusF32 (float32 x) (float32 y)))
        "ErfF32", (fun x y -> float (generatedErfF32 (float32 x) (float32 y)))
        "ReluF32", (fun x y -> float (generatedReluF32 (float32 x) (float32 y)))
        "AddF32", (fun x y -> float (generatedAddF32 (float32 x) (float32 y)))
        "SubF32", (fun x y -> float (generatedSubF32 (float32 x) (float32 y)))
        "MulF32", (fun x y -> float (generatedMulF32 (float32 x) (float32 y)))
        "DivF32", (fun x y -> float (generatedDivF32 (float32 x) (float32 y)))
        "PowF32", (fun x y -> float (generatedPowF32 (float32 x) (float32 y)))
        "MaxF32", (fun x y -> float (generatedMaxF32 (float32 x) (float32 y)))
        "MinF32", (fun x y -> float (generatedMinF32 (float32 x) (float32 y)))
        "EqF32", (fun x y -> float (generatedEqF32 (float32 x) (float32 y)))
        "NeF32", (fun x y -> float (generatedNeF32 (float32 x) (float32 y)))
        "LtF32", (fun x y -> float (generatedLtF32 (float32 x) (float32 y)))
        "LeF32", (fun x y -> float (generatedLeF32 (float32 x) (float32 y)))
        "GtF32", (fun x y -> float (generatedGtF32 (float32 x) (float32 y)))
        "GeF32", (fun x y -> float (generatedGeF32 (float32 x) (float32 y)))
        "SpecialF32", (fun x y -> float (generatedSpecialF32 (float32 x) (float32 y)))
        "CastF32", (fun x y -> float (generatedCastF32 (float32 x) (float32 y)))
        "Grown1F32", (fun x y -> float (generatedGrown1F32 (float32 x) (float32 y)))
        "Grown2F32", (fun x y -> float (generatedGrown2F32 (float32 x) (float32 y)))
        "Grown3F32", (fun x y -> float (generatedGrown3F32 (float32 x) (float32 y)))
        "Grown4F32", (fun x y -> float (generatedGrown4F32 (float32 x) (float32 y)))
        "Grown5F32", (fun x y -> float (generatedGrown5F32 (float32 x) (float32 y)))
        "Grown6F32", (fun x y -> float (generatedGrown6F32 (float32 x) (float32 y)))
        "Grown7F32", (fun x y -> float (generatedGrown7F32 (float32 x) (float32 y)))
        "Grown8F32", (fun x y -> float (generatedGrown8F32 (float32 x) (float32 y)))
        "Grown9F32", (fun x y -> float (generatedGrown9F32 (float32 x) (float32 y)))
        "Grown10F32", (fun x y -> float (generatedGrown10F32 (float32 x) (float32 y)))
        "Grown11F32", (fun x y -> float (generatedGrown11F32 (float32 x) (float32 y)))
        "Grown12F32", (fun x y -> float (generatedGrown12F32 (float32 x) (float32 y)))
    ]
