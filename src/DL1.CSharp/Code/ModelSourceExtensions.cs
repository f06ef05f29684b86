using DL1.Data;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>
/// Models as C# that needs nothing but .NET: one static class that predicts one sample at a time, with preprocessing inside, without
/// a heap allocation, reflection or code made at run time. See the guide "A model without a runtime".
/// </summary>
public static class ModelSourceExtensions
{
    private static ModelCodeOptions Options(
        IEnumerable<Tensor>? samples, Func<Expr, Expr>? prepare, Func<Expr, Expr>? finish, IEnumerable<string>? classes, string within, bool csharp9, int literals) =>
        new(
            within, csharp9 ? CSharpVersion.CSharp9 : CSharpVersion.Current, Interop.List(samples ?? []),
            Interop.Option(prepare is null ? null : Interop.Function(prepare)), Interop.Option(finish is null ? null : Interop.Function(finish)),
            Interop.List(classes ?? []), literals);

    extension(Trained trained)
    {
        /// <summary>The model for one sample as the text of a C# file, with a self-test.</summary>
        /// <param name="name">The name of the class: an identifier.</param>
        /// <param name="samples">Rows for each input: the first two are samples of the self-test. They are needed where the model does not know its inputs.</param>
        /// <param name="prepare">What is done to the input before the model, such as scaling; of a model of one input.</param>
        /// <param name="finish">What is done to the output, such as a softmax; of a model of one output.</param>
        /// <param name="classes">The names of classes, one for each output.</param>
        /// <param name="within">The namespace of the class; none by default.</param>
        /// <param name="csharp9">Whether the text is C# 9 for .NET Standard 2.1, as Unity takes it.</param>
        /// <param name="literals">The most numbers that are literals; more are a resource beside the file.</param>
        /// <exception cref="DomainError">The name is none for a class, the model draws random numbers, or it is not known what it takes.</exception>
        /// <exception cref="ShapeError">Samples do not fit the model.</exception>
        /// <example><code>ModelSource source = trained.ToCSharp("Digits", [digits.Inputs], finish: scores => scores.Softmax());</code></example>
        public ModelSource ToCSharp(
            string name, IEnumerable<Tensor>? samples = null, Func<Expr, Expr>? prepare = null, Func<Expr, Expr>? finish = null,
            IEnumerable<string>? classes = null, string within = "", bool csharp9 = false, int literals = 100_000) =>
            ModelCode.csharpWith(Options(samples, prepare, finish, classes, within, csharp9, literals), name, trained);
    }

    extension(FittedPipeline fitted)
    {
        /// <summary>
        /// The pipeline for one row as the text of a C# file: it takes a number for each of <c>Fields</c>, of a category its place, and
        /// gives the probability of each class, or the number. The head of the file lists fields and categories.
        /// </summary>
        /// <param name="name">The name of the class: an identifier.</param>
        /// <param name="within">The namespace of the class; none by default.</param>
        /// <param name="csharp9">Whether the text is C# 9 for .NET Standard 2.1, as Unity takes it.</param>
        /// <param name="literals">The most numbers that are literals; more are a resource beside the file.</param>
        /// <exception cref="DomainError">The name is none for a class.</exception>
        /// <example><code>ModelSource asCode = fitted.ToCSharp("Penguins");</code></example>
        public ModelSource ToCSharp(string name, string within = "", bool csharp9 = false, int literals = 100_000) =>
            fitted.ToCSharp(name, Options(null, null, null, null, within, csharp9, literals));
    }

    extension(Expr output)
    {
        /// <summary>Any graph of one sample as the text of a C# file: its variables are the inputs.</summary>
        /// <param name="name">The name of the class: an identifier.</param>
        /// <param name="inputs">The variables of the graph, in the order of the parameters.</param>
        /// <param name="within">The namespace of the class; none by default.</param>
        /// <param name="csharp9">Whether the text is C# 9 for .NET Standard 2.1, as Unity takes it.</param>
        /// <param name="literals">The most numbers that are literals; more are a resource beside the file.</param>
        /// <exception cref="DomainError">The name is none for a class, or the graph has another variable, or draws random numbers.</exception>
        /// <example><code>ModelSource norm = (vector * vector).Sum().ToModelSource("SquaredNorm", [vector]);</code></example>
        public ModelSource ToModelSource(
            string name, IEnumerable<Expr> inputs, string within = "", bool csharp9 = false, int literals = 100_000) =>
            ModelCode.ofGraph(
                Options(null, null, null, null, within, csharp9, literals), name, Interop.List(inputs),
                Interop.List([Tuple.Create("output", output)]));
    }
}
