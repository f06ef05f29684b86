/// Numbers for attributes: small ones that fit, and those at the edges of 32 bits.
module DL1.Tests.Dice

open System

/// Where sums and products of sizes overflow, wrap around, or change their sign.
let extremes =
    [|
        Int32.MinValue
        Int32.MinValue + 1
        -(1 <<< 30)
        -65536
        -2
        -1
        0
        (1 <<< 15)
        (1 <<< 15) + 1
        46341
        (1 <<< 16)
        (1 <<< 16) + 1
        (1 <<< 24) + 1
        (1 <<< 28)
        (1 <<< 29)
        (1 <<< 30) - 1
        (1 <<< 30)
        (1 <<< 30) + 1
        1431655766
        Int32.MaxValue - 65536
        Int32.MaxValue - 65535
        Int32.MaxValue - 64
        Int32.MaxValue - 8
        Int32.MaxValue - 2
        Int32.MaxValue - 1
        Int32.MaxValue
    |]

/// The throws of one case; the same number gives the same throws.
type Dice(number: int) =
    let random = Random(number * 7919 + 20261129)
    // How many of a case's attributes are extreme: mostly one or two, so that the others fit.
    let share = [| 0.0; 0.1; 0.25; 0.5 |][random.Next 4]

    member _.Next(low: int, high: int) = random.Next(low, high + 1)
    member _.Flag = random.Next 2 = 0
    member _.Pick(values: 'a list) = values[random.Next values.Length]
    member _.Extreme = extremes[random.Next extremes.Length]

    /// A number from low to high, or an extreme one.
    member d.Attribute(low: int, high: int) =
        if random.NextDouble() < share then d.Extreme else d.Next(low, high)

    member d.Attributes(count: int, low: int, high: int) = List.init count (fun _ -> d.Attribute(low, high))

    /// Small whole numbers as a tensor, whose sums are exact in both types.
    member d.Tensor(dtype, dims: int list) =
        let shape = DL1.Shape.ofList dims

        DL1.Tensor.ofArray dims (Array.init shape.Size (fun _ -> float (random.Next(-4, 5))))
        |> DL1.Tensor.cast dtype
