namespace DL1

open System.Linq.Expressions

/// Expressions of scalars as code: LINQ expression trees, and source text of C# and F# that stands alone. The code computes
/// what the expression says, to the bits of `Eval`. (`ScalarFunction` makes delegates.) Inputs are scalar variables of f32 or
/// f64, in the order of the parameters; other inputs, and graphs of tensors, are a `DomainError`.
[<RequireQualifiedAccess>]
module ToCode =
    /// A lambda of `Func` type: double for f64, float for f32. Values that are used twice are variables of a block.
    /// `(ToCode.linq [ x ] (x * sin x)).ToString()`
    let linq (inputs: Expr list) (f: Expr) : LambdaExpression =
        Listing.ofExpr "ToCode.linq" inputs f |> ToLinq.lambda None

    /// A lambda of a delegate type of one's own.
    let internal linqOf (delegateType: System.Type) (inputs: Expr list) (f: Expr) : LambdaExpression =
        Listing.ofExpr "ToCode.linq" inputs f |> ToLinq.lambda (Some delegateType)

    /// A static method of C#, with local functions for what `System.Math` lacks. Names that C# does not allow are changed.
    /// `ToCode.csharp "Slope" [ x ] (2.0 * x)`
    let csharp (name: string) (inputs: Expr list) (f: Expr) : string =
        Listing.ofExpr "ToCode.csharp" inputs f |> SourceCSharp.method name

    /// A function of F#, curried. Names that F# does not allow are changed.
    /// `ToCode.fsharp "slope" [ x ] (2.0 * x)`
    let fsharp (name: string) (inputs: Expr list) (f: Expr) : string =
        Listing.ofExpr "ToCode.fsharp" inputs f |> SourceFSharp.func name
