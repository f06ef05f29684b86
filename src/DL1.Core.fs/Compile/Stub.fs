namespace DL1
module internal PassCode =
    let get (_w: Width) (_g: bool) (_p: Pass) : PassBody = PassBody(fun _ _ _ -> ())
