using DL1;
using DL1.Data;
using static DL1.Functions;

namespace Course;

/// <summary>The recurrent cells of the lesson on vanishing gradients, their first parameters, and a task of memory.</summary>
internal static class Cells
{
    public const int Symbols = 4, Width = 32;

    /// <summary>The cells; + b is with a bias on the gate that keeps.</summary>
    public static readonly string[] Names = ["RNN", "LSTM", "GRU", "LSTM + b", "GRU + b"];

    #region cells
    public static Layer<Expr, Expr> Model(string name) => (name switch
    {
        "RNN" => Layers.Rnn(Width),
        "GRU" or "GRU + b" => Layers.Gru(Width),
        _ => Layers.Lstm(Width),
    }).Last().Then(Layers.Linear(Symbols));

    // Random symbols, one-hot; the first of them is the target.
    public static Dataset Recall(int rows, int length, long seed)
    {
        var symbols = Key.OfSeed(seed).Uniform(0, Symbols, rows, length).Compute(Floor).Cast(DType.I64);
        return Dataset.Of(symbols.Compute(s => s.OneHot(Symbols)), symbols.Slice(1, ..1).Reshape(rows));
    }

    // First parameters; those of the hidden state times a gain; and a bias on the gate that keeps, the second (forget in LSTM, update in GRU).
    public static Tree<Tensor> Drawn(Layer<Expr, Expr> model, long seed, double gain = 1, double forget = 0)
    {
        Tensor Raised(Tensor bias) => Tensor.Concat(0, bias.Slice(0, ..Width), bias.Slice(0, Width..(2 * Width)) + forget, bias.Slice(0, (2 * Width)..));
        return model.Init(Key.OfSeed(seed), 1, 1, Symbols).Parameters.Map((path, p) =>
            path.EndsWith("weight_hh_l0") ? p * gain : path.EndsWith("bias_hh_l0") && forget > 0 ? Raised(p) : p);
    }

    // The bias of the gate that keeps: the logarithm of the length, so that it stays open about as long (Tallec and Ollivier 2018).
    public static double BiasOf(string name, int length) => name.EndsWith("+ b") ? Math.Log(length) : 0;
    #endregion
}
