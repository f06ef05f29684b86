namespace DL1.Onnx.Rules

open System
open DL1
open DL1.Onnx

/// Fourier transforms as products with matrices of cosines and sines, windows, and mel weights.
[<RequireQualifiedAccess>]
module internal SignalRules =
    let private constant (x: Expr) (dims: int list) (values: float[]) =
        Expr.constant (Tensor.cast x.DType (Tensor.ofArray dims values))

    /// The parts of complex numbers `[...; 1 or 2]`.
    let private parts (c: OnnxCall) (x: Expr) : Expr * Expr option =
        let last = x.Shape.Rank - 1

        match x.Shape[last] with
        | 1 -> Expr.item last 0 x, None
        | 2 -> Expr.item last 0 x, Some(Expr.item last 1 x)
        | n ->
            c.Refuse(
                $"%d{n} numbers for each element",
                "1, or 2 of complex numbers",
                "export the model again"
            )

    /// The transform of `length` elements along the last axis of the parts: `[...; outputs; 2]`.
    let private transform
        (length: int)
        (outputs: int)
        (isInverse: bool)
        (real: Expr)
        (imaginary: Expr option)
        : Expr * Expr =
        let rank = real.Shape.Rank
        let given = real.Shape[rank - 1]

        let fitted (x: Expr) =
            if given > length then
                Expr.sliceAxis -1 0 length x
            elif given < length then
                Expr.pad
                    (List.replicate rank 0)
                    (List.init rank (fun i -> if i = rank - 1 then length - given else 0))
                    0.0
                    x
            else
                x

        let table (f: float -> float) =
            Array.init (length * outputs) (fun i ->
                let n, k = int64 (i / outputs), int64 (i % outputs)
                f (2.0 * Math.PI * float (n * k % int64 length) / float length))
            |> constant real [ length; outputs ]

        let cosines, sines = table cos, table sin
        let by (t: Expr) (x: Expr) = ProductRules.matmul x t
        let sign = if isInverse then 1.0 else -1.0
        let re = fitted real

        let a, b =
            match imaginary with
            | None -> by cosines re, sign * by sines re
            | Some imaginary ->
                let im = fitted imaginary
                by cosines re - sign * by sines im, by cosines im + sign * by sines re

        if isInverse then a / float length, b / float length else a, b

    let private dft (c: OnnxCall) =
        let x = c.X 0
        let rank = x.Shape.Rank

        let axis =
            if c.Version < 20 then c.Int("axis", 1)
            elif c.Has 2 then c.Ints 2 |> List.head |> c.Small
            else -2

        let axis = c.Axis(axis, rank)
        let isInverse, isOneSided = c.Flag "inverse", c.Flag "onesided"
        let isReal = isInverse && isOneSided && c.Version >= 20
        let given = x.Shape[axis]

        let length =
            if c.Has 1 then c.Ints 1 |> List.head |> c.Small
            elif isReal then 2 * (given - 1)
            else given

        if axis = rank - 1 || length < 1 then
            c.Refuse(
                "the axis of the complex numbers' parts, or no elements",
                "another axis of at least one element",
                "export the model again"
            )

        let real, imaginary = parts c x
        let toLast (e: Expr) = Expr.moveAxis axis -1 e
        let back (e: Expr) = Expr.moveAxis (rank - 2) axis e

        if isReal then
            // The other half of the spectrum of a real signal is the conjugate of this one.
            let bins = length / 2 + 1

            let fitted (e: Expr) =
                toLast e |> fun e -> if e.Shape[rank - 2] > bins then Expr.sliceAxis -1 0 bins e else e

            let mirrored sign (e: Expr) =
                let tail = Expr.sliceAxis -1 1 (length - bins + 1) e |> Expr.reverse [ rank - 2 ]
                Expr.concat -1 [ e; sign * tail ]

            let re = mirrored 1.0 (fitted real)
            let im = imaginary |> Option.map (fun i -> mirrored -1.0 (fitted i))
            let a, _ = transform length length true re im
            Expr.expandDims -1 (back a)
        else
            let outputs = if isOneSided then length / 2 + 1 else length
            let a, b = transform length outputs isInverse (toLast real) (imaginary |> Option.map toLast)
            Expr.stack -1 [ back a; back b ]

    let private stft (c: OnnxCall) =
        let x = c.X 0
        let step = c.Ints 1 |> List.head |> c.Small

        let length =
            if c.Has 3 then c.Ints 3 |> List.head |> c.Small
            elif c.Has 2 then c.X(2).Shape[0]
            else x.Shape[1]

        if x.Shape.Rank <> 3 || step < 1 || length < 1 || length > x.Shape[1] then
            c.Refuse(
                $"frames of %d{length} every %d{step}",
                "a signal [batch; length; 1 or 2] of at least one frame",
                "export the model again"
            )

        let frames = (x.Shape[1] - length) / step + 1
        let places = Array.init (frames * length) (fun i -> int64 (i / length * step + i % length))
        let places = Expr.constant (Tensor.ofArray [ frames; length ] places)

        let windowed (e: Expr) =
            let cut = Expr.gather 1 places e

            match c.TryX 2 with
            | Some window -> cut * window
            | None -> cut

        let real, imaginary = parts c x
        let outputs = if c.Int("onesided", 1) <> 0 then length / 2 + 1 else length
        let a, b = transform length outputs false (windowed real) (imaginary |> Option.map windowed)
        Expr.stack -1 [ a; b ]

    let private window operator (f: float -> float) =
        OnnxRule.make operator [ 17 ] 1 [ "output_datatype"; "periodic" ] (fun c ->
            let size = c.Ints 0 |> List.head |> c.Small
            let kind: OnnxType = enum (c.Int("output_datatype", 1))
            let period = if c.Int("periodic", 1) <> 0 then size else size - 1
            let values = Array.init size (fun n -> f (2.0 * Math.PI * float n / float period))
            [ OnnxTerm.ofTensor kind (Tensor.cast (c.Storage kind) (Tensor.vector values)) ])
        |> OnnxRule.numbers [ 0 ]

    /// Triangles over frequencies at equal distances of pitch.
    let private mel (c: OnnxCall) =
        let one i = c.Floats i |> List.head
        let bins, length, rate, low, high = int (one 0), int (one 1), one 2, one 3, one 4
        let pitch f = 2595.0 * Math.Log10(1.0 + f / 700.0)
        let step = (pitch high - pitch low) / float (bins + 2)
        let frequency i = 700.0 * (Math.Pow(10.0, (float i * step + pitch low) / 2595.0) - 1.0)
        let places = Array.init (bins + 2) (fun i -> int (floor (float (length + 1) * frequency i / rate)))
        let rows = length / 2 + 1
        let weights = Array.zeroCreate<float>(rows * bins)

        let put row i (value: float) =
            if row >= 0 && row < rows then
                weights[row * bins + i] <- value

        for i in 0 .. bins - 1 do
            let left, centre, right = places[i], places[i + 1], places[i + 2]

            if centre = left then
                put centre i 1.0
            else
                for j in left..centre do
                    put j i (float (j - left) / float (centre - left))

            for j in centre .. right - 1 do
                put j i (float (right - j) / float (right - centre))

        let kind: OnnxType = enum (c.Int("output_datatype", 1))
        [ OnnxTerm.ofTensor kind (Tensor.cast (c.Storage kind) (Tensor.ofArray [ rows; bins ] weights)) ]

    let rules: OnnxRule list =
        [
            OnnxRule.one "DFT" [ 17; 20 ] 3 [ "axis"; "inverse"; "onesided" ] dft |> OnnxRule.numbers [ 1; 2 ]
            OnnxRule.one "STFT" [ 17 ] 4 [ "onesided" ] stft |> OnnxRule.numbers [ 1; 3 ]
            window "HannWindow" (fun t -> 0.5 - 0.5 * cos t)
            window "HammingWindow" (fun t -> 25.0 / 46.0 - 21.0 / 46.0 * cos t)
            window "BlackmanWindow" (fun t -> 0.42 - 0.5 * cos t + 0.08 * cos (2.0 * t))
            OnnxRule.make "MelWeightMatrix" [ 17 ] 5 [ "output_datatype" ] mel
            |> OnnxRule.numbers [ 0; 1; 2; 3; 4 ]
        ]
