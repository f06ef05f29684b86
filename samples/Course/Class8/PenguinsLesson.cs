using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>A real table with missing values and categories: split first, then explored by its training rows alone.</summary>
internal static class PenguinsLesson
{
    #region split
    public static (Table Train, Table Test) Split() => Tables.Penguins().SplitStratified("species", 0.7, seed: 1);
    #endregion

    public static void Run(Chapter c)
    {
        var (train, test) = Split();
        c.Text(
            $"Three species of penguins nest on three islands of Antarctica. Suppose that a team there can weigh a bird and measure its flipper, and notes island and sex, but does not measure the beak. *Can they tell the species?* The table has {Tables.Penguins().RowCount} penguins (palmerpenguins, CC0). Before we look at anything we lock away {test.RowCount} of them, a part of each species, and do not open them until the third lesson.",
            $"Tres especies de pingüinos anidan en tres islas de la Antártida. Supongamos que un equipo puede pesar un ave y medirle la aleta, y anota la isla y el sexo, pero no le mide el pico. *¿Puede reconocer la especie?* La tabla tiene {Tables.Penguins().RowCount} pingüinos: Adelie (de Adelia), Chinstrap (barbijo) y Gentoo (papúa). Los datos son de palmerpenguins (CC0). Antes de mirar nada guardamos bajo llave {test.RowCount} de ellos, con cada especie en su proporción, y no los miramos hasta la tercera lección.");
        c.Code("split");

        var columns = train.Describe().Columns;
        c.Heading("Explore the training rows", "Explorar las filas de entrenamiento");
        c.Table(
            [("column", "columna"), ("present", "presentes"), ("missing", "faltantes"), ("distinct", "distintos"), ("mean", "media"), ("deviation", "desviación"), ("most common", "más frecuente")],
            columns.Select(d => new[] { d.Name, $"{d.Count}", $"{d.Missing}", $"{d.Distinct}", d.IsNumeric ? $"{d.Mean:0.0}" : "", d.IsNumeric ? $"{d.Deviation:0.0}" : "", d.IsNumeric ? "" : $"{d.Commonest} ({d.CommonestCount})" }));
        var species = train.ValueCounts("species");
        var majority = species[0].Count / (double)train.RowCount;
        c.Text(
            $"Of {train.RowCount} training rows, the sex of {columns.Single(d => d.Name == "sex").Missing} and the measures of {columns.Single(d => d.Name == "body_mass_g").Missing} are missing. They are few, but new birds will lack values too, so the model must cope with that. {species[0].Value} is the most common species: always to answer so is right for {majority:0%} of the birds. A model must do better than that.",
            $"De {train.RowCount} filas de entrenamiento faltan el sexo de {columns.Single(d => d.Name == "sex").Missing} y las medidas de {columns.Single(d => d.Name == "body_mass_g").Missing}. Son pocas, pero a las aves nuevas también les faltarán valores, así que el modelo debe saber tratarlas. {species[0].Value} es la especie más frecuente: responder siempre eso acierta en el {majority:0%} de las aves. Un modelo debe superar esa cifra.");

        var map = Plot.Titled(c["Two measures of the training rows", "Dos medidas de las filas de entrenamiento"]).Labels(c["flipper (mm)", "aleta (mm)"], c["body mass (g)", "masa corporal (g)"]);
        foreach (var name in new[] { "Adelie", "Chinstrap", "Gentoo" })
        {
            var rows = train.Where(row => row.Text("species") == name);
            map = map.Dots(name, rows.Values("flipper_length_mm"), rows.Values("body_mass_g"));
        }
        c.Figure("penguins-measures", map,
            ("Body mass over flipper length, a colour for each species", "Masa corporal según la longitud de la aleta, un color por especie"),
            ("Gentoo is nearly apart. Adelie and Chinstrap overlap: these two measures cannot tell them apart.", "Gentoo queda casi aparte. Adelie y Chinstrap se superponen: estas dos medidas no los distinguen."));

        string[] islands = ["Biscoe", "Dream", "Torgersen"];
        var homes = Plot.Titled(c["Where they nest", "Dónde anidan"]).Labels(c["island", "isla"], c["penguins", "pingüinos"]).WithNames(islands);
        foreach (var name in new[] { "Adelie", "Chinstrap", "Gentoo" })
            homes = homes.Bars(name, islands.Select(island => (double)train.Where(r => r.Text("island") == island && r.Text("species") == name).RowCount));
        c.Figure("penguins-islands", homes,
            ("Penguins of each species on each island", "Pingüinos de cada especie en cada isla"),
            ("The island says much: on Torgersen there are only Adelie, and Chinstrap live only on Dream. Dream alone has two species of similar size.", "La isla dice mucho: en Torgersen solo hay Adelie, y los Chinstrap viven solo en Dream. Solo Dream tiene dos especies de tamaño parecido."));
        c.Claim(train.Where(r => r.Text("species") == "Chinstrap" && r.Text("island") != "Dream").RowCount == 0, "Chinstrap live on Dream alone");
        c.Claim(train.Where(r => r.Text("island") == "Torgersen" && r.Text("species") != "Adelie").RowCount == 0, "Torgersen has Adelie alone");

        c.Question(
            ("Why is the test part split off before the table is described?", "¿Por qué se separa la parte de prueba antes de describir la tabla?"),
            ("What we see guides what we choose. Had the figures shown the test rows, the choice of columns and models would be fitted to them, and the test would say how well we chose, not how well the model predicts.", "Lo que vemos guía lo que elegimos. Si las figuras hubieran mostrado las filas de prueba, la elección de columnas y modelos se habría ajustado a ellas, y la prueba diría lo bien que elegimos, no lo bien que predice el modelo."));
        c.Question(
            ("Which of the two figures tells more about a bird on Torgersen? And on Dream?", "¿Cuál de las dos figuras dice más de un ave en Torgersen? ¿Y en Dream?"),
            ("On Torgersen the bars settle it: all are Adelie. On Dream neither does: the bars of two species are almost equal, and in the first figure these two overlap.", "En Torgersen lo resuelven las barras: todos son Adelie. En Dream, ninguna: las barras de dos especies son casi iguales, y en la primera figura ambas se superponen."));
    }
}
