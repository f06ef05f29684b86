using DL1.Data;

namespace DL1.Fuzzing;

/// <content>What was learnt from data, and what a study, a loop of one's own and a generation hand to their users.</content>
public static partial class Values
{
    private static void Learned()
    {
        var rows = Floats(DType.F64, 30, 3);
        var classes = Labels(30, 2);
        Kept(Ridge.Fit(rows, Floats(DType.F64, 30)));
        Kept(Logistic.Fit(rows, classes));
        Kept(NaiveBayes.Fit(rows, classes));
        Kept(Neighbours.Classify(rows, classes), Neighbours.Regress(rows, Floats(DType.F64, 30)));
        Kept(KMeans.Fit(rows, 2, Key.OfSeed(1)));
        Kept(PrincipalComponents.Fit(rows, 2));
        Kept(CsvOptions.Default);

        var table = Tables.FromCsv("a,b,c\n1,2,u\n3,4,v\n5,6,u\n7,8.5,v\n2,2,u\n4,3,v\n");
        var pipeline = Pipeline.Classify("c").Inputs().Impute(ColumnFill.Median).Scale(ColumnScaling.Standard).Model(Estimator.Logistic());
        var fitted = pipeline.Fit(table);
        Kept(pipeline, Pipeline.Regress("a").Numbers("b").Model(Estimator.Ridge()));
        Kept(fitted);
        Kept(fitted.Predict(table.Row(0)));
        Kept(pipeline.CrossValidate(table, 2, 1, Metrics.Accuracy));
        Kept(Estimator.Ridge(), Estimator.Logistic(), Estimator.NaiveBayes());
        Kept(ColumnFill.Median, ColumnFill.NewConstant(1));
        var bytes = fitted.ToBytes();
        Add(_ => (byte[])bytes.Clone());

        var pairs = BytePairs.Train("some words and some more words of some words", 265);
        var vocabulary = Vocabulary.Words("some words and more words", 6);
        Kept(pairs);
        Kept(PaddedRows.Of([Tensor.Of([1L, 2]), Tensor.Of([3L])]));
        Named("json", "{}", "[]", pairs.ToJson(), vocabulary.ToJson(), TableEncoder.Fit(table, "a", "c").ToJson());

        Kept(Layers.Linear(3).Trainable("model", Optimizers.Adam(0.01)));
        Add(_ => new TrainingLoop(Key.OfSeed(1)));
        Add(_ => StepOf(new TrainingLoop(Key.OfSeed(1))));
        Kept(Patience<object>.Lowest(2), Patience<object>.Highest(2).Next(1, "kept"));
        Kept(RunOf());
        Kept(TrialResult.Of(0.5));
        Kept(Pruning.NewHalving(1, 3), Pruning.NewMedian(1, 2));
        Kept(new StudySettings(), new StudySettings(Budget: 4, Round: 2));

        var reader = Model.Sequential(Layers.Embedding(5, 4), Layers.Gru(4).Sequence(), Layers.Linear(5));
        var (parameters, state) = reader.Init(Key.OfSeed(1), DType.I64, 1, 3);
        var stepper = reader.With(parameters, state).Stepwise();
        Kept(stepper);
        Kept(stepper.Start(capacity: 8));
        NextToken Next(Tensor scores) => NextToken.Of(scores, _ => Next(scores), kept => Next(scores.Rows(kept)));
        Kept(Next(Floats(DType.F32, 2, 5)));
    }

    /// <summary>What a step of a loop sees while it is written.</summary>
    private static StepScope StepOf(TrainingLoop loop)
    {
        StepScope? seen = null;
        loop.Measuring(step =>
        {
            seen = step;
            step.Report("loss", step["Input"].Mean());
        }).Run(Dataset.From(Floats(DType.F32, 4, 3), Labels(4, 3)));
        return seen!;
    }

    /// <summary>What a trial of a study is given.</summary>
    private static TrialRun RunOf()
    {
        TrialRun? seen = null;
        HyperSearch.Tpe(1, [("rate", DL1.Ranges.Uniform(0, 1))], run =>
        {
            seen = run;
            return TrialResult.Of(run.Setting.Number("rate"));
        });
        return seen!;
    }
}
