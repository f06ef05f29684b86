namespace DL1.Data

open System.Collections.Generic
open System.Globalization
open DL1

/// A class with its probability.
[<NoComparison>]
type ClassProbability =
    {
        /// The name of the class.
        Class: string
        /// Its probability, from 0 to 1.
        Probability: float
    }

    /// `Gentoo 0.93`.
    override this.ToString() =
        this.Class + " " + this.Probability.ToString("G4", CultureInfo.InvariantCulture)

/// What a pipeline says of one row.
[<NoComparison>]
type Prediction =
    {
        /// The number of a regression; NaN for a classification.
        Value: float
        /// The likeliest class of a classification; empty for a regression.
        Class: string
        /// Each class with its probability, in the order of the classes; none for a regression.
        Probabilities: IReadOnlyList<ClassProbability>
    }

    /// The number, or the class with its probability.
    override this.ToString() =
        match this.Probabilities |> Seq.tryFind (fun p -> p.Class = this.Class) with
        | Some found -> string found
        | None -> this.Value.ToString("G6", CultureInfo.InvariantCulture)

/// What a fitted pipeline is made of.
[<NoEquality; NoComparison>]
type internal FittedParts =
    {
        Task: PipelineTask
        Target: string
        /// The classes in order; none for a regression.
        Classes: string list
        Encoder: TableEncoder
        /// The numbers that may be missing.
        MayMiss: Set<string>
        Graph: RowGraph
        /// What it is, in words.
        Notes: string
    }
