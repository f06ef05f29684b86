/// How members are written for readers, in C# and in F#, and the names by which documentation files know them.
module Signature

open System
open System.Reflection

let private csharpNames =
    dict
        [
            "System.Void", "void"
            "System.Object", "object"
            "System.String", "string"
            "System.Boolean", "bool"
            "System.Byte", "byte"
            "System.SByte", "sbyte"
            "System.Int16", "short"
            "System.UInt16", "ushort"
            "System.Int32", "int"
            "System.UInt32", "uint"
            "System.Int64", "long"
            "System.UInt64", "ulong"
            "System.Single", "float"
            "System.Double", "double"
            "System.Char", "char"
        ]

let bare (name: string) =
    match name.IndexOf '`' with
    | -1 -> name
    | at -> name.Substring(0, at)

/// A type as C# writes it.
let rec csharp (t: Type) : string =
    if t.IsByRef then
        "ref " + csharp (t.GetElementType())
    elif t.IsArray then
        csharp (t.GetElementType()) + "[" + String(',', t.GetArrayRank() - 1) + "]"
    elif t.IsGenericParameter then
        t.Name
    elif t.IsGenericType then
        let arguments = t.GetGenericArguments() |> Array.map csharp
        let definition = t.GetGenericTypeDefinition().FullName

        if definition = "System.Nullable`1" then
            arguments[0] + "?"
        elif definition.StartsWith "System.ValueTuple`" then
            "(" + String.Join(", ", arguments) + ")"
        else
            bare t.Name + "<" + String.Join(", ", arguments) + ">"
    else
        match csharpNames.TryGetValue(string t.FullName) with
        | true, name -> name
        | false, _ -> t.Name

let private fsharpNames =
    dict
        [
            "System.Double", "float"
            "System.Single", "float32"
            "System.Object", "obj"
            "System.Int64", "int64"
            "System.Byte", "byte"
            "Microsoft.FSharp.Core.Unit", "unit"
            "System.Void", "unit"
        ]

/// A type as F# writes it.
let rec fsharp (t: Type) : string =
    let inside (t: Type) =
        let text = fsharp t
        if text.Contains " -> " || text.Contains " * " then $"({text})" else text

    if t.IsArray then
        inside (t.GetElementType()) + "[]"
    elif t.IsGenericParameter then
        "'" + t.Name.ToLowerInvariant()
    elif t.IsGenericType then
        let arguments = t.GetGenericArguments()
        let definition = t.GetGenericTypeDefinition().FullName

        if definition = "Microsoft.FSharp.Core.FSharpFunc`2" then
            inside arguments[0] + " -> " + fsharp arguments[1]
        elif definition.StartsWith "System.Tuple`" then
            arguments |> Array.map inside |> String.concat " * "
        elif definition.StartsWith "System.ValueTuple`" then
            "struct (" + (arguments |> Array.map inside |> String.concat " * ") + ")"
        else
            match definition with
            | "Microsoft.FSharp.Collections.FSharpList`1" -> inside arguments[0] + " list"
            | "Microsoft.FSharp.Core.FSharpOption`1" -> inside arguments[0] + " option"
            | "System.Collections.Generic.IEnumerable`1" -> $"seq<{fsharp arguments[0]}>"
            | _ -> bare t.Name + "<" + (arguments |> Array.map fsharp |> String.concat ", ") + ">"
    else
        match fsharpNames.TryGetValue(string t.FullName), csharpNames.TryGetValue(string t.FullName) with
        | (true, name), _
        | _, (true, name) -> name
        | _ -> t.Name

let isStatic (m: MemberInfo) =
    match m with
    | :? MethodBase as m -> m.IsStatic
    | :? PropertyInfo as p -> p.GetAccessors() |> Array.exists _.IsStatic
    | :? FieldInfo as f -> f.IsStatic
    | _ -> false

let private isExtension (m: MethodInfo) =
    m.GetCustomAttributesData() |> Seq.exists (fun a -> a.AttributeType.Name = "ExtensionAttribute")

let private parameter (p: ParameterInfo) =
    let isParams =
        p.GetCustomAttributesData()
        |> Seq.exists (fun a ->
            a.AttributeType.Name.StartsWith "Param" && a.AttributeType.Name.EndsWith "ArrayAttribute")

    let value =
        if not p.HasDefaultValue then
            ""
        else
            match p.RawDefaultValue with
            | null ->
                if p.ParameterType.IsValueType && Nullable.GetUnderlyingType p.ParameterType = null then
                    " = default"
                else
                    " = null"
            | :? string as s -> $" = \"{s}\""
            | :? bool as b -> if b then " = true" else " = false"
            | v -> " = " + String.Format(Globalization.CultureInfo.InvariantCulture, "{0}", v)

    (if isParams then "params " else "") + csharp p.ParameterType + " " + p.Name + value

