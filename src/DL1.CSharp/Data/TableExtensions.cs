using System.Diagnostics.CodeAnalysis;
using DL1.Data;

namespace DL1;

/// <summary>Tables made of what a program holds, changed, described and split. Tables are immutable: each method gives a new one.</summary>
public static class TableExtensions
{
    extension(Column)
    {
        /// <summary>A column of numbers, NaN where one is missing.</summary>
        /// <param name="values">One number for each row; NaN is missing.</param>
        /// <example><code>var ages = Column.Of(30, 40, double.NaN);</code></example>
        public static Column Of(params double[] values) => Column.NewNumbers([.. values]);

        /// <summary>A column of texts, empty where one is missing.</summary>
        /// <param name="values">One text for each row; an empty one is missing.</param>
        /// <example><code>var sexes = Column.Of("f", "m", "f");</code></example>
        public static Column Of(params string[] values) => Column.NewTexts(Refuse.nulls(nameof(values), values));
    }

    extension(Table)
    {
        /// <summary>A table of columns by their names, of equal length.</summary>
        /// <param name="columns">Names, each once, with columns of one length; one or more.</param>
        /// <exception cref="ShapeError">The columns are not of one length.</exception>
        /// <exception cref="DomainError">There is no column, or two have one name.</exception>
        /// <example><code>var people = Table.FromColumns(("age", ages), ("sex", sexes));</code></example>
        public static Table FromColumns(params (string Name, Column Values)[] columns) =>
            TableModule.ofColumns(Refuse.nulls(nameof(columns), columns).Select(c => Tuple.Create(c.Name, c.Values)));

        /// <summary>
        /// A table of objects, one a row: records, anonymous objects, or any that have public properties; or dictionaries of names
        /// and values. Numbers, truth values (1 and 0), dates (days since 1970), texts and enumerations are taken; null, NaN and
        /// empty texts are missing.
        /// </summary>
        /// <param name="items">One object for each row.</param>
        /// <exception cref="DomainError">A property is of another type, or a column has numbers and texts.</exception>
        /// <example><code>var guests = Table.FromObjects([new { Name = "Ada", Age = 36 }, new { Name = "Bob", Age = 40 }]);</code></example>
        public static Table FromObjects<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(IEnumerable<T> items) =>
            TableModule.ofObjects(items);
    }

    extension(Table table)
    {
        /// <summary>The rows for which a condition holds.</summary>
        /// <param name="condition">Whether a row is kept.</param>
        /// <example><code>var grown = people.Where(row => row.Number("age") > 30);</code></example>
        public Table Where(Func<TableRow, bool> condition) => TableModule.filter(Interop.Function(condition), table);

        /// <summary>A column of numbers with each value changed; missing ones are given as NaN.</summary>
        /// <param name="column">The name of a column.</param>
        /// <param name="function">From the value of a row to the new one; NaN is missing.</param>
        /// <exception cref="FormatError">The column has texts.</exception>
        /// <exception cref="DomainError">The column is not there.</exception>
        /// <example><code>var decades = people.Map("age", age => age / 10);</code></example>
        public Table Map(string column, Func<double, double> function) =>
            TableModule.mapNumbers(column, Interop.Function(function), table);

        /// <summary>A column as texts, each changed; missing ones are given as empty.</summary>
        /// <param name="column">The name of a column.</param>
        /// <param name="function">From the text of a row to the new one; an empty one is missing.</param>
        /// <exception cref="DomainError">The column is not there.</exception>
        /// <example><code>var upper = people.MapText("sex", sex => sex.ToUpperInvariant());</code></example>
        public Table MapText(string column, Func<string, string> function) =>
            TableModule.mapTexts(column, Interop.Function(function), table);

        /// <summary>A column of numbers made of each row, put last, or in the place of the one that has the name.</summary>
        /// <param name="column">The name of the new column.</param>
        /// <param name="function">From a row to the value of the new column; NaN is missing.</param>
        /// <exception cref="ShapeError">There is not one value for each row.</exception>
        /// <exception cref="DomainError">The name is empty.</exception>
        /// <example><code>var withMonths = people.Add("months", row => row.Number("age") * 12);</code></example>
        public Table Add(string column, Func<TableRow, double> function) =>
            TableModule.addNumbers(column, Interop.Function(function), table);

