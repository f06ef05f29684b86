namespace DL1

open System
open System.Numerics

/// 128 bits that stand for the content of a node: its operation, attributes, type, shape and the digests of its
/// operands. They are its equality, its canonical order and its key in caches, the same in every process.
[<Struct; CustomEquality; CustomComparison>]
type Digest =
    {
        /// The upper 64 bits, which decide the order first.
        High: uint64
        /// The lower 64 bits.
        Low: uint64
    }

    override this.Equals other =
        match other with
        | :? Digest as d -> d.High = this.High && d.Low = this.Low
        | _ -> false

    override this.GetHashCode() = int this.Low
    /// 32 hexadecimal digits, the high half first.
    override this.ToString() = $"{this.High:x16}{this.Low:x16}"

    interface IEquatable<Digest> with
        member this.Equals d = d.High = this.High && d.Low = this.Low

    interface IComparable<Digest> with
        member this.CompareTo d =
            match this.High.CompareTo d.High with
            | 0 -> this.Low.CompareTo d.Low
            | c -> c

    interface IComparable with
        member this.CompareTo other =
            match other with
            | :? Digest as d -> (this :> IComparable<Digest>).CompareTo d
            | _ -> 1

/// Computes digests: 128-bit MurmurHash3 (Appleby 2011) over 64-bit words, two of them to a round.
[<RequireQualifiedAccess>]
module internal Digest =
    /// Takes in words and gives their digest.
    [<Sealed>]
    type Mixer() =
        let mutable h1 = 0UL
        let mutable h2 = 0UL
        let mutable pending = 0UL
        let mutable words = 0UL

        let scramble1 (k: uint64) =
            BitOperations.RotateLeft(k * 0x87c37b91114253d5UL, 31) * 0x4cf5ad432745937fUL

        let scramble2 (k: uint64) =
            BitOperations.RotateLeft(k * 0x4cf5ad432745937fUL, 33) * 0x87c37b91114253d5UL

        let avalanche (h: uint64) =
            let h = (h ^^^ (h >>> 33)) * 0xff51afd7ed558ccdUL
            let h = (h ^^^ (h >>> 33)) * 0xc4ceb9fe1a85ec53UL
            h ^^^ (h >>> 33)

        member _.Add(word: uint64) =
            if words &&& 1UL = 0UL then
                pending <- word
            else
                h1 <- h1 ^^^ scramble1 pending
                h1 <- (BitOperations.RotateLeft(h1, 27) + h2) * 5UL + 0x52dce729UL
                h2 <- h2 ^^^ scramble2 word
                h2 <- (BitOperations.RotateLeft(h2, 31) + h1) * 5UL + 0x38495ab5UL

            words <- words + 1UL

        member this.Add(value: int) = this.Add(uint64 (int64 value))
        member this.Add(value: float) = this.Add(BitConverter.DoubleToUInt64Bits value)

        member this.Add(value: Digest) =
            this.Add value.High
            this.Add value.Low

        member this.Add(text: string) =
            this.Add text.Length

            for c in text do
                this.Add(uint64 c)

        member this.Add(values: int list) =
            this.Add(List.length values)

            for v in values do
                this.Add v

        member this.Add(shape: Shape) =
            this.Add shape.Rank

            for axis in 0 .. shape.Rank - 1 do
                this.Add shape[axis]

        member this.Add(dtype: DType) =
            this.Add(
                match dtype with
                | DType.F32 -> 1
                | DType.F64 -> 2
                | DType.I32 -> 3
                | DType.I64 -> 4
                | DType.Bool -> 5
            )

        member this.Add(tensor: Tensor) =
            this.Add tensor.DType
            this.Add tensor.Shape

            match tensor.Elements with
            | Elements.F32 a ->
                for v in a do
                    this.Add(uint64 (BitConverter.SingleToUInt32Bits v))
            | Elements.F64 a ->
                for v in a do
                    this.Add v
            | Elements.I32 a ->
                for v in a do
                    this.Add v
            | Elements.I64 a ->
                for v in a do
                    this.Add(uint64 v)
            | Elements.Bool a ->
                for v in a do
                    this.Add(if v then 1 else 0)

        /// The digest of all that was added.
        member this.Finish() =
            let count = words

            if words &&& 1UL = 1UL then
                this.Add 0UL

            let a, b = h1 ^^^ count, h2 ^^^ count
            let a = a + b
            let b = b + a
            let a, b = avalanche a, avalanche b
            let a = a + b
            { High = a; Low = b + a }

    /// The digest of a node of the given type and shape, over operands whose digests are known.
    let ofNode (digestOf: 'e -> Digest) (node: Node<'e>) (dtype: DType) (shape: Shape) =
        let mixer = Mixer()
        mixer.Add(Node.name node)
        mixer.Add dtype
        mixer.Add shape

        let addVariables (variables: Variable list) =
            mixer.Add(List.length variables)

            for v in variables do
                mixer.Add v.Name
                mixer.Add v.DType
                mixer.Add v.Shape

        let addAll (operands: 'e list) =
            mixer.Add(List.length operands)

            for operand in operands do
                mixer.Add(digestOf operand)

        for _, attribute in Attributes.ofNode node do
            match attribute with
            | Attribute.Int n -> mixer.Add n
            | Attribute.Ints ns -> mixer.Add ns
            | Attribute.Float x -> mixer.Add x
            | Attribute.Flag b -> mixer.Add(if b then 1 else 0)
            | Attribute.Text s -> mixer.Add s
            | Attribute.Type t -> mixer.Add t
            | Attribute.Dims s -> mixer.Add s
            | Attribute.Value t -> mixer.Add t
            | Attribute.Variables vs -> addVariables vs
            | Attribute.Graphs es -> addAll es

        addAll (Node.operands node)
        mixer.Finish()
