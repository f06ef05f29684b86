namespace DL1.Onnx

open System

/// The element type of an ONNX value, by its number in the standard.
type OnnxType =
    /// No type.
    | Undefined = 0
    /// f32.
    | Float = 1
    /// Whole numbers from 0 to 255.
    | UInt8 = 2
    /// Whole numbers from −128 to 127.
    | Int8 = 3
    /// Whole numbers from 0 to 65,535.
    | UInt16 = 4
    /// Whole numbers from −32,768 to 32,767.
    | Int16 = 5
    /// i32.
    | Int32 = 6
    /// i64.
    | Int64 = 7
    /// Texts.
    | String = 8
    /// Truth values.
    | Bool = 9
    /// Half precision.
    | Float16 = 10
    /// f64.
    | Double = 11
    /// Whole numbers from 0 to 2³² − 1.
    | UInt32 = 12
    /// Whole numbers from 0 to 2⁶⁴ − 1.
    | UInt64 = 13
    /// Complex numbers of two f32.
    | Complex64 = 14
    /// Complex numbers of two f64.
    | Complex128 = 15
    /// The upper half of f32.
    | BFloat16 = 16
    /// Eight bits, four of the exponent.
    | Float8E4M3FN = 17
    /// Eight bits, four of the exponent, no −0.
    | Float8E4M3FNUZ = 18
    /// Eight bits, five of the exponent.
    | Float8E5M2 = 19
    /// Eight bits, five of the exponent, no −0.
    | Float8E5M2FNUZ = 20
    /// Whole numbers from 0 to 15.
    | UInt4 = 21
    /// Whole numbers from −8 to 7.
    | Int4 = 22
    /// Four bits, two of the exponent.
    | Float4E2M1 = 23
    /// Eight bits of an exponent.
    | Float8E8M0 = 24
    /// Whole numbers from 0 to 3.
    | UInt2 = 25
    /// Whole numbers from −2 to 1.
    | Int2 = 26

/// Where the bytes of a tensor stand that are not in the model's file.
type internal ExternalPlace = { Location: string; Offset: int64; Length: int64 option }

/// The elements of a tensor, as the file has them.
[<RequireQualifiedAccess; NoComparison; NoEquality>]
type internal TensorBytes =
    /// Little-endian, in row-major order: a view, or what a file on the disk has.
    | Raw of WireSpan
    /// In fields for each type: the tensor's whole message, read when the elements are needed.
    | Fields of message: WireSpan
    /// In another file.
    | External of ExternalPlace

/// A tensor of a file: its name, type and extents; its elements are read when they are needed.
[<NoComparison; NoEquality>]
type OnnxTensor = internal { Name: string; Type: OnnxType; Dims: int64 list; Bytes: TensorBytes }

/// An extent as a file declares it.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type OnnxDim =
    /// This many elements.
    | Fixed of int64
    /// An extent with a name: equal names are equal extents.
    | Named of string
    /// Any extent.
    | Any

    /// `3`, `batch`, `?`.
    override this.ToString() =
        match this with
        | Fixed n -> string n
        | Named name -> name
        | Any -> "?"

    member internal this.Display = this.ToString()

/// An input or output as a file declares it.
[<StructuredFormatDisplay("{Display}")>]
type OnnxValue =
    {
        /// Its name.
        Name: string
        /// The element type; `Undefined` where the value is no tensor, or the file does not say.
        Type: OnnxType
        /// The extents, where the file gives them.
        Dims: OnnxDim list option
        /// Whether the value is a tensor, not a sequence, a map or an optional value.
        IsTensor: bool
    }

    /// `input: float [batch, 3, 224, 224]`.
    override this.ToString() =
        let dims =
            match this.Dims with
            | Some dims -> " [" + String.Join(", ", dims |> List.map string) + "]"
            | None -> ""

        let kind = if this.IsTensor then (string this.Type).ToLowerInvariant() else "no tensor"
        this.Name + ": " + kind + dims

    member internal this.Display = this.ToString()

/// The value of an attribute of a node.
[<RequireQualifiedAccess; NoComparison; NoEquality>]
type internal OnnxAttribute =
    | Float of float32
    | Int of int64
    | Text of ReadOnlyMemory<byte>
    | Tensor of OnnxTensor
    | Graph of OnnxGraph
    | Floats of float32 list
    | Ints of int64 list
    | Texts of ReadOnlyMemory<byte> list
    | Tensors of OnnxTensor list
    | Graphs of OnnxGraph list
    /// In a function: the attribute of this name of the node that calls it.
    | Reference of string
    /// Of a kind that no rule reads: sparse tensors, types.
    | Other of kind: string

/// One application of an operator.
and [<NoComparison; NoEquality>] internal OnnxNode =
    {
        Name: string
        Operator: string
        /// Empty for the standard's own operators.
        Domain: string
        /// The names of the inputs; an empty one is left out.
        Inputs: string list
        Outputs: string list
        Attributes: (string * OnnxAttribute) list
    }

/// Nodes with their weights.
and [<NoComparison; NoEquality>] internal OnnxGraph =
    {
        Name: string
        Nodes: OnnxNode list
        Initializers: OnnxTensor list
        Inputs: OnnxValue list
        Outputs: OnnxValue list
    }

/// An operator that the file defines itself.
[<NoComparison; NoEquality>]
type internal OnnxFunction =
    {
        Domain: string
        Name: string
        Inputs: string list
        Outputs: string list
        /// Attributes without and with a default value.
        Attributes: string list
        Defaults: (string * OnnxAttribute) list
        Nodes: OnnxNode list
        Opsets: (string * int64) list
    }

/// A whole file.
[<NoComparison; NoEquality>]
type internal OnnxModel =
    {
        IrVersion: int64
        Producer: string
        ProducerVersion: string
        /// The version of each domain's operators.
        Opsets: (string * int64) list
        Graph: OnnxGraph
        Functions: OnnxFunction list
        Metadata: (string * string) list
    }

/// Names in messages.
[<RequireQualifiedAccess>]
module internal OnnxNode =
    /// The operator with its domain where it is not the standard's own: `com.microsoft.FusedMatMul`.
    let operator (node: OnnxNode) =
        if node.Domain = "" then node.Operator else node.Domain + "." + node.Operator

    /// The node's name, or else its first output's.
    let name (node: OnnxNode) =
        if node.Name <> "" then
            node.Name
        else
            node.Outputs |> List.tryFind ((<>) "") |> Option.defaultValue "without a name"
