namespace DL1

open System

/// How good a model of sequences is. Targets are whole numbers `[...]`, scores logits `[...; classes]`, one row for each target.
[<RequireQualifiedAccess>]
module SequenceScore =
    let private rows operation (target: Tensor) (scores: Tensor) : Tensor =
        if target.Size = 0 || scores.Size = 0 || scores.Size % target.Size <> 0 then
            Refuse.shape
                operation
                $"targets {target.DType} {target.Shape} and scores {scores.DType} {scores.Shape}"
                "scores [...; classes] for targets [...], one at least"
                "predict the same places"

        Tensor.reshape [ target.Size; scores.Size / target.Size ] scores

    let private nats operation (target: Tensor) (scores: Tensor) : float =
        ClassChances.logLossOfLogits (Tensor.reshape [ target.Size ] target) (rows operation target scores)

    /// exp of the mean negative logarithm of the target's softmax: among how many tokens a model is at a loss, on average. 1 is
    /// the best. Padding is left out by `Metric.ignoring`. `SequenceScore.perplexity labels logits`
    let perplexity (target: Tensor) (scores: Tensor) : float =
        exp (nats "SequenceScore.perplexity" target scores)

    /// The mean negative logarithm to base 2 of the target's softmax: bits that a model needs for a token, which are bits a
    /// character where tokens are characters. `SequenceScore.bitsPerToken labels logits`
    let bitsPerToken (target: Tensor) (scores: Tensor) : float =
        nats "SequenceScore.bitsPerToken" target scores / log 2.0

    /// Bits a character where tokens are words or byte pairs: the bits for all tokens over the characters of their text, which
    /// are given. No characters are a `DomainError`. `SequenceScore.bitsPerCharacter 5 labels logits`
    let bitsPerCharacter (characters: int) (target: Tensor) (scores: Tensor) : float =
        if characters < 1 then
            Refuse.domain
                "SequenceScore.bitsPerCharacter"
                $"%d{characters} characters"
                "1 or more"
                "give the length of the text that the tokens stand for"

        bitsPerToken target scores * float target.Size / float characters

    /// The part of rows that are right at each place: targets `[rows; length]`, and predictions of the same shape, or scores
    /// `[rows; length; classes]`, of which the greatest is the prediction. Places whose target is the ignored label, such as
    /// that of padding, are not looked at; a row of nothing else is right. `SequenceScore.exactMatch None target target`
    let exactMatch (ignore: int option) (target: Tensor) (predicted: Tensor) : float =
        let operation = "SequenceScore.exactMatch"

        if target.Rank = 0 || target.Shape[0] = 0 then
            Refuse.shape
                operation
                $"targets {target.DType} {target.Shape}"
                "[rows; length], 1 row or more"
                "check how the data were split"

        let predicted =
            if predicted.Shape = target.Shape then
                Tensor.toFloats predicted
            elif predicted.Rank = target.Rank + 1 && target.Size > 0 then
                rows operation target predicted
                |> Tensor.toFloats
                |> Array.chunkBySize (predicted.Size / target.Size)
                |> Array.map (fun row -> float (Array.IndexOf(row, Array.max row)))
            else
                Refuse.shape
                    operation
                    $"targets {target.Shape} and predictions {predicted.Shape}"
                    "predictions of the targets' shape, or scores with an axis of classes behind it"
                    "predict the same rows"

        let labels = Tensor.toFloats target
        let width = labels.Length / target.Shape[0]

        let isRight row =
            Seq.init width (fun i -> row * width + i)
            |> Seq.forall (fun i ->
                labels[i] = predicted[i]
                || (match ignore with
                    | Some label -> labels[i] = float label
                    | None -> false))

        let right = Seq.init target.Shape[0] isRight |> Seq.filter id |> Seq.length
        float right / float target.Shape[0]
