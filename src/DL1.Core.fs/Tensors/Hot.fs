namespace DL1

open FSharp.NativeInterop

#nowarn "9" // Zero bytes are allocated on the stack.

/// A mark for the methods in which most of the time is spent.
module internal Hot =
    /// Called first in a method with loops, so that the runtime compiles it with full optimisation at its first call.
    /// Otherwise it would first be compiled quickly, with a call for each vector operation, and be replaced only after
    /// it has run for long. The runtime cannot replace a method in the middle of a loop if it allocates on the stack,
    /// and so compiles it once, with full optimisation; this allocates zero bytes.
    /// `MethodImplOptions.AggressiveOptimization` would do the same, but F# does not pass it on, and with it a program
    /// published as machine code would have to compile the method again.
    let inline loop () = NativePtr.stackalloc<byte> 0 |> ignore
