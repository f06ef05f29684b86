/// Values of all exported types, to be printed: those of records and unions are put together from values of their fields, those
/// of classes are made here.
module DL1.Tests.PrintedValues

open System
open System.Collections.Generic
open System.IO
open System.Reflection
open System.Runtime.CompilerServices
open DL1
open DL1.Data
open DL1.Pictures
open Microsoft.FSharp.Reflection

/// Generic collections, by reflection.
type private Collections =
    static member List<'a>(items: objnull list) : 'a list = items |> List.map unbox<'a>
    static member Array<'a>(items: objnull list) : 'a[] = items |> List.map unbox<'a> |> Array.ofList
    static member Option<'a>(items: objnull list) : 'a option = items |> List.tryHead |> Option.map unbox<'a>

    static member ValueOption<'a>(items: objnull list) : 'a voption =
        match items with
        | [] -> ValueNone
        | item :: _ -> ValueSome(unbox<'a> item)

    static member Tree<'a>(items: objnull list) : Tree<'a> =
        items |> List.mapi (fun i item -> $"leaf%d{i}", unbox<'a> item) |> Tree.ofList

    static member Dictionary<'a>(items: objnull list) : Dictionary<string, 'a> =
        let made = Dictionary<string, 'a>()
        items |> List.iteri (fun i item -> made.Add($"key%d{i}", unbox<'a> item))
        made

let private collect (name: string) (element: Type) (items: objnull list) : objnull =
    let flags = BindingFlags.Static ||| BindingFlags.NonPublic ||| BindingFlags.Public
    let generic = nonNull (typeof<Collections>.GetMethod(name, flags))
    generic.MakeGenericMethod(element).Invoke(null, [| items :> obj |])

let private x = Expr.variable "x" DType.F64 [ 2; 3 ]
let private s = Expr.symbol "s"
let private key = Key.ofSeed 1L
let private matrix = Tensor.ofArray [ 2; 2 ] [| 1.5; -2.0; Double.NaN; 1e9 |]

/// One value or more of each class that says how it looks. The files that some of them read lie in a folder.
let private ofClasses (folder: string) : IDictionary<Type, objnull list> =
    let path name = Path.Combine(folder, name)
    let data = Learners.clouds 3L 30
    let options = { Fit.options key with Epochs = 2; Validation = Some data }
    let fitted = Fit.run options Learners.learner data
    let columns = Key.normal 0.0 1.0 DType.F32 [ 30; 2 ] key
    let numbers = Key.normal 0.0 1.0 DType.F32 [ 30; 1 ] key
    let classes = Tensor.Of(Array.init 30 (fun i -> int64 (i % 2)))
    let table = Datasets.penguins () |> Table.complete []

    let pipeline = Pipeline.Classify("species").Numbers("body_mass_g").Model(Estimator.Logistic())

    Npy.write (path "a.npy") matrix
    Directory.CreateDirectory(Path.Combine(folder, "images", "one")) |> ignore
    Plot.titled "Loss" |> Plot.save (Path.Combine(folder, "images", "one", "a.png"))
    File.WriteAllText(path "a.csv", "x,y\n1,2\n3,4\n")
    SourceTests.tar (path "a.tar") [ "one.txt", "1"; "one.cls", "0" ]
    TableRowsTests.parquet (path "a.parquet") [ 2 ]

    let causal = { Transformer.options 2 8 with Causal = true; Dropout = 0.0 }

    let stepper =
        let model = Dense.embedding 9 4 => Transformer.encoderLayer causal => Dense.linear 9
        let tokens = Tensor.ofArray [ 4; 5 ] (Array.init 20 (fun i -> int64 (i % 9)))
        let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.sgd 0.1)

        Stepwise.ofTrained
            (Fit.run { options with Validation = None } learner (Dataset.create tokens tokens)).Trained

    let values: obj list =
        [
            ShapeError("add", "a", "b", "c")
            DomainError("log", "a", "b", "c")
            FormatError("read", "a", "b", "c")
            Shape.Of [ 2; 3 ]
            Shape.Of []
            Tensor.scalar 2.5
            matrix
            Tensor.zeros DType.F32 [ 40; 50 ]
            key
            sin s ** 2.0 / s
            x
            Tree.ofList [ "w", matrix; "b", Tensor.scalar 1.0 ]
            Dense.linear 3 => Activation.relu
            Layer.identity<Expr>
            Summary.ofLayer (Expr.variable "x" DType.F32 [ 1; 4 ]) Learners.model
            Explain.run [ "y", s * s ] [ "s", Tensor.scalar 2.0 ] (s * s)
            MatrixCalculus.write MatrixCalculus.notation (Expr.matmul x (Expr.t x))
            MatrixCalculus.write MatrixCalculus.notation (Expr.cumSum 0 x)
            data
            Category.fit [ "b"; "a" ]
            Vocabulary.characters "the cat"
            BytePairs.train 262 "low lower lowest, new newer newest"
            MappedTensor.Npy(path "a.npy")
            new TarShards([ path "a.tar" ])
            Classification.confusion classes classes
            Learners.learner.Named
            options.Ranks
            (Learner.ofParts Learners.model [ "a", 1.0, Loss.mse Reduction.Mean ] (Optimizer.sgd 0.1)).Named
            fitted
            fitted.Trained
            ModelCode.csharp "Model" fitted.Trained
            Patience.lowest<Expr> 5
            (Patience.lowest<Expr> 5).Next(1.0, s)
            CsvOptions.Default
            Surface.HillsAndBasins
            ImageFiles.Open(path "images", 8, 8)
            Trainable.create "generator" (Dense.linear 2) (Optimizer.adam 1e-3)
            new TensorBoard(path "board")
            Search.random 1 key [ "rate", HyperRange.LogUniform(1e-3, 1.0) ] |> List.head
            Stepwise.start 4 1 stepper
            PowerTransform.YeoJohnson(columns, true)
            QuantileTransform.Normal(columns, 10)
            Ridge.Fit(columns, numbers, 1.0)
            Logistic.Fit(columns, classes, 1.0)
            Neighbours.Classify(columns, classes, 3, true)
            NaiveBayes.Fit(columns, classes)
            KMeans.Fit(columns, 2, key)
            PrincipalComponents.Fit(columns, 1)
            table
            Table.row 0 table
            Table.describe table
            TableEncoder.Fit(table, "island")
            Estimator.Logistic()
            pipeline
            pipeline.Fit table
            pipeline.CrossValidate(table, 3, key, Metric.accuracy)
            CsvRows.Open(path "a.csv")
            ParquetRows.Open(path "a.parquet")
            Figure.Of(Plot.titled "Loss")
            Plot.titled "Loss" |> Plot.line "training" [ 1.0; 2.0 ] [ 3.0; 4.0 ]
        ]

    values
    |> List.groupBy (fun value ->
        let t = value.GetType()
        if t.IsGenericType then t.GetGenericTypeDefinition() else t)
    |> List.map (fun (t, found) -> t, found |> List.map (fun (value: obj) -> (value: objnull)))
    |> dict

/// A type with its parameters put in: `Expr` for each.
let private closed (t: Type) =
    if t.IsGenericTypeDefinition then
        t.MakeGenericType(t.GetGenericArguments() |> Array.map (fun _ -> typeof<Expr>))
    else
        t

/// Whether a type writes its `ToString` itself, and does not leave it to the compiler or to a base of the system.
let hasOwnText (t: Type) =
    match t.GetMethod("ToString", Type.EmptyTypes) with
    | null -> false
    | m ->
        match m.DeclaringType with
        | null -> false
        | declaring ->
            (string declaring.FullName).StartsWith("DL1.", StringComparison.Ordinal)
            && isNull (m.GetCustomAttribute<CompilerGeneratedAttribute>())

type private Sampler(known: IDictionary<Type, objnull list>) =
    let plain: IDictionary<Type, objnull list> =
        dict
            [
                typeof<string>, [ "a text"; "two\nlines"; "" ]
                typeof<bool>, [ true; false ]
                typeof<int>, [ 3; -1; 0 ]
                typeof<int64>, [ 3L; -1L ]
                typeof<uint32>, [ 3u ]
                typeof<uint64>, [ 3UL ]
                typeof<byte>, [ 3uy ]
                typeof<float>, [ 1.5; -0.25; Double.NaN; Double.NegativeInfinity ]
                typeof<float32>, [ 1.5f; Single.NaN ]
                typeof<unit>, [ () ]
                typeof<obj>, [ box "an object" ]
                typeof<TimeSpan>, [ TimeSpan.FromSeconds 2.0 ]
                typeof<exn>, [ DomainError("log", "a", "b", "c") ]
            ]

    let sequences =
        [
            typedefof<seq<_>>
            typedefof<IReadOnlyList<_>>
            typedefof<IReadOnlyCollection<_>>
            typedefof<IList<_>>
        ]

    /// Values of a type; none where it is not known how one is made.
    member this.Of(depth: int, t: Type) : objnull list =
        let definition = if t.IsGenericType then t.GetGenericTypeDefinition() else t
        let argument i = t.GetGenericArguments()[i]
        // Deep down the shortest value.
        let items (element: Type) = if depth > 5 then [] else this.Of(depth + 1, element)

        match plain.TryGetValue t, known.TryGetValue definition with
        | (true, found), _ -> found
        | _, (true, found) when t.IsGenericType ->
            match found |> List.filter t.IsInstanceOfType with
            | [] when definition = typedefof<Tree<_>> ->
                [ collect "Tree" (argument 0) []; collect "Tree" (argument 0) (items (argument 0)) ]
            | found -> found
        | _, (true, found) -> found
        | _ when t.IsEnum -> [ for value in Enum.GetValues t -> value ]
        | _ when t.IsArray ->
            let element = nonNull (t.GetElementType())

            if t.GetArrayRank() = 1 then
                [ collect "Array" element (items element); collect "Array" element [] ]
            else
                [ Array.CreateInstance(element, Array.create (t.GetArrayRank()) 2) ]
        | _ when definition = typedefof<list<_>> ->
            [ collect "List" (argument 0) (items (argument 0)); collect "List" (argument 0) [] ]
        | _ when definition = typedefof<option<_>> ->
            [ collect "Option" (argument 0) (items (argument 0)); collect "Option" (argument 0) [] ]
        | _ when definition = typedefof<voption<_>> ->
            [ collect "ValueOption" (argument 0) (items (argument 0)) ]
        | _ when List.contains definition sequences -> [ collect "Array" (argument 0) (items (argument 0)) ]
        | _ when
            definition = typedefof<IReadOnlyDictionary<_, _>> || definition = typedefof<IDictionary<_, _>>
            ->
            [ collect "Dictionary" (argument 1) (items (argument 1)) ]
        | _ when definition = typedefof<Nullable<_>> -> this.Of(depth + 1, argument 0)
        | _ when FSharpType.IsTuple t ->
            [ FSharpValue.MakeTuple(FSharpType.GetTupleElements t |> Array.map (this.First depth), t) ]
        | _ when FSharpType.IsFunction t -> [ FSharpValue.MakeFunction(t, id) ]
        | _ when FSharpType.IsRecord(t, true) ->
            let fields = FSharpType.GetRecordFields(t, true)

            [
                for pick in [ this.First; this.Last ] ->
                    FSharpValue.MakeRecord(t, fields |> Array.map (fun f -> pick depth f.PropertyType), true)
            ]
        | _ when FSharpType.IsUnion(t, true) ->
            [
                for case in FSharpType.GetUnionCases(t, true) do
                    for pick in [ this.First; this.Last ] do
                        let fields = case.GetFields() |> Array.map (fun f -> pick depth f.PropertyType)
                        FSharpValue.MakeUnion(case, fields, true)
            ]
        | _ when t.IsValueType -> [ Activator.CreateInstance t ]
        | _ when t.IsAbstract || t.IsInterface ->
            known.Values |> Seq.concat |> Seq.filter t.IsInstanceOfType |> Seq.truncate 1 |> List.ofSeq
        | _ when hasOwnText t || typeof<Delegate>.IsAssignableFrom t || t.ContainsGenericParameters -> []
        // It prints as the name of its type, and nobody looks into it.
        | _ -> [ RuntimeHelpers.GetUninitializedObject t ]

    member private this.First (depth: int) (t: Type) : objnull =
        match this.Of(depth + 1, t) with
        | [] -> null
        | first :: _ -> first

    member private this.Last (depth: int) (t: Type) : objnull =
        match this.Of(depth + 1, t) with
        | [] -> null
        | found -> List.last found

/// The exported types of the libraries whose values are printed, with their values. Modules and attributes have none, the parts
/// of emitted code are seen by plans alone.
let all (folder: string) : (Type * objnull list) list =
    let sampler = Sampler(ofClasses folder)

    [
        for library in [ typeof<Expr>.Assembly; typeof<Table>.Assembly; typeof<Plot>.Assembly ] do
            for t in library.GetExportedTypes() do
                let isCase =
                    match t.DeclaringType with
                    | null -> false
                    | outer -> FSharpType.IsUnion(outer, true)

                let isValue =
                    not (t.IsAbstract || t.IsInterface || isCase || t.IsByRefLike)
                    && not (typeof<Delegate>.IsAssignableFrom t || typeof<Attribute>.IsAssignableFrom t)
                    && not ((string t.FullName).StartsWith("DL1.Compiler.", StringComparison.Ordinal))
                    || (FSharpType.IsUnion(t, true) && not isCase)

                if isValue then
                    // A part of it that may not be null and is not known.
                    let found =
                        try
                            sampler.Of(0, closed t)
                        with
                        | :? TargetInvocationException
                        | :? ArgumentException -> []

                    closed t, found
    ]
