namespace DL1

open System
open System.Runtime.CompilerServices

/// Expressions of scalars as .NET delegates: compiled to IL, as fast as the C# that one would write by hand. Where the
/// platform does not allow new code, the same values are computed step by step.
[<RequireQualifiedAccess>]
module ScalarFunction =
    let internal variableOf (e: Expr) =
        match e.Node with
        | Node.Variable v when v.Shape.IsScalar -> v
        | _ ->
            Refuse.domain
                "ScalarFunction"
                (Operand.text e)
                "a scalar variable as input"
                "make the inputs as symbols"

    /// Whether code is generated; false on platforms that allow none.
    let internal generatesCode () = RuntimeFeature.IsDynamicCodeSupported

    let internal mapOf generates (program: ScalarProgram.Program) : ScalarMap =
        let emitted = if generates then Some(ScalarEmit.ofSpans program) else None

        ScalarMap(fun point results ->
            if point.Length <> program.Inputs || results.Length <> program.Outputs.Length then
                Refuse.domain
                    "ScalarFunction"
                    $"%d{point.Length} inputs and room for %d{results.Length} results"
                    $"%d{program.Inputs} inputs and room for %d{program.Outputs.Length}"
                    "give one number for each input, in their order"

            match emitted with
            | Some run -> run.Invoke(point, results)
            | None ->
                let point, buffer = point.ToArray(), Array.zeroCreate program.Outputs.Length
                ScalarProgram.interpret program (fun i -> point[i]) (fun k v -> buffer[k] <- v)
                buffer.AsSpan().CopyTo results)

    let internal numberOf
        generates
        (program: ScalarProgram.Program)
        (emit: unit -> 'd)
        (interpret: (float[] -> float) -> 'd)
        : 'd =
        if generates then
            emit ()
        else
            interpret (fun point ->
                let mutable result = [| 0.0 |]
                ScalarProgram.interpret program (fun i -> point[i]) (fun k v -> result[k] <- v)
                result[0])

    let private program (inputs: Expr list) (outputs: Expr list) =
        ScalarProgram.ofGraph (List.map variableOf inputs) outputs

    /// A function of one number. `let f = ScalarFunction.of1 x (x * sin x)` then `f.Invoke 2.0`. An input that is no
    /// scalar variable, and a graph of tensors, are a `DomainError`, here and below.
    let of1 (x: Expr) (f: Expr) : Func<float, float> =
        let program = program [ x ] [ f ]

        numberOf (generatesCode ()) program (fun () -> ScalarEmit.ofNumbers program) (fun run ->
            Func<_, _>(fun x -> run [| x |]))

    /// A function of two numbers, in the order of the inputs. `(ScalarFunction.of2 x y (x - y)).Invoke(5.0, 3.0)`
    let of2 (x: Expr) (y: Expr) (f: Expr) : Func<float, float, float> =
        let program = program [ x; y ] [ f ]

        numberOf (generatesCode ()) program (fun () -> ScalarEmit.ofNumbers program) (fun run ->
            Func<_, _, _>(fun x y -> run [| x; y |]))

    /// A function of three numbers, in the order of the inputs.
    /// `(ScalarFunction.of3 x y z (x * y - z)).Invoke(5.0, 3.0, 1.0)`
    let of3 (x: Expr) (y: Expr) (z: Expr) (f: Expr) : Func<float, float, float, float> =
        let program = program [ x; y; z ] [ f ]

        numberOf (generatesCode ()) program (fun () -> ScalarEmit.ofNumbers program) (fun run ->
            Func<_, _, _, _>(fun x y z -> run [| x; y; z |]))

    /// Any number of outputs of any number of inputs, by spans: nothing is allocated when it runs. A span of another
    /// length is a `DomainError`.
    /// `(ScalarFunction.ofMany [ x; y ] [ x + y; x * y ]).Invoke(ReadOnlySpan point, Span results)`
    let ofMany (inputs: Expr list) (outputs: Expr list) : ScalarMap =
        mapOf (generatesCode ()) (program inputs outputs)

    /// A value and its gradient as one function: the results are the value, then the derivative by each input.
    /// `(ScalarFunction.valueAndGradient [ x; y ] (x * y)).Invoke(ReadOnlySpan point, Span results)`
    let valueAndGradient (inputs: Expr list) (f: Expr) : ScalarMap =
        let value, gradient = Grad.valueAndGrad f inputs
        ofMany inputs (value :: gradient)
