/// How tests are written here: as laws, over generated values.
module DL1.Tests.Law

open Expecto
open FsCheck.FSharp

/// The generators of DL1's own types; FsCheck finds them by their types.
type Generators =
    /// Small shapes: up to four axes of extents 0 to 4, scalars and empty ones among them.
    static member Shape() =
        gen {
            let! rank = Gen.choose (0, 4)
            let! dims = Gen.listOfLength rank (Gen.choose (0, 4))
            return DL1.Shape.ofList dims
        }
        |> Arb.fromGen

/// What `law` runs with: always the same seed, so that a run repeats the one before it. With guards around the kernels' memory, which
/// are slow, it has fewer cases.
let config =
    { FsCheckConfig.defaultConfig with
        maxTest = if DL1.Compiler.Runtime.Guard.IsOn then 60 else 200
        replay = Some(20240229UL, 271828183UL, None)
        arbitrary = [ typeof<Generators> ]
    }

/// A property that holds for all values of its arguments, stated in words.
/// `law "broadcasting commutes" (fun a b -> Shape.tryBroadcast a b = Shape.tryBroadcast b a)`
let law name property = testPropertyWithConfig config name property
