/// A child process with guards around buffers, in which a kernel goes wrong by one element on purpose.
module DL1.Tests.GuardProbe

open DL1
open FSharp.NativeInterop
open DL1.Compiler.Movement
open DL1.Compiler.Runtime
open DL1.Compiler.Planning
open DL1.Compiler.Execution
open DL1.Compiler.Simd
open DL1.Compiler.Inspection
open DL1.Compiler.Lowering

#nowarn "9" // Elements are written at addresses, outside of what may be written.

/// The argument that makes the test program such a child.
let argument = "--guard-probe"

let private count = 1000

/// A kernel that copies so many elements of f32 between blocks of its own sizes.
let private copies elements (from: nativeint) (into: nativeint) =
    StridedCopy(4, [ elements ], { Start = 0; Strides = [ 1 ] }, { Start = 0; Strides = [ 1 ] })
        .Run(1, from, into)

let private block elements =
    let block = Block("test", "a test", 4L * int64 elements)
    Memory.write (Tensor.ones DType.F32 [ elements ]) block.Address
    block

let private write (address: nativeint) = NativePtr.write (NativePtr.ofNativeInt<float32> address) 1f

/// A compiled sum with a constant, whose frame a mistake is made in.
let private plan () =
    let x = Expr.variable "x" DType.F32 [ count ]
    let y = Expr.cumSum 0 (x * Expr.constant (Tensor.ones DType.F32 [ count ]))
    let inputs = Graph.variables [ y ]
    let plan = PlanCache.planFor 0 Simd.widest true false inputs [ y ]
    let executable = Executable(plan, Simd.widest)
    let place where = plan.Locations |> Array.findIndex where
    executable.Put(plan.BufferOf inputs.Head, (Tensor.ones DType.F32 [ count ]).Elements)

    executable.Put(
        place (function
            | Location.Output _ -> true
            | _ -> false),
        Memory.fresh DType.F32 count
    )

    executable, place

let private copied source target elements =
    let a, b = block source, block target
    copies elements a.Address b.Address
    a.Hold()
    b.Hold()
    0

/// What can go wrong, and in what it ends: 0 where all is well, 3 where the pattern before a buffer was found broken.
let all: (string * (unit -> int)) list =
    [
        "nothing", (fun () -> copied count count count)
        "reads one behind", (fun () -> copied count (count + 1) (count + 1))
        "writes one behind", (fun () -> copied (count + 1) count (count + 1))
        "writes one before",
        (fun () ->
            let a, b = block (count + 1), block count
            copies (count + 1) a.Address (b.Address - 4n)
            a.Hold()

            match b.Region with
            | null -> 0
            | region -> if region.IsBroken then 3 else 0)
        "a plan",
        (fun () ->
            let executable, _ = plan ()
            executable.Run 1
            0)
        "a plan that writes one before",
        (fun () ->
            let executable, place = plan ()

            let output =
                place (function
                    | Location.Output _ -> true
                    | _ -> false)

            write (executable.Frame.Addresses[output] - 4n)

            try
                executable.Run 1
                0
            with :? DomainError as e ->
                if e.Operation = "DL1_GUARD" then 3 else 4)
        "a plan that writes to a constant",
        (fun () ->
            let executable, place = plan ()

            let constant =
                place (function
                    | Location.Constant _ -> true
                    | _ -> false)

            write executable.Frame.Addresses[constant]
            0)
    ]

let run (name: string) : int = (all |> List.find (fun (n, _) -> n = name) |> snd) ()