        /// <summary>A column of texts made of each row, put last, or in the place of the one that has the name.</summary>
        /// <param name="column">The name of the new column.</param>
        /// <param name="function">From a row to the text of the new column; an empty one is missing.</param>
        /// <exception cref="DomainError">The name is empty.</exception>
        /// <example><code>var withStage = people.AddText("stage", row => row.Number("age") > 35 ? "late" : "early");</code></example>
        public Table AddText(string column, Func<TableRow, string> function) =>
            TableModule.addTexts(column, Interop.Function(function), table);

        /// <summary>A column put last, or in the place of the one that has the name.</summary>
        /// <param name="column">The name of the new column.</param>
        /// <param name="values">One value for each row.</param>
        /// <exception cref="ShapeError">There is not one value for each row.</exception>
        /// <exception cref="DomainError">The name is empty.</exception>
        /// <example><code>var withHeight = people.Add("height", Column.Of(1.6, 1.7, 1.8));</code></example>
        public Table Add(string column, Column values) => TableModule.addColumn(column, values, table);

        /// <summary>The table without some columns.</summary>
        /// <param name="columns">Names of columns.</param>
        /// <exception cref="DomainError">A column is not there.</exception>
        /// <example><code>var ageless = people.Drop("age");</code></example>
        public Table Drop(params string[] columns) => TableModule.drop(columns, table);

        /// <summary>Some columns, in the order given.</summary>
        /// <param name="columns">Names of columns, each once, in the order wanted.</param>
        /// <exception cref="DomainError">A column is not there, or named twice.</exception>
        /// <example><code>var turned = people.Select("sex", "age");</code></example>
        public Table Select(params string[] columns) => TableModule.select(columns, table);

        /// <summary>The table with another name for a column.</summary>
        /// <param name="before">The name of a column.</param>
        /// <param name="after">Its new name, which no other column has.</param>
        /// <exception cref="DomainError">The column is not there, or another has the name.</exception>
        /// <example><code>var renamed = people.Rename("age", "years");</code></example>
        public Table Rename(string before, string after) => TableModule.rename(before, after, table);

        /// <summary>These rows, then those of another table with the same columns.</summary>
        /// <param name="other">A table of the same columns.</param>
        /// <exception cref="DomainError">The columns differ.</exception>
        /// <example><code>var twofold = people.Append(people);</code></example>
        public Table Append(Table other) => TableModule.append(table, other);

        /// <summary>The rows in the order of a column, missing values last; rows of equal values keep their order.</summary>
        /// <param name="column">The name of a column.</param>
        /// <exception cref="DomainError">The column is not there.</exception>
        /// <example><code>var sorted = people.SortBy("age");</code></example>
        public Table SortBy(string column) => TableModule.sortBy(column, table);

        /// <summary>The rows in which none of these columns has a missing value; of all columns where none is named.</summary>
        /// <param name="columns">Names of columns; all of them where none is named.</param>
        /// <exception cref="DomainError">A column is not there.</exception>
        /// <example><code>var complete = people.Complete("age");</code></example>
        public Table Complete(params string[] columns) => TableModule.complete(columns, table);

        /// <summary>What each column holds: counts, missing values, mean and quartiles, or the commonest text.</summary>
        /// <example><code>Console.WriteLine(people.Describe());</code></example>
        public TableDescription Describe() => TableModule.describe(table);

        /// <summary>How often each value of a column is there, the commonest first; missing ones are the empty text.</summary>
        /// <param name="column">The name of a column.</param>
        /// <exception cref="DomainError">The column is not there.</exception>
        /// <example><code>var (sex, count) = people.ValueCounts("sex")[0];</code></example>
        public IReadOnlyList<(string Value, int Count)> ValueCounts(string column) =>
            [.. TableModule.valueCounts(column, table).Select(pair => (pair.Item1, pair.Item2))];

        /// <summary><c>Split</c> in which each class of a column has its share in both parts.</summary>
        /// <param name="column">The name of the column of classes.</param>
        /// <param name="part">How much of the rows the first part has: above 0 and below 1.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">A class is missing, or the part is not above 0 and below 1.</exception>
        /// <example><code>var (trainRows, testRows) = Tables.Iris().SplitStratified("species", 0.8, seed: 1);</code></example>
        public (Table First, Table Second) SplitStratified(string column, double part, long seed = 0) =>
            TableModule.splitStratified(column, Interop.Held(part), Key.OfSeed(seed), table).ToValueTuple();

