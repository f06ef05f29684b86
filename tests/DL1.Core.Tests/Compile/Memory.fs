/// Tensors in pinned memory with guards around them, and kernels run on them: on one thread and on several, the same
/// bits, nothing written outside, nothing allocated.
module DL1.Tests.Memory

open System
open System.Runtime.InteropServices
open DL1
open Expecto

/// The elements' bytes, in place.
let private bytesOf (t: Tensor) : Span<byte> =
    match t.Elements with
    | Elements.F32 a -> MemoryMarshal.AsBytes(a.AsSpan())
    | Elements.F64 a -> MemoryMarshal.AsBytes(a.AsSpan())
    | Elements.I32 a -> MemoryMarshal.AsBytes(a.AsSpan())
    | Elements.I64 a -> MemoryMarshal.AsBytes(a.AsSpan())
    | Elements.Bool a -> MemoryMarshal.AsBytes(a.AsSpan())

/// A copy of a tensor in the middle of bytes that must stay as they are. All their bits are set: NaN among floats.
type Room(content: Tensor) =
    let around = 136
    let count = (bytesOf content).Length

    let all =
        let all = GC.AllocateArray<byte>(count + 2 * around, pinned = true)
        Array.Fill(all, 255uy)
        (bytesOf content).CopyTo(all.AsSpan(around))
        all

    member _.Address = Marshal.UnsafeAddrOfPinnedArrayElement(all, around)

    member _.Content =
        let copy = Tensor.zeros content.DType (content.Shape.ToList())
        all.AsSpan(around, count).CopyTo(bytesOf copy)
        copy

    member _.IsGuarded =
        Array.forall ((=) 255uy) all[.. around - 1] && Array.forall ((=) 255uy) all[around + count ..]

/// That a run allocates nothing. A collection on another thread counts what is left of this thread's room, so the least
/// of some runs decides.
let private expectNothingAllocated (run: unit -> unit) =
    let bytes () =
        let before = GC.GetAllocatedBytesForCurrentThread()
        run ()
        GC.GetAllocatedBytesForCurrentThread() - before

    let least = Seq.init 20 (fun _ -> bytes ()) |> Seq.tryFind ((=) 0L)
    Expect.isSome least "a run that allocates nothing"

/// What a kernel makes of tensors. `run` is given the threads, the operands' addresses and the target's.
let compute
    (operands: Tensor list)
    dtype
    (shape: Shape)
    (run: int -> nativeint[] -> nativeint -> unit)
    : Tensor =
    let once threads =
        let rooms = operands |> List.map Room
        // What the target held before must not matter.
        let target = Room(Tensor.full dtype (shape.ToList()) 77.0)
        let addresses = rooms |> List.map _.Address |> Array.ofList
        run threads addresses target.Address
        let result = target.Content
        expectNothingAllocated (fun () -> run threads addresses target.Address)

        if not (Tensor.sameBits result target.Content) then
            failtest "a second run gives other bits"

        if not (target.IsGuarded && rooms |> List.forall _.IsGuarded) then
            failtest "something is written outside"

        if not (List.forall2 (fun (room: Room) t -> Tensor.sameBits room.Content t) rooms operands) then
            failtest "an operand is written to"

        result

    let one, two = once 1, once 2

    if not (Tensor.sameBits one two) then
        failtest $"two threads give %A{two}, one gives %A{one}"

    one

/// That a kernel makes the bits that Eval finds for the node over these operands. `node` is given variables.
let agrees what (node: Expr list -> Expr) (operands: Tensor list) run =
    let variables = operands |> List.mapi (fun i t -> Expr.variable $"x{i}" t.DType (t.Shape.ToList()))
    let e = node variables
    let expected = Eval.run (operands |> List.mapi (fun i t -> $"x{i}", t)) e
    let found = compute operands e.DType e.Shape run

    if not (Tensor.sameBits expected found) then
        failtest $"%s{what}: expected %A{expected}, found %A{found}, from %A{operands}"

/// Random tensors, shapes and choices, from a seed.
type Draw(seed: int) =
    let random = Random seed

    let special = [| 0.0; -0.0; nan; infinity; -infinity; 1.0; -1.0; 0.5; 2.5; 1e-40; 3e9; -3e9; 1e300 |]

    member _.Below count = random.Next count
    member _.Between(low, high) = random.Next(low, high + 1)
    member _.Flag = random.Next 2 = 0

    /// Up to four axes of up to `most`; now and then one of none.
    member d.Dims most =
        List.init (d.Below 5) (fun _ -> if d.Below 25 = 0 then 0 else d.Between(1, most))

    member _.Order count =
        let order = Array.init count id
        random.Shuffle order
        List.ofArray order

    /// Whole numbers from −9 to 9.
    member d.Whole(dtype, dims: int list) =
        Tensor(
            Shape.ofList dims,
            Elements.ofFloats dtype (Array.init (List.fold (*) 1 dims) (fun _ -> float (d.Between(-9, 9))))
        )

    /// Numbers of every kind, special ones among them.
    member d.Wild(dtype: DType, dims: int list) =
        let value _ =
            if d.Below 5 = 0 then
                special[d.Below special.Length]
            else
                (random.NextDouble() - 0.5) * 20.0

        Tensor(Shape.ofList dims, Elements.ofFloats dtype (Array.init (List.fold (*) 1 dims) value))

    member d.Type = List.item (d.Below 5) DType.all
    member d.Number = List.item (d.Below 4) DType.all
