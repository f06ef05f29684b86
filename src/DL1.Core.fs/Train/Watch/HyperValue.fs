namespace DL1

open System.Globalization

/// The value of one hyper-parameter.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type HyperValue =
    /// A number.
    | Number of float
    /// A word.
    | Word of string

    override this.ToString() =
        match this with
        | Number n -> n.ToString("G6", CultureInfo.InvariantCulture)
        | Word w -> w

    member internal this.Display = Format.following (this.ToString())