        /// <summary>
        /// <c>Split</c> in which the rows of one value of a column, such as one patient's, are all in the same part; the part is of
        /// the values.
        /// </summary>
        /// <param name="column">The name of the column of groups.</param>
        /// <param name="part">How much of the values of the column the first part has: above 0 and below 1.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">A value is missing, there are fewer than two, or the part is not above 0 and below 1.</exception>
        /// <example><code>var (someIslands, otherIslands) = Tables.Penguins().SplitGrouped("island", 0.5, seed: 1);</code></example>
        public (Table First, Table Second) SplitGrouped(string column, double part, long seed = 0) =>
            TableModule.splitGrouped(column, Interop.Held(part), Key.OfSeed(seed), table).ToValueTuple();

        /// <summary>The rows in the order of a column of numbers or dates: the first has the earlier part.</summary>
        /// <param name="column">The name of a column of numbers or dates.</param>
        /// <param name="part">How much of the rows the first part has: above 0 and below 1.</param>
        /// <exception cref="DomainError">A value is missing, or the part is not above 0 and below 1.</exception>
        /// <example><code>var (past, present) = people.Complete("age").SplitOrdered("age", 0.5);</code></example>
        public (Table First, Table Second) SplitOrdered(string column, double part) =>
            TableModule.splitOrdered(column, Interop.Held(part), table).ToValueTuple();

        /// <summary>Pairs of what remains and what is held out: each row is held out in one of them.</summary>
        /// <param name="count">How many folds there are: 2 or more, at most as many as rows.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">There are fewer than two folds, or fewer rows than folds.</exception>
        /// <example><code>foreach (var (keptRows, heldRows) in Tables.Iris().Folds(5, seed: 1))</code></example>
        public IReadOnlyList<(Table Kept, Table Held)> Folds(int count, long seed = 0) =>
            [.. TableModule.folds(count, Key.OfSeed(seed), table).Select(fold => fold.ToValueTuple())];

        /// <summary><c>Folds</c> in which each class of a column has its share in each.</summary>
        /// <param name="column">The name of the column of classes.</param>
        /// <param name="count">How many folds there are: 2 or more, at most as many as rows.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">A class is missing, or there are fewer than two folds, or fewer rows than folds.</exception>
        /// <example><code>var stratified = Tables.Iris().FoldsStratified("species", 5, seed: 1);</code></example>
        public IReadOnlyList<(Table Kept, Table Held)> FoldsStratified(string column, int count, long seed = 0) =>
            [.. TableModule.foldsStratified(column, count, Key.OfSeed(seed), table).Select(fold => fold.ToValueTuple())];

        /// <summary><c>Folds</c> in which the rows of one value of a column are held out together.</summary>
        /// <param name="column">The name of the column of groups.</param>
        /// <param name="count">How many folds there are: 2 or more, at most as many as values of the column.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">A value is missing, or there are fewer than two folds, or fewer values than folds.</exception>
        /// <example><code>var byIsland = Tables.Penguins().FoldsGrouped("island", 3, seed: 1);</code></example>
        public IReadOnlyList<(Table Kept, Table Held)> FoldsGrouped(string column, int count, long seed = 0) =>
            [.. TableModule.foldsGrouped(column, count, Key.OfSeed(seed), table).Select(fold => fold.ToValueTuple())];

        /// <summary>
        /// Pairs in the order of a column of numbers or dates: each holds out the next stretch, and keeps the rows before it,
        /// without the last <paramref name="gap"/> of them.
        /// </summary>
        /// <param name="column">The name of a column of numbers or dates.</param>
        /// <param name="count">How many folds there are, 1 or more.</param>
        /// <param name="gap">How many rows between those that are kept and those held out are left out, 0 or more.</param>
        /// <exception cref="DomainError">A value is missing, or a fold would be without rows.</exception>
        /// <example><code>var forward = Tables.Iris().FoldsOrdered("petal_length_cm", 4);</code></example>
        public IReadOnlyList<(Table Kept, Table Held)> FoldsOrdered(string column, int count, int gap = 0) =>
            [.. TableModule.foldsOrdered(column, count, gap, table).Select(fold => fold.ToValueTuple())];
    }
}