let private parameters (ps: ParameterInfo[]) = ps |> Array.map parameter |> String.concat ", "

/// A member as C# writes it.
let ofMember (m: MemberInfo) : string =
    let modifier = if isStatic m then "static " else ""

    match m with
    | :? ConstructorInfo as c -> $"new {bare m.DeclaringType.Name}({parameters (c.GetParameters())})"
    | :? PropertyInfo as p ->
        let accessors = if p.CanWrite && p.SetMethod.IsPublic then "{ get; set; }" else "{ get; }"

        match p.GetIndexParameters() with
        | [||] -> $"{modifier}{csharp p.PropertyType} {p.Name} {accessors}"
        | index -> $"{csharp p.PropertyType} this[{parameters index}] {accessors}"
    | :? FieldInfo as f when f.DeclaringType.IsEnum -> f.Name
    | :? FieldInfo as f -> $"{modifier}{csharp f.FieldType} {f.Name}"
    // A property of an extension is a function of what it extends.
    | :? MethodInfo as f when f.Name.StartsWith "get_" && f.GetParameters().Length = 1 ->
        $"{csharp f.ReturnType} {f.Name.Substring 4} {{ get; }}  // of {csharp (f.GetParameters()[0]).ParameterType}"
    | :? MethodInfo as f ->
        let generic =
            if f.IsGenericMethod then
                "<" + (f.GetGenericArguments() |> Array.map _.Name |> String.concat ", ") + ">"
            else
                ""

        let first = if isExtension f then "this " else ""
        $"{modifier}{csharp f.ReturnType} {f.Name}{generic}({first}{parameters (f.GetParameters())})"
    | other -> other.Name

/// A function or value of a module, as F# writes it.
let ofFunction (m: MemberInfo) : string =
    match m with
    | :? PropertyInfo as p -> $"val {p.Name}: {fsharp p.PropertyType}"
    | :? MethodInfo as f ->
        let inputs =
            f.GetParameters()
            |> Array.map (fun p ->
                let text = fsharp p.ParameterType
                let text = if text.Contains " -> " then $"({text})" else text
                $"{p.Name}: {text}")

        let name =
            match f.Name with
            | "op_DotGreater" -> "(.>)"
            | "op_DotGreaterEquals" -> "(.>=)"
            | "op_DotLess" -> "(.<)"
            | "op_DotLessEquals" -> "(.<=)"
            | name -> name

        let inputs = if inputs.Length = 0 then [| "unit" |] else inputs
        $"val {name}: " + String.Join(" -> ", inputs) + " -> " + fsharp f.ReturnType
    | other -> other.Name

let rec private idOfType (t: Type) : string =
    if t.IsByRef then
        idOfType (t.GetElementType()) + "@"
    elif t.IsArray then
        let rank = t.GetArrayRank()

        idOfType (t.GetElementType())
        + (if rank = 1 then "[]" else "[" + String.Join(",", Seq.replicate rank "0:") + "]")
    elif t.IsGenericParameter then
        (if isNull t.DeclaringMethod then "`" else "``") + string t.GenericParameterPosition
    elif t.IsGenericType && not t.IsGenericTypeDefinition then
        let name = (t.GetGenericTypeDefinition().FullName |> bare).Replace('+', '.')
        name + "{" + String.Join(",", t.GetGenericArguments() |> Array.map idOfType) + "}"
    else
        (string t.FullName).Replace('+', '.')

let ownerId (t: Type) = (string t.FullName).Replace('+', '.')

/// The name of a member in a documentation file.
let id (m: MemberInfo) : string =
    let owner = ownerId m.DeclaringType

    let arguments (ps: ParameterInfo[]) =
        if ps.Length = 0 then
            ""
        else
            "(" + String.Join(",", ps |> Array.map (fun p -> idOfType p.ParameterType)) + ")"

    match m with
    | :? ConstructorInfo as c -> $"M:{owner}.#ctor{arguments (c.GetParameters())}"
    | :? PropertyInfo as p -> $"P:{owner}.{p.Name}{arguments (p.GetIndexParameters())}"
    | :? FieldInfo as f -> $"F:{owner}.{f.Name}"
    | :? MethodInfo as f ->
        let generic = if f.IsGenericMethod then $"``{f.GetGenericArguments().Length}" else ""

        let result =
            if f.Name = "op_Implicit" || f.Name = "op_Explicit" then
                "~" + idOfType f.ReturnType
            else
                ""

        $"M:{owner}.{f.Name}{generic}{arguments (f.GetParameters())}{result}"
    | other -> $"{other.Name}"
