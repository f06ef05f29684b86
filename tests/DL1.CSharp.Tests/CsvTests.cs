using DL1.Data;

namespace DL1.CSharp.Tests;

/// <summary>Tables from CSV, as a C# user reads them.</summary>
public class CsvTests
{
    private static FormatError Refused(string text) =>
        Assert.Throws<FormatError>(() => Csv.Parse("the text", text));

    [Fact]
    public void A_column_is_numbers_where_all_values_are_numbers_or_missing()
    {
        var table = Csv.Parse("the text", "name,score\nAda,9.5\nBob,\nCleo,NA\nDan,-1e3\n");

        Assert.Equal(["name", "score"], table.Names);
        Assert.Equal([9.5, double.NaN, double.NaN, -1000.0], table.Values("score"));
        Assert.Equal(["Ada", "Bob", "Cleo", "Dan"], table.Texts("name"));
        Assert.True(table["name"].IsTexts);
    }

    [Fact]
    public void Quoted_fields_hold_commas_quotes_and_line_breaks()
    {
        var table = Csv.Parse("the text", "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n2,\r\n");

        Assert.Equal(["x, \"y\"\nz", ""], table.Texts("b"));
        Assert.Equal([1.0, 2.0], table.Values("a"));
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_first_name()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "a,b\n1,2\n", new System.Text.UTF8Encoding(true));
        Assert.Equal("a", Csv.Read(path).Names[0]);
        File.Delete(path);
    }

    [Theory]
    [InlineData("a,b\n1,2\n3\n", "1 field", "line 3")]
    [InlineData("a,b\n1,2\n3,4,5\n", "3 fields", "line 3")]
    [InlineData("a,b\n1,\"two\n", "never closed", "line 2")]
    [InlineData("a,b\n1,t\"w\"o\n", "quote", "line 2")]
    [InlineData("a,a\n1,2\n", "two columns named 'a'", "the text")]
    [InlineData("a,\n1,2\n", "no name for column 2", "the text")]
    [InlineData("", "nothing", "the text")]
    public void Damaged_text_is_refused_with_what_was_found_and_where(string text, string what, string where)
    {
        var error = Refused(text);
        Assert.Contains(what, error.Given);
        Assert.Contains(where, error.Given);
        Assert.Contains("the text", error.Given);
    }

    [Theory]
    [InlineData("a;b\n1,5;2,5\n", "semicolons")]
    [InlineData("a\tb\n1\t2\n", "tabs")]
    public void Another_separator_is_refused_by_its_name(string text, string separator) =>
        Assert.Contains(separator, Refused(text).Expected);

    [Fact]
    public void A_text_among_numbers_is_named_with_its_line_and_column()
    {
        var table = Csv.Parse("scores.csv", "name,score\nAda,9.5\nBob,nine\n");
        var error = Assert.Throws<FormatError>(() => table.Numbers("score"));
        Assert.Equal("'nine' in scores.csv, line 3, column 'score'", error.Given);
    }

    [Fact]
    public void A_wrong_name_is_refused_with_the_names_there_are()
    {
        var table = Csv.Parse("scores.csv", "name,score\nAda,9.5\n");
        var error = Assert.Throws<DomainError>(() => table.Numbers("Score"));
        Assert.Contains("name, score", error.Expected);
        Assert.Contains("'score'", error.Cure);
    }

    [Fact]
    public void A_missing_file_is_refused_with_its_full_path()
    {
        var error = Assert.Throws<FormatError>(() => Csv.Read("no-such-file.csv"));
        Assert.Contains(Path.GetFullPath("no-such-file.csv"), error.Given);
    }

    [Fact]
    public void Numbers_are_a_tensor_of_rows_and_columns()
    {
        var table = Csv.Parse("the text", "a,b,c\n1,2,3\n4,,6\n");

        Assert.Equal(TensorModule.ofArray([2, 2], [3f, 1f, 6f, 4f]), table.Numbers("c", "a"));
        Assert.Equal(TensorModule.ofArray([2, 1], [2.0, double.NaN]), table.Numbers(DType.F64, "b"));
        Assert.Throws<DomainError>(() => table.Numbers(DType.I32, "a"));
    }

    [Fact]
    public void The_diabetes_set_is_whole()
    {
        var table = Tables.Diabetes();

        Assert.Equal(442, table.RowCount);
        Assert.Equal(11, table.ColumnCount);
        Assert.All(table.Names, name => Assert.DoesNotContain(double.NaN, table.Values(name)));
        Assert.Equal(152.13, table.Values("progression").Average(), 2);
        Assert.Equal("[442, 2]", table.Numbers("age", "bmi").Shape.ToString());
    }
}
