namespace DL1

/// Expressions as text.
[<RequireQualifiedAccess>]
module internal Text =
    /// Unicode mathematics.
    let unicode (e: 'e) : string when 'e :> INode<'e> = Node.name e.Node
