/// Graphs compiled for a vector width, and cut into tasks of a size, that only tests choose.
[<AutoOpen>]
module internal DL1.Tests.Prepare

open DL1
open DL1.Compiler.Execution

[<RequireQualifiedAccess>]
module Compile =
    /// Like `Compile.prepareWith`, for a vector width; `grain` is the least work of a task, in elements moved.
    let prepareBy grain width options inputs roots = Compile.prepareFrozen grain width options [] inputs roots

    /// The same with compiled or interpreted loops, on at most `threads` threads.
    let prepareOn width generates threads (inputs: Variable list) (roots: Expr list) =
        let options = { Threads = threads; DynamicCode = generates; CheckFinite = false }
        prepareBy Frame.UsualGrain width options inputs roots
