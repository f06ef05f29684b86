namespace DL1
module internal PassCode =
    let get (_w: Width) (_g: bool) (_p: Pass) : PassBody = PassBody(fun _ _ _ -> ())
type internal RandomWords =
    static member Fill(stream: uint32, k0: uint32, k1: uint32, first: int64, count: int, target: nativeint) = ()
