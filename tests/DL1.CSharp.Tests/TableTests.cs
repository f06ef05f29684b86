using DL1;
using DL1.Data;

namespace DL1.CSharp.Tests;

/// <summary>Tables as a C# user makes, changes and splits them.</summary>
public class TableTests
{
    private static Table People()
    {
        var ages = Column.Of(30, 40, double.NaN);
        var sexes = Column.Of("f", "m", "f");
        var people = Table.FromColumns(("age", ages), ("sex", sexes));
        return people;
    }

    [Fact]
    public void TablesAreMadeOfObjects()
    {
        var guests = Table.FromObjects([new { Name = "Ada", Age = 36 }, new { Name = "Bob", Age = 40 }]);
        Assert.Equal(["Name", "Age"], guests.Names);
        Assert.Equal([36.0, 40], guests.Values("Age"));
        var rows = Table.FromObjects([new Dictionary<string, object> { ["x"] = 1.5f }, new Dictionary<string, object> { ["x"] = 2m }]);
        Assert.Equal([1.5, 2], rows.Values("x"));
        var missing = Table.FromObjects([new { Age = (int?)null }, new { Age = (int?)3 }]);
        Assert.Equal([double.NaN, 3], missing.Values("Age"));
        Assert.Throws<ArgumentNullException>(() => Column.Of("a", null!));
    }

    [Fact]
    public void TablesAreChanged()
    {
        var people = People();
        var grown = people.Where(row => row.Number("age") > 30);
        Assert.Equal(["m"], grown.Texts("sex"));
        var decades = people.Map("age", age => age / 10);
        Assert.Equal([3.0, 4, double.NaN], decades.Values("age"));
        var upper = people.MapText("sex", sex => sex.ToUpperInvariant());
        Assert.Equal(["F", "M", "F"], upper.Texts("sex"));
        var withMonths = people.Add("months", row => row.Number("age") * 12);
        Assert.Equal(360, withMonths.Values("months")[0]);
        var withStage = people.AddText("stage", row => row.Number("age") > 35 ? "late" : "early");
        Assert.Equal(["early", "late", "early"], withStage.Texts("stage"));
        var withHeight = people.Add("height", Column.Of(1.6, 1.7, 1.8));
        Assert.Equal(3, withHeight.ColumnCount);
        var ageless = people.Drop("age");
        Assert.Equal(["sex"], ageless.Names);
        var turned = people.Select("sex", "age");
        Assert.Equal(["sex", "age"], turned.Names);
        var renamed = people.Rename("age", "years");
        Assert.Equal(["years", "sex"], renamed.Names);
        var twofold = people.Append(people);
        Assert.Equal(6, twofold.RowCount);
        var sorted = people.SortBy("age");
        Assert.Equal(["f", "m", "f"], sorted.Texts("sex"));
        var complete = people.Complete("age");
        Assert.Equal(2, complete.RowCount);
        Assert.Throws<DomainError>(() => people.Drop("x"));
    }

    [Fact]
    public void TablesAreDescribed()
    {
        var people = People();
        Console.WriteLine(people.Describe());
        Assert.Equal(35, people.Describe()["age"].Mean);
        var (sex, count) = people.ValueCounts("sex")[0];
        Assert.Equal(("f", 2), (sex, count));
    }

    [Fact]
    public void TablesAreSplit()
    {
        var people = People();
        var (trainRows, testRows) = Tables.Iris().SplitStratified("species", 0.8, seed: 1);
        Assert.Equal((120, 30), (trainRows.RowCount, testRows.RowCount));
        Assert.All(testRows.ValueCounts("species"), pair => Assert.Equal(10, pair.Count));
        var (someIslands, otherIslands) = Tables.Penguins().SplitGrouped("island", 0.5, seed: 1);
        Assert.Empty(someIslands.Texts("island").Intersect(otherIslands.Texts("island")));
        var (past, present) = people.Complete("age").SplitOrdered("age", 0.5);
        Assert.Equal((30.0, 40.0), (past.Values("age")[0], present.Values("age")[0]));
        foreach (var (keptRows, heldRows) in Tables.Iris().Folds(5, seed: 1))
        {
            Assert.Equal((120, 30), (keptRows.RowCount, heldRows.RowCount));
        }

        var stratified = Tables.Iris().FoldsStratified("species", 5, seed: 1);
        Assert.Equal(5, stratified.Count);
        var byIsland = Tables.Penguins().FoldsGrouped("island", 3, seed: 1);
        Assert.Equal(344, byIsland.Sum(fold => fold.Held.RowCount));
        var forward = Tables.Iris().FoldsOrdered("petal_length_cm", 4);
        Assert.All(forward, fold => Assert.True(fold.Kept.Values("petal_length_cm").Max() <= fold.Held.Values("petal_length_cm").Min()));
    }

    [Fact]
    public void DataSetsAreSplitByGroupsAndByTime()
    {
        var visits = Dataset.From([0.0, 1, 2, 3, 4, 5], [0.0, 0, 0, 1, 1, 1]);
        var patients = Tensor.Of([7L, 7, 7, 8, 8, 8]);
        var (seen, unseen) = visits.SplitGrouped(patients, 0.5, seed: 1);
        Assert.Equal((3, 3), (seen.Count, unseen.Count));
        foreach (var (kept, held) in visits.FoldsGrouped(patients, 2, seed: 1))
        {
            Assert.Empty(kept.Targets.ToDoubles().Intersect(held.Targets.ToDoubles()));
        }

        var (before, after) = visits.SplitOrdered(0.5);
        Assert.Equal([3.0, 4, 5], after.Inputs.ToDoubles());
        Assert.Equal(3, before.Count);
        var stretches = visits.FoldsOrdered(2, gap: 1);
        Assert.Equal([[0.0], [0.0, 1, 2]], stretches.Select(fold => fold.Kept.Inputs.ToDoubles()));
    }
}
