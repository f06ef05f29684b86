/// A reader of TensorBoard's event files that shares nothing with the writer: checksums by the polynomial, bit by bit, and
/// protocol buffers by recursion.
module DL1.Tests.EventReader

open System
open System.IO
open System.Text
open Expecto

/// A field of a message.
type Field =
    | Varint of int * uint64
    | Fixed64 of int * float
    | Fixed32 of int * float32
    | Bytes of int * byte[]

/// CRC32C (Castagnoli) by its definition: the reflected polynomial 0x82F63B78, one bit at a time.
let crc32c (bytes: byte[]) : uint32 =
    let mutable crc = 0xFFFFFFFFu

    for b in bytes do
        crc <- crc ^^^ uint32 b

        for _ in 1..8 do
            crc <- if crc &&& 1u = 1u then (crc >>> 1) ^^^ 0x82F63B78u else crc >>> 1

    crc ^^^ 0xFFFFFFFFu

let masked (bytes: byte[]) : uint32 =
    let crc = crc32c bytes
    ((crc >>> 15) ||| (crc <<< 17)) + 0xa282ead8u

/// The records of a file, each with its checksums compared.
let records (file: byte[]) : byte[] list =
    let rec next at found =
        if at = file.Length then
            List.rev found
        else
            let header = file[at .. at + 7]
            let length = int (BitConverter.ToUInt64(header, 0))

            if BitConverter.ToUInt32(file, at + 8) <> masked header then
                failtest $"the checksum of the length at %d{at}"

            let record = file[at + 12 .. at + 11 + length]

            if BitConverter.ToUInt32(file, at + 12 + length) <> masked record then
                failtest $"the checksum of the record at %d{at}"

            next (at + 16 + length) (record :: found)

    next 0 []

/// The fields of a message.
let fields (message: byte[]) : Field list =
    let rec varint at shift value =
        let b = message[at]
        let value = value ||| (uint64 (b &&& 127uy) <<< shift)
        if b >= 128uy then varint (at + 1) (shift + 7) value else struct (at + 1, value)

    let rec next at found =
        if at = message.Length then
            List.rev found
        else
            let struct (at, tag) = varint at 0 0UL
            let field = int (tag >>> 3)

            match tag &&& 7UL with
            | 0UL ->
                let struct (at, value) = varint at 0 0UL
                next at (Varint(field, value) :: found)
            | 1UL -> next (at + 8) (Fixed64(field, BitConverter.ToDouble(message, at)) :: found)
            | 5UL -> next (at + 4) (Fixed32(field, BitConverter.ToSingle(message, at)) :: found)
            | 2UL ->
                let struct (at, length) = varint at 0 0UL
                next (at + int length) (Bytes(field, message[at .. at + int length - 1]) :: found)
            | wire -> failtest $"a wire type %d{int wire}"

    next 0 []

/// The parts of a message that are messages or texts themselves, of one field.
let parts (number: int) (message: byte[]) : byte[] list =
    fields message
    |> List.choose (function
        | Bytes(n, bytes) when n = number -> Some bytes
        | _ -> None)

let part number message : byte[] = List.exactlyOne (parts number message)
let text number message : string = Encoding.UTF8.GetString(part number message)
let texts number message : string list = parts number message |> List.map Encoding.UTF8.GetString

let number (field: int) (message: byte[]) : float =
    fields message
    |> List.pick (function
        | Varint(n, value) when n = field -> Some(float (int64 value))
        | Fixed64(n, value) when n = field -> Some value
        | Fixed32(n, value) when n = field -> Some(float value)
        | _ -> None)

/// Numbers of eight bytes, packed.
let doubles (field: int) (message: byte[]) : float[] =
    let bytes = part field message
    Array.init (bytes.Length / 8) (fun i -> BitConverter.ToDouble(bytes, 8 * i))

/// The step of an event, 0 where it has none.
let step (event: byte[]) : int64 =
    fields event
    |> List.tryPick (function
        | Varint(2, value) -> Some(int64 value)
        | _ -> None)
    |> Option.defaultValue 0L

/// The events of the only file in a folder.
let ofFolder (folder: string) : byte[] list =
    Directory.GetFiles folder |> Array.exactlyOne |> File.ReadAllBytes |> records

/// The values of all summaries: tag, step, and the value's message.
let values (events: byte[] list) : (string * int64 * byte[]) list =
    [
        for event in events do
            for summary in parts 5 event do
                for value in parts 1 summary do
                    text 1 value, step event, value
    ]
