namespace DL1.Onnx.Rules

open System.Collections.Generic
open DL1.Onnx

/// All rules.
[<RequireQualifiedAccess>]
module internal RuleTable =
    let all: OnnxRule list =
        [
            ElementwiseRules.rules
            BitRules.rules
            ReductionRules.rules
            MovementRules.rules
            EdgeRules.rules
            FilledRules.rules
            IndexRules.rules
            ScatterRules.rules
            ProductRules.rules
            WindowRules.rules
            PoolingRules.rules
            ResizeRules.rules
            SamplingRules.rules
            RegionRules.rules
            NormalisationRules.rules
            RecurrentRules.rules
            AttentionRules.rules
            CachedAttentionRules.rules
            LossRules.rules
            SignalRules.rules
            LinearRules.rules
            QuantizedRules.rules
            ControlRules.rules
            FusedRules.rules
        ]
        |> List.concat

    /// The newest version of the standard's operators that the rules were reviewed for.
    let newest = 27

    let private byName =
        let table = Dictionary<struct (string * string), OnnxRule>()

        for rule in all do
            table.Add(struct (rule.Domain, rule.Operator), rule)

        table

    /// The rule of an operator.
    let tryFind (domain: string) (operator: string) : OnnxRule voption =
        match byName.TryGetValue(struct (domain, operator)) with
        | true, rule -> ValueSome rule
        | false, _ -> ValueNone
