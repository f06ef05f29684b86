/// Passes that write over what they read for the last time, and those that must not.
module DL1.Tests.InPlaceTests

open DL1
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Planning

let private rows, columns = 40, 50
let private bytes = Arena.aligned (int64 (rows * columns) * 4L)
let private x = Expr.variable "x" DType.F32 [ rows; columns ]
let private w = Expr.variable "w" DType.F32 [ columns; 30 ]
let private order = Expr.constant (Tensor.vector (Array.init rows (fun i -> int64 (i * 7 % rows))))

/// A value that only a kernel of its own makes.
let private gathered = Expr.gather 0 order x

/// Reads a value by a kernel of its own, so that it stands in memory.
let private read (e: Expr) = Expr.matmul e w

let private arena (roots: Expr list) = (plan (Graph.variables roots) roots).Bytes

let private case name memory (roots: Expr list) =
    test name {
        agrees name 1e-4 roots
        Expect.equal (arena roots) (memory * bytes) "bytes of the arena"
    }

let private sumOf (e: Expr) = Reduce.keepDims Expr.sum [ 1 ] e

let tests =
    testList
        "In place"
        [
            case "a function of what dies" 1L [ read (exp gathered) ]
            case "a softmax of what dies" 1L [ read (Expr.softmax 1 gathered) ]
            case
                "a mean is taken from what dies"
                1L
                [ read (gathered - Reduce.keepDims Reduce.mean [ 0 ] gathered) ]
            case "one of two results is in place" 2L [ read (exp gathered); read (sin gathered) ]
            case
                "what a later phase reads is not written over before"
                2L
                [ read (exp gathered); read (gathered / sumOf (exp gathered)) ]
            test "what a later kernel reads is not written over" {
                let product = read (exp gathered)
                let roots = [ Expr.matmul (Expr.transpose [ 1; 0 ] gathered) product ]
                agrees "a later kernel" 1e-4 roots
                let productBytes = Arena.aligned (int64 product.Shape.Size * 4L)
                Expect.equal (arena roots) (2L * bytes + productBytes) "bytes of the arena"
            }
            case
                "what is read in another order is not written over"
                2L
                [ read (gathered * Expr.reverse [ 1 ] gathered) ]
        ]
