namespace DL1.Compiler.Inspection

open System.Runtime.Intrinsics
open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// Searches memory for NaN and infinity: floats whose exponent bits are all 1.
[<RequireQualifiedAccess>]
module internal FiniteValues =
    /// The index of the first element whose exponent bits are all 1; `ones` has a 1 in each bit of the exponent.
    let inline private firstOf (ones: 'T) (address: nativeint) (count: int) =
        let vector i = At.read<Vector256<'T>>(address + nativeint<int> i * nativeint sizeof<'T>)
        let lanes = Vector256.Create ones
        let step = Vector256<'T>.Count
        let mutable i = 0

        while i + step <= count && not (Vector256.EqualsAny(Vector256.BitwiseAnd(vector i, lanes), lanes)) do
            i <- i + step

        while i < count && At.get<'T> address i &&& ones <> ones do
            i <- i + 1

        if i < count then ValueSome i else ValueNone

    /// The index of the first of `count` elements at an address that is NaN or infinite; `ValueNone` where all are finite.
    let first (dtype: DType) (address: nativeint) (count: int) : int voption =
        match dtype with
        | DType.F32 -> firstOf 0x7F800000 address count
        | DType.F64 -> firstOf 0x7FF0000000000000L address count
        | DType.I32
        | DType.I64
        | DType.Bool -> ValueNone

    /// An element that is not finite, as text: NaN, ∞ or −∞.
    let kind (dtype: DType) (address: nativeint) (index: int) =
        let value = Memory.element dtype address index

        if System.Double.IsNaN value then "NaN"
        elif value > 0.0 then "∞"
        else "−∞"

    /// The indices of an element from its row-major index, as text: ` at [2, 5]`; empty for a scalar.
    let indices (shape: Shape) (index: int) =
        if shape.Rank = 0 then
            ""
        else
            let strides = shape.Strides
            let indices = Array.init shape.Rank (fun axis -> index / strides[axis] % shape[axis])
            let text = indices |> Array.map string |> String.concat ", "
            $" at [{text}]"

/// Checks the inputs of a plan, and the results of each kernel after it ran, and refuses the first NaN or infinity.
[<Sealed>]
type internal FiniteObserver(observed: ObservedPlan) =
    inherit KernelObserver()
    let plan, frame = observed.Plan, observed.Frame

    // The steps that write each buffer, the last one first: several steps may write slices of one buffer.
    let writers =
        plan.Values
        |> Array.mapi (fun buffer _ ->
            plan.Steps |> Array.filter (fun s -> Array.contains buffer s.Writes) |> Array.rev)

    /// The index of the first bad element of a buffer.
    let find buffer =
        let e = plan.Values[buffer]
        FiniteValues.first e.DType frame.Addresses[buffer] e.Shape.Size

    /// A bad element as text: its value and its indices.
    let described buffer index =
        let e = plan.Values[buffer]
        FiniteValues.kind e.DType frame.Addresses[buffer] index + FiniteValues.indices e.Shape index

    /// The formulas of the values that a kernel reads, one a line, at most four. Where the kernel that computes a value
    /// reads no variable, the formulas of the values that it reads follow at the end.
    let history (step: PlanStep) =
        let reads (s: PlanStep) = List.ofArray (Array.distinct s.Reads)

        let rec lines (left: int) (places: int list) =
            match places with
            | buffer :: rest when left > 0 ->
                match Array.tryLast writers[buffer] with
                | Some s ->
                    let value = if s.Work.IsScan then "a loop's result" else KernelFormula.of' plan s buffer

                    let further = if KernelFormula.variables plan s = [] then reads s else []

                    $"\n  where {KernelFormula.name plan buffer} = {value}"
                    :: lines (left - 1) (rest @ further)
                | None -> lines left rest
            | _ -> []

        lines 4 (reads step) |> String.concat ""

    /// The scan whose body the plan is, as text; empty outside of scans.
    let loop =
        match observed.Outer with
        | None -> ""
        | Some(struct (outer, number)) ->
            match KernelFormula.variables outer outer.Steps[number] with
            | [] -> ", in a loop"
            | names -> ", in a loop over " + String.concat ", " names

    let refuse (step: PlanStep) buffer index =
        let formula =
            match step.Work with
            | Work.Scan _ -> "a loop"
            | _ ->
                writers[buffer]
                |> Array.map (fun s ->
                    $"{KernelFormula.name plan buffer} = {KernelFormula.of' plan s buffer}")
                |> Array.rev
                |> String.concat " and "

        let reads =
            match KernelFormula.variables plan step with
            | [] -> ""
            | names -> ", which reads " + String.concat ", " names

        let layer =
            match KernelOrigin.text plan frame (Array.rev writers[buffer]) buffer index with
            | "" -> " of "
            | layer -> $" in {layer}: "

        Refuse.domain
            "CheckFinite"
            $"{described buffer index}{layer}{formula}{reads}{loop}{history step}"
            "finite numbers"
            "a smaller learning rate or clipped gradients; for NaN look for 0/0, ∞ − ∞ and for roots and logarithms of negative numbers; for ∞ a form that does not overflow, as logSumExp or softplus"

    override _.Begins number =
        if number = 0 && observed.Outer.IsNone then
            for buffer in 0 .. plan.Locations.Length - 1 do
                match plan.Locations[buffer], plan.Values[buffer].Node with
                | Location.Input _, Node.Variable v ->
                    match find buffer with
                    | ValueSome index ->
                        Refuse.domain
                            "CheckFinite"
                            $"{described buffer index} of the input {v.Name}"
                            "finite numbers"
                            "look at where the values of this variable come from: data that were never cleaned, or a state that was spoiled before"
                    | ValueNone -> ()
                | _ -> ()

    override _.Ended number =
        let step = plan.Steps[number]

        for buffer in step.Writes |> Array.filter (fun p -> obj.ReferenceEquals(writers[p][0], step)) do
            match find buffer with
            | ValueSome index -> refuse step buffer index
            | ValueNone -> ()
