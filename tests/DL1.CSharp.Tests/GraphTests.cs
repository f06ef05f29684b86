using System.Xml.Linq;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>Drawings of computation graphs, as a C# user makes them.</summary>
public class GraphTests
{
    private static readonly Expr A = Expr.Symbol("a"), B = Expr.Symbol("b"), C = Expr.Symbol("c");
    private static readonly Expr D = A + B, E = B - C, Y = D * E;

    private static Explanation Explained() =>
        Y.Explain([("d", D), ("e", E), ("Y", Y)], ("a", 2.0), ("b", 5.0), ("c", 1.0));

    /// <summary>The texts of a drawing, which must be well-formed XML; those of one class only where one is given.</summary>
    private static List<string> Texts(string svg, string? look = null)
    {
        var root = XDocument.Parse(svg).Root!;
        Assert.Equal("{http://www.w3.org/2000/svg}svg", root.Name.ToString());
        return root.Descendants().Where(e => e.Name.LocalName == "text")
            .Where(e => look is null || e.Attribute("class")!.Value == look).Select(e => e.Value).ToList();
    }

    [Fact]
    public void An_explained_graph_has_names_values_and_gradients()
    {
        // Y = (a + b)·(b − c) at a = 2, b = 5, c = 1: d = 7, e = 4, ∂Y/∂d = e, ∂Y/∂e = d.
        var svg = GraphSvg.Draw(Explained());

        Assert.Equal(
            ["Y = 28", "a = 2", "b = 5", "c = 1", "d = 7", "e = 4"], Texts(svg, "value").Order(StringComparer.Ordinal));
        // Into Y 4 and 7; on to a and b 4, to b 7 and to c −7.
        Assert.Equal(["4", "4", "4", "7", "7", "−7"], Texts(svg, "slope").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_bare_graph_has_each_node_once_and_no_notes()
    {
        var texts = Texts(GraphSvg.Draw(Y));
        Assert.Equal(["a", "b", "c"], texts.Where(t => t is "a" or "b" or "c").Order());
        Assert.Contains("×", texts);
        Assert.DoesNotContain(texts, t => t.Contains('='));
        Assert.Equal(texts.Order(), Texts(GraphSvg.Draw([D, E, Y])).Order());
    }

    [Fact]
    public void Texts_of_ones_own_stand_where_they_belong()
    {
        var svg = GraphSvg.Draw(Y, e => e == Y ? "<28> & more" : "", (user, place) => user == Y ? $"{place}" : "");
        Assert.Equal(["<28> & more"], Texts(svg, "value"));
        Assert.Equal(["0", "1"], Texts(svg, "slope").Order());
    }
}
