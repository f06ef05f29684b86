namespace DL1

open System.Collections.Generic

/// What a pickle describes. Names of Python are names and nothing more; calls are kept as what would be called with which
/// arguments. Lists and dictionaries are filled while the pickle is read, and not afterwards.
[<RequireQualifiedAccess; ReferenceEquality>]
type internal Pickled =
    | Nothing
    | Truth of bool
    | Integer of int64
    | Number of float
    | Text of string
    | Name of string
    | Tuple of Pickled[]
    | Items of List<Pickled>
    | Entries of List<struct (Pickled * Pickled)>
    | Call of name: string * arguments: Pickled[]
    | Persistent of Pickled

/// Opcodes of pickles that files of weights do not have.
[<RequireQualifiedAccess>]
module internal PickleOpcodes =
    /// Opcodes that other protocols have, by name.
    let others =
        dict
            [
                '0'B, "POP"
                '1'B, "POP_MARK"
                '2'B, "DUP"
                'F'B, "FLOAT"
                'I'B, "INT"
                'L'B, "LONG"
                'P'B, "PERSID"
                'S'B, "STRING"
                'T'B, "BINSTRING"
                'V'B, "UNICODE"
                'd'B, "DICT"
                'g'B, "GET"
                'i'B, "INST"
                'l'B, "LIST"
                'o'B, "OBJ"
                'p'B, "PUT"
                0x82uy, "EXT1"
                0x83uy, "EXT2"
                0x84uy, "EXT4"
                0x8Buy, "LONG4"
                0x8Cuy, "SHORT_BINUNICODE"
                0x8Duy, "BINUNICODE8"
                0x8Euy, "BINBYTES8"
                0x90uy, "ADDITEMS"
                0x91uy, "FROZENSET"
                0x92uy, "NEWOBJ_EX"
                0x93uy, "STACK_GLOBAL"
                0x94uy, "MEMOIZE"
                0x95uy, "FRAME"
                0x96uy, "BYTEARRAY8"
                'B'B, "BINBYTES"
                'C'B, "SHORT_BINBYTES"
            ]
